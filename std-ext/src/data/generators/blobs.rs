//! Clouds of samples around centres.

use femto::rng::uniform;

use super::super::Dataset;
use super::super::shuffle::{Purpose, generator_for};
use super::{GeneratorError, check_deviation, check_numbers, deviation, in_random_order, len_of};

/// Isotropic Gaussian clouds, one for each class.
///
/// Class k has its mean at `centers[k]`, and `deviation` in each direction. With equal clouds the best division is known:
/// each sample belongs to the nearest centre. Much like scikit-learn's `make_blobs`, whose centres [`random_centers`]
/// draws.
///
/// ```
/// use femto_std::data::generators::Blobs;
///
/// let blobs = Blobs::new(90, &[[0.0, 0.0, 0.0], [5.0, 0.0, 5.0]], 1).generate()?;
/// assert_eq!(blobs.inputs()[0].len(), 3);
/// # Ok::<(), femto_std::data::generators::GeneratorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blobs<'a, const N: usize> {
    /// How many samples there are, as equally divided among the centres as can be; the last ones have one more.
    pub samples: usize,
    /// Where the clouds are: 1 to 256 centres.
    pub centers: &'a [[f32; N]],
    /// The standard deviation of each coordinate; 1 by default.
    pub deviation: f64,
    /// What positions and order are drawn from.
    pub seed: u64,
}

impl<'a, const N: usize> Blobs<'a, N> {
    /// Clouds of deviation 1.
    #[must_use]
    pub const fn new(samples: usize, centers: &'a [[f32; N]], seed: u64) -> Self {
        Self { samples, centers, deviation: 1.0, seed }
    }

    /// The samples, in random order.
    ///
    /// # Errors
    ///
    /// [`GeneratorError`] for no centres or more than 256, a centre or deviation that is not finite or beyond 1e30, or a
    /// negative deviation.
    pub fn generate(&self) -> Result<Dataset<[f32; N], u8>, GeneratorError> {
        let Self { samples, centers, seed, .. } = *self;
        check_deviation("deviation", self.deviation)?;
        if !(1..=256).contains(&centers.len()) {
            let value = centers.len() as f64;
            return Err(GeneratorError { setting: "the number of centers", value, allowed: "1 to 256 centers" });
        }
        check_numbers("a coordinate of a center", centers.iter().flatten())?;
        let mut random = generator_for(Purpose::Positions, seed);
        let (mut inputs, mut targets) = (Vec::with_capacity(samples), Vec::with_capacity(samples));
        for (class, center) in centers.iter().enumerate() {
            for _ in 0..len_of(class, centers.len(), samples) {
                inputs.push(center.map(|x| (f64::from(x) + deviation(self.deviation, &mut random)) as f32));
                targets.push(class as u8);
            }
        }
        Ok(in_random_order(&inputs, &targets, seed))
    }
}

/// Centres for [`Blobs`], drawn uniformly from -10 to 10 in each direction.
///
/// ```
/// use femto_std::data::generators::{Blobs, random_centers};
///
/// let centers = random_centers::<2>(3, 1);
/// let blobs = Blobs::new(300, &centers, 1).generate()?;
/// assert_eq!(blobs.len(), 300);
/// # Ok::<(), femto_std::data::generators::GeneratorError>(())
/// ```
#[must_use]
pub fn random_centers<const N: usize>(count: usize, seed: u64) -> Vec<[f32; N]> {
    let mut random = generator_for(Purpose::Truth, seed);
    (0..count).map(|_| [(); N].map(|()| 20.0 * uniform(&mut random) - 10.0)).collect()
}
