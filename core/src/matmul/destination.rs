//! Where the outputs of the three products go.

use core::marker::PhantomData;

use super::drive::{Block, Destination, Place};
use super::sink::Sink;
use crate::activation::Activation;
use crate::simd::{self, Simd};

/// What the chains begin with, as places in memory.
#[derive(Clone, Copy)]
pub(super) enum StartValues {
    Zero,
    Bias(*const f32),
    Existing,
}

/// A matrix that takes the outputs, through the activation `A`.
pub(super) struct Output<A> {
    start: StartValues,
    at: *mut f32,
    stride: usize,
    activation: PhantomData<A>,
}

impl<A> Output<A> {
    #[inline(always)]
    pub(super) const fn new(start: StartValues, at: *mut f32, stride: usize) -> Self {
        Self { start, at, stride, activation: PhantomData }
    }

    #[inline(always)]
    const fn at(&self, block: Block) -> *mut f32 {
        self.at.wrapping_add(block.row * self.stride + block.column)
    }
}

/// Calls `f` with each row of the block that begins at `place`.
///
/// # Safety
/// * The rows are valid for reads and writes, and nobody else uses them meanwhile.
#[inline(always)]
unsafe fn each_row(place: Place<*mut f32>, block: Block, mut f: impl FnMut(usize, &mut [f32])) {
    for r in 0..block.rows {
        // SAFETY: the caller's promise.
        f(r, unsafe { core::slice::from_raw_parts_mut(place.at.add(r * place.stride), block.columns) });
    }
}

impl<S: Simd, A: Activation> Destination<S> for Output<A> {
    const HOLDS_PARTIAL_SUMS: bool = true;

    #[inline(always)]
    fn start(&mut self, block: Block) -> Place<*const f32> {
        match self.start {
            StartValues::Zero => Place { at: core::ptr::null(), stride: 0 },
            StartValues::Bias(bias) => Place { at: bias.wrapping_add(block.column), stride: 0 },
            StartValues::Existing => Place { at: self.at(block).cast_const(), stride: self.stride },
        }
    }

    #[inline(always)]
    fn place(&mut self, block: Block) -> Place<*mut f32> {
        Place { at: self.at(block), stride: self.stride }
    }

    #[inline(always)]
    fn finish(&mut self, s: S, block: Block) {
        if A::IS_EPILOGUE {
            return;
        }
        let place = Place { at: self.at(block), stride: self.stride };
        // SAFETY: `drive` is given only blocks of the output, which is borrowed for the call.
        unsafe {
            each_row(
                place,
                block,
                #[inline(always)]
                |_, row| {
                    simd::map(
                        s,
                        row,
                        #[inline(always)]
                        |z| A::forward(s, z),
                    );
                },
            );
        }
    }
}

/// The deltas of the layer below: each output is multiplied by the slope of that layer's activation `A`, taken from
/// that layer's outputs.
pub(super) struct Delta<A> {
    pub(super) at: *mut f32,
    pub(super) stride: usize,
    pub(super) outputs: *const f32,
    pub(super) outputs_stride: usize,
    pub(super) activation: PhantomData<A>,
}

impl<S: Simd, A: Activation> Destination<S> for Delta<A> {
    const HOLDS_PARTIAL_SUMS: bool = true;

    #[inline(always)]
    fn start(&mut self, _block: Block) -> Place<*const f32> {
        Place { at: core::ptr::null(), stride: 0 }
    }

    #[inline(always)]
    fn place(&mut self, block: Block) -> Place<*mut f32> {
        Place { at: self.at.wrapping_add(block.row * self.stride + block.column), stride: self.stride }
    }

    #[inline(always)]
    fn finish(&mut self, s: S, block: Block) {
        if A::IS_IDENTITY {
            return;
        }
        let place = Destination::<S>::place(self, block);
        let outputs = self.outputs.wrapping_add(block.row * self.outputs_stride + block.column);
        // SAFETY: `drive` is given only blocks of the deltas, which are borrowed for the call; the outputs have the
        // same shape and are only read.
        unsafe {
            each_row(
                place,
                block,
                #[inline(always)]
                |r, delta| {
                    let y = core::slice::from_raw_parts(outputs.add(r * self.outputs_stride), block.columns);
                    simd::zip(
                        s,
                        delta,
                        [y],
                        #[inline(always)]
                        |d, [y]| A::backward(s, y, d),
                    );
                },
            );
        }
    }
}

/// Numbers in a row of weights from which on what a tile will change is asked for while it is computed, also where there is
/// one worker. A step of Adam on 784-512-256-10 takes 3 % less time so; on 784-128-10, which a second-level cache holds
/// with its moments, it would take 2 % more.
const WIDE: usize = 512;

/// A sink for a gradient of `columns` columns whose first number has the index `base`.
pub(super) struct ToSink<S: Simd, K> {
    pub(super) sink: K,
    pub(super) base: usize,
    pub(super) columns: usize,
    pub(super) penalised: bool,
    /// Where a tile waits for a sink that has no place for it.
    pub(super) stage: S::Stage,
}

impl<S: Simd, K: Sink> ToSink<S, K> {
    #[inline(always)]
    const fn index(&self, block: Block) -> usize {
        self.base + block.row * self.columns + block.column
    }
}

impl<S: Simd, K: Sink> Destination<S> for ToSink<S, K> {
    const HOLDS_PARTIAL_SUMS: bool = K::HAS_PLACE;

    #[inline(always)]
    fn start(&mut self, block: Block) -> Place<*const f32> {
        if K::HAS_PLACE {
            Place { at: self.sink.place(self.index(block)).cast_const(), stride: self.columns }
        } else {
            if K::IS_SHARED || self.columns >= WIDE {
                for r in 0..block.rows {
                    self.sink.will_finish(self.index(block) + r * self.columns, block.columns);
                }
            }
            Place { at: core::ptr::null(), stride: 0 }
        }
    }

    #[inline(always)]
    fn place(&mut self, block: Block) -> Place<*mut f32> {
        if K::HAS_PLACE {
            Place { at: self.sink.place(self.index(block)), stride: self.columns }
        } else {
            // Whole rows lie as in the parameters; parts of rows, which all but the last have whole vectors, begin at one.
            let stride =
                if block.columns == self.columns { self.columns } else { block.columns.next_multiple_of(S::LANES) };
            Place { at: self.stage.as_mut().as_mut_ptr(), stride }
        }
    }

    #[inline(always)]
    fn finish(&mut self, s: S, block: Block) {
        let place = Destination::<S>::place(self, block);
        let (sink, index, columns, penalised) = (self.sink, self.index(block), self.columns, self.penalised);
        // SAFETY: `drive` is given only blocks of the gradient; the part of the sink was borrowed exclusively; a stage
        // holds any tile. Whole rows follow each other in their place.
        unsafe {
            if block.columns == columns {
                let gradient = core::slice::from_raw_parts_mut(place.at, block.rows * columns);
                return sink.finish(s, index, gradient, penalised);
            }
            each_row(
                place,
                block,
                #[inline(always)]
                |r, gradient| sink.finish(s, index + r * columns, gradient, penalised),
            );
        }
    }
}
