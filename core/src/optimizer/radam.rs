//! RAdam: Adam that waits for its mean square.

use super::adam::Adam;
use super::power::{one_minus_power, one_minus_power_double};
use super::{Rule, Update};
use crate::simd::Simd;

/// Rectified Adam (Liu et al., 2020) as PyTorch has it: m and v as in [`Adam`], `rho_max = 2 / (1 - b2) - 1`,
/// `rho = rho_max - 2 t b2^t / (1 - b2^t)`. While rho is 5 or less, `w = w - lr / (1 - b1^t) * m`; then, with
/// `r = sqrt((rho - 4) (rho - 2) rho_max / ((rho_max - 4) (rho_max - 2) rho))`,
/// `w = w - lr r sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + eps)`.
///
/// rho is a small difference of large numbers; it takes a dozen operations in double precision a step, which small
/// processors emulate. Two moments: m and v.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RAdam {
    /// The settings of Adam.
    pub adam: Adam,
}

impl RAdam {
    /// With this step size (PyTorch's default is 1e-3) and the usual decays.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { adam: Adam::new(learning_rate) }
    }

    /// r at that step; nothing while the mean square is not to be trusted.
    // Out of line, so that double precision adds nothing to the stack frame of the whole step.
    #[inline(never)]
    fn rectification(&self, step: u32) -> Option<f32> {
        let (beta2, t) = (f64::from(self.adam.beta2), f64::from(step));
        let one_minus_power = one_minus_power_double(self.adam.beta2, step);
        let largest = 2.0 / (1.0 - beta2) - 1.0;
        let rho = largest - 2.0 * t * (1.0 - one_minus_power) / one_minus_power;
        let square = (rho - 4.0) * (rho - 2.0) * largest / ((largest - 4.0) * (largest - 2.0) * rho);
        // A decay outside of 0..1 gives NaN, which must show.
        if rho <= 5.0 { None } else { Some(libm::sqrtf(square as f32)) }
    }
}

impl Rule<2> for RAdam {
    type Update = RAdamUpdate;

    #[inline]
    fn at(&self, step: u32) -> RAdamUpdate {
        let Adam { learning_rate, beta1, beta2, epsilon } = self.adam;
        let rate = learning_rate / one_minus_power(beta1, step);
        let rectification = self.rectification(step);
        RAdamUpdate {
            beta1,
            beta2,
            epsilon,
            minus_rate: match rectification {
                Some(r) => -(rate * r * libm::sqrtf(one_minus_power(beta2, step))),
                None => -rate,
            },
            is_adaptive: rectification.is_some(),
        }
    }
}

/// [`RAdam`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct RAdamUpdate {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    minus_rate: f32,
    /// The mean square divides the step.
    is_adaptive: bool,
}

impl Update<2> for RAdamUpdate {
    const COST: usize = 10;

    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, [m, v]: [S::Vector; 2], g: S::Vector) -> (S::Vector, [S::Vector; 2]) {
        let m = s.mac(s.splat(self.beta1), m, s.mul(s.splat(1.0 - self.beta1), g));
        let v = s.mac(s.splat(self.beta2), v, s.mul(s.mul(s.splat(1.0 - self.beta2), g), g));
        let change = if self.is_adaptive { s.div(m, s.add(s.sqrt(v), s.splat(self.epsilon))) } else { m };
        (s.mac(s.splat(self.minus_rate), change, w), [m, v])
    }
}
