//! Losses that depend on the distance of each output from its target.

use super::Loss;
use crate::simd::{self, Simd};

/// The sum of `(y - t)^2` in 16 virtual lanes.
#[inline(always)]
fn squared_distance<S: Simd>(s: S, y: &[f32], t: &[f32]) -> f32 {
    simd::fold(
        s,
        [y, t],
        0.0,
        #[inline(always)]
        |acc, [y, t]| {
            let d = s.sub(y, t);
            s.mac(d, d, acc)
        },
        #[inline(always)]
        |a, b| s.add(a, b),
    )
}

/// `delta = factor * (y - t)`.
#[inline(always)]
fn scaled_difference<S: Simd>(s: S, y: &[f32], t: &[f32], factor: f32, delta: &mut [f32]) {
    let factor = s.splat(factor);
    simd::zip(
        s,
        delta,
        [y, t],
        #[inline(always)]
        |_, [y, t]| s.mul(s.sub(y, t), factor),
    );
}

macro_rules! squared_errors {
    ($($(#[$doc:meta])* $name:ident: |$outputs:ident| $value:expr, $slope:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
            #[cfg_attr(feature = "defmt", derive(defmt::Format))]
            #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
            pub struct $name;

            impl<const N: usize> Loss<[f32; N]> for $name {
                fn accepts(_target: &[f32; N], outputs: usize) -> bool {
                    outputs == N
                }

                #[inline(always)]
                fn value<S: Simd>(self, s: S, y: &[f32], target: &[f32; N]) -> f32 {
                    let $outputs = N as f32;
                    squared_distance(s, y, target) * $value
                }

                #[inline(always)]
                fn gradient<S: Simd>(self, s: S, y: &[f32], target: &[f32; N], scale: f32, delta: &mut [f32]) -> f32 {
                    let $outputs = N as f32;
                    scaled_difference(s, y, target, scale * $slope, delta);
                    self.value(s, y, target)
                }
            }
        )*
    };
}

squared_errors! {
    /// `1/n sum (y - t)^2` over the n outputs of a row; with [`super::Reduction::Mean`] the MSE of PyTorch.
    MeanSquaredError: |n| (1.0 / n), (2.0 / n);
    /// `sum (y - t)^2`; with [`super::Reduction::Sum`] the sum of squared residuals (SSR).
    SumSquaredError: |_n| 1.0, 2.0;
    /// `1/2 sum (y - t)^2`; with [`super::Reduction::Mean`] the form `1/(2m) sum (y - t)^2`.
    HalfSquaredError: |_n| 0.5, 1.0;
}

/// `1/n sum |y - t|` over the n outputs of a row; the slope at y = t is 0.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MeanAbsoluteError;

impl<const N: usize> Loss<[f32; N]> for MeanAbsoluteError {
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
            |acc, [y, t]| s.add(acc, s.abs(s.sub(y, t))),
            #[inline(always)]
            |a, b| s.add(a, b),
        );
        sum * (1.0 / N as f32)
    }

    #[inline(always)]
    fn gradient<S: Simd>(self, s: S, y: &[f32], target: &[f32; N], scale: f32, delta: &mut [f32]) -> f32 {
        let slope = s.splat(scale * (1.0 / N as f32));
        simd::zip(
            s,
            delta,
            [y, target],
            #[inline(always)]
            |_, [y, t]| {
                let d = s.sub(y, t);
                let signed = s.copy_sign(slope, d);
                // Neither above nor below zero: zero itself stays, and so does NaN.
                let is_apart = s.lt(s.splat(0.0), s.abs(d));
                s.select(is_apart, signed, d)
            },
        );
        self.value(s, y, target)
    }
}
