//! Adam.

use super::power::one_minus_power;
use super::{Rule, Update};
use crate::simd::Simd;

/// Adam (Kingma and Ba, 2015), epsilon as in PyTorch: `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`,
/// `w = w - lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps)`.
///
/// Two moments: m and v.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Adam {
    /// Step size lr.
    pub learning_rate: f32,
    /// Decay of the mean of gradients, in 0..1; 0.9 by default.
    pub beta1: f32,
    /// Decay of the mean of squared gradients, in 0..1; 0.999 by default.
    pub beta2: f32,
    /// Keeps the division away from zero; 1e-8 by default.
    pub epsilon: f32,
}

impl Adam {
    /// With this step size (PyTorch's default is 1e-3) and the usual decays.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Rule<2> for Adam {
    type Update = AdamUpdate;

    #[inline]
    fn at(&self, step: u32) -> AdamUpdate {
        AdamUpdate {
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
            minus_rate: -(self.learning_rate / one_minus_power(self.beta1, step)),
            root_scale: 1.0 / libm::sqrtf(one_minus_power(self.beta2, step)),
        }
    }
}

/// [`Adam`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct AdamUpdate {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    minus_rate: f32,
    root_scale: f32,
}

impl AdamUpdate {
    /// The new m and v.
    #[inline(always)]
    pub(super) fn moments<S: Simd>(self, s: S, [m, v]: [S::Vector; 2], g: S::Vector) -> [S::Vector; 2] {
        let m = s.mac(s.splat(self.beta1), m, s.mul(s.splat(1.0 - self.beta1), g));
        let v = s.mac(s.splat(self.beta2), v, s.mul(s.mul(s.splat(1.0 - self.beta2), g), g));
        [m, v]
    }

    /// The new parameters.
    #[inline(always)]
    pub(super) fn changed<S: Simd>(self, s: S, w: S::Vector, m: S::Vector, v: S::Vector) -> S::Vector {
        let root = s.mac(s.sqrt(v), s.splat(self.root_scale), s.splat(self.epsilon));
        s.mac(s.splat(self.minus_rate), s.div(m, root), w)
    }
}

impl Update<2> for AdamUpdate {
    const COST: usize = 10;

    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, moments: [S::Vector; 2], g: S::Vector) -> (S::Vector, [S::Vector; 2]) {
        let [m, v] = self.moments(s, moments, g);
        (self.changed(s, w, m, v), [m, v])
    }
}
