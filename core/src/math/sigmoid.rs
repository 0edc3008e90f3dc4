//! The logistic sigmoid.

use super::exp_of_nonpositive;
use crate::simd::{Arithmetic, Class, Simd};

/// 1 / (1 + e^-x).
///
/// With e = e^-|x| the smaller side is q = e / (1 + e), the larger 1 - q. Fused arithmetic corrects q by the residual
/// of the sum and of the division; unfused arithmetic cannot compute that residual and divides once.
///
/// Worst error: see the [table](crate::math). Special values: NaN gives NaN, +inf gives 1, -inf gives 0;
/// x < -87.336540 gives 0, since the result would be subnormal.
#[inline(always)]
pub fn sigmoid<S: Simd>(s: S, x: S::Vector) -> S::Vector {
    let one = s.splat(1.0);
    let e = exp_of_nonpositive(s, s.neg(s.abs(x)));
    let d = s.add(one, e);
    let q = match S::Class::ARITHMETIC {
        Arithmetic::Unfused => s.div(e, d),
        Arithmetic::Fused => {
            // 1 + e = d + t exactly, and e/(d + t) = q0 + (e - q0 d - q0 t) / (d + t).
            let t = s.sub(e, s.sub(d, one));
            let inverse = s.div(one, d);
            let q0 = s.mul(e, inverse);
            let minus_q0 = s.neg(q0);
            let residual = s.mac(minus_q0, t, s.mac(minus_q0, d, e));
            s.mac(residual, inverse, q0)
        }
    };
    s.select(s.lt(x, s.splat(0.0)), q, s.sub(one, q))
}
