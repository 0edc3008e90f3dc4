//! Numbers that say how good outputs are.

use femto::Flat;
use femto::layer::Layer;

use crate::metrics::argmax;

/// A number that says how good outputs are.
pub(super) struct Metric<'a, L: Layer, T> {
    pub(super) name: &'static str,
    pub(super) of: MetricOf<'a, L, T>,
}

pub(super) type MetricOf<'a, L, T> = Box<dyn FnMut(&[<L as Layer>::Out], &[T]) -> f64 + 'a>;

/// The share of numbers on the side of their targets, `0.0..=1.0`, as logits of binary cross-entropy say it: above 0 where
/// the target is above 0.5; a metric for [`Trainer::metric`](super::Trainer::metric).
///
/// NaN without samples.
///
/// ```
/// use femto_std::trainer::binary_accuracy;
///
/// assert_eq!(binary_accuracy(&[[0.3], [-2.0], [1.5], [0.2]], &[[1.0], [0.0], [1.0], [0.0]]), 0.75);
/// ```
#[must_use]
pub fn binary_accuracy<const N: usize>(logits: &[[f32; N]], targets: &[[f32; N]]) -> f64 {
    let pairs = logits.as_flattened().iter().zip(targets.as_flattened());
    let correct = pairs.filter(|&(logit, target)| (*logit > 0.0) == (*target > 0.5)).count();
    correct as f64 / targets.as_flattened().len() as f64
}

/// The share of samples whose largest output is that of their class, `0.0..=1.0`; a metric for
/// [`Trainer::metric`](super::Trainer::metric).
///
/// NaN without samples. Targets are class numbers of any type of integers.
/// [`metrics::accuracy`](crate::metrics::accuracy()) is the same of classes that were chosen already.
///
/// ```
/// use femto_std::trainer::accuracy;
///
/// assert_eq!(accuracy(&[[0.9, 0.1], [0.2, 0.8]], &[0_u8, 0]), 0.5);
/// ```
#[must_use]
pub fn accuracy<Y: Flat, T: Copy + TryInto<usize>>(outputs: &[Y], targets: &[T]) -> f64 {
    let is_correct =
        |output: &Y, target: T| argmax(output.as_slice()).is_some_and(|class| target.try_into().ok() == Some(class));
    let correct = outputs.iter().zip(targets).filter(|&(output, &target)| is_correct(output, target)).count();
    correct as f64 / targets.len() as f64
}
