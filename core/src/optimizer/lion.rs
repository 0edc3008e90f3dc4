//! Lion.

use super::rprop::sign;
use super::{Rule, Update};
use crate::simd::Simd;

/// Lion (Chen et al., 2023): `w = (1 - lr decay) w - lr sign(b1 m + (1 - b1) g)`, `m = b2 m + (1 - b2) g`.
///
/// Steps are as long as lr in each parameter, so lr wants to be three to ten times smaller than for Adam. All parameters
/// decay, biases too. One moment: m.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Lion {
    /// Step size lr.
    pub learning_rate: f32,
    /// Share of the moment in the direction, in 0..1; 0.9 by default.
    pub beta1: f32,
    /// Decay of the moment, in 0..1; 0.99 by default.
    pub beta2: f32,
    /// What a parameter loses of itself for a step size of 1; 0 by default.
    pub weight_decay: f32,
}

impl Lion {
    /// With this step size (1e-4 in the paper), the usual decays of the moment and no weight decay.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate, beta1: 0.9, beta2: 0.99, weight_decay: 0.0 }
    }
}

impl Rule<1> for Lion {
    type Update = LionUpdate;

    #[inline]
    fn at(&self, _step: u32) -> LionUpdate {
        LionUpdate {
            beta1: self.beta1,
            beta2: self.beta2,
            minus_rate: -self.learning_rate,
            minus_decay: -(self.learning_rate * self.weight_decay),
        }
    }
}

/// [`Lion`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct LionUpdate {
    beta1: f32,
    beta2: f32,
    minus_rate: f32,
    /// What a parameter changes by for each 1 of itself; 1 less that would lose its digits.
    minus_decay: f32,
}

impl Update<1> for LionUpdate {
    const COST: usize = 8;

    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, [m]: [S::Vector; 1], g: S::Vector) -> (S::Vector, [S::Vector; 1]) {
        let direction = s.mac(s.splat(self.beta1), m, s.mul(s.splat(1.0 - self.beta1), g));
        let m = s.mac(s.splat(self.beta2), m, s.mul(s.splat(1.0 - self.beta2), g));
        let kept = s.mac(s.splat(self.minus_decay), w, w);
        (s.mac(s.splat(self.minus_rate), sign(s, direction), kept), [m])
    }
}
