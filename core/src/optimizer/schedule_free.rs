//! Schedule-free AdamW.

use super::power::one_minus_power;
use super::{Rule, Update};
use crate::simd::Simd;

/// Schedule-free AdamW (Defazio et al., 2024, algorithm 1), as in the authors' implementation. Gradients are taken at y,
/// and predictions made with the average x:
///
/// `lr_t = lr min(1, t / warmup)`, `v = b2 v + (1 - b2) g^2`, `d = g / (sqrt(v / (1 - b2^t)) + eps) + decay y`,
/// `z = z - lr_t d`, `x = (1 - c) x + c z`, `y = (1 - b1) z + b1 x`, where `c = lr_t^2 / (lr_1^2 + ... + lr_t^2)`.
///
/// The parameters hold y while the network learns; [`super::Optimizer::averaged`] gives x. The average takes the place of a
/// schedule: c supposes that lr stays, and where it is changed all the same ([`super::LearningRate`]) steps count in the
/// average as if it had not been. Two moments: z, which begins as the parameters are at the first step, and v.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ScheduleFreeAdamW {
    /// Step size lr.
    pub learning_rate: f32,
    /// Where y lies between z and the average x, in 0..1, not 0; 0.9 by default.
    pub beta1: f32,
    /// Decay of the mean of squared gradients, in 0..1; 0.999 by default.
    pub beta2: f32,
    /// Keeps the division away from zero; 1e-8 by default.
    pub epsilon: f32,
    /// What z loses of y for a step size of 1; 0 by default.
    pub weight_decay: f32,
    /// Steps in which the step size rises from 0 to lr; 0 by default.
    pub warmup: u32,
}

impl ScheduleFreeAdamW {
    /// With this step size (2.5e-3 in the authors' implementation), the usual decays of Adam, no weight decay and no
    /// warm-up.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, warmup: 0 }
    }

    /// The step size at that step as a part of lr, and c.
    fn rate_and_share(&self, step: u32) -> (f32, f32) {
        let (t, warmup) = (step.max(1) as f32, self.warmup as f32);
        if step < self.warmup {
            // Of the squares of 1..=t, the last by all.
            (t / warmup, 6.0 * t / ((t + 1.0) * (2.0 * t + 1.0)))
        } else {
            let rising = if self.warmup == 0 { 0.0 } else { (warmup + 1.0) * (2.0 * warmup + 1.0) / (6.0 * warmup) };
            (1.0, 1.0 / (rising + step.max(1).saturating_sub(self.warmup) as f32))
        }
    }
}

impl Rule<2> for ScheduleFreeAdamW {
    type Update = ScheduleFreeAdamWUpdate;

    #[inline]
    fn at(&self, step: u32) -> ScheduleFreeAdamWUpdate {
        let (part, share) = self.rate_and_share(step);
        let rate = self.learning_rate * part;
        ScheduleFreeAdamWUpdate {
            beta2: self.beta2,
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
            root_scale: 1.0 / libm::sqrtf(one_minus_power(self.beta2, step)),
            minus_rate: -rate,
            minus_look_ahead: rate * (self.beta1 * (1.0 - share) - 1.0),
            share,
            to_z: 1.0 - 1.0 / self.beta1,
            is_first: step <= 1,
        }
    }
}

/// [`ScheduleFreeAdamW`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct ScheduleFreeAdamWUpdate {
    beta2: f32,
    epsilon: f32,
    weight_decay: f32,
    root_scale: f32,
    minus_rate: f32,
    /// What y changes along d, beside its way to z.
    minus_look_ahead: f32,
    share: f32,
    /// From y to x, as a part of the way to z.
    to_z: f32,
    /// There is no z yet.
    is_first: bool,
}

impl Update<2> for ScheduleFreeAdamWUpdate {
    const COST: usize = 12;
    const AVERAGES: bool = true;

    /// x is not kept: with the new x in its formula, y goes a share c to the old z, and from there along d.
    #[inline(always)]
    fn update<S: Simd>(self, s: S, y: S::Vector, [z, v]: [S::Vector; 2], g: S::Vector) -> (S::Vector, [S::Vector; 2]) {
        let z = if self.is_first { y } else { z };
        let v = s.mac(s.splat(self.beta2), v, s.mul(s.mul(s.splat(1.0 - self.beta2), g), g));
        let root = s.mac(s.sqrt(v), s.splat(self.root_scale), s.splat(self.epsilon));
        let d = s.mac(s.splat(self.weight_decay), y, s.div(g, root));
        let y = s.mac(s.splat(self.share), s.sub(z, y), y);
        let y = s.mac(s.splat(self.minus_look_ahead), d, y);
        (y, [s.mac(s.splat(self.minus_rate), d, z), v])
    }

    #[inline(always)]
    fn average<S: Simd>(self, s: S, y: S::Vector, [z, _]: [S::Vector; 2]) -> S::Vector {
        s.mac(s.splat(self.to_z), s.sub(z, y), y)
    }
}
