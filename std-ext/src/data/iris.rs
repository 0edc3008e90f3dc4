//! The iris flowers of Fisher: four lengths, three species.

use super::Dataset;

/// The number of flowers: 150, 50 of each species.
pub const IRIS_LEN: usize = 150;

/// The number of lengths of a flower.
pub const IRIS_FEATURES: usize = 4;

/// The number of species; the targets are `0..=2`.
pub const IRIS_CLASSES: usize = 3;

/// What the numbers of an input are.
pub const IRIS_FEATURE_NAMES: [&str; IRIS_FEATURES] = ["sepal length", "sepal width", "petal length", "petal width"];

/// What the species are, that of target 0 first.
pub const IRIS_NAMES: [&str; IRIS_CLASSES] = ["setosa", "versicolor", "virginica"];

/// The lengths of a flower in tenths of a centimetre, then its species.
const RECORD_LEN: usize = IRIS_FEATURES + 1;

const BYTES: &[u8; IRIS_LEN * RECORD_LEN] = include_bytes!("../../data/iris.bin");

/// The 150 iris flowers.
///
/// An input is length and width of the sepals, then of the petals, in cm; a target is the species, as
/// [`IRIS_NAMES`] counts them. The flowers are sorted by species: split with
/// [`stratified_split`](super::stratified_split) rather than by cutting the list, and standardise the inputs
/// ([`femto::scaling`]). Species 0 can be told from the others by a line, 1 and 2 overlap.
///
/// The source is R. A. Fisher, 1936, *The use of multiple measurements in taxonomic problems*; UCI Machine Learning
/// Repository, <https://doi.org/10.24432/C56C76>, licensed under CC BY 4.0; a program that ships the data has to name this
/// source. Two flowers are as in Fisher's paper, not as in the repository (`std-ext/data/README.md`).
///
/// ```
/// let iris = femto_std::data::iris();
/// assert_eq!(iris.inputs()[0], [5.1, 3.5, 1.4, 0.2]);
/// assert_eq!((iris.len(), iris.targets()[149]), (150, 2));
/// ```
#[must_use]
pub fn iris() -> Dataset<[f32; IRIS_FEATURES], u8> {
    let (records, _) = BYTES.as_chunks::<RECORD_LEN>();
    // One division of whole numbers: the nearest f32 to the decimal number.
    let flower =
        |[lengths @ .., species]: &[u8; RECORD_LEN]| (lengths.map(|tenths| f32::from(tenths) / 10.0), *species);
    let (inputs, targets) = records.iter().map(flower).unzip();
    Dataset { inputs, targets }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::class_counts;
    use crate::weights::fnv_1a;

    #[test]
    fn bytes_are_the_published_ones() {
        assert_eq!(fnv_1a(BYTES.iter().copied()), 0xed04_6a68_5bf5_b34c, "a byte or the order has changed");
    }

    #[test]
    fn sums_and_sizes_are_those_of_the_source() {
        let iris = iris();
        assert_eq!(class_counts(iris.targets()), Ok([50; IRIS_CLASSES]), "flowers of each species");
        let sum = |feature: usize| iris.inputs().iter().map(|x| f64::from(x[feature])).sum::<f64>();
        // The sums of the columns of the source's text.
        for (feature, expected) in [876.5, 458.6, 563.7, 179.9].into_iter().enumerate() {
            assert!((sum(feature) - expected).abs() < 1e-4, "{}: {}", IRIS_FEATURE_NAMES[feature], sum(feature));
        }
        assert_eq!(iris.inputs()[149], [5.9, 3.0, 5.1, 1.8], "last flower");
        // The two that differ in the repository.
        assert_eq!((iris.inputs()[34], iris.inputs()[37]), ([4.9, 3.1, 1.5, 0.2], [4.9, 3.6, 1.4, 0.1]), "Fisher's");
    }
}
