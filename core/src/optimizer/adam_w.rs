//! AdamW: Adam with decoupled weight decay.

use super::adam::{Adam, AdamUpdate};
use super::{Rule, Update};
use crate::simd::Simd;

/// AdamW (Loshchilov and Hutter, 2019) as PyTorch has it: `w = (1 - lr decay) w`, then a step of [`Adam`].
///
/// The decay is no part of the gradient, unlike the penalty of [`crate::train::Objective::l2`], and all parameters decay,
/// biases too. Two moments: m and v.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AdamW {
    /// The step after the decay; its step size is that of the decay too.
    pub adam: Adam,
    /// What a parameter loses of itself for a step size of 1; 1e-2 by default.
    pub weight_decay: f32,
}

impl AdamW {
    /// With this step size (PyTorch's default is 1e-3), the usual decays of the means and a weight decay of 1e-2.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { adam: Adam::new(learning_rate), weight_decay: 1e-2 }
    }
}

impl Rule<2> for AdamW {
    type Update = AdamWUpdate;

    #[inline]
    fn at(&self, step: u32) -> AdamWUpdate {
        AdamWUpdate { adam: self.adam.at(step), minus_decay: -(self.adam.learning_rate * self.weight_decay) }
    }
}

/// [`AdamW`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct AdamWUpdate {
    adam: AdamUpdate,
    /// What a parameter changes by for each 1 of itself; 1 less that would lose its digits.
    minus_decay: f32,
}

impl Update<2> for AdamWUpdate {
    const COST: usize = 11;

    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, moments: [S::Vector; 2], g: S::Vector) -> (S::Vector, [S::Vector; 2]) {
        self.adam.update(s, s.mac(s.splat(self.minus_decay), w, w), moments, g)
    }
}
