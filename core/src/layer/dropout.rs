//! The layer that leaves units out while a network learns.

use core::ops::Range;

use rand_core::Rng;
use rand_xoshiro::Xoshiro128PlusPlus;

use super::{Layer, Pass, Tensor, parts_of};
use crate::activation::{Activation, Identity};
use crate::flat::{Flat, Pair};
use crate::init::Initializer;
use crate::matmul::{Penalty, Sink, SinkPart};
use crate::rows::{Rows, RowsMut};
use crate::simd::{self, Scalar, Simd, VIRTUAL_LANES};
use crate::work::Work;

/// What a unit costs in a training step, in multiply-accumulates: its random number.
const NOISY_COST: usize = 8;

/// Leaves each of N units out with a probability of `PERCENT` / 100 while the network learns, and multiplies the others
/// by 1 / (1 - `PERCENT` / 100), which keeps the expected value (inverted dropout; Srivastava et al. 2014). In
/// predictions and evaluations it changes nothing.
///
/// The output of a unit that is left out is +0, whatever its input is. Which units these are depends on the seed, the
/// step, the number of the row in the batch and the number of this layer ([`crate::rng::Noise`]), and on nothing else:
/// not on the level, nor on how a step is divided. 0 percent leaves no unit out, 100 and more do not compile.
///
/// Copies rows in both directions: it has no parameters, and a tape of N outputs and N deltas.
///
/// ```
/// use femto::activation::Relu;
/// use femto::init::Init;
/// use femto::layer::{Dense, Dropout};
/// use femto::loss::CrossEntropy;
/// use femto::optimizer::{Optimizer, Sgd};
/// use femto::train::Objective;
/// use femto::{Flat, Level, net};
///
/// type Net = net![Dense<4, 32, Relu>, Dropout<32, 20>, Dense<32, 3>];
/// type Plain = net![Dense<4, 32, Relu>, Dense<32, 3>];
/// assert_eq!(Net::PARAMETERS, Plain::PARAMETERS);
///
/// let mut net = Net::ZERO;
/// net.init(Init::HeUniform, 1);
/// let mut sgd = Optimizer::new(Sgd::new(0.1));
/// let objective = Objective::mean(CrossEntropy).seeded(7);
/// net.step(Level::detect(), &objective, &[[1.0; 4]], &[2_u8], &mut [Net::TAPE], &mut sgd)?;
/// # Ok::<(), femto::train::BatchError>(())
/// ```
///
/// ```compile_fail
/// use femto::Flat;
/// use femto::layer::{Dense, Dropout};
/// type Net = femto::net![Dropout<4, 100>, Dense<4, 1>];
/// let net = Net::ZERO; // nothing would be left
/// ```
#[derive(Clone, PartialEq, Debug)]
#[repr(C)]
pub struct Dropout<const N: usize, const PERCENT: u8> {
    /// For the alignment of [`Flat`].
    parameters: [f32; 0],
}

impl<const N: usize, const PERCENT: u8> Dropout<N, PERCENT> {
    /// The factor of the units that are kept.
    pub const SCALE: f32 = {
        assert!(PERCENT < 100, "a dropout rate is below 100 percent, or nothing would be left");
        100.0 / (100 - PERCENT) as f32
    };

    /// A unit is left out where its 32 random bits are a smaller number.
    const THRESHOLD: u32 = (((PERCENT as u64) << 32) / 100) as u32;

    /// Takes rows through the layer, outputs forward or deltas backward, as many as `work` says.
    #[inline(always)]
    fn pass_rows<W: Work>(
        work: &mut W,
        pass: Pass,
        from: Rows<'_, [f32; N]>,
        to: RowsMut<'_, [f32; N]>,
    ) -> Range<usize> {
        let streams = pass.streams();
        let cost = if streams.is_some() { NOISY_COST * N } else { N };
        let now = work.take(from.len(), cost);
        let rows = from.iter().zip(to.into_iter_mut()).enumerate().skip(now.start).take(now.len());
        for (row, (from, to)) in rows {
            match streams {
                Some(streams) => leave_out(streams.row(row), (Self::THRESHOLD, Self::SCALE), from, to),
                None => *to = *from,
            }
        }
        now
    }
}

// SAFETY: `repr(C)` of an array of no f32: no padding, any bits are valid, nothing is to be dropped.
unsafe impl<const N: usize, const PERCENT: u8> Flat for Dropout<N, PERCENT> {
    const ZERO: Self = {
        // Whoever makes a network has its rates checked.
        let _ = Self::SCALE;
        Self { parameters: Flat::ZERO }
    };

    #[inline]
    fn parts(offset: usize, visit: &mut impl FnMut(Range<usize>, bool)) {
        parts_of::<Self>(offset, visit);
    }
}

impl<const N: usize, const PERCENT: u8> Layer for Dropout<N, PERCENT> {
    type In = [f32; N];
    type Out = [f32; N];
    /// Outputs and deltas.
    type Tape = Pair<[f32; N], [f32; N]>;
    type Scratch = [f32; 0];
    type Activation = Identity;

    const LAYERS: usize = 1;
    const MULTIPLY_ACCUMULATES: usize = 0;

    #[inline(always)]
    fn forward<S: Simd, W: Work>(
        &self,
        _s: S,
        work: &mut W,
        pass: Pass,
        x: Rows<'_, Self::In>,
        tape: RowsMut<'_, Self::Tape>,
    ) {
        let (y, _delta) = tape.split();
        Self::pass_rows(work, pass, x, y);
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
        pass: Pass,
        tape: RowsMut<'_, Self::Tape>,
        x: Rows<'_, Self::In>,
        mut dx: RowsMut<'_, Self::In>,
    ) {
        let (_y, delta) = tape.into_rows().split();
        // The units are drawn anew: an output of 0 does not say that its unit was left out.
        let now = Self::pass_rows(work, pass, delta, dx.reborrow());
        if !Below::IS_IDENTITY {
            for (x, dx) in x.iter().zip(dx.into_iter_mut()).skip(now.start).take(now.len()) {
                simd::zip(
                    s,
                    dx,
                    [x],
                    #[inline(always)]
                    |d, [y]| Below::backward(s, y, d),
                );
            }
        }
    }

    #[inline(always)]
    fn gradient<S: Simd, K: Sink, W: Work>(
        _s: S,
        _work: &mut W,
        _x: Rows<'_, Self::In>,
        _tape: Rows<'_, Self::Tape>,
        _part: SinkPart<'_, K, Self>,
    ) {
    }

    #[inline(always)]
    fn infer<S: Simd, W: Work>(
        &self,
        _s: S,
        work: &mut W,
        x: Rows<'_, Self::In>,
        _scratch: RowsMut<'_, Self::Scratch>,
        y: RowsMut<'_, Self::Out>,
    ) {
        Self::pass_rows(work, Pass::INFERENCE, x, y);
    }

    #[inline(always)]
    fn add_penalty<S: Simd, W: Work>(
        &self,
        _s: S,
        _work: &mut W,
        _penalty: Penalty,
        _lanes: &mut [f32; VIRTUAL_LANES],
    ) {
    }

    fn init(&mut self, _initializer: &Initializer, _seed: u64, _first: usize) {}

    fn tensors(_first: usize, _offset: usize, _visit: &mut impl FnMut(Tensor)) {}
}

/// Writes 0 for each number whose random bits are below the threshold, else the number times the scale.
///
/// Number by number, for so the generator goes; one body for all layers and levels. Products are the same in both classes.
fn leave_out(mut stream: Xoshiro128PlusPlus, (threshold, scale): (u32, f32), from: &[f32], to: &mut [f32]) {
    let s = Scalar::new();
    for (from, to) in from.iter().zip(to) {
        *to = if stream.next_u32() < threshold { 0.0 } else { s.mul(*from, scale) };
    }
}
