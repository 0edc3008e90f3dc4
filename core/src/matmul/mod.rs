//! Matrix products without an allocator, one chain for each output; nothing is copied but strips of matrices whose rows
//! lie far apart, and those that NT transposes.
//!
//! | form | product | in a network |
//! |---|---|---|
//! | NN | `c = f(start + a b)` | outputs: `a` the inputs, `b` the weights, `start` the bias, `f` the activation |
//! | TN | `c = start + a^T b` | gradient of the weights: `a` the inputs, `b` the deltas, rows of both are samples |
//! | NT | `c = start + a b^T` | gradient of the inputs: `a` the deltas, `b` the weights |
//!
//! Output (i, j) is one chain: it begins with its start value and takes one multiply-accumulate for each k, ascending.
//! No shape of a tile, blocking, batch or level shows in the bits. Entries over slices (run-time sizes and strides, for
//! other crates) and entries over arrays (sizes known to the compiler) are the same code; so are the layers.

mod destination;
mod drive;
mod epilogue;
mod matrix;
mod panel;
mod penalty;
mod product;
mod rank_one;
mod sink;
mod tile;

pub use epilogue::Epilogue;
pub(crate) use epilogue::rectify;
pub use matrix::{Matrix, MatrixMut, ShapeError};
pub use penalty::Penalty;
pub(crate) use product::{backward_rows, forward_rows, gradient_rows, sum_rows};
pub use sink::{Accumulate, Sink, SinkPart};

use crate::activation::{Activation, Identity};
use crate::rows::Rows;
use crate::simd::{Level, dispatch};

use self::destination::{Output, StartValues};
use self::drive::Operands;

/// What the chains of a product begin with.
#[derive(Debug)]
#[non_exhaustive]
pub enum Start<'a, B: ?Sized> {
    /// Zero.
    Zero,
    /// One value for each column: a bias.
    Bias(&'a B),
    /// What is already in the output.
    Existing,
}

impl<B: ?Sized> Clone for Start<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: ?Sized> Copy for Start<'_, B> {}

impl<B: AsRef<[f32]> + ?Sized> Start<'_, B> {
    fn check(&self, columns: usize) -> Result<(), ShapeError> {
        match self {
            Self::Bias(bias) if bias.as_ref().len() != columns => {
                Err(ShapeError::Length { operand: "bias", expected: columns, found: bias.as_ref().len() })
            }
            _ => Ok(()),
        }
    }

    #[inline(always)]
    fn values(&self) -> StartValues {
        match self {
            Self::Zero => StartValues::Zero,
            Self::Bias(bias) => StartValues::Bias(bias.as_ref().as_ptr()),
            Self::Existing => StartValues::Existing,
        }
    }
}

/// `c = activation(start + a b)`, with `a` m x k, `b` k x n and `c` m x n.
///
/// # Errors
/// [`ShapeError`] names the operand that does not fit; `c` is untouched then.
///
/// ```
/// use femto::activation::Relu;
/// use femto::matmul::{self, Matrix, MatrixMut, Start};
///
/// let x = [1.0, 2.0];
/// let w = [1.0, -1.0, 0.0, 1.0, -1.0, 2.0];
/// let mut y = [0.0; 3];
/// matmul::nn(
///     femto::Level::detect(),
///     Matrix::new(&x, 1, 2, 2)?,
///     Matrix::new(&w, 2, 3, 3)?,
///     Start::Bias(&[0.5, 0.5, 0.5]),
///     Relu,
///     MatrixMut::new(&mut y, 1, 3, 3)?,
/// )?;
/// assert_eq!(y, [3.5, 0.0, 4.5]);
/// # Ok::<(), femto::ShapeError>(())
/// ```
pub fn nn<A: Activation>(
    level: Level,
    a: Matrix<'_>,
    b: Matrix<'_>,
    start: Start<'_, [f32]>,
    _activation: A,
    mut c: MatrixMut<'_>,
) -> Result<(), ShapeError> {
    let (m, k, n) = (a.rows(), a.columns(), b.columns());
    b.expect("b", (k, n))?;
    c.expect("c", (m, n))?;
    start.check(n)?;
    let operands = Operands { m, k, n, a: a.as_ptr(), lda: a.stride(), b: b.as_ptr(), ldb: b.stride() };
    let (at, stride) = (c.as_mut_ptr(), c.stride());
    // SAFETY: the shapes fit each other, and the three borrows cannot overlap.
    dispatch!(level, s => unsafe {
        product::nn(s, A::EPILOGUE, &operands, &mut Output::<A>::new(start.values(), at, stride));
    });
    Ok(())
}

/// `c = start + a^T b`, with `a` k x m, `b` k x n and `c` m x n.
///
/// # Errors
/// [`ShapeError`] names the operand that does not fit; `c` is untouched then.
///
/// ```
/// use femto::matmul::{self, Matrix, MatrixMut, Start};
///
/// let a = [1.0, 2.0, 3.0, 4.0]; // 2 x 2: rows are k
/// let b = [1.0, 10.0]; // 2 x 1
/// let mut c = [100.0, 100.0];
/// matmul::tn(
///     femto::Level::detect(),
///     Matrix::new(&a, 2, 2, 2)?,
///     Matrix::new(&b, 2, 1, 1)?,
///     Start::Existing,
///     MatrixMut::new(&mut c, 2, 1, 1)?,
/// )?;
/// assert_eq!(c, [131.0, 142.0]);
/// # Ok::<(), femto::ShapeError>(())
/// ```
pub fn tn(
    level: Level,
    a: Matrix<'_>,
    b: Matrix<'_>,
    start: Start<'_, [f32]>,
    mut c: MatrixMut<'_>,
) -> Result<(), ShapeError> {
    let (k, m, n) = (a.rows(), a.columns(), b.columns());
    b.expect("b", (k, n))?;
    c.expect("c", (m, n))?;
    start.check(n)?;
    let operands = Operands { m, k, n, a: a.as_ptr(), lda: a.stride(), b: b.as_ptr(), ldb: b.stride() };
    let (at, stride) = (c.as_mut_ptr(), c.stride());
    // SAFETY: the shapes fit each other, and the three borrows cannot overlap.
    dispatch!(level, s => unsafe {
        product::tn(s, &operands, &mut Output::<Identity>::new(start.values(), at, stride));
    });
    Ok(())
}

/// `c = start + a b^T`, with `a` m x k, `b` n x k and `c` m x n.
///
/// # Errors
/// [`ShapeError`] names the operand that does not fit; `c` is untouched then.
///
/// ```
/// use femto::matmul::{self, Matrix, MatrixMut, Start};
///
/// let a = [1.0, 2.0]; // 1 x 2
/// let b = [3.0, 4.0, 5.0, 6.0]; // 2 x 2: columns are k
/// let mut c = [0.0, 0.0];
/// matmul::nt(
///     femto::Level::detect(),
///     Matrix::new(&a, 1, 2, 2)?,
///     Matrix::new(&b, 2, 2, 2)?,
///     Start::Zero,
///     MatrixMut::new(&mut c, 1, 2, 2)?,
/// )?;
/// assert_eq!(c, [11.0, 17.0]);
/// # Ok::<(), femto::ShapeError>(())
/// ```
pub fn nt(
    level: Level,
    a: Matrix<'_>,
    b: Matrix<'_>,
    start: Start<'_, [f32]>,
    mut c: MatrixMut<'_>,
) -> Result<(), ShapeError> {
    let (m, k, n) = (a.rows(), a.columns(), b.rows());
    b.expect("b", (n, k))?;
    c.expect("c", (m, n))?;
    start.check(n)?;
    let operands = Operands { m, k, n, a: a.as_ptr(), lda: a.stride(), b: b.as_ptr(), ldb: b.stride() };
    let (at, stride) = (c.as_mut_ptr(), c.stride());
    // SAFETY: the shapes fit each other, and the three borrows cannot overlap.
    dispatch!(level, s => unsafe {
        product::nt(s, &operands, &mut Output::<Identity>::new(start.values(), at, stride));
    });
    Ok(())
}

/// [`nn`] with sizes that the compiler knows and checks.
///
/// ```
/// use femto::activation::Relu;
/// use femto::matmul::{self, Start};
///
/// let mut y = [[0.0; 3]; 1];
/// matmul::nn_fixed(
///     femto::Level::detect(),
///     &[[1.0, 2.0]],
///     &[[1.0, -1.0, 0.0], [1.0, -1.0, 2.0]],
///     Start::Bias(&[0.5, 0.5, 0.5]),
///     Relu,
///     &mut y,
/// );
/// assert_eq!(y, [[3.5, 0.0, 4.5]]);
/// ```
pub fn nn_fixed<A: Activation, const M: usize, const K: usize, const N: usize>(
    level: Level,
    a: &[[f32; K]; M],
    b: &[[f32; N]; K],
    start: Start<'_, [f32; N]>,
    _activation: A,
    c: &mut [[f32; N]; M],
) {
    let operands = Operands { m: M, k: K, n: N, a: a.as_ptr().cast(), lda: K, b: b.as_ptr().cast(), ldb: N };
    // SAFETY: the shapes fit by their types, and the three borrows cannot overlap.
    dispatch!(level, s => unsafe {
        let mut output = Output::<A>::new(start.values(), c.as_mut_ptr().cast(), N);
        product::nn_fixed::<_, _, M, N>(s, A::EPILOGUE, &operands, &mut output);
    });
}

/// [`tn`] with sizes that the compiler knows and checks.
///
/// ```
/// use femto::matmul::{self, Start};
///
/// let mut c = [[0.0; 1]; 2];
/// let (a, b) = ([[1.0, 2.0], [3.0, 4.0]], [[1.0], [10.0]]);
/// matmul::tn_fixed(femto::Level::detect(), &a, &b, Start::Zero, &mut c);
/// assert_eq!(c, [[31.0], [42.0]]);
/// ```
pub fn tn_fixed<const M: usize, const K: usize, const N: usize>(
    level: Level,
    a: &[[f32; M]; K],
    b: &[[f32; N]; K],
    start: Start<'_, [f32; N]>,
    c: &mut [[f32; N]; M],
) {
    let operands = Operands { m: M, k: K, n: N, a: a.as_ptr().cast(), lda: M, b: b.as_ptr().cast(), ldb: N };
    // SAFETY: the shapes fit by their types, and the three borrows cannot overlap.
    dispatch!(level, s => unsafe {
        product::tn(s, &operands, &mut Output::<Identity>::new(start.values(), c.as_mut_ptr().cast(), N));
    });
}

/// `a^T b` into a sink: added to a gradient ([`Accumulate`]), or into parameters at once by an optimizer's rule
/// ([`crate::optimizer::Optimizer::sink`]). Rows of `a` and of `b` are samples; they are summed in order.
///
/// # Errors
/// [`ShapeError::Length`] where `b` has not as many rows as `a`; nothing is changed then.
///
/// ```
/// use femto::matmul::{self, Penalty};
/// use femto::optimizer::{Optimizer, Sgd};
///
/// let mut weights = [[1.0, 1.0]];
/// let mut sgd = Optimizer::new(Sgd::new(0.5));
/// let (inputs, deltas) = ([[1.0], [2.0]], [[1.0, 0.0], [0.0, -1.0]]);
/// matmul::tn_into(femto::Level::detect(), &inputs, &deltas, sgd.sink(&mut weights, Penalty::NONE))?;
/// assert_eq!(weights, [[0.5, 2.0]]); // w - 0.5 x^T delta
/// # Ok::<(), femto::ShapeError>(())
/// ```
pub fn tn_into<K: Sink, const M: usize, const N: usize>(
    level: Level,
    a: &[[f32; M]],
    b: &[[f32; N]],
    part: SinkPart<'_, K, [[f32; N]; M]>,
) -> Result<(), ShapeError> {
    if a.len() != b.len() {
        return Err(ShapeError::Length { operand: "b", expected: a.len(), found: b.len() });
    }
    dispatch!(level, s => gradient_rows(s, 0..M, Rows::new(a), Rows::new(b), part));
    Ok(())
}

/// [`nt`] with sizes that the compiler knows and checks.
///
/// ```
/// use femto::matmul::{self, Start};
///
/// let mut c = [[0.0; 2]; 1];
/// matmul::nt_fixed(femto::Level::detect(), &[[1.0, 2.0]], &[[3.0, 4.0], [5.0, 6.0]], Start::Zero, &mut c);
/// assert_eq!(c, [[11.0, 17.0]]);
/// ```
pub fn nt_fixed<const M: usize, const K: usize, const N: usize>(
    level: Level,
    a: &[[f32; K]; M],
    b: &[[f32; K]; N],
    start: Start<'_, [f32; N]>,
    c: &mut [[f32; N]; M],
) {
    let operands = Operands { m: M, k: K, n: N, a: a.as_ptr().cast(), lda: K, b: b.as_ptr().cast(), ldb: K };
    // SAFETY: the shapes fit by their types, and the three borrows cannot overlap.
    dispatch!(level, s => unsafe {
        product::nt(s, &operands, &mut Output::<Identity>::new(start.values(), c.as_mut_ptr().cast(), N));
    });
}
