//! Shares of correct answers, from class numbers or from outputs.

use femto::Flat;

use super::MetricsError;

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
    check_pairs(predictions, targets)?;
    let pairs = predictions.iter().zip(targets);
    let correct = pairs.filter(|&(&prediction, &target)| prediction.into() == target.into()).count();
    Ok(correct as f64 / targets.len() as f64)
}

/// The share of samples whose target is among the `k` largest outputs, `0.0..=1.0`.
///
/// With a `k` of 1 it is the [`accuracy()`] of [`argmax`]: of equal outputs the first counts as larger. NaN counts as
/// no output, so a target whose output is NaN is never found. A `k` of at least the number of outputs finds all
/// others. scikit-learn's `top_k_accuracy_score` is the same but for equal outputs, of which it prefers the last.
///
/// # Errors
///
/// [`MetricsError::LengthMismatch`] when the lists differ in length, [`MetricsError::NoSamples`] when they are
/// empty, [`MetricsError::ZeroK`], and [`MetricsError::TargetOutOfRange`] for the first target without an output.
///
/// ```
/// use femto_std::metrics::top_k_accuracy;
///
/// let outputs = [[0.6, 0.3, 0.1], [0.5, 0.4, 0.1]];
/// assert_eq!(top_k_accuracy(&outputs, &[0_u8, 1], 1)?, 0.5);
/// assert_eq!(top_k_accuracy(&outputs, &[0_u8, 1], 2)?, 1.0);
/// # Ok::<(), femto_std::metrics::MetricsError>(())
/// ```
pub fn top_k_accuracy<X, T>(outputs: &[X], targets: &[T], k: usize) -> Result<f64, MetricsError>
where
    X: Flat,
    T: Copy + Into<usize>,
{
    check_pairs(outputs, targets)?;
    if k == 0 {
        return Err(MetricsError::ZeroK);
    }
    let mut found = 0_usize;
    for (sample, (output, &target)) in outputs.iter().zip(targets).enumerate() {
        let (output, target) = (output.as_slice(), target.into());
        let Some(own) = output.get(target) else {
            return Err(MetricsError::TargetOutOfRange { sample, label: target, outputs: output.len() });
        };
        let before = output.iter().enumerate().filter(|(i, y)| *y > own || (*y == own && *i < target)).count();
        found += usize::from(!own.is_nan() && before < k);
    }
    Ok(found as f64 / targets.len() as f64)
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

/// Refuses lists that do not pair up, and empty ones.
pub(super) fn check_pairs<P, T>(predictions: &[P], targets: &[T]) -> Result<(), MetricsError> {
    if predictions.len() != targets.len() {
        Err(MetricsError::LengthMismatch { predictions: predictions.len(), targets: targets.len() })
    } else if targets.is_empty() {
        Err(MetricsError::NoSamples)
    } else {
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
    fn the_target_is_looked_for_among_the_largest() -> Result<(), MetricsError> {
        let outputs = [
            [0.5, 0.2, 0.2, 0.1],
            [0.3, 0.4, 0.2, 0.1],
            [0.2, 0.4, 0.3, 0.1],
            [0.7, 0.2, 0.06, 0.04],
            [0.1, 0.2, 0.3, 0.4],
            [0.05, 0.15, 0.5, 0.3],
        ];
        let targets = [0_u8, 1, 2, 2, 0, 3];
        // scikit-learn 1.9.1: top_k_accuracy_score(targets, outputs, k=k, labels=[0, 1, 2, 3])
        let expected = [1.0 / 3.0, 2.0 / 3.0, 5.0 / 6.0, 1.0, 1.0];
        for (k, expected) in (1..).zip(expected) {
            assert_eq!(top_k_accuracy(&outputs, &targets, k)?, expected, "k = {k}");
        }
        Ok(())
    }

    #[test]
    fn the_largest_output_alone_is_what_argmax_finds() -> Result<(), MetricsError> {
        let nan = f32::NAN;
        let outputs = [[1.0, 1.0, 0.0], [nan, 2.0, 2.0], [3.0, nan, 3.0], [nan, nan, nan], [-0.0, 0.0, -1.0]];
        for target in 0..3_u8 {
            let targets = [target; 5];
            let classes = outputs.map(|output| argmax(&output).unwrap_or(3));
            assert_eq!(top_k_accuracy(&outputs, &targets, 1)?, accuracy(&classes, &targets)?, "class {target}");
        }
        assert_eq!(top_k_accuracy(&outputs, &[0_u8; 5], 3)?, 0.6, "an output of NaN is never among the largest");
        Ok(())
    }

    #[test]
    fn what_cannot_be_looked_for_is_refused() {
        let outputs = [[0.0, 1.0]; 2];
        assert_eq!(top_k_accuracy(&outputs, &[0_u8, 1], 0), Err(MetricsError::ZeroK), "no places");
        let beyond = MetricsError::TargetOutOfRange { sample: 1, label: 2, outputs: 2 };
        assert_eq!(top_k_accuracy(&outputs, &[0_u8, 2], 2), Err(beyond), "class 2 of 2");
        let mismatch = MetricsError::LengthMismatch { predictions: 2, targets: 1 };
        assert_eq!(top_k_accuracy(&outputs, &[0_u8], 1), Err(mismatch), "one target for two rows");
        assert_eq!(top_k_accuracy::<[f32; 2], u8>(&[], &[], 1), Err(MetricsError::NoSamples), "0 of 0 is no share");
    }
}
