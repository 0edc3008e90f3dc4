//! One run after the other, of which the best is kept.

use femto::early_stopping::Better;
use femto::layer::Layer;
use femto::loss::Loss;
use femto::train::Workers;
use femto::{Flat, Net};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::SplitMix64;

use super::run::Run;
use super::settings::Watch;
use super::state::{Kept, State};
use super::{Divergence, Place, Stop, TrainError};
use crate::heap::boxed;
use crate::optimizer::RatedOptimizer;

/// The seed of a run, of several ([`Trainer::runs`](super::Trainer::runs)): `seed` itself for run 0, another for each
/// of the others. A trainer with it as its seed, and an objective whose seed of dropout is made the same way, makes
/// that run alone.
///
/// ```
/// use femto_std::trainer::seed_of_run;
///
/// assert_eq!(seed_of_run(7, 0), 7);
/// assert_ne!(seed_of_run(7, 1), seed_of_run(6, 2));
/// ```
#[must_use]
pub fn seed_of_run(seed: u64, run: u32) -> u64 {
    match run {
        0 => seed,
        // Spreading the seed first keeps (seed, run + 1) apart from (seed + 1, run).
        run => SplitMix64::seed_from_u64(seed).next_u64().wrapping_add(u64::from(run)),
    }
}

impl<L, T, F, O, W> Run<'_, '_, L, T, F, O, W>
where
    L: Layer,
    T: Clone + Send + Sync,
    F: Loss<T> + Send + Sync,
    O: RatedOptimizer<L> + Send,
    W: Workers,
{
    /// Makes all runs from where the state stands, and leaves the weights of the best one in the network.
    pub(super) fn all(&mut self, state: &mut State<L>) -> Result<Stop, TrainError> {
        if !self.is_saved {
            // Begun anew: what cannot be written is found now.
            self.save(state)?;
        }
        // What was asked for before the training was taken up again.
        self.note(state, state.ended);
        let runs = self.steps.settings.runs;
        loop {
            let end = match lost(state) {
                // Before the training was taken up again, and as the last run that was made.
                Some(found) => Err(TrainError::NotFinite(found)),
                None => self.one(state),
            };
            match &end {
                Ok(_) => {
                    self.save(state)?;
                    self.take_weights();
                }
                // Other runs would find the same sample.
                Err(TrainError::NotFinite(Divergence { place: Place::Inputs { .. }, .. }))
                    if state.kept.is_none() && state.best.is_none() =>
                {
                    return end;
                }
                // Other runs, and its own epochs before, are not to blame.
                Err(TrainError::NotFinite(found)) if runs > 1 || state.best.is_some() => {
                    if lost(state).is_none() {
                        state.diverged.push(*found);
                        self.is_saved = false;
                    }
                }
                Err(_) => return end,
            }
            if let Some(best) = &state.best {
                self.predicting.as_mut_slice().copy_from_slice(best.as_slice());
            }
            let has_weights = end.is_ok() || state.best.is_some();
            if runs > 1 && has_weights {
                self.keep_if_better(state)?;
            }
            let is_last = state.run + 1 >= runs;
            match self.asked {
                Some(stop) if stop.goes_on() && end.is_err() && !is_last => {
                    // The next run is where the training goes on.
                    self.next_run(state)?;
                    return self.finish(state, Ok(stop), false);
                }
                None if !is_last => self.next_run(state)?,
                _ => return self.finish(state, end, has_weights),
            }
        }
    }

    /// Leaves the weights of the best run, or of the only one, in the network.
    fn finish(
        &mut self,
        state: &State<L>,
        end: Result<Stop, TrainError>,
        has_weights: bool,
    ) -> Result<Stop, TrainError> {
        let have_all_diverged = end.is_err() && state.diverged.len() > state.run as usize;
        let is_over = end.as_ref().map_or(!have_all_diverged, |stop| !stop.goes_on());
        let kept = state.kept.as_ref().map(|kept| &kept.weights);
        if let (Err(_), Some(kept), true) = (&end, kept, is_over) {
            // No checkpoint has weights that are not finite.
            self.steps.net.as_mut_slice().copy_from_slice(kept.as_slice());
        }
        // With the last run among those that were compared.
        let saved = if is_over && kept.is_some() { self.save(state) } else { Ok(()) };
        let of_this = has_weights.then_some(&self.predicting);
        if let Some(weights) = kept.or(of_this) {
            self.steps.net.as_mut_slice().copy_from_slice(weights.as_slice());
        }
        saved?;
        if have_all_diverged { end } else { end.or(Ok(self.asked.unwrap_or(Stop::Diverged))) }
    }

    fn keep_if_better(&mut self, state: &mut State<L>) -> Result<(), TrainError> {
        let settings = self.steps.settings;
        let value = match settings.watched(self.validation.is_some()) {
            Watch::TrainLoss => self.train_loss()?,
            Watch::ValidationLoss => self.validation_loss()?.unwrap_or(f64::NAN),
            Watch::Highest(name) | Watch::Lowest(name) => self.metrics().get(name).copied().unwrap_or(f64::NAN),
        };
        let is_better = |than: f64| match settings.better(Better::Lower) {
            Better::Lower => value < than,
            Better::Higher => value > than,
        };
        // What is NaN is worse than all else.
        if state.kept.as_ref().is_none_or(|kept| is_better(kept.value) || kept.value.is_nan()) {
            let mut weights = boxed::<Net<L>>();
            weights.as_mut_slice().copy_from_slice(self.predicting.as_slice());
            state.kept = Some(Kept { weights, value, run: state.run, best_epoch: state.best_epoch() });
            self.is_saved = false;
        }
        Ok(())
    }

    fn next_run(&mut self, state: &mut State<L>) -> Result<(), TrainError> {
        let settings = self.steps.settings;
        state.next_run(settings);
        if let Some(init) = settings.init {
            self.steps.net.init(init, seed_of_run(settings.seed, state.run));
        }
        for numbers in self.steps.optimizer.resume(0) {
            numbers.fill(0.0);
        }
        self.is_saved = false;
        self.save(state)
    }
}

/// Where the run that is being made has diverged.
fn lost<L: Layer>(state: &State<L>) -> Option<Divergence> {
    state.diverged.last().copied().filter(|last| last.run == state.run)
}
