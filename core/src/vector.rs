//! Vectors of any length: dot products, norms, and the few steps that algorithms over whole tensors are made of.
//!
//! Sums are taken in 16 virtual lanes and a fixed tree, so each result has the same bits on every level of a class. Only
//! that of [`norm`] is scaled: in the others the product of numbers beyond 1.8e19 overflows.

use crate::matmul::ShapeError;
use crate::simd::{self, Level, Simd, dispatch};

/// The dot product, `sum_i a_i b_i`; +0 for empty vectors.
///
/// # Errors
/// [`ShapeError::Length`] where the vectors differ in length.
///
/// ```
/// let dot = femto::vector::dot(femto::Level::detect(), &[1.0, 2.0], &[3.0, -1.0])?;
/// assert_eq!(dot, 1.0);
/// # Ok::<(), femto::ShapeError>(())
/// ```
pub fn dot(level: Level, a: &[f32], b: &[f32]) -> Result<f32, ShapeError> {
    same_length("b", a, b)?;
    Ok(sum_of_products(level, a, b))
}

/// The sum, `sum_i a_i`; +0 for an empty vector.
///
/// ```
/// assert_eq!(femto::vector::sum(femto::Level::detect(), &[1.0, -3.0]), -2.0);
/// ```
#[must_use]
pub fn sum(level: Level, a: &[f32]) -> f32 {
    dispatch!(level, s => simd::sum(s, a))
}

/// The sum of magnitudes, `sum_i |a_i|`: the 1-norm; +0 for an empty vector.
///
/// ```
/// assert_eq!(femto::vector::sum_abs(femto::Level::detect(), &[1.0, -3.0]), 4.0);
/// ```
#[must_use]
pub fn sum_abs(level: Level, a: &[f32]) -> f32 {
    dispatch!(level, s => simd::fold(
        s,
        [a],
        0.0,
        #[inline(always)]
        |acc, [x]| s.add(acc, s.abs(x)),
        #[inline(always)]
        |a, b| s.add(a, b),
    ))
}

/// The largest magnitude, `max_i |a_i|`: the maximum norm; +0 for an empty vector, NaN where any number is NaN.
///
/// ```
/// use femto::vector::max_abs;
///
/// let level = femto::Level::detect();
/// assert_eq!(max_abs(level, &[1.0, -3.0]), 3.0);
/// assert!(max_abs(level, &[1.0, f32::NAN, 2.0]).is_nan());
/// ```
#[must_use]
pub fn max_abs(level: Level, a: &[f32]) -> f32 {
    dispatch!(level, s => largest_magnitude(s, a))
}

/// The length, `sqrt(sum_i a_i^2)`, the norm of Euclid: +0 for an empty vector, NaN where a number is NaN, else inf where
/// one is infinite or where the norm is beyond the largest f32.
///
/// Where the sum of squares overflows or is so small that squares may have been lost, they are summed once more of numbers
/// scaled by a power of two, which rounds nothing.
///
/// ```
/// use femto::vector::norm;
///
/// let level = femto::Level::detect();
/// assert_eq!(norm(level, &[3.0, -4.0]), 5.0);
/// assert!((norm(level, &[3e30, 4e30]) / 5e30 - 1.0).abs() < 1e-6);
/// ```
#[must_use]
pub fn norm(level: Level, a: &[f32]) -> f32 {
    dispatch!(level, s => norm_of(s, a))
}

/// Multiplies each number by `factor`.
///
/// ```
/// let mut x = [1.0, -3.0];
/// femto::vector::scale(femto::Level::detect(), 2.0, &mut x);
/// assert_eq!(x, [2.0, -6.0]);
/// ```
pub fn scale(level: Level, factor: f32, x: &mut [f32]) {
    dispatch!(level, s => simd::map(s, x, #[inline(always)] |x| s.mul(s.splat(factor), x)));
}

/// Adds a multiple of another vector, `y = factor x + y`, one multiply-accumulate for each number.
///
/// # Errors
/// [`ShapeError::Length`] where the vectors differ in length; `y` is untouched then.
///
/// ```
/// let mut y = [1.0, 2.0];
/// femto::vector::axpy(femto::Level::detect(), -2.0, &[1.0, 10.0], &mut y)?;
/// assert_eq!(y, [-1.0, -18.0]);
/// # Ok::<(), femto::ShapeError>(())
/// ```
pub fn axpy(level: Level, factor: f32, x: &[f32], y: &mut [f32]) -> Result<(), ShapeError> {
    same_length("y", x, y)?;
    dispatch!(level, s => simd::zip(s, y, [x], #[inline(always)] |y, [x]| s.mac(s.splat(factor), x, y)));
    Ok(())
}

/// The dot product of vectors of one length.
fn sum_of_products(level: Level, a: &[f32], b: &[f32]) -> f32 {
    dispatch!(level, s => simd::fold(
        s,
        [a, b],
        0.0,
        #[inline(always)]
        |acc, [a, b]| s.mac(a, b, acc),
        #[inline(always)]
        |a, b| s.add(a, b),
    ))
}

/// A sum of squares that is this large has lost nothing that counts: squares below 2^-126 are off by 2^-150 at the most.
const SMALLEST_SAFE: f32 = 1.0 / (1_u64 << 60) as f32;

#[inline(always)]
pub(crate) fn norm_of<S: Simd>(s: S, xs: &[f32]) -> f32 {
    let squares = sum_of_squares(s, xs, 1.0);
    if (SMALLEST_SAFE..f32::INFINITY).contains(&squares) || squares.is_nan() {
        return libm::sqrtf(squares);
    }
    let largest = largest_magnitude(s, xs);
    if largest == 0.0 || largest == f32::INFINITY {
        return largest;
    }
    // The power of two that takes the largest to 1..4, or up from a subnormal as far as there are powers.
    let exponent = largest.to_bits() >> 23;
    let scale = f32::from_bits(254_u32.saturating_sub(exponent).max(1) << 23);
    libm::sqrtf(sum_of_squares(s, xs, scale)) / scale
}

/// The sum of `(scale x)^2`.
#[inline(always)]
fn sum_of_squares<S: Simd>(s: S, xs: &[f32], scale: f32) -> f32 {
    let scale = s.splat(scale);
    simd::fold(
        s,
        [xs],
        0.0,
        #[inline(always)]
        |acc, [x]| {
            let x = s.mul(x, scale);
            s.mac(x, x, acc)
        },
        #[inline(always)]
        |a, b| s.add(a, b),
    )
}

/// The largest magnitude; 0 for an empty slice, NaN where a number is NaN.
#[inline(always)]
fn largest_magnitude<S: Simd>(s: S, xs: &[f32]) -> f32 {
    simd::fold(
        s,
        [xs],
        0.0,
        #[inline(always)]
        |acc, [x]| larger_or_nan(s, acc, s.abs(x)),
        #[inline(always)]
        |a, b| larger_or_nan(s, a, b),
    )
}

/// The larger of numbers that are not negative; NaN where either is.
#[inline(always)]
fn larger_or_nan<S: Simd>(s: S, a: S::Vector, b: S::Vector) -> S::Vector {
    // A NaN in `a` stays by itself; the sum brings in one of `b`, and makes infinity of infinity.
    s.select(s.lt(b, s.splat(f32::INFINITY)), s.larger(a, b), s.add(a, b))
}

const fn same_length(operand: &'static str, expected: &[f32], found: &[f32]) -> Result<(), ShapeError> {
    if expected.len() == found.len() {
        Ok(())
    } else {
        Err(ShapeError::Length { operand, expected: expected.len(), found: found.len() })
    }
}
