//! Data sets in memory: from files, made up, or in the crate; seeded splits, folds and shuffles.
//!
//! | what | where |
//! |---|---|
//! | samples, and some of them | [`Dataset`] |
//! | from files | [`idx`], the MNIST family; `csv`, tables of text, with the cargo feature of that name |
//! | made up, with an answer that is known | [`generators`] |
//! | that come with the crate | [`digits()`], [`iris()`], [`wine()`] |
//! | divided | [`split()`], [`stratified_split`], [`k_fold`], [`stratified_k_fold`] |
//! | in random order | [`shuffle()`], [`permutation`] |
//! | with classes of unequal size | [`class_counts`], [`class_weights`], [`weighted_targets`], [`oversample`] |
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto_std::data::{Fractions, digits, permutation, stratified_split};
//!
//! let digits = digits();
//! let split = stratified_split(digits.targets(), Fractions::new(0.1, 0.2)?, 7)?;
//! let train = digits.select(&split.train)?;
//! for epoch in 0..2 {
//!     for index in permutation(train.len(), 7, epoch) {
//!         let (_pixels, _label) = (&train.inputs()[index], train.targets()[index]);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

use thiserror::Error;

mod balance;
#[cfg(feature = "csv")]
pub mod csv;
mod digits;
mod folds;
mod fractions;
pub mod generators;
pub mod idx;
mod iris;
mod shuffle;
mod split;
mod wine;

pub use balance::{BalanceError, class_counts, class_weights, oversample, weighted_targets};
pub use digits::{DIGITS_BYTES, DIGITS_CLASSES, DIGITS_LEN, DIGITS_PIXELS, DIGITS_RECORD_LEN, digits};
pub use folds::{Fold, FoldsError, k_fold, stratified_k_fold};
pub use fractions::Fractions;
pub use iris::{IRIS_CLASSES, IRIS_FEATURE_NAMES, IRIS_FEATURES, IRIS_LEN, IRIS_NAMES, iris};
pub use shuffle::{permutation, shuffle};
pub use split::{SplitError, SplitIndices, split, stratified_split};
pub use wine::{WINE_CLASSES, WINE_FEATURE_NAMES, WINE_FEATURES, WINE_LEN, wine};

/// Samples in memory: inputs of type `X` and, at the same position, their targets of type `T`.
///
/// There are always as many targets as inputs, so one index names a whole sample.
///
/// ```
/// use femto_std::data::Dataset;
///
/// let logical_and = Dataset::new(vec![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], vec![0, 0, 0, 1])?;
/// assert_eq!(logical_and.len(), 4);
/// assert_eq!(logical_and.inputs()[3], [1.0, 1.0]);
/// assert_eq!(logical_and.targets()[3], 1);
/// # Ok::<(), femto_std::data::LengthMismatch>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset<X, T> {
    inputs: Vec<X>,
    targets: Vec<T>,
}

impl<X, T> Dataset<X, T> {
    /// Joins inputs and targets; the target at a position belongs to the input at the same position.
    ///
    /// Two empty lists give an empty data set.
    ///
    /// # Errors
    ///
    /// [`LengthMismatch`] when the two lists differ in length.
    ///
    /// ```
    /// use femto_std::data::{Dataset, LengthMismatch};
    ///
    /// let error = Dataset::new(vec![0.5, 1.5], vec![1_u8]);
    /// assert_eq!(error, Err(LengthMismatch { inputs: 2, targets: 1 }));
    /// ```
    pub fn new(inputs: Vec<X>, targets: Vec<T>) -> Result<Self, LengthMismatch> {
        if inputs.len() == targets.len() {
            Ok(Self { inputs, targets })
        } else {
            Err(LengthMismatch { inputs: inputs.len(), targets: targets.len() })
        }
    }

    /// The inputs, one for each sample.
    ///
    /// ```
    /// assert_eq!(femto_std::data::digits().inputs()[0].len(), 64);
    /// ```
    #[must_use]
    pub fn inputs(&self) -> &[X] {
        &self.inputs
    }

    /// The targets, one for each sample.
    ///
    /// ```
    /// assert_eq!(femto_std::data::digits().targets()[..4], [0, 1, 2, 3]);
    /// ```
    #[must_use]
    pub fn targets(&self) -> &[T] {
        &self.targets
    }

    /// The number of samples.
    ///
    /// ```
    /// assert_eq!(femto_std::data::digits().len(), 1797);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// The same samples with every input changed by `change`, in place: scaled, for example.
    ///
    /// ```
    /// use femto::scaling::Scaler;
    /// use femto_std::data::{Fractions, iris, stratified_split};
    ///
    /// let iris = iris();
    /// let split = stratified_split(iris.targets(), Fractions::new(0.0, 0.2)?, 1)?;
    /// let (train, test) = (iris.select(&split.train)?, iris.select(&split.test)?);
    /// let scaler = Scaler::fit_standard(train.inputs()); // of what is trained with, and nothing else
    /// let train = train.map_inputs(|flower| scaler.apply(flower));
    /// let test = test.map_inputs(|flower| scaler.apply(flower));
    /// assert!(train.inputs().iter().map(|flower| flower[0]).sum::<f32>().abs() < 1e-3);
    /// # assert_eq!(test.len(), 30);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn map_inputs(mut self, change: impl FnMut(&mut X)) -> Self {
        self.inputs.iter_mut().for_each(change);
        self
    }

    /// The same samples with other targets, each made from the one it had: a class as the number that a loss wants, for
    /// example.
    ///
    /// ```
    /// use femto_std::data::generators::Moons;
    ///
    /// let moons = Moons::new(100, 1).generate()?.map_targets(|moon| [f32::from(moon)]); // for `BinaryCrossEntropy`
    /// assert!(moons.targets().iter().all(|target| [[0.0], [1.0]].contains(target)));
    /// # Ok::<(), femto_std::data::generators::GeneratorError>(())
    /// ```
    #[must_use]
    pub fn map_targets<U>(self, change: impl FnMut(T) -> U) -> Dataset<X, U> {
        Dataset { inputs: self.inputs, targets: self.targets.into_iter().map(change).collect() }
    }

    /// Whether there is no sample at all.
    ///
    /// ```
    /// assert!(!femto_std::data::digits().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }
}

impl<X: Clone, T: Clone> Dataset<X, T> {
    /// Copies the named samples, in the order of `indices`, into a data set of their own.
    ///
    /// An index may occur more than once; an empty list gives an empty data set.
    ///
    /// # Errors
    ///
    /// [`IndexOutOfRange`] for the first index that names no sample.
    ///
    /// ```
    /// use femto_std::data::digits;
    ///
    /// let two = digits().select(&[9, 4])?;
    /// assert_eq!(two.targets(), [9, 4]);
    /// # Ok::<(), femto_std::data::IndexOutOfRange>(())
    /// ```
    pub fn select(&self, indices: &[usize]) -> Result<Self, IndexOutOfRange> {
        let mut inputs = Vec::with_capacity(indices.len());
        let mut targets = Vec::with_capacity(indices.len());
        for (position, &index) in indices.iter().enumerate() {
            let (Some(input), Some(target)) = (self.inputs.get(index), self.targets.get(index)) else {
                return Err(IndexOutOfRange { position, index, len: self.len() });
            };
            inputs.push(input.clone());
            targets.push(target.clone());
        }
        Ok(Self { inputs, targets })
    }
}

/// [`Dataset::new`] got lists of different lengths.
///
/// ```
/// let error = femto_std::data::LengthMismatch { inputs: 2, targets: 1 };
/// assert!(error.to_string().starts_with("the data set has 2 inputs but 1 targets"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the data set has {inputs} inputs but {targets} targets: pass exactly one target for each input, \
     in the same order"
)]
pub struct LengthMismatch {
    /// How many inputs were passed.
    pub inputs: usize,
    /// How many targets were passed.
    pub targets: usize,
}

/// [`Dataset::select`] got an index that names no sample.
///
/// ```
/// let error = femto_std::data::IndexOutOfRange { position: 0, index: 9, len: 4 };
/// assert!(error.to_string().contains("is 9, but the data set has 4 samples"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the index at position {position} of the selection is {index}, but the data set has {len} samples: \
     select with indices below {len}, for example from a split made with this data set's length"
)]
pub struct IndexOutOfRange {
    /// Where the index stands in the list that was passed.
    pub position: usize,
    /// The index itself.
    pub index: usize,
    /// The number of samples in the data set.
    pub len: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_different_lengths_are_refused() {
        assert_eq!(
            Dataset::new(vec![1.0, 2.0, 3.0], vec![0_u8, 1]),
            Err(LengthMismatch { inputs: 3, targets: 2 }),
            "three inputs cannot share two targets"
        );
    }

    #[test]
    fn selection_keeps_pairs_together_and_follows_the_list() -> Result<(), Box<dyn std::error::Error>> {
        let all = Dataset::new(vec![10, 11, 12, 13], vec!['a', 'b', 'c', 'd'])?;
        let some = all.select(&[3, 0, 3])?;
        assert_eq!(some.inputs(), [13, 10, 13], "inputs follow the index list");
        assert_eq!(some.targets(), ['d', 'a', 'd'], "targets follow their inputs");
        assert_eq!(some.len(), 3, "one sample for each index");
        assert!(all.select(&[])?.is_empty(), "no index selects no sample");
        Ok(())
    }

    #[test]
    fn selection_names_the_bad_index_and_its_place() -> Result<(), Box<dyn std::error::Error>> {
        let all = Dataset::new(vec![1, 2, 3, 4], vec![0_u8; 4])?;
        assert_eq!(
            all.select(&[1, 4, 9]),
            Err(IndexOutOfRange { position: 1, index: 4, len: 4 }),
            "the first bad index is the one reported"
        );
        Ok(())
    }
}
