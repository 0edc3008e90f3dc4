//! Where gradients go: a finished tile of dW is handed to a sink, which adds it to a gradient or updates the
//! parameters at once.

use core::marker::PhantomData;
use core::ops::Range;

use super::penalty::Penalty;
use crate::flat::{Flat, Split};
use crate::simd::Simd;

/// What becomes of a finished piece of the gradient. Indices count numbers from the start of the whole parameter
/// value.
///
/// # Safety
/// * `place` returns memory of the gradient at that index, valid for as many numbers as the parameter value has behind
///   it, or is never called because [`Self::HAS_PLACE`] is false.
pub unsafe trait Sink: Copy {
    /// The gradient has a place in memory, where partial sums may wait and new ones are added to what is there.
    const HAS_PLACE: bool;
    /// What taking one number costs, in multiply-accumulates; by this, work in slices keeps to its budget.
    const COST: usize;
    /// Whether [`Self::keeps_at_zero_gradient`] can be true.
    const MAY_KEEP: bool;
    /// Whether [`Self::of`] makes a difference.
    const GROUPED: bool = false;
    /// Others work on the same gradient at the same time, and on what it changes.
    const IS_SHARED: bool = false;
    /// The place of the gradient of parameter `index`.
    fn place(self, index: usize) -> *mut f32;
    /// Says that so many numbers from `index` on are being worked on, and will be finished soon.
    #[inline(always)]
    fn will_finish(self, _index: usize, _numbers: usize) {}
    /// Takes the finished gradient of the parameters from `index` on; where the sink has a place, `gradient` is that
    /// place. `penalised` parameters are those that the penalty counts: weights, not biases.
    ///
    /// # Safety
    /// * The parameter value has the numbers `index..index + gradient.len()`, and no other thread works on them;
    /// * unless the sink has a place, `gradient` overlaps nothing that the sink was made from.
    unsafe fn finish<S: Simd>(self, s: S, index: usize, gradient: &mut [f32], penalised: bool);

    /// The sink for the tensor that the parameter `index` is part of; [`Self::finish`] needs no such call,
    /// [`Self::keeps_at_zero_gradient`] and [`Self::finish_vectors`] do.
    #[inline(always)]
    #[must_use]
    fn of(self, _index: usize, _penalised: bool) -> Self {
        self
    }

    /// The penalty. [`Self::finish_vectors`] is told as a type whether there is one.
    fn penalty(self) -> Penalty;

    /// Whether a gradient of +0 changes nothing, penalty aside.
    fn keeps_at_zero_gradient(self) -> bool;

    /// Which of the `rows` rows of a tensor the sink takes: all, unless it is one of several that share a gradient.
    #[inline(always)]
    fn share(self, rows: usize) -> Range<usize> {
        0..rows
    }

    /// [`Self::finish`] for a gradient in `NV` vectors that follow each other in memory, the first `lanes` of each if
    /// there is such a number; for sinks without a place. Where they are `PENALISED`, the penalty is one of L2 alone.
    ///
    /// # Safety
    /// * The parameter value has these numbers from `index` on, and no other thread works on them.
    unsafe fn finish_vectors<S: Simd, const PENALISED: bool, const NV: usize>(
        self,
        s: S,
        index: usize,
        gradient: [S::Vector; NV],
        lanes: Option<usize>,
    );
}

/// The part of a sink that belongs to a part `T` of the parameters.
///
/// Holding one is the permission to write the gradient of that part, or of the rows of it that are the sink's
/// [share](Sink::share): it comes from an exclusive borrow of the whole and can only be divided, never copied.
#[derive(Debug)]
pub struct SinkPart<'a, K, T> {
    sink: K,
    base: usize,
    lifetime: PhantomData<&'a mut T>,
}

impl<'a, K: Sink, T: Flat> SinkPart<'a, K, T> {
    /// # Safety
    /// * `sink` was made from exclusive borrows for `'a` of values of type `T`.
    #[inline(always)]
    pub(crate) const unsafe fn whole(sink: K) -> Self {
        Self { sink, base: 0, lifetime: PhantomData }
    }

    /// The sink and the index of the first number of `T`.
    ///
    /// Who calls it keeps to the share of the sink, and takes every value of type `T` for the same number of rows: sinks
    /// that share a gradient own different rows of a tensor only if all of them count its rows alike. An array of N rows
    /// has N rows; any other type is one row.
    #[inline(always)]
    pub(super) fn into_raw(self) -> (K, usize) {
        (self.sink, self.base)
    }

    /// The two parts of a divisible value.
    #[inline(always)]
    #[must_use]
    pub fn split(self) -> (SinkPart<'a, K, T::First>, SinkPart<'a, K, T::Second>)
    where
        T: Split,
    {
        let Self { sink, base, lifetime: _ } = self;
        let second = base + T::First::LEN;
        (SinkPart { sink, base, lifetime: PhantomData }, SinkPart { sink, base: second, lifetime: PhantomData })
    }
}

// SAFETY: stands for an exclusive borrow of some rows of a `T`, and for shared ones of others where a sink reads them.
// Only sinks of this crate are ever in a part, and they hold nothing else but rules, which are `Send`.
unsafe impl<K: Sink, T: Flat> Send for SinkPart<'_, K, T> {}

impl<'a, K: Sink, T: Flat> SinkPart<'a, K, T> {
    /// `of` parts, each of which takes its share of the rows of every tensor; at least one, and 65,536 at the most.
    ///
    /// No two own the same number: each index is given out once, shares of different indices are different rows
    /// ([`Shared::share`]), and rows of a type are counted in one way ([`Self::into_raw`]).
    #[inline]
    pub(crate) fn shares(self, of: usize) -> impl ExactSizeIterator<Item = SinkPart<'a, Shared<K>, T>> {
        let Self { sink, base, lifetime } = self;
        let of = of.clamp(1, 1 << 16);
        (0..of).map(move |index| SinkPart { sink: Shared { sink, index, of }, base, lifetime })
    }
}

/// One of several sinks, on as many threads, that share a gradient: each takes other rows of every tensor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared<K> {
    sink: K,
    index: usize,
    of: usize,
}

// SAFETY: as the sink that is shared.
unsafe impl<K: Sink> Sink for Shared<K> {
    const HAS_PLACE: bool = K::HAS_PLACE;
    const COST: usize = K::COST;
    const MAY_KEEP: bool = K::MAY_KEEP;
    const GROUPED: bool = K::GROUPED;
    const IS_SHARED: bool = true;

    #[inline(always)]
    fn place(self, index: usize) -> *mut f32 {
        self.sink.place(index)
    }

    #[inline(always)]
    fn will_finish(self, index: usize, numbers: usize) {
        self.sink.will_finish(index, numbers);
    }

    #[inline(always)]
    unsafe fn finish<S: Simd>(self, s: S, index: usize, gradient: &mut [f32], penalised: bool) {
        // SAFETY: the caller's promises.
        unsafe { self.sink.finish(s, index, gradient, penalised) }
    }

    #[inline(always)]
    fn of(self, index: usize, penalised: bool) -> Self {
        Self { sink: self.sink.of(index, penalised), ..self }
    }

    #[inline(always)]
    fn penalty(self) -> Penalty {
        self.sink.penalty()
    }

    #[inline(always)]
    fn keeps_at_zero_gradient(self) -> bool {
        self.sink.keeps_at_zero_gradient()
    }

    /// Row boundaries are monotonic in the index, so that shares do not overlap and leave nothing out.
    #[inline]
    fn share(self, rows: usize) -> Range<usize> {
        let of = self.of.max(1);
        // `rows * index / of` without the product, which may be too large; the indices are below 2^17.
        let (all, rest) = (rows / of, rows % of);
        let boundary = |index: usize| all.wrapping_mul(index).wrapping_add(rest.wrapping_mul(index) / of);
        boundary(self.index)..boundary(self.index.wrapping_add(1))
    }

    #[inline(always)]
    unsafe fn finish_vectors<S: Simd, const PENALISED: bool, const NV: usize>(
        self,
        s: S,
        index: usize,
        gradient: [S::Vector; NV],
        lanes: Option<usize>,
    ) {
        // SAFETY: the caller's promises.
        unsafe { self.sink.finish_vectors::<S, PENALISED, NV>(s, index, gradient, lanes) }
    }
}

/// Adds to a gradient, and to it the gradient of the penalty.
#[derive(Clone, Copy, Debug)]
pub struct Accumulate {
    gradient: *mut f32,
    parameters: *const f32,
    penalty: Penalty,
}

impl Accumulate {
    /// A sink that adds to `gradient`. `parameters` are what the penalty counts.
    #[inline(always)]
    #[must_use]
    pub fn part<'a, T: Flat>(gradient: &'a mut T, parameters: &'a T, penalty: Penalty) -> SinkPart<'a, Self, T> {
        let (gradient, parameters) = (gradient.as_mut_slice().as_mut_ptr(), parameters.as_slice().as_ptr());
        let sink = Self { gradient, parameters, penalty };
        // SAFETY: made from exclusive (and, for what is only read, shared) borrows for `'a`.
        unsafe { SinkPart::whole(sink) }
    }
}

// SAFETY: `gradient` points to a whole parameter value.
unsafe impl Sink for Accumulate {
    const HAS_PLACE: bool = true;
    const COST: usize = 1;
    const MAY_KEEP: bool = false;

    #[inline(always)]
    fn place(self, index: usize) -> *mut f32 {
        self.gradient.wrapping_add(index)
    }

    #[inline(always)]
    unsafe fn finish<S: Simd>(self, s: S, index: usize, gradient: &mut [f32], penalised: bool) {
        if !penalised || self.penalty.is_none() {
            return;
        }
        // SAFETY: the caller promises that the parameter value has these numbers; nobody writes them meanwhile.
        let parameters = unsafe { core::slice::from_raw_parts(self.parameters.add(index), gradient.len()) };
        self.penalty.add_gradient(s, gradient, parameters);
    }

    #[inline(always)]
    fn penalty(self) -> Penalty {
        self.penalty
    }

    #[inline(always)]
    fn keeps_at_zero_gradient(self) -> bool {
        false
    }

    /// Never called: this sink has a place.
    #[inline(always)]
    unsafe fn finish_vectors<S: Simd, const PENALISED: bool, const NV: usize>(
        self,
        _s: S,
        _index: usize,
        _gradient: [S::Vector; NV],
        _lanes: Option<usize>,
    ) {
    }
}
