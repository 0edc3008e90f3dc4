//! Classes of unequal size: how many samples each has, and what to do about it.

use rand_xoshiro::Xoshiro128PlusPlus;
use thiserror::Error;

use super::shuffle::{Purpose, below, generator_for, shuffle_with};

/// Why classes could not be balanced.
///
/// ```
/// use femto_std::data::{BalanceError, class_weights};
///
/// assert_eq!(class_weights::<3, u8>(&[0, 2, 2]), Err(BalanceError::EmptyClass { class: 1, classes: 3 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BalanceError {
    /// A target is no class.
    #[error(
        "sample {index} (the first is 0) has class {class}, but the classes are the {classes} from 0 up: pass a larger \
         number of classes"
    )]
    UnknownClass {
        /// Which sample it is.
        index: usize,
        /// Its class.
        class: usize,
        /// The number of classes.
        classes: usize,
    },
    /// A class has no sample, so no weight makes it count and none can be repeated.
    #[error(
        "class {class} of the {classes} classes has no sample: pass a smaller number of classes, or samples of this one"
    )]
    EmptyClass {
        /// The class.
        class: usize,
        /// The number of classes.
        classes: usize,
    },
}

/// The number of samples of each of `K` classes, that of class 0 first.
///
/// Targets are of a type that losses take for class numbers, such as `u8` or `u16`.
///
/// # Errors
///
/// [`BalanceError::UnknownClass`] for the first target that is not below `K`.
///
/// ```
/// assert_eq!(femto_std::data::class_counts(&[0_u8, 2, 2]), Ok([1, 0, 2]));
/// ```
pub fn class_counts<const K: usize, C>(targets: &[C]) -> Result<[usize; K], BalanceError>
where
    C: Copy + TryInto<usize>,
{
    let mut counts = [0; K];
    for (index, &target) in targets.iter().enumerate() {
        // A number that is no usize is no class either.
        let class = target.try_into().unwrap_or(usize::MAX);
        *counts.get_mut(class).ok_or(BalanceError::UnknownClass { index, class, classes: K })? += 1;
    }
    Ok(counts)
}

/// Weights with which each of `K` classes counts the same: samples / (`K` x samples of the class).
///
/// Their mean over the samples is 1. It is the `balanced` mode of scikit-learn's `compute_class_weight`, after King and
/// Zeng, 2001, *Logistic regression in rare events data*. [`weighted_targets`] makes a loss take them.
///
/// # Errors
///
/// [`BalanceError`]: a target is not below `K`, or a class has no sample.
///
/// ```
/// use femto_std::data::class_weights;
///
/// assert_eq!(class_weights(&[0_u8, 0, 0, 1]), Ok([4.0 / 6.0, 2.0]));
/// ```
pub fn class_weights<const K: usize, C>(targets: &[C]) -> Result<[f32; K], BalanceError>
where
    C: Copy + TryInto<usize>,
{
    let counts = class_counts::<K, C>(targets)?;
    if let Some(class) = counts.iter().position(|count| *count == 0) {
        return Err(BalanceError::EmptyClass { class, classes: K });
    }
    Ok(counts.map(|count| (targets.len() as f64 / (K as f64 * count as f64)) as f32))
}

/// Targets for [`femto::loss::CrossEntropy`] that count each sample by the weight of its class: 0 everywhere, and the
/// weight at the class.
///
/// The loss of a sample and its gradient are then those of its class number times the weight.
///
/// # Errors
///
/// [`BalanceError::UnknownClass`] for the first target that is not below `K`.
///
/// ```
/// use femto_std::data::weighted_targets;
///
/// assert_eq!(weighted_targets(&[1_u8, 0], &[0.5, 2.0]), Ok(vec![[0.0, 2.0], [0.5, 0.0]]));
/// ```
pub fn weighted_targets<const K: usize, C>(targets: &[C], weights: &[f32; K]) -> Result<Vec<[f32; K]>, BalanceError>
where
    C: Copy + TryInto<usize>,
{
    let weighted = |(index, &target): (usize, &C)| {
        let class = target.try_into().unwrap_or(usize::MAX);
        let mut row = [0.0; K];
        match (row.get_mut(class), weights.get(class)) {
            (Some(place), Some(weight)) => *place = *weight,
            _ => return Err(BalanceError::UnknownClass { index, class, classes: K }),
        }
        Ok(row)
    };
    targets.iter().enumerate().map(weighted).collect()
}

/// Indices that name as many samples of each class as the largest one has, in random order.
///
/// Every sample is named at least once; those of a smaller class so often that they differ by one at the most, drawn at
/// random who is named once more. Oversample what is learnt from, after it was split from what is tested with: copies of a
/// sample must not be in both. No labels give no indices.
///
/// ```
/// use femto_std::data::{Dataset, oversample};
///
/// let set = Dataset::new(vec![0.1, 0.2, 0.3, 0.4], vec![0_u8, 0, 0, 1])?;
/// let mut balanced = set.select(&oversample(set.targets(), 1))?.targets().to_vec();
/// balanced.sort();
/// assert_eq!(balanced, [0, 0, 0, 1, 1, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn oversample<L: Ord>(labels: &[L], seed: u64) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..labels.len()).collect();
    indices.sort_by(|&left, &right| labels[left].cmp(&labels[right]));
    let classes = || indices.chunk_by(|&left, &right| labels[left] == labels[right]);
    let largest = classes().map(<[usize]>::len).max().unwrap_or(0);
    let mut generator = generator_for(Purpose::Oversample, seed);
    let mut named = Vec::with_capacity(classes().count() * largest);
    for class in classes() {
        for _ in 0..largest / class.len() {
            named.extend_from_slice(class);
        }
        named.extend(some_of(class, largest % class.len(), &mut generator));
    }
    shuffle_with(&mut named, &mut generator);
    named
}

/// So many of a class, each at most once: the first steps of a shuffle.
fn some_of(class: &[usize], count: usize, generator: &mut Xoshiro128PlusPlus) -> Vec<usize> {
    let mut class = class.to_vec();
    for place in 0..count {
        let other = place + below(generator, class.len() - place);
        class.swap(place, other);
    }
    class.truncate(count);
    class
}

#[cfg(test)]
mod tests {
    use femto::layer::Dense;
    use femto::loss::CrossEntropy;
    use femto::train::Objective;
    use femto::{Flat, Level};

    use super::*;
    use crate::data::digits;

    #[test]
    fn every_class_counts_the_same_by_its_weight() -> Result<(), BalanceError> {
        let digits = digits();
        let counts = class_counts::<10, u8>(digits.targets())?;
        let weights = class_weights::<10, u8>(digits.targets())?;
        for (class, (count, weight)) in counts.iter().zip(weights).enumerate() {
            let share = *count as f64 * f64::from(weight) / 1797.0;
            assert!((share - 0.1).abs() < 1e-7, "class {class} counts {share}");
        }
        Ok(())
    }

    #[test]
    fn classes_that_do_not_exist_are_refused() {
        let error = BalanceError::UnknownClass { index: 1, class: 3, classes: 3 };
        assert_eq!(class_counts::<3, u8>(&[2, 3, 9]), Err(error), "the first one that is too large");
        assert_eq!(class_weights::<3, u8>(&[2, 3]), Err(error), "weights");
        assert_eq!(weighted_targets(&[2_u8, 3], &[1.0; 3]), Err(error), "targets");
        let error = class_counts::<2, i8>(&[0, -1]);
        assert_eq!(error, Err(BalanceError::UnknownClass { index: 1, class: usize::MAX, classes: 2 }), "below 0");
        assert_eq!(class_weights::<2, u8>(&[]), Err(BalanceError::EmptyClass { class: 0, classes: 2 }), "no samples");
    }

    #[test]
    fn a_weighted_target_scales_the_loss() -> Result<(), Box<dyn std::error::Error>> {
        type Linear = femto::net![Dense<2, 3>];
        let (level, objective) = (Level::detect(), Objective::mean(CrossEntropy));
        let mut net = Linear::ZERO;
        net.as_mut_slice().copy_from_slice(&[0.5, -1.0, 2.0, 0.25, 1.5, -0.5, 0.0, 0.75, -0.25]);
        let (x, weights) = ([[0.5, -1.0]], [0.25, 1.0, 3.0]);
        for class in 0..3_u8 {
            let mut tape = [Linear::TAPE; 1];
            let plain = net.evaluate(level, &objective, &x, &[class], &mut tape)?;
            let target = weighted_targets(&[class], &weights)?;
            let weighted = net.evaluate(level, &objective, &x, &target, &mut tape)?;
            let expected = plain * weights[usize::from(class)];
            assert!((weighted - expected).abs() <= 1e-6 * expected, "class {class}: {weighted} against {expected}");
        }
        Ok(())
    }

    #[test]
    fn oversampled_classes_are_equal_and_hold_every_sample() {
        let labels: Vec<u32> = (0..300_u32).map(|index| index * index % 13).collect();
        let counts = |indices: &[usize]| {
            let mut counts = vec![0_usize; labels.len()];
            indices.iter().for_each(|&index| counts[index] += 1);
            counts
        };
        let named = counts(&oversample(&labels, 3));
        let of_class = |class| named.iter().zip(&labels).filter(move |(_, label)| **label == class).map(|(n, _)| *n);
        let largest = (0..13).map(|class| of_class(class).count()).max();
        for class in (0..13).filter(|&class| of_class(class).count() > 0) {
            assert_eq!(Some(of_class(class).sum()), largest, "indices of class {class}");
            let (least, most) = (of_class(class).min(), of_class(class).max());
            assert!(least >= Some(1) && most <= least.map(|least| least + 1), "class {class}: {least:?} to {most:?}");
        }
        assert_eq!(oversample(&labels, 3), oversample(&labels, 3), "a function of the seed");
        assert_ne!(oversample(&labels, 3), oversample(&labels, 4), "another seed");
        assert!(oversample::<u8>(&[], 1).is_empty(), "no labels");
    }

    /// Changes when the algorithm does: runs that users have published would no longer repeat.
    #[test]
    fn indices_are_the_committed_ones() {
        assert_eq!(oversample(&[0, 0, 0, 0, 0, 1, 1], 7), [2, 0, 6, 3, 4, 1, 5, 5, 6, 6], "seed 7");
    }
}
