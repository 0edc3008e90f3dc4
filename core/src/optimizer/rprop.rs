//! Rprop.

use super::{Rule, Update};
use crate::simd::Simd;

/// Resilient propagation (Riedmiller and Braun, 1993) as PyTorch has it: only the signs of gradients count.
///
/// Each parameter has a step of its own, at first lr. Where the gradient keeps its sign the step grows by `growth`; where
/// it changes sign the step shrinks by `shrinkage` and this gradient counts as zero; `w = w - sign(g) step`. For whole
/// batches: the noise of mini-batches changes signs.
///
/// Two moments: the last gradient and the step.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rprop {
    /// The first step, lr.
    pub learning_rate: f32,
    /// Factor where the sign stays; 1.2 by default.
    pub growth: f32,
    /// Factor where the sign changes; 0.5 by default.
    pub shrinkage: f32,
    /// The smallest step; 1e-6 by default.
    pub smallest: f32,
    /// The largest step; 50 by default.
    pub largest: f32,
}

impl Rprop {
    /// With this first step (PyTorch's default is 1e-2).
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate, growth: 1.2, shrinkage: 0.5, smallest: 1e-6, largest: 50.0 }
    }
}

impl Rule<2> for Rprop {
    type Update = RpropUpdate;

    #[inline]
    fn at(&self, step: u32) -> RpropUpdate {
        RpropUpdate { rule: *self, is_first: step <= 1 }
    }
}

/// [`Rprop`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct RpropUpdate {
    rule: Rprop,
    /// There are no steps of parameters yet.
    is_first: bool,
}

impl Update<2> for RpropUpdate {
    const COST: usize = 10;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        s: S,
        w: S::Vector,
        [last, step]: [S::Vector; 2],
        g: S::Vector,
    ) -> (S::Vector, [S::Vector; 2]) {
        let Rprop { learning_rate, growth, shrinkage, smallest, largest } = self.rule;
        let zero = s.splat(0.0);
        let step = if self.is_first { s.splat(learning_rate) } else { step };
        // Signs, not the product: that of two small gradients would be zero.
        let agreement = s.mul(sign(s, g), sign(s, last));
        let (stays, changes) = (s.lt(zero, agreement), s.lt(agreement, zero));
        let factor = s.select(changes, s.splat(shrinkage), s.select(stays, s.splat(growth), s.splat(1.0)));
        let step = s.larger(s.mul(step, factor), s.splat(smallest));
        let largest = s.splat(largest);
        let step = s.select(s.lt(largest, step), largest, step);
        let g = s.select(changes, zero, g);
        (s.sub(w, s.mul(sign(s, g), step)), [g, step])
    }
}

/// 1, -1, or the 0 or NaN that `x` is.
#[inline(always)]
pub(super) fn sign<S: Simd>(s: S, x: S::Vector) -> S::Vector {
    let zero = s.splat(0.0);
    s.select(s.lt(zero, x), s.splat(1.0), s.select(s.lt(x, zero), s.splat(-1.0), x))
}
