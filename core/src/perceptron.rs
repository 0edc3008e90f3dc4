//! Rosenblatt's perceptron, learnt by the perceptron rule.
//!
//! The oldest learning machine there is (Rosenblatt, 1958): a neuron with a threshold that changes its weights only where
//! it is wrong. It needs no gradient, no derivative and no learning rate to be tuned. If there is a plane that separates
//! the two classes, the rule finds one after at most `(R / g)^2` mistakes, where R is the length of the longest row and g
//! the distance of the plane from the nearest one, both with a 1 for the bias (Novikoff, 1962); if there is none, it
//! goes on for ever.

use crate::matmul::ShapeError;
use crate::simd::{self, Level, Simd, dispatch};
use crate::softmax::first_lane;

/// A neuron of `N` inputs that says yes where `bias + sum w x >= 0`.
///
/// ```
/// use femto::Level;
/// use femto::perceptron::Perceptron;
///
/// let rows = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
/// let and = [false, false, false, true];
/// let level = Level::detect();
/// let mut perceptron = Perceptron::ZERO;
/// let epochs = perceptron.fit(level, &rows, &and, 1.0, 100)?;
/// assert!(epochs.is_some());
/// assert!(perceptron.predict(level, &[1.0, 1.0]) && !perceptron.predict(level, &[1.0, 0.0]));
///
/// let xor = [false, true, true, false];
/// assert_eq!(perceptron.fit(level, &rows, &xor, 1.0, 100)?, None);
/// # Ok::<(), femto::ShapeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Perceptron<const N: usize> {
    /// One for each input.
    pub weights: [f32; N],
    /// What the sum begins with.
    pub bias: f32,
}

impl<const N: usize> Perceptron<N> {
    /// All 0, as learning begins.
    pub const ZERO: Self = Self { weights: [0.0; N], bias: 0.0 };

    /// Whether `bias + sum w x` is 0 or more; false where it is NaN.
    ///
    /// The sum is one chain of multiply-accumulates that begins with the bias: the bits of a
    /// [`Dense`](crate::layer::Dense) layer with these parameters, whose activation
    /// [`Sign`](crate::activation::Sign) gives 1 where this gives true.
    #[must_use]
    pub fn predict(&self, level: Level, x: &[f32; N]) -> bool {
        dispatch!(level, s => self.fires(s, x))
    }

    /// Looks at one row: where the prediction is wrong, adds `rate * x` to the weights and `rate` to the bias if the target
    /// is true, and takes them away if it is false. Returns whether it was wrong.
    ///
    /// `rate` is positive. If learning begins with zeros, another rate gives weights that are larger or smaller as a
    /// whole, and the same predictions but for rounding.
    ///
    /// ```
    /// use femto::perceptron::Perceptron;
    ///
    /// let level = femto::Level::detect();
    /// let mut perceptron = Perceptron::ZERO;
    /// assert!(perceptron.learn(level, &[2.0, 1.0], false, 0.5));
    /// assert_eq!(perceptron, Perceptron { weights: [-1.0, -0.5], bias: -0.5 });
    /// assert!(!perceptron.learn(level, &[2.0, 1.0], false, 0.5));
    /// ```
    pub fn learn(&mut self, level: Level, x: &[f32; N], target: bool, rate: f32) -> bool {
        dispatch!(level, s => self.corrects(s, x, target, rate))
    }

    /// Goes through all rows in order, again and again, until a pass makes no mistake, `epochs` times at the most. Returns
    /// how many passes it took, the last of them without a mistake; `None` where each of `epochs` passes had one.
    ///
    /// # Errors
    /// [`ShapeError::Length`] where rows and targets differ in number; nothing is changed then.
    pub fn fit(
        &mut self,
        level: Level,
        rows: &[[f32; N]],
        targets: &[bool],
        rate: f32,
        epochs: u32,
    ) -> Result<Option<u32>, ShapeError> {
        if rows.len() != targets.len() {
            return Err(ShapeError::Length { operand: "targets", expected: rows.len(), found: targets.len() });
        }
        Ok(dispatch!(level, s => {
            let mut epoch = 0;
            loop {
                if epoch == epochs {
                    break None;
                }
                epoch += 1;
                let mut is_wrong = false;
                for (x, target) in rows.iter().zip(targets) {
                    is_wrong |= self.corrects(s, x, *target, rate);
                }
                if !is_wrong {
                    break Some(epoch);
                }
            }
        }))
    }

    #[inline(always)]
    fn fires<S: Simd>(&self, s: S, x: &[f32; N]) -> bool {
        // One output is one chain: all lanes compute the same.
        let mut sum = s.splat(self.bias);
        for (x, w) in x.iter().zip(&self.weights) {
            sum = s.mac(s.splat(*x), s.splat(*w), sum);
        }
        first_lane(s, sum) >= 0.0
    }

    #[inline(always)]
    fn corrects<S: Simd>(&mut self, s: S, x: &[f32; N], target: bool, rate: f32) -> bool {
        if self.fires(s, x) == target {
            return false;
        }
        let rate = if target { rate } else { -rate };
        let by = s.splat(rate);
        simd::zip(
            s,
            &mut self.weights,
            [x],
            #[inline(always)]
            |w, [x]| s.mac(by, x, w),
        );
        self.bias += rate;
        true
    }
}
