//! LAMB.

use femto::layer::Tensor;
use femto::optimizer::Update;
use femto::simd::Simd;
use femto::{Level, vector};

use super::{TensorPart, TensorRule, TensorUpdate, elementwise, one_minus_power, scratch_of, trust_ratio};

/// LAMB (You et al., 2020, algorithm 2): Adam whose step has, for each tensor, the length of the tensor times the
/// learning rate.
///
/// `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, `u = m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + decay w`,
/// `w = w - lr |w| / |u| u`. The trust ratio `|w| / |u|` of 2-norms is 1 where a norm is 0. Every tensor has its own,
/// biases too, and the decay holds for all of them; both as in Optax, whose defaults these are (PyTorch has no LAMB).
///
/// State: m, then v of each tensor, 8 bytes for each parameter.
///
/// ```
/// use femto_std::optimizer::Lamb;
///
/// let lamb = Lamb { weight_decay: 0.01, ..Lamb::new(1e-3) };
/// assert_eq!((lamb.beta1, lamb.beta2, lamb.epsilon), (0.9, 0.999, 1e-6));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lamb {
    /// Step size lr, relative to the length of the tensor.
    pub learning_rate: f32,
    /// Decay of the mean of gradients, in 0..1; 0.9 by default.
    pub beta1: f32,
    /// Decay of the mean of squared gradients, in 0..1; 0.999 by default.
    pub beta2: f32,
    /// Keeps the division away from zero; 1e-6 by default.
    pub epsilon: f32,
    /// How much of the parameters is taken into the step; 0 by default.
    pub weight_decay: f32,
}

impl Lamb {
    /// With this step size, the usual decays and no weight decay.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.0 }
    }
}

impl TensorRule for Lamb {
    type Update = LambUpdate;

    fn at(&self, step: u32) -> LambUpdate {
        LambUpdate {
            rule: *self,
            mean_scale: (1.0 / one_minus_power(self.beta1, step)) as f32,
            root_scale: (1.0 / libm::sqrt(one_minus_power(self.beta2, step))) as f32,
        }
    }
}

/// [`Lamb`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct LambUpdate {
    rule: Lamb,
    mean_scale: f32,
    root_scale: f32,
}

impl TensorUpdate for LambUpdate {
    fn state_len(tensor: &Tensor) -> usize {
        2 * tensor.range().len()
    }

    fn update(&self, level: Level, part: TensorPart<'_>, scratch: &mut Vec<f32>) {
        let TensorPart { parameters: w, gradient, state, .. } = part;
        let (m, v) = state.split_at_mut(w.len());
        let u = scratch_of(scratch, w.len());
        elementwise::update(level, *self, w, [m, v, u], gradient);
        let ratio = trust_ratio(vector::norm(level, w), vector::norm(level, u));
        let done = vector::axpy(level, -(self.rule.learning_rate * ratio), u, w);
        debug_assert!(done.is_ok(), "the step has the length of the tensor");
    }
}

/// The means, and the step before its length is known.
impl Update<3> for LambUpdate {
    #[inline(always)]
    fn update<S: Simd>(
        self,
        s: S,
        w: S::Vector,
        [m, v, _]: [S::Vector; 3],
        g: S::Vector,
    ) -> (S::Vector, [S::Vector; 3]) {
        let Lamb { beta1, beta2, epsilon, weight_decay, .. } = self.rule;
        let m = s.mac(s.splat(beta1), m, s.mul(s.splat(1.0 - beta1), g));
        let v = s.mac(s.splat(beta2), v, s.mul(s.mul(s.splat(1.0 - beta2), g), g));
        let root = s.mac(s.sqrt(v), s.splat(self.root_scale), s.splat(epsilon));
        let adam = s.div(s.mul(s.splat(self.mean_scale), m), root);
        (w, [m, v, s.mac(s.splat(weight_decay), w, adam)])
    }
}
