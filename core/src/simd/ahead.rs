//! Requests for memory that will be read soon.

/// Rows of numbers that will be read soon. On processors for which stable Rust has no such request it is nothing, and
/// takes no room.
#[derive(Clone, Copy)]
pub(crate) struct Ahead {
    /// The next row; null where there is none.
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    at: *const f32,
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    stride: usize,
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
impl Ahead {
    /// No rows.
    pub(crate) const NOTHING: Self = Self { at: core::ptr::null(), stride: 0 };

    /// Rows from `at` on, `stride` numbers apart; they need not be there.
    #[inline(always)]
    pub(crate) const fn new(at: *const f32, stride: usize) -> Self {
        Self { at, stride }
    }

    /// The rows behind the first few.
    #[inline(always)]
    pub(crate) const fn skip(self, rows: usize) -> Self {
        // Wrapping, for the stride of rows that are not there may be any number.
        if self.at.is_null() { self } else { Self { at: self.at.wrapping_add(rows.wrapping_mul(self.stride)), ..self } }
    }

    /// Asks for the first numbers of a row, and goes on to the next row.
    #[inline(always)]
    pub(crate) fn ask(&mut self, numbers: usize) {
        const LINE: usize = 16;
        if self.at.is_null() {
            return;
        }
        for line in 0..numbers.div_ceil(LINE) {
            use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: SSE is on for the whole target, and a request never faults.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(self.at.wrapping_add(line * LINE).cast()) };
        }
        self.at = self.at.wrapping_add(self.stride);
    }
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
impl Ahead {
    pub(crate) const NOTHING: Self = Self {};

    #[inline(always)]
    pub(crate) const fn new(_at: *const f32, _stride: usize) -> Self {
        Self {}
    }

    #[inline(always)]
    pub(crate) const fn skip(self, _rows: usize) -> Self {
        self
    }

    #[inline(always)]
    pub(crate) fn ask(&mut self, _numbers: usize) {}
}
