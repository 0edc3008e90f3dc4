//! Requests for memory that will be read or written soon.

/// Numbers in a line of the caches.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
const LINE: usize = 16;

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

/// Asks for numbers that will be written soon; they need not be there.
///
/// Other than a request to read it takes a line from the other cores: a worker changes weights that all have read since.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline(always)]
pub(crate) fn ask_to_write(at: *const f32, numbers: usize) {
    for line in 0..numbers.div_ceil(LINE) {
        // SAFETY: a request never faults, and is decoded as one by processors that have none. As an intrinsic it is
        // compiled to a request to read, unless the whole program is for processors that tell the two apart.
        unsafe {
            core::arch::asm!(
                "prefetchw [{at}]",
                at = in(reg) at.wrapping_add(line * LINE),
                options(nostack, preserves_flags, readonly),
            );
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline(always)]
pub(crate) fn ask_to_write(_at: *const f32, _numbers: usize) {}
