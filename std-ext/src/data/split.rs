//! Seeded splits into training, validation and test parts, the same on every platform.

use std::cmp::Reverse;

use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro128PlusPlus;
use thiserror::Error;

use super::fractions::{BILLION, Fractions, PARTS};
use super::shuffle::shuffle_with;

/// Why fractions or a split were refused.
///
/// ```
/// use femto_std::data::{Fractions, SplitError, split};
///
/// let error = split(3, Fractions::new(0.1, 0.1)?, 0);
/// assert_eq!(error, Err(SplitError::EmptyPart { part: "validation", fraction: 0.1, len: 3 }));
/// # Ok::<(), SplitError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// A fraction is negative, above one or not a number.
    #[error(
        "the {part} fraction is {value}, outside 0 to 1: pass the part's share of all samples, \
         for example 0.1 for a tenth"
    )]
    FractionOutOfRange {
        /// `"validation"` or `"test"`.
        part: &'static str,
        /// The refused fraction.
        value: f64,
    },
    /// The two fractions together leave less than nothing for training.
    #[error(
        "the validation fraction {validation} and the test fraction {test} add up to more than 1: \
         lower one of them, the training part gets what they leave"
    )]
    FractionsAboveOne {
        /// The validation fraction.
        validation: f64,
        /// The test fraction.
        test: f64,
    },
    /// There is nothing to split.
    #[error("there are no samples to split: pass the length or the labels of a data set with samples")]
    NoSamples,
    /// A part with a fraction above zero would get no sample.
    #[error(
        "the {part} part, {fraction} of {len} samples, would be empty: use more samples or a larger \
         {part} fraction, or set it to 0 to do without this part"
    )]
    EmptyPart {
        /// `"train"`, `"validation"` or `"test"`.
        part: &'static str,
        /// The fraction asked for this part.
        fraction: f64,
        /// The number of samples to split.
        len: usize,
    },
}

/// The indices of three disjoint parts which together hold every sample once.
///
/// ```
/// use femto_std::data::{Fractions, split};
///
/// let split = split(10, Fractions::new(0.2, 0.3)?, 1)?;
/// assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (5, 2, 3));
/// # Ok::<(), femto_std::data::SplitError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitIndices {
    /// Indices of the samples to train with, shuffled.
    pub train: Vec<usize>,
    /// Indices of the samples to tune with, shuffled.
    pub validation: Vec<usize>,
    /// Indices of the samples to report with, shuffled.
    pub test: Vec<usize>,
}

/// Divides the indices `0..len` at random by the fractions.
///
/// Sizes are rounded by the largest remainder, ties going to train, then validation, then test; a part is
/// thus less than one sample off its exact share. A part with fraction 0 is empty.
///
/// # Errors
///
/// [`SplitError::NoSamples`] when `len` is 0, and [`SplitError::EmptyPart`] when a part with a fraction
/// above 0 would get no sample, as with a single sample and two such parts.
///
/// ```
/// use femto_std::data::{Fractions, split};
///
/// let split = split(1000, Fractions::new(0.0, 0.2)?, 5)?;
/// assert_eq!(split.test.len(), 200);
/// assert!(split.validation.is_empty());
/// # Ok::<(), femto_std::data::SplitError>(())
/// ```
pub fn split(len: usize, fractions: Fractions, seed: u64) -> Result<SplitIndices, SplitError> {
    let mut indices: Vec<usize> = (0..len).collect();
    divide(std::iter::once(indices.as_mut_slice()), len, fractions, seed)
}

/// Divides the indices of `labels` by the fractions so that every part holds each class in proportion.
///
/// In each class a part is at most one sample off its exact share, and so is its whole size: a class
/// rounds in favour of the parts that earlier classes (in the order of the labels) left short, ties going
/// to train, then validation, then test. A class with few samples may therefore be missing from a part. A
/// part with fraction 0 is empty.
///
/// # Errors
///
/// [`SplitError::NoSamples`] when `labels` is empty, and [`SplitError::EmptyPart`] when a part with a
/// fraction above 0 would get no sample of any class.
///
/// ```
/// use femto_std::data::{Fractions, stratified_split};
///
/// let labels = ["cat", "cat", "dog", "dog", "dog", "dog"];
/// let split = stratified_split(&labels, Fractions::new(0.0, 0.5)?, 1)?;
/// let dogs = split.test.iter().filter(|&&index| labels[index] == "dog").count();
/// assert_eq!(dogs, 2);
/// # Ok::<(), femto_std::data::SplitError>(())
/// ```
pub fn stratified_split<L: Ord>(labels: &[L], fractions: Fractions, seed: u64) -> Result<SplitIndices, SplitError> {
    let mut indices: Vec<usize> = (0..labels.len()).collect();
    indices.sort_by(|&left, &right| labels[left].cmp(&labels[right]));
    let classes = indices.chunk_by_mut(|&left, &right| labels[left] == labels[right]);
    divide(classes, labels.len(), fractions, seed)
}

/// Divides each class on its own, then shuffles the classes together within each part.
fn divide<'a>(
    classes: impl Iterator<Item = &'a mut [usize]>,
    len: usize,
    fractions: Fractions,
    seed: u64,
) -> Result<SplitIndices, SplitError> {
    if len == 0 {
        return Err(SplitError::NoSamples);
    }
    let mut generator = Xoshiro128PlusPlus::seed_from_u64(seed);
    let mut owed = [0; 3];
    let [mut train, mut validation, mut test] = [const { Vec::new() }; 3];
    for class in classes {
        shuffle_with(class, &mut generator);
        let [train_len, validation_len, _] = apportion(class.len(), fractions, &mut owed);
        let (for_train, rest) = class.split_at(train_len);
        let (for_validation, for_test) = rest.split_at(validation_len);
        train.extend_from_slice(for_train);
        validation.extend_from_slice(for_validation);
        test.extend_from_slice(for_test);
    }
    for (part, indices) in [&mut train, &mut validation, &mut test].into_iter().enumerate() {
        if indices.is_empty() && fractions.billionths[part] > 0 {
            return Err(SplitError::EmptyPart { part: PARTS[part], fraction: fractions.fraction(part), len });
        }
        shuffle_with(indices, &mut generator);
    }
    Ok(SplitIndices { train, validation, test })
}

/// Sizes of the parts of a class; `owed` holds the billionths of a sample that rounding still owes each part.
///
/// `owed` always adds up to zero and stays within one sample either way: a part is rounded up only while it
/// is among those owed most, which bounds both how much it can gain and how much the others can wait for.
fn apportion(len: usize, fractions: Fractions, owed: &mut [i64; 3]) -> [usize; 3] {
    let one = u128::from(BILLION);
    let mut sizes = [0; 3];
    for ((size, owed), &weight) in sizes.iter_mut().zip(owed.iter_mut()).zip(&fractions.billionths) {
        let share = len as u128 * u128::from(weight);
        *size = (share / one) as usize;
        *owed += (share % one) as i64;
    }
    let left = len - sizes.iter().sum::<usize>();
    let mut order = [0, 1, 2];
    order.sort_by_key(|&part| Reverse(owed[part]));
    for part in order.into_iter().take(left) {
        sizes[part] += 1;
        owed[part] -= i64::from(BILLION);
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every index below `len` exactly once over the three parts.
    fn is_exact_cover(split: &SplitIndices, len: usize) -> bool {
        let mut all = [split.train.as_slice(), &split.validation, &split.test].concat();
        all.sort_unstable();
        all.into_iter().eq(0..len)
    }

    #[test]
    fn sizes_follow_the_largest_remainder() -> Result<(), SplitError> {
        // Shares by hand: 71 and 29; 1.6, 0.7, 0.7; 0.5, 0, 0.5 (a tie).
        for (len, validation, test, sizes) in
            [(100, 0.29, 0.0, [71, 29, 0]), (3, 0.233, 0.233, [1, 1, 1]), (7, 0.0, 0.5, [4, 0, 3])]
        {
            let split = split(len, Fractions::new(validation, test)?, 3)?;
            let found = [split.train.len(), split.validation.len(), split.test.len()];
            assert_eq!(found, sizes, "{len} samples by {validation} and {test}");
            assert!(is_exact_cover(&split, len), "every index once: {split:?}");
        }
        Ok(())
    }

    #[test]
    fn parts_that_were_asked_for_are_never_silently_empty() -> Result<(), SplitError> {
        let all = Fractions::new(0.0, 0.0)?;
        assert_eq!(split(0, all, 1), Err(SplitError::NoSamples), "nothing to split");
        assert_eq!(stratified_split::<u8>(&[], all, 1), Err(SplitError::NoSamples), "no labels");
        assert_eq!(split(1, all, 1)?.train, [0], "one sample trains when nothing else is asked for");
        assert_eq!(
            split(1, Fractions::new(0.0, 0.9)?, 1),
            Err(SplitError::EmptyPart { part: "train", fraction: 0.1, len: 1 }),
            "one sample cannot fill two parts"
        );
        assert_eq!(
            split(1000, Fractions::new(1e-12, 0.1)?, 1),
            Err(SplitError::EmptyPart { part: "validation", fraction: 1e-9, len: 1000 }),
            "a tiny fraction is not the same as none"
        );
        Ok(())
    }

    #[test]
    fn classes_and_totals_stay_within_one_sample_of_their_shares() -> Result<(), SplitError> {
        // Classes of at most six samples, in mixed order, so that nearly every class has to be rounded.
        let labels: Vec<u32> = (0..400_u32).map(|index| index * index % 181).collect();
        for (seed, (validation, test)) in [(0.1, 0.2), (0.15, 0.15), (0.0, 0.34), (0.45, 0.5)].iter().enumerate() {
            let fractions = Fractions::new(*validation, *test)?;
            let split = stratified_split(&labels, fractions, seed as u64)?;
            assert!(is_exact_cover(&split, labels.len()), "every index once: {split:?}");
            let of_class = |part: &[usize], class| part.iter().filter(|&&i| labels[i] == class).count() as f64;
            for (part, share) in [
                (&split.train, fractions.train()),
                (&split.validation, fractions.validation()),
                (&split.test, fractions.test()),
            ] {
                let off = part.len() as f64 - share * labels.len() as f64;
                assert!(off.abs() <= 1.0 + 1e-6, "a part of {share} is {off} samples off");
                for class in 0..181 {
                    let class_len = labels.iter().filter(|&&label| label == class).count() as f64;
                    let off = of_class(part, class) - share * class_len;
                    assert!(off.abs() <= 1.0 + 1e-6, "class {class} of {share} is {off} off");
                }
            }
        }
        Ok(())
    }

    /// Changes when the algorithm does: results that users have published would change with it.
    #[test]
    fn splits_are_the_committed_ones() -> Result<(), SplitError> {
        let digits = crate::data::digits();
        let split = stratified_split(digits.targets(), Fractions::new(0.1, 0.2)?, 7)?;
        let sizes = [split.train.len(), split.validation.len(), split.test.len()];
        assert_eq!(sizes, [1258, 180, 359], "sizes of the digits' parts");
        assert_eq!(split.train[..6], [221, 1670, 441, 490, 166, 222], "digits to train with");
        assert_eq!(split.validation[..6], [1749, 1003, 1170, 1761, 1676, 825], "digits to tune with");
        assert_eq!(split.test[..6], [1483, 1778, 1167, 1457, 1649, 651], "digits to report with");
        let split = super::split(100, Fractions::new(0.1, 0.2)?, 7)?;
        assert_eq!(split.train[..6], [85, 30, 71, 77, 46, 61], "a hundred samples, train");
        assert_eq!(split.test[..6], [90, 9, 17, 67, 36, 14], "a hundred samples, test");
        Ok(())
    }
}
