//! The two phases of a step, over work that may be divided among calls.

use super::Objective;
use crate::activation::Activation;
use crate::flat::Flat;
use crate::layer::{Layer, Net, Pass, TapeOf};
use crate::loss::{Loss, LossRow, Reduction};
use crate::matmul::{Sink, SinkPart};
use crate::rows::{Rows, RowsMut};
use crate::simd::{self, Simd, VIRTUAL_LANES};
use crate::work::Work;

/// What the loss of one output costs, in multiply-accumulates: an exponential and what goes with it.
const LOSS_COST: usize = 16;

/// Rows of inputs, their targets, and as many rows of tape.
pub(super) struct Batch<'a, L: Layer, T> {
    pub(super) inputs: &'a [L::In],
    pub(super) targets: &'a [T],
    pub(super) tape: &'a mut [TapeOf<L>],
}

/// The row-local half of a step: outputs, losses and deltas of all rows into the tape, then the penalty on
/// the weights.
#[inline(always)]
pub(super) fn first_phase<S: Simd, W: Work, L: Layer, T, F: Loss<T>>(
    s: S,
    work: &mut W,
    net: &Net<L>,
    objective: &Objective<F>,
    pass: Pass,
    batch: &mut Batch<'_, L, T>,
    penalty_lanes: &mut [f32; VIRTUAL_LANES],
) {
    let rows = batch.inputs.len();
    let scale = 1.0 / objective.reduction.divisor(rows);
    let (losses, mut layers) = RowsMut::new(batch.tape).split();
    net.layers.forward(s, work, pass, Rows::new(batch.inputs), layers.reborrow());
    let now = work.take(rows, LOSS_COST * L::Out::LEN);
    let (y, mut delta) = L::ends(layers.reborrow());
    let y = y.into_rows();
    let rows = y.iter().zip(delta.reborrow().into_iter_mut()).zip(batch.targets).zip(losses.into_iter_mut());
    let rows = rows.skip(now.start).take(now.len()).map(
        #[inline(always)]
        |(((y, delta), target), loss)| LossRow { outputs: y.as_slice(), target, delta: delta.as_mut_slice(), loss },
    );
    objective.loss.gradients(s, rows, scale);
    if !L::Activation::IS_IDENTITY {
        for (y, delta) in y.iter().zip(delta.into_iter_mut()).skip(now.start).take(now.len()) {
            simd::zip(
                s,
                delta.as_mut_slice(),
                [y.as_slice()],
                #[inline(always)]
                |d, [y]| L::Activation::backward(s, y, d),
            );
        }
    }
    net.layers.backward(s, work, pass, layers);
    let penalty = objective.penalty();
    if !penalty.is_none() {
        net.layers.add_penalty(s, work, penalty, penalty_lanes);
    }
}

/// The half of a step that sums over rows: the gradient of all layers into the sink.
#[inline(always)]
pub(super) fn second_phase<S: Simd, W: Work, L: Layer, K: Sink, T>(
    s: S,
    work: &mut W,
    batch: &Batch<'_, L, T>,
    part: SinkPart<'_, K, Net<L>>,
) {
    let (_losses, layers) = Rows::new(batch.tape).split();
    let (part, _) = part.split();
    L::gradient(s, work, Rows::new(batch.inputs), layers, part);
}

/// The objective: the losses in the tape as one number, and the penalty.
#[inline(always)]
pub(super) fn value<S: Simd, L: Layer, F>(
    s: S,
    objective: &Objective<F>,
    tape: &[TapeOf<L>],
    penalty_lanes: &[f32; VIRTUAL_LANES],
) -> f32 {
    let mut losses = Losses::NONE;
    for row in tape {
        losses.add(row.first);
    }
    losses.total(s, objective.reduction) + objective.penalty().total(s, penalty_lanes)
}

/// The losses of rows, summed in 16 virtual lanes by the number of the row.
pub(super) struct Losses {
    lanes: [f32; VIRTUAL_LANES],
    rows: usize,
}

impl Losses {
    pub(super) const NONE: Self = Self { lanes: [0.0; VIRTUAL_LANES], rows: 0 };

    #[inline(always)]
    pub(super) fn add(&mut self, loss: f32) {
        self.lanes[self.rows % VIRTUAL_LANES] += loss;
        self.rows += 1;
    }

    #[inline(always)]
    pub(super) fn total<S: Simd>(self, s: S, reduction: Reduction) -> f32 {
        simd::sum(s, &self.lanes) / reduction.divisor(self.rows)
    }
}
