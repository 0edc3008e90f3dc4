//! One run: epochs, and what is done between them.

use std::collections::BTreeMap;

use femto::Net;
use femto::layer::Layer;
use femto::loss::Loss;
use femto::train::Workers;

use super::finite::place_in_weights;
use super::log::Log;
use super::resume::Saver;
use super::settings::{Every, Watch};
use super::state::State;
use super::step::Steps;
use super::{
    Diagnosis, DiagnosisCallback, Divergence, EpochCallback, EpochRecord, Metric, Place, Request, Stop, TrainError,
    diagnose, seed_of_run,
};
use crate::data::{Dataset, permutation};
use crate::evaluate::{mean_loss, predict_all};
use crate::optimizer::RatedOptimizer;

/// Seconds that an epoch takes at the least, for clocks that see none.
const SHORTEST: f64 = 1e-9;

/// A training that is being made.
pub(super) struct Run<'r, 'a, L: Layer, T, F, O, W> {
    pub(super) steps: Steps<'r, 'a, L, T, F, O, W>,
    pub(super) validation: Option<&'r Dataset<L::In, T>>,
    pub(super) metrics: &'r mut [Metric<'a, L, T>],
    pub(super) callbacks: &'r mut [EpochCallback<'a>],
    pub(super) on_diagnosis: &'r mut Option<DiagnosisCallback<'a>>,
    pub(super) saver: Option<Saver>,
    pub(super) log: Option<Log>,
    /// The checkpoint holds the state as it is.
    pub(super) is_saved: bool,
    /// What ends all runs, once something asked for it.
    pub(super) asked: Option<Stop>,
    /// The weights to predict with.
    pub(super) predicting: Box<Net<L>>,
    /// The seed of dropout that the user gave.
    pub(super) noise_seed: u64,
    pub(super) records: Vec<EpochRecord>,
    pub(super) diagnoses: Vec<Diagnosis>,
}

impl<L, T, F, O, W> Run<'_, '_, L, T, F, O, W>
where
    L: Layer,
    T: Clone + Send + Sync,
    F: Loss<T> + Send + Sync,
    O: RatedOptimizer<L> + Send,
    W: Workers,
{
    /// The mean loss of the training set with the weights to predict with.
    pub(super) fn train_loss(&self) -> Result<f64, TrainError> {
        self.mean_loss("training", self.steps.train)
    }

    /// That of the validation set, where there is one.
    pub(super) fn validation_loss(&self) -> Result<Option<f64>, TrainError> {
        self.validation.map(|set| self.mean_loss("validation", set)).transpose()
    }

    fn mean_loss(&self, name: &'static str, set: &Dataset<L::In, T>) -> Result<f64, TrainError> {
        let Steps { workers, objective, .. } = &self.steps;
        mean_loss(&self.predicting, *workers, objective.loss, set)
            .map_err(|source| TrainError::Set { set: name, source })
    }

    /// The metrics of the validation set, where there is one.
    pub(super) fn metrics(&mut self) -> BTreeMap<String, f64> {
        let Some(set) = self.validation.filter(|_| !self.metrics.is_empty()) else { return BTreeMap::new() };
        let outputs = predict_all(&self.predicting, self.steps.workers, set.inputs());
        let measured = self.metrics.iter_mut().map(|metric| {
            let Metric { name, of } = metric;
            ((*name).to_owned(), of(&outputs, set.targets()))
        });
        measured.collect()
    }

    /// Makes one run from where the state stands.
    pub(super) fn one(&mut self, state: &mut State<L>) -> Result<Stop, TrainError> {
        let settings = self.steps.settings;
        self.steps.objective = self.steps.objective.seeded(seed_of_run(self.noise_seed, state.run));
        let batches = self.steps.train.len().div_ceil(settings.batch_size);
        let all = (batches as u64).saturating_mul(u64::from(settings.epochs));
        let most = settings.max_steps.map_or(u64::MAX, u64::from);
        self.steps.bar.begin(u64::from(state.steps), all.min(most));
        loop {
            if let Some(ended) = state.ended {
                return Ok(ended);
            }
            if u64::from(state.steps) >= most {
                return Ok(Stop::Steps);
            }
            if state.epoch >= u64::from(settings.epochs) {
                return Ok(Stop::Epochs);
            }
            let seed = seed_of_run(settings.seed, state.run);
            let order = permutation(self.steps.train.len(), seed, state.epoch);
            if let Some(stop) = self.epoch(state, &order, batches)? {
                return Ok(stop);
            }
        }
    }

    /// Makes the rest of an epoch.
    fn epoch(&mut self, state: &mut State<L>, order: &[usize], batches: usize) -> Result<Option<Stop>, TrainError> {
        let settings = self.steps.settings;
        loop {
            let due =
                [settings.checkpoint.as_ref().map(|(_, every)| *every), settings.diagnosis.map(|(every, _)| every)];
            let next = due.into_iter().flatten().filter_map(|every| every.next_step(state.steps)).min();
            let steps = next.map_or(usize::MAX, |next| (next - state.steps) as usize);
            let stop = self.steps.run(state, order, batches.min(state.batch.saturating_add(steps)))?;
            let stop = match stop {
                // Ctrl-C is looked at once more when the epoch is over.
                Some(Stop::Interrupted) if state.batch >= batches => None,
                Some(Stop::Interrupted) if !self.is_rest(state) => Some(Stop::Steps),
                stop => stop,
            };
            self.note(state, stop);
            self.is_saved = false;
            if state.batch >= batches {
                let end = self.end_epoch(state)?;
                return Ok(Stop::of_all([stop, end]));
            }
            let steps = state.steps;
            let asked = self.do_due(state, |every| every.next_step(before(steps)) == Some(steps))?;
            if let Some(stop) = Stop::of_all([stop, asked]) {
                self.check_weights(state)?;
                return Ok(Some(stop));
            }
        }
    }

    /// What is done between epochs.
    fn end_epoch(&mut self, state: &mut State<L>) -> Result<Option<Stop>, TrainError> {
        self.check_weights(state)?;
        self.take_weights();
        let record = self.record(state)?;
        let change = state.sums.change.zip(self.steps.settings.min_change);
        let converged = change.is_some_and(|(change, least)| change < least).then_some(Stop::Converged);
        let stop = state.watch(self.watched(&record), &self.predicting).or(converged);
        state.ended = state.ended.or(stop);
        state.next_epoch();
        if let Some(log) = &mut self.log {
            log.write(&record)?;
        }
        self.steps.bar.epoch(&record);
        let callbacks = &mut *self.callbacks;
        let ask = |asked, callback: &mut EpochCallback<'_>| Stop::of_all([asked, Request::stop(callback(&record))]);
        let asked = self.steps.bar.suspend(|| callbacks.iter_mut().fold(None, ask));
        self.note(state, asked);
        self.records.push(record);
        let (epochs, steps) = (state.epoch, state.steps);
        let is_due = |every: Every| every.is_due_after_epochs(epochs) || every.next_step(before(steps)) == Some(steps);
        let diagnosed = self.do_due(state, is_due)?;
        let interrupted = self.steps.interrupt.is_asked() && self.is_rest(state);
        let interrupted = interrupted.then_some(Stop::Interrupted);
        self.note(state, interrupted);
        Ok(Stop::of_all([stop, asked, diagnosed, interrupted]))
    }

    /// There are steps to be made yet.
    fn is_rest(&self, state: &State<L>) -> bool {
        let settings = self.steps.settings;
        let is_over = state.ended.is_some()
            || state.epoch >= u64::from(settings.epochs)
            || settings.max_steps.is_some_and(|most| state.steps >= most);
        state.run + 1 < settings.runs || !is_over
    }

    /// Notes what ends all runs, and in the state what does so for good.
    pub(super) fn note(&mut self, state: &mut State<L>, stop: Option<Stop>) {
        state.note(stop);
        self.asked = Stop::of_all([self.asked, stop.filter(|stop| stop.ends_all())]);
    }

    fn do_due(&mut self, state: &mut State<L>, is_due: impl Fn(Every) -> bool) -> Result<Option<Stop>, TrainError> {
        let settings = self.steps.settings;
        // Before the checkpoint, which then knows of an end that is asked for.
        let asked = match settings.diagnosis {
            Some((every, samples)) if is_due(every) => self.diagnose(state, samples)?,
            _ => None,
        };
        self.note(state, asked);
        if settings.checkpoint.as_ref().is_some_and(|(_, every)| is_due(*every)) {
            self.check_weights(state)?;
            self.save(state)?;
        }
        Ok(asked)
    }

    fn diagnose(&mut self, state: &State<L>, samples: usize) -> Result<Option<Stop>, TrainError> {
        let Steps { net, workers, objective, optimizer, train, .. } = &self.steps;
        let objective = objective.at_step(optimizer.steps());
        let found = diagnose(net, workers.level(), &objective, train, samples)
            .map_err(|source| TrainError::Set { set: "training", source })?;
        let diagnosis = Diagnosis { run: state.run, step: optimizer.steps(), ..found };
        let answer = self.on_diagnosis.as_mut().map(|callback| self.steps.bar.suspend(|| callback(&diagnosis)));
        self.diagnoses.push(diagnosis);
        Ok(answer.and_then(Request::stop))
    }

    fn check_weights(&self, state: &State<L>) -> Result<(), TrainError> {
        match place_in_weights(self.steps.net) {
            None => Ok(()),
            Some(place) => Err(self.divergence(state, place)),
        }
    }

    /// What the last step made infinite or NaN.
    fn divergence(&self, state: &State<L>, place: Place) -> TrainError {
        let step = before(self.steps.optimizer.steps());
        TrainError::NotFinite(Divergence { run: state.run, epoch: state.epoch, step, place })
    }

    /// Writes the weights to predict with to their place.
    pub(super) fn take_weights(&mut self) {
        let level = self.steps.workers.level();
        self.steps.optimizer.weights_to_predict_with(level, self.steps.net, &mut self.predicting);
    }

    fn record(&mut self, state: &State<L>) -> Result<EpochRecord, TrainError> {
        let validation_loss = self.validation_loss()?;
        if validation_loss.is_some_and(|loss| !loss.is_finite()) {
            return Err(self.divergence(state, Place::Validation));
        }
        let metrics = self.metrics();
        let (steps, settings) = (&self.steps, self.steps.settings);
        let last = before(steps.optimizer.steps());
        let rate = match (&settings.schedule, &state.plateau) {
            (Some(schedule), _) => (schedule.rate)(last),
            (None, Some(plateau)) => plateau.rate,
            (None, None) => steps.optimizer.learning_rate(),
        };
        Ok(EpochRecord {
            run: state.run,
            epoch: state.epoch,
            step: steps.optimizer.steps(),
            rate,
            train_loss: state.sums.loss / steps.train.len() as f64,
            validation_loss,
            metrics,
            gradient_norm: (state.sums.measured > 0).then(|| state.sums.gradient_norms / state.sums.measured as f64),
            samples_per_second: steps.train.len() as f64 / state.sums.seconds.max(SHORTEST),
            seconds: state.sums.seconds,
        })
    }

    /// The number that early stopping and plateaus look at.
    fn watched(&self, record: &EpochRecord) -> f64 {
        match self.steps.settings.watched(self.validation.is_some()) {
            Watch::TrainLoss => record.train_loss,
            Watch::ValidationLoss => record.validation_loss.unwrap_or(f64::NAN),
            Watch::Highest(name) | Watch::Lowest(name) => record.metrics.get(name).copied().unwrap_or(f64::NAN),
        }
    }

    pub(super) fn save(&mut self, state: &State<L>) -> Result<(), TrainError> {
        if let Some(saver) = &self.saver
            && !self.is_saved
        {
            // The log before what says how long it is.
            let log_bytes = self.log.as_ref().map(Log::sync).transpose()?;
            saver.save(self.steps.net, self.steps.optimizer, state, log_bytes)?;
        }
        self.is_saved = true;
        Ok(())
    }
}

/// The steps before the last one.
const fn before(steps: u32) -> u32 {
    steps.saturating_sub(1)
}
