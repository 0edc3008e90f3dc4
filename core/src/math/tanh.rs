//! The hyperbolic tangent.

use super::{exp_of_nonpositive, horner};
use crate::simd::Simd;

/// Below this magnitude the odd polynomial is used, above it the exponential.
const SPLIT: f32 = 0.625;
/// Q with tanh x = x + x^3 Q(x^2) for |x| <= 0.625.
const Q: [u32; 5] = [0xbeaa_aa9a, 0x3e08_83c4, 0xbd5c_23de, 0x3ca9_3521, 0xbbbb_7c80];

/// tanh x.
///
/// An odd polynomial for |x| < 0.625; else 1 - 2e / (1 + e) with e = e^-2|x|, which rounds to 1 from 9.02 on. Odd:
/// tanh(-x) = -tanh x.
///
/// Worst error: see the [table](crate::math). Special values: NaN gives NaN, +-0 gives +-0, +-inf gives +-1.
#[inline(always)]
pub fn tanh<S: Simd>(s: S, x: S::Vector) -> S::Vector {
    let magnitude = s.abs(x);
    let square = s.mul(x, x);
    let small = s.mac(s.mul(x, square), horner(s, square, &Q), x);
    let e = exp_of_nonpositive(s, s.mul(magnitude, s.splat(-2.0)));
    let one = s.splat(1.0);
    let large = s.sub(one, s.div(s.add(e, e), s.add(one, e)));
    s.copy_sign(s.select(s.lt(magnitude, s.splat(SPLIT)), small, large), x)
}
