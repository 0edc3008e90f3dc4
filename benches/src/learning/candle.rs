//! candle on its CPU device, the way its users write it.
//!
//! Products are those of the crate `gemm`, whose AVX-512 the workspace turns on; what goes element by element is
//! compiled for the instruction set of the build.

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::{Activation, AdamW, Linear, Module, Optimizer, ParamsAdamW, SGD, Sequential, loss, seq};

use super::rivals::{BETA1, BETA2, Failure, Hyperparameters, Learner, MOMENTUM, Method, Predictor, Problem};

/// Weights have a row for each output here.
fn tensors(problem: &Problem) -> Result<Vec<(Tensor, Tensor)>> {
    let layers = problem.layers.iter().map(|layer| {
        let weights = Tensor::from_slice(&layer.weights, (layer.inputs, layer.outputs), &Device::Cpu)?;
        let bias = Tensor::from_slice(&layer.bias, layer.outputs, &Device::Cpu)?;
        Ok((weights.t()?.contiguous()?, bias))
    });
    layers.collect()
}

fn network(layers: impl IntoIterator<Item = Linear>) -> Sequential {
    let mut network = seq();
    for layer in layers {
        if !network.is_empty() {
            network = network.add(Activation::Relu);
        }
        network = network.add(layer);
    }
    network
}

fn inputs(problem: &Problem) -> Result<Tensor> {
    Tensor::from_slice(&problem.inputs, (problem.rows, ()), &Device::Cpu)
}

/// Momentum, which candle's SGD lacks, over tensors as its Adam does it.
struct Velocities {
    rate: f64,
    variables: Vec<(Var, Tensor)>,
}

impl Velocities {
    fn new(variables: Vec<Var>, rate: f64) -> Result<Self> {
        let variables = variables.into_iter().map(|variable| {
            let velocity = variable.zeros_like()?;
            Ok((variable, velocity))
        });
        Ok(Self { rate, variables: variables.collect::<Result<_>>()? })
    }

    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        for (variable, velocity) in &mut self.variables {
            if let Some(gradient) = gradients.get(variable) {
                *velocity = ((&*velocity * f64::from(MOMENTUM))? + gradient)?;
                variable.set(&variable.sub(&(&*velocity * self.rate)?)?)?;
            }
        }
        Ok(())
    }
}

enum Rule {
    Sgd(SGD),
    Momentum(Velocities),
    Adam(AdamW),
}

impl Rule {
    fn new(with: Hyperparameters, variables: Vec<Var>) -> Result<Self> {
        let rate = f64::from(with.rate);
        Ok(match with.method {
            Method::Sgd => Self::Sgd(SGD::new(variables, rate)?),
            Method::Momentum => Self::Momentum(Velocities::new(variables, rate)?),
            // Without decay of the weights it is Adam.
            Method::Adam => Self::Adam(AdamW::new(
                variables,
                ParamsAdamW {
                    lr: rate,
                    beta1: f64::from(BETA1),
                    beta2: f64::from(BETA2),
                    eps: f64::from(with.epsilon),
                    weight_decay: 0.0,
                },
            )?),
        })
    }

    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        match self {
            Self::Sgd(rule) => rule.step(gradients),
            Self::Momentum(rule) => rule.step(gradients),
            Self::Adam(rule) => rule.step(gradients),
        }
    }
}

/// A network of candle that learns.
pub(super) struct Learning {
    network: Sequential,
    variables: Vec<Var>,
    rule: Rule,
    inputs: Tensor,
    labels: Tensor,
}

impl Learning {
    /// A network and what it learns.
    ///
    /// # Errors
    /// Those of candle.
    pub(super) fn new(problem: &Problem, with: Hyperparameters) -> Result<Self> {
        let mut layers = Vec::new();
        let mut variables = Vec::new();
        for (weights, bias) in tensors(problem)? {
            let (weights, bias) = (Var::from_tensor(&weights)?, Var::from_tensor(&bias)?);
            layers.push(Linear::new(weights.as_tensor().clone(), Some(bias.as_tensor().clone())));
            variables.extend([weights, bias]);
        }
        let labels = problem.labels.iter().map(|&label| u32::from(label));
        Ok(Self {
            network: network(layers),
            rule: Rule::new(with, variables.clone())?,
            variables,
            inputs: inputs(problem)?,
            labels: Tensor::from_iter(labels, &Device::Cpu)?,
        })
    }
}

impl Learner for Learning {
    fn step(&mut self) -> std::result::Result<f32, Failure> {
        let loss = loss::cross_entropy(&self.network.forward(&self.inputs)?, &self.labels)?;
        self.rule.step(&loss.backward()?)?;
        Ok(loss.to_scalar()?)
    }

    fn parameters(&self) -> std::result::Result<Vec<f32>, Failure> {
        let mut numbers = Vec::new();
        for variable in &self.variables {
            // Turns weights about, and leaves vectors as they are.
            let tensor = if variable.rank() == 2 { variable.t()? } else { variable.as_tensor().clone() };
            numbers.extend(tensor.flatten_all()?.to_vec1::<f32>()?);
        }
        Ok(numbers)
    }
}

/// A network of candle that predicts; its tensors are constants, so that no graph is made.
pub(super) struct Predicting {
    network: Sequential,
    inputs: Tensor,
    outputs: Option<Tensor>,
}

impl Predicting {
    /// Predicts the rows of `problem`.
    ///
    /// # Errors
    /// Those of candle.
    pub(super) fn new(problem: &Problem) -> Result<Self> {
        let layers = tensors(problem)?.into_iter().map(|(weights, bias)| Linear::new(weights, Some(bias)));
        Ok(Self { network: network(layers), inputs: inputs(problem)?, outputs: None })
    }
}

impl Predictor for Predicting {
    fn predict(&mut self) -> std::result::Result<(), Failure> {
        self.outputs = Some(self.network.forward(&self.inputs)?);
        Ok(())
    }

    fn outputs(&self) -> std::result::Result<Vec<f32>, Failure> {
        self.outputs.as_ref().map_or_else(|| Ok(Vec::new()), |outputs| Ok(outputs.flatten_all()?.to_vec1()?))
    }
}
