//! NumPy's arrays: `.npy` with one, `.npz` with several by name (feature `npy`).
//!
//! The format is that of <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>, versions 1 to 3,
//! little-endian, in C and in Fortran order; an `.npz` is a ZIP archive of such files, stored or deflated. Floats of 16,
//! 32 and 64 bits, integers and booleans become f32; objects, which could hold code, are refused.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto_std::data::Dataset;
//! use femto_std::interchange::npy::Array;
//!
//! # let folder = tempfile::tempdir()?;
//! # let save = |name: &str, descr: &str, shape: &str, bytes: &[u8]| {
//! #     let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
//! #     let file = [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), bytes].concat();
//! #     std::fs::write(folder.path().join(name), file)
//! # };
//! # save("x.npy", "<f4", "(2, 1)", &[0, 0, 128, 63, 0, 0, 0, 64])?;
//! # save("y.npy", "<i8", "(2,)", &[3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0])?;
//! # let (x, y) = (folder.path().join("x.npy"), folder.path().join("y.npy"));
//! // np.save("x.npy", np.array([[1.0], [2.0]], np.float32)); np.save("y.npy", np.array([3, 4]))
//! let set = Dataset::new(Array::load(&x)?.to_rows::<1>()?, Array::load(&y)?.to_classes()?)?;
//! assert_eq!(set.inputs(), [[1.0], [2.0]]);
//! assert_eq!(set.targets(), [3, 4]);
//! # Ok(())
//! # }
//! ```

use std::path::{Path, PathBuf};

use femto::layer::{Layer, Net};

mod header;
mod npz;

pub use npz::Npz;

use super::{InterchangeError, Names, read};
use header::Header;

/// An array of f32, in C order whatever order its file has: the last index moves fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    path: PathBuf,
    name: String,
    shape: Vec<usize>,
    numbers: Vec<f32>,
}

impl Array {
    /// Loads a `.npy` file.
    ///
    /// # Errors
    ///
    /// [`InterchangeError::Load`], [`InterchangeError::TooLarge`] and [`InterchangeError::Malformed`] for files that
    /// cannot be read, [`InterchangeError::Unsupported`] and [`InterchangeError::NotRepresentable`] for numbers that are
    /// no f32.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, InterchangeError> {
        let path = path.as_ref();
        let bytes = read(path)?;
        let name = "the array";
        let (header, data) = Header::parse(&bytes).map_err(|error| error.in_file(path, name, None))?;
        let expected = header.data_len().map_err(|error| error.in_file(path, name, None))?;
        if data.len() != expected {
            let reason = format!("its numbers take {expected} bytes, but it has {} for them", data.len());
            return Err(InterchangeError::Malformed { path: path.to_owned(), name: None, reason });
        }
        Self::read(path, name, &header, data)
    }

    /// How many indices there are of each kind; empty for a single number.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The numbers, in C order.
    #[must_use]
    pub fn numbers(&self) -> &[f32] {
        &self.numbers
    }

    /// Copies the numbers of an array of this shape.
    ///
    /// # Errors
    ///
    /// [`InterchangeError::WrongShape`] where the array has another shape or `numbers` does not hold it; nothing is
    /// changed then.
    pub fn copy_to(&self, shape: &[usize], numbers: &mut [f32]) -> Result<(), InterchangeError> {
        if self.shape != shape {
            return Err(self.wrong_shape(shape));
        }
        if self.numbers.len() != numbers.len() {
            return Err(self.wrong_shape(&[numbers.len()]));
        }
        numbers.copy_from_slice(&self.numbers);
        Ok(())
    }

    /// The inputs of a data set: each row is what belongs to one value of the first index.
    ///
    /// Arrays with more than two indices are flattened: 1797 x 8 x 8 numbers are 1,797 rows of 64.
    ///
    /// # Errors
    ///
    /// [`InterchangeError::WrongShape`] where a row has not N numbers.
    pub fn to_rows<const N: usize>(&self) -> Result<Vec<[f32; N]>, InterchangeError> {
        let rows = self.shape.first().copied().unwrap_or_default();
        // Beside a length of 0 the others may be any numbers.
        let columns =
            self.shape.get(1..).unwrap_or_default().iter().try_fold(1_usize, |all, len| all.checked_mul(*len));
        if self.shape.is_empty() || columns != Some(N) {
            return Err(self.wrong_shape(&[rows, N]));
        }
        Ok(self.numbers.as_chunks::<N>().0.to_vec())
    }

    /// The classes of a data set: the numbers of an array with one index, or with a second one that is always 0.
    ///
    /// # Errors
    ///
    /// [`InterchangeError::WrongShape`] for other shapes, [`InterchangeError::NotRepresentable`] for a number that is no
    /// integer of 0 to 255.
    pub fn to_classes(&self) -> Result<Vec<u8>, InterchangeError> {
        if !matches!(self.shape[..], [_] | [_, 1]) {
            return Err(self.wrong_shape(&[self.numbers.len()]));
        }
        let class = |(index, number): (usize, &f32)| {
            let class = *number as u8;
            if f32::from(class) == *number {
                return Ok(class);
            }
            Err(InterchangeError::NotRepresentable {
                path: self.path.clone(),
                name: self.name.clone(),
                index,
                value: number.to_string(),
                wanted: "class of 0 to 255",
            })
        };
        self.numbers.iter().enumerate().map(class).collect()
    }

    /// `data` is as long as the header says.
    fn read(path: &Path, name: &str, header: &Header, data: &[u8]) -> Result<Self, InterchangeError> {
        let numbers = header.kind.read(data).map_err(|error| InterchangeError::NotRepresentable {
            path: path.to_owned(),
            name: name.to_owned(),
            index: error.index,
            value: error.value,
            wanted: "f32",
        })?;
        let numbers = if header.is_fortran { in_c_order(&header.shape, &numbers) } else { numbers };
        Ok(Self { path: path.to_owned(), name: name.to_owned(), shape: header.shape.clone(), numbers })
    }

    fn wrong_shape(&self, expected: &[usize]) -> InterchangeError {
        InterchangeError::WrongShape {
            path: self.path.clone(),
            name: self.name.clone(),
            expected: expected.to_vec(),
            found: self.shape.clone(),
        }
    }
}

/// Loads the weights of a network from an `.npz` file, such as `np.savez(path, **{"0.weight": w, "0.bias": b})` makes.
///
/// # Errors
///
/// As [`Npz::open`] for files that cannot be read; [`InterchangeError::WrongLayers`], [`InterchangeError::NameTwice`],
/// [`InterchangeError::WrongNames`] and [`InterchangeError::WrongShape`] for those of another network. The network is
/// unchanged then.
///
/// ```
/// use femto::Flat;
/// use femto_std::interchange::{InterchangeError, Names, npy};
///
/// type Line = femto::net![femto::layer::Dense<1, 1>];
/// let error = npy::load_net("no/such/line.npz", &mut { Line::ZERO }, &Names::femto());
/// assert!(matches!(error, Err(InterchangeError::Load { .. })));
/// ```
pub fn load_net<L: Layer>(path: impl AsRef<Path>, net: &mut Net<L>, names: &Names) -> Result<(), InterchangeError> {
    let path = path.as_ref();
    super::arrays::load_net(path, &Npz::open(path)?, net, names)
}

/// Numbers whose first index moves fastest, reordered so that the last one does.
fn in_c_order(shape: &[usize], numbers: &[f32]) -> Vec<f32> {
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1_usize;
    for len in shape {
        strides.push(stride);
        // Wrapping, for where there are no numbers the lengths may be any.
        stride = stride.wrapping_mul(*len);
    }
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    let mut ordered = Vec::with_capacity(numbers.len());
    while ordered.len() < numbers.len() {
        ordered.push(numbers[at]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beside a length of 0 the others may be any numbers, whose product is none.
    #[test]
    fn huge_lengths_beside_a_length_of_zero_are_no_rows() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("huge.npy");
        for order in ["False", "True"] {
            let shape = format!("(0, {0}, {0})", 1_u64 << 40);
            let header = format!("{{'descr': '<f4', 'fortran_order': {order}, 'shape': {shape}, }}\n");
            let len = u16::try_from(header.len())?.to_le_bytes();
            std::fs::write(&path, [b"\x93NUMPY\x01\x00", &len[..], header.as_bytes()].concat())?;
            if let Ok(array) = Array::load(&path) {
                assert!(matches!(array.to_rows::<4>(), Err(InterchangeError::WrongShape { .. })), "{order}");
            }
        }
        Ok(())
    }

    #[test]
    fn fortran_order_becomes_c_order() {
        let count = |len: usize| (0..len).map(|i| i as f32).collect::<Vec<_>>();
        assert_eq!(in_c_order(&[2, 3], &count(6)), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0], "a matrix");
        assert_eq!(in_c_order(&[6], &count(6)), count(6), "a vector is the same in both");
        assert_eq!(in_c_order(&[], &[7.0]), [7.0], "a single number");
        assert!(in_c_order(&[0, 3], &[]).is_empty(), "none");
        // Number (i, j, k) of 2 x 3 x 2 is i + 2 j + 6 k.
        let expected = [0.0, 6.0, 2.0, 8.0, 4.0, 10.0, 1.0, 7.0, 3.0, 9.0, 5.0, 11.0];
        assert_eq!(in_c_order(&[2, 3, 2], &count(12)), expected, "three indices");
    }
}
