//! Losses of probabilities, taken on logits.

use super::{Loss, LossRow};
use crate::math::{self, exp_of_nonpositive, ln};
use crate::simd::{self, Simd, VIRTUAL_LANES};
use crate::softmax::{RowSums, exp_row_into, max_of};

/// Mean over the outputs of `-[t ln p + (1 - t) ln(1 - p)]` with `p = sigmoid(y)`: outputs are logits, targets are in
/// 0..=1.
///
/// Computed as `max(y, 0) - y t + ln(1 + e^-|y|)`, so that no logit overflows or loses its loss.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BinaryCrossEntropy;

impl<const N: usize> Loss<[f32; N]> for BinaryCrossEntropy {
    fn accepts(_target: &[f32; N], outputs: usize) -> bool {
        outputs == N
    }

    #[inline(always)]
    fn value<S: Simd>(self, s: S, y: &[f32], target: &[f32; N]) -> f32 {
        let sum = simd::fold(
            s,
            [y, target],
            0.0,
            #[inline(always)]
            |acc, [y, t]| {
                let (ramp, log1p) = math::softplus_parts(s, y);
                s.add(acc, s.add(s.mac(s.neg(y), t, ramp), log1p))
            },
            #[inline(always)]
            |a, b| s.add(a, b),
        );
        sum * (1.0 / N as f32)
    }

    #[inline(always)]
    fn gradient<S: Simd>(self, s: S, y: &[f32], target: &[f32; N], scale: f32, delta: &mut [f32]) -> f32 {
        let factor = s.splat(scale * (1.0 / N as f32));
        simd::zip(
            s,
            delta,
            [y, target],
            #[inline(always)]
            |_, [y, t]| s.mul(s.sub(math::sigmoid(s, y), t), factor),
        );
        self.value(s, y, target)
    }
}

/// `-sum t_i ln p_i` with `p = softmax(y)`: outputs are logits; a target is the index of a class (`u8`, `u16`, `u32`,
/// `usize`) or an array of probabilities such as a one-hot row.
///
/// Computed as `ln sum e^(y - max) - (y_class - max)`. A class that does not exist makes the loss NaN; a training step
/// refuses it beforehand.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CrossEntropy;

/// The maximum and the sum of exponentials without a place for the exponentials.
#[inline(always)]
fn sums_of<S: Simd>(s: S, y: &[f32]) -> RowSums {
    let max = max_of(s, y);
    let max_v = s.splat(max);
    let sum = simd::fold(
        s,
        [y],
        0.0,
        #[inline(always)]
        |acc, [y]| s.add(acc, exp_of_nonpositive(s, s.sub(y, max_v))),
        #[inline(always)]
        |a, b| s.add(a, b),
    );
    RowSums { max, sum }
}

#[inline(always)]
fn class_value<S: Simd>(s: S, y: &[f32], class: usize, sums: RowSums) -> f32 {
    match y.get(class) {
        Some(logit) => sums.log_sum(s) - (logit - sums.max),
        None => f32::NAN,
    }
}

/// Writes `(p - t) * scale` with the one-hot t of the class.
#[inline(always)]
fn class_gradient<S: Simd>(s: S, y: &[f32], class: usize, scale: f32, delta: &mut [f32]) -> RowSums {
    let factor = s.splat(scale);
    exp_row_into(
        s,
        y,
        delta,
        #[inline(always)]
        |i, e, sum| s.mul(s.sub(s.div(e, sum), simd::one_hot(s, i, class)), factor),
    )
}

/// [`class_gradient`] of a row, with its loss.
#[inline(always)]
fn class_gradient_and_value<S: Simd>(s: S, y: &[f32], class: usize, scale: f32, delta: &mut [f32]) -> f32 {
    let sums = class_gradient(s, y, class, scale, delta);
    class_value(s, y, class, sums)
}

/// [`class_gradient`] of rows, with their losses. A logarithm of a vector costs as much as that of a number, so it is
/// taken for many rows at once.
#[inline(always)]
fn class_gradients<'a, S: Simd, T: 'a>(
    s: S,
    mut rows: impl Iterator<Item = LossRow<'a, T>>,
    class_of: impl Fn(&T) -> usize,
    scale: f32,
) {
    if S::LANES == 1 {
        // Nothing to share, and no place to keep.
        for LossRow { outputs, target, delta, loss } in rows {
            *loss = class_gradient_and_value(s, outputs, class_of(target), scale, delta);
        }
        return;
    }
    loop {
        let mut losses = [const { None }; VIRTUAL_LANES];
        let (mut sums, mut distances) = ([1.0; VIRTUAL_LANES], [0.0; VIRTUAL_LANES]);
        let mut places = losses.iter_mut().zip(&mut sums).zip(&mut distances);
        // Places before rows, so that no row is taken for which there is no place.
        while let Some(((place, sum), distance)) = places.next()
            && let Some(LossRow { outputs, target, delta, loss }) = rows.next()
        {
            let class = class_of(target);
            let row = class_gradient(s, outputs, class, scale, delta);
            *sum = row.sum;
            *distance = outputs.get(class).map_or(f32::NAN, |logit| logit - row.max);
            *place = Some(loss);
        }
        if losses[0].is_none() {
            return;
        }
        simd::zip(
            s,
            &mut sums,
            [&distances],
            #[inline(always)]
            |sum, [distance]| s.sub(ln(s, sum), distance),
        );
        for (place, loss) in losses.into_iter().zip(sums) {
            match place {
                Some(place) => *place = loss,
                None => return,
            }
        }
    }
}

macro_rules! class_targets {
    ($($int:ty)*) => {
        $(
            impl Loss<$int> for CrossEntropy {
                fn accepts(target: &$int, outputs: usize) -> bool {
                    (*target as usize) < outputs
                }

                #[inline(always)]
                fn value<S: Simd>(self, s: S, y: &[f32], target: &$int) -> f32 {
                    class_value(s, y, *target as usize, sums_of(s, y))
                }

                #[inline(always)]
                fn gradient<S: Simd>(self, s: S, y: &[f32], target: &$int, scale: f32, delta: &mut [f32]) -> f32 {
                    class_gradient_and_value(s, y, *target as usize, scale, delta)
                }

                #[inline(always)]
                fn gradients<'a, S: Simd>(
                    self,
                    s: S,
                    rows: impl Iterator<Item = LossRow<'a, $int>>,
                    scale: f32,
                ) {
                    class_gradients(
                        s,
                        rows,
                        #[inline(always)]
                        |target| *target as usize,
                        scale,
                    );
                }
            }
        )*
    };
}

class_targets! { u8 u16 u32 usize }

#[inline(always)]
fn distribution_value<S: Simd>(s: S, y: &[f32], target: &[f32], sums: RowSums) -> f32 {
    let (max, log_sum, smallest) = (s.splat(sums.max), s.splat(sums.log_sum(s)), s.splat(f32::from_bits(1)));
    simd::fold(
        s,
        [y, target],
        0.0,
        #[inline(always)]
        |acc, [y, t]| {
            let minus_log_p = s.sub(log_sum, s.sub(y, max));
            // A class of probability 0 adds nothing, however far its logit is away: 0 * inf would be NaN.
            // A NaN does not pass for 0.
            s.select(s.lt(s.abs(t), smallest), acc, s.mac(t, minus_log_p, acc))
        },
        #[inline(always)]
        |a, b| s.add(a, b),
    )
}

impl<const N: usize> Loss<[f32; N]> for CrossEntropy {
    fn accepts(_target: &[f32; N], outputs: usize) -> bool {
        outputs == N
    }

    #[inline(always)]
    fn value<S: Simd>(self, s: S, y: &[f32], target: &[f32; N]) -> f32 {
        distribution_value(s, y, target, sums_of(s, y))
    }

    #[inline(always)]
    fn gradient<S: Simd>(self, s: S, y: &[f32], target: &[f32; N], scale: f32, delta: &mut [f32]) -> f32 {
        // The targets of a row need not add up to 1: the gradient is p * sum t - t.
        let (total, scale) = (s.splat(simd::sum(s, target)), s.splat(scale));
        let sums = exp_row_into(
            s,
            y,
            delta,
            #[inline(always)]
            |_, e, sum| s.mul(s.div(e, sum), total),
        );
        simd::zip(
            s,
            delta,
            [target],
            #[inline(always)]
            |p, [t]| s.mul(s.sub(p, t), scale),
        );
        distribution_value(s, y, target, sums)
    }
}
