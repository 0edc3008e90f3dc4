//! Reproducible inputs at reproducible addresses.

use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};

use femto::Flat;
use femto::rng::{generator, uniform};

/// A value that begins at a cache line.
///
/// An allocator gives small blocks and large ones different alignments, and a 64-byte load that straddles two lines
/// costs two. Without this type a bench would time the allocator's choice as well.
#[derive(Clone, PartialEq, Debug)]
#[repr(C, align(64))]
pub struct Aligned<T>(T);

impl<T> Deref for Aligned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// Zeros, on the heap without a detour over the stack, which large networks would overflow.
#[must_use]
pub fn zeroed<T: Flat>() -> Box<Aligned<T>> {
    let mut place = Box::<Aligned<T>>::new_uninit();
    // SAFETY: `Aligned` is `repr(C)` with one field, so a pointer to it is one to the field. All bytes are written,
    // the padding behind the field aside, and zero bits are a flat value.
    unsafe {
        T::zeroed_in(&mut *place.as_mut_ptr().cast::<MaybeUninit<T>>());
        place.assume_init()
    }
}

/// Numbers in -1..1, the same for the same seed. None of them is subnormal: those are slow on some processors, and
/// sums of products of these are none either.
#[must_use]
pub fn random<T: Flat>(seed: u64) -> Box<Aligned<T>> {
    let mut value = zeroed::<T>();
    fill(value.as_mut_slice(), seed);
    value
}

/// Overwrites `numbers` with numbers in -1..1.
pub fn fill(numbers: &mut [f32], seed: u64) {
    let mut rng = generator(seed, 0);
    for x in numbers {
        *x = 2.0 * uniform(&mut rng) - 1.0;
    }
}

/// Numbers that begin at a cache line, as many as the program says.
#[derive(Clone, Debug)]
pub struct Lines {
    lines: Vec<Aligned<[f32; 16]>>,
    len: usize,
}

impl Lines {
    /// So many zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        Self { lines: vec![Aligned([0.0; 16]); len.div_ceil(16)], len }
    }
}

impl Deref for Lines {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: a line is 16 numbers without padding, and there are lines for all numbers.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above; borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

/// So many numbers as [`random`] draws them.
#[must_use]
pub fn random_lines(len: usize, seed: u64) -> Lines {
    let mut lines = Lines::zeros(len);
    fill(&mut lines, seed);
    lines
}

/// Labels of `B` rows below `classes`, in turn.
#[must_use]
pub fn labels<const B: usize>(classes: usize) -> [u8; B] {
    std::array::from_fn(|row| (row % classes.clamp(1, 256)) as u8)
}

#[cfg(test)]
mod tests {
    use super::{Lines, labels, random, random_lines};

    #[test]
    fn values_repeat_and_begin_at_a_cache_line() {
        let (a, b) = (random::<[[f32; 3]; 5]>(1), random::<[[f32; 3]; 5]>(1));
        assert_eq!(a, b, "the same seed");
        assert_ne!(a, random::<[[f32; 3]; 5]>(2), "another seed");
        assert!(a.as_flattened().iter().all(|x| x.is_normal() && x.abs() <= 1.0), "{a:?}");
        assert_eq!(a.as_ptr().addr() % 64, 0, "a cache line");
    }

    #[test]
    fn lines_repeat_the_same_numbers() {
        let lines = random_lines(15, 1);
        assert_eq!(*lines, *random::<[[f32; 3]; 5]>(1).as_flattened(), "the same seed");
        assert_eq!(lines.as_ptr().addr() % 64, 0, "a cache line");
        assert_eq!((Lines::zeros(17).len(), Lines::zeros(0).len()), (17, 0), "as many as wanted");
    }

    #[test]
    fn labels_are_classes() {
        assert_eq!(labels::<4>(3), [0, 1, 2, 0], "three classes");
    }
}
