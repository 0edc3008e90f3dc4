//! Softplus, and what its derivative needs.

use super::{exp_of_nonpositive, horner};
use crate::simd::Simd;

/// Q with ln(1 + e) = e + e^2 Q(e) for e in [0, 1].
const Q: [u32; 9] = [
    0xbeff_ffdf,
    0x3eaa_a640,
    0xbe7f_87cc,
    0x3e49_7b7c,
    0xbe1c_bb4b,
    0x3dd9_2be5,
    0xbd69_530e,
    0x3ca2_a4cd,
    0xbb54_a392,
];

/// ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|).
///
/// Worst error: see the [table](crate::math). Special values: NaN gives NaN, +inf gives +inf, -inf gives 0;
/// x < -87.336540 gives 0, since the result would be subnormal.
#[inline(always)]
pub fn softplus<S: Simd>(s: S, x: S::Vector) -> S::Vector {
    let (ramp, log1p) = softplus_parts(s, x);
    s.add(ramp, log1p)
}

/// The summands of softplus: max(x, 0), NaN kept, and ln(1 + e^-|x|).
#[inline(always)]
pub(crate) fn softplus_parts<S: Simd>(s: S, x: S::Vector) -> (S::Vector, S::Vector) {
    let e = exp_of_nonpositive(s, s.neg(s.abs(x)));
    let log1p = s.mac(s.mul(horner(s, e, &Q), e), e, e);
    (s.larger(x, s.splat(0.0)), log1p)
}

/// The Taylor coefficients of (1 - e^-y) / y - 1 + y/2, from y^2 on: 1/3!, -1/4! ... The first term left out is
/// below 2^-26 of the result for y < 1/2.
const TAYLOR: [f32; 6] = [1.0 / 6.0, -1.0 / 24.0, 1.0 / 120.0, -1.0 / 720.0, 1.0 / 5040.0, -1.0 / 40320.0];

/// 1 - e^-y for y >= 0: the slope of softplus, sigmoid(x), from its output y = softplus(x), without cancellation
/// where y is small.
#[inline(always)]
pub(crate) fn one_minus_exp_of_negated<S: Simd>(s: S, y: S::Vector) -> S::Vector {
    let one = s.splat(1.0);
    let mut p = s.splat(TAYLOR[TAYLOR.len() - 1]);
    for c in TAYLOR.iter().rev().skip(1) {
        p = s.mac(p, y, s.splat(*c));
    }
    let p = s.mac(s.mac(p, y, s.splat(-0.5)), y, one);
    let large = s.sub(one, exp_of_nonpositive(s, s.neg(y)));
    s.select(s.lt(y, s.splat(0.5)), s.mul(p, y), large)
}
