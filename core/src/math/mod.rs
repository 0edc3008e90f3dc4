//! Elementary functions of vectors: exp, ln, tanh, sigmoid, softplus.
//!
//! One coefficient table and one order of operations for all instruction sets; no branch depends on a neighbour;
//! division is the IEEE instruction. So a class has one result for each input, everywhere. The coefficients are
//! minimax fits (Remez exchange) to the reduced functions, given as f32 bit patterns.
//!
//! | function | worst error, fused | unfused |
//! |---|---|---|
//! | [`exp()`] | 0.90 ulp | 1.20 ulp |
//! | [`ln()`] | 0.90 ulp | 0.90 ulp |
//! | [`tanh()`] | 1.45 ulp | 1.50 ulp |
//! | [`sigmoid()`] | 1.50 ulp | 2.45 ulp |
//! | [`softplus()`] | 2.40 ulp | 2.75 ulp |
//!
//! An ulp is a unit in the last place of the exact result rounded to f32. The bounds are tested on a sample of all bit
//! patterns in every run, and on all 2^32 by `cargo test --release -p femto-tests --test math -- --ignored`, which held
//! on all levels of x86-64 (2026-11-22; the largest found were 0.894, 0.866, 1.431, 1.480, 2.334 ulp fused and 1.164,
//! 0.866, 1.480, 2.402, 2.670 unfused, in the order of the table).
//! Exponentials, sigmoids and softplus below 2^-126, which would be subnormal, are 0 by definition.

mod exp;
mod ln;
mod sigmoid;
mod softplus;
mod tanh;

pub use exp::exp;
pub(crate) use exp::exp_of_nonpositive;
pub use ln::ln;
pub use sigmoid::sigmoid;
pub use softplus::softplus;
pub(crate) use softplus::{one_minus_exp_of_negated, softplus_parts};
pub use tanh::tanh;

use crate::simd::{self, Level, Simd, dispatch};

/// ln 2 = HI + LO; HI has so few bits that k * HI is exact for every exponent k, in both classes.
const LN2_HI: f32 = f32::from_bits(0x3f31_7200);
const LN2_LO: f32 = f32::from_bits(0x35bf_be8e);

/// The polynomial `c[0] + c[1] x + c[2] x^2 ...` by Horner's rule in multiply-accumulates.
#[inline(always)]
fn horner<S: Simd, const N: usize>(s: S, x: S::Vector, coefficients: &[u32; N]) -> S::Vector {
    let mut acc = s.splat(0.0);
    let mut first = true;
    for bits in coefficients.iter().rev() {
        let c = s.splat(f32::from_bits(*bits));
        acc = if first { c } else { s.mac(acc, x, c) };
        first = false;
    }
    acc
}

macro_rules! slice_entries {
    ($($(#[$doc:meta])* $name:ident = $kernel:path;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(level: Level, xs: &mut [f32]) {
                dispatch!(level, s => simd::map(s, xs, #[inline(always)] |x| $kernel(s, x)));
            }
        )*
    };
}

slice_entries! {
    /// Replaces each element by its exponential; see [`exp`] for errors and special values.
    ///
    /// ```
    /// let mut xs = [0.0, 1.0, f32::NEG_INFINITY];
    /// femto::math::exp_slice(femto::Level::detect(), &mut xs);
    /// assert_eq!(xs, [1.0, core::f32::consts::E, 0.0]);
    /// ```
    exp_slice = exp;
    /// Replaces each element by its natural logarithm; see [`ln`] for errors and special values.
    ///
    /// ```
    /// let mut xs = [1.0, 0.0, f32::INFINITY];
    /// femto::math::ln_slice(femto::Level::detect(), &mut xs);
    /// assert_eq!(xs, [0.0, f32::NEG_INFINITY, f32::INFINITY]);
    /// ```
    ln_slice = ln;
    /// Replaces each element by its hyperbolic tangent; see [`tanh`] for errors and special values.
    ///
    /// ```
    /// let mut xs = [0.0, 40.0, -40.0];
    /// femto::math::tanh_slice(femto::Level::detect(), &mut xs);
    /// assert_eq!(xs, [0.0, 1.0, -1.0]);
    /// ```
    tanh_slice = tanh;
    /// Replaces each element by its logistic sigmoid; see [`sigmoid`] for errors and special values.
    ///
    /// ```
    /// let mut xs = [0.0, 40.0, -200.0];
    /// femto::math::sigmoid_slice(femto::Level::detect(), &mut xs);
    /// assert_eq!(xs, [0.5, 1.0, 0.0]);
    /// ```
    sigmoid_slice = sigmoid;
    /// Replaces each element by its softplus; see [`softplus`] for errors and special values.
    ///
    /// ```
    /// let mut xs = [0.0, 40.0, -200.0];
    /// femto::math::softplus_slice(femto::Level::detect(), &mut xs);
    /// assert_eq!(xs, [core::f32::consts::LN_2, 40.0, 0.0]);
    /// ```
    softplus_slice = softplus;
}
