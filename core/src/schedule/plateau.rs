//! A rate that falls when progress ends.

use crate::early_stopping::Better;

/// A rate that falls when a metric has not become better for a while. PyTorch's `ReduceLROnPlateau` with a relative
/// threshold.
///
/// The value is settings and state; with the feature `serde` it is saved with the rest of a run.
///
/// ```
/// use femto::optimizer::{LearningRate, Optimizer, Sgd};
/// use femto::schedule::ReduceOnPlateau;
///
/// let mut sgd: Optimizer<[f32; 1], Sgd, 0> = Optimizer::new(Sgd::new(0.5));
/// let mut plateau = ReduceOnPlateau { patience: 1, ..ReduceOnPlateau::new(0.5) };
/// for validation_loss in [3.0, 2.0, 2.0, 2.0] {
///     sgd.rule = sgd.rule.with_learning_rate(plateau.observe(validation_loss));
/// }
/// assert!((sgd.rule.learning_rate - 0.05).abs() < 1e-7);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReduceOnPlateau {
    /// The rate now.
    pub rate: f32,
    /// Which values are better; lower ones by default.
    pub better: Better,
    /// What remains of the rate; 0.1 by default.
    pub factor: f32,
    /// How many values in a row may be no better; 10 by default.
    pub patience: u32,
    /// By which part of the best value another must be better to count; 1e-4 by default.
    pub threshold: f32,
    /// How many values after a fall do not count as no better; 0 by default.
    pub cooldown: u32,
    /// The rate falls no further; 0 by default.
    pub smallest: f32,
    /// A fall by no more than this is not made; 1e-8 by default.
    pub epsilon: f32,
    /// The best value so far; none at the start.
    pub best: Option<f32>,
    /// How many values in a row were no better.
    pub waited: u32,
    /// How many values are left of the cooldown.
    pub cooling: u32,
}

impl ReduceOnPlateau {
    /// At this rate, for losses, with PyTorch's defaults.
    #[must_use]
    pub const fn new(rate: f32) -> Self {
        Self {
            rate,
            better: Better::Lower,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            cooldown: 0,
            smallest: 0.0,
            epsilon: 1e-8,
            best: None,
            waited: 0,
            cooling: 0,
        }
    }

    /// Takes the next value of the metric, and returns the rate from here on. NaN is no better than anything.
    pub fn observe(&mut self, metric: f32) -> f32 {
        if self.is_better(metric) {
            self.best = Some(metric);
            self.waited = 0;
        } else {
            self.waited = self.waited.saturating_add(1);
        }
        if self.cooling > 0 {
            self.cooling = self.cooling.saturating_sub(1);
            self.waited = 0;
        }
        if self.waited > self.patience {
            let rate = self.rate * self.factor;
            let rate = if rate < self.smallest { self.smallest } else { rate };
            if self.rate - rate > self.epsilon {
                self.rate = rate;
            }
            self.cooling = self.cooldown;
            self.waited = 0;
        }
        self.rate
    }

    fn is_better(&self, metric: f32) -> bool {
        match (self.better, self.best) {
            (Better::Lower, best) => metric < best.unwrap_or(f32::INFINITY) * (1.0 - self.threshold),
            (Better::Higher, best) => metric > best.unwrap_or(f32::NEG_INFINITY) * (1.0 + self.threshold),
        }
    }
}
