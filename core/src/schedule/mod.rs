//! Learning rates that change with the steps.
//!
//! | schedule | rate after t steps |
//! |---|---|
//! | [`Constant`] | `rate` |
//! | [`Linear`] | from one rate to another in `steps` |
//! | [`Polynomial`] | to `end` as a power of what is left of `steps` |
//! | [`InverseTime`] | `rate / (1 + decay t)` |
//! | [`Exponential`] | `rate factor^t` |
//! | [`Staircase`] | `rate factor^(t / every)`, whole quotients |
//! | [`Milestones`] | times `factor` at each of some steps |
//! | [`Cosine`] | half a wave from `rate` to `end` |
//! | [`CosineRestarts`] | the same again and again, each time longer |
//! | [`OneCycle`] | up to a peak, and far down |
//! | [`Warmup`] | up to the beginning of another schedule |
//! | [`Sequence`] | one schedule, then another |
//!
//! Each is a function of the step alone: a run that is stopped and goes on has nothing to remember but its step, and any
//! step may be asked for in any order. t is how many steps were made, so 0 is the rate of the first; who counts epochs
//! asks for epochs. Formulas are those of PyTorch (`torch.optim.lr_scheduler`) where it has the schedule. Elementary
//! functions are libm's, so that the bits are the same on every target.
//!
//! [`crate::optimizer::Scheduled`] has a rule follow a schedule, in steps in place too. [`ReduceOnPlateau`] looks at the
//! progress instead of the step.
//!
//! ```
//! use femto::layer::Dense;
//! use femto::loss::MeanSquaredError;
//! use femto::optimizer::{Adam, Optimizer, Scheduled};
//! use femto::schedule::{Cosine, Warmup};
//! use femto::train::Objective;
//! use femto::{Flat, Level, net};
//!
//! type Line = net![Dense<1, 1>];
//! let schedule = Warmup { steps: 10, start: 0.0, then: Cosine { rate: 0.5, end: 0.0, steps: 490 } };
//! let mut adam = Optimizer::new(Scheduled { rule: Adam::new(0.5), schedule });
//! let (mut line, mut tape) = (Line::ZERO, [Line::TAPE; 2]);
//! let (x, y, objective) = ([[1.0], [2.0]], [[5.0], [7.0]], Objective::mean(MeanSquaredError));
//! for _ in 0..500 {
//!     line.step(Level::detect(), &objective, &x, &y, &mut tape, &mut adam)?;
//! }
//! let [found] = line.predict(Level::detect(), &[3.0]);
//! assert!((found - 9.0).abs() < 0.01);
//! # Ok::<(), femto::train::BatchError>(())
//! ```

mod cosine;
mod decay;
#[cfg(feature = "serde")]
mod numbers;
mod plateau;

pub use cosine::{Cosine, CosineRestarts, OneCycle};
pub use decay::{Constant, Exponential, InverseTime, Linear, Milestones, Polynomial, Staircase};
pub use plateau::ReduceOnPlateau;

/// A learning rate as a function of the step.
pub trait Schedule: Copy + Send + Sync {
    /// The rate after `step` steps; 0 gives that of the first step.
    fn rate(&self, step: u32) -> f32;
}

/// A linear rise to the first rate of another schedule, which begins when this is over:
/// `then(0) (start + (1 - start) t / steps)`. PyTorch's `LinearLR` and the other in a `SequentialLR`.
///
/// ```
/// use femto::schedule::{Constant, Schedule, Warmup};
///
/// let schedule = Warmup { steps: 4, start: 0.0, then: Constant { rate: 0.5 } };
/// assert_eq!([0, 1, 4, 100].map(|step| schedule.rate(step)), [0.0, 0.125, 0.5, 0.5]);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Warmup<S> {
    /// How many steps the rise takes.
    pub steps: u32,
    /// Where it begins, as a part of the rate to reach; PyTorch's default is 1/3.
    pub start: f32,
    /// What comes then; it counts from 0.
    pub then: S,
}

impl<S: Schedule> Schedule for Warmup<S> {
    fn rate(&self, step: u32) -> f32 {
        if step < self.steps {
            let part = step as f32 / self.steps as f32;
            self.then.rate(0) * (self.start + (1.0 - self.start) * part)
        } else {
            self.then.rate(step.saturating_sub(self.steps))
        }
    }
}

/// One schedule for some steps, then another, which counts from 0. PyTorch's `SequentialLR`. For more, the second is a
/// `Sequence` again.
///
/// ```
/// use femto::schedule::{Constant, Linear, Schedule, Sequence};
///
/// let fall = Linear { from: 1.0, to: 0.0, steps: 4 };
/// let schedule = Sequence { first: Constant { rate: 1.0 }, steps: 10, then: fall };
/// assert_eq!([0, 9, 11, 99].map(|step| schedule.rate(step)), [1.0, 1.0, 0.75, 0.0]);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sequence<A, B> {
    /// What comes first.
    pub first: A,
    /// For how many steps.
    pub steps: u32,
    /// What comes then.
    pub then: B,
}

impl<A: Schedule, B: Schedule> Schedule for Sequence<A, B> {
    fn rate(&self, step: u32) -> f32 {
        match step.checked_sub(self.steps) {
            None => self.first.rate(step),
            Some(step) => self.then.rate(step),
        }
    }
}
