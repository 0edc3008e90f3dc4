//! The inner loop: one tile of the output, held in registers over the whole k loop.
//!
//! ```text
//!                 b: NV vectors of step k          AVX-512, MR = 6, NV = 4:
//!                 [ b0 ][ b1 ][ b2 ][ b3 ]         24 accumulators + 4 of b + 1-2 of a
//!    a: MR  a0    [c00 ][c01 ][c02 ][c03 ]         of 32 registers;
//!  numbers  a1    [c10 ][c11 ][c12 ][c13 ]         24 multiply-accumulates against
//!  of step  ..    [ ...                  ]         4 loads and 6 broadcasts per step
//!     k     a5    [c50 ][c51 ][c52 ][c53 ]
//! ```
//!
//! Each accumulator is the chain of the bit contract: it begins with the start value and takes one
//! multiply-accumulate for each k, ascending. Lanes run over columns, never over k, so the shape of the tile cannot
//! show in the result.
//!
//! All bodies, but those of products that are a single tile by their types, are compiled here, in this crate, and reached
//! through a pointer: networks, whose code is compiled where they are used, share them, and do not wait for their
//! compilation.

use super::epilogue::rectify;
use crate::simd::{Ahead, Level, Simd, dispatch};

/// How `a` and `b` lie in memory; a type-level choice, for addresses are a good part of what a tile's loop does.
pub(super) mod form {
    /// Steps of `a` are adjacent, and so are vectors of `b`.
    pub(in crate::matmul) const NN: u8 = 0;
    /// Rows of `a` are adjacent, and so are vectors of `b`.
    pub(in crate::matmul) const TN: u8 = 1;
    /// Steps of `a` and of `b` are adjacent; for tokens of one lane.
    pub(in crate::matmul) const NT: u8 = 2;
}

/// Steps of k between requests for a row of the next strip: all that 96 rows of `a` ask for is one strip. More often,
/// and the requests would queue where the third-level cache is slow.
pub(super) const CHUNK: usize = 16;

/// Where one tile reads and writes. Strides are in numbers.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    /// Number (row r, step k) of `a` is at `a + r * lda + k`; in TN at `a + r + k * lda`.
    pub(super) a: *const f32,
    pub(super) lda: usize,
    /// Number (step k, column c) of `b` is at `b + k * ldb + c`; in NT at `b + k + c * ldb`.
    pub(super) b: *const f32,
    pub(super) ldb: usize,
    pub(super) k: usize,
    /// The start values; null stands for zeros.
    pub(super) start: *const f32,
    /// Distance between rows of start values: 0 where all rows start alike (a bias).
    pub(super) start_stride: usize,
    pub(super) out: *mut f32,
    pub(super) out_stride: usize,
    /// Columns in the last vector, `1..=LANES`.
    pub(super) last: usize,
    /// What will be read next: the rows of another strip of `b`, one of which is asked for every [`CHUNK`] steps.
    pub(super) ahead: Ahead,
    /// Negative sums become 0. A value, not a type: it is looked at once, and a second set of bodies is spared.
    pub(super) rectify: bool,
}

/// Computes a tile of `MR` rows and `NV` vectors. With `TAIL` the last vector has `tile.last` lanes, without it is
/// full.
///
/// # Safety
/// * With m = MR and n = (NV - 1) * LANES + (TAIL ? last : LANES), the m x k numbers of `a`, the k x n of `b`, the
///   m x n of `start` (unless null) are valid for reads and the m x n of `out` for writes, at their strides;
/// * `out` does not overlap `a` or `b`; it may be `start`.
#[inline(always)]
pub(super) unsafe fn tile<S: Simd, const FORM: u8, const MR: usize, const NV: usize, const TAIL: bool>(
    s: S,
    tile: &Tile,
) {
    let Tile { mut a, lda, mut b, ldb, mut k, start, start_stride, out, out_stride, last, mut ahead, .. } = *tile;
    let tail = s.tail(last);
    let mut acc = [[s.splat(0.0); NV]; MR];
    if !start.is_null() {
        for (r, row) in acc.iter_mut().enumerate() {
            for (v, c) in row.iter_mut().enumerate() {
                // SAFETY: rows stay below MR, vectors below NV; the last vector is masked.
                *c = unsafe {
                    let p = start.add(r * start_stride + v * S::LANES);
                    if TAIL && v == NV - 1 { s.load_tail(p, tail) } else { s.load(p) }
                };
            }
        }
    }

    while k > 0 {
        let mut steps = k;
        if const { S::LANES > 1 } {
            steps = steps.min(CHUNK);
            ahead.ask(NV * S::LANES);
        }
        k -= steps;
        // Several steps at a time where `a` is read along its rows: the addresses of the rows are worked out once for
        // all. Not where the rows are so many that a compiler reads their numbers early, and spills.
        // SAFETY: `steps` are left.
        unsafe {
            if FORM == form::NN {
                let unroll = const { if MR * NV < S::ACCUMULATORS || NV > 2 { S::UNROLL } else { 1 } };
                while steps >= unroll {
                    for step in 0..unroll {
                        acc = advance::<S, FORM, MR, NV, TAIL>(s, acc, (a.add(step), lda), (b, ldb), tail);
                        b = b.wrapping_add(ldb);
                    }
                    a = a.wrapping_add(unroll);
                    steps -= unroll;
                }
            }
            while steps > 0 {
                acc = advance::<S, FORM, MR, NV, TAIL>(s, acc, (a, lda), (b, ldb), tail);
                a = a.wrapping_add(if FORM == form::TN { lda } else { 1 });
                b = b.wrapping_add(if FORM == form::NT { 1 } else { ldb });
                steps -= 1;
            }
        }
    }

    if tile.rectify {
        for c in acc.as_flattened_mut() {
            *c = rectify(s, *c);
        }
    }
    for (r, row) in acc.into_iter().enumerate() {
        for (v, c) in row.into_iter().enumerate() {
            // SAFETY: rows stay below MR, vectors below NV; the last vector is masked. A full one is stored as such
            // because masked stores are slow on some processors.
            unsafe {
                let p = out.add(r * out_stride + v * S::LANES);
                if TAIL && v == NV - 1 && last != S::LANES { s.store_tail(p, tail, c) } else { s.store(p, c) }
            }
        }
    }
}

/// One step of k: a number of each row of `a` times the vectors of `b`, each operand a place and its stride.
///
/// # Safety
/// * MR numbers of `a` and NV vectors of `b`, the last one of `tail` with TAIL, are valid for reads.
#[inline(always)]
unsafe fn advance<S: Simd, const FORM: u8, const MR: usize, const NV: usize, const TAIL: bool>(
    s: S,
    mut acc: [[S::Vector; NV]; MR],
    (a, lda): (*const f32, usize),
    (b, ldb): (*const f32, usize),
    tail: S::Tail,
) -> [[S::Vector; NV]; MR] {
    let mut bs = [s.splat(0.0); NV];
    for (v, b_v) in bs.iter_mut().enumerate() {
        // SAFETY: vectors stay below NV; the last one is masked.
        *b_v = unsafe {
            let p = b.add(v * if FORM == form::NT { ldb } else { S::LANES });
            if TAIL && v == NV - 1 { s.load_tail(p, tail) } else { s.load(p) }
        };
    }
    for (r, row) in acc.iter_mut().enumerate() {
        // SAFETY: rows stay below MR.
        let a_r = s.splat(unsafe { *a.add(r * if FORM == form::TN { 1 } else { lda }) });
        for (c, b_v) in row.iter_mut().zip(bs) {
            *c = s.mac(a_r, b_v, *c);
        }
    }
    acc
}

/// Rows of the tallest tile that is `vectors` wide; 0 where there is none.
///
/// A tile holds `rows * vectors` accumulators. Tiles wider than a strip are for matrices with so few rows that a tile
/// of ordinary width has not enough chains to hide the latency of a multiply-accumulate.
pub(super) const fn most_rows<S: Simd>(vectors: usize) -> usize {
    let rows = match vectors {
        1 => S::ACCUMULATORS,
        2 => S::ACCUMULATORS / 2,
        3 if S::STRIP_VECTORS >= 3 => S::ACCUMULATORS / 3,
        4 if S::STRIP_VECTORS >= 4 => S::ACCUMULATORS / 4,
        _ if vectors != S::WIDEST => 0,
        // With a third row 24 accumulators, 8 vectors of `b` and one of `a` would need 33 registers.
        _ if S::ACCUMULATORS / S::WIDEST >= 2 => 2,
        _ => 1,
    };
    if rows > S::TALLEST { S::TALLEST } else { rows }
}

/// Rows of the matrices for which the widest tiles are used; 0 where there are none.
///
/// Tokens with few bodies have them for inference only, and for three rows too, for which they have no better tile.
pub(super) const fn most_rows_for_widest<S: Simd, const FORM: u8>() -> usize {
    match S::FEW_BODIES {
        true if FORM == form::NN => most_rows::<S>(S::STRIP_VECTORS) - 1,
        true => 0,
        false => most_rows::<S>(S::WIDEST),
    }
}

/// Whether the token has a tile of this size. Those with few bodies have the largest and those of one row or vector.
const fn has_tile<S: Simd, const FORM: u8>(rows: usize, vectors: usize) -> bool {
    let most = most_rows::<S>(vectors);
    let is_widest = vectors == S::WIDEST && most_rows_for_widest::<S, FORM>() > 0;
    if S::FEW_BODIES {
        (rows == 1 || rows == most) && (vectors == 1 || vectors == S::STRIP_VECTORS || is_widest)
    } else {
        rows <= most
    }
}

/// A body of [`tile`]; its promises are the caller's.
pub(super) type TileBody = unsafe fn(&Tile);

/// Which body a tile needs.
#[derive(Clone, Copy)]
pub(super) struct TileKind {
    /// In `1..=most_rows(vectors)`.
    pub(super) rows: usize,
    pub(super) vectors: usize,
    /// The last vector has all its lanes.
    pub(super) is_full: bool,
}

/// The body for a kind of tile on a level.
///
/// One function for each form, so that a program that only predicts does not link the bodies that learn; none of them
/// generic, so that their bodies are compiled here.
#[inline(always)]
pub(super) fn body_of<const FORM: u8>(level: Level, kind: TileKind) -> TileBody {
    match FORM {
        form::TN => body_of_tn(level, kind),
        form::NT => body_of_nt(level, kind),
        _ => body_of_nn(level, kind),
    }
}

#[inline(never)]
fn body_of_nn(level: Level, kind: TileKind) -> TileBody {
    dispatch!(level, s => body_of_token::<_, { form::NN }>(s, kind))
}

#[inline(never)]
fn body_of_tn(level: Level, kind: TileKind) -> TileBody {
    dispatch!(level, s => body_of_token::<_, { form::TN }>(s, kind))
}

#[inline(never)]
fn body_of_nt(level: Level, kind: TileKind) -> TileBody {
    dispatch!(level, s => body_of_token::<_, { form::NT }>(s, kind))
}

#[inline(always)]
fn body_of_token<S: Simd, const FORM: u8>(_s: S, kind: TileKind) -> TileBody {
    // Only tokens of one lane run the NT form; the others never ask for it.
    if const { FORM == form::NT && S::LANES > 1 } {
        return body_of_size::<S, { form::NN }>(kind);
    }
    body_of_size::<S, FORM>(kind)
}

#[inline(always)]
fn body_of_size<S: Simd, const FORM: u8>(kind: TileKind) -> TileBody {
    macro_rules! bodies {
        ($($nv:literal: $($mr:literal)*;)*) => {
            match (kind.vectors, kind.rows) {
                $($(
                    ($nv, $mr) if const { has_tile::<S, FORM>($mr, $nv) } => {
                        if S::FREE_TAILS || !kind.is_full {
                            body::<S, FORM, $mr, $nv, true>
                        } else {
                            body::<S, FORM, $mr, $nv, false>
                        }
                    }
                )*)*
                _ => {
                    debug_assert!(false, "no tile of {} rows and {} vectors", kind.rows, kind.vectors);
                    body::<S, FORM, 1, 1, true>
                }
            }
        };
    }
    bodies! {
        1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16;
        2: 1 2 3 4 5 6 7 8 9 10 11 12;
        3: 1 2 3 4 5 6 7 8;
        4: 1 2 3 4 5 6;
        8: 1 2;
        16: 1;
    }
}

/// [`tile`] behind a pointer.
///
/// # Safety
/// * As [`tile`], and the processor has the instructions of the token.
unsafe fn body<S: Simd, const FORM: u8, const MR: usize, const NV: usize, const TAIL: bool>(t: &Tile) {
    // SAFETY: the caller's promises.
    unsafe {
        let s = S::assume_supported();
        s.vectorize(
            #[inline(always)]
            || tile::<S, FORM, MR, NV, TAIL>(s, t),
        );
    }
}
