//! The bit contract in its plainest form, one number at a time; and networks in f64, written down from their formulas.

use femto::Arithmetic;

/// `a * b + c` in the arithmetic class, from the standard library's correctly rounded operations.
#[must_use]
pub fn mac(arithmetic: Arithmetic, a: f32, b: f32, c: f32) -> f32 {
    match arithmetic {
        Arithmetic::Fused => a.mul_add(b, c),
        Arithmetic::Unfused => a * b + c,
    }
}

/// Row-major matrices as the products name them: `a` with `b`, into an output that starts at `start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `a` m x k, `b` k x n.
    Nn,
    /// `a` k x m, `b` k x n.
    Tn,
    /// `a` m x k, `b` n x k.
    Nt,
}

/// Rows, steps and columns of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows of the output.
    pub m: usize,
    /// Length of the chains.
    pub k: usize,
    /// Columns of the output.
    pub n: usize,
}

/// The product of dense matrices, one chain after the other: `start` (m x n), then one multiply-accumulate for each
/// k, ascending.
#[must_use]
pub fn product(arithmetic: Arithmetic, form: Form, size: Size, a: &[f32], b: &[f32], start: &[f32]) -> Vec<f32> {
    let Size { m, k, n } = size;
    let mut c = start.to_vec();
    for i in 0..m {
        for j in 0..n {
            let mut acc = c[i * n + j];
            for step in 0..k {
                let (x, y) = match form {
                    Form::Nn => (a[i * k + step], b[step * n + j]),
                    Form::Tn => (a[step * m + i], b[step * n + j]),
                    Form::Nt => (a[i * k + step], b[j * k + step]),
                };
                acc = mac(arithmetic, x, y, acc);
            }
            c[i * n + j] = acc;
        }
    }
    c
}

/// A sum or maximum over `len` elements in the order of the bit contract: element `i` goes to lane `i % 16`, then lane
/// `l` becomes `combine(l, l + 8)`, and so on with 4, 2 and 1.
pub fn fold(len: usize, init: f32, mut step: impl FnMut(f32, usize) -> f32, combine: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [init; 16];
    for i in 0..len {
        lanes[i % 16] = step(lanes[i % 16], i);
    }
    for width in [8, 4, 2, 1] {
        for lane in 0..width {
            lanes[lane] = combine(lanes[lane], lanes[lane + width]);
        }
    }
    lanes[0]
}

/// [`fold`] with sums.
#[must_use]
pub fn sum(xs: &[f32]) -> f32 {
    fold(xs.len(), 0.0, |acc, i| acc + xs[i], |a, b| a + b)
}

/// An activation as a function of f64.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "each is the activation of that name")]
pub enum Function {
    Identity,
    Sign,
    Relu,
    LeakyRelu(f64),
    Sigmoid,
    Tanh,
    Softplus,
}

impl Function {
    /// The value at `x`.
    #[must_use]
    pub fn value(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Sign => {
                if x < 0.0 {
                    -1.0
                } else {
                    1.0
                }
            }
            Self::Relu => x.max(0.0),
            Self::LeakyRelu(slope) => {
                if x < 0.0 {
                    slope * x
                } else {
                    x
                }
            }
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
            Self::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        }
    }

    /// The function has a kink or a jump at 0, where no difference quotient converges to the slope.
    #[must_use]
    pub const fn has_kink(self) -> bool {
        matches!(self, Self::Sign | Self::Relu | Self::LeakyRelu(_))
    }
}

/// A loss of one row as a function of f64: the textbook formulas, not the stable forms.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "each is the loss of that name")]
pub enum Measure {
    MeanSquaredError,
    SumSquaredError,
    HalfSquaredError,
    MeanAbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
}

impl Measure {
    /// The loss of the outputs `y`; a class is its one-hot row.
    #[must_use]
    pub fn value(self, y: &[f64], target: &[f64]) -> f64 {
        let n = y.len() as f64;
        let pairs = || y.iter().zip(target);
        let squares = || pairs().map(|(y, t)| (y - t).powi(2)).sum::<f64>();
        match self {
            Self::MeanSquaredError => squares() / n,
            Self::SumSquaredError => squares(),
            Self::HalfSquaredError => squares() / 2.0,
            Self::MeanAbsoluteError => pairs().map(|(y, t)| (y - t).abs()).sum::<f64>() / n,
            Self::BinaryCrossEntropy => {
                let of_output = |(y, t): (&f64, &f64)| {
                    let p = Function::Sigmoid.value(*y);
                    -(t * p.ln() + (1.0 - t) * (1.0 - p).ln())
                };
                pairs().map(of_output).sum::<f64>() / n
            }
            Self::CrossEntropy => {
                let total: f64 = y.iter().map(|y| y.exp()).sum();
                pairs().map(|(y, t)| -t * (y.exp() / total).ln()).sum()
            }
        }
    }
}

/// A dense layer of a [`Model`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dense {
    /// Inputs.
    pub inputs: usize,
    /// Outputs.
    pub outputs: usize,
    /// The activation.
    pub function: Function,
}

/// A chain of dense layers in f64. Parameters come flat: weights (inputs x outputs, row by row), then biases, layer by
/// layer.
#[derive(Clone, Debug)]
pub struct Model(pub Vec<Dense>);

impl Model {
    /// The outputs for one row; `visit` sees each layer's activation with each number that goes into it.
    pub fn outputs(&self, parameters: &[f64], x: &[f64], mut visit: impl FnMut(Function, f64)) -> Vec<f64> {
        let (mut row, mut rest) = (x.to_vec(), parameters);
        for Dense { inputs, outputs, function } in &self.0 {
            let (weights, behind) = rest.split_at(inputs * outputs);
            let (biases, behind) = behind.split_at(*outputs);
            rest = behind;
            row = (0..*outputs)
                .map(|j| {
                    let products = row.iter().enumerate().map(|(i, x)| x * weights[i * outputs + j]);
                    let z = biases[j] + products.sum::<f64>();
                    visit(*function, z);
                    function.value(z)
                })
                .collect();
        }
        assert!(rest.is_empty(), "{} parameters are of no layer", rest.len());
        row
    }

    /// The sum of `f` over the weights; biases are not penalised.
    pub fn sum_over_weights(&self, parameters: &[f64], f: impl Fn(f64) -> f64) -> f64 {
        let (mut total, mut rest) = (0.0, parameters);
        for Dense { inputs, outputs, .. } in &self.0 {
            total += rest[..inputs * outputs].iter().map(|w| f(*w)).sum::<f64>();
            rest = &rest[(inputs + 1) * outputs..];
        }
        total
    }
}

/// The slopes of `f` at `x` by central differences: the error is h^2 / 6 times the third derivative, and about
/// `1e-16 * f / h` of rounding; with h = 1e-5 both are near 1e-10.
#[must_use]
pub fn central_differences(x: &[f64], mut f: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    const H: f64 = 1e-5;
    let mut at = x.to_vec();
    (0..x.len())
        .map(|i| {
            at[i] = x[i] + H;
            let above = f(&at);
            at[i] = x[i] - H;
            let below = f(&at);
            at[i] = x[i];
            (above - below) / (2.0 * H)
        })
        .collect()
}
