//! Activation functions as zero-sized types, each with its slope taken from its output.
//!
//! | type | value | slope, from the output y |
//! |---|---|---|
//! | [`Identity`] | x | 1 |
//! | [`Sign`] | -1 for x < 0, else 1 | 0 |
//! | [`Relu`] | 0 for x < 0, else x | 1 for y > 0, else 0 |
//! | [`LeakyRelu`] | a x for x < 0, else x | a for y < 0, else 1 |
//! | [`Sigmoid`] | 1 / (1 + e^-x) | y (1 - y), at most 1/4 |
//! | [`Tanh`] | tanh x | 1 - y^2, at most 1 |
//! | [`Softplus`] | ln(1 + e^x) | 1 - e^-y, which is sigmoid(x) |
//!
//! Because the slope needs the output alone, a layer keeps nothing for the backward pass but what the next layer reads
//! anyway. The value of NaN is NaN in all of them.

use crate::math;
use crate::matmul::{Epilogue, rectify};
use crate::simd::{self, Level, Simd, dispatch};

/// An activation function and its slope.
///
/// ```
/// use femto::activation::{Activation, Tanh, backward_slice, forward_slice};
///
/// let level = femto::Level::detect();
/// let mut y = [0.0, 20.0];
/// forward_slice(level, Tanh, &mut y);
/// assert_eq!(y, [0.0, 1.0]);
/// let mut delta = [3.0, 3.0]; // dL/dy
/// backward_slice(level, Tanh, &y, &mut delta);
/// assert_eq!(delta, [3.0, 0.0]); // dL/dx
/// ```
pub trait Activation: Copy + Default + Send + Sync + 'static {
    /// What is done of the function while outputs are in registers.
    const EPILOGUE: Epilogue;
    /// The epilogue is the whole function; else [`Self::forward`] runs over each finished tile.
    const IS_EPILOGUE: bool;
    /// The function changes nothing.
    const IS_IDENTITY: bool = false;

    /// The value at `x`.
    fn forward<S: Simd>(s: S, x: S::Vector) -> S::Vector;
    /// `dy` times the slope where the output is `y`.
    fn backward<S: Simd>(s: S, y: S::Vector, dy: S::Vector) -> S::Vector;
}

/// x: linear layers, and layers before a loss that is taken on logits.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Identity;

impl Activation for Identity {
    const EPILOGUE: Epilogue = Epilogue::Keep;
    const IS_EPILOGUE: bool = true;
    const IS_IDENTITY: bool = true;

    #[inline(always)]
    fn forward<S: Simd>(_s: S, x: S::Vector) -> S::Vector {
        x
    }

    #[inline(always)]
    fn backward<S: Simd>(_s: S, _y: S::Vector, dy: S::Vector) -> S::Vector {
        dy
    }
}

/// The perceptron's threshold: -1 for x < 0, else 1 (so 1 at +-0). Its slope is 0: gradients do not pass.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Sign;

impl Activation for Sign {
    const EPILOGUE: Epilogue = Epilogue::Keep;
    const IS_EPILOGUE: bool = false;

    #[inline(always)]
    fn forward<S: Simd>(s: S, x: S::Vector) -> S::Vector {
        let zero = s.splat(0.0);
        let is_number = s.lt(s.neg(s.abs(x)), s.splat(1.0));
        s.select(is_number, s.select(s.lt(x, zero), s.splat(-1.0), s.splat(1.0)), x)
    }

    #[inline(always)]
    fn backward<S: Simd>(s: S, _y: S::Vector, _dy: S::Vector) -> S::Vector {
        s.splat(0.0)
    }
}

/// 0 for x < 0, else x. The slope at 0 is 0, as in PyTorch.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Relu;

impl Activation for Relu {
    const EPILOGUE: Epilogue = Epilogue::Rectify;
    const IS_EPILOGUE: bool = true;

    #[inline(always)]
    fn forward<S: Simd>(s: S, x: S::Vector) -> S::Vector {
        rectify(s, x)
    }

    #[inline(always)]
    fn backward<S: Simd>(s: S, y: S::Vector, dy: S::Vector) -> S::Vector {
        let zero = s.splat(0.0);
        s.select(s.lt(zero, y), dy, zero)
    }
}

/// a x for x < 0, else x, with a = `THOUSANDTHS` / 1000; the default 0.01 is PyTorch's. The slope at 0 is 1.
///
/// ```
/// use femto::activation::{LeakyRelu, forward_slice};
///
/// let mut xs = [-2.0, 2.0];
/// forward_slice(femto::Level::detect(), LeakyRelu::<250>, &mut xs);
/// assert_eq!(xs, [-0.5, 2.0]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LeakyRelu<const THOUSANDTHS: u16 = 10>;

impl<const THOUSANDTHS: u16> LeakyRelu<THOUSANDTHS> {
    /// The slope for x < 0.
    pub const SLOPE: f32 = {
        assert!(THOUSANDTHS > 0, "a leaky ReLU needs a slope above 0; without one it is Relu");
        THOUSANDTHS as f32 / 1000.0
    };
}

impl<const THOUSANDTHS: u16> Activation for LeakyRelu<THOUSANDTHS> {
    const EPILOGUE: Epilogue = Epilogue::Keep;
    const IS_EPILOGUE: bool = false;

    #[inline(always)]
    fn forward<S: Simd>(s: S, x: S::Vector) -> S::Vector {
        s.select(s.lt(x, s.splat(0.0)), s.mul(x, s.splat(Self::SLOPE)), x)
    }

    #[inline(always)]
    fn backward<S: Simd>(s: S, y: S::Vector, dy: S::Vector) -> S::Vector {
        s.select(s.lt(y, s.splat(0.0)), s.mul(dy, s.splat(Self::SLOPE)), dy)
    }
}

/// 1 / (1 + e^-x); see [`math::sigmoid`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Sigmoid;

impl Activation for Sigmoid {
    const EPILOGUE: Epilogue = Epilogue::Keep;
    const IS_EPILOGUE: bool = false;

    #[inline(always)]
    fn forward<S: Simd>(s: S, x: S::Vector) -> S::Vector {
        math::sigmoid(s, x)
    }

    #[inline(always)]
    fn backward<S: Simd>(s: S, y: S::Vector, dy: S::Vector) -> S::Vector {
        s.mul(dy, s.mul(y, s.sub(s.splat(1.0), y)))
    }
}

/// The hyperbolic tangent; see [`math::tanh`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tanh;

impl Activation for Tanh {
    const EPILOGUE: Epilogue = Epilogue::Keep;
    const IS_EPILOGUE: bool = false;

    #[inline(always)]
    fn forward<S: Simd>(s: S, x: S::Vector) -> S::Vector {
        math::tanh(s, x)
    }

    #[inline(always)]
    fn backward<S: Simd>(s: S, y: S::Vector, dy: S::Vector) -> S::Vector {
        s.mul(dy, s.mac(s.neg(y), y, s.splat(1.0)))
    }
}

/// ln(1 + e^x), a smooth ReLU; see [`math::softplus`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Softplus;

impl Activation for Softplus {
    const EPILOGUE: Epilogue = Epilogue::Keep;
    const IS_EPILOGUE: bool = false;

    #[inline(always)]
    fn forward<S: Simd>(s: S, x: S::Vector) -> S::Vector {
        math::softplus(s, x)
    }

    #[inline(always)]
    fn backward<S: Simd>(s: S, y: S::Vector, dy: S::Vector) -> S::Vector {
        s.mul(dy, math::one_minus_exp_of_negated(s, y))
    }
}

/// Replaces each x by the activation's value.
pub fn forward_slice<A: Activation>(level: Level, _activation: A, xs: &mut [f32]) {
    dispatch!(level, s => simd::map(s, xs, #[inline(always)] |x| A::forward(s, x)));
}

/// Multiplies each delta by the activation's slope where the output is `y`. Only as many elements as the shorter
/// slice has are visited.
pub fn backward_slice<A: Activation>(level: Level, _activation: A, y: &[f32], delta: &mut [f32]) {
    dispatch!(level, s => simd::zip(s, delta, [y], #[inline(always)] |d, [y]| A::backward(s, y, d)));
}
