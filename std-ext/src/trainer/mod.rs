//! Whole trainings: epochs with validation, schedules, clipped gradients, early stopping, a log, diagnoses, and
//! checkpoints from which a training goes on as if nothing had been.
//!
//! A [`Trainer`] holds settings and callbacks; what changes while a network learns is the network and its optimizer, and
//! both are the caller's.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto::activation::Relu;
//! use femto::early_stopping::EarlyStopping;
//! use femto::init::Init;
//! use femto::layer::Dense;
//! use femto::loss::CrossEntropy;
//! use femto::optimizer::{Adam, Optimizer};
//! use femto::train::Objective;
//! use femto::{Flat, net};
//! use femto_std::data::{Fractions, digits, stratified_split};
//! use femto_std::trainer::{Every, Trainer, accuracy, read_log};
//!
//! type Digits = net![Dense<64, 32, Relu>, Dense<32, 10>];
//!
//! let digits = digits();
//! let split = stratified_split(digits.targets(), Fractions::new(0.2, 0.0)?, 1)?;
//! let (train, validation) = (digits.select(&split.train)?, digits.select(&split.validation)?);
//!
//! # let folder = tempfile::tempdir()?;
//! # let (checkpoint, log) = (folder.path().join("digits.run"), folder.path().join("digits.jsonl"));
//! let mut net = Digits::ZERO;
//! let mut adam = Optimizer::new(Adam::new(3e-3));
//! let outcome = Trainer::new()
//!     .batch_size(32)
//!     .epochs(8)
//!     .seed(1)
//!     .init(Init::HeUniform)
//!     .metric("accuracy", accuracy)
//!     .early_stopping(EarlyStopping::new(3))
//!     .checkpoint(&checkpoint, Every::Epochs(1)) // and goes on from it where it is there
//!     .log(&log)
//!     .on_epoch(|record| println!("epoch {}: {:.4}", record.epoch, record.train_loss))
//!     .fit(&mut net, &mut adam, &Objective::mean(CrossEntropy), &train, Some(&validation))?;
//! println!("{}", outcome.stop);
//! // All epochs; `outcome.records` has those since the training was taken up again.
//! assert!(read_log(&log)?.last().is_some_and(|last| last.metrics["accuracy"] > 0.85));
//! # Ok(())
//! # }
//! ```
//!
//! # Bits
//!
//! A training makes the steps that [`Epochs`](crate::epoch::Epochs) would make, with the same bits, on any number of
//! threads. Nothing that is looked at in between (validation, metrics, diagnoses, logs, checkpoints) changes any. A
//! training that was killed at any moment and taken up again from its checkpoint ends with the weights of one that was not,
//! as long as its callbacks ask for the end ([`Request::End`]) by what the numbers say.
//!
//! # Features
//!
//! This module is there with the feature `trainer`, which brings `checkpoint`; `progress` adds the progress bar,
//! `interrupt` listens to Ctrl-C. All of them are on by default.

mod builder;
mod diagnosis;
mod error;
mod finite;
mod interrupt;
mod log;
mod metric;
mod progress;
mod report;
mod resume;
mod run;
mod runs;
mod settings;
mod state;
mod step;

use std::fmt;
use std::fmt::Debug;
use std::ops::ControlFlow;

use femto::flat::Split;
use femto::layer::Layer;
use femto::loss::Loss;
use femto::train::{Objective, Workers};
use femto::{Level, Net};

pub use diagnosis::{Diagnosis, LayerDiagnosis, Warning, diagnose};
pub use error::{Divergence, Place, SettingsError, TrainError};
pub use log::{LogError, read_log};
pub use metric::{accuracy, binary_accuracy};
pub use report::{Answer, EpochRecord, Outcome, Request, StepRecord, Stop};
pub use runs::seed_of_run;
pub use settings::{Clip, Every, Watch};

use self::interrupt::Interrupt;
use self::metric::Metric;
use self::progress::Bar;
use self::resume::{Begun, Identity, Saver, begin};
use self::run::Run;
use self::settings::Settings;
use self::step::Steps;
use crate::data::Dataset;
use crate::epoch::{EpochError, Gathered, check_set};
use crate::heap::boxed;
use crate::optimizer::RatedOptimizer;

type EpochCallback<'a> = Box<dyn FnMut(&EpochRecord) -> ControlFlow<Request> + 'a>;
type StepCallback<'a> = Box<dyn FnMut(&StepRecord) -> ControlFlow<Request> + Send + 'a>;
type DiagnosisCallback<'a> = Box<dyn FnMut(&Diagnosis) -> ControlFlow<Request> + 'a>;

/// Settings of a training, and who is told of it. See the [module](self) for an example.
///
/// `N` is the network, as [`femto::net!`] writes it, and `T` the target of one sample; both follow from [`Self::fit`]. `W`
/// does the work.
pub struct Trainer<'a, N: Split<First: Layer>, T, W = Level> {
    settings: Settings<'a>,
    workers: W,
    metrics: Vec<Metric<'a, N::First, T>>,
    on_epoch: Vec<EpochCallback<'a>>,
    on_step: Vec<StepCallback<'a>>,
    on_diagnosis: Option<DiagnosisCallback<'a>>,
}

impl<L: Layer, T> Default for Trainer<'_, Net<L>, T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows the settings that are numbers.
impl<N: Split<First: Layer>, T, W> Debug for Trainer<'_, N, T, W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { batch_size, epochs, seed, runs, .. } = &self.settings;
        let mut fields = formatter.debug_struct("Trainer");
        fields.field("batch_size", batch_size).field("epochs", epochs).field("seed", seed).field("runs", runs);
        fields.finish_non_exhaustive()
    }
}

impl<L: Layer, T> Trainer<'_, Net<L>, T> {
    /// Batches of 32 samples, 10 epochs, seed 0, on the fastest level of the machine, and nothing else.
    #[must_use]
    pub fn new() -> Self {
        Self {
            settings: Settings::DEFAULT,
            workers: Level::detect(),
            metrics: Vec::new(),
            on_epoch: Vec::new(),
            on_step: Vec::new(),
            on_diagnosis: None,
        }
    }
}

impl<L: Layer, T, W: Workers> Trainer<'_, Net<L>, T, W> {
    /// Trains the network. Afterwards it holds the weights to predict with: those of the best epoch with early stopping,
    /// the average of optimizers that average, those of the best run.
    ///
    /// The optimizer is any [`RatedOptimizer`]: an [`Optimizer`](femto::optimizer::Optimizer), whose steps are made in
    /// place as long as nobody wants to see a gradient, or one by its name
    /// ([`OptimizerName::with_rate`](crate::optimizer::OptimizerName::with_rate)). For a schedule use
    /// [`Self::schedule`], not a rule that has one.
    ///
    /// # Errors
    ///
    /// [`TrainError::Settings`] and [`TrainError::Set`] before anything is changed; [`TrainError::OldLog`],
    /// [`TrainError::OtherTraining`] and [`TrainError::Checkpoint`] for a checkpoint that cannot be resumed from (nothing
    /// is changed then) or cannot be written; [`TrainError::NotFinite`] where training diverges; [`TrainError::Log`] and
    /// [`TrainError::Interrupt`] where the system refuses.
    pub fn fit<O, F>(
        &mut self,
        net: &mut Net<L>,
        optimizer: &mut O,
        objective: &Objective<F>,
        train: &Dataset<L::In, T>,
        validation: Option<&Dataset<L::In, T>>,
    ) -> Result<Outcome, TrainError>
    where
        T: Clone + Send + Sync,
        F: Loss<T> + Send + Sync,
        O: RatedOptimizer<L> + Send,
    {
        self.check::<F>(optimizer.learning_rate(), train, validation)?;
        let Self { settings, workers, metrics, on_epoch, on_step, on_diagnosis } = self;
        let settings = &*settings;
        let interrupt = Interrupt::new(settings.listens_to_ctrl_c)?;
        let saver = match &settings.checkpoint {
            Some((path, _)) => {
                let identity = Identity::new::<L, T, F>(*workers, objective, train, validation)?;
                let identity = identity.with_settings(settings, validation.is_some(), optimizer);
                Some(Saver { path: path.clone(), identity })
            }
            None => None,
        };
        let Begun { mut state, log, is_saved, resumed_at } = begin(settings, saver.as_ref(), net, optimizer)?;

        let bar = Bar::new(settings.shows_progress, settings.batch_size.min(train.len()), settings.runs);
        let mut run = Run {
            steps: Steps {
                settings,
                workers: *workers,
                net,
                optimizer,
                objective: *objective,
                train,
                callbacks: on_step,
                interrupt: &interrupt,
                bar: bar.clone(),
                gathered: Gathered::new(),
                gradient: None,
                before: settings.min_change.map(|_| boxed()),
            },
            validation,
            metrics,
            callbacks: on_epoch,
            on_diagnosis,
            saver,
            is_saved,
            log,
            asked: None,
            predicting: boxed(),
            noise_seed: objective.noise.seed,
            records: Vec::new(),
            diagnoses: Vec::new(),
        };
        let stop = run.all(&mut state);
        bar.end();
        let Run { records, diagnoses, steps, .. } = run;
        Ok(Outcome {
            stop: stop?,
            run: state.kept.as_ref().map_or(state.run, |kept| kept.run),
            best_epoch: state.kept.as_ref().map_or(state.best_epoch(), |kept| kept.best_epoch),
            steps: steps.optimizer.steps(),
            seconds: state.seconds + state.sums.seconds,
            resumed_at,
            records,
            diverged: state.diverged,
            diagnoses,
        })
    }

    /// Refuses settings and sets that cannot be trained with.
    fn check<F: Loss<T>>(
        &self,
        rate: f32,
        train: &Dataset<L::In, T>,
        validation: Option<&Dataset<L::In, T>>,
    ) -> Result<(), TrainError> {
        let names: Vec<_> = self.metrics.iter().map(|metric| metric.name).collect();
        self.settings.check(rate, &names, validation.is_some())?;
        for (set, samples) in [("training", Some(train)), ("validation", validation)] {
            samples
                .map_or(Ok(()), check_set::<L, T, F>)
                .map_err(|source: EpochError| TrainError::Set { set, source })?;
        }
        Ok(())
    }
}
