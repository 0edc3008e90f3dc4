//! Adafactor.

use femto::layer::Tensor;
use femto::optimizer::Update;
use femto::simd::Simd;
use femto::{Level, vector};

use super::elementwise::{self, Mix};
use super::{TensorPart, TensorRule, TensorUpdate, is_matrix, root_mean_square, scratch_of};

/// Adafactor (Shazeer and Stern, 2018) as PyTorch has it: the squared gradients of a matrix are remembered by the means
/// of their rows and columns alone.
///
/// With `k = t^decay` (`decay` is negative), matrices remember `r = (1 - k) r + k mean of each row of g^2` and `c`, the
/// same of columns, and estimate `v = r c / max(mean r, eps1)`; vectors remember `v = (1 - k) v + k g^2` itself. Then
/// `u = g / sqrt(max(v, eps1^2))`, and `w = w (1 - lr weight_decay) - a u / max(1, rms(u) / d)` with the relative step
/// `a = max(eps2, rms(w)) min(lr, 1 / sqrt(t))`, where `rms` is the root of the mean square and `w` that before the
/// decay.
///
/// PyTorch departs from the paper, and so does this: `lr` bounds the relative step instead of 0.01, and `eps1` bounds
/// roots instead of being added to squares.
///
/// State: r and c of matrices, 4 bytes for each row and column; v of vectors, 4 bytes for each parameter.
///
/// ```
/// use femto_std::optimizer::Adafactor;
///
/// let adafactor = Adafactor { weight_decay: 0.01, ..Adafactor::new(0.01) };
/// assert_eq!((adafactor.beta2_decay, adafactor.clipping_threshold), (-0.8, 1.0));
/// assert_eq!((adafactor.epsilon1, adafactor.epsilon2), (f32::EPSILON, 1e-3));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Adafactor {
    /// The largest relative step lr (PyTorch's default is 0.01), and the factor of the weight decay.
    pub learning_rate: f32,
    /// The exponent of the step number that gives the share of a new square in the means, at most 0; -0.8 by default.
    pub beta2_decay: f32,
    /// The least root of a mean square; 2^-23 by default, which is what PyTorch's `None` means for f32.
    pub epsilon1: f32,
    /// The least size that parameters are taken to have; 1e-3 by default.
    pub epsilon2: f32,
    /// PyTorch's d: the largest root mean square of a step before it is scaled; 1 by default.
    pub clipping_threshold: f32,
    /// Decoupled weight decay; 0 by default.
    pub weight_decay: f32,
}

impl Adafactor {
    /// With this bound of the relative step and PyTorch's other defaults.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self {
            learning_rate,
            beta2_decay: -0.8,
            epsilon1: f32::EPSILON,
            epsilon2: 1e-3,
            clipping_threshold: 1.0,
            weight_decay: 0.0,
        }
    }
}

impl TensorRule for Adafactor {
    type Update = AdafactorUpdate;

    fn at(&self, step: u32) -> AdafactorUpdate {
        let share = libm::pow(f64::from(step), f64::from(self.beta2_decay));
        AdafactorUpdate {
            rule: *self,
            share,
            keep: (1.0 - share) as f32,
            relative_step: f64::from(self.learning_rate).min(1.0 / libm::sqrt(f64::from(step))),
        }
    }
}

/// [`Adafactor`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct AdafactorUpdate {
    rule: Adafactor,
    share: f64,
    keep: f32,
    relative_step: f64,
}

impl AdafactorUpdate {
    /// `g / sqrt(v)` of a matrix into `u`, with `sums` as scratch for a row and a column.
    fn factored(&self, level: Level, tensor: &Tensor, part: (&[f32], &mut [f32]), u: &mut [f32], sums: &mut [f32]) {
        let (gradient, state) = part;
        let (row_means, column_means) = state.split_at_mut(tensor.rows);
        let (row_sums, column_sums) = sums.split_at_mut(tensor.rows);
        column_sums.fill(0.0);
        for (row, sum) in gradient.chunks_exact(tensor.columns).zip(row_sums.iter_mut()) {
            elementwise::update(level, AddSquare, column_sums, [], row);
            let norm = vector::dot(level, row, row);
            debug_assert!(norm.is_ok(), "a row is as long as itself");
            *sum = norm.unwrap_or(f32::NAN);
        }
        let mix = |of: usize| Mix { keep: self.keep, gain: (self.share / of as f64) as f32 };
        elementwise::update(level, mix(tensor.columns), row_means, [], row_sums);
        elementwise::update(level, mix(tensor.rows), column_means, [], column_sums);

        let mean = vector::sum(level, row_means) / tensor.rows as f32;
        // The larger, or NaN.
        let mean = if mean < self.rule.epsilon1 { self.rule.epsilon1 } else { mean };
        let rows = gradient.chunks_exact(tensor.columns).zip(u.chunks_exact_mut(tensor.columns));
        for ((g, u), row_mean) in rows.zip(row_means) {
            let divide = DivideByRoot { factor: *row_mean / mean, least: self.least() };
            elementwise::update(level, divide, u, [column_means], g);
        }
    }

    const fn least(&self) -> f32 {
        self.rule.epsilon1 * self.rule.epsilon1
    }
}

impl TensorUpdate for AdafactorUpdate {
    fn state_len(tensor: &Tensor) -> usize {
        if is_matrix(tensor) { tensor.rows + tensor.columns } else { tensor.range().len() }
    }

    fn update(&self, level: Level, part: TensorPart<'_>, scratch: &mut Vec<f32>) {
        let TensorPart { tensor, parameters, gradient, state } = part;
        let size = f64::from(self.rule.epsilon2).max(root_mean_square(level, parameters));
        let len = parameters.len();
        let (u, sums) = scratch_of(scratch, len + tensor.rows + tensor.columns).split_at_mut(len);
        if is_matrix(&tensor) {
            self.factored(level, &tensor, (gradient, state), u, sums);
        } else {
            elementwise::update(level, SquareMean { keep: self.keep, gain: self.share as f32 }, state, [], gradient);
            elementwise::update(level, DivideByRoot { factor: 1.0, least: self.least() }, u, [state], gradient);
        }
        let clip = (root_mean_square(level, u) / f64::from(self.rule.clipping_threshold)).max(1.0);
        let decay = f64::from(self.rule.learning_rate) * f64::from(self.rule.weight_decay);
        let step = Mix { keep: (1.0 - decay) as f32, gain: -(size * self.relative_step / clip) as f32 };
        elementwise::update(level, step, parameters, [], u);
    }
}

/// `sum = sum + g^2`.
#[derive(Clone, Copy)]
struct AddSquare;

impl Update<0> for AddSquare {
    #[inline(always)]
    fn update<S: Simd>(self, s: S, sum: S::Vector, []: [S::Vector; 0], g: S::Vector) -> (S::Vector, [S::Vector; 0]) {
        (s.mac(g, g, sum), [])
    }
}

/// `v = keep v + gain g^2`.
#[derive(Clone, Copy)]
struct SquareMean {
    keep: f32,
    gain: f32,
}

impl Update<0> for SquareMean {
    #[inline(always)]
    fn update<S: Simd>(self, s: S, v: S::Vector, []: [S::Vector; 0], g: S::Vector) -> (S::Vector, [S::Vector; 0]) {
        (s.mac(s.splat(self.keep), v, s.mul(s.mul(s.splat(self.gain), g), g)), [])
    }
}

/// `u = g / sqrt(max(factor v, least))`; v stays.
#[derive(Clone, Copy)]
struct DivideByRoot {
    factor: f32,
    least: f32,
}

impl Update<1> for DivideByRoot {
    #[inline(always)]
    fn update<S: Simd>(self, s: S, _u: S::Vector, [v]: [S::Vector; 1], g: S::Vector) -> (S::Vector, [S::Vector; 1]) {
        let estimate = s.mul(s.splat(self.factor), v);
        // In this order NaN stays NaN.
        let estimate = s.larger(estimate, s.splat(self.least));
        (s.div(g, s.sqrt(estimate)), [v])
    }
}
