//! Rates that stay, or fall by a power.

use super::Schedule;

/// The same rate always.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Constant {
    /// The rate.
    pub rate: f32,
}

impl Schedule for Constant {
    fn rate(&self, _step: u32) -> f32 {
        self.rate
    }
}

/// A line from one rate to another, which then stays: `from + (to - from) min(t, steps) / steps`. PyTorch's `LinearLR`,
/// with rates in place of factors.
///
/// ```
/// use femto::schedule::{Linear, Schedule};
///
/// let schedule = Linear { from: 1.0, to: 0.5, steps: 2 };
/// assert_eq!([0, 1, 2, 3].map(|step| schedule.rate(step)), [1.0, 0.75, 0.5, 0.5]);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Linear {
    /// The first rate.
    pub from: f32,
    /// The last rate.
    pub to: f32,
    /// How many steps lie between.
    pub steps: u32,
}

impl Schedule for Linear {
    fn rate(&self, step: u32) -> f32 {
        let left = self.steps.saturating_sub(step);
        if left == 0 {
            return self.to;
        }
        // Both ends are met exactly, and a rate near 0 keeps its digits.
        let steps = self.steps as f32;
        self.from * (left as f32 / steps) + self.to * (step as f32 / steps)
    }
}

/// To `end` by a power of what is left: `end + (rate - end) (1 - min(t, steps) / steps)^power`. PyTorch's
/// `PolynomialLR`, whose end is 0, and Keras's `PolynomialDecay`.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Polynomial {
    /// The first rate.
    pub rate: f32,
    /// The last rate.
    pub end: f32,
    /// How many steps lie between.
    pub steps: u32,
    /// The power; PyTorch's default is 1.
    pub power: f32,
}

impl Schedule for Polynomial {
    fn rate(&self, step: u32) -> f32 {
        let left = self.steps.saturating_sub(step);
        let left = if left == 0 { 0.0 } else { left as f32 / self.steps as f32 };
        self.end + (self.rate - self.end) * libm::powf(left, self.power)
    }
}

/// `rate / (1 + decay t)`. Keras's `InverseTimeDecay`; PyTorch has none.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InverseTime {
    /// The first rate.
    pub rate: f32,
    /// The rate has halved after 1 / decay steps.
    pub decay: f32,
}

impl Schedule for InverseTime {
    fn rate(&self, step: u32) -> f32 {
        self.rate / (1.0 + self.decay * step as f32)
    }
}

/// `rate factor^t`. PyTorch's `ExponentialLR`.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Exponential {
    /// The first rate.
    pub rate: f32,
    /// What remains of it with each step.
    pub factor: f32,
}

impl Schedule for Exponential {
    fn rate(&self, step: u32) -> f32 {
        self.rate * libm::powf(self.factor, step as f32)
    }
}

/// Times `factor` every so many steps: `rate factor^(t / every)`, the quotient a whole number. PyTorch's `StepLR`.
///
/// ```
/// use femto::schedule::{Schedule, Staircase};
///
/// let schedule = Staircase { rate: 1.0, factor: 0.5, every: 10 };
/// assert_eq!([0, 9, 10, 25].map(|step| schedule.rate(step)), [1.0, 1.0, 0.5, 0.25]);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Staircase {
    /// The first rate.
    pub rate: f32,
    /// What remains of it at each stair; PyTorch's default is 0.1.
    pub factor: f32,
    /// Steps on each stair; 0 stays on the first.
    pub every: u32,
}

impl Schedule for Staircase {
    fn rate(&self, step: u32) -> f32 {
        let stairs = step.checked_div(self.every).unwrap_or(0);
        self.rate * libm::powf(self.factor, stairs as f32)
    }
}

/// Times `factor` when each of these steps is reached. PyTorch's `MultiStepLR`.
///
/// ```
/// use femto::schedule::{Milestones, Schedule};
///
/// let schedule = Milestones { rate: 1.0, factor: 0.5, milestones: [10, 15] };
/// assert_eq!([0, 9, 10, 99].map(|step| schedule.rate(step)), [1.0, 1.0, 0.5, 0.25]);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Milestones<const N: usize> {
    /// The first rate.
    pub rate: f32,
    /// What remains of it at each milestone; PyTorch's default is 0.1.
    pub factor: f32,
    /// The steps, in any order.
    #[cfg_attr(feature = "serde", serde(with = "super::numbers"))]
    pub milestones: [u32; N],
}

impl<const N: usize> Schedule for Milestones<N> {
    fn rate(&self, step: u32) -> f32 {
        let behind = self.milestones.iter().filter(|milestone| **milestone <= step).count();
        self.rate * libm::powf(self.factor, behind as f32)
    }
}
