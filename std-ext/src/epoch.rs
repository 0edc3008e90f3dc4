//! Passes over a training set: shuffle, cut into batches, step.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto::init::Init;
//! use femto::layer::Dense;
//! use femto::loss::MeanSquaredError;
//! use femto::optimizer::{Adam, Optimizer};
//! use femto::train::Objective;
//! use femto::{Flat, Level, net};
//! use femto_std::data::Dataset;
//! use femto_std::epoch::Epochs;
//!
//! type Line = net![Dense<1, 1>];
//! let inputs: Vec<[f32; 1]> = (0..50).map(|i| [i as f32 / 50.0]).collect();
//! let targets: Vec<[f32; 1]> = inputs.iter().map(|[x]| [3.0 * x - 1.0]).collect();
//! let train = Dataset::new(inputs, targets)?;
//!
//! let level = Level::detect();
//! let objective = Objective::mean(MeanSquaredError);
//! let mut line = Line::ZERO;
//! line.init(Init::GlorotUniform, 1);
//! let mut adam = Optimizer::new(Adam::new(0.05));
//! let mut epochs = Epochs::new(16, 1)?; // batches of 16 samples, seed 1
//! let first = epochs.run(&mut line, level, &objective, &mut adam, &train)?;
//! for _ in 1..100 {
//!     epochs.run(&mut line, level, &objective, &mut adam, &train)?;
//! }
//! let last = epochs.run(&mut line, level, &objective, &mut adam, &train)?;
//! assert_eq!((last.epoch, last.samples, last.batches), (100, 50, 4));
//! assert!(last.loss < 1e-3 && first.loss > 0.1);
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::num::NonZeroUsize;

use femto::flat::Split;
use femto::layer::{Layer, TapeOf};
use femto::loss::Loss;
use femto::optimizer::{Optimizer, Rule};
use femto::train::{BatchError, Objective, Workers};
use femto::{Flat, Net};
use thiserror::Error;

use crate::data::{Dataset, permutation};
use crate::heap::boxed;
use crate::optimizer::NetOptimizer;

/// Why a set could not be trained with or evaluated.
///
/// ```
/// use femto_std::epoch::{EpochError, Epochs};
///
/// type Line = femto::net![femto::layer::Dense<1, 1>];
/// let refused = Epochs::<Line, [f32; 1]>::new(0, 1);
/// assert_eq!(refused.err(), Some(EpochError::ZeroBatchSize));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EpochError {
    /// No batch would ever be full.
    #[error("the batch size is 0: use at least 1, usually 16 to 256")]
    ZeroBatchSize,
    /// There is nothing to average over.
    #[error("the set has no samples: pass at least one")]
    NoSamples,
    /// The network cannot work with the set. The row of a [`BatchError::Target`] is the sample's index in the
    /// set.
    #[error("the network cannot work with this set, whose samples are rows from 0 up")]
    Set(#[source] BatchError),
}

/// What one epoch did.
///
/// ```
/// use femto_std::epoch::EpochReport;
///
/// fn print(report: &EpochReport) {
///     println!("epoch {}: train loss {:.4}", report.epoch, report.loss);
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct EpochReport {
    /// The number of the epoch, from 0 up.
    pub epoch: u64,
    /// The mean loss of the samples, each as it was before the step of its batch, in the unit of the loss.
    ///
    /// It is the mean whatever the objective's reduction is, and without its penalty. Not finite where
    /// training has diverged; the steps were made all the same.
    pub loss: f64,
    /// How many samples were learnt from: all of the set.
    pub samples: usize,
    /// How many steps were made; the last batch may have been a smaller one.
    pub batches: usize,
}

/// Runs epochs: owns the order of the samples and all memory that a training run needs besides the network,
/// the optimizer and the data.
///
/// `N` is the network, as [`femto::net!`] writes it, and `T` the target of one sample; both follow from the
/// first [`Self::run`]. The memory is that of one batch: its inputs, its targets and
/// [`Net::TAPE_BYTES_PER_ROW`] for each sample. It is allocated by the first epoch and kept.
///
/// The weights after an epoch depend on the weights before it, the arguments and the seed alone: the same on
/// every machine, for levels of one arithmetic class.
pub struct Epochs<N: Split<First: Layer>, T> {
    batch_size: NonZeroUsize,
    seed: u64,
    next: u64,
    gathered: Gathered<N::First, T>,
    /// For optimizers that want one.
    gradient: Option<Box<Net<N::First>>>,
}

/// The samples of a step, side by side, and its tape.
pub struct Batch<'a, L: Layer, T> {
    /// The inputs.
    pub inputs: &'a [L::In],
    /// The target of each.
    pub targets: &'a [T],
    /// A row for each of them; there may be more.
    pub tape: &'a mut [TapeOf<L>],
}

/// The memory of a batch.
pub(crate) struct Gathered<L: Layer, T> {
    inputs: Vec<L::In>,
    targets: Vec<T>,
    tape: Vec<TapeOf<L>>,
}

impl<L: Layer, T: Clone> Gathered<L, T> {
    pub(crate) const fn new() -> Self {
        Self { inputs: Vec::new(), targets: Vec::new(), tape: Vec::new() }
    }

    /// Copies the samples of a batch side by side, as a step wants them, and gives them a tape for `rows`, which are at
    /// least as many.
    pub(crate) fn gather(&mut self, set: &Dataset<L::In, T>, samples: &[usize], rows: usize) -> Batch<'_, L, T> {
        let Self { inputs, targets, tape } = self;
        inputs.clear();
        inputs.extend(samples.iter().map(|&sample| set.inputs()[sample].clone()));
        targets.clear();
        targets.extend(samples.iter().map(|&sample| set.targets()[sample].clone()));
        tape.resize(rows, Net::<L>::TAPE);
        Batch { inputs, targets, tape }
    }

    /// The sum of the losses of the batch. The tape has the plain loss of each row, free of reduction, penalty and the
    /// rounding of their sum.
    pub(crate) fn loss(&self) -> f64 {
        self.tape().iter().map(|row| f64::from(row.first)).sum()
    }

    /// What the last step left behind.
    pub(crate) fn tape(&self) -> &[TapeOf<L>] {
        &self.tape[..self.inputs.len()]
    }

    /// The inputs of the last step.
    #[cfg(feature = "trainer")]
    pub(crate) fn inputs(&self) -> &[L::In] {
        &self.inputs
    }
}

impl<L: Layer, T: Clone> Epochs<Net<L>, T> {
    /// Batches of `batch_size` samples, shuffled by `seed`, beginning with epoch 0.
    ///
    /// Where the size of the set is no multiple of `batch_size` the last batch of an epoch is smaller. A
    /// `batch_size` of at least the size of the set makes one step with all samples, and costs no more memory
    /// than that.
    ///
    /// # Errors
    ///
    /// [`EpochError::ZeroBatchSize`].
    ///
    /// ```
    /// use femto_std::epoch::Epochs;
    ///
    /// type Line = femto::net![femto::layer::Dense<1, 1>];
    /// let epochs = Epochs::<Line, [f32; 1]>::new(32, 1)?;
    /// assert_eq!(epochs.next_epoch(), 0);
    /// # Ok::<(), femto_std::epoch::EpochError>(())
    /// ```
    pub fn new(batch_size: usize, seed: u64) -> Result<Self, EpochError> {
        let batch_size = NonZeroUsize::new(batch_size).ok_or(EpochError::ZeroBatchSize)?;
        Ok(Self { batch_size, seed, next: 0, gathered: Gathered::new(), gradient: None })
    }

    /// The same, beginning with another epoch: the samples come in the order they would have had in a run
    /// that made all epochs before.
    ///
    /// ```
    /// use femto_std::epoch::Epochs;
    ///
    /// type Line = femto::net![femto::layer::Dense<1, 1>];
    /// let epochs = Epochs::<Line, [f32; 1]>::new(32, 1)?.starting_at(10);
    /// assert_eq!(epochs.next_epoch(), 10);
    /// # Ok::<(), femto_std::epoch::EpochError>(())
    /// ```
    #[must_use]
    pub fn starting_at(self, epoch: u64) -> Self {
        Self { next: epoch, ..self }
    }

    /// The number of the epoch that the next [`Self::run`] makes.
    ///
    /// ```
    /// # use femto_std::epoch::Epochs;
    /// # type Line = femto::net![femto::layer::Dense<1, 1>];
    /// assert_eq!(Epochs::<Line, [f32; 1]>::new(32, 1)?.next_epoch(), 0);
    /// # Ok::<(), femto_std::epoch::EpochError>(())
    /// ```
    #[must_use]
    pub const fn next_epoch(&self) -> u64 {
        self.next
    }

    /// Makes one epoch: a step of the optimizer for each batch, every sample once, in the order that
    /// [`permutation`] gives for the seed and the epoch. `workers` is a [`femto::Level`], or
    /// [threads](crate::threads::Threads); the bits are the same.
    ///
    /// # Errors
    ///
    /// [`EpochError::NoSamples`] for an empty set and [`EpochError::Set`] where a target makes no sense for
    /// the network, such as a class that has no output. Nothing is changed then, and the epoch is not
    /// counted.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use femto::layer::Dense;
    /// use femto::loss::CrossEntropy;
    /// use femto::optimizer::{Optimizer, Sgd};
    /// use femto::train::Objective;
    /// use femto::{Flat, Level};
    /// use femto_std::data::digits;
    /// use femto_std::epoch::Epochs;
    ///
    /// type Linear = femto::net![Dense<64, 10>];
    /// let mut net = Linear::ZERO;
    /// let mut sgd = Optimizer::new(Sgd::new(0.1));
    /// let objective = Objective::mean(CrossEntropy);
    /// let report = Epochs::new(32, 1)?.run(&mut net, Level::detect(), &objective, &mut sgd, &digits())?;
    /// assert_eq!(report.batches, 57); // 56 of 32 samples and one of 5
    /// # Ok(())
    /// # }
    /// ```
    pub fn run<F, R, const MOMENTS: usize>(
        &mut self,
        net: &mut Net<L>,
        workers: impl Workers,
        objective: &Objective<F>,
        optimizer: &mut Optimizer<Net<L>, R, MOMENTS>,
        train: &Dataset<L::In, T>,
    ) -> Result<EpochReport, EpochError>
    where
        T: Send + Sync,
        F: Loss<T> + Sync,
        R: Rule<MOMENTS>,
    {
        self.run_steps::<F>(workers, train, |batch| {
            net.step_on(workers, objective, batch.inputs, batch.targets, batch.tape, optimizer)
        })
    }

    /// [`Self::run`] for an optimizer that wants a whole gradient; one more value of the network's size is kept for it.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use femto::layer::Dense;
    /// use femto::loss::CrossEntropy;
    /// use femto::train::Objective;
    /// use femto::{Flat, Level};
    /// use femto_std::data::digits;
    /// use femto_std::epoch::Epochs;
    /// use femto_std::optimizer::{Muon, TensorOptimizer};
    ///
    /// type Linear = femto::net![Dense<64, 10>];
    /// let mut net = Linear::ZERO;
    /// let mut muon = TensorOptimizer::new(Muon::new(0.01));
    /// let objective = Objective::mean(CrossEntropy);
    /// let mut epochs = Epochs::new(32, 1)?;
    /// let first = epochs.run_by_gradient(&mut net, Level::detect(), &objective, &mut muon, &digits())?;
    /// let second = epochs.run_by_gradient(&mut net, Level::detect(), &objective, &mut muon, &digits())?;
    /// assert!(second.loss < first.loss);
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_by_gradient<F, O>(
        &mut self,
        net: &mut Net<L>,
        workers: impl Workers,
        objective: &Objective<F>,
        optimizer: &mut O,
        train: &Dataset<L::In, T>,
    ) -> Result<EpochReport, EpochError>
    where
        T: Send + Sync,
        F: Loss<T> + Sync,
        O: NetOptimizer<L> + Send + ?Sized,
    {
        let mut gradient = self.gradient.take().unwrap_or_else(boxed);
        let report = self.run_steps::<F>(workers, train, |batch| {
            gradient.as_mut_slice().fill(0.0);
            let objective = objective.at_step(optimizer.steps());
            let loss = net.gradient_on(workers, &objective, batch.inputs, batch.targets, batch.tape, &mut gradient)?;
            optimizer.apply(workers.level(), net, &gradient);
            Ok(loss)
        });
        self.gradient = Some(gradient);
        report
    }

    /// Makes a step with each batch of an epoch.
    fn run_steps<F: Loss<T>>(
        &mut self,
        workers: impl Workers,
        train: &Dataset<L::In, T>,
        mut step: impl FnMut(Batch<'_, L, T>) -> Result<f32, BatchError> + Send,
    ) -> Result<EpochReport, EpochError>
    where
        T: Send + Sync,
    {
        check_set::<L, T, F>(train)?;
        let epoch = self.next;
        let batch_size = self.batch_size.get();
        let rows = batch_size.min(train.len());
        let order = permutation(train.len(), self.seed, epoch);
        let batches = order.chunks(batch_size);
        let report = EpochReport { epoch, loss: 0.0, samples: train.len(), batches: batches.len() };
        let loss = workers.attend(|| {
            let mut loss = 0.0;
            for batch in batches {
                step(self.gathered.gather(train, batch, rows)).map_err(EpochError::Set)?;
                loss += self.gathered.loss();
            }
            Ok(loss)
        })?;
        self.next = epoch.saturating_add(1);
        Ok(EpochReport { loss: loss / train.len() as f64, ..report })
    }
}

/// Shows what the run is, not the numbers of the batch that lie in its buffers.
impl<N: Split<First: Layer>, T> fmt::Debug for Epochs<N, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batch_size, seed, next, .. } = self;
        let mut fields = formatter.debug_struct("Epochs");
        fields.field("batch_size", batch_size).field("seed", seed).field("next", next).finish_non_exhaustive()
    }
}

/// Refuses what a later batch would trip over, before the first one changes anything.
pub(crate) fn check_set<L: Layer, T, F: Loss<T>>(set: &Dataset<L::In, T>) -> Result<(), EpochError> {
    let outputs = L::Out::LEN;
    match set.targets().iter().position(|target| !F::accepts(target, outputs)) {
        Some(row) => Err(EpochError::Set(BatchError::Target { row, outputs })),
        None if set.is_empty() => Err(EpochError::NoSamples),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
