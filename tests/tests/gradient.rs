//! Gradients and losses against an f64 reference: every activation, hidden and as output, with every loss.
//!
//! The reference knows the formulas of layers and losses but nothing of derivatives: its gradient is that of central
//! differences. So a wrong slope, a forgotten factor or a wrong path through the layers shows.

mod any_loss;

use std::array;

use any_loss::{AnyLoss, OUTPUTS, Target};

use femto::activation::{Activation, Identity, LeakyRelu, Relu, Sigmoid, Sign, Softplus, Tanh};
use femto::layer::{Chain, Dense, Layer};
use femto::loss::Reduction;
use femto::train::Objective;
use femto::{Flat, Net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, doubles};
use femto_tests::reference::{self, Function, Measure, Model, central_differences};

const INPUTS: usize = 5;
/// More than the widest vector has lanes, and not a multiple.
const HIDDEN: usize = 19;
const ROWS: usize = 6;

/// Two different activations, so that taking the slope of one for the other shows.
type Two<Hidden, Output> = Chain<Dense<INPUTS, HIDDEN, Hidden>, Dense<HIDDEN, OUTPUTS, Output>>;
type Three = Chain<Dense<INPUTS, 7, Softplus>, Chain<Dense<7, HIDDEN, Tanh>, Dense<HIDDEN, OUTPUTS>>>;

/// Parameters and a batch.
struct Sample<N> {
    net: N,
    inputs: Vec<[f32; INPUTS]>,
    targets: Vec<Target>,
}

/// A sample of which no kink is near: where a number that goes into an activation with a kink, or an output's distance
/// from its target, is small, the difference quotient would straddle it. Parameters move by 1e-5, so these numbers by a
/// few 1e-5 at most.
fn sample<L: Layer<In = [f32; INPUTS]>>(model: &Model) -> Sample<Net<L>> {
    let of_seed = |seed| {
        let mut numbers = Numbers::new(seed);
        let mut net = Net::<L>::ZERO;
        net.as_mut_slice().iter_mut().for_each(|w| *w = 0.7 * numbers.unit());
        let inputs = numbers.rows(ROWS);
        let target =
            |_| Target { class: numbers.below(OUTPUTS) as u8, row: array::from_fn(|_| 0.5 + 0.45 * numbers.unit()) };
        let targets: Vec<Target> = (0..ROWS).map(target).collect();
        let parameters = doubles(net.as_slice());
        // The magnitude of a weight has a kink at 0.
        let mut nearest = parameters.iter().fold(f64::INFINITY, |nearest, w| nearest.min(w.abs()));
        for (x, target) in inputs.iter().zip(&targets) {
            let see = |function: Function, z: f64| {
                if function.has_kink() {
                    nearest = nearest.min(z.abs());
                }
            };
            let y = model.outputs(&parameters, &doubles(x), see);
            for (y, t) in y.iter().zip(&target.row) {
                nearest = nearest.min((y - f64::from(*t)).abs());
            }
        }
        (nearest > 1e-3).then_some(Sample { net, inputs, targets })
    };
    (0..1000).find_map(of_seed).expect("a seed that keeps all numbers away from the kinks")
}

const fn measure(loss: AnyLoss) -> Measure {
    match loss {
        AnyLoss::MeanSquaredError => Measure::MeanSquaredError,
        AnyLoss::SumSquaredError => Measure::SumSquaredError,
        AnyLoss::HalfSquaredError => Measure::HalfSquaredError,
        AnyLoss::MeanAbsoluteError => Measure::MeanAbsoluteError,
        AnyLoss::BinaryCrossEntropy => Measure::BinaryCrossEntropy,
        AnyLoss::Class | AnyLoss::OneHot | AnyLoss::Distribution => Measure::CrossEntropy,
    }
}

fn objective_of_reference<N>(
    model: &Model,
    sample: &Sample<N>,
    objective: &Objective<AnyLoss>,
    parameters: &[f64],
) -> f64 {
    let mut total = 0.0;
    for (x, target) in sample.inputs.iter().zip(&sample.targets) {
        let y = model.outputs(parameters, &doubles(x), |_, _| ());
        total += measure(objective.loss).value(&y, &doubles(&objective.loss.row(target)));
    }
    match objective.reduction {
        Reduction::Mean => total /= sample.inputs.len() as f64,
        Reduction::MeanOf(rows) => total /= rows as f64,
        Reduction::Sum => {}
    }
    total
        + f64::from(objective.l1) * model.sum_over_weights(parameters, f64::abs)
        + f64::from(objective.l2) / 2.0 * model.sum_over_weights(parameters, |w| w * w)
}

/// The sums behind a slope have at most a few dozen terms, each rounded by 6e-8: 1e-5 of the slope is far above that,
/// and far below what a mistake in a formula makes. Where the terms cancel, the error is one of their size, for which
/// the largest slope stands.
fn check_slopes(found: &[f32], expected: &[f64], case: &str) {
    let largest = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs();
        assert!(
            error <= 1e-5 * expected.abs() + 1e-6 * largest,
            "{case}: slope {i} is {found:e}, by differences {expected:e}"
        );
    }
}

fn model(layers: &[(usize, usize, Function)]) -> Model {
    let dense = |(inputs, outputs, function): &(usize, usize, Function)| reference::Dense {
        inputs: *inputs,
        outputs: *outputs,
        function: *function,
    };
    Model(layers.iter().map(dense).collect())
}

/// Checks all losses, reductions and penalties on all levels. The first `silent` slopes must be exactly 0 without a
/// penalty; the others must not be all zero in any tensor.
fn check<L: Layer<In = [f32; INPUTS]>>(model: &Model, silent: usize) {
    let sample = sample::<L>(model);
    let parameters = doubles(sample.net.as_slice());
    for loss in AnyLoss::ALL {
        for reduction in [Reduction::Mean, Reduction::Sum, Reduction::MeanOf(2 * ROWS)] {
            for (l1, l2) in [(0.0, 0.0), (0.0, 0.1), (0.05, 0.0), (0.05, 0.1)] {
                let objective = Objective { reduction, l1, l2, ..Objective::mean(loss) };
                let value = objective_of_reference(model, &sample, &objective, &parameters);
                let slopes =
                    central_differences(&parameters, |p| objective_of_reference(model, &sample, &objective, p));
                for level in levels::all() {
                    let case = format!("{objective:?} on {level}, {:?}", model.0);
                    let mut gradient = Net::<L>::ZERO;
                    let mut tape = vec![Net::<L>::TAPE; ROWS];
                    let found = sample
                        .net
                        .gradient(level, &objective, &sample.inputs, &sample.targets, &mut tape, &mut gradient)
                        .expect("the batch fits");
                    let error = (f64::from(found) - value).abs();
                    assert!(error <= 1e-5 * value.abs(), "{case}: loss {found}, reference {value}");
                    check_slopes(gradient.as_slice(), &slopes, &case);
                    if objective.penalty().is_none() {
                        check_silence(&gradient, silent, &case);
                    }
                }
            }
        }
    }
}

fn check_silence<L: Layer>(gradient: &Net<L>, silent: usize, case: &str) {
    gradient.for_each_tensor(|tensor, slopes| {
        let is_zero = slopes.iter().all(|g| *g == 0.0);
        assert_eq!(is_zero, tensor.offset < silent, "{case}: {tensor} is zero where it should not be, or not");
    });
}

fn check_two<Hidden: Activation, Output: Activation>(hidden: Function, output: Function) {
    let model = model(&[(INPUTS, HIDDEN, hidden), (HIDDEN, OUTPUTS, output)]);
    let silent = if hidden == Function::Sign { (INPUTS + 1) * HIDDEN } else { 0 };
    check::<Two<Hidden, Output>>(&model, silent);
}

#[test]
fn identity_below_sigmoid() {
    check_two::<Identity, Sigmoid>(Function::Identity, Function::Sigmoid);
}

#[test]
fn sign_below_identity_lets_no_gradient_through() {
    check_two::<Sign, Identity>(Function::Sign, Function::Identity);
}

#[test]
fn relu_below_tanh() {
    check_two::<Relu, Tanh>(Function::Relu, Function::Tanh);
}

#[test]
fn leaky_relu_below_softplus() {
    check_two::<LeakyRelu, Softplus>(Function::LeakyRelu(0.01), Function::Softplus);
}

#[test]
fn sigmoid_below_relu() {
    check_two::<Sigmoid, Relu>(Function::Sigmoid, Function::Relu);
}

#[test]
fn tanh_below_leaky_relu() {
    check_two::<Tanh, LeakyRelu<250>>(Function::Tanh, Function::LeakyRelu(0.25));
}

#[test]
fn softplus_and_tanh_below_identity() {
    let model =
        model(&[(INPUTS, 7, Function::Softplus), (7, HIDDEN, Function::Tanh), (HIDDEN, OUTPUTS, Function::Identity)]);
    check::<Three>(&model, 0);
}

#[test]
fn sign_as_output_lets_no_gradient_through() {
    let model = model(&[(INPUTS, OUTPUTS, Function::Sign)]);
    check::<Dense<INPUTS, OUTPUTS, Sign>>(&model, (INPUTS + 1) * OUTPUTS);
}
