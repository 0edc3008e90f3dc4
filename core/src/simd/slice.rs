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
    others: [&mut [f32]; OTHERS],
    ins: [&[f32]; INS],
    f: impl Fn(S::Vector, [S::Vector; OTHERS], [S::Vector; INS]) -> (S::Vector, [S::Vector; OTHERS]),
) {
    let len = out.len();
    let len = others.iter().fold(len, |len, o| len.min(o.len()));
    let len = ins.iter().fold(len, |len, i| len.min(i.len()));
    let out = out.as_mut_ptr();
    let others = others.map(|o| o.as_mut_ptr());
    let ins = ins.map(|i| i.as_ptr());
    let mut i = 0;
    // SAFETY: no index reaches `len`, the shortest length; the tail covers the `len - i < LANES` elements left.
    unsafe {
        while i + S::LANES <= len {
            let (new, new_others) = f(
                s.load(out.add(i)),
                others.map(
                    #[inline(always)]
                    |p| s.load(p.add(i)),
                ),
                ins.map(
                    #[inline(always)]
                    |p| s.load(p.add(i)),
                ),
            );
            s.store(out.add(i), new);
            for (p, v) in others.iter().zip(new_others) {
                s.store(p.add(i), v);
            }
            i += S::LANES;
        }
        if S::LANES > 1 && i < len {
            let tail = s.tail(len - i);
            let (new, new_others) = f(
                s.load_tail(out.add(i), tail),
                others.map(
                    #[inline(always)]
                    |p| s.load_tail(p.add(i), tail),
                ),
                ins.map(
                    #[inline(always)]
                    |p| s.load_tail(p.add(i), tail),
                ),
            );
            s.store_tail(out.add(i), tail, new);
            for (p, v) in others.iter().zip(new_others) {
                s.store_tail(p.add(i), tail, v);
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
    let len = ins.iter().map(|i| i.len()).min().unwrap_or(0);
    let ins = ins.map(|i| i.as_ptr());
    let mut wide = s.wide(s.splat(init));
    let lanes = wide.as_mut();
    let mut start = 0;
    // SAFETY: a vector is read whole only where `i + LANES <= len`, else through a tail of the `len - i` elements.
    unsafe {
        while start + VIRTUAL_LANES <= len {
            for (n, lane) in lanes.iter_mut().enumerate() {
                let i = start + n * S::LANES;
                *lane = step(
                    *lane,
                    ins.map(
                        #[inline(always)]
                        |p| s.load(p.add(i)),
                    ),
                );
            }
            start += VIRTUAL_LANES;
        }
        for (n, lane) in lanes.iter_mut().enumerate() {
            let i = start + n * S::LANES;
            if i + S::LANES <= len {
                *lane = step(
                    *lane,
                    ins.map(
                        #[inline(always)]
                        |p| s.load(p.add(i)),
                    ),
                );
            } else if S::LANES > 1 && i < len {
                // Lanes beyond the end keep what they had: a padding value would have to be neutral for `step`.
                let tail = s.tail(len - i);
                let stepped = step(
                    *lane,
                    ins.map(
                        #[inline(always)]
                        |p| s.load_tail(p.add(i), tail),
                    ),
                );
                *lane = s.select(s.tail_mask(tail), stepped, *lane);
            }
        }
    }
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
