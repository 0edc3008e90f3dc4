//! Matrices that others own: slices with a shape and a row stride, checked once.

use core::fmt;
use core::marker::PhantomData;

/// A row-major matrix in borrowed memory; row `r` begins `r * stride` numbers after the first.
///
/// ```
/// use femto::matmul::Matrix;
///
/// let data = [1.0, 2.0, 0.0, 3.0, 4.0];
/// let m = Matrix::new(&data, 2, 2, 3)?; // [[1, 2], [3, 4]], one number between the rows
/// assert_eq!((m.rows(), m.columns()), (2, 2));
/// assert!(Matrix::new(&data, 3, 2, 3).is_err());
/// # Ok::<(), femto::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    first: *const f32,
    shape: Shape,
    lifetime: PhantomData<&'a [f32]>,
}

/// A [`Matrix`] to write to.
#[derive(Debug)]
pub struct MatrixMut<'a> {
    first: *mut f32,
    shape: Shape,
    lifetime: PhantomData<&'a mut [f32]>,
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    rows: usize,
    columns: usize,
    stride: usize,
}

// SAFETY: stands for `&[f32]`.
unsafe impl Send for Matrix<'_> {}
// SAFETY: stands for `&[f32]`.
unsafe impl Sync for Matrix<'_> {}
// SAFETY: stands for `&mut [f32]`.
unsafe impl Send for MatrixMut<'_> {}

impl Shape {
    const fn new(len: usize, rows: usize, columns: usize, stride: usize) -> Result<Self, ShapeError> {
        let error = ShapeError::Data { rows, columns, stride, len };
        if rows > 1 && stride < columns {
            return Err(error);
        }
        let needed = match rows {
            0 => Some(0),
            _ => match stride.checked_mul(rows - 1) {
                Some(before_last) => before_last.checked_add(columns),
                None => None,
            },
        };
        match needed {
            Some(needed) if needed <= len => Ok(Self { rows, columns, stride }),
            _ => Err(error),
        }
    }
}

impl<'a> Matrix<'a> {
    /// `rows` x `columns` numbers of `data`, rows `stride` numbers apart.
    ///
    /// # Errors
    /// [`ShapeError::Data`] where rows would overlap (`stride < columns`) or `data` is too short.
    pub const fn new(data: &'a [f32], rows: usize, columns: usize, stride: usize) -> Result<Self, ShapeError> {
        match Shape::new(data.len(), rows, columns, stride) {
            Ok(shape) => Ok(Self { first: data.as_ptr(), shape, lifetime: PhantomData }),
            Err(error) => Err(error),
        }
    }

    /// How many rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.shape.rows
    }

    /// How many columns.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.shape.columns
    }

    /// The distance between rows, in numbers.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.shape.stride
    }

    pub(super) const fn as_ptr(&self) -> *const f32 {
        self.first
    }

    pub(super) const fn expect(&self, operand: &'static str, expected: (usize, usize)) -> Result<(), ShapeError> {
        expect(operand, expected, (self.shape.rows, self.shape.columns))
    }
}

impl<'a, const N: usize> From<&'a [[f32; N]]> for Matrix<'a> {
    fn from(rows: &'a [[f32; N]]) -> Self {
        let shape = Shape { rows: rows.len(), columns: N, stride: N };
        Self { first: rows.as_ptr().cast(), shape, lifetime: PhantomData }
    }
}

impl<'a> MatrixMut<'a> {
    /// `rows` x `columns` numbers of `data`, rows `stride` numbers apart.
    ///
    /// # Errors
    /// [`ShapeError::Data`] where rows would overlap (`stride < columns`) or `data` is too short.
    pub const fn new(data: &'a mut [f32], rows: usize, columns: usize, stride: usize) -> Result<Self, ShapeError> {
        match Shape::new(data.len(), rows, columns, stride) {
            Ok(shape) => Ok(Self { first: data.as_mut_ptr(), shape, lifetime: PhantomData }),
            Err(error) => Err(error),
        }
    }

    /// How many rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.shape.rows
    }

    /// How many columns.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.shape.columns
    }

    /// The distance between rows, in numbers.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.shape.stride
    }

    pub(super) const fn as_mut_ptr(&mut self) -> *mut f32 {
        self.first
    }

    pub(super) const fn expect(&self, operand: &'static str, expected: (usize, usize)) -> Result<(), ShapeError> {
        expect(operand, expected, (self.shape.rows, self.shape.columns))
    }
}

impl<'a, const N: usize> From<&'a mut [[f32; N]]> for MatrixMut<'a> {
    fn from(rows: &'a mut [[f32; N]]) -> Self {
        let shape = Shape { rows: rows.len(), columns: N, stride: N };
        Self { first: rows.as_mut_ptr().cast(), shape, lifetime: PhantomData }
    }
}

const fn expect(operand: &'static str, expected: (usize, usize), found: (usize, usize)) -> Result<(), ShapeError> {
    if expected.0 == found.0 && expected.1 == found.1 {
        return Ok(());
    }
    Err(ShapeError::Operand { operand, expected, found })
}

/// Shapes that do not fit each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ShapeError {
    /// A slice cannot hold the matrix that was described, or its rows would overlap.
    Data {
        /// Rows of the matrix.
        rows: usize,
        /// Columns of the matrix.
        columns: usize,
        /// Distance between rows.
        stride: usize,
        /// Length of the slice.
        len: usize,
    },
    /// A matrix (rows, columns) is not as large as the others demand.
    Operand {
        /// Which one.
        operand: &'static str,
        /// The shape that fits.
        expected: (usize, usize),
        /// The shape that was given.
        found: (usize, usize),
    },
    /// A slice does not have the length that the others demand.
    Length {
        /// Which one.
        operand: &'static str,
        /// The length that fits.
        expected: usize,
        /// The length that was given.
        found: usize,
    },
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data { rows, columns, stride, len } => write!(
                f,
                "a slice of {len} numbers cannot hold {rows} x {columns} with rows {stride} apart; \
                 it takes stride >= columns and (rows - 1) * stride + columns numbers"
            ),
            Self::Operand { operand, expected, found } => write!(
                f,
                "{operand} is {} x {} where {} x {} fits the other operands",
                found.0, found.1, expected.0, expected.1
            ),
            Self::Length { operand, expected, found } => {
                write!(f, "{operand} has {found} elements where {expected} fit the other operands")
            }
        }
    }
}

impl core::error::Error for ShapeError {}
