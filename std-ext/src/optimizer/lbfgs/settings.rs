//! What L-BFGS is told, and what it tells.

use thiserror::Error;

/// How [`Lbfgs`](super::Lbfgs) chooses the length of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LineSearch {
    /// The learning rate times the direction (less at the very first step): PyTorch's `None`.
    Fixed,
    /// Losses and gradients along the direction until the strong Wolfe conditions hold, with constants 1e-4 and 0.9:
    /// PyTorch's `strong_wolfe`.
    StrongWolfe,
}

/// The settings of [`Lbfgs`](super::Lbfgs); the defaults are PyTorch's.
///
/// ```
/// use femto_std::optimizer::{LbfgsSettings, LineSearch};
///
/// let settings = LbfgsSettings { line_search: LineSearch::StrongWolfe, ..LbfgsSettings::default() };
/// assert_eq!((settings.learning_rate, settings.max_iterations, settings.history_size), (1.0, 20, 100));
/// assert_eq!(settings.evaluations(), 25);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LbfgsSettings {
    /// The length of a step, or the first that a line search tries, in directions; 1 by default.
    pub learning_rate: f32,
    /// Iterations of one call (PyTorch's `max_iter`); 20 by default.
    pub max_iterations: u32,
    /// Evaluations of the closure in one call after which no iteration begins (`max_eval`); by default, `None`, 5/4 of
    /// the iterations.
    pub max_evaluations: Option<u32>,
    /// A call ends where no number of the gradient is larger (`tolerance_grad`); 1e-7 by default.
    pub tolerance_gradient: f32,
    /// A call ends where the loss or all parameters change by less (`tolerance_change`); 1e-9 by default.
    pub tolerance_change: f32,
    /// Steps that are remembered, at least 1; 100 by default.
    pub history_size: usize,
    /// How long a step is; fixed by default.
    pub line_search: LineSearch,
}

impl Default for LbfgsSettings {
    fn default() -> Self {
        Self {
            learning_rate: 1.0,
            max_iterations: 20,
            max_evaluations: None,
            tolerance_gradient: 1e-7,
            tolerance_change: 1e-9,
            history_size: 100,
            line_search: LineSearch::Fixed,
        }
    }
}

impl LbfgsSettings {
    /// [`Self::max_evaluations`], or what it is by default.
    #[must_use]
    pub const fn evaluations(&self) -> u32 {
        match self.max_evaluations {
            Some(evaluations) => evaluations,
            None => self.max_iterations.saturating_add(self.max_iterations / 4),
        }
    }
}

/// Why a call of [`Lbfgs::step`](super::Lbfgs::step) came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Stop {
    /// No number of the gradient is larger than the tolerance: a minimum, within it.
    Gradient,
    /// The direction does not lead downhill any more.
    Slope,
    /// No parameter changed by more than the tolerance.
    Step,
    /// The loss changed by less than the tolerance.
    Loss,
    /// The iterations of a call are spent.
    Iterations,
    /// The evaluations of a call are spent.
    Evaluations,
    /// The gradient, or its product with the direction, is not finite. No step was made from there.
    NotFinite,
}

/// What a call of [`Lbfgs::step`](super::Lbfgs::step) did.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LbfgsReport {
    /// The loss of the first evaluation.
    pub loss_before: f32,
    /// The loss of the last place that was stepped to. Without a line search, and where the iterations were spent, that
    /// is the place before the last step, whose loss is not asked for.
    pub loss: f32,
    /// How many iterations were made.
    pub iterations: u32,
    /// How many times the closure was called.
    pub evaluations: u32,
    /// Why there was no further iteration.
    pub stop: Stop,
}

/// A state that does not fit the parameters, or is none.
///
/// ```
/// use femto_std::optimizer::{Lbfgs, LbfgsError, LbfgsSettings};
///
/// let mut lbfgs = Lbfgs::<[f32; 2]>::new(LbfgsSettings::default());
/// assert_eq!(lbfgs.resume(3, 4, &[&[1.0]]), Err(LbfgsError::Slices { found: 1 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LbfgsError {
    /// A state has no slice before the first step, and later an odd number from 3 on.
    #[error("a state of L-BFGS cannot have {found} slices: pass all that `state` gave, in its order")]
    Slices {
        /// How many there are.
        found: usize,
    },
    /// A slice has the wrong length.
    #[error(
        "slice {slice} of the state has {found} numbers, not {expected}: pass the state of an optimizer for the same \
         parameters"
    )]
    Length {
        /// Its place in the state.
        slice: usize,
        /// How many numbers it must have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
}
