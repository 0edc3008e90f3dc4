//! Steps, one batch after the other, and the rules that may end a training after any of them.

use std::time::Instant;

use femto::clip::{clip_norm, clip_tensor_norms, clip_value, norm};
use femto::layer::Layer;
use femto::loss::Loss;
use femto::train::{Objective, Workers};
use femto::{Flat, Net};

use super::finite::place_of_loss;
use super::interrupt::Interrupt;
use super::progress::Bar;
use super::settings::{Clip, Settings};
use super::state::State;
use super::{Divergence, Request, SettingsError, StepCallback, StepRecord, Stop, TrainError};
use crate::data::Dataset;
use crate::epoch::{EpochError, Gathered};
use crate::heap::boxed;
use crate::optimizer::RatedOptimizer;

/// All that a step needs.
pub(super) struct Steps<'r, 'a, L: Layer, T, F, O, W> {
    pub(super) settings: &'r Settings<'a>,
    pub(super) workers: W,
    pub(super) net: &'r mut Net<L>,
    pub(super) optimizer: &'r mut O,
    pub(super) objective: Objective<F>,
    pub(super) train: &'r Dataset<L::In, T>,
    pub(super) callbacks: &'r mut [StepCallback<'a>],
    pub(super) interrupt: &'r Interrupt,
    pub(super) bar: Bar,
    pub(super) gathered: Gathered<L, T>,
    /// For optimizers that want one, and whatever else does.
    pub(super) gradient: Option<Box<Net<L>>>,
    /// The parameters before a step, where their change is looked at.
    pub(super) before: Option<Box<Net<L>>>,
}

impl<L, T, F, O, W> Steps<'_, '_, L, T, F, O, W>
where
    L: Layer,
    T: Clone + Send + Sync,
    F: Loss<T> + Send + Sync,
    O: RatedOptimizer<L> + Send,
    W: Workers,
{
    /// Makes steps until so many batches of the epoch are done, or something ends the training.
    pub(super) fn run(
        &mut self,
        state: &mut State<L>,
        order: &[usize],
        until: usize,
    ) -> Result<Option<Stop>, TrainError> {
        let start = Instant::now();
        let workers = self.workers;
        let seconds = &mut 0.0;
        let end = workers.attend(|| {
            let end = self.steps(state, order, until);
            *seconds = start.elapsed().as_secs_f64();
            end
        });
        state.sums.seconds += *seconds;
        end
    }

    fn steps(&mut self, state: &mut State<L>, order: &[usize], until: usize) -> Result<Option<Stop>, TrainError> {
        while state.batch < until {
            if let Some(stop) = self.step(state, order)? {
                return Ok(Some(stop));
            }
        }
        Ok(None)
    }

    /// The learning rate of the next step, where it is not the optimizer's own.
    fn rate(&self, state: &State<L>) -> Result<Option<f32>, SettingsError> {
        match &self.settings.schedule {
            Some(schedule) => schedule.rate_at(self.optimizer.steps()).map(Some),
            None => Ok(state.plateau.map(|plateau| plateau.rate)),
        }
    }

    fn step(&mut self, state: &mut State<L>, order: &[usize]) -> Result<Option<Stop>, TrainError> {
        let Settings { batch_size, max_steps, .. } = *self.settings;
        let samples = order.chunks(batch_size).nth(state.batch).unwrap_or_default();
        let (rate, step) = (self.rate(state)?, self.optimizer.steps());
        if let Some(before) = &mut self.before {
            before.as_mut_slice().copy_from_slice(self.net.as_slice());
        }
        let (loss, gradient_norm) = self.learn(rate, samples, batch_size.min(self.train.len()))?;
        let sum = self.gathered.loss();
        if !sum.is_finite() {
            let place = place_of_loss::<L>(samples, self.gathered.inputs(), self.gathered.tape());
            return Err(TrainError::NotFinite(Divergence { run: state.run, epoch: state.epoch, step, place }));
        }
        state.sums.loss += sum;
        if let Some(norm) = gradient_norm {
            state.sums.gradient_norms += f64::from(norm);
            state.sums.measured += 1;
        }
        state.batch += 1;
        state.steps = state.steps.saturating_add(1);
        let seen = state.batch.saturating_mul(batch_size).min(self.train.len());
        self.bar.step(state.sums.loss / seen as f64);

        let rate = rate.unwrap_or_else(|| self.optimizer.learning_rate());
        if let Some(before) = &self.before
            && rate != 0.0
        {
            // While a rate rises, small steps say nothing.
            let next = self.settings.schedule.as_ref().map(|schedule| (schedule.rate)(step.saturating_add(1)));
            let is_rising = next.is_some_and(|next| next > rate);
            let change = if is_rising { f32::INFINITY } else { largest_change(before, self.net) };
            state.sums.change = Some(state.sums.change.map_or(change, |largest| largest.max(change)));
        }
        let (run, epoch, step) = (state.run, state.epoch, self.optimizer.steps());
        let record = StepRecord { run, epoch, step, rate, loss, gradient_norm };
        // All of them, whatever one says.
        let ask = |asked, callback: &mut StepCallback<'_>| Stop::of_all([asked, Request::stop(callback(&record))]);
        let asked = self.callbacks.iter_mut().fold(None, ask);
        state.note(asked);
        let interrupted = self.interrupt.is_asked().then_some(Stop::Interrupted);
        let is_last = max_steps.is_some_and(|most| state.steps >= most);
        Ok(Stop::of_all([asked, interrupted, is_last.then_some(Stop::Steps)]))
    }

    /// Changes the network by a batch: in place where nobody wants to see the gradient. Returns the objective and, where it
    /// is known, the norm of the gradient.
    fn learn(&mut self, rate: Option<f32>, samples: &[usize], rows: usize) -> Result<(f32, Option<f32>), TrainError> {
        let set_error = |source| TrainError::Set { set: "training", source: EpochError::Set(source) };
        let Self { settings, workers, net, optimizer, objective, train, gathered, gradient, .. } = self;
        let (workers, level) = (*workers, workers.level());
        let mut batch = gathered.gather(train, samples, rows);
        let is_seen = settings.clip.is_some() || settings.measures_gradients;
        if !is_seen && let Some(loss) = optimizer.step_in_place(rate, workers, net, objective, &mut batch) {
            return Ok((loss.map_err(set_error)?, None));
        }
        let gradient = &mut **gradient.get_or_insert_with(boxed);
        gradient.as_mut_slice().fill(0.0);
        let objective = objective.at_step(optimizer.steps());
        let loss = net
            .gradient_on(workers, &objective, batch.inputs, batch.targets, batch.tape, gradient)
            .map_err(set_error)?;
        let mut gradient_norm = None;
        if let Some(Clip::Norm(limit)) = settings.clip {
            gradient_norm = Some(clip_norm(level, gradient, limit));
        } else if settings.measures_gradients {
            gradient_norm = Some(norm(level, gradient));
        }
        match settings.clip {
            Some(Clip::TensorNorm(limit)) => {
                clip_tensor_norms(level, gradient, limit);
            }
            Some(Clip::Value(limit)) => clip_value(level, gradient, limit),
            Some(Clip::Norm(_)) | None => {}
        }
        match rate {
            Some(rate) => optimizer.apply_at_rate(rate, level, net, gradient),
            None => optimizer.apply(level, net, gradient),
        }
        Ok((loss, gradient_norm))
    }
}

/// The largest change of a parameter; infinite where one is NaN.
fn largest_change<L: Layer>(before: &Net<L>, after: &Net<L>) -> f32 {
    let changes = before.as_slice().iter().zip(after.as_slice()).map(|(before, after)| (after - before).abs());
    changes.fold(0.0, |largest, change| if change.is_nan() { f32::INFINITY } else { largest.max(change) })
}
