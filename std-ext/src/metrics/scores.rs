//! Precision, recall and F1 of classes, and their averages.

use super::ConfusionMatrix;

/// How well a class is found, or the average of classes; all shares are `0.0..=1.0`.
///
/// A share whose denominator is 0 is 0, as with scikit-learn's `zero_division=0` (its default, which warns besides):
/// the precision of a class that was never predicted, the recall of one without samples, the F1 of one with neither.
///
/// ```
/// use femto_std::metrics::ConfusionMatrix;
///
/// let matrix = ConfusionMatrix::<2>::from_pairs([(0_u8, 0_u8), (0, 1), (1, 1)])?;
/// let [zero, one] = matrix.scores();
/// assert_eq!((zero.precision, zero.recall), (1.0, 0.5));
/// assert_eq!((one.precision, one.recall), (0.5, 1.0));
/// # Ok::<(), femto_std::metrics::MetricsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Scores {
    /// The share of the samples taken for the class that are of it.
    pub precision: f64,
    /// The share of the samples of the class that were taken for it.
    pub recall: f64,
    /// The harmonic mean of the two, `2 hits / (samples taken for the class + samples of it)`.
    pub f1: f64,
}

/// How the scores of classes become one, as in scikit-learn's `average`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Average {
    /// The plain mean over all classes of the matrix, with those that never occur: scikit-learn's with
    /// `labels=range(CLASSES)`.
    Macro,
    /// From the hits and errors of all classes together. With every sample in one class, all three scores are the
    /// accuracy.
    Micro,
    /// The mean over classes, each as often as it has samples.
    Weighted,
}

impl<const CLASSES: usize> ConfusionMatrix<CLASSES> {
    /// Precision, recall and F1 of each class, in their order.
    ///
    /// ```
    /// use femto_std::metrics::ConfusionMatrix;
    ///
    /// let matrix = ConfusionMatrix::<3>::from_pairs([(0_u8, 0_u8), (0, 0), (1, 0)])?;
    /// let [zero, one, two] = matrix.scores();
    /// assert_eq!((zero.precision, zero.recall, zero.f1), (2.0 / 3.0, 1.0, 0.8));
    /// assert_eq!((one.precision, two.precision), (0.0, 0.0)); // neither was ever predicted
    /// # Ok::<(), femto_std::metrics::MetricsError>(())
    /// ```
    #[must_use]
    pub fn scores(&self) -> [Scores; CLASSES] {
        std::array::from_fn(|class| {
            let hits = self.count(class, class).unwrap_or(0);
            let taken = (0..CLASSES).filter_map(|target| self.count(target, class)).sum();
            Scores::of(hits, taken, self.support(class).unwrap_or(0))
        })
    }

    /// Precision, recall and F1 of all classes together. All are 0 before any sample.
    ///
    /// ```
    /// use femto_std::metrics::{Average, ConfusionMatrix};
    ///
    /// let matrix = ConfusionMatrix::<2>::from_pairs([(0_u8, 0_u8), (0, 0), (0, 0), (1, 0)])?;
    /// assert_eq!(matrix.average_scores(Average::Micro).recall, 0.75);
    /// assert_eq!(matrix.average_scores(Average::Macro).recall, 0.5); // class 1 is never found
    /// # Ok::<(), femto_std::metrics::MetricsError>(())
    /// ```
    #[must_use]
    pub fn average_scores(&self, average: Average) -> Scores {
        let weight = |class| match average {
            Average::Weighted => self.support(class).unwrap_or(0) as f64,
            _ => 1.0,
        };
        if average == Average::Micro {
            let hits = (0..CLASSES).filter_map(|class| self.count(class, class)).sum();
            return Scores::of(hits, self.total(), self.total());
        }
        let mut mean = Scores::default();
        let whole: f64 = (0..CLASSES).map(weight).sum();
        for (class, scores) in self.scores().into_iter().enumerate().filter(|(class, _)| weight(*class) > 0.0) {
            let share = weight(class) / whole;
            mean.precision += share * scores.precision;
            mean.recall += share * scores.recall;
            mean.f1 += share * scores.f1;
        }
        mean
    }
}

impl Scores {
    /// From the hits, the samples taken for the class and those of it.
    fn of(hits: u64, taken: u64, support: u64) -> Self {
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        Self { precision: share(hits, taken), recall: share(hits, support), f1: share(2 * hits, taken + support) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::MetricsError;
    use super::*;

    const TARGETS: [u8; 12] = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2];
    /// Class 3 is predicted and never right, class 4 does not occur.
    const PREDICTIONS: [u8; 12] = [0, 0, 1, 2, 1, 1, 0, 2, 2, 2, 1, 3];

    fn matrix() -> Result<ConfusionMatrix<5>, MetricsError> {
        ConfusionMatrix::from_pairs(TARGETS.into_iter().zip(PREDICTIONS))
    }

    fn check(found: Scores, [precision, recall, f1]: [f64; 3], what: &str) {
        for (name, found, expected) in
            [("precision", found.precision, precision), ("recall", found.recall, recall), ("F1", found.f1, f1)]
        {
            assert!((found - expected).abs() <= 1e-15, "{what}: {name} is {found}, not {expected}");
        }
    }

    // scikit-learn 1.9.1: precision_recall_fscore_support(targets, predictions, labels=[0, 1, 2, 3, 4],
    // average=average, zero_division=0)

    #[test]
    fn scores_of_classes_are_those_of_scikit_learn() -> Result<(), MetricsError> {
        let expected = [
            [0.6666666666666666, 0.5, 0.5714285714285714],
            [0.5, 0.6666666666666666, 0.5714285714285714],
            [0.75, 0.6, 0.6666666666666666],
            [0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0],
        ];
        for (class, (found, expected)) in matrix()?.scores().into_iter().zip(expected).enumerate() {
            check(found, expected, &format!("class {class}"));
        }
        Ok(())
    }

    #[test]
    fn averages_are_those_of_scikit_learn() -> Result<(), MetricsError> {
        for (average, expected) in [
            (Average::Macro, [0.3833333333333333, 0.35333333333333333, 0.36190476190476184]),
            (Average::Micro, [0.5833333333333334; 3]),
            (Average::Weighted, [0.6597222222222222, 0.5833333333333334, 0.611111111111111]),
        ] {
            check(matrix()?.average_scores(average), expected, &format!("{average:?}"));
        }
        Ok(())
    }

    #[test]
    fn nothing_recorded_is_nothing_found() {
        for average in [Average::Macro, Average::Micro, Average::Weighted] {
            check(ConfusionMatrix::<3>::new().average_scores(average), [0.0; 3], &format!("{average:?}"));
            check(ConfusionMatrix::<0>::new().average_scores(average), [0.0; 3], &format!("{average:?}, no classes"));
        }
    }
}
