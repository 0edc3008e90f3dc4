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
        &mut [],
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
    others: &mut [&mut [f32]; OTHERS],
    ins: [&[f32]; INS],
    f: impl Fn(S::Vector, [S::Vector; OTHERS], [S::Vector; INS]) -> (S::Vector, [S::Vector; OTHERS]),
) {
    let mut len = shortest(&ins, out.len());
    let out = out.as_mut_ptr();
    // Loops over the arrays by index here and below: iterators would be most of what a network takes to compile.
    let mut places = [out; OTHERS];
    let mut j = 0;
    while j < OTHERS {
        len = len.min(others[j].len());
        places[j] = others[j].as_mut_ptr();
        j += 1;
    }
    // SAFETY: all slices have `len` elements and are borrowed, those to change exclusively.
    unsafe { update_places(s, len, (out, places), ins, f) }
}

/// [`update`] of `len` elements at the places of `out` and of the others.
///
/// # Safety
/// * The places are valid for reads and writes of `len` elements, which nobody else uses meanwhile;
/// * the slices have at least `len` elements.
#[inline(always)]
pub(crate) unsafe fn update_places<S: Simd, const OTHERS: usize, const INS: usize>(
    s: S,
    len: usize,
    (out, others): (*mut f32, [*mut f32; OTHERS]),
    ins: [&[f32]; INS],
    f: impl Fn(S::Vector, [S::Vector; OTHERS], [S::Vector; INS]) -> (S::Vector, [S::Vector; OTHERS]),
) {
    let mut i = 0;
    // SAFETY: no index reaches `len`; the tail covers the `len - i < LANES` elements left.
    unsafe {
        while i + S::LANES <= len {
            update_at(s, i, None, (out, &others), &ins, &f);
            i += S::LANES;
        }
        if S::LANES > 1 && i < len {
            update_at(s, i, Some(s.tail(len - i)), (out, &others), &ins, &f);
        }
    }
}

/// One vector of [`update_places`] without slices to read, from element `i` on, of the lanes of `tail` if there is one.
///
/// # Safety
/// * The places have these lanes, which nobody else uses meanwhile.
#[inline(always)]
pub(crate) unsafe fn update_vector<S: Simd, const OTHERS: usize>(
    s: S,
    i: usize,
    tail: Option<S::Tail>,
    places: (*mut f32, &[*mut f32; OTHERS]),
    f: impl Fn(S::Vector, [S::Vector; OTHERS], [S::Vector; 0]) -> (S::Vector, [S::Vector; OTHERS]),
) {
    // SAFETY: the caller's promise.
    unsafe { update_at(s, i, tail, places, &[], &f) }
}

/// One vector of each slice of [`update`], from element `i` on, of the lanes of `tail` if there is one.
///
/// # Safety
/// * All slices have these lanes.
#[inline(always)]
unsafe fn update_at<S: Simd, const OTHERS: usize, const INS: usize>(
    s: S,
    i: usize,
    tail: Option<S::Tail>,
    (out, others): (*mut f32, &[*mut f32; OTHERS]),
    ins: &[&[f32]; INS],
    f: &impl Fn(S::Vector, [S::Vector; OTHERS], [S::Vector; INS]) -> (S::Vector, [S::Vector; OTHERS]),
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut old = [s.splat(0.0); OTHERS];
        let mut j = 0;
        while j < OTHERS {
            old[j] = load_part(s, others[j].add(i), tail);
            j += 1;
        }
        let p = out.add(i);
        let (new, new_others) = f(load_part(s, p, tail), old, load_each(s, ins, i, tail));
        store_part(s, p, tail, new);
        let mut j = 0;
        while j < OTHERS {
            store_part(s, others[j].add(i), tail, new_others[j]);
            j += 1;
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
                let stepped = step(*lane, load_each(s, &ins, i, Some(tail)));
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
    let mut j = 0;
    while j < INS {
        len = len.min(ins[j].len());
        j += 1;
    }
    len
}

/// A vector of each slice, from element `i` on, of the lanes of `tail` if there is one.
///
/// # Safety
/// * Each slice has these lanes.
#[inline(always)]
unsafe fn load_each<S: Simd, const INS: usize>(
    s: S,
    ins: &[&[f32]; INS],
    i: usize,
    tail: Option<S::Tail>,
) -> [S::Vector; INS] {
    let mut vectors = [s.splat(0.0); INS];
    let mut j = 0;
    while j < INS {
        // SAFETY: the caller's promise.
        vectors[j] = unsafe { load_part(s, ins[j].as_ptr().add(i), tail) };
        j += 1;
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
unsafe fn store_part<S: Simd>(s: S, p: *mut f32, tail: Option<S::Tail>, v: S::Vector) {
    // SAFETY: the caller's promise.
    unsafe {
        match tail {
            Some(tail) => s.store_tail(p, tail, v),
            None => s.store(p, v),
        }
    }
}
