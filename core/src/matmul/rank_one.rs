//! The gradient of a single sample, straight from registers into the sink.
//!
//! With one sample the gradient of a layer is the product of a column and a row, `x_i * d_j`: one multiply-accumulate
//! for each number, so the way through a stage would cost more than the gradient. The row `d` stays in registers while
//! all `x_i` pass by.

use super::sink::Sink;
use crate::simd::{self, Simd};

/// A column of `m` numbers and a row of `n`, whose product is the gradient that begins at index `base` of the sink.
#[derive(Clone, Copy)]
pub(super) struct Outer {
    pub(super) m: usize,
    pub(super) n: usize,
    pub(super) x: *const f32,
    pub(super) d: *const f32,
    pub(super) base: usize,
}

/// Vectors of `d` that are held at a time, and numbers where a vector is one: what a rule with two moments leaves of 32
/// registers.
const VECTORS: usize = 4;
const NUMBERS: usize = 8;

/// Hands the product to the sink; with `PENALISED` its parameters are counted by the penalty.
///
/// # Safety
/// * `x` is valid for reads of `m` numbers, `d` of `n`;
/// * the sink's part has the `m * n` numbers from `base` on, is held exclusively and overlaps neither.
#[inline(always)]
pub(super) unsafe fn rank_one<S: Simd, K: Sink, const PENALISED: bool>(s: S, outer: &Outer, sink: K) {
    // Out of line: all layers share the loops, whatever their sizes.
    s.outline(
        #[inline(always)]
        || {
            // SAFETY: the caller's promise.
            unsafe {
                if const { !PENALISED && K::MAY_KEEP } && sink.keeps_at_zero_gradient() && has_zero_rows(outer) {
                    strips::<S, K, PENALISED, true>(s, outer, sink);
                } else {
                    strips::<S, K, PENALISED, false>(s, outer, sink);
                }
            }
        },
    );
}

/// Whether rows of the product are all +0 where `x` is 0, and there are enough of them to look for: images, one-hot
/// rows and the outputs of a ReLU have many.
///
/// # Safety
/// * As [`rank_one`].
#[inline(always)]
unsafe fn has_zero_rows(outer: &Outer) -> bool {
    // SAFETY: the caller's promise.
    let (x, d) =
        unsafe { (core::slice::from_raw_parts(outer.x, outer.m), core::slice::from_raw_parts(outer.d, outer.n)) };
    let zeros = x.iter().filter(|x| **x == 0.0).count();
    // 0 * inf and 0 * NaN are NaN.
    zeros > outer.m / 8 && d.iter().all(|d| d.is_finite())
}

/// All strips of the row; with `SKIP` no `x` that is 0.
///
/// # Safety
/// * As [`rank_one`].
#[inline(always)]
unsafe fn strips<S: Simd, K: Sink, const PENALISED: bool, const SKIP: bool>(s: S, outer: &Outer, sink: K) {
    let n = outer.n;
    let mut column = 0;
    // SAFETY: strips lie inside the row, for the last one is masked.
    unsafe {
        if const { S::LANES == 1 } {
            while n - column >= NUMBERS {
                strip::<S, K, PENALISED, SKIP, NUMBERS>(s, outer, sink, column, None);
                column += NUMBERS;
            }
        } else {
            while n - column >= VECTORS * S::LANES {
                strip::<S, K, PENALISED, SKIP, VECTORS>(s, outer, sink, column, None);
                column += VECTORS * S::LANES;
            }
        }
        while column < n {
            let columns = (n - column).min(S::LANES);
            strip::<S, K, PENALISED, SKIP, 1>(s, outer, sink, column, Some(columns));
            column += columns;
        }
    }
}

/// `NV` vectors from `column` on, the first `lanes` of it if there is such a number, of all rows.
///
/// # Safety
/// * As [`rank_one`], and the vectors lie inside the row.
#[inline(always)]
unsafe fn strip<S: Simd, K: Sink, const PENALISED: bool, const SKIP: bool, const NV: usize>(
    s: S,
    outer: &Outer,
    sink: K,
    column: usize,
    lanes: Option<usize>,
) {
    let Outer { m, n, x, d, base } = *outer;
    let mut ds = [s.splat(0.0); NV];
    let mut v = 0;
    while v < NV {
        // SAFETY: the caller's promise.
        ds[v] = unsafe { simd::load_part(s, d.add(column + v * S::LANES), lanes) };
        v += 1;
    }
    let mut row = 0;
    while row < m {
        // SAFETY: the caller's promise.
        let x_row = unsafe { *x.add(row) };
        if SKIP && x_row == 0.0 {
            row += 1;
            continue;
        }
        let mut gradient = ds;
        let mut v = 0;
        while v < NV {
            gradient[v] = s.mac(s.splat(x_row), ds[v], s.splat(0.0));
            v += 1;
        }
        let index = base + row * n + column;
        // SAFETY: the caller's promise.
        unsafe { sink.finish_vectors::<S, PENALISED, NV>(s, index, gradient, lanes) };
        row += 1;
    }
}
