//! Adamax.

use super::power::one_minus_power;
use super::{Rule, Update};
use crate::simd::Simd;

/// Adamax, Adam with the largest gradient in place of the mean square (Kingma and Ba, 2015, section 7.1), as PyTorch has
/// it: `m = b1 m + (1 - b1) g`, `u = max(b2 u, |g| + eps)`, `w = w - lr / (1 - b1^t) * m / u`.
///
/// Two moments: m and u.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Adamax {
    /// Step size lr.
    pub learning_rate: f32,
    /// Decay of the mean of gradients, in 0..1; 0.9 by default.
    pub beta1: f32,
    /// Decay of the largest gradient, in 0..1; 0.999 by default.
    pub beta2: f32,
    /// Keeps the division away from zero; 1e-8 by default.
    pub epsilon: f32,
}

impl Adamax {
    /// With this step size (PyTorch's default is 2e-3) and the usual decays.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Rule<2> for Adamax {
    type Update = AdamaxUpdate;

    #[inline]
    fn at(&self, step: u32) -> AdamaxUpdate {
        AdamaxUpdate {
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
            minus_rate: -(self.learning_rate / one_minus_power(self.beta1, step)),
        }
    }
}

/// [`Adamax`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct AdamaxUpdate {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    minus_rate: f32,
}

impl Update<2> for AdamaxUpdate {
    const COST: usize = 8;

    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, [m, u]: [S::Vector; 2], g: S::Vector) -> (S::Vector, [S::Vector; 2]) {
        let m = s.mac(s.splat(self.beta1), m, s.mul(s.splat(1.0 - self.beta1), g));
        let u = s.larger(s.mul(s.splat(self.beta2), u), s.add(s.abs(g), s.splat(self.epsilon)));
        (s.mac(s.splat(self.minus_rate), s.div(m, u), w), [m, u])
    }
}
