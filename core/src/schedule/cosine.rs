//! Rates along a cosine.

use core::f32::consts::FRAC_PI_2;

use super::Schedule;

/// From one rate to another along half a wave, where `left` of it is left: at 1 it is `from`, at 0 it is `to`.
///
/// `(1 + cos(pi x)) / 2` is written as the square of a sine of what is left, which keeps its digits near the end.
fn half_wave(from: f32, to: f32, left: f32) -> f32 {
    let sine = libm::sinf(FRAC_PI_2 * left);
    to + (from - to) * (sine * sine)
}

/// `end + (rate - end) (1 + cos(pi t / steps)) / 2` (Loshchilov and Hutter, 2017). PyTorch's `CosineAnnealingLR`.
///
/// Beyond `steps` the wave goes on and rises again, as in PyTorch; a [`Sequence`](super::Sequence) ends it.
///
/// ```
/// use femto::schedule::{Cosine, Schedule};
///
/// let schedule = Cosine { rate: 1.0, end: 0.0, steps: 100 };
/// assert_eq!([0, 100].map(|step| schedule.rate(step)), [1.0, 0.0]);
/// assert!((schedule.rate(50) - 0.5).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cosine {
    /// The first rate.
    pub rate: f32,
    /// The rate after `steps`; PyTorch's default is 0.
    pub end: f32,
    /// How many steps half a wave takes; 0 is taken for 1.
    pub steps: u32,
}

impl Schedule for Cosine {
    fn rate(&self, step: u32) -> f32 {
        let steps = self.steps.max(1);
        let (half_waves, within) = (step / steps, step % steps);
        let left = if half_waves.is_multiple_of(2) { steps - within } else { within };
        half_wave(self.rate, self.end, left as f32 / steps as f32)
    }
}

/// Half a wave from `rate` to `end` again and again, each time `factor` times as long (Loshchilov and Hutter, 2017).
/// PyTorch's `CosineAnnealingWarmRestarts`.
///
/// ```
/// use femto::schedule::{CosineRestarts, Schedule};
///
/// let schedule = CosineRestarts { rate: 1.0, end: 0.0, steps: 10, factor: 2 };
/// assert_eq!([0, 10, 30].map(|step| schedule.rate(step)), [1.0, 1.0, 1.0]);
/// assert!(schedule.rate(9) < 0.03 && schedule.rate(29) < 0.01);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CosineRestarts {
    /// The rate at each start.
    pub rate: f32,
    /// The rate that each wave goes to; PyTorch's default is 0.
    pub end: f32,
    /// How many steps the first wave takes; 0 is taken for 1.
    pub steps: u32,
    /// How many times as long each wave is as the one before; PyTorch's default is 1, and 0 is taken for it.
    pub factor: u32,
}

impl Schedule for CosineRestarts {
    fn rate(&self, step: u32) -> f32 {
        let mut length = self.steps.max(1);
        let mut within = step;
        if self.factor <= 1 {
            within = step % length;
        } else {
            // Lengths at least double, so there are 32 rounds at the most.
            while within >= length {
                within -= length;
                length = length.saturating_mul(self.factor);
            }
        }
        half_wave(self.rate, self.end, length.saturating_sub(within) as f32 / length as f32)
    }
}

/// Up to a peak and far down again, in half waves (Smith and Topin, 2019): from `peak / first` to `peak` in
/// `rise * steps - 1` steps, then to `peak / (first last)` at step `steps - 1`, where it stays. PyTorch's `OneCycleLR` with
/// two phases; what that does to the momentum is not done here.
///
/// ```
/// use femto::schedule::{OneCycle, Schedule};
///
/// let schedule = OneCycle::new(1.0, 101);
/// assert!((schedule.rate(0) - 1.0 / 25.0).abs() < 1e-6);
/// assert!(schedule.rate(30) > 0.99 && schedule.rate(100) < 1e-5);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OneCycle {
    /// The largest rate.
    pub peak: f32,
    /// How many steps there are.
    pub steps: u32,
    /// The part of the steps that the rate rises in; 0.3 by default.
    pub rise: f32,
    /// The peak by the first rate; 25 by default.
    pub first: f32,
    /// The first rate by the last; 10,000 by default.
    pub last: f32,
}

impl OneCycle {
    /// With this largest rate over so many steps, and PyTorch's defaults.
    #[must_use]
    pub const fn new(peak: f32, steps: u32) -> Self {
        Self { peak, steps, rise: 0.3, first: 25.0, last: 1e4 }
    }
}

impl Schedule for OneCycle {
    fn rate(&self, step: u32) -> f32 {
        let first = self.peak / self.first;
        let (top, end) = (self.rise * self.steps as f32 - 1.0, self.steps.saturating_sub(1));
        let t = step as f32;
        if step >= end {
            first / self.last
        } else if t < top {
            // The fall seen from its end: rounding errors are those of the smaller rate.
            half_wave(self.peak, first, t / top)
        } else {
            half_wave(self.peak, first / self.last, (end as f32 - t) / (end as f32 - top))
        }
    }
}
