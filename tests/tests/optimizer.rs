//! The optimizers against PyTorch's formulas in f64, over a hundred steps with a change of the learning rate.

use std::fmt::Debug;
use std::mem::MaybeUninit;

use femto::Flat;
use femto::optimizer::{Adam, Momentum, Optimizer, Rule, Sgd};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits, doubles};

/// More than two of the widest vectors, and a tail.
const PARAMETERS: usize = 37;
const STEPS: usize = 100;

type Parameters = [f32; PARAMETERS];

/// One parameter as PyTorch's documentation writes its update, with what the rule remembers of it.
trait Formula {
    /// The new parameter from the old one and its gradient at step `t`, counted from 1.
    fn update(&mut self, t: i32, rate: f64, w: f64, g: f64) -> f64;
    /// What the optimizer must remember now.
    fn moments(&self) -> Vec<f64>;
}

#[derive(Clone, Copy)]
struct SgdFormula {
    momentum: f64,
    dampening: f64,
    nesterov: bool,
    buffer: f64,
}

impl Formula for SgdFormula {
    fn update(&mut self, t: i32, rate: f64, w: f64, g: f64) -> f64 {
        if self.momentum == 0.0 {
            return w - rate * g;
        }
        self.buffer = if t == 1 { g } else { self.momentum * self.buffer + (1.0 - self.dampening) * g };
        let d = if self.nesterov { g + self.momentum * self.buffer } else { self.buffer };
        w - rate * d
    }

    fn moments(&self) -> Vec<f64> {
        if self.momentum == 0.0 { vec![] } else { vec![self.buffer] }
    }
}

#[derive(Clone, Copy)]
struct AdamFormula {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    m: f64,
    v: f64,
}

impl Formula for AdamFormula {
    fn update(&mut self, t: i32, rate: f64, w: f64, g: f64) -> f64 {
        self.m = self.beta1 * self.m + (1.0 - self.beta1) * g;
        self.v = self.beta2 * self.v + (1.0 - self.beta2) * g * g;
        let root = self.v.sqrt() / (1.0 - self.beta2.powi(t)).sqrt() + self.epsilon;
        w - rate / (1.0 - self.beta1.powi(t)) * self.m / root
    }

    fn moments(&self) -> Vec<f64> {
        vec![self.m, self.v]
    }
}

/// The gradients of a step: each parameter has its own scale, from 1e-3 to 1e1, and its own preferred sign.
fn gradients(numbers: &mut Numbers) -> Parameters {
    std::array::from_fn(|i| (numbers.unit() + 0.3) * 10_f32.powi(i as i32 % 5 - 3))
}

fn learning_rate(first: f32, step: usize) -> f32 {
    if step < STEPS / 2 { first } else { 0.25 * first }
}

/// Each step rounds a parameter by at most 6e-8 of the largest it has been, a hundred steps by 6e-6; the same holds for
/// moments.
const TOLERANCE: f64 = 1e-5;

fn check<R: Rule<MOMENTS> + Debug, F: Formula + Copy, const MOMENTS: usize>(
    rule: R,
    set_rate: fn(&mut R, f32),
    rate: f32,
    formula: F,
) {
    for level in levels::all() {
        let mut numbers = Numbers::new(40);
        let start: Parameters = std::array::from_fn(|_| numbers.unit());
        let mut parameters = start;
        let mut optimizer: Optimizer<Parameters, R, MOMENTS> = Optimizer::new(rule);
        let mut formulas = [formula; PARAMETERS];
        let mut exact = doubles(&start);
        // The largest that each number has been: after cancellation the error is still measured by it.
        let mut sizes = vec![vec![0.0_f64; PARAMETERS]; 1 + MOMENTS];
        for step in 0..STEPS {
            let g = gradients(&mut numbers);
            let rate = learning_rate(rate, step);
            set_rate(&mut optimizer.rule, rate);
            optimizer.apply(level, &mut parameters, &g);
            for (i, (w, formula)) in exact.iter_mut().zip(&mut formulas).enumerate() {
                *w = formula.update(step as i32 + 1, f64::from(rate), *w, f64::from(g[i]));
                let found = [&parameters].into_iter().chain(optimizer.moments()).map(|values| values[i]);
                let expected = [*w].into_iter().chain(formula.moments());
                for (place, (found, expected)) in found.zip(expected).enumerate() {
                    let size = &mut sizes[place][i];
                    *size = size.max(expected.abs());
                    let error = (f64::from(found) - expected).abs();
                    assert!(
                        error <= TOLERANCE * *size,
                        "{rule:?} on {level}, step {}, parameter {i}, number {place} of it: {found} is not {expected}",
                        step + 1
                    );
                }
            }
            assert_eq!(formulas[0].moments().len(), MOMENTS, "{rule:?}: as many moments as the formula remembers");
        }
        assert_eq!(optimizer.steps() as usize, STEPS, "{rule:?} on {level}: steps");
    }
}

fn check_momentum<const NESTEROV: bool>(rule: Momentum<NESTEROV>) {
    let formula = SgdFormula {
        momentum: f64::from(rule.momentum),
        dampening: f64::from(rule.dampening),
        nesterov: NESTEROV,
        buffer: 0.0,
    };
    check(rule, |rule, rate| rule.learning_rate = rate, rule.learning_rate, formula);
}

#[test]
fn sgd() {
    let formula = SgdFormula { momentum: 0.0, dampening: 0.0, nesterov: false, buffer: 0.0 };
    check(Sgd::new(0.01), |rule, rate| rule.learning_rate = rate, 0.01, formula);
}

#[test]
fn momentum() {
    check_momentum(Momentum::new(0.01));
    check_momentum(Momentum { momentum: 0.5, dampening: 0.4, ..Momentum::new(0.02) });
    check_momentum(Momentum::nesterov(0.01));
}

#[test]
fn adam() {
    for rule in [
        Adam::new(0.01),
        Adam { beta1: 0.5, beta2: 0.9, ..Adam::new(0.003) },
        // Large enough to matter beside the roots, so that its place in the formula shows.
        Adam { epsilon: 0.1, ..Adam::new(0.05) },
    ] {
        let formula = AdamFormula {
            beta1: f64::from(rule.beta1),
            beta2: f64::from(rule.beta2),
            epsilon: f64::from(rule.epsilon),
            m: 0.0,
            v: 0.0,
        };
        check(rule, |rule, rate| rule.learning_rate = rate, rule.learning_rate, formula);
    }
}

#[test]
fn defaults_are_those_of_pytorch() {
    let expected = Momentum { learning_rate: 0.1, momentum: 0.9, dampening: 0.0 };
    assert_eq!(Momentum::new(0.1), expected, "momentum");
    let expected = Momentum::<true> { learning_rate: 0.1, momentum: 0.9, dampening: 0.0 };
    assert_eq!(Momentum::nesterov(0.1), expected, "Nesterov");
    let expected = Adam { learning_rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    assert_eq!(Adam::new(0.1), expected, "Adam");
}

#[test]
fn a_gradient_of_zero_moves_no_parameter_at_the_start() {
    for level in levels::all() {
        let start: Parameters = std::array::from_fn(|i| i as f32 - 7.0);
        let mut parameters = start;
        Optimizer::new(Sgd::new(0.1)).apply(level, &mut parameters, &Flat::ZERO);
        Optimizer::new(Momentum::nesterov(0.1)).apply(level, &mut parameters, &Flat::ZERO);
        Optimizer::new(Adam::new(0.1)).apply(level, &mut parameters, &Flat::ZERO);
        assert_eq!(bits(&parameters), bits(&start), "{level}");
    }
}

#[test]
fn an_optimizer_made_in_place_equals_one_made_on_the_stack() {
    let mut place = MaybeUninit::uninit();
    // What was in the place before must not show.
    place.write(Optimizer::<Parameters, _, 2>::new(Adam::new(9.0)));
    for level in levels::all() {
        let on_stack = Optimizer::<Parameters, _, 2>::new(Adam::new(0.1));
        let in_place = Optimizer::new_in(&mut place, Adam::new(0.1));
        assert!(*in_place == on_stack, "{level}: the two begin differently");
        in_place.apply(level, &mut [1.0; PARAMETERS], &[1.0; PARAMETERS]);
        assert!(*in_place != on_stack, "{level}: a step changes the optimizer");
    }
}
