//! A training in one file, to go on from: the network, whatever else is numbers, and a header of the caller's.
//!
//! Everything that the next step depends on belongs into it: the weights; the moments of the optimizer and the
//! averages, as named parts; the step, the epoch, the seeds and the settings, in the header. A checkpoint appears
//! whole or not at all, and a file that was cut off or altered is an error, never a wrong network.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto::init::Init;
//! use femto::layer::Dense;
//! use femto::{Flat, net};
//! use femto_std::checkpoint;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct State {
//!     step: u64,
//!     seed: u64,
//! }
//!
//! type Line = net![Dense<1, 1>];
//! let mut line = Line::ZERO;
//! line.init(Init::HeUniform, 1);
//! let velocity = [0.25_f32, -0.5];
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("line.femto");
//! checkpoint::save(&path, &line, &State { step: 7, seed: 1 }, &[("momentum.0", &velocity)])?;
//!
//! let file = checkpoint::load(&path)?;
//! let state: State = file.header()?;
//! let (mut same_line, mut same_velocity) = (Line::ZERO, [0.0; 2]);
//! file.read_net(&mut same_line)?;
//! file.read_part("momentum.0", &mut same_velocity)?;
//! assert_eq!((state.step, same_line, same_velocity), (7, line, velocity));
//! # Ok(())
//! # }
//! ```
//!
//! # The format, version 1
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `89 66 65 6d 74 6f 0d 0a`: a byte that is no text, `femto`, and a line end, which text transfers would change |
//! | 4 | the version of the format |
//! | 4 | the length of the description, n |
//! | 8 | the length of the file |
//! | n | the description: JSON with `header` (the caller's), `tensors` (layer, name, rows, columns), `numbers` (of the network) and `parts` (name, numbers) |
//! | | the numbers of the network, then those of the parts, as f32 |
//! | 8 | the CRC-64/XZ of all bytes before |
//!
//! All integers and numbers are little-endian. Numbers keep their bits, those of NaN too.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use femto::Flat;
use femto::layer::{Layer, Net};
use serde::Serialize;
use serde::de::DeserializeOwned;

mod error;
mod format;

pub use error::CheckpointError;

use self::format::{
    CHECKSUM, CRC, Contents, Description, Header, MAGIC, PREAMBLE, Part, Preamble, Shape, Summed, VERSION, shapes,
};
use crate::files::{replace, write_numbers};

/// Saves a network, the header and named parts as one file.
///
/// The header is any value that can be written as JSON: settings, step, seeds. Integers and finite f32 and f64 come
/// back as the same bits; JSON has no NaN and no infinity, so numbers that may be such belong into a part. The names
/// of the parts are the caller's and differ from each other.
///
/// The file appears whole or not at all, as that of [`weights::save`](crate::weights::save).
///
/// # Errors
///
/// [`CheckpointError::PartTwice`], [`CheckpointError::Unwritable`] where the header is no JSON, and
/// [`CheckpointError::Save`] when the system refuses.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use femto::Flat;
/// type Line = femto::net![femto::layer::Dense<1, 1>];
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("line.femto");
/// femto_std::checkpoint::save(&path, &Line::ZERO, &"no header to speak of", &[])?;
/// # Ok(())
/// # }
/// ```
pub fn save<L: Layer>(
    path: impl AsRef<Path>,
    net: &Net<L>,
    header: &impl Serialize,
    parts: &[(&str, &[f32])],
) -> Result<(), CheckpointError> {
    let path = path.as_ref();
    let save_error = |source| CheckpointError::Save { path: path.to_owned(), source };
    let mut names = HashSet::new();
    if let Some((name, _)) = parts.iter().find(|(name, _)| !names.insert(*name)) {
        return Err(CheckpointError::PartTwice { path: path.to_owned(), name: (*name).to_owned() });
    }
    let description = serde_json::to_vec(&Description {
        header,
        tensors: shapes(net),
        numbers: net.as_slice().len() as u64,
        parts: parts
            .iter()
            .map(|(name, numbers)| Part { name: (*name).to_owned(), numbers: numbers.len() as u64 })
            .collect(),
    })
    .map_err(|source| CheckpointError::Unwritable { path: path.to_owned(), source })?;
    let description_len = u32::try_from(description.len())
        .map_err(|_| save_error(io::Error::other("the header is longer than 4 GiB")))?;

    let numbers: usize = net.as_slice().len() + parts.iter().map(|(_, numbers)| numbers.len()).sum::<usize>();
    let len = (PREAMBLE + description.len() + CHECKSUM) as u64 + 4 * numbers as u64;
    replace(path, |to| {
        let mut summed = Summed { to, digest: CRC.digest() };
        summed.write_all(&MAGIC)?;
        summed.write_all(&VERSION.to_le_bytes())?;
        summed.write_all(&description_len.to_le_bytes())?;
        summed.write_all(&len.to_le_bytes())?;
        summed.write_all(&description)?;
        write_numbers(&mut summed, net.as_slice())?;
        parts.iter().try_for_each(|(_, numbers)| write_numbers(&mut summed, numbers))?;
        let Summed { to, digest } = summed;
        to.write_all(&digest.finalize().to_le_bytes())
    })
    .map_err(save_error)
}

/// Loads a file that [`save`] wrote.
///
/// The length that the file states is compared with its true one before memory is taken, which is as many bytes as the
/// file has, and then the checksum: what is returned is what was saved.
///
/// # Errors
///
/// [`CheckpointError::Load`] when the file cannot be read; [`CheckpointError::NotACheckpoint`],
/// [`CheckpointError::Newer`], [`CheckpointError::WrongLength`], [`CheckpointError::Altered`] and
/// [`CheckpointError::Malformed`] for what is wrong with its bytes.
///
/// ```
/// use femto_std::checkpoint::{CheckpointError, load};
///
/// assert!(matches!(load("no/such/file.femto"), Err(CheckpointError::Load { .. })));
/// ```
pub fn load(path: impl AsRef<Path>) -> Result<Checkpoint, CheckpointError> {
    let path = path.as_ref();
    let load_error = |source| CheckpointError::Load { path: path.to_owned(), source };
    let file = File::open(path).map_err(load_error)?;
    let found = file.metadata().map_err(load_error)?.len();
    let mut bytes = Vec::with_capacity(PREAMBLE);
    (&file).take(PREAMBLE as u64).read_to_end(&mut bytes).map_err(load_error)?;
    let preamble = Preamble::parse(path, &bytes, found)?;
    let rest = usize::try_from(preamble.len)
        .map_err(|_| load_error(io::ErrorKind::OutOfMemory.into()))?
        .saturating_sub(bytes.len());
    bytes.try_reserve_exact(rest).map_err(|_| load_error(io::ErrorKind::OutOfMemory.into()))?;
    file.take(rest as u64).read_to_end(&mut bytes).map_err(load_error)?;
    Checkpoint::parse(path, bytes, &preamble)
}

/// A checkpoint that was loaded and found whole.
///
/// Nothing of it is in a network yet: look at [`Self::header`] first, then read what is wanted.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use femto::Flat;
/// # type Line = femto::net![femto::layer::Dense<1, 1>];
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("line.femto");
/// # femto_std::checkpoint::save(&path, &Line::ZERO, &7, &[("mean", &[0.5]), ("deviation", &[2.0])])?;
/// let file = femto_std::checkpoint::load(&path)?;
/// assert_eq!(file.header::<u64>()?, 7);
/// assert_eq!(file.parts().collect::<Vec<_>>(), [("mean", 1), ("deviation", 1)]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Checkpoint {
    path: PathBuf,
    /// The whole file; the ranges lie within it.
    bytes: Vec<u8>,
    description: Range<usize>,
    tensors: Vec<Shape>,
    net: Range<usize>,
    parts: Vec<(String, Range<usize>)>,
}

impl Checkpoint {
    /// The header, as the type that was saved or any other of the same JSON.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::WrongHeader`] where the header is not of this type.
    pub fn header<H: DeserializeOwned>(&self) -> Result<H, CheckpointError> {
        serde_json::from_slice::<Header<H>>(&self.bytes[self.description.clone()])
            .map(|Header { header }| header)
            .map_err(|source| CheckpointError::WrongHeader { path: self.path.clone(), source })
    }

    /// Sets the network to the one that was saved.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::WrongTensor`] for the first tensor that the two networks do not have alike; the network is
    /// unchanged then. Activations and dropout have no tensors: put into the header what tells such networks apart.
    pub fn read_net<L: Layer>(&self, net: &mut Net<L>) -> Result<(), CheckpointError> {
        let wrong = |position, file, net| CheckpointError::WrongTensor { path: self.path.clone(), position, file, net };
        let expected = shapes(net);
        let shape = |shape: &Shape| shape.to_string();
        for position in 0..expected.len().max(self.tensors.len()) {
            let (file, net) = (self.tensors.get(position), expected.get(position));
            if file != net {
                return Err(wrong(position, file.map(shape), net.map(shape)));
            }
        }
        net.read_le_bytes(&self.bytes[self.net.clone()]).map_err(|error| {
            let numbers = |bytes: usize| Some(format!("{} numbers in all", bytes / 4));
            wrong(expected.len(), numbers(error.found), numbers(error.expected))
        })
    }

    /// Copies the numbers of a part.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::NoPart`] where none has this name, and [`CheckpointError::WrongPartLength`] where `numbers`
    /// has not its length; `numbers` is unchanged then.
    pub fn read_part(&self, name: &str, numbers: &mut [f32]) -> Result<(), CheckpointError> {
        let part = self.part_bytes(name)?;
        if part.len() != numbers.len() {
            return Err(CheckpointError::WrongPartLength {
                path: self.path.clone(),
                name: name.to_owned(),
                expected: numbers.len(),
                found: part.len(),
            });
        }
        for (number, bytes) in numbers.iter_mut().zip(part) {
            *number = f32::from_le_bytes(*bytes);
        }
        Ok(())
    }

    /// The numbers of a part whose length is not known.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::NoPart`] where none has this name.
    pub fn part(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        Ok(self.part_bytes(name)?.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// The names of the parts and how many numbers each has, in the order in which they were saved.
    pub fn parts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.parts.iter().map(|(name, numbers)| (name.as_str(), numbers.len() / 4))
    }

    fn part_bytes(&self, name: &str) -> Result<&[[u8; 4]], CheckpointError> {
        let part = self.parts.iter().find(|(part, _)| part == name);
        let (_, numbers) = part.ok_or_else(|| CheckpointError::NoPart {
            path: self.path.clone(),
            name: name.to_owned(),
            found: self.parts.iter().map(|(name, _)| name.clone()).collect(),
        })?;
        Ok(self.bytes[numbers.clone()].as_chunks().0)
    }

    fn parse(path: &Path, bytes: Vec<u8>, preamble: &Preamble) -> Result<Self, CheckpointError> {
        let malformed = |reason: String| CheckpointError::Malformed { path: path.to_owned(), reason };
        if bytes.len() as u64 != preamble.len {
            return Err(preamble.wrong_length(path, bytes.len() as u64));
        }
        let end = bytes.len().saturating_sub(CHECKSUM);
        if bytes[end..] != CRC.checksum(&bytes[..end]).to_le_bytes() {
            return Err(CheckpointError::Altered { path: path.to_owned() });
        }
        // What follows can only be wrong in a file that another program made.
        let description = PREAMBLE..PREAMBLE.saturating_add(preamble.description_len);
        if description.end > end {
            return Err(malformed(format!("its description of {} bytes does not fit", preamble.description_len)));
        }
        let contents: Contents =
            serde_json::from_slice(&bytes[description.clone()]).map_err(|error| malformed(error.to_string()))?;
        let mut start = description.end;
        let mut take = |numbers: u64, of: &str| {
            let len = usize::try_from(numbers).ok().and_then(|numbers| numbers.checked_mul(4));
            let stop = len.and_then(|len| start.checked_add(len)).filter(|stop| *stop <= end);
            let stop = stop.ok_or_else(|| malformed(format!("it has less than the {numbers} numbers of {of}")))?;
            Ok(std::mem::replace(&mut start, stop)..stop)
        };
        let net = take(contents.numbers, "the network")?;
        let parts = contents
            .parts
            .into_iter()
            .map(|part| take(part.numbers, &part.name).map(|numbers| (part.name, numbers)))
            .collect::<Result<_, _>>()?;
        if start < end {
            return Err(malformed(format!("{} bytes behind its numbers belong to nothing", end - start)));
        }
        Ok(Self { path: path.to_owned(), bytes, description, tensors: contents.tensors, net, parts })
    }
}

#[cfg(test)]
mod tests;
