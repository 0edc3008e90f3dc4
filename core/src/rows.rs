//! Rows at a fixed distance: a batch, or one field of each row of a tape.
//!
//! A tape holds, for each sample, all that the backward pass needs in one struct. `Rows` walks one field of those
//! structs; dividing a tape among threads is then dividing a slice.

use core::marker::PhantomData;

use crate::flat::{Flat, Split};

/// `len` values of `T`, each `stride` numbers behind the one before.
#[derive(Debug)]
pub struct Rows<'a, T> {
    first: *const T,
    stride: usize,
    len: usize,
    lifetime: PhantomData<&'a T>,
}

// SAFETY: stands for `&[T]`.
unsafe impl<T: Sync> Send for Rows<'_, T> {}
// SAFETY: stands for `&[T]`.
unsafe impl<T: Sync> Sync for Rows<'_, T> {}

impl<T> Clone for Rows<'_, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Rows<'_, T> {}

impl<'a, T: Flat> Rows<'a, T> {
    /// The elements of a slice as rows.
    #[inline(always)]
    #[must_use]
    pub const fn new(rows: &'a [T]) -> Self {
        Self { first: rows.as_ptr(), stride: T::LEN, len: rows.len(), lifetime: PhantomData }
    }

    /// How many rows.
    #[inline(always)]
    #[must_use]
    pub const fn len(self) -> usize {
        self.len
    }

    /// Whether there is no row.
    #[inline(always)]
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The distance between rows, in numbers.
    #[inline(always)]
    pub(crate) const fn stride(self) -> usize {
        self.stride
    }

    /// The first number of the first row; the other rows follow at [`Self::stride`].
    #[inline(always)]
    pub(crate) const fn as_ptr(self) -> *const f32 {
        self.first.cast()
    }

    /// The rows in order.
    #[inline(always)]
    pub fn iter(self) -> impl Iterator<Item = &'a T> {
        // SAFETY: row `r < len` lies at `r * stride` numbers and is borrowed for `'a`.
        (0..self.len).map(move |r| unsafe { &*self.first.cast::<f32>().add(r * self.stride).cast::<T>() })
    }
}

impl<'a, T: Split> Rows<'a, T> {
    /// The same rows, each divided into its two parts.
    #[inline(always)]
    #[must_use]
    pub fn split(self) -> (Rows<'a, T::First>, Rows<'a, T::Second>) {
        let Self { first, stride, len, lifetime: _ } = self;
        let head = Rows { first: first.cast(), stride, len, lifetime: PhantomData };
        // `wrapping_add` because there may be no row to point into.
        let second = first.cast::<f32>().wrapping_add(T::First::LEN).cast();
        (head, Rows { first: second, stride, len, lifetime: PhantomData })
    }
}

/// [`Rows`] that may be changed.
#[derive(Debug)]
pub struct RowsMut<'a, T> {
    first: *mut T,
    stride: usize,
    len: usize,
    lifetime: PhantomData<&'a mut T>,
}

// SAFETY: stands for `&mut [T]`.
unsafe impl<T: Send> Send for RowsMut<'_, T> {}
// SAFETY: stands for `&mut [T]`.
unsafe impl<T: Sync> Sync for RowsMut<'_, T> {}

impl<'a, T: Flat> RowsMut<'a, T> {
    /// The elements of a slice as rows.
    #[inline(always)]
    #[must_use]
    pub const fn new(rows: &'a mut [T]) -> Self {
        Self { first: rows.as_mut_ptr(), stride: T::LEN, len: rows.len(), lifetime: PhantomData }
    }

    /// How many rows.
    #[inline(always)]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    #[inline(always)]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The same rows, borrowed for a shorter time.
    #[inline(always)]
    pub const fn reborrow(&mut self) -> RowsMut<'_, T> {
        RowsMut { first: self.first, stride: self.stride, len: self.len, lifetime: PhantomData }
    }

    /// The same rows, to read only.
    #[inline(always)]
    #[must_use]
    pub const fn as_rows(&self) -> Rows<'_, T> {
        Rows { first: self.first, stride: self.stride, len: self.len, lifetime: PhantomData }
    }

    /// The same rows, to read only, for as long as they were borrowed.
    #[inline(always)]
    #[must_use]
    pub const fn into_rows(self) -> Rows<'a, T> {
        Rows { first: self.first, stride: self.stride, len: self.len, lifetime: PhantomData }
    }

    /// The distance between rows, in numbers.
    #[inline(always)]
    pub(crate) const fn stride(&self) -> usize {
        self.stride
    }

    /// The first number of the first row; the other rows follow at [`Self::stride`].
    #[inline(always)]
    pub(crate) const fn as_mut_ptr(&mut self) -> *mut f32 {
        self.first.cast()
    }

    /// The rows in order.
    #[inline(always)]
    pub fn into_iter_mut(self) -> impl Iterator<Item = &'a mut T> {
        // SAFETY: row `r < len` lies at `r * stride` numbers, is borrowed for `'a`, and is handed out once.
        (0..self.len).map(move |r| unsafe { &mut *self.first.cast::<f32>().add(r * self.stride).cast::<T>() })
    }
}

impl<'a, T: Split> RowsMut<'a, T> {
    /// The same rows, each divided into its two parts.
    #[inline(always)]
    #[must_use]
    pub fn split(self) -> (RowsMut<'a, T::First>, RowsMut<'a, T::Second>) {
        let Self { first, stride, len, lifetime: _ } = self;
        let head = RowsMut { first: first.cast(), stride, len, lifetime: PhantomData };
        // `wrapping_add` because there may be no row to point into.
        let second = first.cast::<f32>().wrapping_add(T::First::LEN).cast();
        (head, RowsMut { first: second, stride, len, lifetime: PhantomData })
    }
}
