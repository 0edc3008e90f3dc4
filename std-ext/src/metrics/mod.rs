//! How good predictions are: shares of correct answers, the confusion matrix with precision, recall and F1, errors of
//! numbers, and the class a network votes for.
//!
//! | answers | metrics |
//! |---|---|
//! | classes | [`accuracy()`], [`ConfusionMatrix`], [`ConfusionMatrix::scores`], [`ConfusionMatrix::average_scores`] |
//! | outputs of which the largest wins | [`top_k_accuracy`], [`argmax`] |
//! | numbers | [`mean_squared_error`], [`root_mean_squared_error`], [`mean_absolute_error`], [`r2`] |
//!
//! Labels are class numbers from 0 up, of any type that converts to `usize` without loss: the `u8` labels
//! of [`digits()`](crate::data::digits()) and the `usize` of [`argmax`] mix freely.
//!
//! ```
//! # fn main() -> Result<(), femto_std::metrics::MetricsError> {
//! use femto_std::metrics::{ConfusionMatrix, accuracy, argmax};
//!
//! let targets = [0_u8, 1, 1];
//! let outputs = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]];
//! let predictions: Vec<usize> = outputs.iter().filter_map(|output| argmax(output)).collect();
//! assert_eq!(accuracy(&predictions, &targets)?, 2.0 / 3.0);
//!
//! let matrix = ConfusionMatrix::<2>::from_pairs(targets.into_iter().zip(predictions))?;
//! assert_eq!(matrix.count(1, 0), Some(1));
//! # Ok(())
//! # }
//! ```

use thiserror::Error;

mod classes;
mod confusion;
mod regression;
mod scores;

pub use classes::{accuracy, argmax, top_k_accuracy};
pub use confusion::ConfusionMatrix;
pub use regression::{mean_absolute_error, mean_squared_error, r2, root_mean_squared_error};
pub use scores::{Average, Scores};

/// Why a metric could not be computed.
///
/// ```
/// use femto_std::metrics::{MetricsError, accuracy};
///
/// let error = accuracy(&[1_u8, 2], &[1_u8]);
/// assert_eq!(error, Err(MetricsError::LengthMismatch { predictions: 2, targets: 1 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// The lists do not pair up.
    #[error(
        "there are {predictions} predictions for {targets} targets: pass exactly one prediction for each \
         target, in the same order"
    )]
    LengthMismatch {
        /// The number of predictions.
        predictions: usize,
        /// The number of targets.
        targets: usize,
    },
    /// There is nothing to count.
    #[error("a metric of no samples is undefined: pass at least one prediction and its target")]
    NoSamples,
    /// A label does not belong to the classes of the matrix.
    #[error(
        "the {role} of sample {sample} is class {label}, but the confusion matrix counts {classes} \
         classes from 0 up: give the matrix more classes or correct the label"
    )]
    LabelOutOfRange {
        /// `"target"` or `"prediction"`.
        role: &'static str,
        /// The number of samples that were recorded before this one.
        sample: u64,
        /// The refused label.
        label: usize,
        /// The number of classes of the matrix.
        classes: usize,
    },
    /// There is no place to be found in.
    #[error("the target cannot be among the 0 largest outputs: use a k of at least 1, usually 5")]
    ZeroK,
    /// A target has no output.
    #[error(
        "the target of sample {sample} is class {label}, but there are {outputs} outputs, of classes from 0 up: \
         correct the label or use a network with more outputs"
    )]
    TargetOutOfRange {
        /// The index of the sample.
        sample: usize,
        /// The refused label.
        label: usize,
        /// The number of outputs.
        outputs: usize,
    },
    /// One sample has no spread to compare with.
    #[error("R2 compares errors with the spread of the targets, which one sample does not have: pass at least two")]
    OneSample,
    /// The rows hold no numbers.
    #[error("the rows of predictions and targets hold no numbers: use rows with at least one output")]
    NoOutputs,
}
