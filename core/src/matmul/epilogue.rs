//! What is done to finished outputs while they are still in registers.

use crate::simd::Simd;

/// Applied once to each output, after its chain is complete.
///
/// Only what takes an instruction or two belongs here: the code is repeated for every register of every tile. Longer
/// functions run over the rows of a tile right after it is stored ([`super::drive::Destination::finish`]).
pub trait Epilogue: Copy {
    /// The output from the finished sum.
    fn apply<S: Simd>(s: S, v: S::Vector) -> S::Vector;
}

/// The sum itself.
#[derive(Clone, Copy, Debug)]
pub struct Keep;

impl Epilogue for Keep {
    #[inline(always)]
    fn apply<S: Simd>(_s: S, v: S::Vector) -> S::Vector {
        v
    }
}

/// Negative sums become 0; NaN stays NaN.
#[derive(Clone, Copy, Debug)]
pub struct Rectify;

impl Epilogue for Rectify {
    #[inline(always)]
    fn apply<S: Simd>(s: S, v: S::Vector) -> S::Vector {
        let zero = s.splat(0.0);
        s.select(s.lt(v, zero), zero, v)
    }
}
