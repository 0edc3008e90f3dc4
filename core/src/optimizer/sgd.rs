//! Gradient descent.

use super::{Rule, Update};
use crate::simd::Simd;

/// Plain gradient descent, `w = w - lr g`: with one sample or a mini-batch at a time, stochastic.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sgd {
    /// Step size lr.
    pub learning_rate: f32,
}

impl Sgd {
    /// With this step size.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate }
    }
}

impl Rule<0> for Sgd {
    type Update = SgdUpdate;

    #[inline]
    fn at(&self, _step: u32) -> SgdUpdate {
        SgdUpdate { minus_rate: -self.learning_rate }
    }
}

/// [`Sgd`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct SgdUpdate {
    minus_rate: f32,
}

impl Update<0> for SgdUpdate {
    const COST: usize = 2;
    const MAY_KEEP: bool = true;

    /// -lr * 0 is -0, and w - 0 is w, -0 included, where lr is positive and finite.
    #[inline(always)]
    fn keeps_at_zero_gradient(self) -> bool {
        self.minus_rate < 0.0 && self.minus_rate.is_finite()
    }

    #[inline(always)]
    fn update<S: Simd>(
        self,
        s: S,
        w: S::Vector,
        _moments: [S::Vector; 0],
        g: S::Vector,
    ) -> (S::Vector, [S::Vector; 0]) {
        (s.mac(s.splat(self.minus_rate), g, w), [])
    }
}
