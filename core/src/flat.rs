//! Values that are nothing but numbers in a row: parameters, gradients, moments, samples, tapes.
//!
//! Everything that treats such a value as one slice (optimizers, checkpoints, norms, exchange between machines) is one
//! loop over [`Flat::as_slice`]. This file and `rows.rs` hold the unsafe code that makes the view.

use core::fmt;
use core::mem::MaybeUninit;
use core::ops::Range;

/// A plain value of f32 numbers: arrays of arrays of f32, and `repr(C)` structs of such values.
///
/// # Safety
/// The implementing type
/// * has the alignment of f32 and the size of a whole number of f32, without padding;
/// * is valid for every bit pattern, so that a slice of f32 over it may be read and written freely;
/// * has no interior mutability and nothing to drop,
///
/// and the implementation keeps the constant and the methods that the trait provides, but for [`Self::parts`].
pub unsafe trait Flat: Sized + Send + Sync + 'static {
    /// All numbers +0. A constant, so that a static needs no code to start with.
    const ZERO: Self;
    /// How many numbers.
    const LEN: usize = size_of::<Self>() / size_of::<f32>();

    /// The numbers in memory order.
    #[inline(always)]
    fn as_slice(&self) -> &[f32] {
        // SAFETY: by the contract of the trait the value is `LEN` valid f32 numbers.
        unsafe { core::slice::from_raw_parts(core::ptr::from_ref(self).cast(), Self::LEN) }
    }

    /// The numbers in memory order, to change.
    #[inline(always)]
    fn as_mut_slice(&mut self) -> &mut [f32] {
        // SAFETY: as above, and every bit pattern written through the slice is valid.
        unsafe { core::slice::from_raw_parts_mut(core::ptr::from_mut(self).cast(), Self::LEN) }
    }

    /// Calls `visit` with the indices of the numbers of each tensor, in memory order, and with whether the L2 penalty
    /// counts it: weights, not biases. Indices begin at `offset`. A value that does not say otherwise is one tensor of
    /// weights.
    #[inline]
    fn parts(offset: usize, visit: &mut impl FnMut(Range<usize>, bool)) {
        visit(offset..offset.saturating_add(Self::LEN), true);
    }

    /// Sets all numbers of `place` to +0 where it lies and gives it back, so that a value too large for the stack
    /// can be made in a static or on a heap.
    #[inline]
    fn zeroed_in(place: &mut MaybeUninit<Self>) -> &mut Self {
        // SAFETY: all zero bits are `LEN` numbers +0, a valid value.
        unsafe {
            place.as_mut_ptr().write_bytes(0, 1);
            place.assume_init_mut()
        }
    }

    /// Writes the numbers as little-endian bytes, four for each.
    ///
    /// # Errors
    /// [`WrongLength`] where `bytes` does not hold exactly `4 * LEN`; nothing is written then.
    fn write_le_bytes(&self, bytes: &mut [u8]) -> Result<(), WrongLength> {
        let (chunks, rest) = bytes.as_chunks_mut::<4>();
        if chunks.len() != Self::LEN || !rest.is_empty() {
            return Err(WrongLength { expected: 4 * Self::LEN, found: 4 * chunks.len() + rest.len() });
        }
        for (chunk, x) in chunks.iter_mut().zip(self.as_slice()) {
            *chunk = x.to_le_bytes();
        }
        Ok(())
    }

    /// Reads the numbers from little-endian bytes, four for each. Any bytes are numbers; NaN patterns are kept.
    ///
    /// # Errors
    /// [`WrongLength`] where `bytes` does not hold exactly `4 * LEN`; nothing is changed then.
    fn read_le_bytes(&mut self, bytes: &[u8]) -> Result<(), WrongLength> {
        let (chunks, rest) = bytes.as_chunks::<4>();
        if chunks.len() != Self::LEN || !rest.is_empty() {
            return Err(WrongLength { expected: 4 * Self::LEN, found: bytes.len() });
        }
        for (x, chunk) in self.as_mut_slice().iter_mut().zip(chunks) {
            *x = f32::from_le_bytes(*chunk);
        }
        Ok(())
    }
}

// SAFETY: one f32: every bit pattern is a number.
unsafe impl Flat for f32 {
    const ZERO: Self = 0.0;
}

// SAFETY: elements of an array follow each other without padding; an array has the validity of its elements.
unsafe impl<T: Flat, const N: usize> Flat for [T; N] {
    const ZERO: Self = [T::ZERO; N];
}

/// Two flat values, one after the other.
#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(C)]
pub struct Pair<A, B> {
    /// The first in memory.
    pub first: A,
    /// The second in memory.
    pub second: B,
}

// SAFETY: `repr(C)`; both parts have the alignment of f32, so nothing lies between or behind them, and are flat
// themselves: any bits are valid, nothing is to be dropped.
unsafe impl<A: Flat, B: Flat> Flat for Pair<A, B> {
    const ZERO: Self = Self { first: A::ZERO, second: B::ZERO };

    #[inline]
    fn parts(offset: usize, visit: &mut impl FnMut(Range<usize>, bool)) {
        A::parts(offset, visit);
        B::parts(offset.saturating_add(A::LEN), visit);
    }
}

/// A flat value that is exactly `First`, then `Second`: what lets rows and gradient sinks be divided by part without
/// unsafe code.
///
/// # Safety
/// * The layout of the type is that of [`Pair<Self::First, Self::Second>`](Pair).
pub unsafe trait Split: Flat {
    /// The part at the start.
    type First: Flat;
    /// The part behind it.
    type Second: Flat;
}

// SAFETY: the same type.
unsafe impl<A: Flat, B: Flat> Split for Pair<A, B> {
    type First = A;
    type Second = B;
}

/// The flat value that little-endian bytes describe, evaluated when the program is compiled: a `static` made by it
/// stays in flash. [`crate::Net::from_le_bytes`] is this for networks.
///
/// A wrong number of bytes does not compile.
#[must_use]
pub const fn from_le_bytes<T: Flat, const N: usize>(bytes: &[u8; N]) -> T {
    const {
        assert!(N == size_of::<T>(), "the bytes must be four for each number of the value");
    }
    let mut value = MaybeUninit::<T>::uninit();
    let to: *mut f32 = value.as_mut_ptr().cast();
    let from: *const [u8; 4] = bytes.as_ptr().cast();
    // SAFETY: `T` is N / 4 numbers; all of them are written. On little-endian machines one copy does it, which keeps
    // the evaluation of large nets at compile time short.
    unsafe {
        if cfg!(target_endian = "little") {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), to.cast(), N);
        } else {
            let mut i = 0;
            while i < N / 4 {
                to.add(i).write(f32::from_le_bytes(from.add(i).read()));
                i += 1;
            }
        }
        value.assume_init()
    }
}

/// A byte slice whose length is not that of the value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct WrongLength {
    /// The bytes that the value has.
    pub expected: usize,
    /// The bytes that were given.
    pub found: usize,
}

impl fmt::Display for WrongLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes where the value has {}; the bytes come from a net of another shape",
            self.found, self.expected
        )
    }
}

impl core::error::Error for WrongLength {}
