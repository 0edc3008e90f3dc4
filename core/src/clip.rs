//! Gradient clipping: by the norm of the whole gradient, by the norm of each tensor, by value.
//!
//! | function | what it limits | as in PyTorch |
//! |---|---|---|
//! | [`clip_norm`] | the norm of the whole gradient; its direction stays | `clip_grad_norm_` of all parameters |
//! | [`clip_tensor_norms`] | the norm of each weight matrix and each bias | `clip_grad_norm_` of one at a time |
//! | [`clip_value`] | each number; the direction changes | `clip_grad_value_` |
//!
//! The norm is that of Euclid (Pascanu, Mikolov and Bengio, 2013). Clip between [`crate::Net::gradient`] and
//! [`crate::optimizer::Optimizer::apply`]: a step in place never has the whole gradient.
//!
//! ```
//! use femto::clip::clip_norm;
//! use femto::layer::Dense;
//! use femto::loss::MeanSquaredError;
//! use femto::optimizer::{Optimizer, Sgd};
//! use femto::train::Objective;
//! use femto::{Flat, Level, net};
//!
//! type Line = net![Dense<1, 1>];
//! let level = Level::detect();
//! let (mut line, mut gradient) = (Line::ZERO, Line::ZERO);
//! let mut sgd = Optimizer::new(Sgd::new(0.1));
//! let mut tape = [Line::TAPE; 2];
//! let objective = Objective::mean(MeanSquaredError);
//! line.gradient(level, &objective, &[[3.0], [4.0]], &[[300.0], [400.0]], &mut tape, &mut gradient)?;
//! let norm = clip_norm(level, &mut gradient, 1.0);
//! assert!(norm > 2500.0); // before clipping
//! sgd.apply(level, &mut line, &gradient);
//! assert!(line.as_slice()[0] < 0.1);
//! # Ok::<(), femto::train::BatchError>(())
//! ```

use crate::flat::Flat;
use crate::layer::{Layer, Net};
use crate::simd::{self, Level, Simd, dispatch};
use crate::vector::{self, norm_of};

/// What [`clip_norm`] adds to the norm before it divides by it; PyTorch's.
pub const EPSILON: f32 = 1e-6;

/// [`vector::norm`] of all numbers of a gradient: numbers of 1e30 and of 1e-30 have the norm that they should.
///
/// ```
/// use femto::{Level, clip};
///
/// assert_eq!(clip::norm(Level::detect(), &[3.0, -4.0]), 5.0);
/// ```
#[must_use]
pub fn norm<P: Flat>(level: Level, gradient: &P) -> f32 {
    vector::norm(level, gradient.as_slice())
}

/// Multiplies the gradient by `max_norm / (norm + 1e-6)` where that is below 1, so that its norm becomes `max_norm` at
/// the most; returns the norm before.
///
/// A gradient whose norm is not finite is left as it is, and the norm that is returned tells: leave out the step. A
/// `max_norm` of 0 or less makes the gradient 0; inf or NaN clips nothing and still measures.
///
/// PyTorch takes the norm of the norms of the tensors: the same number, rounded otherwise.
///
/// ```
/// use femto::clip::clip_norm;
///
/// let mut gradient = [3.0, -4.0];
/// let norm = clip_norm(femto::Level::detect(), &mut gradient, 0.5);
/// assert_eq!(norm, 5.0);
/// assert!((gradient[0] - 0.3).abs() < 1e-6 && (gradient[1] + 0.4).abs() < 1e-6);
/// ```
pub fn clip_norm<P: Flat>(level: Level, gradient: &mut P, max_norm: f32) -> f32 {
    clip_norm_slice(level, gradient.as_mut_slice(), max_norm)
}

/// [`clip_norm`] of a slice.
///
/// ```
/// use femto::clip::clip_norm_slice;
///
/// let mut gradient = [0.3, -0.4];
/// clip_norm_slice(femto::Level::detect(), &mut gradient, 1.0);
/// assert_eq!(gradient, [0.3, -0.4]); // short enough
/// ```
pub fn clip_norm_slice(level: Level, gradient: &mut [f32], max_norm: f32) -> f32 {
    dispatch!(level, s => {
        let norm = norm_of(s, gradient);
        let coefficient = if max_norm <= 0.0 { 0.0 } else { max_norm / (norm + EPSILON) };
        if norm.is_finite() && coefficient < 1.0 {
            let coefficient = s.splat(coefficient);
            simd::map(s, gradient, #[inline(always)] |g| s.mul(g, coefficient));
        }
        norm
    })
}

/// [`clip_norm`] of each tensor of the gradient by itself: each weight matrix, each row of biases. Returns the largest
/// of their norms before, NaN where one of them is NaN.
///
/// A tensor whose norm is not finite is left as it is; the others are clipped all the same.
///
/// ```
/// use femto::clip::clip_tensor_norms;
/// use femto::layer::Dense;
/// use femto::{Flat, Level, net};
///
/// type Line = net![Dense<2, 1>];
/// let mut gradient = Line::ZERO;
/// gradient.as_mut_slice().copy_from_slice(&[3.0, 4.0, 0.25]);
/// let largest = clip_tensor_norms(Level::detect(), &mut gradient, 2.5);
/// assert_eq!(largest, 5.0);
/// assert!((gradient.layers.weights[0][0] - 1.5).abs() < 1e-6);
/// assert_eq!(gradient.layers.biases, [0.25]);
/// ```
pub fn clip_tensor_norms<L: Layer>(level: Level, gradient: &mut Net<L>, max_norm: f32) -> f32 {
    let mut largest = 0.0;
    gradient.for_each_tensor_mut(|_, tensor| {
        let norm = clip_norm_slice(level, tensor, max_norm);
        // NaN is larger than any other here, and stays.
        if norm > largest || norm.is_nan() {
            largest = norm;
        }
    });
    largest
}

/// Replaces each number above `max` by `max` and each below `-max` by `-max`. NaN stays NaN.
///
/// A negative `max` counts as 0; inf or NaN clips nothing.
///
/// ```
/// use femto::clip::clip_value;
///
/// let mut gradient = [3.0, -4.0, 0.25];
/// clip_value(femto::Level::detect(), &mut gradient, 0.5);
/// assert_eq!(gradient, [0.5, -0.5, 0.25]);
/// ```
pub fn clip_value<P: Flat>(level: Level, gradient: &mut P, max: f32) {
    clip_value_slice(level, gradient.as_mut_slice(), max);
}

/// [`clip_value`] of a slice.
///
/// ```
/// use femto::clip::clip_value_slice;
///
/// let mut gradient = [f32::NEG_INFINITY, f32::NAN];
/// clip_value_slice(femto::Level::detect(), &mut gradient, 0.5);
/// assert!(gradient[0] == -0.5 && gradient[1].is_nan());
/// ```
pub fn clip_value_slice(level: Level, gradient: &mut [f32], max: f32) {
    let max = if max < 0.0 { 0.0 } else { max };
    dispatch!(level, s => {
        let (above, below) = (s.splat(max), s.splat(-max));
        simd::map(s, gradient, #[inline(always)] |g| {
            let g = s.select(s.lt(above, g), above, g);
            s.select(s.lt(g, below), below, g)
        });
    });
}
