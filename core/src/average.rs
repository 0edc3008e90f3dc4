//! Averages of the weights over the steps of a training, which often predict better than the weights of any one step.
//!
//! | type | average after update n, of the weights w | as in PyTorch's `AveragedModel` |
//! |---|---|---|
//! | [`Ema`] | n = 1: w; then decay avg + (1 - decay) w | with `get_ema_multi_avg_fn(decay)` |
//! | [`RunningMean`] | the mean of all w so far, avg + (w - avg) / n | with `get_swa_multi_avg_fn()`, stochastic weight averaging |
//!
//! The average itself is a further value of the type of the weights, and lies where its owner wants it: on the stack, in
//! a static, or made in its place ([`Flat::zeroed_in`]). What is kept beside it is plain data. Both together are all that
//! it takes to go on later.
//!
//! The mean of weights is that of Izmailov et al. (2018), "Averaging Weights Leads to Wider Optima and Better
//! Generalization".

use crate::flat::Flat;
use crate::matmul::ShapeError;
use crate::simd::{self, Level, Simd, dispatch};

/// Exponential moving average of the weights: the first update copies them, each later one is
/// `avg = decay * avg + (1 - decay) * w`.
///
/// The weight of the new value is `1 - decay` of the f32 decay: 0.999 gives 0.00099998713. (PyTorch has the decay as a
/// double, and 0.001.) What is NaN in the weights once stays NaN in the average.
///
/// ```
/// use femto::average::Ema;
/// use femto::{Flat, Level};
///
/// let mut average = <[f32; 2]>::ZERO;
/// let mut ema = Ema::new(0.75);
/// ema.update(Level::detect(), &mut average, &[1.0, 2.0]);
/// assert_eq!(average, [1.0, 2.0]);
/// ema.update(Level::detect(), &mut average, &[5.0, 2.0]);
/// assert_eq!(average, [2.0, 2.0]);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ema {
    /// How much of the average stays at an update, in 0..=1; PyTorch's default is 0.999. May be changed between updates.
    pub decay: f32,
    /// How many updates were made; with 0 the next one copies.
    pub updates: u32,
}

impl Ema {
    /// Before the first update.
    #[must_use]
    pub const fn new(decay: f32) -> Self {
        Self { decay, updates: 0 }
    }

    /// Takes the weights into the average. See [`Ema`] for an example.
    pub fn update<P: Flat>(&mut self, level: Level, average: &mut P, weights: &P) {
        let done = self.update_slice(level, average.as_mut_slice(), weights.as_slice());
        debug_assert!(done.is_ok(), "values of one type have one length");
    }

    /// [`Self::update`] over slices, for weights that others own.
    ///
    /// # Errors
    /// [`ShapeError::Length`] where the two differ in length; nothing is changed or counted then.
    ///
    /// ```
    /// use femto::average::Ema;
    ///
    /// let level = femto::Level::detect();
    /// let mut ema = Ema { decay: 0.5, updates: 7 }; // resumed
    /// let mut average = [4.0; 3];
    /// ema.update_slice(level, &mut average, &[2.0; 3])?;
    /// assert_eq!(average, [3.0; 3]);
    /// assert!(ema.update_slice(level, &mut average, &[2.0; 2]).is_err());
    /// # Ok::<(), femto::ShapeError>(())
    /// ```
    pub fn update_slice(&mut self, level: Level, average: &mut [f32], weights: &[f32]) -> Result<(), ShapeError> {
        let step = if self.updates == 0 { Step::COPY } else { Step { stays: self.decay, comes: 1.0 - self.decay } };
        step.take(level, average, weights)?;
        self.updates = self.updates.saturating_add(1);
        Ok(())
    }
}

/// The mean of all weights so far, each counting the same: `avg = avg + (w - avg) / n` at update n.
///
/// Stochastic weight averaging is this over the weights at the end of each of the last epochs, trained with a learning
/// rate that stays up. What is NaN in the weights once stays NaN in the average.
///
/// ```
/// use femto::average::RunningMean;
/// use femto::{Flat, Level};
///
/// let mut average = <[f32; 1]>::ZERO;
/// let mut mean = RunningMean::default();
/// for w in [1.0, 2.0, 6.0] {
///     mean.update(Level::detect(), &mut average, &[w]);
/// }
/// assert_eq!(average, [3.0]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RunningMean {
    /// How many updates were made; with 0 the next one copies.
    pub updates: u32,
}

impl RunningMean {
    /// Takes the weights into the average. See [`RunningMean`] for an example.
    pub fn update<P: Flat>(&mut self, level: Level, average: &mut P, weights: &P) {
        let done = self.update_slice(level, average.as_mut_slice(), weights.as_slice());
        debug_assert!(done.is_ok(), "values of one type have one length");
    }

    /// [`Self::update`] over slices, for weights that others own.
    ///
    /// # Errors
    /// [`ShapeError::Length`] where the two differ in length; nothing is changed or counted then.
    ///
    /// ```
    /// use femto::average::RunningMean;
    ///
    /// let mut average = [1.0; 3];
    /// let mut mean = RunningMean { updates: 1 }; // resumed
    /// mean.update_slice(femto::Level::detect(), &mut average, &[2.0; 3])?;
    /// assert_eq!(average, [1.5; 3]);
    /// # Ok::<(), femto::ShapeError>(())
    /// ```
    pub fn update_slice(&mut self, level: Level, average: &mut [f32], weights: &[f32]) -> Result<(), ShapeError> {
        let updates = self.updates.saturating_add(1);
        let comes = 1.0 / updates as f32;
        let step = if self.updates == 0 { Step::COPY } else { Step { stays: 1.0 - comes, comes } };
        step.take(level, average, weights)?;
        self.updates = updates;
        Ok(())
    }
}

/// The weights of the old average and of the new value, which add up to 1.
#[derive(Clone, Copy)]
struct Step {
    stays: f32,
    comes: f32,
}

impl Step {
    /// The average becomes the new value, whatever it was.
    const COPY: Self = Self { stays: 0.0, comes: 1.0 };

    /// Takes `weights` into the average, from whichever of the two counts more, as PyTorch's `lerp` does: the average of
    /// equal numbers is that number.
    fn take(self, level: Level, average: &mut [f32], weights: &[f32]) -> Result<(), ShapeError> {
        if average.len() != weights.len() {
            return Err(ShapeError::Length { operand: "average", expected: weights.len(), found: average.len() });
        }
        if self.comes == 1.0 {
            for (average, w) in average.iter_mut().zip(weights) {
                *average = *w;
            }
            return Ok(());
        }
        dispatch!(level, s => if self.comes < 0.5 {
            let comes = s.splat(self.comes);
            simd::zip(s, average, [weights], #[inline(always)] |avg, [w]| s.mac(comes, s.sub(w, avg), avg));
        } else {
            let stays = s.splat(self.stays);
            simd::zip(s, average, [weights], #[inline(always)] |avg, [w]| s.mac(stays, s.sub(avg, w), w));
        });
        Ok(())
    }
}
