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
use femto::train::{BatchError, Objective};
use femto::{Flat, Level, Net};
use thiserror::Error;

use crate::data::{Dataset, permutation};

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
    inputs: Vec<<N::First as Layer>::In>,
    targets: Vec<T>,
    tape: Vec<TapeOf<N::First>>,
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
        Ok(Self { batch_size, seed, next: 0, inputs: Vec::new(), targets: Vec::new(), tape: Vec::new() })
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
    /// [`permutation`] gives for the seed and the epoch.
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
        level: Level,
        objective: &Objective<F>,
        optimizer: &mut Optimizer<Net<L>, R, MOMENTS>,
        train: &Dataset<L::In, T>,
    ) -> Result<EpochReport, EpochError>
    where
        F: Loss<T>,
        R: Rule<MOMENTS>,
    {
        check_set::<L, T, F>(train)?;
        let epoch = self.next;
        let batch_size = self.batch_size.get();
        self.tape.resize(batch_size.min(train.len()), Net::<L>::TAPE);
        let mut loss = 0.0;
        let order = permutation(train.len(), self.seed, epoch);
        let batches = order.chunks(batch_size);
        let report = EpochReport { epoch, loss, samples: train.len(), batches: batches.len() };
        for batch in batches {
            self.gather(train, batch);
            net.step(level, objective, &self.inputs, &self.targets, &mut self.tape, optimizer)
                .map_err(EpochError::Set)?;
            // The tape has the plain loss of each row, free of reduction, penalty and the rounding of their
            // sum.
            loss += self.tape.iter().take(batch.len()).map(|row| f64::from(row.first)).sum::<f64>();
        }
        self.next = epoch.saturating_add(1);
        Ok(EpochReport { loss: loss / train.len() as f64, ..report })
    }

    /// Copies the samples of a batch side by side, as a step wants them.
    fn gather(&mut self, train: &Dataset<L::In, T>, batch: &[usize]) {
        self.inputs.clear();
        self.inputs.extend(batch.iter().map(|&sample| train.inputs()[sample].clone()));
        self.targets.clear();
        self.targets.extend(batch.iter().map(|&sample| train.targets()[sample].clone()));
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
mod tests {
    use std::cell::RefCell;
    use std::error::Error;

    use femto::activation::Relu;
    use femto::init::Init;
    use femto::layer::Dense;
    use femto::loss::{CrossEntropy, MeanSquaredError, Reduction};
    use femto::optimizer::{Adam, Sgd};
    use femto::simd::Simd;

    use super::*;

    type Small = femto::net![Dense<2, 5, Relu>, Dense<5, 3>];

    fn small() -> Small {
        let mut net = Small::ZERO;
        net.init(Init::HeUniform, 1);
        net
    }

    /// Samples whose inputs tell which they are.
    fn samples(len: u8) -> Result<Dataset<[f32; 2], u8>, Box<dyn Error>> {
        let inputs = (0..len).map(|i| [f32::from(i) * 0.1, 1.0 - f32::from(i) * 0.2]).collect();
        Ok(Dataset::new(inputs, (0..len).map(|i| i % 3).collect())?)
    }

    /// Learns nothing and notes the targets it was given.
    #[derive(Clone, Copy)]
    struct Witness<'a>(&'a RefCell<Vec<usize>>);

    impl Loss<usize> for Witness<'_> {
        fn accepts(_target: &usize, _outputs: usize) -> bool {
            true
        }

        fn value<S: Simd>(self, _s: S, _y: &[f32], target: &usize) -> f32 {
            *target as f32
        }

        fn gradient<S: Simd>(self, s: S, y: &[f32], target: &usize, _scale: f32, delta: &mut [f32]) -> f32 {
            self.0.borrow_mut().push(*target);
            delta.fill(0.0);
            self.value(s, y, target)
        }
    }

    #[test]
    fn every_sample_is_seen_once_in_the_order_of_the_epoch() -> Result<(), Box<dyn Error>> {
        let (mut net, mut sgd) = (small(), Optimizer::new(Sgd::new(1.0)));
        for (len, batch_size, batches) in [(10, 4, 3), (10, 5, 2), (10, 1, 10), (3, usize::MAX, 1)] {
            let seen = RefCell::default();
            let train = Dataset::new(vec![[0.5, 1.0]; len], (0..len).collect())?;
            let mut epochs = Epochs::new(batch_size, 7)?.starting_at(3);
            for reduction in [Reduction::Mean, Reduction::Sum] {
                let objective = Objective { loss: Witness(&seen), reduction, l2: 0.0 };
                let epoch = epochs.next_epoch();
                let report = epochs.run(&mut net, Level::detect(), &objective, &mut sgd, &train)?;
                let order = permutation(len, 7, epoch);
                assert_eq!(seen.take(), order, "{len} samples in batches of {batch_size}");
                let mean = (len - 1) as f64 / 2.0;
                let expected = EpochReport { epoch, loss: mean, samples: len, batches };
                assert_eq!(report, expected, "{len} samples in batches of {batch_size}, {reduction:?}");
            }
            assert_eq!(epochs.next_epoch(), 5, "epochs are counted from where they start");
        }
        Ok(())
    }

    #[test]
    fn an_epoch_is_the_steps_one_would_write_by_hand() -> Result<(), Box<dyn Error>> {
        let (level, objective) = (Level::detect(), Objective { l2: 0.01, ..Objective::mean(CrossEntropy) });
        let train = samples(11)?;
        let (mut net, mut adam) = (small(), Optimizer::new(Adam::new(0.1)));
        let mut epochs = Epochs::new(4, 9)?;
        let (mut by_hand, mut adam_by_hand) = (small(), Optimizer::new(Adam::new(0.1)));
        let mut tape = [Small::TAPE; 4];
        for epoch in 0..3 {
            let report = epochs.run(&mut net, level, &objective, &mut adam, &train)?;
            let mut loss = 0.0;
            for batch in permutation(11, 9, epoch).chunks(4) {
                let batch = train.select(batch)?;
                let (x, t) = (batch.inputs(), batch.targets());
                let plain = Objective::sum(CrossEntropy);
                loss += f64::from(by_hand.evaluate(level, &plain, x, t, &mut tape)?);
                by_hand.step(level, &objective, x, t, &mut tape, &mut adam_by_hand)?;
            }
            assert_eq!(net, by_hand, "the weights after epoch {epoch}");
            assert_eq!(adam, adam_by_hand, "the optimizer after epoch {epoch}");
            assert!((report.loss - loss / 11.0).abs() < 1e-6, "{} against {}", report.loss, loss / 11.0);
        }
        assert_ne!(net, small(), "the test compares nets that have learnt something");
        Ok(())
    }

    #[test]
    fn one_run_may_serve_sets_of_several_sizes() -> Result<(), Box<dyn Error>> {
        let (level, objective) = (Level::detect(), Objective::mean(CrossEntropy));
        let (mut net, mut sgd) = (small(), Optimizer::new(Sgd::new(0.1)));
        let mut epochs = Epochs::new(8, 1)?;
        for len in [3, 20, 5, 8] {
            let report = epochs.run(&mut net, level, &objective, &mut sgd, &samples(len)?)?;
            assert_eq!(report.samples, usize::from(len), "samples of the epoch");
        }
        Ok(())
    }

    #[test]
    fn refused_sets_change_nothing() -> Result<(), Box<dyn Error>> {
        let (level, objective) = (Level::detect(), Objective::mean(CrossEntropy));
        let (mut net, mut sgd) = (small(), Optimizer::new(Sgd::new(0.1)));
        let mut epochs = Epochs::new(2, 1)?;
        let mut targets = vec![0_u8; 9];
        targets[6] = 3; // classes are 0, 1 and 2
        let misfit = Dataset::new(vec![[1.0, 2.0]; 9], targets)?;
        let error = EpochError::Set(BatchError::Target { row: 6, outputs: 3 });
        for (set, error) in [(misfit, error), (samples(0)?, EpochError::NoSamples)] {
            let result = epochs.run(&mut net, level, &objective, &mut sgd, &set);
            assert_eq!(result, Err(error), "a set of {} samples", set.len());
        }
        assert!(error.source().is_some_and(|source| source.to_string().contains("row 6")), "{error:?}");
        assert_eq!((net, sgd), (small(), Optimizer::new(Sgd::new(0.1))), "the net and the optimizer");
        assert_eq!(epochs.next_epoch(), 0, "a refused epoch is not counted");
        assert_eq!(Epochs::<Small, u8>::new(0, 1).err(), Some(EpochError::ZeroBatchSize), "no batch size");
        Ok(())
    }

    #[test]
    fn a_diverged_run_says_so() -> Result<(), Box<dyn Error>> {
        let train = Dataset::new(vec![[1.0, 2.0]; 4], vec![[1.0, f32::INFINITY, 0.0]; 4])?;
        let (mut net, mut sgd) = (small(), Optimizer::new(Sgd::new(0.1)));
        let objective = Objective::mean(MeanSquaredError);
        let report = Epochs::new(2, 1)?.run(&mut net, Level::detect(), &objective, &mut sgd, &train)?;
        assert!(!report.loss.is_finite(), "the loss is {}", report.loss);
        Ok(())
    }
}
