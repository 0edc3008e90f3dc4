//! Cross-validation: every sample is tested with once.

use rand_xoshiro::Xoshiro128PlusPlus;
use thiserror::Error;

use super::shuffle::{Purpose, generator_for, shuffle_with};

/// Why samples could not be divided into folds.
///
/// ```
/// use femto_std::data::{FoldsError, k_fold};
///
/// assert_eq!(k_fold(3, 5, 1), Err(FoldsError::TooManyFolds { folds: 5, len: 3 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FoldsError {
    /// With one fold nothing is left to train with.
    #[error("{folds} folds were asked for: use at least 2, usually 5 or 10")]
    TooFewFolds {
        /// The number of folds.
        folds: usize,
    },
    /// A fold would be empty.
    #[error("{len} samples cannot fill {folds} folds: use at most as many folds as there are samples")]
    TooManyFolds {
        /// The number of folds.
        folds: usize,
        /// The number of samples.
        len: usize,
    },
}

/// One fold: the samples to test with, and all others.
///
/// ```
/// use femto_std::data::{Fold, k_fold};
///
/// for Fold { train, test } in k_fold(10, 5, 1)? {
///     assert_eq!((train.len(), test.len()), (8, 2));
/// }
/// # Ok::<(), femto_std::data::FoldsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Indices of the samples to train with: those of all other folds, shuffled.
    pub train: Vec<usize>,
    /// Indices of the samples to test with, shuffled.
    pub test: Vec<usize>,
}

/// Divides the indices `0..len` at random into folds: each index is tested with in exactly one.
///
/// The sizes of the tests differ by one at the most, the larger ones first. The result is a function of the arguments,
/// independent of a [`split`](super::split()) with the same seed. Memory is taken for `folds` x `len` indices.
///
/// # Errors
///
/// [`FoldsError`]: fewer than 2 folds, or more than samples.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use femto_std::data::{digits, k_fold};
///
/// let digits = digits();
/// for fold in k_fold(digits.len(), 5, 7)? {
///     let (train, test) = (digits.select(&fold.train)?, digits.select(&fold.test)?);
///     assert_eq!(train.len() + test.len(), 1797);
/// }
/// # Ok(())
/// # }
/// ```
pub fn k_fold(len: usize, folds: usize, seed: u64) -> Result<Vec<Fold>, FoldsError> {
    let mut indices: Vec<usize> = (0..len).collect();
    deal(std::iter::once(indices.as_mut_slice()), len, folds, seed)
}

/// Divides the indices of `labels` at random into folds that hold each class in proportion: each index is tested with in
/// exactly one.
///
/// The sizes of the tests differ by one at the most, and so do the numbers of samples of each class in them. A class with
/// fewer samples than folds is missing from some tests. Otherwise as [`k_fold`].
///
/// # Errors
///
/// [`FoldsError`]: fewer than 2 folds, or more than samples.
///
/// ```
/// use femto_std::data::stratified_k_fold;
///
/// let labels = ["cat", "cat", "cat", "dog", "dog", "dog"];
/// for fold in stratified_k_fold(&labels, 3, 1)? {
///     assert_eq!(fold.test.iter().filter(|&&index| labels[index] == "dog").count(), 1);
/// }
/// # Ok::<(), femto_std::data::FoldsError>(())
/// ```
pub fn stratified_k_fold<L: Ord>(labels: &[L], folds: usize, seed: u64) -> Result<Vec<Fold>, FoldsError> {
    let mut indices: Vec<usize> = (0..labels.len()).collect();
    indices.sort_by(|&left, &right| labels[left].cmp(&labels[right]));
    let classes = indices.chunk_by_mut(|&left, &right| labels[left] == labels[right]);
    deal(classes, labels.len(), folds, seed)
}

/// Shuffles each class and deals its samples to the folds in turn, as cards are dealt; a class goes on where the one before
/// it ended, so neither the classes nor the folds can differ by more than one.
fn deal<'a>(
    classes: impl Iterator<Item = &'a mut [usize]>,
    len: usize,
    folds: usize,
    seed: u64,
) -> Result<Vec<Fold>, FoldsError> {
    if folds < 2 {
        return Err(FoldsError::TooFewFolds { folds });
    }
    if folds > len {
        return Err(FoldsError::TooManyFolds { folds, len });
    }
    let mut generator = generator_for(Purpose::Folds, seed);
    let mut tests = vec![Vec::with_capacity(len.div_ceil(folds)); folds];
    let mut dealt = 0;
    for class in classes {
        shuffle_with(class, &mut generator);
        for &mut index in class {
            tests[dealt % folds].push(index);
            dealt += 1;
        }
    }
    Ok((0..folds).map(|fold| one_of(&tests, fold, &mut generator)).collect())
}

/// The fold whose test is `tests[fold]`.
fn one_of(tests: &[Vec<usize>], fold: usize, generator: &mut Xoshiro128PlusPlus) -> Fold {
    let mut test = tests[fold].clone();
    let others = tests.iter().enumerate().filter(|(other, _)| *other != fold);
    let mut train: Vec<usize> = others.flat_map(|(_, test)| test.iter().copied()).collect();
    // Neighbours are of one class as they were dealt.
    shuffle_with(&mut test, generator);
    shuffle_with(&mut train, generator);
    Fold { train, test }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each index is in exactly one test, and in the training part of every other fold; sizes are within one.
    fn assert_partition(folds: &[Fold], len: usize) {
        let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.iter().copied()).collect();
        tested.sort_unstable();
        assert!(tested.into_iter().eq(0..len), "every index is tested once: {folds:?}");
        for fold in folds {
            let mut both = [fold.train.as_slice(), &fold.test].concat();
            both.sort_unstable();
            assert!(both.into_iter().eq(0..len), "all indices are in a fold: {fold:?}");
        }
        let sizes = || folds.iter().map(|fold| fold.test.len());
        assert!(sizes().max() <= sizes().min().map(|least| least + 1), "sizes: {:?}", sizes().collect::<Vec<_>>());
    }

    #[test]
    fn folds_are_partitions() -> Result<(), FoldsError> {
        for len in [2, 3, 10, 11, 97, 1000] {
            for folds in [2, 3, 5, 10, 97].into_iter().filter(|folds| *folds <= len) {
                let found = k_fold(len, folds, len as u64)?;
                assert_eq!(found.len(), folds, "{folds} folds of {len}");
                assert_partition(&found, len);
            }
        }
        Ok(())
    }

    #[test]
    fn classes_are_spread_evenly() -> Result<(), FoldsError> {
        // Classes of at most six samples, in mixed order, and a large one.
        let labels: Vec<u32> = (0..400_u32).map(|index| if index < 40 { 999 } else { index * index % 181 }).collect();
        for folds in [2, 3, 7, 10] {
            let found = stratified_k_fold(&labels, folds, 5)?;
            assert_partition(&found, labels.len());
            for class in (0..181).chain([999]) {
                let of_class = |fold: &Fold| fold.test.iter().filter(|&&index| labels[index] == class).count();
                let counts: Vec<_> = found.iter().map(of_class).collect();
                let (least, most) = (counts.iter().min(), counts.iter().max());
                assert!(most <= least.map(|least| least + 1).as_ref(), "class {class} in {folds} folds: {counts:?}");
            }
        }
        Ok(())
    }

    #[test]
    fn folds_that_would_be_empty_are_refused() {
        assert_eq!(k_fold(10, 0, 1), Err(FoldsError::TooFewFolds { folds: 0 }), "no folds");
        assert_eq!(k_fold(10, 1, 1), Err(FoldsError::TooFewFolds { folds: 1 }), "nothing to train with");
        assert_eq!(k_fold(10, 11, 1), Err(FoldsError::TooManyFolds { folds: 11, len: 10 }), "an empty one");
        let none = stratified_k_fold::<u8>(&[], 2, 1);
        assert_eq!(none, Err(FoldsError::TooManyFolds { folds: 2, len: 0 }), "no samples");
    }

    #[test]
    fn folds_differ_by_their_seed() -> Result<(), FoldsError> {
        assert_eq!(k_fold(50, 5, 1)?, k_fold(50, 5, 1)?, "a function of the arguments");
        assert_ne!(k_fold(50, 5, 1)?, k_fold(50, 5, 2)?, "another seed");
        Ok(())
    }

    /// Changes when the algorithm does: results that users have published would change with it.
    #[test]
    fn folds_are_the_committed_ones() -> Result<(), FoldsError> {
        assert_eq!(k_fold(10, 3, 7)?[1].test, [9, 5, 1], "ten samples, second fold");
        let digits = crate::data::digits();
        let folds = stratified_k_fold(digits.targets(), 5, 7)?;
        assert_eq!(folds[0].test[..6], [1528, 737, 1322, 190, 91, 1127], "digits of the first test");
        assert_eq!(
            folds[4].train[..6],
            [149, 825, 1136, 640, 1435, 1557],
            "digits that are trained with before the last"
        );
        Ok(())
    }
}
