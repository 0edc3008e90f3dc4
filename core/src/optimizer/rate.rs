//! Rules that have a learning rate, and rules whose rate follows a schedule.

use super::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, AmsGrad, Asgd, Lion, Momentum, NAdam, RAdam, RmsProp, Rprop, Rule,
    ScheduleFreeAdamW, Sgd,
};
use crate::schedule::Schedule;

/// A rule with a learning rate that may change between steps.
pub trait LearningRate: Copy {
    /// The rate.
    fn learning_rate(&self) -> f32;

    /// The rule with another rate.
    #[must_use]
    fn with_learning_rate(self, rate: f32) -> Self;
}

macro_rules! learning_rate {
    ($(impl[$($generics:tt)*] $rule:ty: $field:ident $(. $inner:ident)?;)*) => {
        $(
            impl<$($generics)*> LearningRate for $rule {
                #[inline]
                fn learning_rate(&self) -> f32 {
                    self.$field$(.$inner)?
                }

                #[inline]
                fn with_learning_rate(mut self, rate: f32) -> Self {
                    self.$field$(.$inner)? = rate;
                    self
                }
            }
        )*
    };
}

learning_rate! {
    impl[] Sgd: learning_rate;
    impl[const NESTEROV: bool] Momentum<NESTEROV>: learning_rate;
    impl[] Asgd: learning_rate;
    impl[] Adagrad: learning_rate;
    impl[] Adadelta: learning_rate;
    impl[const CENTERED: bool, const MOMENTUM: bool] RmsProp<CENTERED, MOMENTUM>: learning_rate;
    impl[] Rprop: learning_rate;
    impl[] Adam: learning_rate;
    impl[] AdamW: adam.learning_rate;
    impl[] AmsGrad: adam.learning_rate;
    impl[] Adamax: learning_rate;
    impl[] NAdam: adam.learning_rate;
    impl[] RAdam: adam.learning_rate;
    impl[] ScheduleFreeAdamW: learning_rate;
    impl[] Lion: learning_rate;
}

/// A rule whose learning rate is that of a schedule, at every step; what the rule itself has says only in which
/// proportion groups of parameters learn ([`super::ByKind`], [`super::Groups`]).
///
/// The rate is a function of the step, so nothing is to be kept but the optimizer's step when a run is stopped and goes
/// on. The schedule is at 0 when the first step is made.
///
/// ```
/// use femto::optimizer::{Optimizer, Scheduled, Sgd};
/// use femto::schedule::Linear;
///
/// let schedule = Linear { from: 1.0, to: 0.0, steps: 4 };
/// let mut sgd = Optimizer::new(Scheduled { rule: Sgd::new(1.0), schedule });
/// let mut weights = [0.0];
/// for _ in 0..6 {
///     sgd.apply(femto::Level::detect(), &mut weights, &[-1.0]);
/// }
/// assert_eq!(weights, [1.0 + 0.75 + 0.5 + 0.25]);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Scheduled<R, S> {
    /// The rule.
    pub rule: R,
    /// Its learning rate.
    pub schedule: S,
}

impl<R: Rule<MOMENTS> + LearningRate, S: Schedule, const MOMENTS: usize> Rule<MOMENTS> for Scheduled<R, S> {
    type Update = R::Update;

    #[inline]
    fn at(&self, step: u32) -> R::Update {
        self.rule.with_learning_rate(self.schedule.rate(step.saturating_sub(1))).at(step)
    }
}
