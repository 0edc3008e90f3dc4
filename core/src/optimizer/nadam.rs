//! NAdam: Adam with Nesterov's look-ahead.

use super::adam::Adam;
use super::power::one_minus_power;
use super::{Rule, Update};
use crate::simd::Simd;

/// NAdam (Dozat, 2016) as PyTorch has it: m and v as in [`Adam`], `mu_t = b1 (1 - 0.96^(t psi) / 2)`, `p_t` the product
/// of all mu up to step t, `r = sqrt(v / (1 - b2^t)) + eps`,
/// `w = w - lr (1 - mu_t) / (1 - p_t) * g / r - lr mu_(t+1) / (1 - p_(t+1)) * m / r`.
///
/// PyTorch keeps the product; here it is worked out anew for each step, in 40 rounds of three multiplications (550 at
/// the most), so that the step alone says where to go on. Two moments: m and v.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NAdam {
    /// The settings of Adam.
    pub adam: Adam,
    /// How fast the momentum rises from half of b1 to b1, psi; 4e-3 by default, 0 or more.
    pub momentum_decay: f32,
}

impl NAdam {
    /// With this step size (PyTorch's default is 2e-3) and the usual decays.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { adam: Adam::new(learning_rate), momentum_decay: 4e-3 }
    }

    /// 0.96^(t psi) / 2.
    fn half(&self, step: f32) -> f32 {
        const LN_0_96: f32 = -0.040_821_995;
        0.5 * libm::expf(LN_0_96 * self.momentum_decay * step)
    }

    /// 1 - mu, given that half.
    fn one_minus_momentum(&self, half: f32) -> f32 {
        (1.0 - self.adam.beta1) + self.adam.beta1 * half
    }

    /// 1 less the product of all mu up to that step.
    ///
    /// The first factors are multiplied one by one, until the product is nothing beside 1 or the factors differ from b1 by
    /// nothing. Where 0.96^psi is near 1 the product has halved often before the factors rise, elsewhere they rise soon:
    /// the loop ends after some 550 rounds, whatever the settings.
    // Out of line, as the power is.
    #[inline(never)]
    fn one_minus_product(&self, step: u32) -> f32 {
        /// 2^-26: half of this is no part of a number near 1.
        const NOTHING: f32 = 1.0 / 67_108_864.0;
        let ratio = 2.0 * self.half(1.0);
        let (mut product, mut rest) = (1.0_f32, 0.0_f32);
        let (mut half, mut done) = (0.5 * ratio, 0);
        while done < step.min(1000) && product >= NOTHING && half >= NOTHING {
            let one_minus_momentum = self.one_minus_momentum(half);
            rest += product * one_minus_momentum;
            product *= 1.0 - one_minus_momentum;
            half *= ratio;
            done += 1;
        }
        let one_minus_power = one_minus_power(self.adam.beta1, step.saturating_sub(done));
        rest += product * one_minus_power;
        product *= 1.0 - one_minus_power;
        // Each is exact to its own last digits, so the smaller one knows more.
        if rest < product { rest } else { 1.0 - product }
    }
}

impl Rule<2> for NAdam {
    type Update = NAdamUpdate;

    #[inline]
    fn at(&self, step: u32) -> NAdamUpdate {
        let Adam { learning_rate, beta1, beta2, epsilon } = self.adam;
        let t = step as f32;
        let [one_minus_momentum, one_minus_next] = [t, t + 1.0].map(|t| self.one_minus_momentum(self.half(t)));
        let one_minus_product = self.one_minus_product(step);
        let one_minus_next_product = one_minus_product + (1.0 - one_minus_product) * one_minus_next;
        NAdamUpdate {
            beta1,
            beta2,
            epsilon,
            minus_gradient_rate: -(learning_rate * one_minus_momentum / one_minus_product),
            minus_mean_rate: -(learning_rate * (1.0 - one_minus_next) / one_minus_next_product),
            root_scale: 1.0 / libm::sqrtf(one_minus_power(beta2, step)),
        }
    }
}

/// [`NAdam`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct NAdamUpdate {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    minus_gradient_rate: f32,
    minus_mean_rate: f32,
    root_scale: f32,
}

impl Update<2> for NAdamUpdate {
    const COST: usize = 11;

    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, [m, v]: [S::Vector; 2], g: S::Vector) -> (S::Vector, [S::Vector; 2]) {
        let m = s.mac(s.splat(self.beta1), m, s.mul(s.splat(1.0 - self.beta1), g));
        let v = s.mac(s.splat(self.beta2), v, s.mul(s.mul(s.splat(1.0 - self.beta2), g), g));
        let root = s.mac(s.sqrt(v), s.splat(self.root_scale), s.splat(self.epsilon));
        let direction = s.mac(s.splat(self.minus_mean_rate), m, s.mul(s.splat(self.minus_gradient_rate), g));
        (s.add(w, s.div(direction, root)), [m, v])
    }
}

#[cfg(test)]
mod tests {
    use super::NAdam;

    #[test]
    fn the_product_is_that_of_all_factors() {
        for beta1 in [0.9_f32, 0.5, 0.99, 0.999_99] {
            // The loop is longest at 0.777.
            for psi in [4e-3_f32, 0.0, 1.0, 0.1, 100.0, 0.777, 3.0] {
                let base = NAdam::new(0.1);
                let rule = NAdam { adam: super::Adam { beta1, ..base.adam }, momentum_decay: psi };
                let mut product = 1.0_f64;
                for step in 1..3000_u32 {
                    let ratio = libm::pow(0.96, f64::from(step) * f64::from(psi));
                    product *= f64::from(beta1) * (1.0 - 0.5 * ratio);
                    let found = f64::from(rule.one_minus_product(step));
                    let exact = 1.0 - product;
                    assert!(
                        (found - exact).abs() <= 5e-7 * exact,
                        "{beta1}, {psi}, step {step}: {found} is not {exact}"
                    );
                }
                assert!(rule.one_minus_product(u32::MAX) == 1.0, "for ever");
            }
        }
    }
}
