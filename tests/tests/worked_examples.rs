//! Textbook examples with known outcomes: gradient descent on a line, worked by hand in f64; the failure of equal
//! initial weights; XOR.

use femto::activation::Tanh;
use femto::init::Init;
use femto::layer::Dense;
use femto::loss::{BinaryCrossEntropy, MeanSquaredError};
use femto::optimizer::{Adam, Momentum, Optimizer, Rule, Sgd};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_tests::levels;
use femto_tests::numbers::bits;

type Line = net![Dense<1, 1>];

/// x = 1, 2, 3 ... and y = 2 x.
fn doubled(rows: usize) -> (Vec<[f32; 1]>, Vec<[f32; 1]>) {
    (1..=rows).map(|x| ([x as f32], [2.0 * x as f32])).unzip()
}

/// The mean gradient of `(w x + b - 2 x)^2` over some x.
fn gradient_by_hand([w, b]: [f64; 2], xs: &[[f32; 1]]) -> [f64; 2] {
    let mut sums = [0.0; 2];
    for x in xs.iter().map(|[x]| f64::from(*x)) {
        let error = w * x + b - 2.0 * x;
        sums[0] += 2.0 * error * x;
        sums[1] += 2.0 * error;
    }
    sums.map(|sum| sum / xs.len() as f64)
}

/// Learns the line in batches, epoch after epoch, and compares each step with the same step by hand.
fn check_line<R: Rule<MOMENTS>, const MOMENTS: usize>(
    rule: R,
    (rate, momentum): (f64, f64),
    rows: usize,
    batch: usize,
    epochs: usize,
) {
    let (x, y) = doubled(rows);
    for level in levels::all() {
        let mut line = Line::ZERO;
        let mut optimizer = Optimizer::new(rule);
        let mut tape = vec![Line::TAPE; batch];
        let (mut by_hand, mut velocity) = ([0.0; 2], [0.0; 2]);
        for epoch in 0..epochs {
            for (x, y) in x.chunks(batch).zip(y.chunks(batch)) {
                let objective = Objective::mean(MeanSquaredError);
                line.step(level, &objective, x, y, &mut tape, &mut optimizer).expect("the batch fits");
                let gradient = gradient_by_hand(by_hand, x);
                for i in 0..2 {
                    velocity[i] = momentum * velocity[i] + gradient[i];
                    by_hand[i] -= rate * velocity[i];
                }
                for (found, expected) in line.as_slice().iter().zip(by_hand) {
                    assert!(
                        (f64::from(*found) - expected).abs() <= 2e-6,
                        "{level}, {rows} rows in batches of {batch}, epoch {epoch}: {line:?} is not {by_hand:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_first_gradient_of_the_line_is_the_printed_one() {
    let (x, y) = doubled(4);
    for level in levels::all() {
        let objective = Objective::mean(MeanSquaredError);
        let mut gradient = Line::ZERO;
        let mut tape = [Line::TAPE; 4];
        let loss = Line::ZERO.gradient(level, &objective, &x, &y, &mut tape, &mut gradient).unwrap();
        assert_eq!(gradient.as_slice(), [-30.0, -10.0], "{level}: the gradient of the batch");
        assert_eq!(loss, 30.0, "{level}: (4 + 16 + 36 + 64) / 4");
        // Each sample's part of it: 2/4 (p - y) x and 2/4 (p - y).
        for (row, (slope, offset)) in [(-1.0, -1.0), (-4.0, -2.0), (-9.0, -3.0), (-16.0, -4.0)].into_iter().enumerate()
        {
            let mut gradient = Line::ZERO;
            Line::ZERO.gradient(level, &objective, &x[row..=row], &y[row..=row], &mut tape, &mut gradient).unwrap();
            assert_eq!(gradient.as_slice(), [4.0 * slope, 4.0 * offset], "{level}: row {row} alone");
        }
        let mut line = Line::ZERO;
        let mut sgd = Optimizer::new(Sgd::new(0.01));
        line.step(level, &objective, &x, &y, &mut tape, &mut sgd).unwrap();
        let [w, b] = [line.as_slice()[0], line.as_slice()[1]];
        assert!((w - 0.3).abs() <= 3e-8 && (b - 0.1).abs() <= 1e-8, "{level}: w {w}, b {b} after a step");
    }
}

#[test]
fn the_line_is_learnt_as_by_hand() {
    let (sgd, momentum) = (Sgd::new(0.01), Momentum::new(0.01));
    check_line(sgd, (0.01, 0.0), 4, 4, 10);
    check_line(sgd, (0.01, 0.0), 8, 4, 10);
    check_line(sgd, (0.01, 0.0), 4, 1, 10);
    check_line(momentum, (0.01, 0.9), 4, 4, 10);
    // Mini-batches with large x make 0.01 diverge under momentum, by hand too.
    check_line(Momentum::new(0.001), (0.001, 0.9), 8, 4, 10);
    check_line(Momentum::new(0.001), (0.001, 0.9), 4, 1, 10);
}

#[test]
fn a_learning_rate_that_is_too_large_diverges() {
    let (x, y) = doubled(4);
    for level in levels::all() {
        let mut line = Line::ZERO;
        let mut sgd = Optimizer::new(Sgd::new(0.2));
        let mut tape = [Line::TAPE; 4];
        let objective = Objective::mean(MeanSquaredError);
        let mut step = || line.step(level, &objective, &x, &y, &mut tape, &mut sgd).unwrap();
        let losses = [step(), step(), step(), step()];
        assert!(losses.is_sorted_by(|a, b| a < b), "{level}: {losses:?}");
    }
}

type Xor = net![Dense<2, 8, Tanh>, Dense<8, 1>];

const INPUTS: [[f32; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
const TARGETS: [[f32; 1]; 4] = [[0.0], [1.0], [1.0], [0.0]];

fn learn_xor(level: Level, net: &mut Xor, steps: usize) {
    let mut adam = Optimizer::new(Adam::new(0.05));
    let mut tape = [Xor::TAPE; 4];
    for _ in 0..steps {
        net.step(level, &Objective::mean(BinaryCrossEntropy), &INPUTS, &TARGETS, &mut tape, &mut adam)
            .expect("the batch fits");
    }
}

fn errors(level: Level, net: &Xor) -> usize {
    let is_wrong = |(x, t): &(&[f32; 2], &[f32; 1])| (net.predict(level, x)[0] > 0.0) != (t[0] > 0.5);
    INPUTS.iter().zip(&TARGETS).filter(is_wrong).count()
}

#[test]
fn xor_is_learnt_from_any_seed() {
    for level in levels::all() {
        for seed in 0..20 {
            let mut net = Xor::ZERO;
            net.init(Init::GlorotUniform, seed);
            learn_xor(level, &mut net, 200);
            assert_eq!(errors(level, &net), 0, "{level}, seed {seed}: rows still wrong after 200 steps");
        }
    }
}

/// The columns of the first layer with its bias, and the second layer's weight of it: all that tells neurons apart.
fn neurons(net: &Xor) -> Vec<Vec<u32>> {
    let (first, second) = (&net.layers.head, &net.layers.tail);
    let neuron = |j: usize| [first.weights[0][j], first.weights[1][j], first.biases[j], second.weights[j][0]];
    (0..8).map(|j| bits(&neuron(j))).collect()
}

#[test]
fn equal_weights_stay_equal_for_ever_and_learn_nothing_that_needs_two_neurons() {
    for level in levels::all() {
        for init in [Init::Zeros, Init::Constant(0.5)] {
            let mut net = Xor::ZERO;
            net.init(init, 1);
            let before = bits(net.as_slice());
            for round in 0..20 {
                learn_xor(level, &mut net, 50);
                let neurons = neurons(&net);
                assert!(
                    neurons.iter().all(|neuron| *neuron == neurons[0]),
                    "{level}, {init:?}: neurons differ after {} steps",
                    50 * (round + 1)
                );
            }
            assert!(errors(level, &net) > 0, "{level}, {init:?}: one neuron cannot compute XOR");
            let has_moved = bits(net.as_slice()) != before;
            // From zeros nothing flows at all: half of the targets are 1, which the bias already says.
            assert_eq!(has_moved, init != Init::Zeros, "{level}, {init:?}: whether anything was learnt");
        }
        let mut net = Xor::ZERO;
        net.init(Init::GlorotUniform, 1);
        let neurons = neurons(&net);
        assert!(neurons.iter().skip(1).all(|n| *n != neurons[0]), "random weights tell the neurons apart");
    }
}
