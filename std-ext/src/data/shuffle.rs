//! Seeded shuffles whose result is part of the crate's behaviour: the same on every platform.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::{SplitMix64, Xoshiro128PlusPlus};

/// Shuffles `indices` in place; every order is equally likely over the seeds.
///
/// The result depends on the seed, the length and the former order alone, not on the platform.
///
/// ```
/// let mut indices = [0, 1, 2, 3, 4];
/// femto_std::data::shuffle(&mut indices, 42);
/// let mut again = [0, 1, 2, 3, 4];
/// femto_std::data::shuffle(&mut again, 42);
/// assert_eq!(indices, again);
/// ```
pub fn shuffle(indices: &mut [usize], seed: u64) {
    shuffle_with(indices, &mut Xoshiro128PlusPlus::seed_from_u64(seed));
}

/// The order in which an epoch visits `len` samples: the indices `0..len`, shuffled.
///
/// It is a function of its arguments alone, so a run that resumes at some epoch sees the same order as one
/// that never stopped. Epochs of one seed are shuffled independently, and independently of a
/// [`split`](super::split()) with the same seed. A `len` of 0 gives an empty list.
///
/// ```
/// use femto_std::data::permutation;
///
/// assert_eq!(permutation(100, 7, 3), permutation(100, 7, 3));
/// assert_ne!(permutation(100, 7, 3), permutation(100, 7, 4));
/// ```
#[must_use]
pub fn permutation(len: usize, seed: u64, epoch: u64) -> Vec<usize> {
    // Spreading the seed first keeps (seed, epoch + 1) apart from (seed + 1, epoch).
    let spread_seed = SplitMix64::seed_from_u64(seed).next_u64();
    let mut generator = Xoshiro128PlusPlus::seed_from_u64(spread_seed.wrapping_add(epoch));
    let mut indices: Vec<usize> = (0..len).collect();
    shuffle_with(&mut indices, &mut generator);
    indices
}

/// What random numbers are drawn for, beside the epochs of [`permutation`] and the initial values of a network's tensors.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Folds,
    Oversample,
    /// The order of generated samples.
    Order,
    /// Where generated samples are.
    Positions,
    /// What generated samples are made from.
    Truth,
}

/// The generator of one purpose. Whoever uses one seed for everything gets numbers that have nothing to do with each other.
pub(super) fn generator_for(purpose: Purpose, seed: u64) -> Xoshiro128PlusPlus {
    // Beyond all epochs and tensors that there will be.
    femto::rng::generator(seed, (1 << 63) + purpose as u64)
}

/// The Fisher-Yates shuffle, from the last position down.
pub(super) fn shuffle_with(indices: &mut [usize], generator: &mut Xoshiro128PlusPlus) {
    for last in (1..indices.len()).rev() {
        indices.swap(last, below(generator, last + 1));
    }
}

/// An unbiased number below `bound`, by Lemire's multiplication with rejection; 0 when `bound` is 0.
pub(super) fn below(generator: &mut Xoshiro128PlusPlus, bound: usize) -> usize {
    // 32-bit numbers wherever they suffice, so that 32-bit and 64-bit platforms draw the same ones.
    let bits = if u32::try_from(bound).is_ok() { 32 } else { 64 };
    let bound = bound as u128;
    let mask = (1_u128 << bits) - 1;
    loop {
        let random = if bits == 32 { u64::from(generator.next_u32()) } else { generator.next_u64() };
        let product = u128::from(random) * bound;
        let low = product & mask;
        // The first test spares the division almost always, and always for a bound of 0.
        if low >= bound || low >= (mask + 1) % bound {
            return (product >> bits) as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes when the algorithm does: runs that users have published would no longer repeat.
    #[test]
    fn orders_are_the_committed_ones() {
        let mut indices: Vec<usize> = (0..10).collect();
        shuffle(&mut indices, 42);
        assert_eq!(indices, [0, 1, 9, 7, 5, 4, 2, 8, 3, 6], "shuffle with seed 42");
        assert_eq!(permutation(10, 42, 0), [4, 1, 9, 7, 8, 3, 6, 0, 5, 2], "seed 42, epoch 0");
        assert_eq!(permutation(10, 42, 1), [0, 9, 3, 1, 5, 4, 7, 2, 8, 6], "seed 42, epoch 1");
        assert_eq!(permutation(1797, 7, 3)[..8], [143, 227, 393, 821, 717, 698, 1751, 848], "seed 7, epoch 3");
    }

    #[test]
    fn permutation_holds_every_index_once() {
        for len in [0, 1, 2, 3, 64, 1000] {
            let mut indices = permutation(len, u64::MAX, u64::MAX);
            indices.sort_unstable();
            assert!(indices.into_iter().eq(0..len), "{len} indices, each once");
        }
    }

    #[test]
    fn every_order_of_three_is_about_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for epoch in 0..6000 {
            *counts.entry(permutation(3, 1, epoch)).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), 6, "all orders occur: {counts:?}");
        // Five standard deviations of a binomial count of 6000 tries at 1/6 are 144.
        assert!(counts.values().all(|count| count.abs_diff(1000) < 144), "orders are uneven: {counts:?}");
    }

    #[test]
    fn bounded_numbers_stay_below_any_bound() {
        let mut generator = Xoshiro128PlusPlus::seed_from_u64(1);
        for bound in [1, 2, 3, 1 << 31, (1 << 31) + 1, u32::MAX as usize, usize::MAX] {
            let largest = (0..100).map(|_| below(&mut generator, bound)).max();
            assert!(largest.is_some_and(|largest| largest < bound), "{largest:?} is not below {bound}");
            assert!(largest >= Some(bound / 2), "100 numbers below {bound} reach its upper half: {largest:?}");
        }
    }

    #[test]
    fn rejection_removes_the_bias_of_large_bounds() {
        // Without rejection, a bound of 3 * 2^30 would give every third number twice as often as the others.
        let mut generator = Xoshiro128PlusPlus::seed_from_u64(2);
        let thirds = (0..6000).filter(|_| below(&mut generator, 3 << 30).is_multiple_of(3)).count();
        assert!(thirds.abs_diff(2000) < 183, "{thirds} of 6000 numbers are multiples of three");
    }
}
