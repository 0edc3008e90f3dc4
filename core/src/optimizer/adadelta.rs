//! Adadelta.

use super::{Rule, Update};
use crate::simd::Simd;

/// Adadelta (Zeiler, 2012) as PyTorch has it: `v = rho v + (1 - rho) g^2`, `d = sqrt(u + eps) / sqrt(v + eps) * g`,
/// `u = rho u + (1 - rho) d^2`, `w = w - lr d`.
///
/// Two moments: v and u.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Adadelta {
    /// Step size lr; 1 by default.
    pub learning_rate: f32,
    /// Decay rho of the means of squared gradients and of squared changes, in 0..1; 0.9 by default.
    pub decay: f32,
    /// Keeps the division away from zero, and the first changes too; 1e-6 by default.
    pub epsilon: f32,
}

impl Adadelta {
    /// With this step size (PyTorch's default is 1).
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate, decay: 0.9, epsilon: 1e-6 }
    }
}

impl Rule<2> for Adadelta {
    type Update = AdadeltaUpdate;

    #[inline]
    fn at(&self, _step: u32) -> AdadeltaUpdate {
        AdadeltaUpdate { minus_rate: -self.learning_rate, decay: self.decay, epsilon: self.epsilon }
    }
}

/// [`Adadelta`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct AdadeltaUpdate {
    minus_rate: f32,
    decay: f32,
    epsilon: f32,
}

impl Update<2> for AdadeltaUpdate {
    const COST: usize = 16;

    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, [v, u]: [S::Vector; 2], g: S::Vector) -> (S::Vector, [S::Vector; 2]) {
        let (decay, gain, epsilon) = (s.splat(self.decay), s.splat(1.0 - self.decay), s.splat(self.epsilon));
        let v = s.mac(decay, v, s.mul(s.mul(gain, g), g));
        let ratio = s.div(s.sqrt(s.add(u, epsilon)), s.sqrt(s.add(v, epsilon)));
        let d = s.mul(ratio, g);
        let u = s.mac(decay, u, s.mul(s.mul(gain, d), d));
        (s.mac(s.splat(self.minus_rate), d, w), [v, u])
    }
}
