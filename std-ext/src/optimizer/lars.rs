//! LARS.

use femto::layer::Tensor;
use femto::optimizer::Update;
use femto::simd::Simd;
use femto::{Level, vector};

use super::{TensorPart, TensorRule, TensorUpdate, elementwise};

/// LARS (You, Gitman and Ginsburg, 2017, algorithm 1): momentum whose rate is, for each tensor, in proportion to the
/// length of the tensor by that of its gradient.
///
/// `r = trust |w| / (|g| + decay |w|)`, `v = momentum v + lr r (g + decay w)`, `w = w - v`. Where `|w|` or `|g|` is 0,
/// r is 1, as in Optax (PyTorch has no LARS): biases that begin at 0 make their first step with the whole rate. The rate
/// stands inside the velocity, as in the paper.
///
/// State: v, 4 bytes for each parameter.
///
/// ```
/// use femto_std::optimizer::Lars;
///
/// let lars = Lars { weight_decay: 1e-4, ..Lars::new(0.1) };
/// assert_eq!((lars.momentum, lars.trust_coefficient), (0.9, 0.001));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lars {
    /// Step size lr.
    pub learning_rate: f32,
    /// How much of the velocity stays; 0.9 by default.
    pub momentum: f32,
    /// How much of the parameters is taken into the gradient; 0 by default.
    pub weight_decay: f32,
    /// The length of a step by that of the tensor, at rate 1; 0.001 by default.
    pub trust_coefficient: f32,
}

impl Lars {
    /// With this step size, momentum 0.9, trust 0.001 and no weight decay.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate, momentum: 0.9, weight_decay: 0.0, trust_coefficient: 0.001 }
    }
}

impl TensorRule for Lars {
    type Update = LarsUpdate;

    fn at(&self, _step: u32) -> LarsUpdate {
        LarsUpdate { rule: *self }
    }
}

/// [`Lars`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct LarsUpdate {
    rule: Lars,
}

impl TensorUpdate for LarsUpdate {
    fn state_len(tensor: &Tensor) -> usize {
        tensor.range().len()
    }

    fn update(&self, level: Level, part: TensorPart<'_>, _scratch: &mut Vec<f32>) {
        let Lars { learning_rate, momentum, weight_decay, trust_coefficient } = self.rule;
        let (w, g) = (vector::norm(level, part.parameters), vector::norm(level, part.gradient));
        let ratio = if w > 0.0 && g > 0.0 { trust_coefficient * w / (g + weight_decay * w) } else { 1.0 };
        let step = Step { rate: learning_rate * ratio, momentum, weight_decay };
        elementwise::update(level, step, part.parameters, [part.state], part.gradient);
    }
}

/// The step of a tensor whose rate is known.
#[derive(Clone, Copy)]
struct Step {
    rate: f32,
    momentum: f32,
    weight_decay: f32,
}

impl Update<1> for Step {
    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, [v]: [S::Vector; 1], g: S::Vector) -> (S::Vector, [S::Vector; 1]) {
        let g = s.mac(s.splat(self.weight_decay), w, g);
        let v = s.mac(s.splat(self.momentum), v, s.mul(s.splat(self.rate), g));
        (s.sub(w, v), [v])
    }
}
