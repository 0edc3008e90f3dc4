//! The log: a line of JSON for each epoch.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{EpochRecord, TrainError};

/// A log that is written to.
pub(super) struct Log {
    path: PathBuf,
    file: File,
    bytes: u64,
}

/// What a log had when a checkpoint was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Logged {
    /// Its length; none where the training had no log.
    pub(super) bytes: Option<u64>,
    /// The run and epoch that were made next.
    pub(super) before: (u32, u64),
}

impl Log {
    /// Opens a log to write behind what is there. Of a training that is taken up again, records that were written after the
    /// checkpoint are cut off, for their epochs are made once more.
    pub(super) fn open(path: &Path, logged: Option<Logged>) -> Result<Self, TrainError> {
        let open = || {
            // The handle that appends may not cut, on some systems.
            let mut cut = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
            let bytes = length_to_keep(&mut cut, logged)?;
            cut.set_len(bytes)?;
            let mut file = OpenOptions::new().append(true).open(path)?;
            if !ends_line(&mut cut, bytes)? {
                file.write_all(b"\n")?;
                return Ok((file, bytes + 1));
            }
            Ok((file, bytes))
        };
        let (file, bytes) = open().map_err(|source| TrainError::Log { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file, bytes })
    }

    /// How long it is, in bytes.
    pub(super) const fn len(&self) -> u64 {
        self.bytes
    }

    /// Hands it to the disk, and says how long it is.
    pub(super) fn sync(&self) -> Result<u64, TrainError> {
        match self.file.sync_data() {
            Ok(()) => Ok(self.bytes),
            Err(source) => Err(TrainError::Log { path: self.path.clone(), source }),
        }
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

/// How much of a file stays: all of it, but for records of epochs that are made once more and for half a record at the end,
/// which a machine that went down may have left.
fn length_to_keep(file: &mut File, logged: Option<Logged>) -> io::Result<u64> {
    let mut bytes = file.metadata()?.len();
    if let Some(Logged { bytes: Some(at_checkpoint), before }) = logged
        && at_checkpoint < bytes
        && ends_line(file, at_checkpoint)?
    {
        let tail = read_from(file, at_checkpoint)?;
        // What another training wrote here meanwhile begins with an epoch that this one has made.
        let mut last = None;
        let are_made_again = tail.split_inclusive(|byte| *byte == b'\n').all(|line| {
            let Ok(record) = serde_json::from_slice::<EpochRecord>(line) else { return is_half_a_record(line) };
            let place = Some((record.run, record.epoch));
            place >= Some(before) && place > std::mem::replace(&mut last, place)
        });
        if are_made_again {
            return Ok(at_checkpoint);
        }
    }
    if !ends_line(file, bytes)? {
        let tail = read_from(file, bytes.saturating_sub(LONGEST_LINE))?;
        let half = tail.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        if is_half_a_record(half) && serde_json::from_slice::<EpochRecord>(half).is_err() {
            bytes -= half.len() as u64;
        }
    }
    Ok(bytes)
}

/// More than any record takes.
const LONGEST_LINE: u64 = 1 << 16;

fn is_half_a_record(line: &[u8]) -> bool {
    !line.ends_with(b"\n") && line.starts_with(b"{\"run\":")
}

fn read_from(file: &mut File, start: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a line ends where so many bytes are read, or none has begun.
fn ends_line(file: &mut File, bytes: u64) -> io::Result<bool> {
    let Some(last) = bytes.checked_sub(1) else { return Ok(true) };
    file.seek(SeekFrom::Start(last))?;
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(byte == *b"\n")
}

/// Why a log was not read.
///
/// ```
/// use femto_std::trainer::read_log;
///
/// let error = read_log("nowhere.jsonl").expect_err("there is none");
/// assert!(error.to_string().contains("nowhere.jsonl"));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// The file could not be opened or read.
    #[error("the log {} could not be read: check that a training wrote it and that it may be read", path.display())]
    Read {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line that no trainer wrote.
    #[error("line {line} of {} is no record of an epoch: take it out, or read another file", path.display())]
    Line {
        /// The log.
        path: PathBuf,
        /// The line, from 1 up.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Reads a log that a trainer wrote: all epochs, in the order they were made. Half a record at the end, which a machine
/// that went down may have left, is passed over.
///
/// # Errors
///
/// [`LogError::Read`] where the system refuses, [`LogError::Line`] for what is no record.
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
pub fn read_log(path: impl AsRef<Path>) -> Result<Vec<EpochRecord>, LogError> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(|source| LogError::Read { path: path.to_owned(), source })?;
    let mut records = Vec::new();
    for (line, text) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        match serde_json::from_slice(text) {
            Ok(record) => records.push(record),
            Err(_) if is_half_a_record(text) => {}
            Err(source) => return Err(LogError::Line { path: path.to_owned(), line, source }),
        }
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn line(epoch: u64) -> String {
        format!(
            "{{\"run\":0,\"epoch\":{epoch},\"step\":9,\"rate\":0.1,\"train_loss\":2.5,\"validation_loss\":null,\"metrics\":{{}},\
             \"gradient_norm\":null,\"samples_per_second\":1.0,\"seconds\":0.5}}\n"
        )
    }

    /// What is left of a log that is opened.
    fn left(text: &str, logged: Option<Logged>) -> Result<String, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("run.jsonl");
        fs::write(&path, text)?;
        let log = Log::open(&path, logged)?;
        let left = fs::read_to_string(&path)?;
        assert_eq!(log.sync()?, left.len() as u64, "it knows its length");
        Ok(left)
    }

    #[test]
    fn only_records_that_are_made_once_more_are_cut_off() -> Result<(), Box<dyn Error>> {
        let lines = |epochs: &[u64]| epochs.iter().map(|epoch| line(*epoch)).collect::<String>();
        let two = line(0).len() as u64 * 2;
        let at = |bytes| Some(Logged { bytes, before: (0, 2) });
        assert_eq!(left(&lines(&[0, 1, 2, 3]), at(Some(two)))?, lines(&[0, 1]), "epochs 2 and 3 are made again");
        assert_eq!(
            left(&(lines(&[0, 1, 2]) + "{\"run\":0,\"ep"), at(Some(two)))?,
            lines(&[0, 1]),
            "and what was begun"
        );
        assert_eq!(left(&lines(&[0, 1]), at(Some(two)))?, lines(&[0, 1]), "nothing was written since");
        // Another training wrote behind it, or this one had no log, or another one.
        assert_eq!(left(&lines(&[0, 1, 0, 1, 2]), at(Some(two)))?, lines(&[0, 1, 0, 1, 2]), "another's epochs stay");
        assert_eq!(left(&lines(&[0, 1, 3, 2]), at(Some(two)))?, lines(&[0, 1, 3, 2]), "not in order, so not of one");
        assert_eq!(left(&lines(&[0, 1, 2]), at(None))?, lines(&[0, 1, 2]), "there was no log then");
        assert_eq!(left("one\ntwo\n", at(Some(4)))?, "one\ntwo\n", "no records");
        assert_eq!(left(&lines(&[5, 6]), None)?, lines(&[5, 6]), "a new training writes behind what is there");
        Ok(())
    }

    #[test]
    fn half_a_record_at_the_end_goes_and_other_text_stays() -> Result<(), Box<dyn Error>> {
        assert_eq!(left(&(line(0) + "{\"run\":0,\"epo"), None)?, line(0), "half a record");
        assert_eq!(left(line(0).trim_end(), None)?, line(0), "a whole record without an end");
        assert_eq!(left("notes", None)?, "notes\n", "text that is no record");
        assert_eq!(left("", None)?, "", "an empty log");
        Ok(())
    }

    #[test]
    fn what_is_no_record_is_named_by_its_line() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("run.jsonl");
        fs::write(&path, line(0) + &line(1) + "{\"run\":0,\"epo")?;
        assert_eq!(read_log(&path)?.len(), 2, "half a record is passed over");
        fs::write(&path, line(0) + "{\"run\":0}\n" + &line(1))?;
        let error = read_log(&path).expect_err("a record without an epoch");
        assert!(matches!(&error, LogError::Line { line: 2, path: found, .. } if *found == path), "{error}");
        Ok(())
    }
}
