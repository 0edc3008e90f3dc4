//! Files that appear whole or not at all.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Writes a new file beside `path`, hands it to the disk and gives it this name.
///
/// Whoever reads `path` meanwhile gets the former file or the new one, and a program that is killed leaves the
/// former one, with an unfinished `.NAME.??????` beside it. After an error there is the former file too, or the whole
/// new one where only the folder could not be handed to the disk. A symbolic link at `path` is replaced, not followed.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = beside(path)?;
    let mut buffered = BufWriter::with_capacity(1 << 16, file.as_file_mut());
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    // Without this a power cut after the rename could leave a name with nothing behind it.
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(folder_of(path))
}

/// Writes numbers as little-endian f32.
pub(crate) fn write_numbers(to: &mut dyn Write, numbers: &[f32]) -> io::Result<()> {
    let mut bytes = [[0; 4]; 1024];
    for numbers in numbers.chunks(bytes.len()) {
        for (bytes, number) in bytes.iter_mut().zip(numbers) {
            *bytes = number.to_le_bytes();
        }
        to.write_all(bytes[..numbers.len()].as_flattened())?;
    }
    Ok(())
}

/// A new file in the folder of `path`: a rename is atomic only within one file system.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    // A program that is killed here leaves the file behind: its name says whose it is.
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    // Temporary files are for their owner alone, but these become what other users and programs read: grant
    // what the process grants on every new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder_of(path))
}

/// Where `path` lies.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Hands the names in a folder to the disk, so that a power cut does not bring a former file back.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Folders that may be written to but not read, and file systems that sync no folders: the file is there.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fs;

    use super::*;

    #[test]
    fn a_bare_file_name_is_a_file_of_the_working_folder() -> io::Result<()> {
        let file = beside(Path::new("weights.bin"))?;
        let folder = file.path().canonicalize()?.parent().map(Path::to_owned);
        assert_eq!(folder, Some(Path::new(".").canonicalize()?), "where a bare name is saved");
        let name = file.path().file_name().map(|name| name.to_string_lossy().into_owned());
        assert!(name.is_some_and(|name| name.starts_with(".weights.bin.")), "whose it is: {:?}", file.path());
        Ok(())
    }

    #[test]
    fn a_write_that_fails_leaves_the_former_file_alone() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("file");
        replace(&path, |to| to.write_all(b"former"))?;
        let failed = replace(&path, |to| {
            to.write_all(b"half of")?;
            Err(io::Error::other("no more"))
        });
        assert!(failed.is_err(), "the error is passed on");
        assert_eq!(fs::read(&path)?, b"former", "the file of before");
        assert_eq!(fs::read_dir(folder.path())?.count(), 1, "no temporary file is left");
        Ok(())
    }
}
