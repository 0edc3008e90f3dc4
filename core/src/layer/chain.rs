//! One layer after another.

use core::ops::Range;

use super::{Layer, Pass, Tensor, VisitOutputs, parts_of};
use crate::activation::Activation;
use crate::flat::{Flat, Pair, Split};
use crate::init::Initializer;
use crate::matmul::{Penalty, Sink, SinkPart};
use crate::rows::{Rows, RowsMut};
use crate::simd::{Simd, VIRTUAL_LANES};
use crate::work::Work;

/// `head`, then `tail` on its outputs. Longer chains nest in the tail; [`crate::net`] writes them.
#[derive(Clone, PartialEq, Debug)]
#[repr(C)]
pub struct Chain<A: Layer, B: Layer<In = A::Out>> {
    /// What comes first.
    pub head: A,
    /// What takes its outputs.
    pub tail: B,
}

// SAFETY: `repr(C)` of two flat values: no padding, any bits are valid, nothing is to be dropped.
unsafe impl<A: Layer, B: Layer<In = A::Out>> Flat for Chain<A, B> {
    const ZERO: Self = Self { head: A::ZERO, tail: B::ZERO };

    #[inline]
    fn parts(offset: usize, visit: &mut impl FnMut(Range<usize>, bool)) {
        parts_of::<Self>(offset, visit);
    }
}

// SAFETY: as above: the head, then the tail.
unsafe impl<A: Layer, B: Layer<In = A::Out>> Split for Chain<A, B> {
    type First = A;
    type Second = B;
}

impl<A: Layer, B: Layer<In = A::Out>> Layer for Chain<A, B> {
    type In = A::In;
    type Out = B::Out;
    type Tape = Pair<A::Tape, B::Tape>;
    /// The outputs of the head, and what both need inside.
    type Scratch = Pair<A::Out, Pair<A::Scratch, B::Scratch>>;
    type Activation = B::Activation;

    const LAYERS: usize = A::LAYERS + B::LAYERS;
    const MULTIPLY_ACCUMULATES: usize = A::MULTIPLY_ACCUMULATES + B::MULTIPLY_ACCUMULATES;

    #[inline(always)]
    fn forward<S: Simd, W: Work>(
        &self,
        s: S,
        work: &mut W,
        pass: Pass,
        x: Rows<'_, Self::In>,
        tape: RowsMut<'_, Self::Tape>,
    ) {
        let (mut head, tail) = tape.split();
        self.head.forward(s, work, pass, x, head.reborrow());
        let (y, _delta) = A::ends(head);
        self.tail.forward(s, work, pass.behind(A::LAYERS), y.into_rows(), tail);
    }

    #[inline(always)]
    fn ends(tape: RowsMut<'_, Self::Tape>) -> (RowsMut<'_, Self::Out>, RowsMut<'_, Self::Out>) {
        let (_head, tail) = tape.split();
        B::ends(tail)
    }

    #[inline(always)]
    fn outputs(tape: Rows<'_, Self::Tape>) -> Rows<'_, Self::Out> {
        let (_head, tail) = tape.split();
        B::outputs(tail)
    }

    fn visit_outputs(first: usize, tape: Rows<'_, Self::Tape>, visitor: &mut impl VisitOutputs) {
        let (head, tail) = tape.split();
        A::visit_outputs(first, head, visitor);
        B::visit_outputs(first.saturating_add(A::LAYERS), tail, visitor);
    }

    #[inline(always)]
    fn backward<S: Simd, W: Work>(&self, s: S, work: &mut W, pass: Pass, tape: RowsMut<'_, Self::Tape>) {
        let (mut head, tail) = tape.split();
        let (y, delta) = A::ends(head.reborrow());
        let behind = pass.behind(A::LAYERS);
        self.tail.backward_to_inputs::<S, A::Activation, W>(s, work, behind, tail, y.into_rows(), delta);
        self.head.backward(s, work, pass, head);
    }

    #[inline(always)]
    fn backward_to_inputs<S: Simd, Below: Activation, W: Work>(
        &self,
        s: S,
        work: &mut W,
        pass: Pass,
        tape: RowsMut<'_, Self::Tape>,
        x: Rows<'_, Self::In>,
        dx: RowsMut<'_, Self::In>,
    ) {
        let (mut head, tail) = tape.split();
        let (y, delta) = A::ends(head.reborrow());
        let behind = pass.behind(A::LAYERS);
        self.tail.backward_to_inputs::<S, A::Activation, W>(s, work, behind, tail, y.into_rows(), delta);
        self.head.backward_to_inputs::<S, Below, W>(s, work, pass, head, x, dx);
    }

    #[inline(always)]
    fn gradient<S: Simd, K: Sink, W: Work>(
        s: S,
        work: &mut W,
        x: Rows<'_, Self::In>,
        tape: Rows<'_, Self::Tape>,
        part: SinkPart<'_, K, Self>,
    ) {
        let (head, tail) = tape.split();
        let (head_part, tail_part) = part.split();
        A::gradient(s, work, x, head, head_part);
        B::gradient(s, work, A::outputs(head), tail, tail_part);
    }

    #[inline(always)]
    fn infer<S: Simd, W: Work>(
        &self,
        s: S,
        work: &mut W,
        x: Rows<'_, Self::In>,
        scratch: RowsMut<'_, Self::Scratch>,
        y: RowsMut<'_, Self::Out>,
    ) {
        let (mut between, inside) = scratch.split();
        let (head, tail) = inside.split();
        self.head.infer(s, work, x, head, between.reborrow());
        self.tail.infer(s, work, between.into_rows(), tail, y);
    }

    #[inline(always)]
    fn add_penalty<S: Simd, W: Work>(&self, s: S, work: &mut W, penalty: Penalty, lanes: &mut [f32; VIRTUAL_LANES]) {
        self.head.add_penalty(s, work, penalty, lanes);
        self.tail.add_penalty(s, work, penalty, lanes);
    }

    fn init(&mut self, initializer: &Initializer, seed: u64, first: usize) {
        self.head.init(initializer, seed, first);
        self.tail.init(initializer, seed, first.saturating_add(A::LAYERS));
    }

    fn tensors(first: usize, offset: usize, visit: &mut impl FnMut(Tensor)) {
        A::tensors(first, offset, visit);
        B::tensors(first.saturating_add(A::LAYERS), offset.saturating_add(A::LEN), visit);
    }
}
