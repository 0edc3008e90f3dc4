//! A step on one sample takes a way of its own, from registers into the rule, and leaves rows of weights out whose
//! input is 0 where the rule allows: the bits are those of a stored gradient and the rule over it.

use femto::activation::{Relu, Tanh};
use femto::layer::Dense;
use femto::loss::SumSquaredError;
use femto::matmul::{self, Penalty};
use femto::optimizer::{Adam, Momentum, Optimizer, Rule, Sgd};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};

/// Widths around the strips of all levels: 1 to 16 lanes, up to 8 vectors.
type Net = net![Dense<37, 67, Relu>, Dense<67, 9, Tanh>, Dense<9, 130>, Dense<130, 1>];

/// What an input can be to a rule that skips zeros.
const INPUTS: [f32; 6] = [0.0, -0.0, 1.5, -1e-30, f32::MIN_POSITIVE / 4.0, -0.75];

fn net(numbers: &mut Numbers) -> Net {
    let mut net = Net::ZERO;
    for (i, x) in net.as_mut_slice().iter_mut().enumerate() {
        // A weight of -0 shows whether a gradient was +0 or -0.
        *x = if i % 11 == 0 { -0.0 } else { 0.3 * numbers.unit() };
    }
    net
}

fn check<R: Rule<N> + std::fmt::Debug, const N: usize>(rule: R, penalty: Penalty, target: f32) {
    let mut numbers = Numbers::new(92);
    let start = net(&mut numbers);
    let sparse: [f32; 37] = std::array::from_fn(|i| INPUTS[i % INPUTS.len()]);
    let dense: [f32; 37] = std::array::from_fn(|_| numbers.unit());
    let Penalty { l1, l2 } = penalty;
    let objective = Objective { l1, l2, ..Objective::sum(SumSquaredError) };
    for level in levels::all() {
        let (mut in_place, mut stored) = (start.clone(), start.clone());
        let (mut a, mut b) = (Optimizer::new(rule), Optimizer::new(rule));
        let mut tape = [Net::TAPE; 1];
        for (step, x) in [sparse, dense, sparse].into_iter().enumerate() {
            let mut gradient = Net::ZERO;
            let (x, t) = (&[x], &[[target]]);
            let loss = stored.gradient(level, &objective, x, t, &mut tape, &mut gradient).expect("a batch of one");
            b.apply(level, &mut stored, &gradient);
            let loss_in_place = in_place.step(level, &objective, x, t, &mut tape, &mut a).expect("a batch of one");
            let name = format!("{rule:?}, {penalty:?}, target {target}, step {step}, {level}");
            // A NaN has no defined sign or payload.
            let canonical =
                |xs: &[f32]| bits(&xs.iter().map(|x| if x.is_nan() { f32::NAN } else { *x }).collect::<Vec<_>>());
            assert!(canonical(&[loss]) == canonical(&[loss_in_place]), "{name}: loss");
            assert!(canonical(in_place.as_slice()) == canonical(stored.as_slice()), "{name}: weights");
            for (m, n) in a.moments().iter().zip(b.moments()) {
                assert!(canonical(m.as_slice()) == canonical(n.as_slice()), "{name}: moments");
            }
        }
    }
}

#[test]
fn steps_on_one_sample_are_those_of_a_stored_gradient() {
    for (l1, l2) in [(0.0, 0.0), (0.0, 0.01), (0.003, 0.0), (0.003, 0.01)] {
        let penalty = Penalty { l1, l2 };
        // With an infinite target all deltas are infinite or NaN, and 0 times them is NaN.
        for target in [0.5, 1e30, f32::INFINITY] {
            check(Sgd::new(0.1), penalty, target);
            check(Momentum::new(0.1), penalty, target);
            check(Momentum::nesterov(0.1), penalty, target);
            check(Adam::new(0.1), penalty, target);
        }
        // Rates with which a gradient of +0 is not without effect on weights of -0, or gives NaN.
        for rate in [0.0, -0.1, f32::INFINITY, f32::NAN] {
            check(Sgd::new(rate), penalty, 0.5);
        }
    }
}

/// The slice entry takes the same way.
fn outer_product<const M: usize, const N: usize>(level: Level) {
    let mut numbers = Numbers::new(93);
    let start = numbers.rows::<N>(M);
    let start: [[f32; N]; M] = std::array::from_fn(|i| start[i]);
    let (a, b) = (numbers.rows::<M>(1), numbers.rows::<N>(1));
    let mut weights = start;
    let mut sgd = Optimizer::new(Sgd::new(0.25));
    matmul::tn_into(level, &a, &b, sgd.sink(&mut weights, Penalty::NONE)).expect("a row each");
    let mut gradient = [[0.0; N]; M];
    matmul::tn_into(level, &a, &b, matmul::Accumulate::part(&mut gradient, &start, Penalty::NONE)).expect("a row each");
    let mut expected = start;
    Optimizer::new(Sgd::new(0.25)).apply(level, &mut expected, &gradient);
    assert!(bits(weights.as_flattened()) == bits(expected.as_flattened()), "{M} x {N} on {level}");
    assert!(matmul::tn_into(level, &a, &[], sgd.sink(&mut weights, Penalty::NONE)).is_err(), "a row against none");
    assert!(bits(weights.as_flattened()) == bits(expected.as_flattened()), "{M} x {N} on {level}: untouched");
}

#[test]
fn products_into_a_rule_are_those_into_a_gradient() {
    for level in levels::all() {
        outer_product::<1, 1>(level);
        outer_product::<5, 15>(level);
        outer_product::<3, 16>(level);
        outer_product::<4, 65>(level);
        outer_product::<7, 128>(level);
    }
}
