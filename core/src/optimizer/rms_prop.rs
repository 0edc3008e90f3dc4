//! RMSprop.

use super::{Rule, Update};
use crate::simd::Simd;

/// RMSprop (Hinton, 2012) as PyTorch has it: `v = a v + (1 - a) g^2`, `d = g / (sqrt(v) + eps)`, `w = w - lr d`.
///
/// `CENTERED`: the mean `c = a c + (1 - a) g` is taken out, `sqrt(v - c^2)`; a difference below zero, which only rounding
/// makes, counts as zero. `MOMENTUM`: `b = momentum b + d`, `w = w - lr b`.
///
/// Moments, in this order: v, c where centered, b with momentum.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RmsProp<const CENTERED: bool = false, const MOMENTUM: bool = false> {
    /// Step size lr.
    pub learning_rate: f32,
    /// Decay a of the mean square, in 0..1; 0.99 by default.
    pub decay: f32,
    /// Keeps the division away from zero; 1e-8 by default.
    pub epsilon: f32,
    /// How much of the velocity stays, where there is momentum.
    pub momentum: f32,
}

impl<const CENTERED: bool> RmsProp<CENTERED, false> {
    /// With this step size (PyTorch's default is 1e-2) and the usual decay.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { learning_rate, decay: 0.99, epsilon: 1e-8, momentum: 0.0 }
    }

    /// The same with momentum.
    #[must_use]
    pub const fn with_momentum(self, momentum: f32) -> RmsProp<CENTERED, true> {
        let Self { learning_rate, decay, epsilon, momentum: _ } = self;
        RmsProp { learning_rate, decay, epsilon, momentum }
    }
}

/// [`RmsProp`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct RmsPropUpdate<const CENTERED: bool, const MOMENTUM: bool> {
    minus_rate: f32,
    decay: f32,
    epsilon: f32,
    momentum: f32,
}

impl<const CENTERED: bool, const MOMENTUM: bool> RmsPropUpdate<CENTERED, MOMENTUM> {
    const fn of(rule: &RmsProp<CENTERED, MOMENTUM>) -> Self {
        let RmsProp { learning_rate, decay, epsilon, momentum } = *rule;
        Self { minus_rate: -learning_rate, decay, epsilon, momentum }
    }

    /// The new v.
    #[inline(always)]
    fn square<S: Simd>(self, s: S, v: S::Vector, g: S::Vector) -> S::Vector {
        s.mac(s.splat(self.decay), v, s.mul(s.mul(s.splat(1.0 - self.decay), g), g))
    }

    /// The new c.
    #[inline(always)]
    fn mean<S: Simd>(self, s: S, c: S::Vector, g: S::Vector) -> S::Vector {
        s.mac(s.splat(self.decay), c, s.mul(s.splat(1.0 - self.decay), g))
    }

    /// d, given what stands under the root.
    #[inline(always)]
    fn change<S: Simd>(self, s: S, square: S::Vector, g: S::Vector) -> S::Vector {
        s.div(g, s.add(s.sqrt(square), s.splat(self.epsilon)))
    }

    /// The new b.
    #[inline(always)]
    fn velocity<S: Simd>(self, s: S, b: S::Vector, d: S::Vector) -> S::Vector {
        s.mac(s.splat(self.momentum), b, d)
    }

    #[inline(always)]
    fn changed<S: Simd>(self, s: S, w: S::Vector, d: S::Vector) -> S::Vector {
        s.mac(s.splat(self.minus_rate), d, w)
    }
}

/// v - c^2, at least 0 where it is a number: in this order NaN stays.
#[inline(always)]
fn variance<S: Simd>(s: S, v: S::Vector, c: S::Vector) -> S::Vector {
    s.larger(s.sub(v, s.mul(c, c)), s.splat(0.0))
}

impl Rule<1> for RmsProp<false, false> {
    type Update = RmsPropUpdate<false, false>;

    #[inline]
    fn at(&self, _step: u32) -> Self::Update {
        RmsPropUpdate::of(self)
    }
}

impl Update<1> for RmsPropUpdate<false, false> {
    const COST: usize = 9;

    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, [v]: [S::Vector; 1], g: S::Vector) -> (S::Vector, [S::Vector; 1]) {
        let v = self.square(s, v, g);
        (self.changed(s, w, self.change(s, v, g)), [v])
    }
}

impl Rule<2> for RmsProp<true, false> {
    type Update = RmsPropUpdate<true, false>;

    #[inline]
    fn at(&self, _step: u32) -> Self::Update {
        RmsPropUpdate::of(self)
    }
}

impl Update<2> for RmsPropUpdate<true, false> {
    const COST: usize = 12;

    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, [v, c]: [S::Vector; 2], g: S::Vector) -> (S::Vector, [S::Vector; 2]) {
        let (v, c) = (self.square(s, v, g), self.mean(s, c, g));
        (self.changed(s, w, self.change(s, variance(s, v, c), g)), [v, c])
    }
}

impl Rule<2> for RmsProp<false, true> {
    type Update = RmsPropUpdate<false, true>;

    #[inline]
    fn at(&self, _step: u32) -> Self::Update {
        RmsPropUpdate::of(self)
    }
}

impl Update<2> for RmsPropUpdate<false, true> {
    const COST: usize = 10;

    #[inline(always)]
    fn update<S: Simd>(self, s: S, w: S::Vector, [v, b]: [S::Vector; 2], g: S::Vector) -> (S::Vector, [S::Vector; 2]) {
        let v = self.square(s, v, g);
        let b = self.velocity(s, b, self.change(s, v, g));
        (self.changed(s, w, b), [v, b])
    }
}

impl Rule<3> for RmsProp<true, true> {
    type Update = RmsPropUpdate<true, true>;

    #[inline]
    fn at(&self, _step: u32) -> Self::Update {
        RmsPropUpdate::of(self)
    }
}

impl Update<3> for RmsPropUpdate<true, true> {
    const COST: usize = 13;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        s: S,
        w: S::Vector,
        [v, c, b]: [S::Vector; 3],
        g: S::Vector,
    ) -> (S::Vector, [S::Vector; 3]) {
        let (v, c) = (self.square(s, v, g), self.mean(s, c, g));
        let b = self.velocity(s, b, self.change(s, variance(s, v, c), g));
        (self.changed(s, w, b), [v, c, b])
    }
}
