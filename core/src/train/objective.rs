//! What is minimised, and batches that cannot be learnt from.

use core::fmt;

use crate::loss::Reduction;
use crate::matmul::Penalty;
use crate::rng::Noise;

/// What is minimised: the loss of a batch, and a penalty on the weights, `J = L + l1 * sum |w| + l2/2 * sum w^2`.
///
/// ```
/// use femto::loss::CrossEntropy;
/// use femto::train::Objective;
///
/// let plain = Objective::mean(CrossEntropy);
/// let decayed = Objective { l2: 1e-4, ..plain };
/// let sparse = Objective { l1: 1e-5, ..plain };
/// assert!(plain.penalty().is_none());
/// assert!(!decayed.penalty().is_none() && !sparse.penalty().is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Objective<F> {
    /// The loss of a row.
    pub loss: F,
    /// How rows become one number.
    pub reduction: Reduction,
    /// The factor of the sum of the magnitudes of weights (biases are free); 0 is none. Its gradient is
    /// `l1 * sign(w)`, with sign(0) = 0: weights that are of little use come near 0 and stay there.
    pub l1: f32,
    /// The factor of half the sum of the squares of weights (biases are free); 0 is none.
    pub l2: f32,
    /// What dropout is drawn from; of no effect without it.
    pub noise: Noise,
}

impl<F> Objective<F> {
    /// The mean loss of the rows, without penalty.
    #[must_use]
    pub const fn mean(loss: F) -> Self {
        Self::reduced(loss, Reduction::Mean)
    }

    /// The summed loss of the rows, without penalty.
    #[must_use]
    pub const fn sum(loss: F) -> Self {
        Self::reduced(loss, Reduction::Sum)
    }

    /// The share of a part of a batch of `rows` rows in their mean loss, without penalty: for gradients that are added
    /// up over the parts. See [`crate::Net::gradient`].
    #[must_use]
    pub const fn mean_of(loss: F, rows: usize) -> Self {
        Self::reduced(loss, Reduction::MeanOf(rows))
    }

    const fn reduced(loss: F, reduction: Reduction) -> Self {
        Self { loss, reduction, l1: 0.0, l2: 0.0, noise: Noise { seed: 0, step: 0, row: 0 } }
    }

    /// The same with this seed of dropout; 0 is that of the constructors.
    #[must_use]
    pub const fn seeded(mut self, seed: u64) -> Self
    where
        F: Copy,
    {
        self.noise.seed = seed;
        self
    }

    /// The same at step `step`, the number of steps made before ([`crate::optimizer::Optimizer::steps`]): for
    /// [`crate::Net::gradient`] of a network with dropout, which has no optimizer to ask.
    ///
    /// ```
    /// use femto::layer::{Dense, Dropout};
    /// use femto::loss::MeanSquaredError;
    /// use femto::optimizer::{Optimizer, Sgd};
    /// use femto::train::Objective;
    /// use femto::{Flat, Level, net};
    ///
    /// type Noisy = net![Dropout<8, 50>, Dense<8, 1>];
    /// let (mut stepped, mut applied, level) = (Noisy::ZERO, Noisy::ZERO, Level::detect());
    /// let (mut a, mut b) = (Optimizer::new(Sgd::new(0.1)), Optimizer::new(Sgd::new(0.1)));
    /// let objective = Objective::mean(MeanSquaredError).seeded(3);
    /// let (x, t, mut tape) = ([[1.0; 8]; 2], [[1.0]; 2], [Noisy::TAPE; 2]);
    /// for _ in 0..5 {
    ///     stepped.step(level, &objective, &x, &t, &mut tape, &mut a)?;
    ///     let mut gradient = Noisy::ZERO;
    ///     applied.gradient(level, &objective.at_step(b.steps()), &x, &t, &mut tape, &mut gradient)?;
    ///     b.apply(level, &mut applied, &gradient);
    /// }
    /// assert_eq!(stepped, applied);
    /// # Ok::<(), femto::train::BatchError>(())
    /// ```
    #[must_use]
    pub const fn at_step(mut self, step: u32) -> Self
    where
        F: Copy,
    {
        self.noise.step = step;
        self
    }

    /// The same for a part of a batch that begins with row `row`: dropout of the part is then that of the whole.
    #[must_use]
    pub const fn at_row(mut self, row: u32) -> Self
    where
        F: Copy,
    {
        self.noise.row = row;
        self
    }

    /// The penalty on weights.
    #[inline]
    #[must_use]
    pub const fn penalty(&self) -> Penalty {
        Penalty { l1: self.l1, l2: self.l2 }
    }
}

/// A batch that cannot be learnt from. Nothing is changed then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum BatchError {
    /// There is no row.
    Empty,
    /// Inputs and targets differ in number.
    Targets {
        /// Rows of inputs.
        inputs: usize,
        /// Targets.
        targets: usize,
    },
    /// The tape has fewer rows than the batch.
    Tape {
        /// Rows of inputs.
        inputs: usize,
        /// Rows of tape.
        tape: usize,
    },
    /// A target makes no sense for the network: a class that has no output.
    Target {
        /// The row.
        row: usize,
        /// Outputs of the network.
        outputs: usize,
    },
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the batch has no row"),
            Self::Targets { inputs, targets } => {
                write!(f, "the batch has {inputs} rows of inputs but {targets} targets; give one target for each row")
            }
            Self::Tape { inputs, tape } => {
                write!(f, "the batch has {inputs} rows but the tape only {tape}; give a longer tape or a smaller batch")
            }
            Self::Target { row, outputs } => {
                write!(f, "the target of row {row} does not fit the {outputs} outputs; classes count from 0")
            }
        }
    }
}

impl core::error::Error for BatchError {}
