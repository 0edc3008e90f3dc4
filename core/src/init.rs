//! Initial values of parameters.

use rand_core::Rng;

use crate::rng::{normal, uniform};

/// How the numbers of a tensor are drawn. `inputs` and `outputs` are the two sides of the layer.
///
/// Standard deviations and bounds as in Glorot and Bengio (2010) and He et al. (2015).
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Init {
    /// All 0. In weights this leaves the neurons of a layer equal for ever.
    Zeros,
    /// All the same number.
    Constant(f32),
    /// Normal with mean 0 and this standard deviation.
    Normal(f32),
    /// Uniform in `-bound..bound`.
    Uniform(f32),
    /// Uniform with bound sqrt(6 / (inputs + outputs)), for tanh and sigmoid; also named after Xavier.
    GlorotUniform,
    /// Normal with standard deviation sqrt(2 / (inputs + outputs)); also named after Xavier.
    GlorotNormal,
    /// Normal with standard deviation sqrt(1 / (inputs + outputs)).
    HalfGlorotNormal,
    /// Uniform with bound sqrt(6 / inputs), for ReLU.
    HeUniform,
    /// Normal with standard deviation sqrt(2 / inputs), for ReLU.
    HeNormal,
    /// Uniform with bound 1 / sqrt(inputs), for weights and biases: the default of PyTorch's `Linear`.
    FanInUniform,
}

impl Init {
    /// Fills a tensor of a layer with `inputs` and `outputs` (0 counts as 1), in memory order.
    ///
    /// ```
    /// use femto::init::Init;
    /// use femto::rng::generator;
    ///
    /// let mut weights = [0.0; 6];
    /// Init::HeUniform.fill(&mut weights, 3, 2, &mut generator(1, 0));
    /// assert!(weights.iter().all(|w| w.abs() <= 2f32.sqrt()));
    /// ```
    pub fn fill(self, tensor: &mut [f32], inputs: usize, outputs: usize, rng: &mut impl Rng) {
        // A layer without inputs still has biases: with 0 the bounds below would be infinite.
        let (inputs, outputs) = (inputs.max(1) as f32, outputs.max(1) as f32);
        let (std, bound) = match self {
            Self::Zeros => return tensor.fill(0.0),
            Self::Constant(value) => return tensor.fill(value),
            Self::Normal(std) => (Some(std), 0.0),
            Self::Uniform(bound) => (None, bound),
            Self::GlorotUniform => (None, libm::sqrtf(6.0 / (inputs + outputs))),
            Self::GlorotNormal => (Some(libm::sqrtf(2.0 / (inputs + outputs))), 0.0),
            Self::HalfGlorotNormal => (Some(libm::sqrtf(1.0 / (inputs + outputs))), 0.0),
            Self::HeUniform => (None, libm::sqrtf(6.0 / inputs)),
            Self::HeNormal => (Some(libm::sqrtf(2.0 / inputs)), 0.0),
            Self::FanInUniform => (None, 1.0 / libm::sqrtf(inputs)),
        };
        for x in tensor {
            *x = match std {
                Some(std) => std * normal(rng),
                None => bound * (2.0 * uniform(rng) - 1.0),
            };
        }
    }
}

/// What weights and biases begin with. From an [`Init`] alone, the biases begin at 0.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Initializer {
    /// The weights.
    pub weights: Init,
    /// The biases.
    pub biases: Init,
}

impl Initializer {
    /// What PyTorch gives a `Linear` layer that is not initialised by hand (the distribution, not its random numbers).
    pub const PYTORCH: Self = Self { weights: Init::FanInUniform, biases: Init::FanInUniform };
}

impl From<Init> for Initializer {
    fn from(weights: Init) -> Self {
        Self { weights, biases: Init::Zeros }
    }
}
