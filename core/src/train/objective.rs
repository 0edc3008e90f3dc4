//! What is minimised, and batches that cannot be learnt from.

use core::fmt;

use crate::loss::Reduction;
use crate::matmul::Penalty;

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
        Self { loss, reduction, l1: 0.0, l2: 0.0 }
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
