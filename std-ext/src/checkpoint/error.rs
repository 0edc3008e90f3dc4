//! Why a checkpoint was not saved or loaded.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a checkpoint was not saved or loaded. `path` is the one that was passed.
///
/// ```
/// use femto_std::checkpoint::{CheckpointError, load};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("notes.txt");
/// std::fs::write(&path, "no checkpoint")?;
/// assert!(matches!(load(&path), Err(CheckpointError::NotACheckpoint { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file could not be written, or not be made to last: what was there before still is, or the whole new file.
    #[error(
        "the checkpoint could not be saved to {}: check that its folder exists, can be written to and has room",
        path.display()
    )]
    Save {
        /// Where to.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The header cannot be written as JSON; nothing was saved.
    #[error(
        "the header of {} cannot be written as JSON: use structs, lists, numbers, text, and maps whose keys are text",
        path.display()
    )]
    Unwritable {
        /// Where to.
        path: PathBuf,
        /// What cannot be written.
        source: serde_json::Error,
    },
    /// Two parts have the same name; nothing was saved.
    #[error("two parts of {} are called {name:?}: give each a name of its own", path.display())]
    PartTwice {
        /// Where to.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// The file could not be read.
    #[error(
        "the checkpoint could not be loaded from {}: check that the file exists and can be read",
        path.display()
    )]
    Load {
        /// Where from.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file begins with other bytes than a checkpoint does.
    #[error(
        "{} is no checkpoint of femto: pass a file that checkpoint::save wrote (weights::load reads plain weights)",
        path.display()
    )]
    NotACheckpoint {
        /// Where from.
        path: PathBuf,
    },
    /// The file has a format that is newer than this program.
    #[error(
        "{} has version {found} of the format, and this program knows versions up to {known}: load it with the \
         femto-std that wrote it, or a later one",
        path.display()
    )]
    Newer {
        /// Where from.
        path: PathBuf,
        /// The newest version that is known.
        known: u32,
        /// The version of the file.
        found: u32,
    },
    /// The file has not the length that it states.
    #[error(
        "{} holds {found} bytes, but its checkpoint takes {expected}: it was cut off or altered; go on from an \
         earlier checkpoint",
        path.display()
    )]
    WrongLength {
        /// Where from.
        path: PathBuf,
        /// The bytes that it should have; the fewest of any checkpoint where it ends before it says.
        expected: u64,
        /// The bytes that it has.
        found: u64,
    },
    /// The bytes are not those that were saved.
    #[error("{} was altered since it was saved: its checksum is wrong; go on from an earlier checkpoint", path.display())]
    Altered {
        /// Where from.
        path: PathBuf,
    },
    /// The checksum is right, but what it covers is no checkpoint.
    #[error("{} was not written as a checkpoint is: {reason}; save it again", path.display())]
    Malformed {
        /// Where from.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The header is of another type.
    #[error(
        "the header of {} is not the one that this program expects: load it with the program that saved it",
        path.display()
    )]
    WrongHeader {
        /// Where from.
        path: PathBuf,
        /// What differs.
        source: serde_json::Error,
    },
    /// The network is another one.
    #[error(
        "{} is of another network: its tensor {position} is {}, but that of this network is {}; load it into the \
         network type that saved it",
        path.display(), file.as_deref().unwrap_or("missing"), net.as_deref().unwrap_or("missing")
    )]
    WrongTensor {
        /// Where from.
        path: PathBuf,
        /// The place of the first tensor that differs, counted from 0.
        position: usize,
        /// Its layer, name and shape (rows x columns) in the file.
        file: Option<String>,
        /// The same in the network.
        net: Option<String>,
    },
    /// There is no such part.
    #[error("{} has no part {name:?}: it has {found:?}", path.display())]
    NoPart {
        /// Where from.
        path: PathBuf,
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        found: Vec<String>,
    },
    /// A part has another length.
    #[error(
        "part {name:?} of {} has {found} numbers, but {expected} are to be read: read it into what was saved",
        path.display()
    )]
    WrongPartLength {
        /// Where from.
        path: PathBuf,
        /// Its name.
        name: String,
        /// How many numbers were to be read.
        expected: usize,
        /// How many it has.
        found: usize,
    },
}
