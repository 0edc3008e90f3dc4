//! Early stopping: ends a training that no longer gets better on data it does not learn from, and keeps the weights of
//! its best moment.
//!
//! [`EarlyStopping`] looks at one number, as a rule the validation loss after each epoch. [`BestWeights`] keeps a copy of
//! the weights besides. The rule is that of Keras and PyTorch Lightning; Prechelt (1998), "Early Stopping - But When?",
//! compares others.

use crate::flat::Flat;

/// Which of two values is the better.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Better {
    /// The lower one: losses and errors.
    #[default]
    Lower,
    /// The higher one: accuracies and other scores.
    Higher,
}

/// What an observation says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use]
pub enum Verdict {
    /// The best so far.
    Improved,
    /// No improvement, and patience left.
    Waiting,
    /// No improvement, and no patience left.
    Stop,
}

/// The best value so far, and when it was seen.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Best {
    /// The value.
    pub value: f32,
    /// The number of its observation, counted from 0: the epoch, where each is observed once.
    pub at: u32,
}

/// How far the observations have come: plain data, all that it takes to go on later.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Progress {
    /// Observations so far.
    pub observed: u32,
    /// Observations since the best one, or in all where there is no best one.
    pub waited: u32,
    /// The best one; none before the first improvement.
    pub best: Option<Best>,
}

/// Says when to stop: after `patience` observations in a row without improvement.
///
/// An observation is an improvement where it is better than the best so far by more than `min_delta`:
/// `value < best - min_delta`, or `value > best + min_delta`. The first one is, unless it is NaN or infinitely bad. NaN
/// never is.
///
/// ```
/// use femto::early_stopping::{Best, EarlyStopping, Verdict};
///
/// let mut stopping = EarlyStopping::new(2);
/// assert_eq!(stopping.observe(0.9), Verdict::Improved);
/// assert_eq!(stopping.observe(0.5), Verdict::Improved);
/// assert_eq!(stopping.observe(0.6), Verdict::Waiting);
/// assert_eq!(stopping.observe(f32::NAN), Verdict::Stop);
/// assert_eq!(stopping.best(), Some(Best { value: 0.5, at: 1 }));
/// ```
///
/// Accuracies, which must rise by more than half a percent:
///
/// ```
/// use femto::early_stopping::{Better, EarlyStopping, Verdict};
///
/// let mut stopping = EarlyStopping { min_delta: 0.005, better: Better::Higher, ..EarlyStopping::new(1) };
/// assert_eq!(stopping.observe(0.90), Verdict::Improved);
/// assert_eq!(stopping.observe(0.92), Verdict::Improved);
/// assert_eq!(stopping.observe(0.923), Verdict::Stop);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EarlyStopping {
    /// How many observations in a row without improvement end the training; 0 is as 1.
    pub patience: u32,
    /// An improvement must be larger than this; 0 by default. The sign does not count.
    pub min_delta: f32,
    /// Which way is better; [`Better::Lower`] by default.
    pub better: Better,
    /// How far it has come. To go on where another was, put its progress here.
    pub progress: Progress,
}

impl EarlyStopping {
    /// With this patience, lower being better, any improvement counting, and nothing observed.
    #[must_use]
    pub const fn new(patience: u32) -> Self {
        let progress = Progress { observed: 0, waited: 0, best: None };
        Self { patience, min_delta: 0.0, better: Better::Lower, progress }
    }

    /// Takes the next value. May be called after [`Verdict::Stop`]: the verdict stays until there is an improvement.
    pub fn observe(&mut self, value: f32) -> Verdict {
        let Progress { observed, waited, best } = &mut self.progress;
        let at = *observed;
        *observed = at.saturating_add(1);
        let min_delta = self.min_delta.abs();
        let improved = match self.better {
            Better::Lower => value < best.map_or(f32::INFINITY, |best| best.value - min_delta),
            Better::Higher => value > best.map_or(f32::NEG_INFINITY, |best| best.value + min_delta),
        };
        if improved {
            *waited = 0;
            *best = Some(Best { value, at });
            return Verdict::Improved;
        }
        *waited = waited.saturating_add(1);
        if *waited < self.patience { Verdict::Waiting } else { Verdict::Stop }
    }

    /// The best value and when it was observed; `None` before the first improvement.
    #[must_use]
    pub const fn best(&self) -> Option<Best> {
        self.progress.best
    }
}

/// Early stopping that keeps a copy of the weights at each improvement, in a value that its owner provides, and gives it
/// back.
///
/// To go on later, keep [`Self::stopping`] and the weights in the place, and make a new one of the two.
///
/// ```
/// use femto::Flat;
/// use femto::early_stopping::{BestWeights, EarlyStopping, Verdict};
///
/// let mut place = <[f32; 2]>::ZERO;
/// let mut best = BestWeights::new(EarlyStopping::new(1), &mut place);
/// let mut weights = [1.0, 2.0];
/// assert_eq!(best.observe(0.3, &weights), Verdict::Improved);
/// weights = [7.0, 8.0];
/// assert_eq!(best.observe(0.4, &weights), Verdict::Stop);
/// assert!(best.restore(&mut weights));
/// assert_eq!(weights, [1.0, 2.0]);
/// ```
#[derive(PartialEq, Debug)]
pub struct BestWeights<'a, P> {
    stopping: EarlyStopping,
    weights: &'a mut P,
}

impl<'a, P: Flat> BestWeights<'a, P> {
    /// With settings, and a place for the weights. Where `stopping` has come to a best value already, `place` holds its
    /// weights; else what it holds does not matter.
    #[must_use]
    pub const fn new(stopping: EarlyStopping, place: &'a mut P) -> Self {
        Self { stopping, weights: place }
    }

    /// [`EarlyStopping::observe`]; copies the weights where the value is an improvement.
    pub fn observe(&mut self, value: f32, weights: &P) -> Verdict {
        let verdict = self.stopping.observe(value);
        if verdict == Verdict::Improved {
            copy(weights, self.weights);
        }
        verdict
    }

    /// Settings and progress.
    #[must_use]
    pub const fn stopping(&self) -> &EarlyStopping {
        &self.stopping
    }

    /// The best weights; `None` before the first improvement.
    #[must_use]
    pub const fn weights(&self) -> Option<&P> {
        match self.stopping.best() {
            Some(_) => Some(self.weights),
            None => None,
        }
    }

    /// Copies the best weights back and returns true; before the first improvement leaves `weights` as they are and
    /// returns false.
    pub fn restore(&self, weights: &mut P) -> bool {
        let Some(best) = self.weights() else { return false };
        copy(best, weights);
        true
    }
}

/// Number by number, for a flat value need not be [`Clone`].
fn copy<P: Flat>(from: &P, to: &mut P) {
    for (to, from) in to.as_mut_slice().iter_mut().zip(from.as_slice()) {
        *to = *from;
    }
}
