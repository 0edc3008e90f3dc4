//! Optimizers whose learning rate may be set, and the rates of the rules that are here.

use std::fmt::Debug;

use femto::layer::Layer;
use femto::loss::Loss;
use femto::optimizer::{LearningRate, Optimizer, Rule, Scheduled};
use femto::schedule::Schedule;
use femto::train::{BatchError, Objective, Workers};
use femto::{Level, Net};

use super::{Adafactor, Lamb, Lars, Muon, NetOptimizer, TensorOptimizer, TensorRule};
use crate::epoch::Batch;
use crate::type_names::describe;

macro_rules! learning_rate {
    ($($rule:ty),*) => {
        $(
            impl LearningRate for $rule {
                fn learning_rate(&self) -> f32 {
                    self.learning_rate
                }

                fn with_learning_rate(self, rate: f32) -> Self {
                    Self { learning_rate: rate, ..self }
                }
            }
        )*
    };
}

learning_rate!(Lars, Lamb, Adafactor);

/// The rate is that of matrices; that of vectors keeps its proportion to it, and becomes the same where that of matrices
/// is 0.
///
/// ```
/// use femto::optimizer::LearningRate;
/// use femto_std::optimizer::Muon;
///
/// let muon = Muon::new(0.5).with_learning_rate(0.25);
/// assert_eq!((muon.learning_rate, muon.vectors.learning_rate), (0.25, 0.5e-3));
/// ```
impl LearningRate for Muon {
    fn learning_rate(&self) -> f32 {
        self.learning_rate
    }

    fn with_learning_rate(self, rate: f32) -> Self {
        let old = self.learning_rate;
        let vectors = if old == 0.0 { rate } else { self.vectors.learning_rate * (rate / old) };
        Self { learning_rate: rate, vectors: self.vectors.with_learning_rate(vectors), ..self }
    }
}

/// ```
/// use femto::layer::Dense;
/// use femto::optimizer::Scheduled;
/// use femto::schedule::Linear;
/// use femto::{Flat, Level};
/// use femto_std::optimizer::{Lars, NetOptimizer, TensorOptimizer};
///
/// let rule = Scheduled { rule: Lars::new(1.0), schedule: Linear { from: 0.5, to: 0.0, steps: 2 } };
/// let mut lars = TensorOptimizer::new(rule);
/// let mut line = <femto::net![Dense<1, 1>]>::ZERO;
/// let mut gradient = line.clone();
/// gradient.layers.biases = [2.0];
/// lars.apply(Level::detect(), &mut line, &gradient);
/// assert_eq!(line.layers.biases, [-1.0]);
/// ```
impl<R: TensorRule + LearningRate, S: Schedule> TensorRule for Scheduled<R, S> {
    type Update = R::Update;

    fn at(&self, step: u32) -> R::Update {
        self.rule.with_learning_rate(self.schedule.rate(step.saturating_sub(1))).at(step)
    }
}

/// An optimizer with one learning rate that may change between steps: all but those whose rule has a schedule of its own.
///
/// ```
/// use femto::layer::Dense;
/// use femto::{Flat, Level};
/// use femto_std::optimizer::{OptimizerName, RatedOptimizer};
///
/// type Line = femto::net![Dense<1, 1>];
/// let (mut line, mut gradient) = (Line::ZERO, Line::ZERO);
/// gradient.layers.biases = [1.0];
/// let mut sgd = OptimizerName::Sgd.with_rate(0.5);
/// sgd.apply_at_rate(0.25, Level::detect(), &mut line, &gradient);
/// assert_eq!((line.layers.biases, sgd.learning_rate()), ([-0.25], 0.5));
/// sgd.set_learning_rate(0.125);
/// sgd.apply(Level::detect(), &mut line, &gradient);
/// assert_eq!(line.layers.biases, [-0.375]);
/// ```
pub trait RatedOptimizer<L: Layer>: NetOptimizer<L> {
    /// The rate; that of one group of parameters where there are several.
    fn learning_rate(&self) -> f32;
    /// Sets the rate; rates of other groups keep their proportion to it.
    fn set_learning_rate(&mut self, rate: f32);
    /// [`NetOptimizer::apply`] with another rate for this one step. For schedules: the proportions of groups are those of
    /// the optimizer after any number of steps, and after a step with rate 0.
    fn apply_at_rate(&mut self, rate: f32, level: Level, net: &mut Net<L>, gradient: &Net<L>);
    /// The optimizer and its settings in words, those in its type included: what tells a run with it from one with another.
    fn description(&self) -> String;
    /// Makes a step on a batch without a gradient in memory, at this rate or else its own; `None` where the optimizer wants
    /// a whole gradient. [`Optimizer`] does it ([`Net::step_on`]), with the bits of [`NetOptimizer::apply`].
    fn step_in_place<W, T, F>(
        &mut self,
        _rate: Option<f32>,
        _workers: W,
        _net: &mut Net<L>,
        _objective: &Objective<F>,
        _batch: &mut Batch<'_, L, T>,
    ) -> Option<Result<f32, BatchError>>
    where
        Self: Sized,
        W: Workers,
        T: Sync,
        F: Loss<T> + Sync,
    {
        None
    }
}

impl<L, R, const MOMENTS: usize> RatedOptimizer<L> for Optimizer<Net<L>, R, MOMENTS>
where
    L: Layer,
    R: Rule<MOMENTS> + LearningRate + Debug,
{
    fn learning_rate(&self) -> f32 {
        self.rule.learning_rate()
    }

    fn set_learning_rate(&mut self, rate: f32) {
        self.rule = self.rule.with_learning_rate(rate);
    }

    fn apply_at_rate(&mut self, rate: f32, level: Level, net: &mut Net<L>, gradient: &Net<L>) {
        let rule = self.rule;
        self.rule = rule.with_learning_rate(rate);
        self.apply(level, net, gradient);
        self.rule = rule;
    }

    fn description(&self) -> String {
        describe(&self.rule)
    }

    fn step_in_place<W, T, F>(
        &mut self,
        rate: Option<f32>,
        workers: W,
        net: &mut Net<L>,
        objective: &Objective<F>,
        batch: &mut Batch<'_, L, T>,
    ) -> Option<Result<f32, BatchError>>
    where
        W: Workers,
        T: Sync,
        F: Loss<T> + Sync,
    {
        let rule = self.rule;
        if let Some(rate) = rate {
            self.rule = rule.with_learning_rate(rate);
        }
        let loss = net.step_on(workers, objective, batch.inputs, batch.targets, batch.tape, self);
        self.rule = rule;
        Some(loss)
    }
}

impl<L: Layer, R: TensorRule + LearningRate + Debug> RatedOptimizer<L> for TensorOptimizer<L, R> {
    fn learning_rate(&self) -> f32 {
        self.rule.learning_rate()
    }

    fn set_learning_rate(&mut self, rate: f32) {
        self.rule = self.rule.with_learning_rate(rate);
    }

    fn apply_at_rate(&mut self, rate: f32, level: Level, net: &mut Net<L>, gradient: &Net<L>) {
        let rule = self.rule;
        self.rule = rule.with_learning_rate(rate);
        self.apply(level, net, gradient);
        self.rule = rule;
    }

    fn description(&self) -> String {
        describe(&self.rule)
    }
}

/// As what is in the box.
impl<L: Layer> NetOptimizer<L> for Box<dyn RatedOptimizer<L> + Send> {
    fn apply(&mut self, level: Level, net: &mut Net<L>, gradient: &Net<L>) {
        (**self).apply(level, net, gradient);
    }

    fn steps(&self) -> u32 {
        (**self).steps()
    }

    fn state(&self) -> Vec<&[f32]> {
        (**self).state()
    }

    fn resume(&mut self, steps: u32) -> Vec<&mut [f32]> {
        (**self).resume(steps)
    }

    fn weights_to_predict_with(&self, level: Level, net: &Net<L>, weights: &mut Net<L>) {
        (**self).weights_to_predict_with(level, net, weights);
    }
}

/// As what is in the box.
impl<L: Layer> RatedOptimizer<L> for Box<dyn RatedOptimizer<L> + Send> {
    fn learning_rate(&self) -> f32 {
        (**self).learning_rate()
    }

    fn set_learning_rate(&mut self, rate: f32) {
        (**self).set_learning_rate(rate);
    }

    fn apply_at_rate(&mut self, rate: f32, level: Level, net: &mut Net<L>, gradient: &Net<L>) {
        (**self).apply_at_rate(rate, level, net, gradient);
    }

    fn description(&self) -> String {
        (**self).description()
    }
}
