//! Why a file of another framework was not read or written.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::MAX_BYTES;

/// Why a file of another framework was not read or written. `path` is the one that was passed; shapes are as in the
/// file.
///
/// ```
/// use femto_std::interchange::InterchangeError;
///
/// let error = InterchangeError::WrongShape {
///     path: "net.safetensors".into(),
///     name: "0.weight".to_owned(),
///     expected: vec![16, 64],
///     found: vec![64, 16],
/// };
/// assert!(error.to_string().contains("0.weight is [64, 16], but [16, 64] is expected"));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InterchangeError {
    /// The file could not be written, or not be made to last: what was there before still is, or the whole new file.
    #[error("{} could not be saved: check that its folder exists, can be written to and has room", path.display())]
    Save {
        /// Where to.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The file could not be read.
    #[error("{} could not be loaded: check that the file exists and can be read", path.display())]
    Load {
        /// Where from.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file, or an array in it, is larger than [`MAX_BYTES`].
    #[error(
        "{}{} takes {found} bytes, and at most {MAX_BYTES} are read: keep only what is needed in it",
        path.display(), In(name.as_deref())
    )]
    TooLarge {
        /// Where from.
        path: PathBuf,
        /// The array; the whole file where there is none.
        name: Option<String>,
        /// Its bytes.
        found: u64,
    },
    /// The bytes are not those of such a file.
    #[error("{}{} cannot be read: {reason}; save or copy it again", path.display(), In(name.as_deref()))]
    Malformed {
        /// Where from.
        path: PathBuf,
        /// The array; the whole file where there is none.
        name: Option<String>,
        /// What is wrong.
        reason: String,
    },
    /// Two tensors of the network have the same name by the [`Names`](super::Names) passed.
    #[error("two tensors of the network are called {name:?}: let the names depend on layer and tensor")]
    NameTwice {
        /// The name.
        name: String,
    },
    /// There are not as many names as layers with parameters.
    #[error("there are names for {found} layers, but {expected} layers of the network have parameters")]
    WrongLayers {
        /// The layers that have parameters.
        expected: usize,
        /// The names that were passed.
        found: usize,
    },
    /// The file has not the names of the network's tensors.
    #[error(
        "{} has other names than the network{}{}; it has {}: pass names that fit{}",
        path.display(),
        List("; missing: ", missing),
        List("; not expected: ", extra),
        List("", found),
        if missing.is_empty() { ", or let others be ignored" } else { "" }
    )]
    WrongNames {
        /// Where from.
        path: PathBuf,
        /// Names that the network needs and the file lacks.
        missing: Vec<String>,
        /// Names that the file has and the network does not.
        extra: Vec<String>,
        /// All names in the file, with their shapes.
        found: Vec<String>,
    },
    /// A tensor or an array has another shape.
    #[error(
        "in {} {name} is {found:?}, but {expected:?} is expected{}",
        path.display(),
        if is_transposed(expected, found) {
            ": the file has inputs and outputs the other way round, see Names::outputs_first"
        } else {
            ": pass the file of this network"
        }
    )]
    WrongShape {
        /// Where from.
        path: PathBuf,
        /// Its name in the file.
        name: String,
        /// The shape that the network has, in the order of the file.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A tensor or an array is of a type that is not read.
    #[error("in {} {name} holds {kind}, which is not read: save it as 32-bit floats", path.display())]
    Unsupported {
        /// Where from.
        path: PathBuf,
        /// Its name in the file.
        name: String,
        /// Its type, in the words of the format.
        kind: String,
    },
    /// A number is not one of the type that it is read as.
    #[error("in {} number {index} of {name} is {value}, which is no {wanted}", path.display())]
    NotRepresentable {
        /// Where from.
        path: PathBuf,
        /// The name of the array in the file.
        name: String,
        /// The place of the number, counted from 0 in the order of the file.
        index: usize,
        /// The number.
        value: String,
        /// What it should have been.
        wanted: &'static str,
    },
}

fn is_transposed(expected: &[usize], found: &[usize]) -> bool {
    matches!((expected, found), ([a, b], [c, d]) if (a, b) == (d, c))
}

/// `, array NAME` where there is one.
struct In<'a>(Option<&'a str>);

impl fmt::Display for In<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |name| write!(f, ", array {name:?},"))
    }
}

/// Names behind a heading, the first of them where they are many; nothing where there are none.
struct List<'a>(&'a str, &'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 24;
        let Self(heading, names) = self;
        let Some((first, rest)) = names.split_first() else {
            return if heading.is_empty() { f.write_str("nothing") } else { Ok(()) };
        };
        write!(f, "{heading}{first}")?;
        rest.iter().take(SHOWN - 1).try_for_each(|name| write!(f, ", {name}"))?;
        match names.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
