//! Gradient descent.

use super::{Rule, Update};
use crate::simd::Simd;

/// Plain gradient descent, `w = w - lr g`: with one sample or a mini-batch at a time, stochastic.
#[derive(Clone, Copy, PartialEq, Debug)]
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
