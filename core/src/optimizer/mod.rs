//! Optimizers whose rule looks at one parameter at a time.
//!
//! | rule | moments | bytes a parameter | step |
//! |---|---|---|---|
//! | [`Sgd`] | 0 | 0 | along the gradient |
//! | [`Momentum`], also Nesterov's | 1 | 4 | along a velocity |
//! | [`Asgd`] | 1 | 4 | along the gradient; the average is kept |
//! | [`Adagrad`] | 1 | 4 | divided by the root of the sum of squares |
//! | [`Adadelta`] | 2 | 8 | as long as the steps were, by the mean square |
//! | [`RmsProp`], centered, with momentum, both | 1, 2, 2, 3 | 4, 8, 8, 12 | divided by the root of the mean square |
//! | [`Rprop`] | 2 | 8 | signs alone, for whole batches |
//! | [`Adam`], [`AdamW`] | 2 | 8 | mean by root of the mean square |
//! | [`AmsGrad`] | 3 | 12 | by the root of the largest mean square |
//! | [`Adamax`] | 2 | 8 | by the largest gradient |
//! | [`NAdam`] | 2 | 8 | as Adam, looking ahead along the mean |
//! | [`RAdam`] | 2 | 8 | as Adam, once the mean square is to be trusted |
//! | [`ScheduleFreeAdamW`] | 2 | 8 | as AdamW, to an average |
//! | [`Lion`] | 1 | 4 | the sign of a velocity |
//! | [`Frozen`] | any | of its moments | none |
//!
//! Bytes are those of the moments, beside the parameters themselves; no gradient is kept by [`crate::Net::step`]. Of
//! rules others are made, which have as many moments: [`ByKind`] (weights and biases), [`Groups`] (layers),
//! [`Decoupled`] (weight decay beside the gradient), and [`Scheduled`] (a learning rate that changes with the steps).
//!
//! A rule works in two ways with the same bits: over a whole gradient ([`Optimizer::apply`]), or on each piece of the
//! gradient the moment it is finished, so that no gradient is ever stored ([`crate::Net::step`]). Semantics, defaults
//! and the place of epsilon are PyTorch's.

mod adadelta;
mod adagrad;
mod adam;
mod adam_w;
mod adamax;
mod ams_grad;
mod asgd;
mod decoupled;
mod groups;
mod lion;
mod momentum;
mod nadam;
mod power;
mod radam;
mod rate;
mod rms_prop;
mod rprop;
mod rule;
mod schedule_free;
mod sgd;

use core::mem::MaybeUninit;

pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adam_w::AdamW;
pub use adamax::Adamax;
pub use ams_grad::AmsGrad;
pub use asgd::Asgd;
pub use decoupled::Decoupled;
pub use groups::{ByKind, Frozen, Groups};
pub use lion::Lion;
pub use momentum::Momentum;
pub use nadam::NAdam;
pub use radam::RAdam;
pub use rate::{LearningRate, Scheduled};
pub use rms_prop::RmsProp;
pub use rprop::Rprop;
pub use rule::{Rule, Update, update_slice};
pub use schedule_free::ScheduleFreeAdamW;
pub use sgd::Sgd;

use self::rule::update_pieces;
use crate::flat::Flat;
use crate::matmul::{Penalty, Sink, SinkPart};
use crate::simd::{self, Level, Simd, dispatch};

/// A rule with its step counter and its moments, each of the shape of the parameters `P`.
///
/// The number of moments stands in the type because it is what the optimizer costs in memory: `Optimizer<Net, Sgd, 0>`,
/// `Optimizer<Net, Momentum, 1>`, `Optimizer<Net, Adam, 2>`.
///
/// ```
/// use femto::optimizer::{Adam, Optimizer};
///
/// let mut weights = [1.0, -1.0];
/// let mut adam = Optimizer::new(Adam::new(0.1));
/// adam.apply(femto::Level::detect(), &mut weights, &[2.0, 0.0]);
/// assert!((weights[0] - 0.9).abs() < 1e-6);
/// assert_eq!(weights[1], -1.0);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Optimizer<P, R, const MOMENTS: usize> {
    /// The rule; its learning rate may be changed between steps.
    pub rule: R,
    steps: u32,
    moments: [P; MOMENTS],
}

impl<P: Flat, R: Rule<MOMENTS>, const MOMENTS: usize> Optimizer<P, R, MOMENTS> {
    /// Starts at step 0 with all moments 0.
    ///
    /// As the initial value of a static that has moments, prefer [`Self::new_in`]: beside the rule, which is not zero,
    /// the zeros of the moments would lie in the program's image too, flash on a microcontroller.
    #[must_use]
    pub const fn new(rule: R) -> Self {
        Self { rule, steps: 0, moments: [const { P::ZERO }; MOMENTS] }
    }

    /// [`Self::new`] where `place` lies, for moments too large for the stack.
    pub fn new_in(place: &mut MaybeUninit<Self>, rule: R) -> &mut Self {
        let this = place.as_mut_ptr();
        // SAFETY: all fields are written through pointers into the place: zero bits are flat values.
        unsafe {
            (&raw mut (*this).rule).write(rule);
            (&raw mut (*this).steps).write(0);
            (&raw mut (*this).moments).write_bytes(0, 1);
            place.assume_init_mut()
        }
    }

    /// Goes on from where another optimizer was: its rule, its steps, its moments.
    #[must_use]
    pub const fn from_parts(rule: R, steps: u32, moments: [P; MOMENTS]) -> Self {
        Self { rule, steps, moments }
    }

    /// Sets where to go on from, without moving moments about.
    pub const fn resume(&mut self, steps: u32) -> &mut [P; MOMENTS] {
        self.steps = steps;
        &mut self.moments
    }

    /// How many steps were made.
    #[must_use]
    pub const fn steps(&self) -> u32 {
        self.steps
    }

    /// The moments.
    #[must_use]
    pub const fn moments(&self) -> &[P; MOMENTS] {
        &self.moments
    }

    /// Makes one step: changes `parameters` by `gradient`.
    pub fn apply(&mut self, level: Level, parameters: &mut P, gradient: &P) {
        self.count_step();
        let update = self.rule.at(self.steps);
        let mut moments = self.moments.each_mut().map(Flat::as_mut_slice);
        let (parameters, gradient) = (parameters.as_mut_slice(), gradient.as_slice());
        if const { !R::Update::GROUPED } {
            return update_pieces(level, update, parameters, &mut moments, gradient);
        }
        P::parts(0, &mut |tensor, penalised| {
            let (Some(parameters), Some(gradient)) = (parameters.get_mut(tensor.clone()), gradient.get(tensor.clone()))
            else {
                return;
            };
            let mut moments = moments.each_mut().map(|moment| moment.get_mut(tensor.clone()).unwrap_or_default());
            update_pieces(level, update.of(tensor.start, penalised), parameters, &mut moments, gradient);
        });
    }

    /// Writes the parameters to predict with to `average`: those of rules that average ([`Asgd`], [`ScheduleFreeAdamW`]),
    /// else `parameters` themselves.
    ///
    /// ```
    /// use femto::Level;
    /// use femto::optimizer::{Optimizer, ScheduleFreeAdamW};
    ///
    /// let (level, mut weights, mut average) = (Level::detect(), [1.0], [0.0]);
    /// let mut rule = Optimizer::new(ScheduleFreeAdamW::new(0.1));
    /// for _ in 0..100 {
    ///     let gradient = [weights[0]];
    ///     rule.apply(level, &mut weights, &gradient);
    /// }
    /// rule.averaged(level, &weights, &mut average);
    /// assert!(average[0] > weights[0], "the average comes behind");
    /// ```
    pub fn averaged(&self, level: Level, parameters: &P, average: &mut P) {
        let average = average.as_mut_slice();
        for (average, w) in average.iter_mut().zip(parameters.as_slice()) {
            *average = *w;
        }
        if const { !R::Update::AVERAGES } || self.steps == 0 {
            return;
        }
        let update = self.rule.at(self.steps);
        let moments = self.moments.each_ref().map(Flat::as_slice);
        P::parts(0, &mut |tensor, penalised| {
            let Some(average) = average.get_mut(tensor.clone()) else { return };
            let moments = moments.map(|moment| moment.get(tensor.clone()).unwrap_or_default());
            let update = update.of(tensor.start, penalised);
            dispatch!(level, s => simd::zip(
                s,
                average,
                moments,
                #[inline(always)]
                |w, m| update.average(s, w, m),
            ));
        });
    }

    /// Counts a step and gives a sink that makes it on `parameters`, piece by piece as their gradient is finished, that of
    /// `penalty` on weights included. See [`crate::matmul::tn_into`].
    #[inline(always)]
    pub fn sink<'a>(
        &'a mut self,
        parameters: &'a mut P,
        penalty: Penalty,
    ) -> SinkPart<'a, InPlace<R::Update, MOMENTS>, P> {
        self.count_step();
        let update = self.rule.at(self.steps);
        self.sink_with(update, parameters, penalty)
    }

    /// The sink of the next step, which is not counted yet.
    #[inline(always)]
    pub(crate) fn sink_of_next<'a>(
        &'a mut self,
        parameters: &'a mut P,
        penalty: Penalty,
    ) -> SinkPart<'a, InPlace<R::Update, MOMENTS>, P> {
        let update = self.rule.at(self.steps.saturating_add(1));
        self.sink_with(update, parameters, penalty)
    }

    /// Counts a step that was made.
    #[inline(always)]
    pub(crate) const fn count_step(&mut self) {
        self.steps = self.steps.saturating_add(1);
    }

    #[inline(always)]
    fn sink_with<'a>(
        &'a mut self,
        update: R::Update,
        parameters: &'a mut P,
        penalty: Penalty,
    ) -> SinkPart<'a, InPlace<R::Update, MOMENTS>, P> {
        let sink = InPlace {
            parameters: parameters.as_mut_slice().as_mut_ptr(),
            moments: self.moments.each_mut().map(|m| m.as_mut_slice().as_mut_ptr()),
            penalty,
            update,
        };
        // SAFETY: made from exclusive borrows for `'a` of values of type `P`.
        unsafe { SinkPart::whole(sink) }
    }
}

/// A sink that updates parameters as their gradient is finished; [`Optimizer::sink`] makes it.
#[derive(Clone, Copy, Debug)]
pub struct InPlace<U, const MOMENTS: usize> {
    parameters: *mut f32,
    moments: [*mut f32; MOMENTS],
    penalty: Penalty,
    update: U,
}

// SAFETY: `place` is never called: there is no gradient in memory.
unsafe impl<U: Update<MOMENTS>, const MOMENTS: usize> Sink for InPlace<U, MOMENTS> {
    const HAS_PLACE: bool = false;
    const COST: usize = U::COST;
    const MAY_KEEP: bool = U::MAY_KEEP;
    const GROUPED: bool = U::GROUPED;

    #[inline(always)]
    fn place(self, _index: usize) -> *mut f32 {
        core::ptr::null_mut()
    }

    #[inline(always)]
    fn will_finish(self, index: usize, numbers: usize) {
        simd::ask_to_write(self.parameters.wrapping_add(index), numbers);
        let mut m = 0;
        while m < MOMENTS {
            simd::ask_to_write(self.moments[m].wrapping_add(index), numbers);
            m += 1;
        }
    }

    #[inline(always)]
    unsafe fn finish<S: Simd>(self, s: S, index: usize, gradient: &mut [f32], penalised: bool) {
        // SAFETY: the caller promises that parameters and moments have these numbers, that no one else works on them,
        // and that the gradient is none of them.
        unsafe {
            let parameters = self.parameters.add(index);
            if penalised && !self.penalty.is_none() {
                // A pass of its own, so that the rule is compiled once and looks at no flag.
                let weights = core::slice::from_raw_parts(parameters, gradient.len());
                self.penalty.add_gradient(s, gradient, weights);
            }
            let mut moments = self.moments;
            let mut m = 0;
            while m < MOMENTS {
                moments[m] = moments[m].add(index);
                m += 1;
            }
            let update = self.update.of(index, penalised);
            simd::update_places(
                s,
                gradient.len(),
                (parameters, moments),
                [gradient],
                #[inline(always)]
                |w, m, [g]| update.update(s, w, m, g),
            );
        }
    }

    #[inline(always)]
    fn of(self, index: usize, penalised: bool) -> Self {
        Self { update: self.update.of(index, penalised), ..self }
    }

    #[inline(always)]
    fn penalty(self) -> Penalty {
        self.penalty
    }

    #[inline(always)]
    fn keeps_at_zero_gradient(self) -> bool {
        self.update.keeps_at_zero_gradient()
    }

    #[inline(always)]
    unsafe fn finish_vectors<S: Simd, const PENALISED: bool, const NV: usize>(
        self,
        s: S,
        index: usize,
        gradient: [S::Vector; NV],
        lanes: Option<usize>,
    ) {
        // SAFETY: the caller promises that parameters and moments have these numbers and that no one else works on
        // them.
        unsafe {
            let mut v = 0;
            while v < NV {
                simd::update_vector(
                    s,
                    index + v * S::LANES,
                    lanes,
                    (self.parameters, &self.moments),
                    #[inline(always)]
                    |w, m, []| {
                        let g = if PENALISED { s.mac(s.splat(self.penalty.l2), w, gradient[v]) } else { gradient[v] };
                        self.update.update(s, w, m, g)
                    },
                );
                v += 1;
            }
        }
    }
}
