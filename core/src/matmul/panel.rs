//! Blocks of a product that the caches hold, and panels: strips of `b` brought into a small piece of stack before many
//! rows of `a` meet them.
//!
//! NT needs panels because its vectors run over columns, which lie a row apart in `b`: the panel is a transpose. NN and
//! TN need none unless the rows of `b` lie far apart; then a strip of it falls into few sets of the caches, and the
//! processor knows few of its pages. A copy has neither trouble and costs a load and a store where each number is used
//! as often as `a` has rows.
//!
//! Blocks of k start from the partial sums of the one before: one chain, the same bits.

use core::mem::MaybeUninit;
use core::ops::Range;

use super::drive::{Destination, K_BLOCK, Operands, Part, run};
use super::epilogue::Epilogue;
use super::tile::{form, most_rows, most_rows_for_widest};
use crate::simd::{Ahead, Simd};

/// Numbers in a panel: 32 KiB of stack.
const PANEL: usize = 8192;

#[repr(C, align(64))]
struct Panel([f32; PANEL]);

/// Rows of a block of `a`: with [`K_BLOCK`] steps it is 1 MiB, half of a second-level cache of today, where it stays
/// while all columns pass by.
const ROW_BLOCK: usize = 256;

/// Rows of `a` from which on blocks and copies pay.
const FEWEST_ROWS: usize = 96;

/// Numbers from row to row of `b` from which on a copy pays: 2 KiB.
const FAR_APART: usize = 512;

/// Steps in a panel of so many vectors.
const fn steps_of<S: Simd>(vectors: usize) -> usize {
    PANEL / (vectors * S::LANES)
}

/// Vectors in the narrower panel of a product that has no place for partial sums, and more steps than the usual panel.
const fn narrow<S: Simd>() -> usize {
    if S::STRIP_VECTORS < 2 { S::STRIP_VECTORS } else { 2 }
}

/// NN or TN, by blocks.
///
/// # Safety
/// * As [`run`].
#[inline(always)]
pub(super) unsafe fn by_blocks<S: Simd, D: Destination<S>, const FORM: u8>(
    s: S,
    epilogue: Epilogue,
    operands: &Operands,
    destination: &mut D,
) {
    let Operands { m, k, n, a, lda, ldb, .. } = *operands;
    // Without columns there may be any number of rows.
    if n == 0 {
        return;
    }
    // SAFETY: the caller's promise; rows of `a` are cut to blocks.
    unsafe {
        if const { S::LANES == 1 } || m < FEWEST_ROWS {
            run::<S, D, FORM>(s, epilogue, operands, Part::WHOLE, destination);
        } else if ldb >= FAR_APART && n > S::LANES && (D::HOLDS_PARTIAL_SUMS || k <= steps_of::<S>(narrow::<S>())) {
            by_panels::<S, D, FORM>(s, epilogue, operands, destination);
        } else {
            for rows in pieces(0..m, ROW_BLOCK, most_rows::<S>(S::STRIP_VECTORS)) {
                let a = a.wrapping_add(rows.start * if FORM == form::TN { 1 } else { lda });
                let operands = Operands { m: rows.len(), a, ..*operands };
                let part = Part { row: rows.start, ..Part::WHOLE };
                run::<S, D, FORM>(s, epilogue, &operands, part, destination);
            }
        }
    }
}

/// [`run`] by panels; the only way for NT.
///
/// # Safety
/// * As [`run`].
#[inline(always)]
pub(super) unsafe fn by_panels<S: Simd, D: Destination<S>, const FORM: u8>(
    s: S,
    epilogue: Epilogue,
    operands: &Operands,
    destination: &mut D,
) {
    with_panel(&mut |panel| {
        s.outline(
            #[inline(always)]
            || {
                // SAFETY: the caller's promise.
                unsafe { fill_and_run::<S, D, FORM>(s, epilogue, operands, destination, panel) }
            },
        );
    });
}

/// Calls `f` with a panel.
///
/// The one function that has it in its frame does nothing else. A compiler may put a function's first branches before
/// the making of its frame, and making a large one on x86-64 overwrites a register, r11, that they may have filled: so
/// LLVM 22 lost the number of columns in a function that did both.
#[inline(never)]
fn with_panel(f: &mut dyn FnMut(*mut f32)) {
    let mut panel = MaybeUninit::<Panel>::uninit();
    f(panel.as_mut_ptr().cast());
}

/// [`by_panels`] with a panel.
///
/// # Safety
/// * As [`run`], and `panel` is valid for reads and writes of [`PANEL`] numbers that nothing else uses.
#[inline(always)]
unsafe fn fill_and_run<S: Simd, D: Destination<S>, const FORM: u8>(
    s: S,
    epilogue: Epilogue,
    operands: &Operands,
    destination: &mut D,
    panel: *mut f32,
) {
    let Operands { m, k, n, a, lda, b, ldb } = *operands;
    // An empty product may have any number of rows or columns.
    if m == 0 || n == 0 {
        return;
    }
    // Few rows want the widest tiles, as in NN.
    let vectors = if m <= const { most_rows_for_widest::<S, { form::NN }>() } {
        S::WIDEST
    } else if D::HOLDS_PARTIAL_SUMS || k <= steps_of::<S>(S::STRIP_VECTORS) {
        S::STRIP_VECTORS
    } else {
        narrow::<S>()
    };
    let width = vectors * S::LANES;
    // Pieces are whole vectors, so a panel has room for them only if the most is whole vectors too.
    const {
        assert!(steps_of::<S>(S::STRIP_VECTORS).is_multiple_of(2 * S::LANES), "strips fill a panel");
        assert!(steps_of::<S>(S::WIDEST).is_multiple_of(2 * S::LANES), "widest strips fill a panel");
        assert!(steps_of::<S>(narrow::<S>()).is_multiple_of(S::LANES), "narrow strips fill a panel");
    }
    let steps_of_panel = steps_of::<S>(vectors);
    debug_assert!(D::HOLDS_PARTIAL_SUMS || k <= steps_of_panel, "partial sums have no place");
    let k_block = if D::HOLDS_PARTIAL_SUMS { K_BLOCK } else { steps_of_panel };
    // In TN, numbers of `a` lie in as many lines as there are steps, and want room beside the panel.
    let most_steps = if FORM == form::TN && D::HOLDS_PARTIAL_SUMS { steps_of_panel / 2 } else { steps_of_panel };
    // Wrapping, for with k = 0 the operands are empty and have no such place.
    let place_of = |step: usize, column: usize| {
        b.wrapping_add(if FORM == form::NT { column * ldb + step } else { column + step * ldb })
    };
    for k_block in pieces(0..k, k_block, S::LANES) {
        for rows in pieces(0..m, ROW_BLOCK, most_rows::<S>(vectors)) {
            for columns in pieces(0..n, width, S::LANES) {
                for steps in pieces(k_block.clone(), most_steps, S::LANES) {
                    let (step, column) = (steps.start, columns.start);
                    let next = match (steps.end < k_block.end, columns.end < n) {
                        (true, _) => place_of(steps.end, column),
                        (false, true) => place_of(k_block.start, columns.end),
                        (false, false) => place_of(k_block.start, 0),
                    };
                    let part = Part {
                        row: rows.start,
                        column,
                        is_first: step == 0,
                        is_last: steps.end == k,
                        ahead: Ahead::new(next, ldb),
                    };
                    let a_offset = match FORM {
                        form::TN => rows.start + step * lda,
                        _ => rows.start * lda + step,
                    };
                    let a = a.wrapping_add(a_offset);
                    let block =
                        Operands { m: rows.len(), k: steps.len(), n: columns.len(), a, lda, b: panel, ldb: width };
                    let epilogue = if part.is_last { epilogue } else { Epilogue::Keep };
                    // SAFETY: the block of `b` lies inside it; the panel has room for `steps * width` numbers, as
                    // asserted above, and for whole vectors because LANES divides its width; what is read of it below
                    // was written here.
                    unsafe {
                        if const { FORM == form::NT } {
                            transpose(s, place_of(step, column), ldb, &block, panel);
                        } else {
                            copy(s, place_of(step, column), ldb, &block, panel);
                        }
                        if const { FORM == form::TN } {
                            run::<S, D, { form::TN }>(s, epilogue, &block, part, destination);
                        } else {
                            run::<S, D, { form::NN }>(s, epilogue, &block, part, destination);
                        }
                    }
                }
            }
        }
    }
}

/// The fewest pieces of a range of at most `most` (a multiple of `unit`, or up to a unit more), as equal as whole units
/// can be; an empty range is one piece.
#[inline(always)]
fn pieces(range: Range<usize>, most: usize, unit: usize) -> impl Iterator<Item = Range<usize>> {
    let len = range.len();
    // The bound of one comes last: only so does the compiler know that nothing is divided by zero.
    let size = len.div_ceil(len.div_ceil(most).max(1)).next_multiple_of(unit).max(1);
    let count = len.div_ceil(size).max(1);
    (0..count).map(
        #[inline(always)]
        move |i| {
            let start = range.start + i * size;
            start..(start + size).min(range.end)
        },
    )
}

/// Copies the `k x n` numbers of a block of `b` into the panel.
///
/// # Safety
/// * `b` is valid for reads of the block at its stride, and the panel has `k` rows of `ldb` numbers, of which `n` count.
#[inline(always)]
unsafe fn copy<S: Simd>(s: S, b: *const f32, stride: usize, block: &Operands, panel: *mut f32) {
    let Operands { k, n, ldb: width, .. } = *block;
    s.outline(
        #[inline(always)]
        || {
            let full = n / S::LANES * S::LANES;
            let tail = s.tail((n - full).max(1));
            for step in 0..k {
                // SAFETY: the caller's promise.
                unsafe {
                    let (from, to) = (b.add(step * stride), panel.add(step * width));
                    let mut column = 0;
                    while column < full {
                        s.store(to.add(column), s.load(from.add(column)));
                        column += S::LANES;
                    }
                    if full < n {
                        s.store(to.add(full), s.load_tail(from.add(full), tail));
                    }
                }
            }
        },
    );
}

/// Transposes the `n x k` numbers of a block of `b` into the panel.
///
/// # Safety
/// * As [`copy`], and LANES divides the width of the panel.
#[inline(always)]
unsafe fn transpose<S: Simd>(s: S, b: *const f32, stride: usize, block: &Operands, panel: *mut f32) {
    let Operands { k, n, ldb: width, .. } = *block;
    s.outline(
        #[inline(always)]
        || {
            let mut r = 0;
            while r < n {
                let block_rows = (n - r).min(S::LANES);
                let mut c = 0;
                while c < k {
                    let block_columns = (k - c).min(S::LANES);
                    // SAFETY: the block lies inside the shape, its transpose inside the panel.
                    unsafe {
                        let (from, to) = (b.add(r * stride + c), panel.add(c * width + r));
                        s.transpose(from, stride, block_rows, block_columns, to, width);
                    }
                    c += block_columns;
                }
                r += block_rows;
            }
        },
    );
}
