//! The three products over places in memory, and over the rows of layers.

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Range;

use super::destination::{Delta, Output, StartValues, ToSink};
use super::drive::{Block, Destination, Operands, Place, drive};
use super::epilogue::Epilogue;
use super::rank_one::{Outer, rank_one};
use super::sink::{Sink, SinkPart};
use super::tile::form;
use crate::activation::Activation;
use crate::rows::{Rows, RowsMut};
use crate::simd::Simd;

/// NN: `a` m x k, `b` k x n.
///
/// # Safety
/// * As [`drive`].
#[inline(always)]
pub(super) unsafe fn nn<S: Simd, D: Destination<S>>(
    s: S,
    epilogue: Epilogue,
    operands: &Operands,
    destination: &mut D,
) {
    // Out of line: all layers of one kind share the loops, whatever their sizes.
    s.outline(
        #[inline(always)]
        // SAFETY: the caller's promise.
        || unsafe { drive::<S, D, { form::NN }>(s, epilogue, operands, destination) },
    );
}

/// TN: `a` k x m, `b` k x n.
///
/// # Safety
/// * As [`drive`].
#[inline(always)]
pub(super) unsafe fn tn<S: Simd, D: Destination<S>>(s: S, operands: &Operands, destination: &mut D) {
    // Out of line: all layers of one kind share the loops, whatever their sizes.
    s.outline(
        #[inline(always)]
        // SAFETY: the caller's promise.
        || unsafe { drive::<S, D, { form::TN }>(s, Epilogue::Keep, operands, destination) },
    );
}

/// Steps of k, and columns, of the panel into which NT transposes: 16 KiB of stack, which stay in the first-level
/// cache while the rows of `a` pass by.
const PANEL: usize = 64;

/// NT: `a` m x k, `b` n x k.
///
/// Vectors run over columns, which lie a row apart here, so panels of `b` are transposed on the stack and multiplied
/// in the NN form. A later panel of the same columns starts from the partial sums of the one before: one chain.
/// Single numbers have no such trouble and read `b` as it lies.
///
/// # Safety
/// * As [`drive`].
#[inline(always)]
pub(super) unsafe fn nt<S: Simd, D: Destination<S>>(s: S, operands: &Operands, destination: &mut D) {
    if const { S::LANES == 1 } {
        // Out of line: all layers of one kind share the loops, whatever their sizes.
        return s.outline(
            #[inline(always)]
            // SAFETY: the caller's promise.
            || unsafe { drive::<S, D, { form::NT }>(s, Epilogue::Keep, operands, destination) },
        );
    }
    let Operands { m, k, n, a, b, ldb, .. } = *operands;
    if m == 0 || n == 0 {
        return;
    }
    let mut panel = MaybeUninit::<[[f32; PANEL]; PANEL]>::uninit();
    let panel: *mut f32 = panel.as_mut_ptr().cast();
    let mut column = 0;
    while column < n {
        let columns = (n - column).min(PANEL);
        let mut k_from = 0;
        loop {
            let steps = (k - k_from).min(PANEL);
            let is_last = k_from + steps == k;
            // Wrapping, for with k = 0 the operands are empty and have no such place.
            let (a, b) = (a.wrapping_add(k_from), b.wrapping_add(column * ldb + k_from));
            // SAFETY: the block of `b` lies inside it; the panel has room for whole vectors because LANES divides
            // its width; what is read of it below was written here.
            unsafe {
                transpose(s, b, ldb, (columns, steps), panel);
                let part = Operands { k: steps, n: columns, a, b: panel, ldb: PANEL, ..*operands };
                let mut columns_of = ColumnsOf { inner: destination, column, is_first: k_from == 0, is_last };
                nn(s, Epilogue::Keep, &part, &mut columns_of);
            }
            if is_last {
                break;
            }
            k_from += steps;
        }
        column += columns;
    }
}

/// Transposes `rows` x `columns` numbers (`shape`) at `src` into the panel.
///
/// # Safety
/// * `src` is valid for reads of the shape at the stride; both sides are at most [`PANEL`].
#[inline(always)]
unsafe fn transpose<S: Simd>(s: S, src: *const f32, stride: usize, shape: (usize, usize), panel: *mut f32) {
    let (rows, columns) = shape;
    s.outline(
        #[inline(always)]
        || {
            let mut r = 0;
            while r < rows {
                let block_rows = (rows - r).min(S::LANES);
                let mut c = 0;
                while c < columns {
                    let block_columns = (columns - c).min(S::LANES);
                    // SAFETY: the block lies inside the shape, its transpose inside the panel.
                    unsafe {
                        let (from, to) = (src.add(r * stride + c), panel.add(c * PANEL + r));
                        s.transpose(from, stride, block_rows, block_columns, to, PANEL);
                    }
                    c += block_columns;
                }
                r += block_rows;
            }
        },
    );
}

/// The columns of a destination from `column` on, for one block of k.
struct ColumnsOf<'a, D> {
    inner: &'a mut D,
    column: usize,
    is_first: bool,
    is_last: bool,
}

impl<D> ColumnsOf<'_, D> {
    #[inline(always)]
    const fn shifted(&self, block: Block) -> Block {
        Block { column: block.column + self.column, ..block }
    }
}

impl<S: Simd, D: Destination<S>> Destination<S> for ColumnsOf<'_, D> {
    const HOLDS_PARTIAL_SUMS: bool = true;

    #[inline(always)]
    fn start(&mut self, block: Block) -> Place<*const f32> {
        if self.is_first {
            return self.inner.start(self.shifted(block));
        }
        let partial_sums = self.inner.place(self.shifted(block));
        Place { at: partial_sums.at.cast_const(), stride: partial_sums.stride }
    }

    #[inline(always)]
    fn place(&mut self, block: Block) -> Place<*mut f32> {
        self.inner.place(self.shifted(block))
    }

    #[inline(always)]
    fn finish(&mut self, s: S, block: Block) {
        if self.is_last {
            self.inner.finish(s, self.shifted(block));
        }
    }
}

/// The ends of a range, cut to `0..len`: the layers' memory does not hang on what a caller's work says.
#[inline(always)]
fn within(range: Range<usize>, len: usize) -> (usize, usize) {
    let end = range.end.min(len);
    (range.start.min(end), end)
}

/// Forward pass of a dense layer, `y = A(x w + bias)`, for some of the outputs.
#[inline(always)]
pub(crate) fn forward_rows<S: Simd, A: Activation, const IN: usize, const OUT: usize>(
    s: S,
    outputs: Range<usize>,
    x: Rows<'_, [f32; IN]>,
    (w, bias): (&[[f32; OUT]; IN], &[f32; OUT]),
    mut y: RowsMut<'_, [f32; OUT]>,
) {
    let (from, end) = within(outputs, OUT);
    let m = x.len().min(y.len());
    let b = w.as_ptr().cast::<f32>().wrapping_add(from);
    let operands = Operands { m, k: IN, n: end - from, a: x.as_ptr(), lda: x.stride(), b, ldb: OUT };
    let (stride, start) = (y.stride(), StartValues::Bias(bias.as_ptr().wrapping_add(from)));
    let mut output = Output::<A>::new(start, y.as_mut_ptr().wrapping_add(from), stride);
    // SAFETY: the shapes fit by their types and the range lies within them; `y` is borrowed exclusively, so it overlaps
    // nothing.
    unsafe { nn(s, A::EPILOGUE, &operands, &mut output) }
}

/// Delta of the layer below a dense layer, `dx = A'(x) * (dy w^T)`, for some of the inputs; `x` are the outputs of that
/// layer and `A` is its activation.
#[inline(always)]
pub(crate) fn backward_rows<S: Simd, A: Activation, const IN: usize, const OUT: usize>(
    s: S,
    inputs: Range<usize>,
    dy: Rows<'_, [f32; OUT]>,
    w: &[[f32; OUT]; IN],
    (x, mut dx): (Rows<'_, [f32; IN]>, RowsMut<'_, [f32; IN]>),
) {
    let (from, end) = within(inputs, IN);
    let m = dy.len().min(x.len()).min(dx.len());
    let b = w.as_ptr().wrapping_add(from).cast();
    let operands = Operands { m, k: OUT, n: end - from, a: dy.as_ptr(), lda: dy.stride(), b, ldb: OUT };
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

/// Gradient of some rows of the weights of a dense layer, `dw = x^T dy`, handed to the sink; samples are summed in
/// order.
#[inline(always)]
pub(crate) fn gradient_rows<S: Simd, K: Sink, const IN: usize, const OUT: usize>(
    s: S,
    inputs: Range<usize>,
    x: Rows<'_, [f32; IN]>,
    dy: Rows<'_, [f32; OUT]>,
    part: SinkPart<'_, K, [[f32; OUT]; IN]>,
) {
    let (from, end) = within(inputs, IN);
    let k = x.len().min(dy.len());
    let a = x.as_ptr().wrapping_add(from);
    let operands = Operands { m: end - from, k, n: OUT, a, lda: x.stride(), b: dy.as_ptr(), ldb: dy.stride() };
    let (sink, base) = part.into_raw();
    let place = SinkPlace { sink, base: base + from * OUT, penalised: true };
    // SAFETY: the shapes fit by their types and the range lies within them; the part of the sink is held exclusively
    // and overlaps no operand.
    unsafe { tn_into(s, &operands, place) }
}

/// Gradient of the bias of a dense layer: the sum of the rows of `dy`, in order, handed to the sink.
#[inline(always)]
pub(crate) fn sum_rows<S: Simd, K: Sink, const OUT: usize>(
    s: S,
    dy: Rows<'_, [f32; OUT]>,
    part: SinkPart<'_, K, [f32; OUT]>,
) {
    // The product of a row of ones with `dy`: 1 * d + sum is the rounded sum in both classes.
    const ONE: &f32 = &1.0;
    let operands = Operands { m: 1, k: dy.len(), n: OUT, a: ONE, lda: 0, b: dy.as_ptr(), ldb: dy.stride() };
    let (sink, base) = part.into_raw();
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
        // SAFETY: the caller's promise; of one sample the strides do not matter.
        return unsafe {
            if penalised && sink.has_penalty() {
                rank_one::<S, K, true>(s, &outer, sink);
            } else {
                rank_one::<S, K, false>(s, &outer, sink);
            }
        };
    }
    // Out of line with its stage: one body and one piece of stack for all layers.
    s.outline(
        #[inline(always)]
        || {
            let mut to_sink = ToSink::<S, K> { sink, base, columns: n, penalised, stage: s.stage() };
            // SAFETY: the caller's promise.
            unsafe { drive::<S, _, { form::TN }>(s, Epilogue::Keep, operands, &mut to_sink) }
        },
    );
}
