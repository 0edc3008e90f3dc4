//! Muon.

use femto::activation::Identity;
use femto::layer::Tensor;
use femto::matmul::{self, Matrix, MatrixMut, Start};
use femto::optimizer::{Adam, Rule, Update};
use femto::simd::Simd;
use femto::{Level, ShapeError, vector};

use super::elementwise::{self, Mix};
use super::{TensorPart, TensorRule, TensorUpdate, is_matrix, scratch_of};

/// Muon (Jordan et al., 2024) as PyTorch has it: the velocity of a matrix, with all its singular values brought near 1.
///
/// `b = momentum b + (1 - momentum) g`; `d = b`, or `momentum b + (1 - momentum) g` with `nesterov`;
/// `o = orthogonalized d`; `w = w (1 - lr weight_decay) - lr adjust o`. To orthogonalize, d is divided by its norm, or
/// by eps where that is larger, and five times replaced by `A x + B (x x^T) x + C (x x^T)^2 x` (Newton and Schulz); with
/// the default coefficients singular values end up between 0.68 and 1.21, where that of the divided d was above 0.002.
/// All of it is f32, where PyTorch has bfloat16, which makes its o differ from this one by 1 to 3 % of its length.
///
/// Vectors, biases above all, are the business of [`Adam`] with decoupled decay: `AdamW`. All matrices are Muon's, the
/// first and the last too.
///
/// State: b of a matrix, 4 bytes for each parameter; Adam's two moments of a vector, 8 bytes.
///
/// ```
/// use femto_std::optimizer::{AdjustRate, Muon};
///
/// let muon = Muon { adjust_rate: AdjustRate::MatchRmsAdamW, ..Muon::new(1e-3) };
/// assert_eq!((muon.weight_decay, muon.momentum, muon.nesterov), (0.1, 0.95, true));
/// assert_eq!(muon.coefficients, [3.4445, -4.775, 2.0315]);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Muon {
    /// Step size lr of matrices.
    pub learning_rate: f32,
    /// Decoupled weight decay of matrices; 0.1 by default.
    pub weight_decay: f32,
    /// How much of the velocity stays; 0.95 by default.
    pub momentum: f32,
    /// Whether the step looks ahead along the velocity; it does by default.
    pub nesterov: bool,
    /// A, B and C of an iteration (PyTorch's `ns_coefficients`); 3.4445, -4.775 and 2.0315 by default.
    pub coefficients: [f32; 3],
    /// The least norm that is divided by; 1e-7 by default.
    pub epsilon: f32,
    /// How many iterations (PyTorch's `ns_steps`); 5 by default.
    pub iterations: u32,
    /// How the step size depends on the shape; [`AdjustRate::Original`] by default.
    pub adjust_rate: AdjustRate,
    /// The rule for vectors; at 1e-3 with the usual decays by default.
    pub vectors: Adam,
    /// Decoupled weight decay of vectors; 0 by default (PyTorch's `AdamW` has 0.01).
    pub vectors_weight_decay: f32,
}

/// How [`Muon`] adjusts the step size to the shape of a matrix.
///
/// ```
/// use femto_std::optimizer::AdjustRate;
///
/// assert_eq!(AdjustRate::Original.factor(4, 16), 2.0);
/// assert_eq!(AdjustRate::Original.factor(16, 4), 1.0);
/// assert_eq!(AdjustRate::SpectralUnclamped.factor(16, 4), 0.5);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AdjustRate {
    /// Times `sqrt(max(1, outputs / inputs))`: Jordan's.
    Original,
    /// Times `0.2 sqrt(max(outputs, inputs))`: steps of the size of `AdamW`'s (Liu et al., 2025).
    MatchRmsAdamW,
    /// Times `sqrt(outputs / inputs)`: Bernstein's.
    SpectralUnclamped,
}

impl AdjustRate {
    /// The factor of the step size for a matrix of this shape, neither of them 0.
    #[must_use]
    pub fn factor(self, inputs: usize, outputs: usize) -> f32 {
        let (inputs, outputs) = (inputs as f64, outputs as f64);
        let factor = match self {
            Self::Original => libm::sqrt((outputs / inputs).max(1.0)),
            Self::MatchRmsAdamW => 0.2 * libm::sqrt(outputs.max(inputs)),
            Self::SpectralUnclamped => libm::sqrt(outputs / inputs),
        };
        factor as f32
    }
}

impl Muon {
    /// With this step size for matrices and PyTorch's other defaults.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self {
            learning_rate,
            weight_decay: 0.1,
            momentum: 0.95,
            nesterov: true,
            coefficients: [3.4445, -4.775, 2.0315],
            epsilon: 1e-7,
            iterations: 5,
            adjust_rate: AdjustRate::Original,
            vectors: Adam::new(1e-3),
            vectors_weight_decay: 0.0,
        }
    }
}

impl TensorRule for Muon {
    type Update = MuonUpdate;

    fn at(&self, step: u32) -> MuonUpdate {
        MuonUpdate { rule: *self, vectors: self.vectors.at(step) }
    }
}

/// [`Muon`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct MuonUpdate {
    rule: Muon,
    vectors: <Adam as Rule<2>>::Update,
}

impl TensorUpdate for MuonUpdate {
    fn state_len(tensor: &Tensor) -> usize {
        let moments = if is_matrix(tensor) { 1 } else { 2 };
        moments * tensor.range().len()
    }

    fn update(&self, level: Level, part: TensorPart<'_>, scratch: &mut Vec<f32>) {
        let TensorPart { tensor, parameters, gradient, state } = part;
        let rule = &self.rule;
        if !is_matrix(&tensor) {
            let (m, v) = state.split_at_mut(parameters.len());
            vector::scale(level, 1.0 - rule.vectors.learning_rate * rule.vectors_weight_decay, parameters);
            elementwise::update(level, self.vectors, parameters, [m, v], gradient);
            return;
        }
        let (len, side) = (parameters.len(), tensor.rows.min(tensor.columns));
        let (step, scratch) = scratch_of(scratch, 2 * len + 3 * side * side).split_at_mut(len);
        let velocity = Velocity { momentum: rule.momentum, nesterov: rule.nesterov };
        elementwise::update(level, velocity, state, [step], gradient);
        let result = rule.orthogonalize(level, (tensor.rows, tensor.columns), step, scratch);
        debug_assert!(result.is_ok(), "the scratch has the shapes of the products");
        let change = Mix {
            keep: 1.0 - rule.learning_rate * rule.weight_decay,
            gain: -(rule.learning_rate * rule.adjust_rate.factor(tensor.rows, tensor.columns)),
        };
        elementwise::update(level, change, parameters, [], step);
    }
}

impl Muon {
    /// Brings the singular values of `x` near 1. The scratch holds one more such matrix and three squares of its shorter
    /// side.
    fn orthogonalize(
        &self,
        level: Level,
        (rows, columns): (usize, usize),
        x: &mut [f32],
        scratch: &mut [f32],
    ) -> Result<(), ShapeError> {
        let [a, b, c] = self.coefficients;
        let side = rows.min(columns);
        let (y, squares) = scratch.split_at_mut(x.len());
        let (gram, squares) = squares.split_at_mut(side * side);
        let (scaled, polynomial) = squares.split_at_mut(side * side);
        vector::scale(level, 1.0 / vector::norm(level, x).max(self.epsilon), x);
        for _ in 0..self.iterations {
            let whole = Matrix::new(x, rows, columns, columns)?;
            let square = MatrixMut::new(gram, side, side, side)?;
            // The smaller of the two products, which have the same singular values but for zeros.
            if rows > columns {
                matmul::tn(level, whole, whole, Start::Zero, square)?;
            } else {
                matmul::nt(level, whole, whole, Start::Zero, square)?;
            }
            // b gram + c gram^2
            scaled.copy_from_slice(gram);
            vector::scale(level, c, scaled);
            polynomial.copy_from_slice(gram);
            vector::scale(level, b, polynomial);
            let (left, right) = (Matrix::new(gram, side, side, side)?, Matrix::new(scaled, side, side, side)?);
            matmul::nn(level, left, right, Start::Existing, Identity, MatrixMut::new(polynomial, side, side, side)?)?;

            y.copy_from_slice(x);
            vector::scale(level, a, y);
            let (whole, square) = (Matrix::new(x, rows, columns, columns)?, Matrix::new(polynomial, side, side, side)?);
            let (left, right) = if rows > columns { (whole, square) } else { (square, whole) };
            matmul::nn(level, left, right, Start::Existing, Identity, MatrixMut::new(y, rows, columns, columns)?)?;
            x.copy_from_slice(y);
        }
        Ok(())
    }
}

/// The velocity, and the step before it is orthogonalized.
#[derive(Clone, Copy)]
struct Velocity {
    momentum: f32,
    nesterov: bool,
}

impl Update<1> for Velocity {
    #[inline(always)]
    fn update<S: Simd>(self, s: S, b: S::Vector, [_]: [S::Vector; 1], g: S::Vector) -> (S::Vector, [S::Vector; 1]) {
        let momentum = s.splat(self.momentum);
        let part = s.mul(s.splat(1.0 - self.momentum), g);
        let b = s.mac(momentum, b, part);
        (b, [if self.nesterov { s.mac(momentum, b, part) } else { b }])
    }
}

#[cfg(test)]
mod tests {
    use femto_tests::levels;
    use femto_tests::numbers::Numbers;

    use super::*;

    /// The squares of what a matrix makes of unit vectors lie between those of its least and largest singular value.
    fn stretches(x: &[f32], (rows, columns): (usize, usize), numbers: &mut Numbers) -> Vec<f64> {
        let short = rows.min(columns);
        let at = |long: usize, s: usize| if rows > columns { x[long * columns + s] } else { x[s * columns + long] };
        (0..20)
            .map(|_| {
                let v = numbers.vector(short);
                let norm: f64 = v.iter().map(|v| f64::from(v * v)).sum();
                let image = (0..rows.max(columns)).map(|l| (0..short).map(|s| f64::from(at(l, s) * v[s])).sum::<f64>());
                (image.map(|y| y * y).sum::<f64>() / norm).sqrt()
            })
            .collect()
    }

    #[test]
    fn singular_values_come_near_one_whatever_the_shape() {
        let mut numbers = Numbers::new(50);
        for level in levels::all() {
            for shape in [(5, 5), (3, 40), (40, 3), (17, 33), (2, 1), (64, 20)] {
                let len = shape.0 * shape.1;
                let mut x: Vec<f32> = numbers.vector(len).iter().map(|x| 1e-3 * x).collect();
                let side = shape.0.min(shape.1);
                let mut scratch = vec![f32::NAN; len + 3 * side * side];
                Muon::new(0.1).orthogonalize(level, shape, &mut x, &mut scratch).expect("the scratch fits");
                for stretch in stretches(&x, shape, &mut numbers) {
                    assert!((0.65..1.25).contains(&stretch), "{level}, {shape:?}: a singular value near {stretch}");
                }
            }
        }
    }

    #[test]
    fn a_matrix_of_zeros_stays_one() {
        for level in levels::all() {
            let mut x = [0.0; 12];
            Muon::new(0.1).orthogonalize(level, (3, 4), &mut x, &mut [f32::NAN; 12 + 27]).expect("the scratch fits");
            assert_eq!(x, [0.0; 12], "{level}");
        }
    }
}
