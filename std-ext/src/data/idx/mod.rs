//! IDX files, in which MNIST and its relatives come, plain or compressed by gzip.
//!
//! The format is that of *The MNIST database of handwritten digits* by Y. Le Cun, C. Cortes and C. Burges: two bytes 0,
//! the type of the numbers (0x08: bytes), how many dimensions there are, the size of each as big-endian 32 bits, then
//! the numbers, the last dimension fastest. Files of bytes are read: images of any size, and labels.
//!
//! What is compressed is recognised by its first bytes, whatever the name of the file, and read by the cargo feature
//! `gzip` (on by default). Nothing is allocated for what a header promises before as many bytes were seen, and more than
//! [`MAX_BYTES`] are refused.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto_std::data::idx;
//!
//! // Two images of 1 x 2 pixels, and their labels.
//! let images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 0];
//! let labels = [0, 0, 8, 1, 0, 0, 0, 2, 7, 1];
//! # let folder = tempfile::tempdir()?;
//! # let (images_path, labels_path) = (folder.path().join("images"), folder.path().join("labels"));
//! std::fs::write(&images_path, images)?;
//! std::fs::write(&labels_path, labels)?;
//! let set = idx::load::<2>(&images_path, &labels_path)?;
//! assert_eq!(set.inputs(), [[0.0, 1.0], [0.2, 0.0]]);
//! assert_eq!(set.targets(), [7, 1]);
//! # Ok(())
//! # }
//! ```

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::Dataset;

mod error;
mod mnist;
mod stream;

pub use error::IdxError;
pub use mnist::{FASHION_NAMES, MNIST_CLASSES, MNIST_PIXELS, TrainAndTest, fashion_mnist, mnist};
use stream::Stream;

/// The most bytes of data that a header may promise: 1 GiB, twice the largest set of the family. As f32 they are four
/// times as many.
pub const MAX_BYTES: u64 = 1 << 30;

/// Reads images and their labels: pixels become 0 (byte 0) to 1 (byte 255), each the nearest f32 to its byte / 255.
///
/// An input is the pixels row by row from the top left; `N` is rows times columns. Files of two dimensions, rows of `N`
/// numbers, are read in the same way.
///
/// # Errors
///
/// [`IdxError`]: a file cannot be read or is not what it should be, or the numbers of images and labels differ.
///
/// For an example see the [module](self).
pub fn load<const N: usize>(
    images: impl AsRef<Path>,
    labels: impl AsRef<Path>,
) -> Result<Dataset<[f32; N], u8>, IdxError> {
    let (images, labels) = (images.as_ref(), labels.as_ref());
    // The smaller file first: where it is wrong nothing else is read.
    let targets = load_labels(labels)?;
    let inputs = load_images(images)?;
    if inputs.len() != targets.len() {
        let (images_file, labels_file) = (images.to_owned(), labels.to_owned());
        return Err(IdxError::CountMismatch { images_file, labels_file, images: inputs.len(), labels: targets.len() });
    }
    Ok(Dataset { inputs, targets })
}

/// Reads images, scaled as by [`load`].
///
/// # Errors
///
/// [`IdxError`]: the file cannot be read or does not hold images of `N` pixels.
pub fn load_images<const N: usize>(path: impl AsRef<Path>) -> Result<Vec<[f32; N]>, IdxError> {
    open(path.as_ref())?.images(scaled)
}

/// [`load_images`] from any reader.
///
/// # Errors
///
/// As [`load_images`].
///
/// ```
/// let bytes = [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 51, 255]; // one row of three numbers
/// assert_eq!(femto_std::data::idx::read_images::<3>(&bytes[..])?, [[0.0, 0.2, 1.0]]);
/// # Ok::<(), femto_std::data::idx::IdxError>(())
/// ```
pub fn read_images<const N: usize>(reader: impl Read) -> Result<Vec<[f32; N]>, IdxError> {
    Stream::new(BufReader::new(reader), None, None)?.images(scaled)
}

/// Reads images as the bytes they are.
///
/// # Errors
///
/// As [`load_images`].
pub fn load_image_bytes<const N: usize>(path: impl AsRef<Path>) -> Result<Vec<[u8; N]>, IdxError> {
    open(path.as_ref())?.images(|pixel| pixel)
}

/// [`load_image_bytes`] from any reader.
///
/// # Errors
///
/// As [`load_images`].
///
/// ```
/// let bytes = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 51, 255]; // one image of 1 x 3 pixels
/// assert_eq!(femto_std::data::idx::read_image_bytes::<3>(&bytes[..])?, [[0, 51, 255]]);
/// # Ok::<(), femto_std::data::idx::IdxError>(())
/// ```
pub fn read_image_bytes<const N: usize>(reader: impl Read) -> Result<Vec<[u8; N]>, IdxError> {
    Stream::new(BufReader::new(reader), None, None)?.images(|pixel| pixel)
}

/// Reads labels.
///
/// # Errors
///
/// [`IdxError`]: the file cannot be read or does not hold labels.
pub fn load_labels(path: impl AsRef<Path>) -> Result<Vec<u8>, IdxError> {
    open(path.as_ref())?.labels()
}

/// [`load_labels`] from any reader.
///
/// # Errors
///
/// As [`load_labels`].
///
/// ```
/// assert_eq!(femto_std::data::idx::read_labels(&[0, 0, 8, 1, 0, 0, 0, 2, 7, 1][..])?, [7, 1]);
/// # Ok::<(), femto_std::data::idx::IdxError>(())
/// ```
pub fn read_labels(reader: impl Read) -> Result<Vec<u8>, IdxError> {
    Stream::new(BufReader::new(reader), None, None)?.labels()
}

fn scaled(pixel: u8) -> f32 {
    f32::from(pixel) / 255.0
}

/// A file with its size, where it is one that has a size.
fn open(path: &Path) -> Result<Stream<BufReader<File>>, IdxError> {
    let refused = |source| IdxError::Open { path: path.to_owned(), source };
    let file = File::open(path).map_err(refused)?;
    let metadata = file.metadata().map_err(refused)?;
    let size = metadata.is_file().then_some(metadata.len());
    Stream::new(BufReader::new(file), size, Some(PathBuf::from(path)))
}

#[cfg(test)]
mod tests;
