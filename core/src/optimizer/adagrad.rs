//! Adagrad.

use super::{Rule, Update};
use crate::simd::Simd;

/// Adagrad (Duchi, Hazan and Singer, 2011) as PyTorch has it: `s = s + g^2`,
/// `w = w - lr / (1 + (t - 1) decay) * g / (sqrt(s) + eps)`.
///
/// One moment: s, which begins at 0.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Adagrad {
    /// Step size lr.
    pub learning_rate: f32,
    /// How the step size falls with the steps; 0 by default.
    pub learning_rate_decay: f32,
    /// Keeps the division away from zero; 1e-10 by default.
    pub epsilon: f32,
}

impl Adagrad {
    /// With this step size (PyTorch's default is 1e-2), which does not fall by itself.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate, learning_rate_decay: 0.0, epsilon: 1e-10 }
    }
}

impl Rule<1> for Adagrad {
    type Update = AdagradUpdate;

    #[inline]
    fn at(&self, step: u32) -> AdagradUpdate {
        let before = step.saturating_sub(1) as f32;
        AdagradUpdate {
            minus_rate: -(self.learning_rate / (1.0 + before * self.learning_rate_decay)),
            epsilon: self.epsilon,
        }
    }
}

/// [`Adagrad`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct AdagradUpdate {
    minus_rate: f32,
    epsilon: f32,
}

impl Update<1> for AdagradUpdate {
    const COST: usize = 8;

    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, [sum]: [S::Vector; 1], g: S::Vector) -> (S::Vector, [S::Vector; 1]) {
        let sum = s.mac(g, g, sum);
        let root = s.add(s.sqrt(sum), s.splat(self.epsilon));
        (s.mac(s.splat(self.minus_rate), s.div(g, root), w), [sum])
    }
}
