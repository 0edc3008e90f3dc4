//! The log: a line of JSON for each epoch.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{EpochRecord, TrainError};

/// A log that is written to.
pub(super) struct Log {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Log {
    /// Opens a log to write behind what is there. A training that is taken up again from a checkpoint says how long the log
    /// was then: what came later is made once more, and cut off.
    pub(super) fn open(path: &Path, at_checkpoint: Option<u64>) -> Result<Self, TrainError> {
        let open = || {
            let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
            let mut bytes = file.metadata()?.len();
            if let Some(at_checkpoint) = at_checkpoint
                && at_checkpoint < bytes
                && ends_line(&mut file, at_checkpoint)?
            {
                bytes = at_checkpoint;
                file.set_len(bytes)?;
            }
            if !ends_line(&mut file, bytes)? {
                file.write_all(b"\n")?;
                bytes += 1;
            }
            Ok((file, bytes))
        };
        let (file, bytes) = open().map_err(|source| TrainError::Log { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file, bytes })
    }

    /// How long it is.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes a line, all at once.
    pub(super) fn write(&mut self, record: &EpochRecord) -> Result<(), TrainError> {
        let mut write = || {
            let mut line = serde_json::to_string(record)?;
            line.push('\n');
            self.file.write_all(line.as_bytes())?;
            self.file.flush()?;
            Ok(line.len() as u64)
        };
        let written = write().map_err(|source| TrainError::Log { path: self.path.clone(), source })?;
        self.bytes += written;
        Ok(())
    }
}

/// Whether a line ends where so many bytes are read, or none has begun.
fn ends_line(file: &mut File, bytes: u64) -> io::Result<bool> {
    let Some(last) = bytes.checked_sub(1) else { return Ok(true) };
    file.seek(SeekFrom::Start(last))?;
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(byte == *b"\n")
}

/// Reads a log that a trainer wrote: all epochs, in the order they were made.
///
/// # Errors
///
/// What the system says, or [`io::ErrorKind::InvalidData`] with the number of the line that is no record.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.jsonl");
/// std::fs::write(
///     &path,
///     r#"{"run":0,"epoch":0,"step":9,"rate":0.1,"train_loss":2.5,"validation_loss":null,"metrics":{},"gradient_norm":null,"samples_per_second":1e6,"seconds":0.5}"#,
/// )?;
/// assert_eq!(femto_std::trainer::read_log(&path)?[0].train_loss, 2.5);
/// # Ok(())
/// # }
/// ```
pub fn read_log(path: impl AsRef<Path>) -> io::Result<Vec<EpochRecord>> {
    let file = BufReader::new(File::open(path)?);
    let lines = file.lines().enumerate().map(|(index, line)| {
        serde_json::from_str(&line?).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("line {} is no record of an epoch: {error}", index + 1))
        })
    });
    lines.collect()
}
