//! Gradient descent with momentum.

use super::{Rule, Update};
use crate::simd::Simd;

/// Gradient descent with momentum, optionally damped, optionally Nesterov's (Sutskever et al., 2013), in PyTorch's
/// form: `b = g` at the first step, later `b = momentum b + (1 - dampening) g`; then `d = b`, or `d = g + momentum b`
/// with `NESTEROV`; `w = w - lr d`.
///
/// As data (feature `serde`) both kinds look alike: the type says which it is.
///
/// One moment: b. With `momentum` 0 the dampening still applies, unlike in PyTorch, which ignores it then.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Momentum<const NESTEROV: bool = false> {
    /// Step size lr.
    pub learning_rate: f32,
    /// How much of the velocity stays; 0.9 by default.
    pub momentum: f32,
    /// What is taken from the gradient; 0 by default.
    pub dampening: f32,
}

impl Momentum {
    /// With this step size, momentum 0.9, no dampening.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate, momentum: 0.9, dampening: 0.0 }
    }
}

impl Momentum<true> {
    /// [`Momentum::new`] with Nesterov's look-ahead along the velocity.
    #[must_use]
    pub const fn nesterov(learning_rate: f32) -> Self {
        Self { learning_rate, momentum: 0.9, dampening: 0.0 }
    }
}

impl<const NESTEROV: bool> Rule<1> for Momentum<NESTEROV> {
    type Update = MomentumUpdate<NESTEROV>;

    #[inline]
    fn at(&self, step: u32) -> MomentumUpdate<NESTEROV> {
        MomentumUpdate {
            minus_rate: -self.learning_rate,
            momentum: self.momentum,
            gain: if step == 1 { 1.0 } else { 1.0 - self.dampening },
        }
    }
}

/// [`Momentum`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct MomentumUpdate<const NESTEROV: bool> {
    minus_rate: f32,
    momentum: f32,
    gain: f32,
}

impl<const NESTEROV: bool> Update<1> for MomentumUpdate<NESTEROV> {
    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, [b]: [S::Vector; 1], g: S::Vector) -> (S::Vector, [S::Vector; 1]) {
        let momentum = s.splat(self.momentum);
        let b = s.mac(momentum, b, s.mul(s.splat(self.gain), g));
        let d = if NESTEROV { s.mac(momentum, b, g) } else { b };
        (s.mac(s.splat(self.minus_rate), d, w), [b])
    }
}
