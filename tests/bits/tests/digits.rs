//! The digits in flash are those that the data set's documentation names.

use femto_bits::digits;
use femto_std::data::{DIGITS_BYTES, DIGITS_RECORD_LEN};

#[test]
fn digits_are_every_seventh_of_the_set() {
    let all = DIGITS_BYTES.chunks_exact(DIGITS_RECORD_LEN).step_by(7).take(digits::COUNT);
    assert!(
        digits::BYTES.chunks_exact(DIGITS_RECORD_LEN).eq(all),
        "digits-256.bin differs from std-ext/data/digits.bin"
    );
}

#[test]
fn enlarged_digits_keep_their_corners() {
    let small = core::array::from_fn(|i| i as f32);
    let mut large = [0.0; digits::LARGE_PIXELS];
    digits::enlarge(&small, &mut large);
    assert_eq!([large[0], large[27], large[27 * 28], large[27 * 28 + 27]], [0.0, 7.0, 56.0, 63.0], "corners");
    assert!(small.iter().all(|x| large.contains(x)), "every pixel is drawn");
}
