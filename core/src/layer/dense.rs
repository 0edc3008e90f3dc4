//! The fully connected layer.

use core::marker::PhantomData;
use core::ops::Range;

use super::{Layer, Pass, Tensor, TensorName, parts_of, rounds};
use crate::activation::{Activation, Identity};
use crate::flat::{Flat, Pair, Split};
use crate::init::Initializer;
use crate::matmul::{Penalty, Sink, SinkPart, backward_rows, forward_rows, gradient_rows, sum_rows};
use crate::rng::generator;
use crate::rows::{Rows, RowsMut};
use crate::simd::{Simd, VIRTUAL_LANES};
use crate::work::Work;

/// Every input to every output: `y = A(x w + b)`, with `w` of shape IN x OUT.
///
/// PyTorch stores `Linear.weight` as OUT x IN: transpose on import.
#[derive(Clone, PartialEq, Debug)]
#[repr(C)]
pub struct Dense<const IN: usize, const OUT: usize, A = Identity> {
    /// `weights[i][j]` goes from input i to output j.
    pub weights: [[f32; OUT]; IN],
    /// One for each output.
    pub biases: [f32; OUT],
    activation: PhantomData<A>,
}

// SAFETY: `repr(C)` of two arrays of f32 and a type without size and with alignment 1: no padding, any bits are valid,
// nothing is to be dropped.
unsafe impl<const IN: usize, const OUT: usize, A: Activation> Flat for Dense<IN, OUT, A> {
    const ZERO: Self = Self { weights: Flat::ZERO, biases: Flat::ZERO, activation: PhantomData };

    #[inline]
    fn parts(offset: usize, visit: &mut impl FnMut(Range<usize>, bool)) {
        parts_of::<Self>(offset, visit);
    }
}

// SAFETY: as above: the weights, then the biases.
unsafe impl<const IN: usize, const OUT: usize, A: Activation> Split for Dense<IN, OUT, A> {
    type First = [[f32; OUT]; IN];
    type Second = [f32; OUT];
}

impl<const IN: usize, const OUT: usize, A: Activation> Layer for Dense<IN, OUT, A> {
    type In = [f32; IN];
    type Out = [f32; OUT];
    /// Outputs and deltas.
    type Tape = Pair<[f32; OUT], [f32; OUT]>;
    type Scratch = [f32; 0];
    type Activation = A;

    const LAYERS: usize = 1;
    const MULTIPLY_ACCUMULATES: usize = IN * OUT;

    #[inline(always)]
    fn forward<S: Simd, W: Work>(
        &self,
        s: S,
        work: &mut W,
        _pass: Pass,
        x: Rows<'_, Self::In>,
        tape: RowsMut<'_, Self::Tape>,
    ) {
        let (y, _delta) = tape.split();
        let outputs = work.take(OUT, IN * x.len());
        forward_rows::<S, A, _, IN>(s, outputs, x, (&self.weights, &self.biases), y);
    }

    #[inline(always)]
    fn ends(tape: RowsMut<'_, Self::Tape>) -> (RowsMut<'_, Self::Out>, RowsMut<'_, Self::Out>) {
        tape.split()
    }

    #[inline(always)]
    fn outputs(tape: Rows<'_, Self::Tape>) -> Rows<'_, Self::Out> {
        let (y, _delta) = tape.split();
        y
    }

    #[inline(always)]
    fn backward<S: Simd, W: Work>(&self, _s: S, _work: &mut W, _pass: Pass, _tape: RowsMut<'_, Self::Tape>) {}

    #[inline(always)]
    fn backward_to_inputs<S: Simd, Below: Activation, W: Work>(
        &self,
        s: S,
        work: &mut W,
        _pass: Pass,
        tape: RowsMut<'_, Self::Tape>,
        x: Rows<'_, Self::In>,
        dx: RowsMut<'_, Self::In>,
    ) {
        let (_y, delta) = tape.into_rows().split();
        let inputs = work.take(IN, OUT * x.len());
        backward_rows::<S, Below, _, IN>(s, inputs, delta, &self.weights, (x, dx));
    }

    #[inline(always)]
    fn gradient<S: Simd, K: Sink, W: Work>(
        s: S,
        work: &mut W,
        x: Rows<'_, Self::In>,
        tape: Rows<'_, Self::Tape>,
        part: SinkPart<'_, K, Self>,
    ) {
        let (_y, delta) = tape.split();
        let (weights, biases) = part.split();
        let cost = OUT * (x.len() + K::COST);
        let inputs = work.take(IN, cost);
        gradient_rows(s, inputs, x, delta, weights);
        if !work.take(1, cost).is_empty() {
            sum_rows(s, delta, biases);
        }
    }

    #[inline(always)]
    fn infer<S: Simd, W: Work>(
        &self,
        s: S,
        work: &mut W,
        x: Rows<'_, Self::In>,
        _scratch: RowsMut<'_, Self::Scratch>,
        y: RowsMut<'_, Self::Out>,
    ) {
        let outputs = work.take(OUT, IN * x.len());
        forward_rows::<S, A, _, IN>(s, outputs, x, (&self.weights, &self.biases), y);
    }

    #[inline(always)]
    fn add_penalty<S: Simd, W: Work>(&self, s: S, work: &mut W, penalty: Penalty, lanes: &mut [f32; VIRTUAL_LANES]) {
        penalty.add_value(s, lanes, rounds(work, self.weights.as_flattened()));
    }

    fn init(&mut self, initializer: &Initializer, seed: u64, first: usize) {
        let stream = (first as u64).wrapping_mul(2);
        initializer.weights.fill(self.weights.as_flattened_mut(), IN, OUT, &mut generator(seed, stream));
        initializer.biases.fill(&mut self.biases, IN, OUT, &mut generator(seed, stream.wrapping_add(1)));
    }

    fn tensors(first: usize, offset: usize, visit: &mut impl FnMut(Tensor)) {
        visit(Tensor { layer: first, name: TensorName::Weight, rows: IN, columns: OUT, offset });
        let biases = offset.saturating_add(IN * OUT);
        visit(Tensor { layer: first, name: TensorName::Bias, rows: 1, columns: OUT, offset: biases });
    }
}
