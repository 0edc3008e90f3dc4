//! The loops around the tile: strips of columns, blocks of k, balanced blocks of rows.

use super::epilogue::Epilogue;
use super::tile::{CHUNK, Tile, TileKind, body_of, form, most_rows, most_rows_for_widest, tile};
use crate::simd::{Ahead, Simd};

/// The operands of a product as places in memory, `m x k` times `k x n`. Strides are in numbers.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
    /// Row i begins at `a + i * lda`, or in the TN form step k at `a + k * lda`.
    pub(super) a: *const f32,
    pub(super) lda: usize,
    /// Step k begins at `b + k * ldb`, or in the NT form column j at `b + j * ldb`.
    pub(super) b: *const f32,
    pub(super) ldb: usize,
}

/// A rectangle of the output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) row: usize,
    pub(crate) rows: usize,
    pub(crate) column: usize,
    pub(crate) columns: usize,
}

/// A place in memory and the distance between its rows, in numbers.
#[derive(Clone, Copy)]
pub(super) struct Place<P> {
    pub(super) at: P,
    pub(super) stride: usize,
}

/// Where outputs begin, where they go, and what is done with them when they are complete.
pub(super) trait Destination<S: Simd> {
    /// Outputs can wait in their place, so that k may be cut in blocks: a later block starts from what the one before
    /// left there, which is the same chain.
    const HOLDS_PARTIAL_SUMS: bool;
    /// The start values of the block; null stands for zeros.
    fn start(&mut self, block: Block) -> Place<*const f32>;
    /// The place of the block.
    fn place(&mut self, block: Block) -> Place<*mut f32>;
    /// The block is complete in its place.
    fn finish(&mut self, s: S, block: Block);
}

/// Which part of a product [`run`] computes; its operands are those of the part.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// Where its outputs begin in the destination.
    pub(super) row: usize,
    pub(super) column: usize,
    /// It has the first step of k; other parts start from the partial sums in the outputs' places.
    pub(super) is_first: bool,
    /// It has the last step of k, which completes the outputs.
    pub(super) is_last: bool,
    /// What is read of `b` after this part.
    pub(super) ahead: Ahead,
}

impl Part {
    pub(super) const WHOLE: Self = Self { row: 0, column: 0, is_first: true, is_last: true, ahead: Ahead::NOTHING };
}

/// [`drive`], out of line: all layers of one kind share the loops, whatever their sizes.
///
/// # Safety
/// * As [`drive`].
#[inline(always)]
pub(super) unsafe fn run<S: Simd, D: Destination<S>, const FORM: u8>(
    s: S,
    epilogue: Epilogue,
    operands: &Operands,
    part: Part,
    destination: &mut D,
) {
    s.outline(
        #[inline(always)]
        || {
            // Single numbers have no panels; so their loops know it.
            let part = if const { S::LANES == 1 } { Part::WHOLE } else { part };
            // SAFETY: the caller's promise.
            unsafe { drive::<S, D, FORM>(s, epilogue, operands, part, destination) }
        },
    );
}

/// The most steps of k in a block: a strip of `b`, 1024 steps by 64 columns, is 256 KiB and stays in a second-level
/// cache while all rows of `a` pass by.
pub(super) const K_BLOCK: usize = 1024;

/// Steps of k in a block of `b` with rows `ldb` numbers apart. Beyond a MiB or so from first to last row, a strip falls
/// into too few sets of a second-level cache to stay there: 256 x 784 x 512 took 1.3 times as long in one block as in
/// two.
#[inline(always)]
const fn k_block(ldb: usize) -> usize {
    if ldb < 512 {
        K_BLOCK
    } else if ldb < 1024 {
        K_BLOCK / 2
    } else {
        K_BLOCK / 4
    }
}

/// Computes the product into `destination`. The NT form is for tokens of one lane.
///
/// # Safety
/// * The operands are valid for reads at their strides, the places that `destination` names for reads and writes, and
///   no place overlaps an operand.
#[inline(always)]
unsafe fn drive<S: Simd, D: Destination<S>, const FORM: u8>(
    s: S,
    epilogue: Epilogue,
    operands: &Operands,
    part: Part,
    destination: &mut D,
) {
    let Operands { m, k, n, a, lda, b, ldb } = *operands;
    if m == 0 || n == 0 {
        return;
    }
    let k_block = if D::HOLDS_PARTIAL_SUMS { k_block(ldb) } else { usize::MAX };
    let mut column = 0;
    for vectors in strips::<S, FORM>(m, n.div_ceil(S::LANES)) {
        let columns = (vectors * S::LANES).min(n - column);
        let mut k_from = 0;
        loop {
            let steps = (k - k_from).min(k_block);
            let is_last = k_from + steps == k;
            let last = columns - (vectors - 1) * S::LANES;
            let ahead = match (is_last, column + columns) {
                (false, _) => Ahead::new(b.wrapping_add(column.wrapping_add((k_from + steps).wrapping_mul(ldb))), ldb),
                (true, next) if next < n => Ahead::new(b.wrapping_add(next), ldb),
                _ => part.ahead,
            };
            let mut asked_for = 0;
            let mut kind = TileKind { rows: 0, vectors, is_full: last == S::LANES };
            let mut body = None;
            let mut row = 0;
            for rows in Cuts::new::<S>(m, most_rows::<S>(vectors)) {
                // Two sizes at the most, the larger first.
                let body = match body {
                    Some(body) if kind.rows == rows => body,
                    _ => {
                        kind.rows = rows;
                        *body.insert(body_of::<FORM>(s.level(), kind))
                    }
                };
                let block = Block { row: part.row + row, rows, column: part.column + column, columns };
                // The start before the place: both borrow the destination, and a place must not outlive its borrow.
                let first_start = if part.is_first && k_from == 0 { Some(destination.start(block)) } else { None };
                let out = destination.place(block);
                let start = first_start.unwrap_or(Place { at: out.at.cast_const(), stride: out.stride });
                // Each tile asks for some of the rows that come next.
                let ahead = if asked_for < steps { ahead.skip(asked_for) } else { Ahead::NOTHING };
                asked_for += steps.div_ceil(CHUNK);
                // Wrapping, for with k = 0 the operands are empty and have no such place.
                let (a_offset, b_offset) = match FORM {
                    form::NN => (row * lda + k_from, column + k_from * ldb),
                    form::TN => (row + k_from * lda, column + k_from * ldb),
                    _ => (row * lda + k_from, column * ldb + k_from),
                };
                // SAFETY: the block lies inside the matrices, for which the caller vouches; the body is the one for a
                // block of this size on the level of the token.
                unsafe {
                    let t = Tile {
                        a: a.wrapping_add(a_offset),
                        lda,
                        b: b.wrapping_add(b_offset),
                        ldb,
                        k: steps,
                        start: start.at,
                        start_stride: start.stride,
                        out: out.at,
                        out_stride: out.stride,
                        last,
                        ahead,
                        rectify: is_last && epilogue == Epilogue::Rectify,
                    };
                    body(&t);
                }
                if is_last && part.is_last {
                    destination.finish(s, block);
                }
                row += rows;
            }
            if is_last {
                break;
            }
            k_from += steps;
        }
        column += columns;
    }
}

/// Whether a product of `m` rows and `n` columns is one tile of so many vectors.
pub(super) const fn is_one_tile<S: Simd>(m: usize, n: usize, vectors: usize) -> bool {
    S::LANES > 1 && m > 0 && n > 0 && n.div_ceil(S::LANES) == vectors && m <= most_rows::<S>(vectors)
}

/// NN of one tile.
///
/// # Safety
/// * As [`drive`], and the product has `MR` rows and `NV` vectors.
#[inline(always)]
pub(super) unsafe fn one_tile<S: Simd, D: Destination<S>, const MR: usize, const NV: usize>(
    s: S,
    epilogue: Epilogue,
    operands: &Operands,
    destination: &mut D,
) {
    let Operands { k, n, a, lda, b, ldb, .. } = *operands;
    let block = Block { row: 0, rows: MR, column: 0, columns: n };
    let start = destination.start(block);
    let out = destination.place(block);
    let t = Tile {
        a,
        lda,
        b,
        ldb,
        k,
        start: start.at,
        start_stride: start.stride,
        out: out.at,
        out_stride: out.stride,
        last: n - (NV - 1) * S::LANES,
        ahead: Ahead::NOTHING,
        rectify: epilogue == Epilogue::Rectify,
    };
    // SAFETY: the caller's promise.
    unsafe { tile::<S, { form::NN }, MR, NV, true>(s, &t) };
    destination.finish(s, block);
}

/// The widths of the strips, in vectors: widest tiles first where the matrix has few enough rows for them, the rest in
/// strips of ordinary width.
#[inline(always)]
fn strips<S: Simd, const FORM: u8>(m: usize, vectors: usize) -> impl Iterator<Item = usize> {
    let widest = if m <= const { most_rows_for_widest::<S, FORM>() } { vectors / S::WIDEST } else { 0 };
    Cuts { first: widest, size: S::WIDEST, then: 0, then_size: 0 }
        .chain(Cuts::new::<S>(vectors - widest * S::WIDEST, S::STRIP_VECTORS))
}

/// Parts of two sizes.
struct Cuts {
    first: usize,
    size: usize,
    then: usize,
    then_size: usize,
}

impl Cuts {
    /// Cuts `total` into parts for which the token has a body, `most` at the most.
    #[inline(always)]
    fn new<S: Simd>(total: usize, most: usize) -> Self {
        if S::FEW_BODIES { Self::largest(total, most) } else { Self::balanced(total, most) }
    }

    /// The fewest parts of at most `most`, as equal as can be: 32 by at most 12 is 11, 11, 10. A short last tile would
    /// leave the pipelines of the processor half empty.
    #[inline(always)]
    fn balanced(total: usize, most: usize) -> Self {
        // Small products are one part, and a division is a good part of their time.
        if total <= most {
            return Self { first: usize::from(total > 0), size: total, then: 0, then_size: 0 };
        }
        let parts = total.div_ceil(most.max(1));
        let size = total.checked_div(parts).unwrap_or(0);
        let larger = total - size * parts;
        Self { first: larger, size: size + 1, then: parts - larger, then_size: size }
    }

    /// Parts of `most`, then parts of one.
    #[inline(always)]
    fn largest(total: usize, most: usize) -> Self {
        let first = total.checked_div(most).unwrap_or(0);
        Self { first, size: most, then: total - first * most, then_size: 1 }
    }
}

impl Iterator for Cuts {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.first > 0 {
            self.first -= 1;
            return Some(self.size);
        }
        self.then = self.then.checked_sub(1)?;
        Some(self.then_size)
    }
}

#[cfg(test)]
mod tests {
    use super::Cuts;

    /// The parts, zero behind the last; their sum is checked.
    fn parts(total: usize, cuts: impl Fn() -> Cuts) -> [usize; 200] {
        let parts: [usize; 200] = core::array::from_fn(|i| cuts().nth(i).unwrap_or(0));
        assert_eq!(parts.iter().sum::<usize>(), total, "{total}: {parts:?}");
        parts
    }

    #[test]
    fn balanced_parts_are_equal_within_one() {
        for total in 0..200 {
            for most in 1..30 {
                let parts = parts(total, || Cuts::balanced(total, most));
                let used = parts.iter().filter(|part| **part > 0);
                assert_eq!(used.clone().count(), total.div_ceil(most), "{total} by {most}: fewest parts");
                let (largest, smallest) = (used.clone().max(), used.min());
                if let (Some(largest), Some(smallest)) = (largest, smallest) {
                    assert!(*largest <= most && largest - smallest <= 1, "{total} by {most}: {parts:?}");
                }
            }
        }
    }

    #[test]
    fn largest_parts_come_first_and_the_rest_is_ones() {
        for total in 0..200 {
            for most in 1..30 {
                let parts = parts(total, || Cuts::largest(total, most));
                assert!(parts.iter().take(total / most).all(|part| *part == most), "{total} by {most}: {parts:?}");
                assert!(parts.iter().skip(total / most).all(|part| *part <= 1), "{total} by {most}: {parts:?}");
            }
        }
    }
}
