//! Data sets that are made up: to try a network on, with an answer that is known.
//!
//! Each is a struct with its settings; `new` gives the usual ones. The samples are a function of the settings and the seed,
//! in random order, with the same bits on every platform: positions are worked out in double precision and rounded once.
//!
//! ```
//! use femto_std::data::generators::Circles;
//!
//! let circles = Circles { noise: 0.05, ..Circles::new(300, 1) }.generate()?;
//! assert_eq!(circles.len(), 300);
//! let [x, y] = circles.inputs()[0];
//! let radius = x.hypot(y);
//! assert!((radius - if circles.targets()[0] == 0 { 1.0 } else { 0.8 }).abs() < 0.25);
//! # Ok::<(), femto_std::data::generators::GeneratorError>(())
//! ```

use std::f64::consts::PI;

use femto::rng::normal;
use rand_xoshiro::Xoshiro128PlusPlus;
use thiserror::Error;

use super::Dataset;
use super::shuffle::{Purpose, generator_for, shuffle_with};

mod blobs;
mod linear;

pub use blobs::{Blobs, random_centers};
pub use linear::Linear;

/// A setting that no data set can be made with.
///
/// ```
/// use femto_std::data::generators::Moons;
///
/// let error = Moons { noise: -0.1, ..Moons::new(100, 1) }.generate().unwrap_err();
/// assert_eq!(error.to_string(), "noise is -0.1: use a number from 0 to 1e30");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{setting} is {value}: use {allowed}")]
pub struct GeneratorError {
    /// The name of the setting.
    pub setting: &'static str,
    /// What it was.
    pub value: f64,
    /// What it can be.
    pub allowed: &'static str,
}

/// A circle inside another: two classes that no line divides.
///
/// The outer circle, class 0, has radius 1, the inner one, class 1, `factor`; both have their centre at the origin, and
/// samples at equal angles. Settings and samples are those of scikit-learn's `make_circles`, but for the random numbers.
///
/// ```
/// use femto_std::data::class_counts;
/// use femto_std::data::generators::Circles;
///
/// let circles = Circles { factor: 0.5, ..Circles::new(101, 1) }.generate()?;
/// assert_eq!(class_counts(circles.targets()), Ok([50, 51]));
/// # Ok::<(), femto_std::data::generators::GeneratorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circles {
    /// How many samples there are, half of them on each circle; an odd one is on the inner circle.
    pub samples: usize,
    /// The radius of the inner circle, in `0.0..1.0`; 0.8 by default.
    pub factor: f64,
    /// The standard deviation of what is added to both coordinates; 0 by default.
    pub noise: f64,
    /// What noise and order are drawn from.
    pub seed: u64,
}

impl Circles {
    /// Circles of radius 1 and 0.8, without noise.
    #[must_use]
    pub const fn new(samples: usize, seed: u64) -> Self {
        Self { samples, factor: 0.8, noise: 0.0, seed }
    }

    /// The samples, in random order.
    ///
    /// # Errors
    ///
    /// [`GeneratorError`] for a factor outside `0.0..1.0`, or noise that is negative or above 1e30.
    pub fn generate(&self) -> Result<Dataset<[f32; 2], u8>, GeneratorError> {
        let Self { samples, factor, noise, seed } = *self;
        if !(0.0..1.0).contains(&factor) {
            return Err(GeneratorError { setting: "factor", value: factor, allowed: "a number from 0 up, below 1" });
        }
        plane(samples, 2, noise, seed, |class, sample, len| {
            let radius = if class == 0 { 1.0 } else { factor };
            at_angle(radius, 2.0 * PI * (sample as f64 / len as f64))
        })
    }
}

/// Two half circles that reach into each other.
///
/// Class 0 is the upper half of the circle of radius 1 around the origin, class 1 the lower half of that around (1, 0.5).
/// Settings and samples are those of scikit-learn's `make_moons`, but for the random numbers.
///
/// ```
/// use femto_std::data::generators::Moons;
///
/// let moons = Moons { noise: 0.1, ..Moons::new(200, 1) }.generate()?;
/// assert_eq!(moons.len(), 200);
/// # Ok::<(), femto_std::data::generators::GeneratorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moons {
    /// How many samples there are, half of them on each moon; an odd one is on the lower moon.
    pub samples: usize,
    /// The standard deviation of what is added to both coordinates; 0 by default.
    pub noise: f64,
    /// What noise and order are drawn from.
    pub seed: u64,
}

impl Moons {
    /// Moons without noise.
    #[must_use]
    pub const fn new(samples: usize, seed: u64) -> Self {
        Self { samples, noise: 0.0, seed }
    }

    /// The samples, in random order.
    ///
    /// # Errors
    ///
    /// [`GeneratorError`] for noise that is negative or above 1e30.
    pub fn generate(&self) -> Result<Dataset<[f32; 2], u8>, GeneratorError> {
        plane(self.samples, 2, self.noise, self.seed, |class, sample, len| {
            // Both ends of the half circle are samples.
            let [x, y] = at_angle(1.0, PI * (sample as f64 / (len.max(2) - 1) as f64));
            if class == 0 { [x, y] } else { [1.0 - x, 0.5 - y] }
        })
    }
}

/// Arms that wind around the origin, one for each class.
///
/// A sample at the share s of its arm, in 0..=1, has the radius s and the angle 2 pi (class / arms + turns x s). Two
/// arms of one and a half turns are much like the two spirals of Lang and Witbrock, 1988, *Learning to tell two spirals
/// apart*.
///
/// ```
/// use femto_std::data::generators::Spirals;
///
/// let spirals = Spirals { arms: 3, ..Spirals::new(300, 1) }.generate()?;
/// assert_eq!(spirals.targets().iter().max(), Some(&2));
/// # Ok::<(), femto_std::data::generators::GeneratorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spirals {
    /// How many samples there are, as equally divided among the arms as can be; the last arms have one more.
    pub samples: usize,
    /// The number of arms, 1 to 256; 2 by default.
    pub arms: usize,
    /// How often an arm winds around the origin; 1 by default.
    pub turns: f64,
    /// The standard deviation of what is added to both coordinates; 0 by default.
    pub noise: f64,
    /// What noise and order are drawn from.
    pub seed: u64,
}

impl Spirals {
    /// Two arms of one turn, without noise.
    #[must_use]
    pub const fn new(samples: usize, seed: u64) -> Self {
        Self { samples, arms: 2, turns: 1.0, noise: 0.0, seed }
    }

    /// The samples, in random order.
    ///
    /// # Errors
    ///
    /// [`GeneratorError`] for no arms or more than 256, turns that are not finite or a million or more, or noise that is
    /// negative or above 1e30.
    pub fn generate(&self) -> Result<Dataset<[f32; 2], u8>, GeneratorError> {
        let Self { samples, arms, turns, noise, seed } = *self;
        if turns.is_nan() || turns.abs() >= 1e6 {
            let allowed = "a number of turns between -1,000,000 and 1,000,000";
            return Err(GeneratorError { setting: "turns", value: turns, allowed });
        }
        if !(1..=256).contains(&arms) {
            return Err(GeneratorError { setting: "arms", value: arms as f64, allowed: "1 to 256 arms" });
        }
        plane(samples, arms, noise, seed, |class, sample, len| {
            let share = sample as f64 / (len.max(2) - 1) as f64;
            at_angle(share, 2.0 * PI * (class as f64 / arms as f64 + turns * share))
        })
    }
}

/// Samples of a plane: those of each class where `position` says for the class, the number of the sample and how many the
/// class has, then moved by noise, in random order.
fn plane(
    samples: usize,
    classes: usize,
    noise: f64,
    seed: u64,
    position: impl Fn(usize, usize, usize) -> [f64; 2],
) -> Result<Dataset<[f32; 2], u8>, GeneratorError> {
    check_deviation("noise", noise)?;
    let mut random = generator_for(Purpose::Positions, seed);
    let (mut inputs, mut targets) = (Vec::with_capacity(samples), Vec::with_capacity(samples));
    for class in 0..classes {
        let len = len_of(class, classes, samples);
        for sample in 0..len {
            inputs.push(position(class, sample, len).map(|x| (x + deviation(noise, &mut random)) as f32));
            targets.push(class as u8);
        }
    }
    Ok(in_random_order(&inputs, &targets, seed))
}

/// How many of the samples a class has: as equal as can be, the last ones one more.
fn len_of(class: usize, classes: usize, samples: usize) -> usize {
    samples / classes + usize::from(class >= classes - samples % classes)
}

fn at_angle(radius: f64, angle: f64) -> [f64; 2] {
    [radius * libm::cos(angle), radius * libm::sin(angle)]
}

/// Noise of a standard deviation; nothing is drawn for 0.
fn deviation(noise: f64, random: &mut Xoshiro128PlusPlus) -> f64 {
    if noise > 0.0 { noise * f64::from(normal(random)) } else { 0.0 }
}

/// What f32 holds with room for what is added to it.
const LARGEST: f64 = 1e30;

fn check_deviation(setting: &'static str, value: f64) -> Result<(), GeneratorError> {
    if (0.0..=LARGEST).contains(&value) {
        return Ok(());
    }
    Err(GeneratorError { setting, value, allowed: "a number from 0 to 1e30" })
}

fn check_numbers<'a>(setting: &'static str, numbers: impl Iterator<Item = &'a f32>) -> Result<(), GeneratorError> {
    match numbers.map(|number| f64::from(*number)).find(|number| number.is_nan() || number.abs() > LARGEST) {
        None => Ok(()),
        Some(value) => Err(GeneratorError { setting, value, allowed: "numbers from -1e30 to 1e30" }),
    }
}

fn in_random_order<X: Copy, T: Copy>(inputs: &[X], targets: &[T], seed: u64) -> Dataset<X, T> {
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    shuffle_with(&mut order, &mut generator_for(Purpose::Order, seed));
    Dataset {
        inputs: order.iter().map(|&sample| inputs[sample]).collect(),
        targets: order.iter().map(|&sample| targets[sample]).collect(),
    }
}

#[cfg(test)]
mod tests;
