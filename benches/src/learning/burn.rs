//! burn on its Flex backend, the way its book writes it.
//!
//! Products are those of the crate `gemm` with AVX-512 (burn's feature `x86-v4`), other kernels find their instruction
//! set when they run (`simd`). Errors are panics there.

use burn::module::{Module, Param};
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::nn::{Linear, LinearLayout, Relu};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::rivals::{BETA1, BETA2, Failure, Hyperparameters, Learner, MOMENTUM, Method, Predictor, Problem};

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
    activation: Relu,
}

impl Network {
    fn new(problem: &Problem, layout: LinearLayout, device: &Device) -> Self {
        let layers = problem.layers.iter().map(|layer| {
            let weight = TensorData::new(layer.weights.clone(), [layer.inputs, layer.outputs]);
            let mut weight = Tensor::<2>::from_data(weight, device);
            if matches!(layout, LinearLayout::Col) {
                // Through data: a transposed tensor is a view of the old order.
                weight = Tensor::<2>::from_data(weight.transpose().into_data(), device).transpose();
            }
            let bias = TensorData::new(layer.bias.clone(), [layer.outputs]);
            Linear { weight: Param::from_tensor(weight), bias: Some(Param::from_data(bias, device)) }
        });
        Self { layers: layers.collect(), activation: Relu::new() }
    }

    fn forward(&self, mut x: Tensor<2>) -> Tensor<2> {
        for (i, layer) in self.layers.iter().enumerate() {
            if i > 0 {
                x = self.activation.forward(x);
            }
            x = layer.forward(x);
        }
        x
    }
}

fn inputs(problem: &Problem, device: &Device) -> Tensor<2> {
    let width = problem.inputs.len() / problem.rows;
    Tensor::from_data(TensorData::new(problem.inputs.clone(), [problem.rows, width]), device)
}

/// Defaults of burn that are not PyTorch's: dampening 0.1, and 1e-5 for epsilon.
fn optimizer(with: Hyperparameters) -> ModuleOptimizer {
    match with.method {
        Method::Sgd => SgdConfig::new().init(),
        Method::Momentum => {
            let momentum = MomentumConfig::new().with_momentum(f64::from(MOMENTUM)).with_dampening(0.0);
            SgdConfig::new().with_momentum(Some(momentum)).init()
        }
        Method::Adam => AdamConfig::new().with_beta_1(BETA1).with_beta_2(BETA2).with_epsilon(with.epsilon).init(),
    }
}

/// A network of burn that learns.
pub(super) struct Learning {
    /// A step takes the network and gives it back; none only where one has panicked.
    network: Option<Network>,
    loss: CrossEntropyLoss,
    optimizer: ModuleOptimizer,
    rate: f64,
    inputs: Tensor<2>,
    labels: Tensor<1, Int>,
}

impl Learning {
    /// A network and what it learns.
    #[must_use]
    pub(super) fn new(problem: &Problem, with: Hyperparameters) -> Self {
        let device = Device::flex().autodiff();
        let labels: Vec<i32> = problem.labels.iter().map(|&label| i32::from(label)).collect();
        Self {
            network: Some(Network::new(problem, LinearLayout::Row, &device)),
            loss: CrossEntropyLossConfig::new().init(&device),
            optimizer: optimizer(with),
            rate: f64::from(with.rate),
            inputs: inputs(problem, &device),
            labels: Tensor::from_data(TensorData::new(labels, [problem.rows]), &device),
        }
    }
}

impl Learner for Learning {
    fn step(&mut self) -> Result<f32, Failure> {
        let network = self.network.take().ok_or("the network was lost in a step that failed")?;
        let loss = self.loss.forward(network.forward(self.inputs.clone()), self.labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        self.network = Some(self.optimizer.step(self.rate, network, gradients));
        Ok(loss.try_into_scalar()?)
    }

    fn parameters(&self) -> Result<Vec<f32>, Failure> {
        let mut numbers = Vec::new();
        for layer in self.network.iter().flat_map(|network| &network.layers) {
            numbers.extend_from_slice(layer.weight.val().try_into_data()?.as_slice()?);
            if let Some(bias) = &layer.bias {
                numbers.extend_from_slice(bias.val().try_into_data()?.as_slice()?);
            }
        }
        Ok(numbers)
    }
}

/// A network of burn that predicts, on a device without gradients.
pub(super) struct Predicting {
    network: Network,
    inputs: Tensor<2>,
    outputs: Option<Tensor<2>>,
}

impl Predicting {
    /// Predicts the rows of `problem`.
    #[must_use]
    pub(super) fn new(problem: &Problem) -> Self {
        let device = Device::flex();
        // Of its two layouts the faster one: for one row an output is a dot product of neighbours.
        let layout = if problem.rows == 1 { LinearLayout::Col } else { LinearLayout::Row };
        Self { network: Network::new(problem, layout, &device), inputs: inputs(problem, &device), outputs: None }
    }
}

impl Predictor for Predicting {
    fn predict(&mut self) -> Result<(), Failure> {
        self.outputs = Some(self.network.forward(self.inputs.clone()));
        Ok(())
    }

    fn outputs(&self) -> Result<Vec<f32>, Failure> {
        let Some(outputs) = &self.outputs else { return Ok(Vec::new()) };
        Ok(outputs.to_data().as_slice()?.to_vec())
    }
}
