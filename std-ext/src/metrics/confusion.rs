//! The confusion matrix.

use std::fmt;

use super::MetricsError;

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

    /// How many samples have this target, which scikit-learn calls its support; `None` without such a class.
    ///
    /// ```
    /// let matrix = femto_std::metrics::ConfusionMatrix::<2>::from_pairs([(0_u8, 1_u8), (0, 0)])?;
    /// assert_eq!((matrix.support(0), matrix.support(1), matrix.support(2)), (Some(2), Some(0), None));
    /// # Ok::<(), femto_std::metrics::MetricsError>(())
    /// ```
    #[must_use]
    pub fn support(&self, target: usize) -> Option<u64> {
        self.counts.get(target).map(|row| row.iter().sum())
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
    fn matrix_keeps_targets_and_predictions_apart() -> Result<(), MetricsError> {
        let matrix = ConfusionMatrix::<3>::from_pairs([(0_u8, 0_u8), (0, 2), (0, 2), (1, 1), (2, 1)])?;
        assert_eq!(matrix.count(0, 2), Some(2), "class 0 was taken for class 2 twice");
        assert_eq!(matrix.count(2, 0), Some(0), "class 2 was never taken for class 0");
        assert_eq!(matrix.count(3, 0), None, "there is no class 3");
        assert_eq!(matrix.total(), 5, "samples recorded");
        assert_eq!([0, 1, 2, 3].map(|class| matrix.support(class)), [Some(3), Some(1), Some(1), None], "targets");
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
