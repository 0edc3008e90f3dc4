//! A whole network: what a user holds.

use core::ops::Range;
use core::task::Poll;

use super::{Layer, Tensor, VisitOutputs, parts_of};
use crate::flat::{self, Flat, Pair, Split};
use crate::init::Initializer;
use crate::matmul::ShapeError;
use crate::rows::{Rows, RowsMut};
use crate::simd::{Level, dispatch};
use crate::work::{All, Slices};

/// A network of layers `L`; [`crate::net`] writes the type.
///
/// The value is its parameters: `repr(C)`, nothing but f32, viewable as one slice ([`Flat::as_slice`]) and as named
/// tensors. A gradient and the moments of an optimizer are further values of the same type. All sizes are constants.
///
/// ```
/// use femto::activation::Relu;
/// use femto::init::Init;
/// use femto::layer::Dense;
/// use femto::{Flat, Level, net};
///
/// type Xor = net![Dense<2, 8, Relu>, Dense<8, 1>];
/// const { assert!(Xor::PARAMETER_BYTES == 4 * (2 * 8 + 8 + 8 + 1)) };
///
/// let mut xor = Xor::ZERO;
/// xor.init(Init::HeUniform, 1);
/// let y: [f32; 1] = xor.predict(Level::detect(), &[0.0, 1.0]);
/// assert!(y[0].is_finite());
/// ```
#[derive(Clone, PartialEq, Debug)]
#[repr(transparent)]
pub struct Net<L> {
    /// The layers.
    pub layers: L,
}

/// What one row leaves behind in a training step: its loss, and the tape of the layers.
pub type TapeOf<L> = Pair<f32, <L as Layer>::Tape>;

// SAFETY: `repr(transparent)` over a flat value.
unsafe impl<L: Layer> Flat for Net<L> {
    const ZERO: Self = Self { layers: L::ZERO };

    #[inline]
    fn parts(offset: usize, visit: &mut impl FnMut(Range<usize>, bool)) {
        parts_of::<L>(offset, visit);
    }
}

// SAFETY: `repr(transparent)`: the layers, and nothing behind them.
unsafe impl<L: Layer> Split for Net<L> {
    type First = L;
    type Second = [f32; 0];
}

impl<L: Layer> Net<L> {
    /// How many parameters.
    pub const PARAMETERS: usize = L::LEN;
    /// Bytes of the parameters, in flash or RAM; a gradient and each moment have as many.
    pub const PARAMETER_BYTES: usize = size_of::<L>();
    /// Multiply-accumulates for one row.
    pub const MULTIPLY_ACCUMULATES: usize = L::MULTIPLY_ACCUMULATES;
    /// Bytes of tape for each row of a batch that is learnt from.
    pub const TAPE_BYTES_PER_ROW: usize = size_of::<TapeOf<L>>();
    /// Bytes of scratch for each row that is predicted at a time.
    pub const SCRATCH_BYTES_PER_ROW: usize = size_of::<L::Scratch>();
    /// The tape of one row, empty: `[MyNet::TAPE; 32]` serves batches of up to 32 rows.
    pub const TAPE: TapeOf<L> = TapeOf::<L>::ZERO;
    /// The scratch of one row, empty.
    pub const SCRATCH: L::Scratch = L::Scratch::ZERO;

    /// The network that little-endian bytes describe, evaluated when the program is compiled.
    ///
    /// A wrong number of bytes does not compile.
    ///
    /// ```
    /// use femto::layer::Dense;
    /// use femto::{Level, net};
    ///
    /// type Line = net![Dense<1, 1>];
    /// // `include_bytes!("line.bin")` in earnest; a static stays in flash.
    /// static LINE: Line = Line::from_le_bytes(&[0, 0, 0, 64, 0, 0, 128, 63]); // 2 x + 1
    /// assert_eq!(LINE.predict(Level::detect(), &[3.0]), [7.0]);
    /// ```
    ///
    /// ```compile_fail
    /// use femto::layer::Dense;
    /// type Line = femto::net![Dense<1, 1>];
    /// static LINE: Line = Line::from_le_bytes(&[0, 0, 0, 64]); // the bias is missing
    /// ```
    #[must_use]
    pub const fn from_le_bytes<const N: usize>(bytes: &[u8; N]) -> Self {
        flat::from_le_bytes(bytes)
    }

    /// Draws all parameters. The same seed gives the same bits on every target.
    pub fn init(&mut self, initializer: impl Into<Initializer>, seed: u64) {
        self.layers.init(&initializer.into(), seed, 0);
    }

    /// Calls `visit` with each tensor and its numbers, in memory order.
    pub fn for_each_tensor(&self, mut visit: impl FnMut(Tensor, &[f32])) {
        let all = self.as_slice();
        L::tensors(0, 0, &mut |tensor| {
            if let Some(numbers) = all.get(tensor.range()) {
                visit(tensor, numbers);
            }
        });
    }

    /// Calls `visit` with each tensor and its numbers, in memory order, to change.
    pub fn for_each_tensor_mut(&mut self, mut visit: impl FnMut(Tensor, &mut [f32])) {
        let all = self.as_mut_slice();
        L::tensors(0, 0, &mut |tensor| {
            if let Some(numbers) = all.get_mut(tensor.range()) {
                visit(tensor, numbers);
            }
        });
    }

    /// Calls `visitor` with the outputs of each layer that the last pass over these rows of a tape left there
    /// ([`Self::gradient`], [`Self::step`], [`Self::evaluate`]), the first layer first. See [`VisitOutputs`] for an
    /// example.
    pub fn visit_outputs(tape: &[TapeOf<L>], visitor: &mut impl VisitOutputs) {
        let (_losses, layers) = Rows::new(tape).split();
        L::visit_outputs(0, layers, visitor);
    }

    /// The index of the first number of layer `layer`, counted from 0, in the flat view; [`Self::PARAMETERS`] beyond the
    /// last. For [`Groups`](crate::optimizer::Groups).
    #[must_use]
    pub fn offset_of_layer(layer: usize) -> usize {
        let mut offset = L::LEN;
        L::tensors(0, 0, &mut |tensor| {
            if tensor.layer == layer {
                offset = offset.min(tensor.offset);
            }
        });
        offset
    }

    /// The outputs for one row of inputs.
    ///
    /// Uses [`Self::SCRATCH_BYTES_PER_ROW`] of stack besides the outputs.
    #[inline]
    #[must_use]
    pub fn predict(&self, level: Level, x: &L::In) -> L::Out {
        let mut y = L::Out::ZERO;
        let mut scratch = L::Scratch::ZERO;
        dispatch!(level, s => self.layers.infer(
            s,
            &mut All,
            Rows::new(core::slice::from_ref(x)),
            RowsMut::new(core::slice::from_mut(&mut scratch)),
            RowsMut::new(core::slice::from_mut(&mut y)),
        ));
        y
    }

    /// [`Self::predict`] in slices: does a part of the work and returns [`Poll::Pending`] until the outputs are
    /// complete. The bits are those of one go. See [`Slices`] for an example.
    pub fn predict_slice(&self, slices: &mut Slices, x: &L::In, scratch: &mut L::Scratch, y: &mut L::Out) -> Poll<()> {
        let mut part = slices.begin();
        dispatch!(slices.level, s => self.layers.infer(
            s,
            &mut part,
            Rows::new(core::slice::from_ref(x)),
            RowsMut::new(core::slice::from_mut(scratch)),
            RowsMut::new(core::slice::from_mut(y)),
        ));
        if slices.end(part) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The outputs for many rows of inputs. Works on as many rows at a time as there is scratch; the bits do not depend
    /// on how many that is.
    ///
    /// # Errors
    /// [`ShapeError::Length`] where inputs and outputs differ in number, or there is no scratch; nothing is written
    /// then.
    ///
    /// ```
    /// use femto::activation::Tanh;
    /// use femto::layer::Dense;
    /// use femto::{Flat, Level, net};
    ///
    /// type Small = net![Dense<2, 4, Tanh>, Dense<4, 1>];
    /// let net = Small::ZERO;
    /// let mut scratch = [Small::SCRATCH; 16];
    /// let mut y = [[1.0]; 3];
    /// net.predict_batch(Level::detect(), &[[0.0, 1.0]; 3], &mut scratch, &mut y)?;
    /// assert_eq!(y, [[0.0]; 3]);
    /// # Ok::<(), femto::ShapeError>(())
    /// ```
    pub fn predict_batch(
        &self,
        level: Level,
        x: &[L::In],
        scratch: &mut [L::Scratch],
        y: &mut [L::Out],
    ) -> Result<(), ShapeError> {
        if x.len() != y.len() {
            return Err(ShapeError::Length { operand: "outputs", expected: x.len(), found: y.len() });
        }
        if scratch.is_empty() {
            return Err(ShapeError::Length { operand: "scratch", expected: 1, found: 0 });
        }
        dispatch!(level, s => {
            // Never 0, as was checked; said again where the compiler sees it, for `chunks` would panic.
            let block = scratch.len().max(1);
            for (x, y) in x.chunks(block).zip(y.chunks_mut(block)) {
                self.layers.infer(s, &mut All, Rows::new(x), RowsMut::new(scratch), RowsMut::new(y));
            }
        });
        Ok(())
    }
}

/// The type of a network: `net![Dense<784, 128, Relu>, Dense<128, 10>]`.
///
/// Each layer takes what the one before gives; anything else does not compile:
///
/// ```compile_fail
/// use femto::activation::Relu;
/// use femto::layer::Dense;
///
/// type Net = femto::net![Dense<784, 128, Relu>, Dense<127, 10>];
/// let net = <Net as femto::Flat>::ZERO; // expected an array with a size of 128, found one with a size of 127
/// ```
#[macro_export]
macro_rules! net {
    ($($layer:ty),+ $(,)?) => { $crate::layer::Net<$crate::__chain!($($layer),+)> };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __chain {
    ($only:ty) => { $only };
    ($head:ty, $($tail:ty),+) => { $crate::layer::Chain<$head, $crate::__chain!($($tail),+)> };
}
