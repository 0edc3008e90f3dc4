//! Optimizers that look at more than one parameter at a time: at the norm of a tensor, its rows and columns, its
//! singular values, or at all parameters and several losses.
//!
//! | optimizer | looks at | numbers of state |
//! |---|---|---|
//! | [`Lars`] | the norms of a tensor and of its gradient | P |
//! | [`Lamb`] | the norms of a tensor and of its Adam step | 2 P |
//! | [`Adafactor`] | the means of rows and columns of a squared gradient | R + C for each matrix, its length for a vector |
//! | [`Muon`] | the singular values of the velocity of a matrix | P, and once more the vectors' |
//! | [`Lbfgs`] | all parameters, gradients of former steps, losses along a line | 2 P, and 2 P for each step remembered |
//!
//! P counts the parameters of the network, R and C the rows and columns of a matrix. A *vector* is a tensor of one row:
//! biases, and the weights of a single input. Semantics, defaults and the places of epsilons are PyTorch's where it has
//! the optimizer.
//!
//! The first four are rules ([`TensorRule`]) that a [`TensorOptimizer`] carries out; they have a learning rate that may
//! follow a schedule ([`femto::optimizer::Scheduled`]). They and the rules of [`femto::optimizer`] are called in one way
//! ([`NetOptimizer`]), with a whole gradient; whose learning rate may be set is a [`RatedOptimizer`]:
//!
//! ```
//! use femto::activation::Tanh;
//! use femto::init::Init;
//! use femto::layer::Dense;
//! use femto::loss::BinaryCrossEntropy;
//! use femto::train::Objective;
//! use femto::{Flat, Level, net};
//! use femto_std::optimizer::{Lamb, NetOptimizer, TensorOptimizer};
//!
//! type Xor = net![Dense<2, 4, Tanh>, Dense<4, 1>];
//!
//! let inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
//! let targets = [[0.0], [1.0], [1.0], [0.0]];
//!
//! let level = Level::detect();
//! let (mut xor, mut gradient) = (Xor::ZERO, Xor::ZERO);
//! xor.init(Init::GlorotUniform, 1);
//! let mut lamb = TensorOptimizer::new(Lamb::new(0.05));
//! let mut tape = [Xor::TAPE; 4];
//!
//! let objective = Objective::mean(BinaryCrossEntropy);
//! for _ in 0..300 {
//!     gradient.as_mut_slice().fill(0.0);
//!     xor.gradient(level, &objective, &inputs, &targets, &mut tape, &mut gradient)?;
//!     lamb.apply(level, &mut xor, &gradient);
//! }
//! for (x, t) in inputs.iter().zip(&targets) {
//!     let [logit] = xor.predict(level, x);
//!     assert_eq!(logit > 0.0, t[0] > 0.5);
//! }
//! # Ok::<(), femto::train::BatchError>(())
//! ```
//!
//! # Bits
//!
//! Norms, products and element-wise formulas are kernels of [`femto`], scalars are double precision and functions of
//! libm: an optimizer makes the same bits on every machine and level of an arithmetic class.

mod adafactor;
mod elementwise;
mod lamb;
mod lars;
mod lbfgs;
mod muon;
mod names;
mod rate;

use std::marker::PhantomData;

use femto::layer::{Layer, Tensor};
use femto::optimizer::{Optimizer, Rule};
use femto::{Flat, Level, Net};

pub use adafactor::{Adafactor, AdafactorUpdate};
pub use lamb::{Lamb, LambUpdate};
pub use lars::{Lars, LarsUpdate};
pub use lbfgs::{Lbfgs, LbfgsError, LbfgsReport, LbfgsSettings, LineSearch, Stop};
pub use muon::{AdjustRate, Muon, MuonUpdate};
pub use names::{OptimizerName, UnknownOptimizer};
pub use rate::RatedOptimizer;

/// An optimizer that makes a step from a whole gradient of a network.
///
/// Its state is a few slices of numbers and a count of steps: who saves them can go on later with the same bits.
///
/// ```
/// use femto::layer::Dense;
/// use femto::optimizer::{Adam, Optimizer};
/// use femto::{Flat, Level, Net, net};
/// use femto_std::optimizer::{Adafactor, NetOptimizer, TensorOptimizer};
///
/// type Line = net![Dense<1, 1>];
///
/// fn steps(optimizer: &mut dyn NetOptimizer<Dense<1, 1>>) -> f32 {
///     let (mut line, mut gradient) = (Line::ZERO, Line::ZERO);
///     for _ in 0..10 {
///         gradient.layers.weights = line.layers.weights.map(|[w]| [w - 3.0]); // of (w - 3)^2 / 2
///         optimizer.apply(Level::detect(), &mut line, &gradient);
///     }
///     line.layers.weights[0][0]
/// }
///
/// assert!(steps(&mut Optimizer::<Line, Adam, 2>::new(Adam::new(0.1))) > 0.9);
/// assert!(steps(&mut TensorOptimizer::new(Adafactor::new(0.1))) > 0.0);
/// ```
pub trait NetOptimizer<L: Layer> {
    /// Makes one step: changes the network by the gradient.
    fn apply(&mut self, level: Level, net: &mut Net<L>, gradient: &Net<L>);
    /// How many steps were made.
    fn steps(&self) -> u32;
    /// What is remembered between steps.
    fn state(&self) -> Vec<&[f32]>;
    /// Sets the count of steps to go on from, and gives the slices of [`Self::state`] to write to.
    fn resume(&mut self, steps: u32) -> Vec<&mut [f32]>;
    /// Writes to `weights` what predictions are made with: the network as it is, but for rules that average
    /// ([`Optimizer::averaged`]).
    fn weights_to_predict_with(&self, _level: Level, net: &Net<L>, weights: &mut Net<L>) {
        weights.as_mut_slice().copy_from_slice(net.as_slice());
    }
}

impl<L: Layer, R: Rule<MOMENTS>, const MOMENTS: usize> NetOptimizer<L> for Optimizer<Net<L>, R, MOMENTS> {
    fn apply(&mut self, level: Level, net: &mut Net<L>, gradient: &Net<L>) {
        self.apply(level, net, gradient);
    }

    fn steps(&self) -> u32 {
        self.steps()
    }

    fn state(&self) -> Vec<&[f32]> {
        self.moments().iter().map(Flat::as_slice).collect()
    }

    fn resume(&mut self, steps: u32) -> Vec<&mut [f32]> {
        self.resume(steps).iter_mut().map(Flat::as_mut_slice).collect()
    }

    fn weights_to_predict_with(&self, level: Level, net: &Net<L>, weights: &mut Net<L>) {
        self.averaged(level, net, weights);
    }
}

/// A rule that changes a tensor by the tensor, its gradient and some numbers of its own.
///
/// The trait is to be implemented for rules that are not here, too:
///
/// ```
/// use femto::layer::{Dense, Tensor};
/// use femto::{Flat, Level, net, vector};
/// use femto_std::optimizer::{NetOptimizer, TensorOptimizer, TensorPart, TensorRule, TensorUpdate};
///
/// /// Each tensor moves by the same length, whatever its gradient's.
/// #[derive(Clone, Copy)]
/// struct Normalized {
///     learning_rate: f32,
/// }
///
/// impl TensorRule for Normalized {
///     type Update = Self;
///     fn at(&self, _step: u32) -> Self {
///         *self
///     }
/// }
///
/// impl TensorUpdate for Normalized {
///     fn state_len(_tensor: &Tensor) -> usize {
///         0
///     }
///     fn update(&self, level: Level, part: TensorPart<'_>, _scratch: &mut Vec<f32>) {
///         let norm = vector::norm(level, part.gradient);
///         if norm > 0.0 {
///             let moved = vector::axpy(level, -self.learning_rate / norm, part.gradient, part.parameters);
///             debug_assert!(moved.is_ok(), "both have the length of the tensor");
///         }
///     }
/// }
///
/// type Line = net![Dense<1, 1>];
/// let (mut line, gradient) = (Line::ZERO, Line::from_le_bytes(&[0, 0, 0, 64, 0, 0, 128, 191])); // 2 and -1
/// TensorOptimizer::new(Normalized { learning_rate: 0.5 }).apply(Level::detect(), &mut line, &gradient);
/// assert_eq!(line.as_slice(), [-0.5, 0.5]);
/// ```
pub trait TensorRule: Send {
    /// The rule with all that depends on the step alone worked out.
    type Update: TensorUpdate;

    /// The rule at step `step`, counted from 1.
    fn at(&self, step: u32) -> Self::Update;
}

/// What a [`TensorRule`] does at one step.
pub trait TensorUpdate {
    /// How many numbers are remembered of a tensor; they begin at 0.
    fn state_len(tensor: &Tensor) -> usize;

    /// Changes the parameters and the state of one tensor, which has at least one number. The scratch holds what earlier
    /// calls left there.
    fn update(&self, level: Level, part: TensorPart<'_>, scratch: &mut Vec<f32>);
}

/// One tensor of a network at a step.
#[derive(Debug)]
pub struct TensorPart<'a> {
    /// Its name and shape.
    pub tensor: Tensor,
    /// Its numbers, row by row.
    pub parameters: &'a mut [f32],
    /// Their gradient.
    pub gradient: &'a [f32],
    /// What is remembered of it: [`TensorUpdate::state_len`] numbers.
    pub state: &'a mut [f32],
}

/// A [`TensorRule`] with its step counter and its state, for networks of layers `L`.
///
/// Takes the bytes of the state ([`NetOptimizer::state`]), and as scratch up to five times those of the largest tensor.
///
/// ```
/// use femto::layer::Dense;
/// use femto::{Flat, Level, net};
/// use femto_std::optimizer::{Lars, NetOptimizer, TensorOptimizer};
///
/// type Line = net![Dense<1, 1>];
/// let (mut line, mut gradient) = (Line::ZERO, Line::ZERO);
/// gradient.layers.biases = [2.0];
/// let mut lars = TensorOptimizer::new(Lars::new(0.5));
/// lars.apply(Level::detect(), &mut line, &gradient);
/// assert_eq!((line.layers.biases, lars.steps()), ([-1.0], 1));
///
/// // Saved, and gone on from.
/// let saved: Vec<Vec<f32>> = lars.state().into_iter().map(<[f32]>::to_vec).collect();
/// let mut resumed = TensorOptimizer::new(lars.rule);
/// for (state, saved) in resumed.resume(lars.steps()).into_iter().zip(&saved) {
///     state.copy_from_slice(saved);
/// }
/// assert_eq!(resumed, lars);
/// # lars.apply(Level::detect(), &mut line, &gradient);
/// ```
#[derive(Clone, Debug)]
pub struct TensorOptimizer<L, R> {
    /// The rule; its learning rate may be changed between steps.
    pub rule: R,
    steps: u32,
    state: Vec<f32>,
    scratch: Vec<f32>,
    layers: PhantomData<fn() -> L>,
}

/// Equal rules, steps and states; the scratch does not count.
impl<L, R: PartialEq> PartialEq for TensorOptimizer<L, R> {
    fn eq(&self, other: &Self) -> bool {
        (&self.rule, self.steps, &self.state) == (&other.rule, other.steps, &other.state)
    }
}

impl<L: Layer, R: TensorRule> TensorOptimizer<L, R> {
    /// Starts at step 0 with all state 0.
    #[must_use]
    pub fn new(rule: R) -> Self {
        let mut len = 0;
        L::tensors(0, 0, &mut |tensor| len += R::Update::state_len(&tensor));
        Self { rule, steps: 0, state: vec![0.0; len], scratch: Vec::new(), layers: PhantomData }
    }
}

impl<L: Layer, R: TensorRule> NetOptimizer<L> for TensorOptimizer<L, R> {
    fn apply(&mut self, level: Level, net: &mut Net<L>, gradient: &Net<L>) {
        self.steps = self.steps.saturating_add(1);
        let update = self.rule.at(self.steps);
        let (mut state, gradient) = (self.state.as_mut_slice(), gradient.as_slice());
        net.for_each_tensor_mut(|tensor, parameters| {
            let (part, rest) = std::mem::take(&mut state).split_at_mut(R::Update::state_len(&tensor));
            state = rest;
            if let Some(gradient) = gradient.get(tensor.range())
                && !parameters.is_empty()
            {
                update.update(level, TensorPart { tensor, parameters, gradient, state: part }, &mut self.scratch);
            }
        });
    }

    fn steps(&self) -> u32 {
        self.steps
    }

    fn state(&self) -> Vec<&[f32]> {
        vec![&self.state]
    }

    fn resume(&mut self, steps: u32) -> Vec<&mut [f32]> {
        self.steps = steps;
        vec![&mut self.state]
    }
}

/// Whether a tensor counts as a matrix, not as a vector.
const fn is_matrix(tensor: &Tensor) -> bool {
    tensor.rows > 1
}

/// The root of the mean square.
fn root_mean_square(level: Level, numbers: &[f32]) -> f64 {
    f64::from(femto::vector::norm(level, numbers)) / libm::sqrt(numbers.len() as f64)
}

/// How many times longer the parameters are than their step; 1 where one of them has no length.
fn trust_ratio(parameters: f32, step: f32) -> f32 {
    if parameters > 0.0 && step > 0.0 { parameters / step } else { 1.0 }
}

/// The first numbers of a scratch that is made long enough.
fn scratch_of(scratch: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if scratch.len() < len {
        scratch.resize(len, 0.0);
    }
    &mut scratch[..len]
}

/// 1 - beta^step in double precision.
fn one_minus_power(beta: f32, step: u32) -> f64 {
    1.0 - libm::pow(f64::from(beta), f64::from(step))
}
