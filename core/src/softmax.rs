//! Softmax over a row, and the product with its Jacobian.

use crate::math::{exp_of_nonpositive, ln};
use crate::matmul::ShapeError;
use crate::simd::{self, Level, Simd, dispatch};

/// Replaces a row of logits by its softmax, `p_i = e^(x_i - max) / sum_j e^(x_j - max)`.
///
/// The maximum and the sum are taken in 16 virtual lanes, the division is the IEEE one. Finite logits of any size give
/// probabilities; a NaN logit, a +inf, or all -inf make the whole row NaN. An empty row stays empty.
///
/// ```
/// let mut row = [1000.0, 1000.0, -1000.0];
/// femto::softmax::softmax(femto::Level::detect(), &mut row);
/// assert_eq!(row, [0.5, 0.5, 0.0]);
/// ```
pub fn softmax(level: Level, row: &mut [f32]) {
    dispatch!(level, s => {
        let max = s.splat(max_of(s, row));
        simd::normalize(
            s,
            row,
            [],
            #[inline(always)]
            |x, []| exp_of_nonpositive(s, s.sub(x, max)),
            #[inline(always)]
            |_, e, sum| s.div(e, sum),
        );
    });
}

/// Replaces `delta`, the gradient with respect to the probabilities `p`, by the gradient with respect to the logits:
/// `p_i (delta_i - sum_j delta_j p_j)`, the product with the Jacobian `p_i (1 - p_i)` on its diagonal, `-p_i p_j` off
/// it.
///
/// # Errors
/// [`ShapeError::Length`] where the rows differ in length; `delta` is untouched then.
///
/// ```
/// let p = [0.5, 0.5];
/// let mut delta = [1.0, 0.0];
/// femto::softmax::softmax_backward(femto::Level::detect(), &p, &mut delta)?;
/// assert_eq!(delta, [0.25, -0.25]);
/// # Ok::<(), femto::ShapeError>(())
/// ```
pub fn softmax_backward(level: Level, p: &[f32], delta: &mut [f32]) -> Result<(), ShapeError> {
    if p.len() != delta.len() {
        return Err(ShapeError::Length { operand: "delta", expected: p.len(), found: delta.len() });
    }
    dispatch!(level, s => {
        let dot = simd::fold(
            s,
            [p, delta],
            0.0,
            #[inline(always)]
            |acc, [p, d]| s.mac(p, d, acc),
            #[inline(always)]
            |a, b| s.add(a, b),
        );
        let dot = s.splat(dot);
        simd::zip(s, delta, [p], #[inline(always)] |d, [p]| s.mul(p, s.sub(d, dot)));
    });
    Ok(())
}

/// What the softmax of a row needs besides its exponentials.
#[derive(Clone, Copy)]
pub(crate) struct RowSums {
    /// The largest logit.
    pub(crate) max: f32,
    /// The sum of `e^(x - max)`.
    pub(crate) sum: f32,
}

impl RowSums {
    /// ln of the sum of `e^(x - max)`; the log-probability of a logit x is `x - max` less this.
    #[inline(always)]
    pub(crate) fn log_sum<S: Simd>(self, s: S) -> f32 {
        first_lane(s, ln(s, s.splat(self.sum)))
    }
}

/// One lane of a vector whose lanes are all equal.
#[inline(always)]
pub(crate) fn first_lane<S: Simd>(s: S, v: S::Vector) -> f32 {
    s.fold_lanes(
        v,
        #[inline(always)]
        |a, _| a,
    )
}

/// Writes `finish(i, e, sum)` of the exponentials `e = e^(x - max)` of the logits, from index `i` on, and of their sum
/// to `out`, of the same length.
#[inline(always)]
pub(crate) fn exp_row_into<S: Simd>(
    s: S,
    logits: &[f32],
    out: &mut [f32],
    finish: impl Fn(usize, S::Vector, S::Vector) -> S::Vector,
) -> RowSums {
    let max = max_of(s, logits);
    let max_v = s.splat(max);
    let sum = simd::normalize(
        s,
        out,
        [logits],
        #[inline(always)]
        |_, [x]| exp_of_nonpositive(s, s.sub(x, max_v)),
        finish,
    );
    RowSums { max, sum }
}

/// The largest number of a row in 16 virtual lanes, NaN passed over; -inf where there is none.
#[inline(always)]
pub(crate) fn max_of<S: Simd>(s: S, row: &[f32]) -> f32 {
    simd::fold(
        s,
        [row],
        f32::NEG_INFINITY,
        #[inline(always)]
        |acc, [x]| s.larger(acc, x),
        #[inline(always)]
        |a, b| s.larger(a, b),
    )
}
