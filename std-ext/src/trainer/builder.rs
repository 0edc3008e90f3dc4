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
use crate::type_names::describe;

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

    /// How many epochs there are at the most. A training that is taken up again behind that ends where it stands.
    #[must_use]
    pub fn epochs(self, epochs: u32) -> Self {
        self.with(|settings| settings.epochs = epochs)
    }

    /// How many steps all epochs make with so many samples, [`Self::max_steps`] aside.
    #[must_use]
    pub fn steps_for(&self, samples: usize) -> u32 {
        let batches = u32::try_from(samples.div_ceil(self.settings.batch_size.max(1))).unwrap_or(u32::MAX);
        self.settings.epochs.saturating_mul(batches)
    }

    /// How many steps a run makes at the most. An epoch that it ends in the middle has no [`EpochRecord`].
    #[must_use]
    pub fn max_steps(self, steps: u32) -> Self {
        self.with(|settings| settings.max_steps = Some(steps))
    }

    /// Ends a run after an epoch none of whose steps changes any parameter by this or more, in the unit of the parameters:
    /// with all samples in one batch, after the first step that small. Not while a schedule rises, for the steps of a
    /// warm-up are small (the schedule is asked for one rate ahead); steps at learning rate 0 do not count. Costs a copy of
    /// the parameters for each step.
    #[must_use]
    pub fn min_change(self, change: f32) -> Self {
        self.with(|settings| settings.min_change = Some(change))
    }

    /// What the order of the samples, and with [`Self::init`] the initial weights, are drawn from. Dropout has a seed
    /// of its own ([`Objective::seeded`](femto::train::Objective::seeded)).
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

    /// Trains this many times, each time with weights, an order and dropout of its own, and keeps the weights with the
    /// best number that is watched ([`Self::watch`]), measured anew; usually the mean loss of the validation set, or of
    /// the training set where there is no other. A run that diverges is lost, and
    /// [`Outcome::diverged`](super::Outcome::diverged) names it; it is an error where all do. Wants [`Self::init`] and
    /// a new optimizer. The seeds of the first run are those of a single one, the others' are derived from them
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

    /// Has the learning rate follow a schedule, counted in steps of the optimizer, in place of its own
    /// ([`Self::steps_for`] says how many there are).
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
    /// let trainer = Trainer::new().epochs(100);
    /// let cosine = Cosine { rate: 0.05, end: 0.0, steps: trainer.steps_for(train.len()) - 10 };
    /// let mut line = <net![Dense<1, 1>]>::ZERO;
    /// trainer
    ///     .schedule(Warmup { steps: 10, start: 0.1, then: cosine })
    ///     .fit(&mut line, &mut Optimizer::new(Momentum::new(1.0)), &Objective::mean(MeanSquaredError), &train, None)?;
    /// assert!((line.layers.weights[0][0] - 2.0).abs() < 0.1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn schedule<S: Schedule + Debug + 'a>(self, schedule: S) -> Self {
        let description = describe(&schedule);
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

    /// The number that [`Self::early_stopping`] and [`Self::reduce_on_plateau`] look at after each epoch, and by which
    /// [`Self::runs`] are compared. If not set, it is the validation loss, or the training loss where there is nothing to
    /// validate with. Of a metric this says whether high values are the better ones, whatever the two say; NaN is never
    /// better.
    #[must_use]
    pub fn watch(self, watch: Watch) -> Self {
        self.with(|settings| settings.watch = Some(watch))
    }

    /// Measures the norm of each gradient, for [`EpochRecord`] and [`StepRecord`]. A gradient is then in memory. Where
    /// norms are clipped ([`Clip::Norm`]) they are known anyway.
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
    /// targets; of types their names, as the compiler has them. Metrics, callbacks and threads are free.
    ///
    /// It is a [`checkpoint`](crate::checkpoint), from which other programs can read too. Its network is that of the
    /// last step, not an average; the part `best` has the weights that early stopping keeps, the part `kept` those of
    /// the best run so far. A training goes on otherwise, at another rate after it diverged for example, from weights
    /// of the file, without [`Self::init`] and with a file of its own:
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use femto::early_stopping::EarlyStopping;
    /// # use femto::init::Init;
    /// # use femto::loss::MeanSquaredError;
    /// # use femto::optimizer::{Optimizer, Sgd};
    /// # use femto::train::Objective;
    /// # use femto::{Flat, layer::Dense};
    /// # use femto_std::{checkpoint, data::Dataset, trainer::{Every, TrainError, Trainer}};
    /// # type Line = femto::net![Dense<1, 1>];
    /// # let train = Dataset::new(vec![[1.0], [2.0], [3.0]], vec![[2.0], [4.0], [6.0]])?;
    /// # let folder = tempfile::tempdir()?;
    /// # let file = |name: &str| folder.path().join(name);
    /// # let objective = Objective::mean(MeanSquaredError);
    /// let mut line = Line::ZERO;
    /// let mut fast = Trainer::new().epochs(500).init(Init::HeUniform).early_stopping(EarlyStopping::new(500));
    /// fast = fast.checkpoint(file("fast"), Every::Epochs(1));
    /// let diverged = fast.fit(&mut line, &mut Optimizer::new(Sgd::new(0.5)), &objective, &train, None);
    /// assert!(matches!(diverged, Err(TrainError::NotFinite(_))));
    ///
    /// checkpoint::load(file("fast"))?.read_part("best", line.as_mut_slice())?;
    /// let mut slow = Trainer::new().epochs(500).checkpoint(file("slow"), Every::Epochs(1));
    /// slow.fit(&mut line, &mut Optimizer::new(Sgd::new(0.05)), &objective, &train, None)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The file is replaced as a whole. A program that is killed while it writes leaves an unfinished `.NAME.??????` beside
    /// it, which nothing reads and may be removed.
    #[must_use]
    pub fn checkpoint(self, path: impl Into<PathBuf>, every: Every) -> Self {
        let path = path.into();
        self.with(|settings| settings.checkpoint = Some((path, every)))
    }

    /// Appends each [`EpochRecord`] to this file as a line of JSON; [`read_log`](super::read_log) reads them. Epochs
    /// that are made once more after a checkpoint are not there twice; beside a checkpoint, a log belongs to one training.
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
    /// checkpoint where there are any; a second one ends the program. After the training, Ctrl-C ends the program, even
    /// where the program has installed a handler of its own; such programs should ask for a pause from a callback instead.
    /// Feature `interrupt`.
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

    /// Takes this number of the outputs for the validation set, and its targets, after each epoch, and of several runs
    /// that are compared by it after each run. [`accuracy`](super::accuracy) is one; those of
    /// [`metrics`](crate::metrics) are called from a closure. Each metric has a name of its own.
    #[must_use]
    pub fn metric(mut self, name: &'static str, of: impl FnMut(&[L::Out], &[T]) -> f64 + 'a) -> Self {
        self.metrics.push(Metric { name, of: Box::new(of) });
        self
    }

    /// Calls this after each epoch; by its [`Answer`] it may ask for the end of the training, all its runs, or for a pause.
    /// Callbacks add up.
    #[must_use]
    pub fn on_epoch<A: Answer>(mut self, mut callback: impl FnMut(&EpochRecord) -> A + 'a) -> Self {
        self.on_epoch.push(Box::new(move |record| callback(record).into_flow()));
        self
    }

    /// Calls this after each step, on the thread that makes them; by its [`Answer`] it may ask for the end of the training,
    /// all its runs, or for a pause. Callbacks add up. What they print goes through a progress bar that is there; print
    /// from [`Self::on_epoch`] beside one.
    #[must_use]
    pub fn on_step<A: Answer>(mut self, mut callback: impl FnMut(&StepRecord) -> A + Send + 'a) -> Self {
        self.on_step.push(Box::new(move |record| callback(record).into_flow()));
        self
    }

    /// Looks at what goes on inside the network on up to `samples` samples of the training set
    /// ([`diagnose`](super::diagnose())) and calls this with what it found; by its [`Answer`] it may ask for the end of the
    /// training, all its runs, or for a pause. A second one takes the place of the first.
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
