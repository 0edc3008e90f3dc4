//! How far a training has come: all that the next step and the outcome depend on, besides the network and the optimizer.

use femto::early_stopping::{EarlyStopping, Verdict};
use femto::layer::Layer;
use femto::schedule::ReduceOnPlateau;
use femto::{Flat, Net};

use super::settings::Settings;
use super::{Divergence, Stop};
use crate::heap::boxed;

/// Weights that may be wanted again.
pub(super) struct Kept<L: Layer> {
    pub(super) weights: Box<Net<L>>,
    /// What runs are compared by.
    pub(super) value: f64,
    /// The run.
    pub(super) run: u32,
    /// The epoch where early stopping kept the weights.
    pub(super) best_epoch: Option<u64>,
}

pub(super) struct State<L: Layer> {
    /// The run that is being made.
    pub(super) run: u32,
    /// The epoch that is being made.
    pub(super) epoch: u64,
    /// Batches of it that are done.
    pub(super) batch: usize,
    /// Steps of the run.
    pub(super) steps: u32,
    /// What the epoch has come to.
    pub(super) sums: Sums,
    /// The time of all steps before the epoch.
    pub(super) seconds: f64,
    pub(super) stopping: Option<EarlyStopping>,
    pub(super) plateau: Option<ReduceOnPlateau>,
    /// The best weights of the run, once `stopping` has seen some.
    pub(super) best: Option<Box<Net<L>>>,
    /// The weights of the best run so far.
    pub(super) kept: Option<Kept<L>>,
    /// The runs that diverged.
    pub(super) diverged: Vec<Divergence>,
    /// The run has come to an end that is final.
    pub(super) ended: Option<Stop>,
}

/// Sums over the batches of an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) loss: f64,
    pub(super) gradient_norms: f64,
    /// How many norms.
    pub(super) measured: u64,
    /// The largest change of a parameter by a step, of steps that say something; infinite while the rate rises.
    pub(super) change: Option<f32>,
    pub(super) seconds: f64,
}

impl<L: Layer> State<L> {
    pub(super) fn new(settings: &Settings<'_>) -> Self {
        Self {
            run: 0,
            epoch: 0,
            batch: 0,
            steps: 0,
            sums: Sums::default(),
            seconds: 0.0,
            stopping: settings.stopping(),
            plateau: settings.falling(),
            best: None,
            kept: None,
            diverged: Vec::new(),
            ended: None,
        }
    }

    /// Goes to the beginning of the next run.
    pub(super) fn next_run(&mut self, settings: &Settings<'_>) {
        let fresh = Self::new(settings);
        let (kept, diverged) = (self.kept.take(), std::mem::take(&mut self.diverged));
        *self = Self { run: self.run + 1, seconds: self.seconds + self.sums.seconds, kept, diverged, ..fresh };
    }

    /// Goes to the beginning of the next epoch.
    pub(super) fn next_epoch(&mut self) {
        self.seconds += self.sums.seconds;
        self.epoch += 1;
        (self.batch, self.sums) = (0, Sums::default());
    }

    /// Takes the watched number of an epoch, with the weights that it is of.
    pub(super) fn watch(&mut self, value: f64, weights: &Net<L>) -> Option<Stop> {
        if let Some(plateau) = &mut self.plateau {
            plateau.observe(value as f32);
        }
        match self.stopping.as_mut()?.observe(value as f32) {
            Verdict::Improved => {
                self.best.get_or_insert_with(boxed).as_mut_slice().copy_from_slice(weights.as_slice());
            }
            Verdict::Waiting => {}
            Verdict::Stop => return Some(Stop::EarlyStopping),
        }
        None
    }

    /// Notes what is final, so that a checkpoint does.
    pub(super) fn note(&mut self, stop: Option<Stop>) {
        if stop == Some(Stop::Callback) {
            self.ended = stop;
        }
    }

    /// The epoch whose weights early stopping has kept.
    pub(super) fn best_epoch(&self) -> Option<u64> {
        self.stopping.and_then(|stopping| stopping.best()).map(|best| u64::from(best.at))
    }
}
