//! The numbers of introductory notes on neural networks, as the examples show them: initial weights, gradient descent by
//! hand, a computation graph, logistic regression, and why cross-entropy goes with the sigmoid.

use std::error::Error;

use femto::activation::Sigmoid;
use femto::init::Init;
use femto::layer::Dense;
use femto::loss::{BinaryCrossEntropy, HalfSquaredError};
use femto::optimizer::{Momentum, Optimizer, Sgd};
use femto::train::{BatchError, Objective};
use femto::{Flat, Level, net};
use femto_tests::levels;

#[allow(dead_code, reason = "what the example has for its own program")]
#[path = "../examples/computation_graph.rs"]
mod computation_graph;
#[allow(dead_code, reason = "what the example has for its own program")]
#[path = "../examples/gradient_descent.rs"]
mod gradient_descent;
#[allow(dead_code, reason = "what the example has for its own program")]
#[path = "../examples/initialization.rs"]
mod initialization;
#[allow(dead_code, reason = "what the example has for its own program")]
#[path = "../examples/logistic_regression.rs"]
mod logistic_regression;

use computation_graph::{Nodes, differentiate};
use gradient_descent::{Step, descend, parts_of_samples};

fn training_accuracy(level: Level, init: Init, seed: u64) -> Result<f64, Box<dyn Error>> {
    let points = initialization::circles(seed)?;
    let net = initialization::train(level, init, seed, &points, initialization::STEPS)?;
    initialization::training_accuracy(level, &net, &points)
}

/// Of the 300 points so many are found: what the example prints, in both classes of arithmetic. Other seeds end elsewhere,
/// see the example.
fn check_found(level: Level, init: Init, expected: u32) -> Result<(), Box<dyn Error>> {
    let share = training_accuracy(level, init, 10)?;
    assert_eq!((300.0 * share).round(), f64::from(expected), "{level}, {init:?}: {share}");
    Ok(())
}

#[test]
fn zeros_find_half_of_the_points() -> Result<(), Box<dyn Error>> {
    check_found(Level::detect(), Init::Zeros, 150)
}

#[test]
fn large_numbers_find_more() -> Result<(), Box<dyn Error>> {
    check_found(Level::detect(), Init::Normal(10.0), 242)
}

#[test]
fn the_numbers_of_he_find_nearly_all_points() -> Result<(), Box<dyn Error>> {
    check_found(Level::detect().unfused(), Init::HeNormal, 295)
}

#[test]
fn zeros_never_tell_neurons_apart() -> Result<(), Box<dyn Error>> {
    let points = initialization::circles(10)?;
    let net = initialization::train(Level::detect(), Init::Zeros, 10, &points, 1000)?;
    let weights = &net.as_slice()[..initialization::Network::PARAMETERS - 1];
    assert!(weights.iter().all(|w| *w == 0.0), "all but the last bias stay 0: {weights:?}");
    Ok(())
}

fn check(steps: &[Step], expected: &[([f64; 2], [f64; 2])], what: &str) {
    assert_eq!(steps.len(), expected.len(), "steps: {what}");
    for (number, (step, (gradient, parameters))) in (1..).zip(steps.iter().zip(expected)) {
        let pairs = step.gradient.iter().zip(gradient).chain(step.parameters.iter().zip(parameters));
        for (found, expected) in pairs {
            let error = (f64::from(*found) - expected).abs();
            assert!(error <= 4e-7 * expected.abs().max(1.0), "{what}, step {number}: {step:?}, not {expected}");
        }
    }
}

#[test]
fn gradient_descent_makes_the_steps_of_the_notes() -> Result<(), Box<dyn Error>> {
    for level in levels::all() {
        let parts = parts_of_samples(level, 4)?;
        assert_eq!(parts, [[-1.0, -1.0], [-4.0, -2.0], [-9.0, -3.0], [-16.0, -4.0]], "{level}: each sample");
        let sgd = Sgd::new(0.01);
        // Worked by hand, in decimal.
        let batch = [([-30.0, -10.0], [0.3, 0.1]), ([-25.0, -8.3], [0.55, 0.183])];
        check(&descend(level, sgd, 4, 4, 2)?, &batch, &format!("{level}, all samples"));
        let mini = [([-30.0, -10.0], [0.3, 0.1]), ([-146.6, -21.9], [1.766, 0.319])];
        check(&descend(level, sgd, 8, 4, 1)?, &mini, &format!("{level}, mini-batches"));
        let single = [
            ([-4.0, -4.0], [0.04, 0.04]),
            ([-15.52, -7.76], [0.1952, 0.1176]),
            ([-31.7808, -10.5936], [0.513_008, 0.223_536]),
            ([-45.795_456, -11.448_864], [0.970_962_56, 0.338_024_64]),
        ];
        check(&descend(level, sgd, 4, 1, 1)?, &single, &format!("{level}, single samples"));
        let momentum = [([-30.0, -10.0], [0.3, 0.1]), ([-25.0, -8.3], [0.82, 0.273])];
        check(&descend(level, Momentum::new(0.01), 4, 4, 2)?, &momentum, &format!("{level}, momentum"));
    }
    Ok(())
}

#[test]
fn the_graph_has_the_derivatives_of_the_chain_rule() -> Result<(), Box<dyn Error>> {
    for level in levels::all() {
        let expected = (
            Nodes { a: 5.0, b: 3.0, c: 2.0, u: 6.0, v: 11.0, j: 33.0 },
            Nodes { a: 3.0, b: 6.0, c: 9.0, u: 3.0, v: 3.0, j: 1.0 },
        );
        assert_eq!(differentiate(level, 5.0, 3.0, 2.0)?, expected, "{level}");
        let (a, b, c) = (-0.5, 0.25, -4.0);
        let (values, derivatives) = differentiate(level, a, b, c)?;
        assert_eq!(values, Nodes { a, b, c, u: -1.0, v: -1.5, j: -4.5 }, "{level}");
        assert_eq!(derivatives, Nodes { a: 3.0, b: 3.0 * c, c: 3.0 * b, u: 3.0, v: 3.0, j: 1.0 }, "{level}");
    }
    Ok(())
}

#[test]
fn a_single_neuron_tells_threes_from_eights() -> Result<(), Box<dyn Error>> {
    for level in [Level::detect(), Level::detect().unfused()] {
        let mut worst = 1.0_f64;
        for seed in 0..10 {
            let outcome = logistic_regression::learn(level, seed, 50)?;
            assert_eq!((outcome.train.total(), outcome.test.total()), (250, 107), "images");
            worst = worst.min(outcome.test.accuracy().unwrap_or(0.0));
        }
        assert!(worst >= 0.94, "{level}: {worst} is the worst test accuracy of ten splits");
    }
    Ok(())
}

/// A neuron that is as wrong as can be: it says nearly 1 of 1, where 0 is wanted.
fn steps_until_right(level: Level, squared: bool) -> Result<(f32, usize), BatchError> {
    type Squared = net![Dense<1, 1, Sigmoid>];
    type OnLogits = net![Dense<1, 1>];
    let mut sgd = Optimizer::new(Sgd::new(0.15));
    let (mut squares, mut logits) = (Squared::ZERO, OnLogits::ZERO);
    squares.as_mut_slice().fill(2.0);
    logits.as_mut_slice().fill(2.0);
    let mut sgd_of_logits = Optimizer::new(Sgd::new(0.15));
    let (x, t) = ([[1.0]], [[0.0]]);
    let mut first = None;
    for step in 0..10_000 {
        let (before, after) = if squared {
            let before = squares.layers.biases[0];
            squares.step(level, &Objective::mean(HalfSquaredError), &x, &t, &mut [Squared::TAPE], &mut sgd)?;
            (before, squares.layers.biases[0])
        } else {
            let before = logits.layers.biases[0];
            logits.step(
                level,
                &Objective::mean(BinaryCrossEntropy),
                &x,
                &t,
                &mut [OnLogits::TAPE],
                &mut sgd_of_logits,
            )?;
            (before, logits.layers.biases[0])
        };
        first.get_or_insert((before - after) / 0.15);
        // Weight and bias move alike from 2 each; the output is below 0.1 where their sum is below -2.2.
        if 2.0 * after < -2.2 {
            return Ok((first.unwrap_or(0.0), step + 1));
        }
    }
    Ok((first.unwrap_or(0.0), usize::MAX))
}

#[test]
fn a_sigmoid_learns_slowly_by_squares_and_fast_by_cross_entropy() -> Result<(), BatchError> {
    for level in levels::all() {
        let (by_squares, slow) = steps_until_right(level, true)?;
        let (by_cross_entropy, fast) = steps_until_right(level, false)?;
        // a - y and (a - y) a (1 - a), where a is the sigmoid of 4.
        let a = 1.0 / (1.0 + libm::exp(-4.0));
        let near = |found: f32, expected: f64| (f64::from(found) - expected).abs() < 2e-5;
        assert!(near(by_cross_entropy, a), "{level}: the first gradient is {by_cross_entropy}, not {a}");
        assert!(near(by_squares, a * a * (1.0 - a)), "{level}: the first gradient is {by_squares}");
        assert!(fast * 5 < slow && slow < 10_000, "{level}: {fast} steps by cross-entropy, {slow} by squares");
    }
    Ok(())
}
