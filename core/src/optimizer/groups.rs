//! Rules of rules: one for weights and one for biases, one for some layers and another for the rest.

use super::{LearningRate, Rule, Update};
use crate::simd::Simd;

/// A rule with two settings: one for weights, one for biases. PyTorch's parameter groups, made of the kinds of tensors.
///
/// Which is which says [`crate::layer::TensorName::is_penalised`]. Over slices ([`super::update_slice`]) all are weights.
///
/// ```
/// use femto::optimizer::{AdamW, ByKind, Optimizer};
///
/// // Biases do not decay.
/// let weights = AdamW::new(1e-3);
/// let rule = ByKind { weights, biases: AdamW { weight_decay: 0.0, ..weights } };
/// # let _: Optimizer<f32, _, 2> = Optimizer::new(rule);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ByKind<R> {
    /// For weights.
    pub weights: R,
    /// For biases.
    pub biases: R,
}

impl<R: Rule<MOMENTS>, const MOMENTS: usize> Rule<MOMENTS> for ByKind<R> {
    type Update = ByKindUpdate<R::Update>;

    #[inline]
    fn at(&self, step: u32) -> Self::Update {
        ByKindUpdate { current: self.weights.at(step), biases: self.biases.at(step) }
    }
}

/// The rate is that of the weights; that of the biases keeps its proportion to it.
impl<R: LearningRate> LearningRate for ByKind<R> {
    #[inline]
    fn learning_rate(&self) -> f32 {
        self.weights.learning_rate()
    }

    #[inline]
    fn with_learning_rate(self, rate: f32) -> Self {
        let biases = self.biases.with_learning_rate(in_proportion(&self.biases, &self.weights, rate));
        Self { weights: self.weights.with_learning_rate(rate), biases }
    }
}

/// [`ByKind`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct ByKindUpdate<U> {
    /// What the tensor at hand gets; weights, until another is named.
    current: U,
    biases: U,
}

impl<U: Update<MOMENTS>, const MOMENTS: usize> Update<MOMENTS> for ByKindUpdate<U> {
    const COST: usize = U::COST;
    const MAY_KEEP: bool = U::MAY_KEEP;
    const GROUPED: bool = true;
    const AVERAGES: bool = U::AVERAGES;

    #[inline(always)]
    fn of(self, index: usize, penalised: bool) -> Self {
        let chosen = if penalised { self.current } else { self.biases };
        Self { current: chosen.of(index, penalised), ..self }
    }

    #[inline(always)]
    fn keeps_at_zero_gradient(self) -> bool {
        self.current.keeps_at_zero_gradient()
    }

    #[inline(always)]
    fn update<S: Simd>(
        self,
        s: S,
        w: S::Vector,
        moments: [S::Vector; MOMENTS],
        g: S::Vector,
    ) -> (S::Vector, [S::Vector; MOMENTS]) {
        self.current.update(s, w, moments, g)
    }

    #[inline(always)]
    fn average<S: Simd>(self, s: S, w: S::Vector, moments: [S::Vector; MOMENTS]) -> S::Vector {
        self.current.average(s, w, moments)
    }
}

/// Two rules with as many moments: one for the parameters before an index of the flat view, one for the rest. PyTorch's
/// parameter groups, made of ranges of layers; for more groups, the rest is `Groups` again, with a larger index.
///
/// Over slices ([`super::update_slice`]) all parameters are those before.
///
/// ```
/// use femto::activation::Tanh;
/// use femto::layer::Dense;
/// use femto::net;
/// use femto::optimizer::{Adam, Frozen, Groups, Optimizer};
///
/// type Net = net![Dense<4, 8, Tanh>, Dense<8, 2>];
/// // Only the last layer learns.
/// let rule = Groups { from: Net::offset_of_layer(1), before: Frozen, rest: Adam::new(1e-3) };
/// assert_eq!(rule.from, 4 * 8 + 8);
/// # let _: Optimizer<Net, _, 2> = Optimizer::new(rule);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Groups<A, B> {
    /// The index of the first parameter of the rest, where a layer begins ([`crate::Net::offset_of_layer`]); to cut a
    /// tensor in two is not foreseen, and how it would be cut is not said.
    pub from: usize,
    /// For parameters before.
    pub before: A,
    /// For the others.
    pub rest: B,
}

impl<A: Rule<MOMENTS>, B: Rule<MOMENTS>, const MOMENTS: usize> Rule<MOMENTS> for Groups<A, B> {
    type Update = GroupsUpdate<A::Update, B::Update>;

    #[inline]
    fn at(&self, step: u32) -> Self::Update {
        GroupsUpdate { from: self.from, before: self.before.at(step), rest: self.rest.at(step), is_rest: false }
    }
}

/// The rate is that of the rest; that of the parameters before keeps its proportion to it.
impl<A: LearningRate, B: LearningRate> LearningRate for Groups<A, B> {
    #[inline]
    fn learning_rate(&self) -> f32 {
        self.rest.learning_rate()
    }

    #[inline]
    fn with_learning_rate(self, rate: f32) -> Self {
        let before = self.before.with_learning_rate(in_proportion(&self.before, &self.rest, rate));
        Self { before, rest: self.rest.with_learning_rate(rate), ..self }
    }
}

/// [`Groups`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct GroupsUpdate<A, B> {
    from: usize,
    before: A,
    rest: B,
    /// The tensor at hand belongs to the rest.
    is_rest: bool,
}

impl<A: Update<MOMENTS>, B: Update<MOMENTS>, const MOMENTS: usize> Update<MOMENTS> for GroupsUpdate<A, B> {
    const COST: usize = if A::COST > B::COST { A::COST } else { B::COST };
    const MAY_KEEP: bool = A::MAY_KEEP || B::MAY_KEEP;
    const GROUPED: bool = true;
    const AVERAGES: bool = A::AVERAGES || B::AVERAGES;

    #[inline(always)]
    fn of(self, index: usize, penalised: bool) -> Self {
        Self {
            from: self.from,
            before: self.before.of(index, penalised),
            rest: self.rest.of(index, penalised),
            is_rest: index >= self.from,
        }
    }

    #[inline(always)]
    fn keeps_at_zero_gradient(self) -> bool {
        if self.is_rest { self.rest.keeps_at_zero_gradient() } else { self.before.keeps_at_zero_gradient() }
    }

    #[inline(always)]
    fn update<S: Simd>(
        self,
        s: S,
        w: S::Vector,
        moments: [S::Vector; MOMENTS],
        g: S::Vector,
    ) -> (S::Vector, [S::Vector; MOMENTS]) {
        if self.is_rest { self.rest.update(s, w, moments, g) } else { self.before.update(s, w, moments, g) }
    }

    #[inline(always)]
    fn average<S: Simd>(self, s: S, w: S::Vector, moments: [S::Vector; MOMENTS]) -> S::Vector {
        if self.is_rest { self.rest.average(s, w, moments) } else { self.before.average(s, w, moments) }
    }
}

/// No change at all, whatever the gradient: for layers that are not to learn. As many moments as the rules beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Frozen;

impl<const MOMENTS: usize> Rule<MOMENTS> for Frozen {
    type Update = Self;

    #[inline]
    fn at(&self, _step: u32) -> Self {
        Self
    }
}

impl<const MOMENTS: usize> Update<MOMENTS> for Frozen {
    const COST: usize = 1;
    const MAY_KEEP: bool = true;

    #[inline(always)]
    fn keeps_at_zero_gradient(self) -> bool {
        true
    }

    #[inline(always)]
    fn update<S: Simd>(
        self,
        _s: S,
        w: S::Vector,
        moments: [S::Vector; MOMENTS],
        _g: S::Vector,
    ) -> (S::Vector, [S::Vector; MOMENTS]) {
        (w, moments)
    }
}

/// Has no rate: 0, whatever is asked for.
impl LearningRate for Frozen {
    #[inline]
    fn learning_rate(&self) -> f32 {
        0.0
    }

    #[inline]
    fn with_learning_rate(self, _rate: f32) -> Self {
        self
    }
}

/// The rate of `other` where that of `first` becomes `rate`; the same where that of `first` is 0.
fn in_proportion(other: &impl LearningRate, first: &impl LearningRate, rate: f32) -> f32 {
    let old = first.learning_rate();
    if old == 0.0 { rate } else { other.learning_rate() * (rate / old) }
}
