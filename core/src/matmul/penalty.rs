//! What large weights cost.

use crate::simd::{self, Simd, VIRTUAL_LANES};

/// A penalty on weights, `l1 * sum |w| + l2/2 * sum w^2`; its gradient is `l1 * sign(w) + l2 * w`, with sign(0) = 0.
///
/// L1 draws small weights to 0 (Tibshirani 1996), L2 all of them in proportion to their size.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Penalty {
    /// The factor of the sum of magnitudes; 0 is none.
    pub l1: f32,
    /// The factor of half the sum of squares; 0 is none.
    pub l2: f32,
}

impl Penalty {
    /// No penalty.
    pub const NONE: Self = Self { l1: 0.0, l2: 0.0 };

    /// Whether both factors are 0, with either sign: then nothing is added, whatever the weights are.
    #[inline(always)]
    #[must_use]
    pub const fn is_none(self) -> bool {
        // On the bits, for a processor without floating point asks once a tile.
        (self.l1.to_bits() | self.l2.to_bits()) << 1 == 0
    }

    /// Adds the gradient of the penalty on `weights`: first that of L2, then that of L1.
    #[inline(always)]
    pub(crate) fn add_gradient<S: Simd>(self, s: S, gradient: &mut [f32], weights: &[f32]) {
        // Out of line: all rules share the loops.
        s.outline(
            #[inline(always)]
            || {
                if self.l2 != 0.0 {
                    let l2 = s.splat(self.l2);
                    simd::zip(
                        s,
                        gradient,
                        [weights],
                        #[inline(always)]
                        |g, [w]| s.mac(l2, w, g),
                    );
                }
                if self.l1 != 0.0 {
                    let (l1, zero, one) = (s.splat(self.l1), s.splat(0.0), s.splat(1.0));
                    simd::zip(
                        s,
                        gradient,
                        [weights],
                        #[inline(always)]
                        |g, [w]| {
                            // The sign of 0 is that 0, of NaN that NaN.
                            let sign = s.select(s.lt(zero, s.abs(w)), s.copy_sign(one, w), w);
                            s.mac(l1, sign, g)
                        },
                    );
                }
            },
        );
    }

    /// Adds what `weights` contribute to the penalty to the virtual lanes; the first weight belongs to lane 0.
    ///
    /// Without L1 these are plain squares, so that the factor is taken once of their sum.
    #[inline(always)]
    pub(crate) fn add_value<S: Simd>(self, s: S, lanes: &mut [f32; VIRTUAL_LANES], weights: &[f32]) {
        // 1 * |w| + 0 is |w|, exactly.
        let (l1, half_l2) = if self.l1 == 0.0 { (0.0, 1.0) } else { (self.l1, 0.5 * self.l2) };
        let (l1, half_l2) = (s.splat(l1), s.splat(half_l2));
        simd::fold_into(
            s,
            lanes,
            weights,
            #[inline(always)]
            |acc, w| {
                let size = s.abs(w);
                s.mac(s.mac(half_l2, size, l1), size, acc)
            },
        );
    }

    /// The penalty, from the lanes that [`Self::add_value`] filled.
    #[inline(always)]
    pub(crate) fn total<S: Simd>(self, s: S, lanes: &[f32; VIRTUAL_LANES]) -> f32 {
        if self.is_none() {
            0.0
        } else if self.l1 == 0.0 {
            0.5 * self.l2 * simd::sum(s, lanes)
        } else {
            simd::sum(s, lanes)
        }
    }
}
