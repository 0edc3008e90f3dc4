//! Samples of a linear function.

use femto::rng::normal;

use super::super::Dataset;
use super::super::shuffle::{Purpose, generator_for};
use super::{GeneratorError, check_deviation, check_numbers, deviation};

/// Samples of y = w x + b, with noise on y: for regression whose answer is known.
///
/// The numbers of an input are drawn from the standard normal distribution, so the least mean squared error is the square
/// of the noise. Much like scikit-learn's `make_regression`.
///
/// ```
/// use femto_std::data::generators::Linear;
///
/// let truth = Linear::new(100, [2.0, -1.0], 0.5, 7);
/// let set = truth.generate()?;
/// let ([x0, x1], [y]) = (set.inputs()[0], set.targets()[0]);
/// assert!((y - (2.0 * x0 - x1 + 0.5)).abs() < 1e-6);
/// # Ok::<(), femto_std::data::generators::GeneratorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear<const N: usize> {
    /// How many samples there are.
    pub samples: usize,
    /// The true weights, w.
    pub weights: [f32; N],
    /// The true bias, b.
    pub bias: f32,
    /// The standard deviation of what is added to y; 0 by default.
    pub noise: f64,
    /// What inputs and noise are drawn from.
    pub seed: u64,
}

impl<const N: usize> Linear<N> {
    /// Samples without noise.
    #[must_use]
    pub const fn new(samples: usize, weights: [f32; N], bias: f32, seed: u64) -> Self {
        Self { samples, weights, bias, noise: 0.0, seed }
    }

    /// Samples without noise of a function whose weights and bias are drawn from the standard normal distribution.
    ///
    /// ```
    /// use femto_std::data::generators::Linear;
    ///
    /// let truth = Linear::<4> { noise: 0.1, ..Linear::random(200, 1) };
    /// assert_eq!(truth.generate()?.len(), 200);
    /// println!("to be found: {:?} and {}", truth.weights, truth.bias);
    /// # Ok::<(), femto_std::data::generators::GeneratorError>(())
    /// ```
    #[must_use]
    pub fn random(samples: usize, seed: u64) -> Self {
        let mut random = generator_for(Purpose::Truth, seed);
        let weights = [(); N].map(|()| normal(&mut random));
        Self::new(samples, weights, normal(&mut random), seed)
    }

    /// The samples.
    ///
    /// # Errors
    ///
    /// [`GeneratorError`] for a weight, bias or noise that is not finite or beyond 1e30, or negative noise.
    pub fn generate(&self) -> Result<Dataset<[f32; N], [f32; 1]>, GeneratorError> {
        check_deviation("noise", self.noise)?;
        check_numbers("a weight or the bias", self.weights.iter().chain([&self.bias]))?;
        // Apart from each other, so that noise does not move the inputs.
        let mut random = generator_for(Purpose::Positions, self.seed);
        let mut noise = generator_for(Purpose::Order, self.seed);
        let sample = |_| {
            let input = [(); N].map(|()| normal(&mut random));
            let terms = input.iter().zip(&self.weights).map(|(x, w)| f64::from(*x) * f64::from(*w));
            let y = terms.sum::<f64>() + f64::from(self.bias) + deviation(self.noise, &mut noise);
            (input, [y as f32])
        };
        let (inputs, targets) = (0..self.samples).map(sample).unzip();
        Ok(Dataset { inputs, targets })
    }
}
