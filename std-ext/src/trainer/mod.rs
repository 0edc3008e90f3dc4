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
//! use femto_std::trainer::{Every, Trainer, accuracy};
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
//! assert!(outcome.records.last().is_some_and(|last| last.metrics["accuracy"] > 0.85));
//! println!("{}", outcome.stop);
//! # Ok(())
//! # }
//! ```
//!
//! # Bits
//!
//! A training makes the steps that [`Epochs`](crate::epoch::Epochs) would make, with the same bits, on any number of
//! threads. Nothing that is looked at in between (validation, metrics, diagnoses, logs, checkpoints) changes any. A
//! training that was killed at any moment and taken up again from its checkpoint ends with the weights of one that was not.
//!
//! # Features
//!
//! This module is there with the feature `trainer`, which brings `checkpoint`; `progress` adds the progress bar,
//! `interrupt` listens to Ctrl-C. All of them are on by default.

mod diagnosis;
mod error;
mod finite;
mod interrupt;
mod log;
mod progress;
mod report;
mod resume;
mod run;
mod settings;
mod state;
mod step;

use std::fmt;
use std::fmt::Debug;
use std::ops::ControlFlow;
use std::path::PathBuf;

use femto::early_stopping::EarlyStopping;
use femto::flat::Split;
use femto::init::Initializer;
use femto::layer::Layer;
use femto::loss::Loss;
use femto::schedule::{ReduceOnPlateau, Schedule};
use femto::train::{Objective, Workers};
use femto::{Flat, Level, Net};

pub use diagnosis::{Diagnosis, LayerDiagnosis, Warning, diagnose};
pub use error::{Place, SettingsError, TrainError};
pub use log::read_log;
pub use report::{Answer, EpochRecord, Outcome, StepRecord, Stop};
pub use run::seed_of_run;
pub use settings::{Clip, Every, Watch};

use self::interrupt::Interrupt;
use self::log::Log;
use self::progress::Bar;
use self::resume::{Identity, Saver};
use self::run::Run;
use self::settings::{Rates, Settings};
use self::state::State;
use self::step::Steps;
use crate::data::Dataset;
use crate::epoch::{EpochError, Gathered, check_set};
use crate::heap::boxed;
use crate::metrics::argmax;
use crate::optimizer::RatedOptimizer;

type EpochCallback<'a> = Box<dyn FnMut(&EpochRecord) -> ControlFlow<()> + 'a>;
type StepCallback<'a> = Box<dyn FnMut(&StepRecord) -> ControlFlow<()> + Send + 'a>;
type DiagnosisCallback<'a> = Box<dyn FnMut(&Diagnosis) -> ControlFlow<()> + 'a>;

/// A number that says how good outputs are.
struct Metric<'a, L: Layer, T> {
    name: &'static str,
    of: MetricOf<'a, L, T>,
}

type MetricOf<'a, L, T> = Box<dyn FnMut(&[<L as Layer>::Out], &[T]) -> f64 + 'a>;

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

impl<'a, L: Layer, T, W> Trainer<'a, Net<L>, T, W> {
    fn with(self, change: impl FnOnce(&mut Settings<'a>)) -> Self {
        let mut this = self;
        change(&mut this.settings);
        this
    }

    /// How many samples each step learns from; the last batch of an epoch may be smaller.
    #[must_use]
    pub fn batch_size(self, samples: usize) -> Self {
        self.with(|settings| settings.batch_size = samples)
    }

    /// How many epochs there are at the most.
    #[must_use]
    pub fn epochs(self, epochs: u32) -> Self {
        self.with(|settings| settings.epochs = epochs)
    }

    /// How many steps a run makes at the most. An epoch that it ends in the middle has no [`EpochRecord`].
    #[must_use]
    pub fn max_steps(self, steps: u32) -> Self {
        self.with(|settings| settings.max_steps = Some(steps))
    }

    /// Ends a run after a step that changes each parameter by less than this, in the unit of the parameters. Steps at
    /// learning rate 0 do not count. Costs a copy of the parameters for each step.
    #[must_use]
    pub fn min_change(self, change: f32) -> Self {
        self.with(|settings| settings.min_change = Some(change))
    }

    /// What the order of the samples, and with [`Self::init`] the initial weights, are drawn from. Dropout has a seed of its
    /// own ([`Objective::seeded`]).
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.with(|settings| settings.seed = seed)
    }

    /// Draws the weights at the beginning, from the seed; without, a training goes on from what they are.
    #[must_use]
    pub fn init(self, initializer: impl Into<Initializer>) -> Self {
        let initializer = initializer.into();
        self.with(|settings| settings.init = Some(initializer))
    }

    /// Trains so often, each time with weights, an order and dropout of its own, and keeps the weights with the smallest
    /// mean loss of the validation set, or of the training set where there is no other. Wants [`Self::init`] and a new
    /// optimizer. The seeds of the first run are those of a single one, the others' are derived from them ([`seed_of_run`]).
    #[must_use]
    pub fn runs(self, runs: u32) -> Self {
        self.with(|settings| settings.runs = runs)
    }

    /// Limits gradients before each step. A gradient is then in memory.
    #[must_use]
    pub fn clip(self, clip: Clip) -> Self {
        self.with(|settings| settings.clip = Some(clip))
    }

    /// Has the learning rate follow a schedule, counted in steps of the optimizer, in place of its own.
    ///
    /// ```
    /// use femto::layer::Dense;
    /// use femto::loss::MeanSquaredError;
    /// use femto::optimizer::{Momentum, Optimizer};
    /// use femto::schedule::{Cosine, Warmup};
    /// use femto::train::Objective;
    /// use femto::{Flat, net};
    /// use femto_std::data::Dataset;
    /// use femto_std::trainer::Trainer;
    ///
    /// let train = Dataset::new(vec![[1.0], [2.0], [3.0]], vec![[2.0], [4.0], [6.0]])?;
    /// let cosine = Cosine { rate: 0.05, end: 0.0, steps: 90 };
    /// let mut line = <net![Dense<1, 1>]>::ZERO;
    /// Trainer::new()
    ///     .epochs(100)
    ///     .schedule(Warmup { steps: 10, start: 0.1, then: cosine })
    ///     .fit(&mut line, &mut Optimizer::new(Momentum::new(1.0)), &Objective::mean(MeanSquaredError), &train, None)?;
    /// assert!((line.layers.weights[0][0] - 2.0).abs() < 0.1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn schedule(self, schedule: impl Schedule + Debug + 'a) -> Self {
        let description = format!("{schedule:?}");
        let rates = Rates { rate: Box::new(move |step| schedule.rate(step)), description };
        self.with(|settings| settings.schedule = Some(rates))
    }

    /// Has the learning rate, which begins with that of `plateau`, fall where the watched number does not become better.
    #[must_use]
    pub fn reduce_on_plateau(self, plateau: ReduceOnPlateau) -> Self {
        self.with(|settings| settings.plateau = Some(plateau))
    }

    /// Ends a run where the watched number does not become better, and goes back to the weights of its best epoch, also
    /// where something else ends it. Each run begins without progress, whatever that of `stopping` is.
    #[must_use]
    pub fn early_stopping(self, stopping: EarlyStopping) -> Self {
        self.with(|settings| settings.early_stopping = Some(stopping))
    }

    /// The number that [`Self::early_stopping`] and [`Self::reduce_on_plateau`] look at after each epoch. Without, it is the
    /// validation loss, or the training loss where there is nothing to validate with.
    #[must_use]
    pub fn watch(self, watch: Watch) -> Self {
        self.with(|settings| settings.watch = Some(watch))
    }

    /// Measures the norm of each gradient, for [`EpochRecord`] and [`StepRecord`]. A gradient is then in memory. Where norms
    /// are clipped ([`Clip::Norm`]) they are known anyway.
    #[must_use]
    pub fn gradient_norms(self) -> Self {
        self.with(|settings| settings.measures_gradients = true)
    }

    /// Saves the training to this file again and again, at the beginning and at the end; and goes on from it where the
    /// file is there already, with the bits of a training that was not stopped.
    ///
    /// To begin anew, remove the file. A file of another network, other data or other settings is refused, and the error
    /// names what differs; only [`Self::epochs`] and [`Self::max_steps`] of a single run may be others, to train on. Of
    /// data the number of samples and the inputs are compared, of the loss its type. Metrics, callbacks and threads are free.
    ///
    /// The file is replaced as a whole. A program that is killed while it writes leaves an unfinished `.NAME.??????` beside
    /// it, which nothing reads and may be removed.
    #[must_use]
    pub fn checkpoint(self, path: impl Into<PathBuf>, every: Every) -> Self {
        let path = path.into();
        self.with(|settings| settings.checkpoint = Some((path, every)))
    }

    /// Appends each [`EpochRecord`] to this file as a line of JSON; [`read_log`] reads them. Epochs that are made once more
    /// after a checkpoint are not there twice.
    #[must_use]
    pub fn log(self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        self.with(|settings| settings.log = Some(path))
    }

    /// Shows a progress bar on standard error where that is a terminal: steps, time left, loss, metrics, samples a second.
    /// Feature `progress`.
    #[cfg(feature = "progress")]
    #[must_use]
    pub fn progress(self) -> Self {
        self.with(|settings| settings.shows_progress = true)
    }

    /// Listens to Ctrl-C while it trains: the first one ends the training after the batch that is being made, with a
    /// checkpoint where there are any; a second one ends the program. Feature `interrupt`.
    #[cfg(feature = "interrupt")]
    #[must_use]
    pub fn stop_on_ctrl_c(self) -> Self {
        self.with(|settings| settings.listens_to_ctrl_c = true)
    }

    /// Who does the work: a [`Level`], which also says the class of arithmetic, or [threads](crate::threads::Threads) by
    /// reference. The bits are those of any other of the same class.
    #[must_use]
    pub fn workers<V: Workers>(self, workers: V) -> Trainer<'a, Net<L>, T, V> {
        let Self { settings, workers: _, metrics, on_epoch, on_step, on_diagnosis } = self;
        Trainer { settings, workers, metrics, on_epoch, on_step, on_diagnosis }
    }

    /// Takes this number of the outputs for the validation set, and its targets, after each epoch. [`accuracy`] is one; those of
    /// [`metrics`](crate::metrics) are called from a closure. Each metric has a name of its own.
    #[must_use]
    pub fn metric(mut self, name: &'static str, of: impl FnMut(&[L::Out], &[T]) -> f64 + 'a) -> Self {
        self.metrics.push(Metric { name, of: Box::new(of) });
        self
    }

    /// Calls this after each epoch; it may ask to stop with [`ControlFlow::Break`].
    #[must_use]
    pub fn on_epoch<A: Answer>(mut self, mut callback: impl FnMut(&EpochRecord) -> A + 'a) -> Self {
        self.on_epoch.push(Box::new(move |record| callback(record).into_flow()));
        self
    }

    /// Calls this after each step, on the thread that makes them; it may ask to stop with [`ControlFlow::Break`].
    #[must_use]
    pub fn on_step<A: Answer>(mut self, mut callback: impl FnMut(&StepRecord) -> A + Send + 'a) -> Self {
        self.on_step.push(Box::new(move |record| callback(record).into_flow()));
        self
    }

    /// Looks at what goes on inside the network on up to `samples` samples of the training set ([`diagnose`]) and calls this
    /// with what it found; it may ask to stop with [`ControlFlow::Break`].
    ///
    /// ```
    /// use femto::layer::Dense;
    /// use femto_std::trainer::{Every, Trainer};
    ///
    /// type Line = femto::net![Dense<1, 1>];
    /// let trainer = Trainer::<Line, [f32; 1]>::new().diagnose(Every::Epochs(5), 256, |diagnosis| {
    ///     for warning in diagnosis.warnings() {
    ///         eprintln!("{warning}");
    ///     }
    /// });
    /// # let _ = trainer;
    /// ```
    #[must_use]
    pub fn diagnose<A: Answer>(
        mut self,
        every: Every,
        samples: usize,
        mut callback: impl FnMut(&Diagnosis) -> A + 'a,
    ) -> Self {
        self.on_diagnosis = Some(Box::new(move |diagnosis| callback(diagnosis).into_flow()));
        self.with(|settings| settings.diagnosis = Some((every, samples)))
    }
}

impl<L: Layer, T, W: Workers> Trainer<'_, Net<L>, T, W> {
    /// Trains the network. Afterwards it holds the weights to predict with: those of the best epoch with early stopping,
    /// the average of optimizers that average, those of the best run.
    ///
    /// The optimizer is any [`RatedOptimizer`]: an [`Optimizer`](femto::optimizer::Optimizer), whose steps are made in place
    /// as long as nobody wants to see a gradient, or one by its name
    /// ([`OptimizerName::with_rate`](crate::optimizer::OptimizerName::with_rate)). For a schedule use [`Self::schedule`], not
    /// a rule that has one.
    ///
    /// # Errors
    ///
    /// [`TrainError::Settings`] and [`TrainError::Set`] before anything is changed; [`TrainError::OtherTraining`] and
    /// [`TrainError::Checkpoint`] for a checkpoint that is not to be gone on from, before anything is changed, or cannot be
    /// written; [`TrainError::NotFinite`] where training diverges; [`TrainError::Log`] and [`TrainError::Interrupt`] where
    /// the system refuses.
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
        let Self { settings, workers, metrics, on_epoch, on_step, on_diagnosis } = self;
        let settings = &*settings;
        let names: Vec<_> = metrics.iter().map(|metric| metric.name).collect();
        settings.check((optimizer.learning_rate(), optimizer.steps()), &names, validation.is_some())?;
        let sets = [("training", Some(train)), ("validation", validation)];
        for (set, samples) in sets {
            samples
                .map_or(Ok(()), check_set::<L, T, F>)
                .map_err(|source: EpochError| TrainError::Set { set, source })?;
        }

        let interrupt = Interrupt::new(settings.listens_to_ctrl_c)?;
        let saver = settings.checkpoint.as_ref().map(|(path, _)| {
            let identity = Identity::new::<L, T, F>(workers.level(), objective, train, validation);
            let identity = identity.with_settings(settings, validation.is_some(), &optimizer.description());
            Saver { path: path.clone(), identity }
        });
        let mut state = State::new(settings);
        let resumed = match &saver {
            Some(saver) => saver.load(net, optimizer, &mut state)?,
            None => None,
        };
        let log = settings.log.as_ref().map(|path| Log::open(path, resumed)).transpose()?;
        if let (None, Some(init)) = (resumed, settings.init) {
            net.init(init, seed_of_run(settings.seed, 0));
        }
        let resumed_at = resumed.map(|_| optimizer.steps());

        let bar = Bar::new(settings.shows_progress, settings.batch_size);
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
            log,
            is_saved: resumed.is_some(),
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
            diagnoses,
        })
    }
}

/// The share of samples whose largest output is that of their class, `0.0..=1.0`; a metric for [`Trainer::metric`].
///
/// NaN without samples. The type of targets is that of class numbers. [`metrics::accuracy`](crate::metrics::accuracy()) is the
/// same of classes that were chosen already.
///
/// ```
/// use femto_std::trainer::accuracy;
///
/// assert_eq!(accuracy(&[[0.9, 0.1], [0.2, 0.8]], &[0_u8, 0]), 0.5);
/// ```
#[must_use]
pub fn accuracy<Y: Flat, T: Copy + Into<usize>>(outputs: &[Y], targets: &[T]) -> f64 {
    let pairs = outputs.iter().zip(targets);
    let correct = pairs.filter(|&(output, &target)| argmax(output.as_slice()) == Some(target.into())).count();
    correct as f64 / targets.len() as f64
}
