//! The handwritten digits: small enough to travel inside the program, real enough to learn from.

use super::Dataset;

/// The number of images: 1,797.
pub const DIGITS_LEN: usize = 1797;

/// The number of pixels of an image: 8 rows by 8 columns, row by row from the top left.
pub const DIGITS_PIXELS: usize = 64;

/// The number of classes; the labels are `0..=9`.
pub const DIGITS_CLASSES: usize = 10;

/// The number of bytes of one record in [`DIGITS_BYTES`]: the pixels, then the label.
pub const DIGITS_RECORD_LEN: usize = DIGITS_PIXELS + 1;

/// The digits as stored: [`DIGITS_LEN`] records of [`DIGITS_RECORD_LEN`] bytes.
///
/// The first 64 bytes of a record are its pixels, from 0 (paper) to 16 (full ink); the last byte is its
/// label, 0 to 9. Being a constant, it can fill other constants at compile time and needs no memory beyond
/// the program itself. [`digits()`] gives the same images ready for training.
///
/// ```
/// use femto_std::data::{DIGITS_BYTES, DIGITS_PIXELS, DIGITS_RECORD_LEN};
///
/// const SECOND_LABEL: u8 = DIGITS_BYTES[DIGITS_RECORD_LEN + DIGITS_PIXELS];
/// assert_eq!(SECOND_LABEL, 1);
/// ```
pub const DIGITS_BYTES: &[u8; DIGITS_LEN * DIGITS_RECORD_LEN] = include_bytes!("../../data/digits.bin");

/// The 1,797 handwritten digits as 8x8 images with their labels.
///
/// An input is the 64 pixels row by row from the top left, each scaled from `0..=16` to `0.0..=1.0` (0 is
/// paper, 1 is full ink); a target is the digit, `0..=9`. The order is that of the source, in which
/// neighbours are often by the same writer: split with [`stratified_split`](super::stratified_split) rather
/// than by cutting the list. Every call builds a new copy of about 460 kB.
///
/// The images are the test part of *Optical Recognition of Handwritten Digits* by E. Alpaydin and C. Kaynak,
/// UCI Machine Learning Repository, <https://doi.org/10.24432/C50P49>, licensed under CC BY 4.0; a program
/// that ships them has to name this source.
///
/// ```
/// let digits = femto_std::data::digits();
/// assert_eq!(digits.len(), 1797);
/// assert_eq!(digits.targets()[0], 0);
/// assert_eq!(digits.inputs()[0][2], 5.0 / 16.0);
/// ```
#[must_use]
pub fn digits() -> Dataset<[f32; DIGITS_PIXELS], u8> {
    let (records, _) = DIGITS_BYTES.as_chunks::<DIGITS_RECORD_LEN>();
    let (inputs, targets) = records
        .iter()
        .map(|[pixels @ .., label]| {
            // A power of two: every scaled pixel is exact, on every platform.
            (pixels.map(|pixel| f32::from(pixel) * (1.0 / 16.0)), *label)
        })
        .unzip();
    Dataset { inputs, targets }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::fnv_1a;

    #[test]
    fn bytes_are_the_published_ones() {
        assert_eq!(fnv_1a(DIGITS_BYTES.iter().copied()), 0x7768_69cc_e379_5967, "a byte or the order has changed");
    }

    #[test]
    fn classes_have_their_published_sizes() {
        let mut counts = [0; DIGITS_CLASSES];
        for &label in digits().targets() {
            counts[usize::from(label)] += 1;
        }
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], "images for each label");
    }

    #[test]
    fn pixels_are_sixteenths_from_zero_to_one() {
        let digits = digits();
        let pixels = || digits.inputs().iter().flatten().copied();
        assert_eq!(pixels().fold(0.0, f32::max), 1.0, "the darkest pixel is 16 sixteenths");
        assert_eq!(pixels().fold(1.0, f32::min), 0.0, "the lightest pixel is blank");
        assert!(pixels().all(|pixel| (pixel * 16.0).fract() == 0.0), "scaling by 1/16 must be exact");
        // The sum of all stored pixel values, from the source's text form.
        assert_eq!(pixels().map(f64::from).sum::<f64>() * 16.0, 561_718.0, "total ink");
    }

    #[test]
    fn first_image_is_the_zero_of_the_source() {
        let digits = digits();
        let first_row = [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0].map(|value: f32| value / 16.0);
        assert_eq!(digits.inputs()[0][..8], first_row, "top row of the first image");
        assert_eq!(digits.targets()[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "first ten labels");
        assert_eq!(digits.targets().last(), Some(&8), "last label");
        assert_eq!(digits.len(), DIGITS_LEN, "number of images");
    }
}
