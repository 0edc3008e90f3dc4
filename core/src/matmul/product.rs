//! The three products over places in memory, and over the rows of layers.

use core::marker::PhantomData;
use core::ops::Range;

use super::destination::{Delta, Output, StartValues, ToSink};
use super::drive::{Destination, Operands, Part, is_one_tile, one_tile, run};
use super::epilogue::Epilogue;
use super::panel::{by_blocks, by_panels};
use super::penalty::Penalty;
use super::rank_one::{Outer, rank_one};
use super::sink::{Sink, SinkPart};
use super::tile::form;
use crate::activation::Activation;
use crate::flat::Flat;
use crate::rows::{Rows, RowsMut};
use crate::simd::Simd;

/// NN: `a` m x k, `b` k x n.
///
/// # Safety
/// * As [`run`].
#[inline(always)]
pub(super) unsafe fn nn<S: Simd, D: Destination<S>>(
    s: S,
    epilogue: Epilogue,
    operands: &Operands,
    destination: &mut D,
) {
    // SAFETY: the caller's promise.
    unsafe { by_blocks::<S, D, { form::NN }>(s, epilogue, operands, destination) }
}

/// NN of sizes that are known, straight through one tile where one is enough: for the smallest products the way through
/// the loops takes longer than the product.
///
/// # Safety
/// * As [`run`].
#[inline(always)]
pub(super) unsafe fn nn_fixed<S: Simd, D: Destination<S>, const M: usize, const N: usize>(
    s: S,
    epilogue: Epilogue,
    operands: &Operands,
    destination: &mut D,
) {
    // SAFETY: the caller's promise; the tile is as large as the product.
    unsafe {
        if const { is_one_tile::<S>(M, N, 1) } {
            one_tile::<S, D, M, 1>(s, epilogue, operands, destination);
        } else if const { is_one_tile::<S>(M, N, 2) } {
            one_tile::<S, D, M, 2>(s, epilogue, operands, destination);
        } else {
            nn(s, epilogue, operands, destination);
        }
    }
}

/// TN: `a` k x m, `b` k x n.
///
/// # Safety
/// * As [`run`].
#[inline(always)]
pub(super) unsafe fn tn<S: Simd, D: Destination<S>>(s: S, operands: &Operands, destination: &mut D) {
    // SAFETY: the caller's promise.
    unsafe { by_blocks::<S, D, { form::TN }>(s, Epilogue::Keep, operands, destination) }
}

/// NT: `a` m x k, `b` n x k. Single numbers read `b` as it lies, vectors need its transpose.
///
/// # Safety
/// * As [`run`].
#[inline(always)]
pub(super) unsafe fn nt<S: Simd, D: Destination<S>>(s: S, operands: &Operands, destination: &mut D) {
    // SAFETY: the caller's promise.
    unsafe {
        if const { S::LANES == 1 } {
            run::<S, D, { form::NT }>(s, Epilogue::Keep, operands, Part::WHOLE, destination);
        } else {
            by_panels::<S, D, { form::NT }>(s, Epilogue::Keep, operands, destination);
        }
    }
}

/// The ends of a range, cut to `0..len`: the layers' memory does not hang on what a caller's work says.
#[inline(always)]
fn within(range: Range<usize>, len: usize) -> (usize, usize) {
    let end = range.end.min(len);
    (range.start.min(end), end)
}

/// Forward pass of a dense layer, `y = A(x w + bias)`, for some of the outputs. A row of outputs, here and below, is an
/// array of numbers, however deep.
#[inline(always)]
pub(crate) fn forward_rows<S: Simd, A: Activation, Y: Flat, const IN: usize>(
    s: S,
    outputs: Range<usize>,
    x: Rows<'_, [f32; IN]>,
    (w, bias): (&[Y; IN], &Y),
    mut y: RowsMut<'_, Y>,
) {
    let (from, end) = within(outputs, Y::LEN);
    let m = x.len().min(y.len());
    let b = w.as_ptr().cast::<f32>().wrapping_add(from);
    let operands = Operands { m, k: IN, n: end - from, a: x.as_ptr(), lda: x.stride(), b, ldb: Y::LEN };
    let (stride, start) = (y.stride(), StartValues::Bias(bias.as_slice().as_ptr().wrapping_add(from)));
    let mut output = Output::<A>::new(start, y.as_mut_ptr().wrapping_add(from), stride);
    // SAFETY: the shapes fit by their types and the range lies within them; `y` is borrowed exclusively, so it overlaps
    // nothing.
    unsafe { nn(s, A::EPILOGUE, &operands, &mut output) }
}

/// Delta of the layer below a dense layer, `dx = A'(x) * (dy w^T)`, for some of the inputs; `x` are the outputs of that
/// layer and `A` is its activation.
#[inline(always)]
pub(crate) fn backward_rows<S: Simd, A: Activation, Y: Flat, const IN: usize>(
    s: S,
    inputs: Range<usize>,
    dy: Rows<'_, Y>,
    w: &[Y; IN],
    (x, mut dx): (Rows<'_, [f32; IN]>, RowsMut<'_, [f32; IN]>),
) {
    let (from, end) = within(inputs, IN);
    let m = dy.len().min(x.len()).min(dx.len());
    let b = w.as_ptr().wrapping_add(from).cast();
    let operands = Operands { m, k: Y::LEN, n: end - from, a: dy.as_ptr(), lda: dy.stride(), b, ldb: Y::LEN };
    let mut delta = Delta::<A> {
        stride: dx.stride(),
        at: dx.as_mut_ptr().wrapping_add(from),
        outputs: x.as_ptr().wrapping_add(from),
        outputs_stride: x.stride(),
        activation: PhantomData,
    };
    // SAFETY: the shapes fit by their types and the range lies within them; `dx` is borrowed exclusively, so it
    // overlaps nothing.
    unsafe { nt(s, &operands, &mut delta) }
}

/// Gradient of some rows of the weights of a dense layer, `dw = x^T dy`, handed to the sink if they are of its share;
/// samples are summed in order.
#[inline(always)]
pub(crate) fn gradient_rows<S: Simd, K: Sink, Y: Flat, const IN: usize>(
    s: S,
    inputs: Range<usize>,
    x: Rows<'_, [f32; IN]>,
    dy: Rows<'_, Y>,
    part: SinkPart<'_, K, [Y; IN]>,
) {
    let (sink, base) = part.into_raw();
    let share = sink.share(IN);
    let (from, end) = within(inputs.start.max(share.start)..inputs.end.min(share.end), IN);
    let k = x.len().min(dy.len());
    let a = x.as_ptr().wrapping_add(from);
    let operands = Operands { m: end - from, k, n: Y::LEN, a, lda: x.stride(), b: dy.as_ptr(), ldb: dy.stride() };
    let place = SinkPlace { sink, base: base + from * Y::LEN, penalised: true };
    // SAFETY: the shapes fit by their types and the range lies within them; the rows are of the sink's share, are held
    // exclusively and overlap no operand.
    unsafe { tn_into(s, &operands, place) }
}

/// Gradient of the bias of a dense layer: the sum of the rows of `dy`, in order, handed to the sink if it is of its share.
#[inline(always)]
pub(crate) fn sum_rows<S: Simd, K: Sink, Y: Flat, B: Flat>(s: S, dy: Rows<'_, Y>, part: SinkPart<'_, K, B>) {
    const { assert!(B::LEN == Y::LEN, "a bias for each number of a row") };
    // The product of a row of ones with `dy`: 1 * d + sum is the rounded sum in both classes.
    const ONE: &f32 = &1.0;
    let (sink, base) = part.into_raw();
    if sink.share(1).is_empty() {
        return;
    }
    let operands = Operands { m: 1, k: dy.len(), n: Y::LEN, a: ONE, lda: 0, b: dy.as_ptr(), ldb: dy.stride() };
    // SAFETY: all steps read the same one; the rest as for the weights.
    unsafe { tn_into(s, &operands, SinkPlace { sink, base, penalised: false }) }
}

/// Where a product goes in a sink.
#[derive(Clone, Copy)]
struct SinkPlace<K> {
    sink: K,
    /// The index of its first number.
    base: usize,
    penalised: bool,
}

/// TN into a sink.
///
/// # Safety
/// * The operands are valid for reads at their strides and do not overlap what the sink was made from;
/// * the sink has the `m * n` numbers from `base` on, and they are held exclusively.
#[inline(always)]
unsafe fn tn_into<S: Simd, K: Sink>(s: S, operands: &Operands, place: SinkPlace<K>) {
    let Operands { m, k, n, a: x, b: d, .. } = *operands;
    let SinkPlace { sink, base, penalised } = place;
    if !K::HAS_PLACE && k == 1 {
        let outer = Outer { m, n, x, d, base };
        // Asked only where it makes a difference: a second sink lies on the stack beside the first.
        let sink = if const { K::GROUPED } { sink.of(base, penalised) } else { sink };
        let penalty = if penalised { sink.penalty() } else { Penalty::NONE };
        // SAFETY: the caller's promise; of one sample the strides do not matter.
        unsafe {
            if penalty.is_none() {
                return rank_one::<S, K, false>(s, &outer, sink);
            }
            // L1 goes through the stage: loops of its own would make every program with a step larger.
            if penalty.l1 == 0.0 {
                return rank_one::<S, K, true>(s, &outer, sink);
            }
        }
    }
    const { assert!(size_of::<S::Stage>() >= S::ACCUMULATORS * S::LANES * size_of::<f32>(), "a stage holds a tile") };
    // Out of line with its stage: one body and one piece of stack for all layers.
    s.outline(
        #[inline(always)]
        || {
            let mut to_sink = ToSink::<S, K> { sink, base, columns: n, penalised, stage: s.stage() };
            // SAFETY: the caller's promise.
            unsafe { tn(s, operands, &mut to_sink) }
        },
    );
}
