//! Random numbers that depend on a counter, not on who asks first.
//!
//! Every tensor has its own generator, made from the seed and the number of the tensor; so the numbers are the same
//! on every target and stay the same when another layer is added behind.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;

use crate::math::ln;
use crate::simd::Scalar;

/// The generator of stream `stream` of a seed: Xoshiro128++, its state from `SplitMix64`.
///
/// ```
/// use femto::rng::{generator, uniform};
///
/// let (mut a, mut b) = (generator(7, 0), generator(7, 1));
/// assert_ne!(uniform(&mut a), uniform(&mut b));
/// assert_eq!(uniform(&mut generator(7, 1)), uniform(&mut generator(7, 1)));
/// ```
#[must_use]
pub fn generator(seed: u64, stream: u64) -> Xoshiro128PlusPlus {
    // One round of SplitMix64 over the seed keeps (1, 0) and (0, 1) apart; the generator expands the sum by more.
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Xoshiro128PlusPlus::seed_from_u64((z ^ (z >> 31)).wrapping_add(stream))
}

/// A number in 0..1: 24 random bits, so every value is exact.
pub fn uniform(rng: &mut impl Rng) -> f32 {
    (rng.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// A number of the standard normal distribution (mean 0, variance 1), by Marsaglia's polar method.
///
/// Computed in unfused scalar arithmetic on every target, so that a seed has one result.
pub fn normal(rng: &mut impl Rng) -> f32 {
    loop {
        let (u, v) = (2.0 * uniform(rng) - 1.0, 2.0 * uniform(rng) - 1.0);
        let square = u * u + v * v;
        if square > 0.0 && square < 1.0 {
            return u * libm::sqrtf(-2.0 * ln(Scalar::new(), square) / square);
        }
    }
}
