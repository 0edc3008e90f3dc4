//! Random numbers that depend on a counter, not on who asks first.
//!
//! Every tensor has its own generator, made from the seed and the number of the tensor; so the numbers are the same
//! on every target and stay the same when another layer is added behind. What is random in a training step has a
//! generator for each row of each layer ([`Noise`]).

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
    // One round over the seed keeps (1, 0) and (0, 1) apart; the generator expands the sum by more.
    Xoshiro128PlusPlus::seed_from_u64(split_mix(seed).wrapping_add(stream))
}

/// One round of `SplitMix64`.
const fn split_mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What the random numbers of a training step depend on, beside the number of the layer: so they are the same however
/// a step is divided, and after a training is resumed.
///
/// Only layers such as [`crate::layer::Dropout`] draw any.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Noise {
    /// The seed of the training.
    pub seed: u64,
    /// How many steps were made before.
    pub step: u32,
    /// The number of the first row in the step's batch: 0, unless the batch is given in parts.
    pub row: u32,
}

impl Noise {
    /// The streams of layer `layer`, one for each row.
    ///
    /// ```
    /// use femto::rng::{Noise, uniform};
    ///
    /// let whole = Noise { seed: 7, step: 2, row: 0 };
    /// let part = Noise { row: 3, ..whole };
    /// let first = |noise: Noise, row| uniform(&mut noise.streams(1).row(row));
    /// assert_eq!(first(part, 0), first(whole, 3));
    /// assert_ne!(first(whole, 0), first(whole, 3));
    /// ```
    #[must_use]
    pub const fn streams(self, layer: usize) -> Streams {
        let step = split_mix(self.seed).wrapping_add(self.step as u64);
        Streams { key: split_mix(step).wrapping_add(layer as u64), first: self.row }
    }
}

/// The random streams of the rows of one layer in one step; [`Noise::streams`] makes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Streams {
    key: u64,
    first: u32,
}

impl Streams {
    /// The generator of the row that lies so many behind the first.
    #[must_use]
    pub fn row(self, row: usize) -> Xoshiro128PlusPlus {
        generator(self.key, u64::from(self.first.wrapping_add(row as u32)))
    }
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
