//! What is done to finished outputs while they are still in registers.

use crate::simd::Simd;

/// Applied once to each output of a product, after its chain is complete.
///
/// Only what takes an instruction or two is here: the code is repeated for every register of every tile. Longer
/// functions run over the rows of a tile right after it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Epilogue {
    /// The sum itself.
    Keep,
    /// Negative sums become 0; NaN stays NaN.
    Rectify,
}

/// 0 for x < 0, else x; NaN stays NaN.
#[inline(always)]
pub(crate) fn rectify<S: Simd>(s: S, x: S::Vector) -> S::Vector {
    s.larger(x, s.splat(0.0))
}
