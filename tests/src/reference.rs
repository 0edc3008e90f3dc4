//! The bit contract in its plainest form: one chain for each output, one number at a time.

use femto::Arithmetic;

/// `a * b + c` in the arithmetic class, from the standard library's correctly rounded operations.
#[must_use]
pub fn mac(arithmetic: Arithmetic, a: f32, b: f32, c: f32) -> f32 {
    match arithmetic {
        Arithmetic::Fused => a.mul_add(b, c),
        Arithmetic::Unfused => a * b + c,
    }
}

/// Row-major matrices as the products name them: `a` with `b`, into an output that starts at `start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `a` m x k, `b` k x n.
    Nn,
    /// `a` k x m, `b` k x n.
    Tn,
    /// `a` m x k, `b` n x k.
    Nt,
}

/// Rows, steps and columns of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows of the output.
    pub m: usize,
    /// Length of the chains.
    pub k: usize,
    /// Columns of the output.
    pub n: usize,
}

/// The product of dense matrices, one chain after the other: `start` (m x n), then one multiply-accumulate for each
/// k, ascending.
#[must_use]
pub fn product(
    arithmetic: Arithmetic,
    form: Form,
    size: Size,
    a: &[f32],
    b: &[f32],
    start: &[f32],
) -> Vec<f32> {
    let Size { m, k, n } = size;
    let mut c = start.to_vec();
    for i in 0..m {
        for j in 0..n {
            let mut acc = c[i * n + j];
            for step in 0..k {
                let (x, y) = match form {
                    Form::Nn => (a[i * k + step], b[step * n + j]),
                    Form::Tn => (a[step * m + i], b[step * n + j]),
                    Form::Nt => (a[i * k + step], b[j * k + step]),
                };
                acc = mac(arithmetic, x, y, acc);
            }
            c[i * n + j] = acc;
        }
    }
    c
}
