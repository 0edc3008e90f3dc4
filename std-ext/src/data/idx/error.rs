//! What can be wrong with an IDX file.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::MAX_BYTES;

/// Why a file was refused.
///
/// ```
/// use femto_std::data::idx::read_labels;
///
/// let message = read_labels(&[0, 0, 8, 1, 0, 0, 0, 3, 7, 7][..]).map_err(|error| error.to_string());
/// assert!(message.unwrap_err().contains("its header promises 3 bytes of data"));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IdxError {
    /// The folder of a data set does not exist.
    #[error("there is no folder {}: {remedy}", folder.display())]
    NoFolder {
        /// The path that was passed.
        folder: PathBuf,
        /// Where to get the data.
        remedy: &'static str,
    },
    /// A file of a data set is not in its folder.
    #[error("there is neither {name} nor {name}.gz in {}: {remedy}", folder.display())]
    NoFile {
        /// The path that was passed.
        folder: PathBuf,
        /// The usual name of the file.
        name: &'static str,
        /// Where to get the data.
        remedy: &'static str,
    },
    /// The file could not be opened.
    #[error("{} could not be opened: check that the file exists and can be read", path.display())]
    Open {
        /// The path that was passed.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Reading failed, or what is compressed is damaged.
    #[error("{} could not be read to its end: check the disk, or get the file again if it is damaged", shown(file.as_deref()))]
    Read {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// The file is compressed, and this program cannot decompress.
    #[error(
        "{} is compressed by gzip: unpack it with gunzip, or build this program with the feature gzip of femto-std",
        shown(file.as_deref())
    )]
    Compressed {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
    },
    /// The first four bytes are not those of an IDX file.
    #[error(
        "{} begins with the bytes {found:02x?}, but an IDX file with two zeros, a type and a number of dimensions: \
         pass a file of the MNIST family, as it is or compressed by gzip",
        shown(file.as_deref())
    )]
    NotIdx {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// Its first bytes, at most four.
        found: Vec<u8>,
    },
    /// The numbers are not bytes.
    #[error("{} holds numbers of type 0x{found:02x}, but images and labels are bytes, type 0x08: pass another file", shown(file.as_deref()))]
    NotBytes {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// The third byte of the file.
        found: u8,
    },
    /// The dimensions are not those of images or labels.
    #[error(
        "{} has {found} dimensions, but {expected}: check that images and labels were not taken for each other",
        shown(file.as_deref())
    )]
    Dimensions {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// The fourth byte of the file.
        found: u8,
        /// What was wanted, in words.
        expected: &'static str,
    },
    /// Images have another size than the program's.
    #[error(
        "{} holds images of {} pixels ({}), but an input of this program is {expected} numbers: use an array of the \
         images' size",
        shown(file.as_deref()), sizes.iter().map(|size| u64::from(*size)).product::<u64>(), times(sizes)
    )]
    Pixels {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// The rows and columns of an image, or the length of a row of numbers.
        sizes: Vec<u32>,
        /// The length of the array.
        expected: usize,
    },
    /// The header promises more than is accepted.
    #[error(
        "the header of {} promises {promised} bytes of data, more than the {MAX_BYTES} that are accepted: get the \
         file again, or divide it if it really is so large",
        shown(file.as_deref())
    )]
    TooLarge {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// The product of the dimensions.
        promised: u128,
    },
    /// The file ends within its header.
    #[error("{} is cut off within its header: get the file again", shown(file.as_deref()))]
    HeaderTruncated {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
    },
    /// There are fewer bytes than the header promises.
    #[error(
        "{} is cut off: its header promises {promised} bytes of data, but there are no more than {found}: get the \
         file again",
        shown(file.as_deref())
    )]
    Truncated {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// The product of the dimensions.
        promised: u64,
        /// What there is, or what a compressed file of this size can hold at the most.
        found: u64,
    },
    /// There are more bytes than the header promises.
    #[error(
        "{} goes on behind the {promised} bytes of data that its header promises: get the file again",
        shown(file.as_deref())
    )]
    Trailing {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// The product of the dimensions.
        promised: u64,
    },
    /// Images and labels do not belong together.
    #[error(
        "{} holds {images} images, but {} {labels} labels: pass two files of the same part, both for training or both \
         for the test",
        images_file.display(), labels_file.display()
    )]
    CountMismatch {
        /// The file of the images.
        images_file: PathBuf,
        /// The file of the labels.
        labels_file: PathBuf,
        /// The number of images.
        images: usize,
        /// The number of labels.
        labels: usize,
    },
    /// A label is no class.
    #[error(
        "{}: label {index} (the first is 0) is {label}, but the classes are 0 to {}: get the file again",
        file.display(), classes - 1
    )]
    Label {
        /// The file of the labels.
        file: PathBuf,
        /// Which label it is, from 0 up.
        index: usize,
        /// The label.
        label: u8,
        /// The number of classes.
        classes: u8,
    },
}

/// The file's path, or what stands for it.
fn shown(file: Option<&Path>) -> String {
    file.map_or_else(|| "the IDX data".to_owned(), |path| path.display().to_string())
}

fn times(sizes: &[u32]) -> String {
    sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(" x ")
}
