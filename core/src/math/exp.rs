//! The exponential.

use super::{LN2_HI, LN2_LO, horner};
use crate::simd::{ROUNDING_MAGIC, Simd};

/// 1 / ln 2.
const LOG2_E: f32 = f32::from_bits(0x3fb8_aa3b);
/// P with e^r = 1 + r + r^2 P(r) for |r| <= ln(2) / 2.
const P: [u32; 5] = [0x3eff_fffe, 0x3e2a_aa49, 0x3d2a_ac7a, 0x3c09_1d0f, 0x3ab5_11b7];
/// The smallest x whose exponential is not below 2^-126.
const SMALLEST: f32 = f32::from_bits(0xc2ae_ac4f);
/// The largest x whose exponential is finite.
const LARGEST: f32 = f32::from_bits(0x42b1_7217);

/// e^x.
///
/// x = k ln 2 + r with whole k and |r| <= ln(2)/2; a polynomial of degree 6 for e^r, then an exact scaling by 2^k.
///
/// Worst error: see the [table](crate::math). Special values: NaN gives NaN, +inf gives +inf, -inf gives 0;
/// x > 88.722839 overflows to +inf; x < -87.336540 gives 0, since the result would be subnormal.
#[inline(always)]
pub fn exp<S: Simd>(s: S, x: S::Vector) -> S::Vector {
    let t = s.mac(x, s.splat(LOG2_E), s.splat(ROUNDING_MAGIC));
    let y = s.scale_far(of_reduced(s, x, t), t);
    let y = s.select(s.lt(s.splat(LARGEST), x), s.splat(f32::INFINITY), y);
    s.select(s.lt(x, s.splat(SMALLEST)), s.splat(0.0), y)
}

/// e^x for x <= 0 or NaN, the same bits as [`exp`] there: no overflow to look after.
#[inline(always)]
pub(crate) fn exp_of_nonpositive<S: Simd>(s: S, x: S::Vector) -> S::Vector {
    let t = s.mac(x, s.splat(LOG2_E), s.splat(ROUNDING_MAGIC));
    let y = s.scale(of_reduced(s, x, t), t);
    s.select(s.lt(x, s.splat(SMALLEST)), s.splat(0.0), y)
}

/// e^r for x = k ln 2 + r, with t = `ROUNDING_MAGIC` + k.
#[inline(always)]
fn of_reduced<S: Simd>(s: S, x: S::Vector, t: S::Vector) -> S::Vector {
    let k = s.sub(t, s.splat(ROUNDING_MAGIC));
    let r = s.mac(k, s.splat(-LN2_HI), x);
    let r = s.mac(k, s.splat(-LN2_LO), r);
    let p = s.mac(horner(s, r, &P), r, s.splat(1.0));
    s.mac(p, r, s.splat(1.0))
}
