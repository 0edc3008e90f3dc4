//! Work in slices has the bits of work in one go, whatever the budget, and stays within it.

use std::task::Poll;

use femto::activation::{Relu, Sigmoid, Tanh};
use femto::init::Init;
use femto::layer::{Dense, Layer};
use femto::loss::CrossEntropy;
use femto::optimizer::{Adam, Momentum, Optimizer, Rule, Sgd};
use femto::rows::{Rows, RowsMut};
use femto::train::{BatchError, Objective};
use femto::work::Slices;
use femto::{Flat, Level, net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};

type Net = net![Dense<19, 33, Relu>, Dense<33, 7, Tanh>, Dense<7, 5, Sigmoid>, Dense<5, 4>];
const ROWS: usize = 6;

fn net() -> Net {
    let mut net = Net::ZERO;
    net.init(Init::HeNormal, 3);
    net
}

/// From a unit at a time to everything at once.
const BUDGETS: [usize; 7] = [0, 1, 100, 777, 4000, 20_000, usize::MAX];

#[test]
fn predictions_in_slices_have_the_same_bits() {
    let net = net();
    let x = Numbers::new(1).rows::<19>(1)[0];
    for level in levels::all() {
        let expected = net.predict(level, &x);
        for budget in BUDGETS {
            let mut slices = Slices::new(level, budget);
            for round in 0..2 {
                let (mut scratch, mut y, mut calls) = (Net::SCRATCH, [f32::NAN; 4], 1);
                while net.predict_slice(&mut slices, &x, &mut scratch, &mut y) == Poll::Pending {
                    calls += 1;
                    assert!(calls < 1000, "budget {budget} on {level}: no end");
                }
                assert!(bits(&y) == bits(&expected), "budget {budget} on {level}, round {round}");
                // One call for each unit, or about as many as the work holds budgets.
                let most = if budget < 5 { 33 + 7 + 5 + 4 } else { 2 * Net::MULTIPLY_ACCUMULATES / budget + 2 };
                assert!(calls <= most, "budget {budget} on {level}: {calls} calls, more than {most}");
                assert!(
                    budget > 1 || calls == most,
                    "budget {budget} on {level}: {calls} calls, not one for each unit"
                );
            }
        }
    }
}

fn check_steps<R: Rule<N> + std::fmt::Debug, const N: usize>(level: Level, rule: R, (l1, l2): (f32, f32), rows: usize) {
    let mut numbers = Numbers::new(2);
    let (inputs, targets) = (numbers.rows::<19>(ROWS), [0_u8, 1, 2, 3, 0, 1]);
    let (inputs, targets) = (&inputs[..rows], &targets[..rows]);
    let objective = Objective { l1, l2, ..Objective::mean(CrossEntropy) };
    for budget in BUDGETS {
        let name = format!("{rule:?}, l1 {l1}, l2 {l2}, {rows} rows, budget {budget}, {level}");
        let (mut one_go, mut sliced) = (net(), net());
        let (mut a, mut b) = (Optimizer::new(rule), Optimizer::new(rule));
        let mut tape = [Net::TAPE; ROWS];
        let mut slices = Slices::new(level, budget);
        for step in 0..3 {
            let expected = one_go.step(level, &objective, inputs, targets, &mut tape, &mut a).expect("fits");
            let mut calls = 0;
            let found = loop {
                calls += 1;
                assert!(calls < 2000, "{name}: no end");
                let counted = b.steps();
                match sliced.step_slice(&mut slices, &objective, inputs, targets, &mut tape, &mut b).expect("fits") {
                    Poll::Ready(value) => break value,
                    Poll::Pending => assert_eq!(b.steps(), counted, "{name}: counted before it was made"),
                }
            };
            assert_eq!(found.to_bits(), expected.to_bits(), "{name}: objective of step {step}");
            assert!(bits(sliced.as_slice()) == bits(one_go.as_slice()), "{name}: weights after step {step}");
            assert_eq!(a.steps(), b.steps(), "{name}");
            assert!(budget > 1000 || calls > 1, "{name}: all in one call");
        }
        for (m, n) in a.moments().iter().zip(b.moments()) {
            assert!(bits(m.as_slice()) == bits(n.as_slice()), "{name}: moments");
        }
    }
}

#[test]
fn steps_in_slices_have_the_same_bits() {
    for level in levels::all() {
        for rows in [1, ROWS] {
            for penalty in [(0.0, 0.0), (0.0, 0.01), (0.003, 0.0), (0.003, 0.01)] {
                check_steps(level, Sgd::new(0.1), penalty, rows);
                check_steps(level, Momentum::new(0.1), penalty, rows);
                check_steps(level, Adam::new(0.1), penalty, rows);
            }
        }
    }
}

#[test]
fn the_budget_may_change_between_calls() {
    let (inputs, targets) = (Numbers::new(4).rows::<19>(ROWS), [0_u8, 1, 2, 3, 0, 1]);
    let objective = Objective { l2: 0.01, ..Objective::mean(CrossEntropy) };
    for level in levels::all() {
        let (mut one_go, mut sliced, mut budgets) = (net(), net(), Numbers::new(5));
        let (mut a, mut b) = (Optimizer::new(Adam::new(0.1)), Optimizer::new(Adam::new(0.1)));
        let (mut tape, mut slices) = ([Net::TAPE; ROWS], Slices::new(level, 0));
        for _ in 0..5 {
            one_go.step(level, &objective, &inputs, &targets, &mut tape, &mut a).expect("fits");
            while sliced.step_slice(&mut slices, &objective, &inputs, &targets, &mut tape, &mut b) == Ok(Poll::Pending)
            {
                slices.budget = budgets.below(3000);
            }
        }
        assert!(bits(sliced.as_slice()) == bits(one_go.as_slice()), "{level}");
    }
}

/// A caller's own work, which says what it likes, reaches no memory beyond the layer's.
#[test]
fn work_beyond_the_layer_is_cut_off() {
    struct Beyond(std::ops::Range<usize>);
    impl femto::work::Work for Beyond {
        fn take(&mut self, _units: usize, _cost: usize) -> std::ops::Range<usize> {
            self.0.clone()
        }
    }
    let (net, x, s) = (net(), [[0.5; 19]], femto::simd::Scalar::new());
    let expected = net.predict(Level::detect().unfused(), &x[0]);
    for (range, is_whole) in
        [(0..1_000_000, true), (std::ops::Range { start: 5, end: 2 }, false), (900..usize::MAX, false)]
    {
        let (mut scratch, mut y) = ([Net::SCRATCH], [[7.0; 4]]);
        let (rows, scratch, out) = (Rows::new(&x), RowsMut::new(&mut scratch), RowsMut::new(&mut y));
        net.layers.infer(s, &mut Beyond(range), rows, scratch, out);
        assert!(bits(&y[0]) == bits(if is_whole { &expected } else { &[7.0; 4] }), "whole: {is_whole}");
    }
}

#[test]
fn a_step_that_is_given_up_before_its_gradients_leaves_the_weights() {
    let (inputs, targets) = (Numbers::new(3).rows::<19>(ROWS), [0_u8, 1, 2, 3, 0, 1]);
    let objective = Objective::mean(CrossEntropy);
    let (level, mut tape) = (Level::detect(), [Net::TAPE; ROWS]);
    let (mut expected, mut found) = (net(), net());
    let (mut a, mut b) = (Optimizer::new(Sgd::new(0.1)), Optimizer::new(Sgd::new(0.1)));
    let mut slices = Slices::new(level, 500);
    let given_up = found.step_slice(&mut slices, &objective, &inputs, &targets, &mut tape, &mut b);
    assert_eq!(given_up, Ok(Poll::Pending));
    assert!(!slices.is_at_start());
    assert!(bits(found.as_slice()) == bits(net().as_slice()), "forward changes no weight");
    // A batch that does not fit changes nothing either.
    let refused = found.step_slice(&mut slices, &objective, &inputs, &targets[1..], &mut tape, &mut b);
    assert_eq!(refused, Err(BatchError::Targets { inputs: ROWS, targets: ROWS - 1 }));
    slices.restart();
    assert!(slices.is_at_start());
    expected.step(level, &objective, &inputs, &targets, &mut tape, &mut a).expect("fits");
    while found.step_slice(&mut slices, &objective, &inputs, &targets, &mut tape, &mut b) == Ok(Poll::Pending) {}
    assert!(bits(found.as_slice()) == bits(expected.as_slice()), "the step begun anew");
}
