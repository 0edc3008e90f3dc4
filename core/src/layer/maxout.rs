//! The layer of maxima.

use core::ops::Range;

use super::{Layer, Pass, Tensor, TensorName, parts_of, rounds};
use crate::activation::{Activation, Identity};
use crate::flat::{Flat, Pair, Split};
use crate::init::Initializer;
use crate::matmul::{Penalty, Sink, SinkPart, backward_rows, forward_rows, gradient_rows, sum_rows};
use crate::rng::generator;
use crate::rows::{Rows, RowsMut};
use crate::simd::{self, Simd, VIRTUAL_LANES};
use crate::work::Work;

/// Each output is the largest of `PIECES` linear functions of all inputs: `y_o = max over p of z_po`, `z = x w + b`
/// (Goodfellow et al. 2013).
///
/// The gradient of an output goes to the piece that won, the first of those that are equal. NaN in a piece is NaN in the
/// output. It costs as much as a [`super::Dense`] layer with `PIECES` times the outputs, in parameters, too; its tape
/// keeps the pieces beside outputs and deltas. No piece does not compile.
///
/// ```
/// use femto::layer::Maxout;
/// use femto::{Flat, Level, net};
///
/// type Magnitude = net![Maxout<1, 1, 2>];
/// let mut net = Magnitude::ZERO;
/// net.layers.weights = [[[1.0], [-1.0]]]; // max(x, -x)
/// assert_eq!(net.predict(Level::detect(), &[-3.0]), [3.0]);
/// assert_eq!(Magnitude::PARAMETERS, 4);
/// ```
#[derive(Clone, PartialEq, Debug)]
#[repr(C)]
pub struct Maxout<const IN: usize, const OUT: usize, const PIECES: usize> {
    /// `weights[i][p][j]` goes from input i to piece p of output j.
    pub weights: [[[f32; OUT]; PIECES]; IN],
    /// One for each piece of each output.
    pub biases: [[f32; OUT]; PIECES],
}

// SAFETY: `repr(C)` of two arrays of f32: no padding, any bits are valid, nothing is to be dropped.
unsafe impl<const IN: usize, const OUT: usize, const PIECES: usize> Flat for Maxout<IN, OUT, PIECES> {
    const ZERO: Self = {
        assert!(PIECES > 0, "a maximum needs a piece to be taken of");
        Self { weights: Flat::ZERO, biases: Flat::ZERO }
    };

    #[inline]
    fn parts(offset: usize, visit: &mut impl FnMut(Range<usize>, bool)) {
        parts_of::<Self>(offset, visit);
    }
}

/// Biases whose gradient is summed whole. Not an array of rows, which sinks that share a gradient would divide.
#[derive(Clone, PartialEq, Debug)]
#[repr(transparent)]
pub struct Whole<T>(T);

// SAFETY: `repr(transparent)` over a flat value.
unsafe impl<T: Flat> Flat for Whole<T> {
    const ZERO: Self = Self(T::ZERO);
}

// SAFETY: as above: the weights, then the biases, which are as those in a `Whole`.
unsafe impl<const IN: usize, const OUT: usize, const PIECES: usize> Split for Maxout<IN, OUT, PIECES> {
    type First = [[[f32; OUT]; PIECES]; IN];
    type Second = Whole<[[f32; OUT]; PIECES]>;
}

impl<const IN: usize, const OUT: usize, const PIECES: usize> Maxout<IN, OUT, PIECES> {
    /// Numbers in a row of pieces.
    const COLUMNS: usize = PIECES * OUT;

    /// The outputs of some of the rows from their pieces.
    #[inline(always)]
    fn take_largest<S: Simd, W: Work>(
        s: S,
        work: &mut W,
        rows: usize,
        z: Rows<'_, [[f32; OUT]; PIECES]>,
        y: RowsMut<'_, [f32; OUT]>,
    ) {
        let now = work.take(rows, Self::COLUMNS);
        for (z, y) in z.iter().zip(y.into_iter_mut()).skip(now.start).take(now.len()) {
            largest(s, z.as_flattened(), y);
        }
    }

    /// Makes the deltas of some rows of pieces, in their place, from those of the outputs.
    #[inline(always)]
    fn spread_deltas<S: Simd, W: Work>(s: S, work: &mut W, tape: RowsMut<'_, <Self as Layer>::Tape>) {
        let (ends, z) = tape.split();
        let (y, delta) = ends.split();
        let now = work.take(z.len(), Self::COLUMNS);
        let rows = z.into_iter_mut().zip(y.into_rows().iter()).zip(delta.into_iter_mut());
        for ((z, y), delta) in rows.skip(now.start).take(now.len()) {
            give_to_winners(s, z.as_flattened_mut(), y, delta);
        }
    }
}

/// The largest of the pieces of each output, which follow each other in `z`; NaN where one is.
#[inline(always)]
fn largest<S: Simd>(s: S, z: &[f32], y: &mut [f32]) {
    // Out of line: all layers share the loop.
    s.outline(
        #[inline(always)]
        || {
            let (zero_th, rest) = z.split_at_checked(y.len()).unwrap_or_default();
            for (y, z) in y.iter_mut().zip(zero_th) {
                *y = *z;
            }
            let one = s.splat(1.0);
            for z in rest.chunks(y.len().max(1)) {
                simd::zip(
                    s,
                    y,
                    [z],
                    #[inline(always)]
                    |y, [z]| {
                        let is_number = s.lt(s.neg(s.abs(z)), one);
                        s.select(is_number, s.larger(y, z), z)
                    },
                );
            }
        },
    );
}

/// Replaces each number in `z` by the delta of its output where it is the first that is as large as the output, else by
/// 0. The deltas are used up: what is left of one has no winner.
#[inline(always)]
fn give_to_winners<S: Simd>(s: S, z: &mut [f32], y: &[f32], delta: &mut [f32]) {
    s.outline(
        #[inline(always)]
        || {
            let zero = s.splat(0.0);
            for z in z.chunks_mut(y.len().max(1)) {
                simd::update(
                    s,
                    z,
                    &mut [&mut *delta],
                    [y],
                    #[inline(always)]
                    |z, [left], [y]| {
                        // Where the output is NaN nothing is smaller: the first piece takes it.
                        let is_smaller = s.lt(z, y);
                        (s.select(is_smaller, zero, left), [s.select(is_smaller, left, zero)])
                    },
                );
            }
        },
    );
}

impl<const IN: usize, const OUT: usize, const PIECES: usize> Layer for Maxout<IN, OUT, PIECES> {
    type In = [f32; IN];
    type Out = [f32; OUT];
    /// Outputs and deltas; and the pieces, of which the backward pass makes their deltas.
    type Tape = Pair<Pair<[f32; OUT], [f32; OUT]>, [[f32; OUT]; PIECES]>;
    /// The pieces.
    type Scratch = [[f32; OUT]; PIECES];
    type Activation = Identity;

    const LAYERS: usize = 1;
    const MULTIPLY_ACCUMULATES: usize = IN * Self::COLUMNS;

    #[inline(always)]
    fn forward<S: Simd, W: Work>(
        &self,
        s: S,
        work: &mut W,
        _pass: Pass,
        x: Rows<'_, Self::In>,
        tape: RowsMut<'_, Self::Tape>,
    ) {
        let (ends, z) = tape.split();
        let (y, _delta) = ends.split();
        self.infer(s, work, x, z, y);
    }

    #[inline(always)]
    fn ends(tape: RowsMut<'_, Self::Tape>) -> (RowsMut<'_, Self::Out>, RowsMut<'_, Self::Out>) {
        let (ends, _z) = tape.split();
        ends.split()
    }

    #[inline(always)]
    fn outputs(tape: Rows<'_, Self::Tape>) -> Rows<'_, Self::Out> {
        let (ends, _z) = tape.split();
        let (y, _delta) = ends.split();
        y
    }

    #[inline(always)]
    fn backward<S: Simd, W: Work>(&self, s: S, work: &mut W, _pass: Pass, tape: RowsMut<'_, Self::Tape>) {
        Self::spread_deltas(s, work, tape);
    }

    #[inline(always)]
    fn backward_to_inputs<S: Simd, Below: Activation, W: Work>(
        &self,
        s: S,
        work: &mut W,
        _pass: Pass,
        mut tape: RowsMut<'_, Self::Tape>,
        x: Rows<'_, Self::In>,
        dx: RowsMut<'_, Self::In>,
    ) {
        Self::spread_deltas(s, work, tape.reborrow());
        let (_ends, dz) = tape.into_rows().split();
        let inputs = work.take(IN, Self::COLUMNS * x.len());
        backward_rows::<S, Below, _, IN>(s, inputs, dz, &self.weights, (x, dx));
    }

    #[inline(always)]
    fn gradient<S: Simd, K: Sink, W: Work>(
        s: S,
        work: &mut W,
        x: Rows<'_, Self::In>,
        tape: Rows<'_, Self::Tape>,
        part: SinkPart<'_, K, Self>,
    ) {
        let (_ends, dz) = tape.split();
        let (weights, biases) = part.split();
        let cost = Self::COLUMNS * (x.len() + K::COST);
        let inputs = work.take(IN, cost);
        gradient_rows(s, inputs, x, dz, weights);
        if !work.take(1, cost).is_empty() {
            sum_rows(s, dz, biases);
        }
    }

    #[inline(always)]
    fn infer<S: Simd, W: Work>(
        &self,
        s: S,
        work: &mut W,
        x: Rows<'_, Self::In>,
        mut scratch: RowsMut<'_, Self::Scratch>,
        y: RowsMut<'_, Self::Out>,
    ) {
        let columns = work.take(Self::COLUMNS, IN * x.len());
        forward_rows::<S, Identity, _, IN>(s, columns, x, (&self.weights, &self.biases), scratch.reborrow());
        Self::take_largest(s, work, x.len(), scratch.into_rows(), y);
    }

    #[inline(always)]
    fn add_penalty<S: Simd, W: Work>(&self, s: S, work: &mut W, penalty: Penalty, lanes: &mut [f32; VIRTUAL_LANES]) {
        penalty.add_value(s, lanes, rounds(work, self.weights.as_flattened().as_flattened()));
    }

    fn init(&mut self, initializer: &Initializer, seed: u64, first: usize) {
        let stream = (first as u64).wrapping_mul(2);
        let weights = self.weights.as_flattened_mut().as_flattened_mut();
        initializer.weights.fill(weights, IN, OUT, &mut generator(seed, stream));
        let biases = self.biases.as_flattened_mut();
        initializer.biases.fill(biases, IN, OUT, &mut generator(seed, stream.wrapping_add(1)));
    }

    fn tensors(first: usize, offset: usize, visit: &mut impl FnMut(Tensor)) {
        let columns = Self::COLUMNS;
        visit(Tensor { layer: first, name: TensorName::Weight, rows: IN, columns, offset });
        let biases = offset.saturating_add(IN * columns);
        visit(Tensor { layer: first, name: TensorName::Bias, rows: 1, columns, offset: biases });
    }
}
