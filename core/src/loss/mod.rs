//! Loss functions: the value of a row and its gradient.
//!
//! | type | value of a row of n outputs y with target t | gradient |
//! |---|---|---|
//! | [`MeanSquaredError`] | 1/n sum (y - t)^2 | 2/n (y - t) |
//! | [`SumSquaredError`] | sum (y - t)^2 | 2 (y - t) |
//! | [`HalfSquaredError`] | 1/2 sum (y - t)^2 | y - t |
//! | [`MeanAbsoluteError`] | 1/n sum abs(y - t) | 1/n sign(y - t) |
//! | [`BinaryCrossEntropy`] | -1/n sum t ln p + (1 - t) ln(1 - p), p = sigmoid(y) | 1/n (p - t) |
//! | [`CrossEntropy`] | -sum t ln p, p = softmax(y) | p - t |
//!
//! A batch takes the mean or the sum of its rows, and a part of a batch its share of the mean ([`Reduction`]):
//! `MeanSquaredError` with [`Reduction::Mean`] is the
//! usual MSE, `SumSquaredError` with [`Reduction::Sum`] the sum of squared residuals (SSR), `HalfSquaredError` with
//! [`Reduction::Mean`] the form 1/(2m). The cross-entropies take *logits*, the outputs of a layer without activation:
//! fused with sigmoid and softmax they are stable for logits of any size, and their gradient is prediction - target.

mod cross_entropy;
mod distance;

pub use cross_entropy::{BinaryCrossEntropy, CrossEntropy};
pub use distance::{HalfSquaredError, MeanAbsoluteError, MeanSquaredError, SumSquaredError};

use crate::simd::Simd;

/// How the losses of the rows of a batch become one number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reduction {
    /// Their sum divided by the number of rows.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// Their sum divided by this number, which counts the rows of the whole batch where only a part of it is given at a
    /// time; 0 counts as 1. See [`crate::Net::gradient`].
    MeanOf(usize),
}

impl Reduction {
    /// By what the sum over `rows` rows is divided.
    #[inline(always)]
    pub(crate) fn divisor(self, rows: usize) -> f32 {
        match self {
            Self::Mean => rows as f32,
            Self::Sum => 1.0,
            Self::MeanOf(rows) => rows.max(1) as f32,
        }
    }
}

/// A loss on rows with targets of type `T`: an array of as many numbers as the row has, or the index of a class.
pub trait Loss<T>: Copy {
    /// Whether the target makes sense for a row of `outputs` numbers; a class index may be too large.
    #[must_use]
    fn accepts(target: &T, outputs: usize) -> bool;

    /// The loss of the outputs `y`.
    fn value<S: Simd>(self, s: S, y: &[f32], target: &T) -> f32;

    /// The loss of the outputs `y`; `delta`, of the same length, becomes its gradient times `scale`.
    fn gradient<S: Simd>(self, s: S, y: &[f32], target: &T, scale: f32, delta: &mut [f32]) -> f32;

    /// [`Self::gradient`] of many rows, with the same bits. A loss has its own where work can be shared among rows.
    #[inline(always)]
    fn gradients<'a, S: Simd>(self, s: S, rows: impl Iterator<Item = LossRow<'a, T>>, scale: f32)
    where
        T: 'a,
    {
        for row in rows {
            *row.loss = self.gradient(s, row.outputs, row.target, scale, row.delta);
        }
    }
}

/// A row of [`Loss::gradients`].
#[derive(Debug)]
pub struct LossRow<'a, T> {
    /// The outputs of the network.
    pub outputs: &'a [f32],
    /// What they should have been.
    pub target: &'a T,
    /// Becomes the gradient; as long as `outputs`.
    pub delta: &'a mut [f32],
    /// Becomes the loss.
    pub loss: &'a mut f32,
}
