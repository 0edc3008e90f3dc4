//! Archives of arrays.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::read::ZipFile;

use super::super::arrays::Arrays;
use super::super::{InterchangeError, read};
use super::Array;
use super::header::{Header, MAX_LEN};

/// The bytes that a header has beside its dictionary, at the most.
const AROUND_HEADER: usize = 12;

/// An `.npz` file: the names and shapes of its arrays, which are read when they are asked for.
///
/// ```
/// use femto_std::interchange::InterchangeError;
/// use femto_std::interchange::npy::Npz;
///
/// assert!(matches!(Npz::open("no/such/file.npz"), Err(InterchangeError::Load { .. })));
/// ```
#[derive(Debug)]
pub struct Npz {
    path: PathBuf,
    bytes: Vec<u8>,
    arrays: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    index: usize,
    header: Header,
}

impl Npz {
    /// Opens a file and reads the headers of all arrays. Files in it that do not end with `.npy` are passed over.
    ///
    /// # Errors
    ///
    /// As [`Array::load`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, InterchangeError> {
        let path = path.as_ref();
        let bytes = read(path)?;
        let mut archive = archive(path, &bytes)?;
        let mut arrays = Vec::new();
        for index in 0..archive.len() {
            let mut file = entry(path, &mut archive, index)?;
            let name = file.name().map_err(|error| malformed(path, None, &error))?;
            let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else { continue };
            let mut start = Vec::new();
            let most = (MAX_LEN + AROUND_HEADER) as u64;
            (&mut file).take(most).read_to_end(&mut start).map_err(|error| malformed(path, Some(&name), &error))?;
            let header = Header::parse(&start).and_then(|(header, _)| header.data_len().map(|_| header));
            let header = header.map_err(|error| error.in_file(path, &name, Some(&name)))?;
            arrays.push(Entry { name, index, header });
        }
        Ok(Self { path: path.to_owned(), bytes, arrays })
    }

    /// The names of the arrays and their shapes.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.arrays.iter().map(|entry| (entry.name.as_str(), entry.header.shape.as_slice()))
    }

    /// Reads an array.
    ///
    /// # Errors
    ///
    /// [`InterchangeError::WrongNames`] where none has this name, else as [`Array::load`].
    pub fn array(&self, name: &str) -> Result<Array, InterchangeError> {
        let path = &self.path;
        let Some(entry) = self.arrays.iter().find(|entry| entry.name == name) else {
            return Err(InterchangeError::WrongNames {
                path: path.clone(),
                missing: vec![name.to_owned()],
                extra: Vec::new(),
                found: self.arrays().map(|(name, shape)| format!("{name} {shape:?}")).collect(),
            });
        };
        let in_file =
            |reason: String| InterchangeError::Malformed { path: path.clone(), name: Some(name.to_owned()), reason };
        let expected = entry.header.data_len().map_err(|error| error.in_file(path, name, Some(name)))?;
        let mut archive = archive(path, &self.bytes)?;
        let mut file = self::entry(path, &mut archive, entry.index)?;
        // Grows with what is there: an archive may claim any length. A byte more than is expected is read, so that the
        // archive's checksum is compared, and too many are noticed.
        let mut bytes = Vec::new();
        let most = expected.saturating_add(MAX_LEN + AROUND_HEADER + 1) as u64;
        (&mut file).take(most).read_to_end(&mut bytes).map_err(|error| malformed(path, Some(name), &error))?;
        let (header, data) = Header::parse(&bytes).map_err(|error| error.in_file(path, name, Some(name)))?;
        if data.len() != expected {
            return Err(in_file(format!("its numbers take {expected} bytes, but it has {} for them", data.len())));
        }
        Array::read(path, name, &header, data)
    }
}

impl Arrays for Npz {
    fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        self.arrays().map(|(name, shape)| (name.to_owned(), shape.to_vec())).collect()
    }

    fn numbers(&self, name: &str) -> Result<Vec<f32>, InterchangeError> {
        self.array(name).map(|array| array.numbers)
    }
}

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

fn archive<'a>(path: &Path, bytes: &'a [u8]) -> Result<Archive<'a>, InterchangeError> {
    ZipArchive::new(Cursor::new(bytes)).map_err(|error| malformed(path, None, &error))
}

fn entry<'a, 'b>(
    path: &Path,
    archive: &'b mut Archive<'a>,
    index: usize,
) -> Result<ZipFile<'b, Cursor<&'a [u8]>>, InterchangeError> {
    archive.by_index(index).map_err(|error| malformed(path, None, &error))
}

fn malformed(path: &Path, name: Option<&str>, error: &dyn std::error::Error) -> InterchangeError {
    InterchangeError::Malformed { path: path.to_owned(), name: name.map(str::to_owned), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fs;
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// An archive of one array whose header states four numbers, with so many zero bytes behind it.
    fn archive_of(zeros: usize) -> Result<Vec<u8>, Box<dyn Error>> {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }\n";
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("readme.txt", SimpleFileOptions::default())?;
        zip.start_file("x.npy", SimpleFileOptions::default())?;
        zip.write_all(b"\x93NUMPY\x01\x00")?;
        zip.write_all(&(header.len() as u16).to_le_bytes())?;
        zip.write_all(header.as_bytes())?;
        zip.write_all(&vec![0; zeros])?;
        Ok(zip.finish()?.into_inner())
    }

    #[test]
    fn what_is_deflated_has_the_length_that_it_states() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.npz");
        for (zeros, found) in [(15, "15"), (17, "17"), (1 << 20, "6"), (16, "")] {
            fs::write(&path, archive_of(zeros)?)?;
            let npz = Npz::open(&path)?;
            assert_eq!(npz.arrays().collect::<Vec<_>>(), [("x", &[4][..])], "other files are passed over");
            match npz.array("x") {
                Ok(array) => assert_eq!((zeros, array.numbers()), (16, &[0.0; 4][..]), "the right length"),
                Err(error) => {
                    let parts = ["x.npz", "array \"x\"", "take 16 bytes", &format!("has {found}")];
                    let message = error.to_string();
                    assert!(parts.iter().all(|part| message.contains(part)), "{message:?} does not say {parts:?}");
                }
            }
        }
        Ok(())
    }
}
