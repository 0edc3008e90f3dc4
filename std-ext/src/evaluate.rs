//! What a network says of many rows at once, with working memory on the heap.
//!
//! Who does the work is a [`Level`](femto::Level), or [threads](crate::threads::Threads) by reference; the bits are the same.
//!
//! ```
//! # fn main() -> Result<(), femto_std::metrics::MetricsError> {
//! use femto::layer::Dense;
//! use femto::{Flat, Level};
//! use femto_std::data::digits;
//! use femto_std::evaluate::predict_classes;
//! use femto_std::metrics::accuracy;
//!
//! type Linear = femto::net![Dense<64, 10>];
//! let (net, digits) = (Linear::ZERO, digits());
//! let classes = predict_classes(&net, Level::detect(), digits.inputs());
//! let share = accuracy(&classes, digits.targets())?;
//! assert_eq!(share, 178.0 / 1797.0); // a net of zeros takes every image for a 0
//! # Ok(())
//! # }
//! ```

use femto::layer::Layer;
use femto::loss::Loss;
use femto::train::{Objective, Workers};
use femto::{Flat, Net};

use crate::data::Dataset;
use crate::epoch::{EpochError, check_set};
use crate::metrics::argmax;

/// Rows that are worked on at a time: enough for the weights, once in the cache, to serve many of them, and
/// few enough to leave them there.
const ROWS: usize = 64;

/// The outputs of the network for each row of inputs, in their order.
///
/// The bits are those of [`Net::predict`] for each row. Besides the result each thread allocates
/// [`Net::SCRATCH_BYTES_PER_ROW`] for up to 64 rows. No inputs give no outputs.
///
/// ```
/// use femto::layer::Dense;
/// use femto::{Flat, Level};
/// use femto_std::evaluate::predict_all;
///
/// type Line = femto::net![Dense<1, 1>];
/// let line = Line::from_le_bytes(&[0, 0, 0, 64, 0, 0, 128, 63]); // 2 x + 1
/// assert_eq!(predict_all(&line, Level::detect(), &[[0.0], [3.0]]), [[1.0], [7.0]]);
/// ```
#[must_use]
pub fn predict_all<L: Layer>(net: &Net<L>, workers: impl Workers, inputs: &[L::In]) -> Vec<L::Out> {
    let mut outputs = vec![L::Out::ZERO; inputs.len()];
    let rows = rows_of_share::<L>(workers, inputs.len());
    divide(workers, inputs.chunks(rows).zip(outputs.chunks_mut(rows)), |(inputs, outputs)| {
        let mut scratch = vec![Net::<L>::SCRATCH; inputs.len().min(ROWS)];
        let result = net.predict_batch(workers.level(), inputs, &mut scratch, outputs);
        debug_assert_eq!(result, Ok(()), "there is an output for each input, and scratch");
    });
    outputs
}

/// How many rows each share has, whole chunks of them.
fn rows_of_share<L: Layer>(workers: impl Workers, rows: usize) -> usize {
    let shares = workers.shares(L::MULTIPLY_ACCUMULATES.saturating_mul(rows)).max(1);
    rows.div_ceil(shares).next_multiple_of(ROWS).max(ROWS)
}

/// Has workers do the jobs; the caller does a single one alone.
fn divide<J: Send>(workers: impl Workers, jobs: impl ExactSizeIterator<Item = J>, work: impl Fn(J) + Sync) {
    if jobs.len() > 1 { workers.run(jobs, work) } else { jobs.for_each(work) }
}

/// The class that each row of inputs is taken for: the index of its largest output ([`argmax`]), from 0 up.
///
/// Of equal outputs the first wins. A row whose outputs are all NaN belongs to no class; it gets the number
/// of outputs, which is no class and so never equals a target.
///
/// ```
/// use femto::layer::Dense;
/// use femto::{Flat, Level};
/// use femto_std::evaluate::predict_classes;
///
/// type Sides = femto::net![Dense<1, 2>];
/// let mut sides = Sides::ZERO;
/// sides.as_mut_slice()[..2].copy_from_slice(&[-1.0, 1.0]); // outputs -x and x
/// assert_eq!(predict_classes(&sides, Level::detect(), &[[-3.0], [0.5]]), [0, 1]);
/// ```
#[must_use]
pub fn predict_classes<L: Layer>(net: &Net<L>, workers: impl Workers, inputs: &[L::In]) -> Vec<usize> {
    let outputs = predict_all(net, workers, inputs);
    outputs.iter().map(|output| argmax(output.as_slice()).unwrap_or(L::Out::LEN)).collect()
}

/// The mean loss of the samples of a set, in the unit of the loss.
///
/// A number to compare with the [`EpochReport::loss`](crate::epoch::EpochReport::loss) of training: no
/// penalty is in either. Each thread allocates [`Net::TAPE_BYTES_PER_ROW`] for up to 64 rows. Not finite where the
/// loss of a sample is not.
///
/// # Errors
///
/// [`EpochError::NoSamples`] for an empty set and [`EpochError::Set`] where a target makes no sense for the
/// network, such as a class that has no output.
///
/// ```
/// use femto::layer::Dense;
/// use femto::loss::CrossEntropy;
/// use femto::{Flat, Level};
/// use femto_std::data::digits;
/// use femto_std::evaluate::mean_loss;
///
/// type Linear = femto::net![Dense<64, 10>];
/// let loss = mean_loss(&Linear::ZERO, Level::detect(), CrossEntropy, &digits())?;
/// assert!((loss - 10_f64.ln()).abs() < 1e-6); // all ten classes are equally likely
/// # Ok::<(), femto_std::epoch::EpochError>(())
/// ```
pub fn mean_loss<L: Layer, T: Sync, F: Loss<T> + Sync>(
    net: &Net<L>,
    workers: impl Workers,
    loss: F,
    set: &Dataset<L::In, T>,
) -> Result<f64, EpochError> {
    check_set::<L, T, F>(set)?;
    let objective = Objective::sum(loss);
    // Chunks that f32 sums well, so that large sets lose nothing. They are added in their order, whoever worked them out.
    let mut sums = vec![Ok(0.0); set.len().div_ceil(ROWS)];
    let rows = rows_of_share::<L>(workers, set.len());
    let samples = set.inputs().chunks(rows).zip(set.targets().chunks(rows));
    divide(workers, samples.zip(sums.chunks_mut(rows / ROWS)), |((inputs, targets), sums)| {
        let mut tape = vec![Net::<L>::TAPE; inputs.len().min(ROWS)];
        for ((inputs, targets), sum) in inputs.chunks(ROWS).zip(targets.chunks(ROWS)).zip(sums) {
            *sum = net.evaluate(workers.level(), &objective, inputs, targets, &mut tape);
        }
    });
    let mut all = 0.0;
    for sum in sums {
        all += f64::from(sum.map_err(EpochError::Set)?);
    }
    Ok(all / set.len() as f64)
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use femto::Level;
    use femto::activation::Relu;
    use femto::init::Init;
    use femto::layer::Dense;
    use femto::loss::{CrossEntropy, MeanSquaredError};
    use femto::train::BatchError;

    use super::*;
    use crate::data::digits;
    use crate::threads::Threads;

    type Digits = femto::net![Dense<64, 7, Relu>, Dense<7, 10>];

    fn net() -> Digits {
        let mut net = Digits::ZERO;
        net.init(Init::HeUniform, 1);
        net
    }

    #[test]
    fn predictions_are_those_of_single_rows() {
        let (net, level, digits) = (net(), Level::detect(), digits());
        for len in [0, 1, ROWS, 2 * ROWS + 3] {
            let inputs = &digits.inputs()[..len];
            let one_by_one: Vec<_> = inputs.iter().map(|x| net.predict(level, x)).collect();
            assert_eq!(predict_all(&net, level, inputs), one_by_one, "outputs of {len} rows");
            let classes: Vec<_> = one_by_one.iter().filter_map(|y| argmax(y)).collect();
            assert_eq!(predict_classes(&net, level, inputs), classes, "classes of {len} rows");
        }
    }

    #[test]
    fn threads_find_what_one_does() -> Result<(), Box<dyn Error>> {
        let (net, level, digits) = (net(), Level::detect(), digits());
        for count in [2, 3, 7] {
            let threads = Threads::new(level, count)?.divide_from(0);
            assert_eq!(predict_all(&net, &threads, &[]), Vec::<[f32; 10]>::new(), "no rows on {count} threads");
            for len in [1, ROWS, 2 * ROWS + 3, digits.len()] {
                let set = digits.select(&(0..len).collect::<Vec<_>>())?;
                let alone = predict_all(&net, level, set.inputs());
                assert_eq!(predict_all(&net, &threads, set.inputs()), alone, "{len} rows on {count} threads");
                let alone = mean_loss(&net, level, CrossEntropy, &set)?;
                assert_eq!(mean_loss(&net, &threads, CrossEntropy, &set)?, alone, "{len} rows on {count} threads");
            }
        }
        Ok(())
    }

    #[test]
    fn outputs_that_are_no_numbers_vote_for_no_class() {
        let mut net = net();
        net.as_mut_slice().fill(f32::NAN);
        assert_eq!(predict_classes(&net, Level::detect(), &[[1.0; 64]]), [10], "classes are 0 to 9");
    }

    #[test]
    fn the_mean_loss_is_that_of_single_samples() -> Result<(), Box<dyn Error>> {
        let (net, level, digits) = (net(), Level::detect(), digits());
        let mut tape = [Digits::TAPE; 1];
        let mut sum = 0.0;
        for (x, t) in digits.inputs().iter().zip(digits.targets()) {
            let objective = Objective::mean(CrossEntropy);
            sum += f64::from(net.evaluate(level, &objective, &[*x], &[*t], &mut tape)?);
        }
        let expected = sum / digits.len() as f64;
        let loss = mean_loss(&net, level, CrossEntropy, &digits)?;
        assert!((loss - expected).abs() < 1e-6, "{loss} against {expected}");
        Ok(())
    }

    #[test]
    fn sets_without_a_mean_are_refused() -> Result<(), Box<dyn Error>> {
        let level = Level::detect();
        let none = Dataset::<[f32; 64], [f32; 10]>::new(vec![], vec![])?;
        let result = mean_loss(&net(), level, MeanSquaredError, &none);
        assert_eq!(result, Err(EpochError::NoSamples), "nothing to average");
        let mut targets = vec![9_u8; 2 * ROWS];
        targets[ROWS + 5] = 10;
        let misfit = Dataset::new(vec![[0.0; 64]; 2 * ROWS], targets)?;
        let result = mean_loss(&net(), level, CrossEntropy, &misfit);
        let error = EpochError::Set(BatchError::Target { row: ROWS + 5, outputs: 10 });
        assert_eq!(result, Err(error), "the row counts within the set");
        Ok(())
    }
}
