//! Decoupled weight decay for any rule.

use super::{LearningRate, Rule, Update};
use crate::simd::Simd;

/// Another rule's step after `w = (1 - lr decay) w`, lr being that rule's learning rate (Loshchilov and Hutter, 2019).
///
/// PyTorch's `decoupled_weight_decay` of `NAdam` and `RAdam`, and with [`AmsGrad`](super::AmsGrad) its
/// `AdamW(amsgrad=True)`. [`AdamW`](super::AdamW) and [`Lion`](super::Lion) have a decay of their own. The decay is no part
/// of the gradient, unlike the penalty of [`crate::train::Objective::l2`], and all parameters decay, biases too:
/// [`ByKind`](super::ByKind) leaves them out. As many moments as the rule.
///
/// ```
/// use femto::optimizer::{Decoupled, NAdam, Optimizer};
///
/// let mut nadam = Optimizer::new(Decoupled { rule: NAdam::new(0.1), weight_decay: 0.5 });
/// let mut weights = [2.0];
/// nadam.apply(femto::Level::detect(), &mut weights, &[0.0]);
/// assert_eq!(weights, [1.9]); // by 0.1 * 0.5 of itself, and no gradient
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Decoupled<R> {
    /// The step after the decay; its learning rate is that of the decay too.
    pub rule: R,
    /// What a parameter loses of itself for a learning rate of 1.
    pub weight_decay: f32,
}

impl<R: LearningRate> LearningRate for Decoupled<R> {
    #[inline]
    fn learning_rate(&self) -> f32 {
        self.rule.learning_rate()
    }

    #[inline]
    fn with_learning_rate(self, rate: f32) -> Self {
        Self { rule: self.rule.with_learning_rate(rate), ..self }
    }
}

impl<R: Rule<MOMENTS> + LearningRate, const MOMENTS: usize> Rule<MOMENTS> for Decoupled<R> {
    type Update = DecoupledUpdate<R::Update>;

    #[inline]
    fn at(&self, step: u32) -> Self::Update {
        DecoupledUpdate { rule: self.rule.at(step), minus_decay: -(self.rule.learning_rate() * self.weight_decay) }
    }
}

/// [`Decoupled`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct DecoupledUpdate<U> {
    rule: U,
    /// What a parameter changes by for each 1 of itself; 1 less that would lose its digits.
    minus_decay: f32,
}

impl<U: Update<MOMENTS>, const MOMENTS: usize> Update<MOMENTS> for DecoupledUpdate<U> {
    const COST: usize = U::COST.saturating_add(1);
    const GROUPED: bool = U::GROUPED;
    const AVERAGES: bool = U::AVERAGES;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        s: S,
        w: S::Vector,
        moments: [S::Vector; MOMENTS],
        g: S::Vector,
    ) -> (S::Vector, [S::Vector; MOMENTS]) {
        self.rule.update(s, s.mac(s.splat(self.minus_decay), w, w), moments, g)
    }

    #[inline(always)]
    fn of(self, index: usize, penalised: bool) -> Self {
        Self { rule: self.rule.of(index, penalised), ..self }
    }

    #[inline(always)]
    fn average<S: Simd>(self, s: S, parameters: S::Vector, moments: [S::Vector; MOMENTS]) -> S::Vector {
        self.rule.average(s, parameters, moments)
    }
}
