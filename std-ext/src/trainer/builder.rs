//! The settings of a [`Trainer`], one by one.

use std::fmt::Debug;
use std::path::PathBuf;

use femto::Net;
use femto::early_stopping::EarlyStopping;
use femto::init::Initializer;
use femto::layer::Layer;
use femto::schedule::{ReduceOnPlateau, Schedule};
use femto::train::Workers;

use super::metric::Metric;
use super::settings::{Clip, Every, Rates, Settings, Watch};
use super::{Answer, Diagnosis, EpochRecord, StepRecord, Trainer};

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
    /// own ([`Objective::seeded`](femto::train::Objective::seeded)).
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.with(|settings| settings.seed = seed)
    }

    /// Draws the weights at the beginning, from the seed, and wants a new optimizer then; without, a training goes on from
    /// what the weights are.
    #[must_use]
    pub fn init(self, initializer: impl Into<Initializer>) -> Self {
        let initializer = initializer.into();
        self.with(|settings| settings.init = Some(initializer))
    }

    /// Trains so often, each time with weights, an order and dropout of its own, and keeps the weights with the smallest
    /// mean loss of the validation set, or of the training set where there is no other. A run that diverges is lost, and
    /// [`Outcome::diverged`](super::Outcome::diverged) names it; it is an error where all do. Wants [`Self::init`] and a new
    /// optimizer. The seeds of the first run are those of a single one, the others' are derived from them
    /// ([`seed_of_run`](super::seed_of_run)).
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
    /// validation loss, or the training loss where there is nothing to validate with. Of a metric this says whether high
    /// values are the better ones, whatever the two say.
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
    /// To begin anew, remove the file, and the log with it. A file of another network, other data or other settings is
    /// refused, and the error names what differs; only [`Self::epochs`] and [`Self::max_steps`] of a single run may be
    /// others, to train on. Of data the inputs are compared, and the loss that a fixed network has on them and their
    /// targets. Metrics, callbacks and threads are free.
    ///
    /// The file is replaced as a whole. A program that is killed while it writes leaves an unfinished `.NAME.??????` beside
    /// it, which nothing reads and may be removed.
    #[must_use]
    pub fn checkpoint(self, path: impl Into<PathBuf>, every: Every) -> Self {
        let path = path.into();
        self.with(|settings| settings.checkpoint = Some((path, every)))
    }

    /// Appends each [`EpochRecord`] to this file as a line of JSON; [`read_log`](super::read_log) reads them. Epochs
    /// that are made once more after a checkpoint are not there twice.
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
    /// checkpoint where there are any; a second one ends the program. Afterwards one ends the program again, also where it
    /// has a handler of its own: with such a one, stop from a callback instead. Feature `interrupt`.
    #[cfg(feature = "interrupt")]
    #[must_use]
    pub fn stop_on_ctrl_c(self) -> Self {
        self.with(|settings| settings.listens_to_ctrl_c = true)
    }

    /// Who does the work: a [`Level`](femto::Level), which also says the class of arithmetic, or
    /// [threads](crate::threads::Threads) by reference. The bits are those of any other of the same class.
    #[must_use]
    pub fn workers<V: Workers>(self, workers: V) -> Trainer<'a, Net<L>, T, V> {
        let Self { settings, workers: _, metrics, on_epoch, on_step, on_diagnosis } = self;
        Trainer { settings, workers, metrics, on_epoch, on_step, on_diagnosis }
    }

    /// Takes this number of the outputs for the validation set, and its targets, after each epoch.
    /// [`accuracy`](super::accuracy) is one; those of [`metrics`](crate::metrics) are called from a closure. Each
    /// metric has a name of its own.
    #[must_use]
    pub fn metric(mut self, name: &'static str, of: impl FnMut(&[L::Out], &[T]) -> f64 + 'a) -> Self {
        self.metrics.push(Metric { name, of: Box::new(of) });
        self
    }

    /// Calls this after each epoch; it may ask to stop with [`ControlFlow::Break`](std::ops::ControlFlow::Break).
    #[must_use]
    pub fn on_epoch<A: Answer>(mut self, mut callback: impl FnMut(&EpochRecord) -> A + 'a) -> Self {
        self.on_epoch.push(Box::new(move |record| callback(record).into_flow()));
        self
    }

    /// Calls this after each step, on the thread that makes them; it may ask to stop with
    /// [`ControlFlow::Break`](std::ops::ControlFlow::Break).
    #[must_use]
    pub fn on_step<A: Answer>(mut self, mut callback: impl FnMut(&StepRecord) -> A + Send + 'a) -> Self {
        self.on_step.push(Box::new(move |record| callback(record).into_flow()));
        self
    }

    /// Looks at what goes on inside the network on up to `samples` samples of the training set
    /// ([`diagnose`](super::diagnose())) and calls this with what it found; it may ask to stop with
    /// [`ControlFlow::Break`](std::ops::ControlFlow::Break).
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
