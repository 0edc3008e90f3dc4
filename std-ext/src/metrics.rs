//! How good predictions are: accuracy, the confusion matrix and the class a network votes for.
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

use std::fmt;

use thiserror::Error;

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
    #[error("the accuracy of no samples is undefined: pass at least one prediction and its target")]
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
}

/// The share of predictions that equal their targets, `0.0..=1.0`.
///
/// # Errors
///
/// [`MetricsError::LengthMismatch`] when the lists differ in length, and [`MetricsError::NoSamples`] when
/// they are empty: no number would be true of no samples.
///
/// ```
/// let share = femto_std::metrics::accuracy(&[1_u8, 2, 3, 4], &[1_u8, 2, 3, 0])?;
/// assert_eq!(share, 0.75);
/// # Ok::<(), femto_std::metrics::MetricsError>(())
/// ```
pub fn accuracy<P, T>(predictions: &[P], targets: &[T]) -> Result<f64, MetricsError>
where
    P: Copy + Into<usize>,
    T: Copy + Into<usize>,
{
    if predictions.len() != targets.len() {
        return Err(MetricsError::LengthMismatch { predictions: predictions.len(), targets: targets.len() });
    }
    if targets.is_empty() {
        return Err(MetricsError::NoSamples);
    }
    let pairs = predictions.iter().zip(targets);
    let correct = pairs.filter(|&(&prediction, &target)| prediction.into() == target.into()).count();
    Ok(correct as f64 / targets.len() as f64)
}

/// The position of the largest value: the class that a network's outputs vote for.
///
/// The first of equal values wins and NaN never does. `None` when there is no value but NaN, or none at all.
///
/// ```
/// use femto_std::metrics::argmax;
///
/// assert_eq!(argmax(&[0.1, 0.7, 0.2]), Some(1));
/// assert_eq!(argmax(&[f32::NAN, 0.5, 0.5]), Some(1));
/// assert_eq!(argmax(&[]), None);
/// ```
#[must_use]
pub fn argmax(values: &[f32]) -> Option<usize> {
    let numbers = values.iter().enumerate().filter(|(_, value)| !value.is_nan());
    numbers.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(position, _)| position)
}

/// Counts how often each class was predicted for each class, for classes `0..CLASSES`.
///
/// Printed, it is a table with a row for each target and a column for each prediction:
///
/// ```
/// use femto_std::metrics::ConfusionMatrix;
///
/// let matrix = ConfusionMatrix::<2>::from_pairs([(0_u8, 0_u8), (1, 1), (1, 0)])?;
/// assert_eq!(
///     matrix.to_string(),
///     "target \\ predicted 0 1\n\
///      \u{20}                0 1 0\n\
///      \u{20}                1 1 1"
/// );
/// # Ok::<(), femto_std::metrics::MetricsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfusionMatrix<const CLASSES: usize> {
    /// One row for each target, one column for each prediction.
    counts: [[u64; CLASSES]; CLASSES],
}

impl<const CLASSES: usize> ConfusionMatrix<CLASSES> {
    /// A matrix in which nothing is recorded yet.
    ///
    /// ```
    /// let matrix = femto_std::metrics::ConfusionMatrix::<10>::new();
    /// assert_eq!(matrix.total(), 0);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { counts: [[0; CLASSES]; CLASSES] }
    }

    /// Records `(target, prediction)` pairs, in this order within a pair.
    ///
    /// No pairs give an empty matrix. Mind that zipping two lists ends with the shorter one.
    ///
    /// # Errors
    ///
    /// [`MetricsError::LabelOutOfRange`] for the first label that is not below `CLASSES`.
    ///
    /// ```
    /// use femto_std::metrics::ConfusionMatrix;
    ///
    /// let (targets, predictions) = ([0_u8, 1, 2], [0_usize, 1, 1]);
    /// let matrix = ConfusionMatrix::<3>::from_pairs(targets.into_iter().zip(predictions))?;
    /// assert_eq!(matrix.count(2, 1), Some(1));
    /// # Ok::<(), femto_std::metrics::MetricsError>(())
    /// ```
    pub fn from_pairs<T, P>(pairs: impl IntoIterator<Item = (T, P)>) -> Result<Self, MetricsError>
    where
        T: Into<usize>,
        P: Into<usize>,
    {
        let mut matrix = Self::new();
        for (target, prediction) in pairs {
            matrix.record(target, prediction)?;
        }
        Ok(matrix)
    }

    /// Counts one more sample of class `target` that was taken for class `prediction`.
    ///
    /// # Errors
    ///
    /// [`MetricsError::LabelOutOfRange`] for a label that is not below `CLASSES`; the matrix stays as it was.
    ///
    /// ```
    /// let mut matrix = femto_std::metrics::ConfusionMatrix::<10>::new();
    /// matrix.record(3_u8, 5_u8)?;
    /// assert!(matrix.record(3_u8, 10_u8).is_err());
    /// assert_eq!(matrix.count(3, 5), Some(1));
    /// # Ok::<(), femto_std::metrics::MetricsError>(())
    /// ```
    pub fn record(&mut self, target: impl Into<usize>, prediction: impl Into<usize>) -> Result<(), MetricsError> {
        let (target, prediction) = (target.into(), prediction.into());
        for (role, label) in [("target", target), ("prediction", prediction)] {
            if label >= CLASSES {
                let sample = self.total();
                return Err(MetricsError::LabelOutOfRange { role, sample, label, classes: CLASSES });
            }
        }
        self.counts[target][prediction] += 1;
        Ok(())
    }

    /// How many samples of class `target` were taken for class `prediction`; `None` without such a class.
    ///
    /// ```
    /// let matrix = femto_std::metrics::ConfusionMatrix::<2>::from_pairs([(0_u8, 1_u8), (0, 1)])?;
    /// assert_eq!(matrix.count(0, 1), Some(2));
    /// assert_eq!(matrix.count(0, 2), None);
    /// # Ok::<(), femto_std::metrics::MetricsError>(())
    /// ```
    #[must_use]
    pub fn count(&self, target: usize, prediction: usize) -> Option<u64> {
        self.counts.get(target)?.get(prediction).copied()
    }

    /// The number of samples recorded.
    ///
    /// ```
    /// let matrix = femto_std::metrics::ConfusionMatrix::<2>::from_pairs([(0_u8, 1_u8), (0, 0)])?;
    /// assert_eq!(matrix.total(), 2);
    /// # Ok::<(), femto_std::metrics::MetricsError>(())
    /// ```
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// The share of samples whose prediction equals their target, `0.0..=1.0`; `None` before any sample.
    ///
    /// ```
    /// let matrix = femto_std::metrics::ConfusionMatrix::<2>::from_pairs([(0_u8, 1_u8), (0, 0)])?;
    /// assert_eq!(matrix.accuracy(), Some(0.5));
    /// # Ok::<(), femto_std::metrics::MetricsError>(())
    /// ```
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        let correct: u64 = (0..CLASSES).map(|class| self.counts[class][class]).sum();
        let total = self.total();
        (total > 0).then(|| correct as f64 / total as f64)
    }
}

impl<const CLASSES: usize> Default for ConfusionMatrix<CLASSES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const CLASSES: usize> fmt::Display for ConfusionMatrix<CLASSES> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CORNER: &str = "target \\ predicted";
        let digits = |number: u64| number.checked_ilog10().unwrap_or(0) as usize + 1;
        let largest_count = self.counts.iter().flatten().copied().max().unwrap_or(0);
        let width = digits(largest_count.max(CLASSES.saturating_sub(1) as u64));
        formatter.write_str(CORNER)?;
        for class in 0..CLASSES {
            write!(formatter, " {class:>width$}")?;
        }
        for (class, row) in self.counts.iter().enumerate() {
            write!(formatter, "\n{class:>heading$}", heading = CORNER.len())?;
            for count in row {
                write!(formatter, " {count:>width$}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_counts_equal_labels() {
        let targets = [0_u8, 1, 2, 3, 4];
        assert_eq!(accuracy(&[0_u8, 1, 9, 3, 9], &targets), Ok(0.6), "three of five are right");
        assert_eq!(accuracy(&[0_usize, 1, 2, 3, 4], &targets), Ok(1.0), "label types may differ");
        assert_eq!(accuracy(&[256_usize], &[0_u8]), Ok(0.0), "labels are compared without truncation");
    }

    #[test]
    fn accuracy_refuses_lists_that_do_not_pair_up_and_empty_ones() {
        let mismatch = MetricsError::LengthMismatch { predictions: 0, targets: 2 };
        assert_eq!(accuracy::<u8, u8>(&[], &[1, 2]), Err(mismatch), "two targets lack a prediction");
        assert_eq!(accuracy::<u8, u8>(&[], &[]), Err(MetricsError::NoSamples), "0 of 0 is no share");
    }

    #[test]
    fn argmax_prefers_the_first_and_never_nan() {
        let nan = f32::NAN;
        for (values, expected) in [
            (&[1.0, 3.0, 2.0][..], Some(1)),
            (&[2.0, 5.0, 5.0], Some(1)),
            (&[nan, 1.0, nan, 2.0, nan], Some(3)),
            (&[f32::NEG_INFINITY, nan], Some(0)),
            (&[-0.0, 0.0], Some(0)),
            (&[nan, nan], None),
            (&[], None),
        ] {
            assert_eq!(argmax(values), expected, "largest of {values:?}");
        }
    }

    #[test]
    fn matrix_keeps_targets_and_predictions_apart() -> Result<(), MetricsError> {
        let matrix = ConfusionMatrix::<3>::from_pairs([(0_u8, 0_u8), (0, 2), (0, 2), (1, 1), (2, 1)])?;
        assert_eq!(matrix.count(0, 2), Some(2), "class 0 was taken for class 2 twice");
        assert_eq!(matrix.count(2, 0), Some(0), "class 2 was never taken for class 0");
        assert_eq!(matrix.count(3, 0), None, "there is no class 3");
        assert_eq!(matrix.total(), 5, "samples recorded");
        assert_eq!(matrix.accuracy(), Some(0.4), "two of five are right");
        assert_eq!(ConfusionMatrix::<3>::new().accuracy(), None, "0 of 0 is no share");
        Ok(())
    }

    #[test]
    fn matrix_refuses_labels_beyond_its_classes_and_stays_as_it_was() -> Result<(), MetricsError> {
        let mut matrix = ConfusionMatrix::<2>::from_pairs([(1_u8, 1_u8)])?;
        for (target, prediction, role) in [(2_u8, 0_u8, "target"), (0, 2, "prediction")] {
            let error = MetricsError::LabelOutOfRange { role, sample: 1, label: 2, classes: 2 };
            assert_eq!(matrix.record(target, prediction), Err(error), "the {role} is class 2 of 2");
        }
        assert_eq!(matrix.total(), 1, "refused samples are not counted");
        assert!(ConfusionMatrix::<0>::new().record(0_u8, 0_u8).is_err(), "no classes, no labels");
        Ok(())
    }

    #[test]
    fn table_is_aligned() -> Result<(), MetricsError> {
        let mut matrix = ConfusionMatrix::<2>::new();
        for _ in 0..120 {
            matrix.record(0_u8, 0_u8)?;
        }
        matrix.record(1_u8, 0_u8)?;
        let table = [
            "target \\ predicted   0   1", //
            "                 0 120   0",
            "                 1   1   0",
        ];
        assert_eq!(matrix.to_string(), table.join("\n"), "the widest count sets the width");
        assert_eq!(ConfusionMatrix::<0>::new().to_string(), "target \\ predicted", "no classes, no rows");
        let headings = ConfusionMatrix::<11>::new().to_string();
        assert!(headings.starts_with("target \\ predicted  0  1"), "headings set the width too: {headings}");
        Ok(())
    }
}
