//! Averaged gradient descent.

use super::{Rule, Update};
use crate::simd::Simd;

/// Averaged stochastic gradient descent (Polyak and Juditsky, 1992) as PyTorch has it:
/// `eta = lr / (1 + decay lr (t - 1))^power`, `w = (1 - decay eta) w - eta g`; the average `a = w` up to step
/// `averaging_start + 2`, then `a = a + (w - a) / (t - 1 - averaging_start)`.
///
/// One moment: the average a, whose parameters are those to predict with ([`super::Optimizer::averaged`]). Where lr changes
/// between steps, PyTorch takes up the change one step later.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Asgd {
    /// Step size lr.
    pub learning_rate: f32,
    /// What a parameter loses of itself for a step size of 1, and how fast the step size falls; 1e-4 by default.
    pub decay: f32,
    /// How the step size falls with the steps; 0.75 by default.
    pub power: f32,
    /// The steps before averaging begins; 1,000,000 by default.
    pub averaging_start: u32,
}

impl Asgd {
    /// With this step size (PyTorch's default is 1e-2) and the usual decay, averaging late.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate, decay: 1e-4, power: 0.75, averaging_start: 1_000_000 }
    }
}

impl Rule<1> for Asgd {
    type Update = AsgdUpdate;

    #[inline]
    fn at(&self, step: u32) -> AsgdUpdate {
        let before = step.saturating_sub(1);
        let slowing = libm::powf(1.0 + self.decay * self.learning_rate * before as f32, self.power);
        let rate = self.learning_rate / slowing;
        let averaged = before.saturating_sub(self.averaging_start);
        AsgdUpdate {
            minus_rate: -rate,
            minus_decay: -(self.decay * rate),
            share: if averaged <= 1 { None } else { Some(1.0 / averaged as f32) },
        }
    }
}

/// [`Asgd`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct AsgdUpdate {
    minus_rate: f32,
    minus_decay: f32,
    /// What the average takes of the new parameters; all where there is no such number.
    share: Option<f32>,
}

impl Update<1> for AsgdUpdate {
    const COST: usize = 5;
    const AVERAGES: bool = true;

    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, [a]: [S::Vector; 1], g: S::Vector) -> (S::Vector, [S::Vector; 1]) {
        let w = s.mac(s.splat(self.minus_decay), w, w);
        let w = s.mac(s.splat(self.minus_rate), g, w);
        let a = match self.share {
            None => w,
            Some(share) => s.mac(s.splat(share), s.sub(w, a), a),
        };
        (w, [a])
    }

    #[inline(always)]
    fn average<S: Simd>(self, _s: S, _w: S::Vector, [a]: [S::Vector; 1]) -> S::Vector {
        a
    }
}
