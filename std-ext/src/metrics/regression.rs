//! Errors of predicted numbers. A row holds the outputs of a sample; sums are in double precision.

use femto::Flat;

use super::MetricsError;
use super::classes::check_pairs;

/// The mean of `(prediction - target)^2` over all outputs of all samples, in the square of the targets' unit.
///
/// Not finite where a number is not.
///
/// # Errors
///
/// [`MetricsError::LengthMismatch`] when the lists differ in length, [`MetricsError::NoSamples`] when they are empty,
/// and [`MetricsError::NoOutputs`] for rows of no numbers.
///
/// ```
/// let mse = femto_std::metrics::mean_squared_error(&[[1.0], [4.0]], &[[1.0], [2.0]])?;
/// assert_eq!(mse, 2.0);
/// # Ok::<(), femto_std::metrics::MetricsError>(())
/// ```
pub fn mean_squared_error<Y: Flat>(predictions: &[Y], targets: &[Y]) -> Result<f64, MetricsError> {
    mean_over_outputs(predictions, targets, |errors| mean(errors.map(|(p, t)| (p - t) * (p - t))))
}

/// The square root of the mean of `(prediction - target)^2` over the samples, in the unit of the targets; of several
/// outputs the mean of their roots, as scikit-learn has it.
///
/// Not finite where a number is not.
///
/// # Errors
///
/// As [`mean_squared_error`].
///
/// ```
/// let rmse = femto_std::metrics::root_mean_squared_error(&[[1.0], [4.0]], &[[4.0], [1.0]])?;
/// assert_eq!(rmse, 3.0);
/// # Ok::<(), femto_std::metrics::MetricsError>(())
/// ```
pub fn root_mean_squared_error<Y: Flat>(predictions: &[Y], targets: &[Y]) -> Result<f64, MetricsError> {
    mean_over_outputs(predictions, targets, |errors| mean(errors.map(|(p, t)| (p - t) * (p - t))).sqrt())
}

/// The mean of `|prediction - target|` over all outputs of all samples, in the unit of the targets.
///
/// Not finite where a number is not.
///
/// # Errors
///
/// As [`mean_squared_error`].
///
/// ```
/// let mae = femto_std::metrics::mean_absolute_error(&[[1.0], [4.0]], &[[1.0], [2.0]])?;
/// assert_eq!(mae, 1.0);
/// # Ok::<(), femto_std::metrics::MetricsError>(())
/// ```
pub fn mean_absolute_error<Y: Flat>(predictions: &[Y], targets: &[Y]) -> Result<f64, MetricsError> {
    mean_over_outputs(predictions, targets, |errors| mean(errors.map(|(p, t)| (p - t).abs())))
}

/// The coefficient of determination `1 - sum (target - prediction)^2 / sum (target - mean)^2`: 1 for perfect
/// predictions, 0 for those no better than the mean of the targets, below 0 for worse ones; of several outputs the
/// mean.
///
/// For an output whose targets are all equal it is 1 if all predictions are right and 0 if not, as scikit-learn's
/// `r2_score` has it. Not finite where a number is not.
///
/// # Errors
///
/// As [`mean_squared_error`], and [`MetricsError::OneSample`].
///
/// ```
/// use femto_std::metrics::r2;
///
/// let targets = [[1.0], [2.0], [3.0]];
/// assert_eq!(r2(&targets, &targets)?, 1.0);
/// assert_eq!(r2(&[[2.0]; 3], &targets)?, 0.0);
/// # Ok::<(), femto_std::metrics::MetricsError>(())
/// ```
pub fn r2<Y: Flat>(predictions: &[Y], targets: &[Y]) -> Result<f64, MetricsError> {
    if (predictions.len(), targets.len()) == (1, 1) {
        return Err(MetricsError::OneSample);
    }
    mean_over_outputs(predictions, targets, |pairs| {
        let center = mean(pairs.clone().map(|(_, t)| t));
        let spread: f64 = pairs.clone().map(|(_, t)| (t - center) * (t - center)).sum();
        let errors: f64 = pairs.map(|(p, t)| (t - p) * (t - p)).sum();
        match (spread == 0.0, errors == 0.0) {
            (true, true) => 1.0,
            (true, false) if errors.is_finite() => 0.0,
            _ => 1.0 - errors / spread,
        }
    })
}

/// The mean of a metric of each output, from its predictions and targets.
fn mean_over_outputs<'a, Y: Flat>(
    predictions: &'a [Y],
    targets: &'a [Y],
    metric: impl Fn(Pairs<'a, Y>) -> f64,
) -> Result<f64, MetricsError> {
    check_pairs(predictions, targets)?;
    if Y::LEN == 0 {
        return Err(MetricsError::NoOutputs);
    }
    Ok(mean((0..Y::LEN).map(|output| metric(Pairs { predictions, targets, output, sample: 0 }))))
}

/// Predictions of an output and their targets.
struct Pairs<'a, Y> {
    predictions: &'a [Y],
    targets: &'a [Y],
    output: usize,
    sample: usize,
}

impl<Y> Clone for Pairs<'_, Y> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<Y: Flat> Iterator for Pairs<'_, Y> {
    type Item = (f64, f64);

    fn next(&mut self) -> Option<(f64, f64)> {
        let of = |rows: &[Y]| rows.get(self.sample)?.as_slice().get(self.output).copied().map(f64::from);
        let pair = (of(self.predictions)?, of(self.targets)?);
        self.sample += 1;
        Some(pair)
    }
}

fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    sum / count
}

#[cfg(test)]
mod tests {
    use super::*;

    type Metric<Y> = fn(&[Y], &[Y]) -> Result<f64, MetricsError>;

    #[test]
    fn errors_are_those_of_scikit_learn() {
        let targets = [[0.5, 1.0], [-1.0, 1.0], [7.0, -6.0], [2.0, 3.5]];
        let predictions = [[0.0, 2.0], [-1.0, 2.0], [8.0, -5.0], [2.25, 3.0]];
        // scikit-learn 1.9.1: r2_score(targets, predictions) and so on
        for (name, metric, expected) in [
            ("r2_score", r2 as Metric<[f32; 2]>, 0.9494867046503075),
            ("mean_absolute_error", mean_absolute_error, 0.65625),
            ("mean_squared_error", mean_squared_error, 0.5703125),
            ("root_mean_squared_error", root_mean_squared_error, 0.7371048903677386),
        ] {
            let found = metric(&predictions, &targets).unwrap();
            assert!((found - expected).abs() <= 1e-15, "{name}: {found}, not {expected}");
        }
    }

    #[test]
    fn targets_without_spread_have_the_r2_of_scikit_learn() {
        // scikit-learn 1.9.1: r2_score(targets, predictions)
        for (predictions, expected) in
            [([[2.0, 1.0], [2.0, 2.0], [2.0, 4.0]], 0.75), ([[2.0, 1.0], [2.0, 2.0], [1.0, 4.0]], 0.25)]
        {
            let found = r2(&predictions, &[[2.0, 1.0], [2.0, 2.0], [2.0, 3.0]]);
            assert_eq!(found, Ok(expected), "{predictions:?}");
        }
        let nan = r2(&[[f32::NAN], [2.0]], &[[2.0], [2.0]]).unwrap();
        assert!(nan.is_nan(), "a prediction that is no number must show, and gives {nan}");
    }

    #[test]
    fn what_has_no_mean_is_refused() {
        for metric in [r2 as Metric<[f32; 1]>, mean_absolute_error, mean_squared_error, root_mean_squared_error] {
            assert_eq!(metric(&[], &[]), Err(MetricsError::NoSamples), "no samples");
            let mismatch = MetricsError::LengthMismatch { predictions: 1, targets: 2 };
            assert_eq!(metric(&[[1.0]], &[[1.0], [2.0]]), Err(mismatch), "one prediction for two targets");
        }
        assert_eq!(r2(&[[1.0]], &[[2.0]]), Err(MetricsError::OneSample), "one sample");
        assert_eq!(mean_squared_error::<[f32; 0]>(&[[]], &[[]]), Err(MetricsError::NoOutputs), "rows of no numbers");
    }
}
