//! Sums and other folds of slices, in the one order that the bit contract has for all widths of vectors.

use super::slice::{load_each, shortest, zip};
use super::{Simd, VIRTUAL_LANES};

/// Folds slices of the same length (the shortest counts) into one number, in the fixed order of the bit contract.
///
/// Virtual lane `l` starts at `init` and takes `step(lane, elements)` for the elements `i` with `i % 16 == l`, `i`
/// ascending; then lane `l` becomes `combine(l, l + 8)`, `combine(l, l + 4)`, `combine(l, l + 2)` and at last
/// `combine(l, l + 1)`. Real vectors of any width compute exactly that.
#[inline(always)]
pub fn fold<S: Simd, const INS: usize>(
    s: S,
    ins: [&[f32]; INS],
    init: f32,
    step: impl Fn(S::Vector, [S::Vector; INS]) -> S::Vector,
    combine: impl Fn(S::Vector, S::Vector) -> S::Vector,
) -> f32 {
    const { assert!(INS > 0, "a fold needs a slice to fold") };
    let mut wide = s.wide(s.splat(init));
    accumulate(s, &mut wide, ins, step);
    combine_lanes(s, wide, combine)
}

/// The fixed tree at the end of [`fold`].
#[inline(always)]
fn combine_lanes<S: Simd>(s: S, mut wide: S::Wide, combine: impl Fn(S::Vector, S::Vector) -> S::Vector) -> f32 {
    let lanes = wide.as_mut();
    let mut vectors = VIRTUAL_LANES / S::LANES;
    while vectors > 1 {
        vectors /= 2;
        let (low, high) = lanes.split_at_mut(vectors);
        for (l, h) in low.iter_mut().zip(high.iter()) {
            *l = combine(*l, *h);
        }
    }
    match lanes.first() {
        Some(v) => s.fold_lanes(*v, combine),
        // There are 16 lanes.
        None => 0.0,
    }
}

/// [`fold`] that begins with the lanes as they are and leaves them there, so that a sum can be made in pieces: each of
/// them a whole number of 16 elements, but for the last.
#[inline(always)]
pub fn fold_into<S: Simd>(
    s: S,
    lanes: &mut [f32; VIRTUAL_LANES],
    xs: &[f32],
    step: impl Fn(S::Vector, S::Vector) -> S::Vector,
) {
    let mut wide = s.wide(s.splat(0.0));
    for (v, lanes) in wide.as_mut().iter_mut().zip(lanes.chunks_exact(S::LANES)) {
        // SAFETY: the chunk has LANES numbers.
        *v = unsafe { s.load(lanes.as_ptr()) };
    }
    accumulate(
        s,
        &mut wide,
        [xs],
        #[inline(always)]
        |acc, [x]| step(acc, x),
    );
    for (v, lanes) in wide.as_ref().iter().zip(lanes.chunks_exact_mut(S::LANES)) {
        // SAFETY: the chunk has LANES numbers.
        unsafe { s.store(lanes.as_mut_ptr(), *v) };
    }
}

/// Takes the elements of all slices into the virtual lanes.
#[inline(always)]
fn accumulate<S: Simd, const INS: usize>(
    s: S,
    wide: &mut S::Wide,
    ins: [&[f32]; INS],
    step: impl Fn(S::Vector, [S::Vector; INS]) -> S::Vector,
) {
    let len = shortest(&ins, usize::MAX);
    let lanes = wide.as_mut();
    let mut i = 0;
    // SAFETY: a vector is read whole only where `i + LANES <= len`, else through a tail of the `len - i` elements.
    unsafe {
        while i + VIRTUAL_LANES <= len {
            for lane in lanes.iter_mut() {
                *lane = step(*lane, load_each(s, &ins, i, None));
                i += S::LANES;
            }
        }
        for lane in lanes.iter_mut() {
            if i + S::LANES <= len {
                *lane = step(*lane, load_each(s, &ins, i, None));
            } else if S::LANES > 1 && i < len {
                // Lanes beyond the end keep what they had: a padding value would have to be neutral for `step`.
                let tail = s.tail(len - i);
                let stepped = step(*lane, load_each(s, &ins, i, Some(len - i)));
                *lane = s.select(s.tail_mask(tail), stepped, *lane);
            }
            i += S::LANES;
        }
    }
}

/// The sum of `xs` in 16 virtual lanes; +0 for an empty slice.
#[inline(always)]
pub fn sum<S: Simd>(s: S, xs: &[f32]) -> f32 {
    fold(
        s,
        [xs],
        0.0,
        #[inline(always)]
        |acc, [x]| s.add(acc, x),
        #[inline(always)]
        |a, b| s.add(a, b),
    )
}

/// The vector from element `first` on of a row of zeros with a one at `place`.
#[inline(always)]
pub(crate) fn one_hot<S: Simd>(s: S, first: usize, place: usize) -> S::Vector {
    // A window of this with its one in the right lane, or behind it.
    const ONE: [f32; 2 * VIRTUAL_LANES + 1] = {
        let mut row = [0.0; 2 * VIRTUAL_LANES + 1];
        row[VIRTUAL_LANES] = 1.0;
        row
    };
    let lane = place.wrapping_sub(first);
    let from = if lane < VIRTUAL_LANES { VIRTUAL_LANES - lane } else { VIRTUAL_LANES + 1 };
    // SAFETY: a window begins at 17 at the latest and has at most 16 numbers.
    unsafe { s.load(ONE.as_ptr().add(from)) }
}

/// Replaces each element by `finish(i, y, sum)`, where i is its index (that of the first in the vector), y is what `f`
/// makes of it and of the elements of `ins` at the same place, and sum, that of all y, is what [`sum`] makes of them.
/// Returns the sum. Only as many elements as the shortest slice has are visited.
///
/// The y of the ragged end stay in a register meanwhile: a load of what was stored in part a moment ago would wait, see
/// [`Simd::store_first`].
#[inline(always)]
pub(crate) fn normalize<S: Simd, const INS: usize>(
    s: S,
    out: &mut [f32],
    ins: [&[f32]; INS],
    f: impl Fn(S::Vector, [S::Vector; INS]) -> S::Vector,
    finish: impl Fn(usize, S::Vector, S::Vector) -> S::Vector,
) -> f32 {
    if S::LANES == 1 {
        // No ragged ends, and the least code. The bound is there for the compiler, which would keep a panic.
        let (out, _) = out.split_at_mut(shortest(&ins, out.len()).min(out.len()));
        zip(s, out, ins, f);
        let total = sum(s, out);
        let sums = s.splat(total);
        for (i, y) in out.iter_mut().enumerate() {
            // SAFETY: a vector of the token is one number.
            unsafe { s.store(y, finish(i, s.load(y), sums)) };
        }
        return total;
    }
    let len = shortest(&ins, out.len());
    let p = out.as_mut_ptr();
    let mut wide = s.wide(s.splat(0.0));
    let lanes = wide.as_mut();
    let mut ragged = s.splat(0.0);
    let mut i = 0;
    // SAFETY: no index reaches `len`, and no slice is shorter; a vector is read and written whole only where
    // `i + LANES <= len`, else through the tail of the `len - i` elements left.
    let total = unsafe {
        while i + VIRTUAL_LANES <= len {
            for lane in lanes.iter_mut() {
                let y = f(s.load(p.add(i)), load_each(s, &ins, i, None));
                s.store(p.add(i), y);
                *lane = s.add(*lane, y);
                i += S::LANES;
            }
        }
        for lane in lanes.iter_mut() {
            if i + S::LANES <= len {
                let y = f(s.load(p.add(i)), load_each(s, &ins, i, None));
                s.store(p.add(i), y);
                *lane = s.add(*lane, y);
                i += S::LANES;
            } else if i < len {
                let tail = s.tail(len - i);
                ragged = f(s.load_tail(p.add(i), tail), load_each(s, &ins, i, Some(len - i)));
                *lane = s.select(s.tail_mask(tail), s.add(*lane, ragged), *lane);
                break;
            }
        }
        combine_lanes(
            s,
            wide,
            #[inline(always)]
            |a, b| s.add(a, b),
        )
    };
    let sums = s.splat(total);
    i = 0;
    // SAFETY: as above.
    unsafe {
        while i + S::LANES <= len {
            s.store(p.add(i), finish(i, s.load(p.add(i)), sums));
            i += S::LANES;
        }
        if i < len {
            s.store_first(p.add(i), len - i, finish(i, ragged, sums));
        }
    }
    total
}
