//! Functions over slices: elementary ones, activations, optimizer rules, softmax.

use femto::activation::{self, Activation, LeakyRelu, Relu, Sigmoid, Sign, Softplus, Tanh};
use femto::optimizer::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, AmsGrad, Asgd, Lion, Momentum, RmsProp, Rprop, Rule, ScheduleFreeAdamW,
    Sgd, update_slice,
};
use femto::{Level, math, softmax};

use crate::hash::Hash;
use crate::sample;

/// The longest slice that a function is given; on the stack.
const SLICE: usize = 48;

/// Elementary functions and activations over the sample.
pub fn elementwise(level: Level, report: &mut dyn FnMut(&str, u64)) {
    report("math.exp", over_sample(|xs| math::exp_slice(level, xs)));
    report("math.ln", over_sample(|xs| math::ln_slice(level, xs)));
    report("math.tanh", over_sample(|xs| math::tanh_slice(level, xs)));
    report("math.sigmoid", over_sample(|xs| math::sigmoid_slice(level, xs)));
    report("math.softplus", over_sample(|xs| math::softplus_slice(level, xs)));
    report("activation.sign", activation(level, Sign));
    report("activation.relu", activation(level, Relu));
    report("activation.leaky-relu", activation(level, LeakyRelu::<10>));
    report("activation.sigmoid", activation(level, Sigmoid));
    report("activation.tanh", activation(level, Tanh));
    report("activation.softplus", activation(level, Softplus));
}

/// Optimizer rules over the sample as gradients, for several steps: their bias corrections and square roots too. Not
/// those whose settings take double precision at each step, which firmware is to be without.
pub fn rules(level: Level, report: &mut dyn FnMut(&str, u64)) {
    report("rule.sgd", rule(level, Sgd::new(0.1)));
    report("rule.momentum", rule(level, Momentum { dampening: 0.1, ..Momentum::new(0.1) }));
    report("rule.nesterov", rule(level, Momentum::nesterov(0.1)));
    report("rule.adam", rule(level, Adam::new(0.001)));
    report("rule.adamw", rule(level, AdamW { weight_decay: 0.1, ..AdamW::new(0.001) }));
    report("rule.amsgrad", rule(level, AmsGrad::new(0.001)));
    report("rule.adamax", rule(level, Adamax::new(0.001)));
    report("rule.schedule-free", rule(level, ScheduleFreeAdamW { warmup: 2, ..ScheduleFreeAdamW::new(0.001) }));
    report("rule.lion", rule(level, Lion::new(0.001)));
    report("rule.asgd", rule(level, Asgd { averaging_start: 1, ..Asgd::new(0.1) }));
    report("rule.adagrad", rule(level, Adagrad { learning_rate_decay: 0.1, ..Adagrad::new(0.1) }));
    report("rule.adadelta", rule(level, Adadelta::new(1.0)));
    report("rule.rmsprop", rule(level, RmsProp::<false>::new(0.01).with_momentum(0.9)));
    report("rule.rmsprop.centered", rule(level, RmsProp::<true>::new(0.01)));
    report("rule.rprop", rule(level, Rprop::new(0.01)));
}

/// Softmax of rows of several lengths, and the product with its Jacobian.
pub fn softmaxes(level: Level, report: &mut dyn FnMut(&str, u64)) {
    let (mut forward, mut backward) = (Hash::EMPTY, Hash::EMPTY);
    let (mut row, mut delta) = ([0.0; SLICE], [0.0; SLICE]);
    for (r, len) in [1, 2, 3, 5, 10, 15, 16, 17, 31, 32, 33, 48].into_iter().enumerate() {
        // From nearly even rows to rows where one logit outweighs all.
        for scale in [0.5, 8.0, 200.0] {
            let (Some(row), Some(delta)) = (row.get_mut(..len), delta.get_mut(..len)) else { continue };
            for (i, (x, d)) in row.iter_mut().zip(delta.iter_mut()).enumerate() {
                (*x, *d) = (scale * sample::signed(97 * r + i), sample::signed(89 * r + i));
            }
            softmax::softmax(level, row);
            forward = forward.with(row);
            if softmax::softmax_backward(level, row, delta).is_ok() {
                backward = backward.with(delta);
            }
        }
    }
    report("softmax.forward", forward.value());
    report("softmax.backward", backward.value());
}

/// The sample in slices of all lengths up to [`SLICE`], so that every tail of every vector width occurs.
fn each_slice(mut visit: impl FnMut(&mut [f32])) {
    let mut buffer = [0.0; SLICE];
    let (mut next, mut len) = (0, 1);
    while next < sample::LEN {
        let Some(slice) = buffer.get_mut(..len.min(sample::LEN - next)) else { return };
        for x in slice.iter_mut() {
            *x = sample::number(next);
            next += 1;
        }
        visit(slice);
        len = len % SLICE + 1;
    }
}

fn over_sample(of_slice: impl Fn(&mut [f32])) -> u64 {
    let mut hash = Hash::EMPTY;
    each_slice(|xs| {
        of_slice(xs);
        hash = hash.with(xs);
    });
    hash.value()
}

/// Values and slopes.
fn activation<A: Activation>(level: Level, activation: A) -> u64 {
    let mut hash = Hash::EMPTY;
    let mut deltas = [0.0; SLICE];
    each_slice(|xs| {
        activation::forward_slice(level, activation, xs);
        let Some(deltas) = deltas.get_mut(..xs.len()) else { return };
        deltas.fill(0.75);
        activation::backward_slice(level, activation, xs, deltas);
        hash = hash.with(xs).with(deltas);
    });
    hash.value()
}

fn rule<R: Rule<MOMENTS>, const MOMENTS: usize>(level: Level, rule: R) -> u64 {
    let mut hash = Hash::EMPTY;
    let mut parameters = [0.0; SLICE];
    let mut moments = [[0.0; SLICE]; MOMENTS];
    each_slice(|gradient| {
        let len = gradient.len();
        let Some(parameters) = parameters.get_mut(..len) else { return };
        for (i, w) in parameters.iter_mut().enumerate() {
            *w = sample::signed(i);
        }
        moments = [[0.0; SLICE]; MOMENTS];
        for step in [1, 2, 1000] {
            let moments = moments.each_mut().map(|moment| moment.get_mut(..len).unwrap_or_default());
            if update_slice(level, &rule, step, parameters, moments, gradient).is_ok() {
                hash = hash.with(parameters);
            }
        }
        for moment in &moments {
            hash = hash.with(moment.get(..len).unwrap_or_default());
        }
    });
    hash.value()
}
