//! The bytes of a checkpoint: what stands before, between and behind its numbers.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use crc::{CRC_64_XZ, Crc, Table};
use femto::layer::{Layer, Net};
use serde::{Deserialize, Serialize};

use super::CheckpointError;

/// What a checkpoint begins with.
pub(super) const MAGIC: [u8; 8] = *b"\x89femto\r\n";
/// The newest version of the format that is known here.
pub(super) const VERSION: u32 = 1;
/// Bytes before the description.
pub(super) const PREAMBLE: usize = 24;
/// Bytes of the checksum at the end.
pub(super) const CHECKSUM: usize = 8;

pub(super) static CRC: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_XZ);

/// A tensor of the network as the description has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    pub(super) layer: usize,
    pub(super) name: String,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { layer, name, rows, columns } = self;
        write!(f, "{layer}.{name}, {rows} x {columns}")
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) numbers: u64,
}

/// What is saved of the description; what is loaded of it are the two structs behind.
#[derive(Serialize)]
pub(super) struct Description<'a, H> {
    pub(super) header: &'a H,
    pub(super) tensors: Vec<Shape>,
    pub(super) numbers: u64,
    pub(super) parts: Vec<Part>,
}

#[derive(Deserialize)]
pub(super) struct Contents {
    pub(super) tensors: Vec<Shape>,
    pub(super) numbers: u64,
    pub(super) parts: Vec<Part>,
}

#[derive(Deserialize)]
pub(super) struct Header<H> {
    pub(super) header: H,
}

/// What the first bytes of a checkpoint say.
pub(super) struct Preamble {
    pub(super) description_len: usize,
    pub(super) len: u64,
}

impl Preamble {
    /// `found` is the length of the file.
    pub(super) fn parse(path: &Path, bytes: &[u8], found: u64) -> Result<Self, CheckpointError> {
        let same = bytes.iter().zip(MAGIC).take_while(|(byte, magic)| **byte == *magic).count();
        if same < bytes.len().min(MAGIC.len()) || bytes.is_empty() {
            return Err(CheckpointError::NotACheckpoint { path: path.to_owned() });
        }
        let smallest = (PREAMBLE + CHECKSUM) as u64;
        let Some((version, rest)) = bytes[MAGIC.len().min(bytes.len())..].split_first_chunk() else {
            return Err(CheckpointError::WrongLength { path: path.to_owned(), expected: smallest, found });
        };
        let version = u32::from_le_bytes(*version);
        if version > VERSION {
            return Err(CheckpointError::Newer { path: path.to_owned(), known: VERSION, found: version });
        }
        if version == 0 {
            return Err(CheckpointError::Altered { path: path.to_owned() });
        }
        let (Some((description_len, rest)), true) = (rest.split_first_chunk(), bytes.len() == PREAMBLE) else {
            return Err(CheckpointError::WrongLength { path: path.to_owned(), expected: smallest, found });
        };
        let len = rest.first_chunk().map_or(0, |len| u64::from_le_bytes(*len));
        let preamble = Self { description_len: u32::from_le_bytes(*description_len) as usize, len };
        if len != found || len < smallest {
            return Err(preamble.wrong_length(path, found));
        }
        Ok(preamble)
    }

    pub(super) fn wrong_length(&self, path: &Path, found: u64) -> CheckpointError {
        CheckpointError::WrongLength { path: path.to_owned(), expected: self.len, found }
    }
}

/// Passes bytes on and sums them.
pub(super) struct Summed<'a> {
    pub(super) to: &'a mut dyn Write,
    pub(super) digest: crc::Digest<'static, u64, Table<16>>,
}

impl Write for Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The tensors of a network, in memory order.
pub(super) fn shapes<L: Layer>(net: &Net<L>) -> Vec<Shape> {
    let mut shapes = Vec::new();
    net.for_each_tensor(|tensor, _| {
        shapes.push(Shape {
            layer: tensor.layer,
            name: tensor.name.as_str().to_owned(),
            rows: tensor.rows,
            columns: tensor.columns,
        });
    });
    shapes
}
