//! What the networks of others have in common: the numbers that they are made of, and what is asked of them.

use std::error::Error;

use femto::layer::{Layer, TensorName};
use femto::{Flat, Net};

/// What can go wrong in the crate of a rival.
pub type Failure = Box<dyn Error + Send + Sync>;

/// How parameters follow their gradient: semantics and defaults of PyTorch, which are femto's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Method {
    /// Gradient descent.
    Sgd,
    /// Gradient descent with [`MOMENTUM`].
    Momentum,
    /// Adam with [`BETA1`] and [`BETA2`].
    Adam,
}

impl Method {
    /// Its name as a word of a case.
    #[must_use]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Momentum => "momentum",
            Self::Adam => "adam",
        }
    }
}

/// How much of the velocity stays; nothing is taken from the gradient.
pub(super) const MOMENTUM: f32 = 0.9;
/// Decay of the mean of gradients.
pub(super) const BETA1: f32 = 0.9;
/// Decay of the mean of squared gradients.
pub(super) const BETA2: f32 = 0.999;

/// A method with the numbers that are not always the same.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Hyperparameters {
    /// How parameters follow their gradient.
    pub(super) method: Method,
    /// The learning rate.
    pub(super) rate: f32,
    /// What Adam adds to the root; nothing to the others.
    pub(super) epsilon: f32,
}

/// One layer as numbers; all but the last are followed by ReLU.
#[derive(Clone, Debug)]
pub(super) struct Dense {
    /// How many inputs.
    pub(super) inputs: usize,
    /// How many outputs.
    pub(super) outputs: usize,
    /// A row for each input.
    pub(super) weights: Vec<f32>,
    /// A number for each output.
    pub(super) bias: Vec<f32>,
}

/// A network and the rows it meets, as numbers.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    /// The layers.
    pub(super) layers: Vec<Dense>,
    /// How many rows.
    pub(super) rows: usize,
    /// The inputs, row by row.
    pub(super) inputs: Vec<f32>,
    /// The class of each row; none where nothing is to be learnt.
    pub(super) labels: Vec<u8>,
}

impl Problem {
    /// What femto's network is about to do.
    #[must_use]
    pub(super) fn new<L: Layer>(net: &Net<L>, inputs: &[L::In], labels: &[u8]) -> Self {
        let mut layers: Vec<Dense> = Vec::new();
        net.for_each_tensor(|tensor, numbers| match (tensor.name, layers.last_mut()) {
            (TensorName::Weight, _) => layers.push(Dense {
                inputs: tensor.rows,
                outputs: tensor.columns,
                weights: numbers.to_vec(),
                bias: Vec::new(),
            }),
            (_, Some(layer)) => layer.bias = numbers.to_vec(),
            (_, None) => {}
        });
        let rows = inputs.len();
        let inputs = inputs.iter().flat_map(|row| row.as_slice()).copied().collect();
        Self { layers, rows, inputs, labels: labels.to_vec() }
    }
}

/// A network that learns one batch over and over.
pub(super) trait Learner {
    /// One whole step; gives the loss that it began with.
    ///
    /// # Errors
    /// Those of the crate.
    fn step(&mut self) -> Result<f32, Failure>;

    /// The parameters in femto's order: layer by layer, weights with a row for each input, then the bias.
    ///
    /// # Errors
    /// Those of the crate.
    fn parameters(&self) -> Result<Vec<f32>, Failure>;
}

/// A network that predicts the same rows over and over.
pub(super) trait Predictor {
    /// Computes the outputs, without softmax, and keeps them.
    ///
    /// # Errors
    /// Those of the crate.
    fn predict(&mut self) -> Result<(), Failure>;

    /// The outputs, row by row.
    ///
    /// # Errors
    /// Those of the crate.
    fn outputs(&self) -> Result<Vec<f32>, Failure>;
}

#[cfg(test)]
mod tests {
    use femto::Level;
    use femto::optimizer::Sgd;

    use super::*;
    use crate::networks::{Digits, LayersOf, Training};

    #[test]
    fn a_problem_has_all_numbers_in_order() {
        let training = Training::<LayersOf<Digits>, _, 0, 3>::new(Level::detect(), Sgd::new(0.0));
        let problem = Problem::new(training.net(), training.inputs(), training.labels());
        let sizes: Vec<_> = problem.layers.iter().map(|layer| (layer.inputs, layer.outputs)).collect();
        assert_eq!((sizes, problem.rows), (vec![(64, 32), (32, 10)], 3), "sizes");
        let tensors = problem.layers.iter().flat_map(|layer| [&layer.weights, &layer.bias]);
        let numbers: Vec<f32> = tensors.flatten().copied().collect();
        assert_eq!(numbers, training.net().as_slice(), "the parameters");
        assert_eq!(problem.inputs, training.inputs().as_flattened(), "the inputs");
        assert_eq!(problem.labels, [0, 1, 2], "the classes");
    }
}
