//! Data sets that are four IDX files in a folder.

use std::path::{Path, PathBuf};

use super::super::Dataset;
use super::error::IdxError;
use super::load;

/// The number of pixels of an image: 28 rows by 28 columns, row by row from the top left.
pub const MNIST_PIXELS: usize = 784;

/// The number of classes; the labels are `0..=9`.
pub const MNIST_CLASSES: usize = 10;

/// What the classes of Fashion-MNIST are, that of label 0 first.
pub const FASHION_NAMES: [&str; MNIST_CLASSES] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// The usual names, and those that some copies have.
const TRAIN_IMAGES: [&str; 2] = ["train-images-idx3-ubyte", "train-images.idx3-ubyte"];
const TRAIN_LABELS: [&str; 2] = ["train-labels-idx1-ubyte", "train-labels.idx1-ubyte"];
const TEST_IMAGES: [&str; 2] = ["t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"];
const TEST_LABELS: [&str; 2] = ["t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"];

const MNIST_REMEDY: &str = "pass the folder that holds the four files of MNIST, train-images-idx3-ubyte, \
     train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, as they are or compressed (.gz)";
const FASHION_REMEDY: &str = "install the Debian package dataset-fashion-mnist, whose files are in \
     /usr/share/datasets/fashion-mnist, or get the four files from https://github.com/zalandoresearch/fashion-mnist, and \
     pass their folder";

/// The two parts that a data set was published in.
///
/// ```no_run
/// use femto_std::data::idx::{TrainAndTest, fashion_mnist};
///
/// let TrainAndTest { train, test } = fashion_mnist("/usr/share/datasets/fashion-mnist")?;
/// assert_eq!((train.len(), test.len()), (60_000, 10_000));
/// # Ok::<(), femto_std::data::idx::IdxError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TrainAndTest {
    /// Images to learn from, with their labels.
    pub train: Dataset<[f32; MNIST_PIXELS], u8>,
    /// Images to report with, and theirs.
    pub test: Dataset<[f32; MNIST_PIXELS], u8>,
}

/// Reads MNIST, handwritten digits, from a folder: 60,000 images to learn from and 10,000 to test with, of 28 x 28 pixels.
///
/// The four files are found by their usual names, with and without `.gz`. An input is an image's pixels from 0 (paper) to
/// 1, as [`load`] scales them; a target is the digit. About 220 MB of memory are taken. For the source see
/// *Gradient-based learning applied to document recognition* (Le Cun, Bottou, Bengio and Haffner, 1998).
///
/// # Errors
///
/// [`IdxError`]: the folder or a file is not there, a file is damaged, or a label is above 9.
///
/// ```
/// let error = femto_std::data::idx::mnist("no/such/folder").unwrap_err();
/// assert!(error.to_string().contains("train-images-idx3-ubyte"));
/// ```
pub fn mnist(folder: impl AsRef<Path>) -> Result<TrainAndTest, IdxError> {
    load_both(folder.as_ref(), MNIST_REMEDY)
}

/// Reads Fashion-MNIST, articles of clothing, from a folder: 60,000 images to learn from and 10,000 to test with, of 28
/// x 28 pixels.
///
/// The four files are found by their usual names, with and without `.gz`. An input is an image's pixels from 0 (black)
/// to 1, as [`load`] scales them; a target is one of [`FASHION_NAMES`]. About 220 MB of memory are taken. For the source
/// see *Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms* (Xiao, Rasul and Vollgraf,
/// 2017, <https://arxiv.org/abs/1708.07747>).
///
/// # Errors
///
/// [`IdxError`]: the folder or a file is not there, a file is damaged, or a label is above 9.
///
/// ```
/// let error = femto_std::data::idx::fashion_mnist("no/such/folder").unwrap_err();
/// assert!(error.to_string().contains("install the Debian package dataset-fashion-mnist"));
/// ```
pub fn fashion_mnist(folder: impl AsRef<Path>) -> Result<TrainAndTest, IdxError> {
    load_both(folder.as_ref(), FASHION_REMEDY)
}

fn load_both(folder: &Path, remedy: &'static str) -> Result<TrainAndTest, IdxError> {
    if !folder.is_dir() {
        return Err(IdxError::NoFolder { folder: folder.to_owned(), remedy });
    }
    // All four are looked for before the first is read.
    let find = |names| find(folder, names, remedy);
    let train = (find(TRAIN_IMAGES)?, find(TRAIN_LABELS)?);
    let test = (find(TEST_IMAGES)?, find(TEST_LABELS)?);
    Ok(TrainAndTest { train: load_part(&train.0, &train.1)?, test: load_part(&test.0, &test.1)? })
}

/// The file that has one of the names, or one of them and `.gz`.
fn find(folder: &Path, names: [&'static str; 2], remedy: &'static str) -> Result<PathBuf, IdxError> {
    let candidates = names.iter().flat_map(|name| [folder.join(name), folder.join(format!("{name}.gz"))]);
    let missing = || IdxError::NoFile { folder: folder.to_owned(), name: names[0], remedy };
    candidates.into_iter().find(|path| path.is_file()).ok_or_else(missing)
}

fn load_part(images: &Path, labels: &Path) -> Result<Dataset<[f32; MNIST_PIXELS], u8>, IdxError> {
    let set = load(images, labels)?;
    match set.targets().iter().position(|label| usize::from(*label) >= MNIST_CLASSES) {
        None => Ok(set),
        Some(index) => {
            let label = set.targets()[index];
            Err(IdxError::Label { file: labels.to_owned(), index, label, classes: MNIST_CLASSES as u8 })
        }
    }
}
