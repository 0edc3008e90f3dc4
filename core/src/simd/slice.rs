//! Safe loops over slices: what lets `math`, `loss` and `optimizer` be written without unsafe code.

use super::Simd;

/// Replaces each element `x` by `f(x)`.
#[inline(always)]
pub fn map<S: Simd>(s: S, xs: &mut [f32], f: impl Fn(S::Vector) -> S::Vector) {
    let (p, len) = (xs.as_mut_ptr(), xs.len());
    let mut i = 0;
    // SAFETY: no vector is whole beyond `len`, and the tail covers the `len - i < LANES` elements that are left.
    unsafe {
        if S::TWO_IN_FLIGHT {
            while i + 2 * S::LANES <= len {
                let (a, b) = (s.load(p.add(i)), s.load(p.add(i + S::LANES)));
                let (a, b) = (f(a), f(b));
                s.store(p.add(i), a);
                s.store(p.add(i + S::LANES), b);
                i += 2 * S::LANES;
            }
        }
        while i + S::LANES <= len {
            s.store(p.add(i), f(s.load(p.add(i))));
            i += S::LANES;
        }
        if S::LANES > 1 && i < len {
            s.store_first(p.add(i), len - i, f(s.load_tail(p.add(i), s.tail(len - i))));
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
            update_at(s, i, Some(len - i), (out, &others), &ins, &f);
        }
    }
}

/// One vector of [`update_places`] without slices to read, from element `i` on; its first `lanes` if there is such a
/// number.
///
/// # Safety
/// * The places have these lanes, which nobody else uses meanwhile.
#[inline(always)]
pub(crate) unsafe fn update_vector<S: Simd, const OTHERS: usize>(
    s: S,
    i: usize,
    lanes: Option<usize>,
    places: (*mut f32, &[*mut f32; OTHERS]),
    f: impl Fn(S::Vector, [S::Vector; OTHERS], [S::Vector; 0]) -> (S::Vector, [S::Vector; OTHERS]),
) {
    // SAFETY: the caller's promise.
    unsafe { update_at(s, i, lanes, places, &[], &f) }
}

/// One vector of each slice of [`update`], from element `i` on, the first `lanes` of it if there is such a number.
///
/// # Safety
/// * All slices have these lanes.
#[inline(always)]
unsafe fn update_at<S: Simd, const OTHERS: usize, const INS: usize>(
    s: S,
    i: usize,
    lanes: Option<usize>,
    (out, others): (*mut f32, &[*mut f32; OTHERS]),
    ins: &[&[f32]; INS],
    f: &impl Fn(S::Vector, [S::Vector; OTHERS], [S::Vector; INS]) -> (S::Vector, [S::Vector; OTHERS]),
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut old = [s.splat(0.0); OTHERS];
        let mut j = 0;
        while j < OTHERS {
            old[j] = load_part(s, others[j].add(i), lanes);
            j += 1;
        }
        let p = out.add(i);
        let (new, new_others) = f(load_part(s, p, lanes), old, load_each(s, ins, i, lanes));
        store_part(s, p, lanes, new);
        let mut j = 0;
        while j < OTHERS {
            store_part(s, others[j].add(i), lanes, new_others[j]);
            j += 1;
        }
    }
}

/// The smallest of `most` and the lengths of the slices.
#[inline(always)]
pub(super) fn shortest<const INS: usize>(ins: &[&[f32]; INS], most: usize) -> usize {
    let mut len = most;
    let mut j = 0;
    while j < INS {
        len = len.min(ins[j].len());
        j += 1;
    }
    len
}

/// A vector of each slice, from element `i` on, the first `lanes` of it if there is such a number.
///
/// # Safety
/// * Each slice has these lanes.
#[inline(always)]
pub(super) unsafe fn load_each<S: Simd, const INS: usize>(
    s: S,
    ins: &[&[f32]; INS],
    i: usize,
    lanes: Option<usize>,
) -> [S::Vector; INS] {
    let mut vectors = [s.splat(0.0); INS];
    let mut j = 0;
    while j < INS {
        // SAFETY: the caller's promise.
        vectors[j] = unsafe { load_part(s, ins[j].as_ptr().add(i), lanes) };
        j += 1;
    }
    vectors
}

/// A vector, the first `lanes` of it if there is such a number.
///
/// # Safety
/// * `p` is valid for reads of these lanes.
#[inline(always)]
pub(crate) unsafe fn load_part<S: Simd>(s: S, p: *const f32, lanes: Option<usize>) -> S::Vector {
    // SAFETY: the caller's promise.
    unsafe {
        match lanes {
            Some(n) => s.load_tail(p, s.tail(n)),
            None => s.load(p),
        }
    }
}

/// Writes a vector, the first `lanes` of it if there is such a number.
///
/// # Safety
/// * `p` is valid for writes of these lanes.
#[inline(always)]
unsafe fn store_part<S: Simd>(s: S, p: *mut f32, lanes: Option<usize>, v: S::Vector) {
    // SAFETY: the caller's promise.
    unsafe {
        match lanes {
            Some(n) if S::STORES_FIRST => s.store_first(p, n, v),
            Some(n) => s.store_tail(p, s.tail(n), v),
            None => s.store(p, v),
        }
    }
}
