//! Layers: dense ones, maxout, dropout, chains of layers, and the trait that all of them are.

#[allow(unsafe_code, reason = "implements Flat and Split")]
mod chain;
#[allow(unsafe_code, reason = "implements Flat and Split")]
mod dense;
#[allow(unsafe_code, reason = "implements Flat")]
mod dropout;
#[allow(unsafe_code, reason = "implements Flat and Split")]
mod maxout;
#[allow(unsafe_code, reason = "implements Flat and Split")]
mod net;
mod pass;
mod tensor;
mod visit;

pub use chain::Chain;
pub use dense::Dense;
pub use dropout::Dropout;
pub use maxout::Maxout;
pub use net::{Net, TapeOf};
pub use pass::Pass;
pub use tensor::{Tensor, TensorName};
pub use visit::VisitOutputs;

use core::ops::Range;

use crate::activation::Activation;
use crate::flat::Flat;
use crate::init::Initializer;
use crate::matmul::{Penalty, Sink, SinkPart};
use crate::rows::{Rows, RowsMut};
use crate::simd::{Simd, VIRTUAL_LANES};
use crate::work::Work;

/// A part of a network: its parameters, and what it does with rows of inputs.
///
/// The value of a layer *is* its parameters, and nothing but f32 numbers: a gradient and each moment of an optimizer
/// are further values of the same type.
///
/// The backward pass has two halves. The row-local half takes the delta of each row through the layer; the other half
/// sums over all rows into the gradient. Deltas are always with respect to what goes into an activation: whoever
/// produces a delta has already multiplied it by the slope.
///
/// `work` says which units of the work are to be done now; see [`crate::work`]. A layer asks it for each of its loops,
/// always in the same order. `pass` says whether the rows are learnt from, and the same in both directions of a step.
pub trait Layer: Flat {
    /// A row of inputs: an array of numbers.
    type In: Flat + Clone;
    /// A row of outputs.
    type Out: Flat + Clone;
    /// What one row leaves behind for the backward pass: outputs and deltas.
    type Tape: Flat + Clone;
    /// What one row needs between layers when nothing is to be learnt from it.
    type Scratch: Flat + Clone;
    /// The activation that made the outputs.
    type Activation: Activation;

    /// How many layers this is, for numbering.
    const LAYERS: usize;
    /// Multiply-accumulates for one row.
    const MULTIPLY_ACCUMULATES: usize;

    /// Computes the outputs of all rows into the tape.
    fn forward<S: Simd, W: Work>(
        &self,
        s: S,
        work: &mut W,
        pass: Pass,
        x: Rows<'_, Self::In>,
        tape: RowsMut<'_, Self::Tape>,
    );
    /// The outputs and their deltas in the tape.
    fn ends(tape: RowsMut<'_, Self::Tape>) -> (RowsMut<'_, Self::Out>, RowsMut<'_, Self::Out>);
    /// The outputs in the tape.
    fn outputs(tape: Rows<'_, Self::Tape>) -> Rows<'_, Self::Out>;
    /// Calls `visitor` with the outputs of each layer in the tape, the first layer first; `first` is its number.
    fn visit_outputs(first: usize, tape: Rows<'_, Self::Tape>, visitor: &mut impl VisitOutputs) {
        visitor.visit::<Self::Activation, Self::Out>(first, Self::outputs(tape));
    }
    /// From the deltas of the outputs, computes those of all layers inside; the first layer's inputs get none.
    fn backward<S: Simd, W: Work>(&self, s: S, work: &mut W, pass: Pass, tape: RowsMut<'_, Self::Tape>);
    /// [`Self::backward`], and then the deltas `dx` of the inputs, which were made by activation `A`.
    fn backward_to_inputs<S: Simd, A: Activation, W: Work>(
        &self,
        s: S,
        work: &mut W,
        pass: Pass,
        tape: RowsMut<'_, Self::Tape>,
        x: Rows<'_, Self::In>,
        dx: RowsMut<'_, Self::In>,
    );
    /// Sums the gradient over all rows, in order, into the sink.
    fn gradient<S: Simd, K: Sink, W: Work>(
        s: S,
        work: &mut W,
        x: Rows<'_, Self::In>,
        tape: Rows<'_, Self::Tape>,
        part: SinkPart<'_, K, Self>,
    );
    /// Computes the outputs `y` of all rows and keeps nothing.
    fn infer<S: Simd, W: Work>(
        &self,
        s: S,
        work: &mut W,
        x: Rows<'_, Self::In>,
        scratch: RowsMut<'_, Self::Scratch>,
        y: RowsMut<'_, Self::Out>,
    );
    /// Adds what the parameters that the penalty counts (weights, not biases) contribute to it to the virtual lanes;
    /// each tensor begins at lane 0.
    fn add_penalty<S: Simd, W: Work>(&self, s: S, work: &mut W, penalty: Penalty, lanes: &mut [f32; VIRTUAL_LANES]);
    /// Draws the parameters; `first` is the number of this layer in the network, which picks its random stream.
    fn init(&mut self, initializer: &Initializer, seed: u64, first: usize);
    /// Calls `visit` with each tensor; `first` is the number of this layer, `offset` the index of its first number.
    fn tensors(first: usize, offset: usize, visit: &mut impl FnMut(Tensor));
}

/// The weights whose penalty is to be taken now: whole rounds of the virtual lanes, so that each number keeps its lane.
#[inline(always)]
fn rounds<'a, W: Work>(work: &mut W, weights: &'a [f32]) -> &'a [f32] {
    let now = work.take(weights.len().div_ceil(VIRTUAL_LANES), VIRTUAL_LANES);
    let end = now.end.saturating_mul(VIRTUAL_LANES).min(weights.len());
    weights.get(now.start.saturating_mul(VIRTUAL_LANES)..end).unwrap_or_default()
}

/// [`Flat::parts`] of what has tensors.
#[inline]
fn parts_of<L: Layer>(offset: usize, visit: &mut impl FnMut(Range<usize>, bool)) {
    L::tensors(0, offset, &mut |tensor| visit(tensor.range(), tensor.name.is_penalised()));
}
