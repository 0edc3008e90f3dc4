//! The natural logarithm.

use super::{LN2_HI, LN2_LO, horner};
use crate::simd::Simd;

/// P with ln(1 + f) = f - f^2/2 + f^3 P(f) for 1 + f in [sqrt(1/2), sqrt(2)).
const P: [u32; 8] =
    [0x3eaa_aaa5, 0xbe80_010f, 0x3e4c_d2c6, 0xbe2a_3c66, 0x3e11_37aa, 0xbe06_6faa, 0x3e03_e4c6, 0xbda0_f099];
const TWO_POW_23: f32 = 8_388_608.0;

/// ln x.
///
/// x = m 2^k with m in [sqrt(1/2), sqrt(2)), f = m - 1; a polynomial of degree 10 for ln(1 + f), then k ln 2 in two
/// parts. Subnormal x is scaled up first, so it is as accurate as the rest.
///
/// Worst error: see the [table](crate::math). Special values: NaN and x < 0 give NaN, +-0 gives -inf, +inf gives +inf.
#[inline(always)]
pub fn ln<S: Simd>(s: S, x: S::Vector) -> S::Vector {
    let zero = s.splat(0.0);
    let is_subnormal = s.lt(x, s.splat(f32::MIN_POSITIVE));
    let (m, k) = s.mantissa_exponent(s.select(is_subnormal, s.mul(x, s.splat(TWO_POW_23)), x));
    let k = s.select(is_subnormal, s.sub(k, s.splat(23.0)), k);
    let f = s.sub(m, s.splat(1.0));
    let z = s.mul(f, f);
    let p = s.mul(horner(s, f, &P), f);
    let t = s.mac(p, z, s.mul(k, s.splat(LN2_LO)));
    let t = s.mac(s.splat(-0.5), z, t);
    let y = s.mac(k, s.splat(LN2_HI), s.add(f, t));
    // From here on the cases that the reduction does not know: +inf and NaN, 0, negative numbers.
    let y = s.select(s.lt(zero, x), y, s.splat(f32::NEG_INFINITY));
    let y = s.select(s.lt(x, s.splat(f32::INFINITY)), y, x);
    s.select(s.lt(x, zero), s.splat(f32::NAN), y)
}
