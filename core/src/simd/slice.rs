//! Safe loops over slices: what lets `math`, `loss` and `optimizer` be written without unsafe code.

use super::{Simd, VIRTUAL_LANES};

/// Replaces each element `x` by `f(x)`.
#[inline(always)]
pub fn map<S: Simd>(s: S, xs: &mut [f32], f: impl Fn(S::Vector) -> S::Vector) {
    let (p, len) = (xs.as_mut_ptr(), xs.len());
    let mut i = 0;
    // SAFETY: `i + LANES <= len` in the loop, and the tail covers the `len - i < LANES` elements that are left.
    unsafe {
        while i + S::LANES <= len {
            s.store(p.add(i), f(s.load(p.add(i))));
            i += S::LANES;
        }
        if S::LANES > 1 && i < len {
            let tail = s.tail(len - i);
            s.store_tail(p.add(i), tail, f(s.load_tail(p.add(i), tail)));
        }
    }
}

/// Replaces each element of `out` by what `f` makes of it and of the elements at the same place of `ins`. Only as many
/// elements as the shortest slice has are visited.
#[inline(always)]
pub fn zip<S: Simd, const INS: usize>(
    s: S,
    out: &mut [f32],
    ins: [&[f32]; INS],
    f: impl Fn(S::Vector, [S::Vector; INS]) -> S::Vector,
) {
    update(
        s,
        out,
        [],
        ins,
        #[inline(always)]
        |x, [], ins| (f(x, ins), []),
    );
}

/// [`zip`] that replaces the elements of several slices at once: `out`, and each of `others`.
#[inline(always)]
pub fn update<S: Simd, const OTHERS: usize, const INS: usize>(
    s: S,
    out: &mut [f32],
    mut others: [&mut [f32]; OTHERS],
    ins: [&[f32]; INS],
    f: impl Fn(S::Vector, [S::Vector; OTHERS], [S::Vector; INS]) -> (S::Vector, [S::Vector; OTHERS]),
) {
    let mut len = shortest(&ins, out.len());
    for other in &others {
        len = len.min(other.len());
    }
    let mut i = 0;
    // SAFETY: no index reaches `len`, the shortest length; the tail covers the `len - i < LANES` elements left.
    unsafe {
        while i + S::LANES <= len {
            let mut old = [s.splat(0.0); OTHERS];
            for (v, other) in old.iter_mut().zip(&others) {
                *v = s.load(other.as_ptr().add(i));
            }
            let p = out.as_mut_ptr().add(i);
            let (new, new_others) = f(s.load(p), old, load_each(s, &ins, i));
            s.store(p, new);
            for (other, v) in others.iter_mut().zip(new_others) {
                s.store(other.as_mut_ptr().add(i), v);
            }
            i += S::LANES;
        }
        if S::LANES > 1 && i < len {
            let tail = s.tail(len - i);
            let mut old = [s.splat(0.0); OTHERS];
            for (v, other) in old.iter_mut().zip(&others) {
                *v = s.load_tail(other.as_ptr().add(i), tail);
            }
            let p = out.as_mut_ptr().add(i);
            let (new, new_others) = f(s.load_tail(p, tail), old, load_tail_each(s, &ins, i, tail));
            s.store_tail(p, tail, new);
            for (other, v) in others.iter_mut().zip(new_others) {
                s.store_tail(other.as_mut_ptr().add(i), tail, v);
            }
        }
    }
}

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
        None => init,
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
                *lane = step(*lane, load_each(s, &ins, i));
                i += S::LANES;
            }
        }
        for lane in lanes.iter_mut() {
            if i + S::LANES <= len {
                *lane = step(*lane, load_each(s, &ins, i));
            } else if S::LANES > 1 && i < len {
                // Lanes beyond the end keep what they had: a padding value would have to be neutral for `step`.
                let tail = s.tail(len - i);
                let stepped = step(*lane, load_tail_each(s, &ins, i, tail));
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

/// The smallest of `most` and the lengths of the slices.
#[inline(always)]
fn shortest<const INS: usize>(ins: &[&[f32]; INS], most: usize) -> usize {
    let mut len = most;
    for slice in ins {
        len = len.min(slice.len());
    }
    len
}

// `array::map` would say the following two in a line each, but is ten times the code for the compiler to inline.

/// A vector of each slice, from element `i` on.
///
/// # Safety
/// * Each slice has `i + LANES` elements.
#[inline(always)]
unsafe fn load_each<S: Simd, const INS: usize>(s: S, ins: &[&[f32]; INS], i: usize) -> [S::Vector; INS] {
    let mut vectors = [s.splat(0.0); INS];
    for (v, slice) in vectors.iter_mut().zip(ins) {
        // SAFETY: the caller's promise.
        *v = unsafe { s.load(slice.as_ptr().add(i)) };
    }
    vectors
}

/// The lanes of `tail` of each slice, from element `i` on.
///
/// # Safety
/// * Each slice has as many elements from `i` on as `tail` was made for.
#[inline(always)]
unsafe fn load_tail_each<S: Simd, const INS: usize>(
    s: S,
    ins: &[&[f32]; INS],
    i: usize,
    tail: S::Tail,
) -> [S::Vector; INS] {
    let mut vectors = [s.splat(0.0); INS];
    for (v, slice) in vectors.iter_mut().zip(ins) {
        // SAFETY: the caller's promise.
        *v = unsafe { s.load_tail(slice.as_ptr().add(i), tail) };
    }
    vectors
}

/// A vector, of the lanes of `tail` if there is one.
///
/// # Safety
/// * `p` is valid for reads of these lanes.
#[inline(always)]
pub(crate) unsafe fn load_part<S: Simd>(s: S, p: *const f32, tail: Option<S::Tail>) -> S::Vector {
    // SAFETY: the caller's promise.
    unsafe {
        match tail {
            Some(tail) => s.load_tail(p, tail),
            None => s.load(p),
        }
    }
}

/// Writes a vector, of the lanes of `tail` if there is one.
///
/// # Safety
/// * `p` is valid for writes of these lanes.
#[inline(always)]
pub(crate) unsafe fn store_part<S: Simd>(s: S, p: *mut f32, tail: Option<S::Tail>, v: S::Vector) {
    // SAFETY: the caller's promise.
    unsafe {
        match tail {
            Some(tail) => s.store_tail(p, tail, v),
            None => s.store(p, v),
        }
    }
}
