//! Wines of one region by three growers, and what a chemist found in them.

use super::Dataset;

/// The number of wines: 178.
pub const WINE_LEN: usize = 178;

/// The number of properties of a wine.
pub const WINE_FEATURES: usize = 13;

/// The number of growers; the targets are `0..=2`.
pub const WINE_CLASSES: usize = 3;

/// What the numbers of an input are.
pub const WINE_FEATURE_NAMES: [&str; WINE_FEATURES] = [
    "alcohol",
    "malic acid",
    "ash",
    "alcalinity of ash",
    "magnesium",
    "total phenols",
    "flavanoids",
    "nonflavanoid phenols",
    "proanthocyanins",
    "colour intensity",
    "hue",
    "OD280/OD315 of diluted wines",
    "proline",
];

/// The properties as little-endian f32, then the grower.
const RECORD_LEN: usize = WINE_FEATURES * size_of::<f32>() + 1;

const BYTES: &[u8; WINE_LEN * RECORD_LEN] = include_bytes!("../../data/wine.bin");

/// The 178 wines.
///
/// An input is what an analysis found, in the units of the source, which differ by a factor of a thousand from one property
/// to the other: standardise them ([`femto::scaling`]). A target is the grower, 0 to 2. The wines are sorted by
/// grower: split with [`stratified_split`](super::stratified_split) rather than by cutting the list.
///
/// The source is S. Aeberhard and M. Forina, *Wine*, UCI Machine Learning Repository, 1991,
/// <https://doi.org/10.24432/C5PC7J>, licensed under CC BY 4.0; a program that ships the data has to name this source.
///
/// ```
/// let wine = femto_std::data::wine();
/// assert_eq!(wine.inputs()[0][..3], [14.23, 1.71, 2.43]);
/// assert_eq!((wine.len(), wine.targets()[177]), (178, 2));
/// ```
#[must_use]
pub fn wine() -> Dataset<[f32; WINE_FEATURES], u8> {
    let (records, _) = BYTES.as_chunks::<RECORD_LEN>();
    let (inputs, targets) = records.iter().map(bottle).unzip();
    Dataset { inputs, targets }
}

fn bottle(record: &[u8; RECORD_LEN]) -> ([f32; WINE_FEATURES], u8) {
    let [properties @ .., grower] = record;
    let (numbers, _) = properties.as_chunks();
    let mut input = [0.0; WINE_FEATURES];
    for (number, bytes) in input.iter_mut().zip(numbers) {
        *number = f32::from_le_bytes(*bytes);
    }
    (input, *grower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::class_counts;
    use crate::weights::fnv_1a;

    #[test]
    fn bytes_are_the_published_ones() {
        assert_eq!(fnv_1a(BYTES.iter().copied()), 0x30fc_2435_989e_2c91, "a byte or the order has changed");
    }

    #[test]
    fn sums_and_sizes_are_those_of_the_source() {
        let wine = wine();
        assert_eq!(class_counts(wine.targets()), Ok([59, 71, 48]), "wines of each grower");
        let sum = |feature: usize| wine.inputs().iter().map(|x| f64::from(x[feature])).sum::<f64>();
        // The sums of the columns of the source's text.
        let sums = [
            2314.11, 415.87, 421.24, 3470.1, 17754.0, 408.53, 361.21, 64.41, 283.18, 900.339999, 170.426, 464.88,
            132947.0,
        ];
        for (feature, expected) in sums.into_iter().enumerate() {
            assert!((sum(feature) - expected).abs() < 1e-3, "{}: {}", WINE_FEATURE_NAMES[feature], sum(feature));
        }
        assert_eq!(wine.inputs()[177][12], 560.0, "proline of the last wine");
    }
}
