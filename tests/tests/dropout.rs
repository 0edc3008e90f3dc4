//! Dropout: which units it leaves out, what it makes of the others, and its gradient.

mod routes;

use femto::activation::{Relu, Tanh};
use femto::layer::{Dense, Dropout};
use femto::loss::{CrossEntropy, MeanSquaredError, SumSquaredError};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits, doubles};
use femto_tests::reference::central_differences;
use routes::{Lesson, used_tape};

const UNITS: usize = 64;
const ROWS: usize = 500;

type Alone<const PERCENT: u8> = net![Dropout<UNITS, PERCENT>];
type Twice = net![Dropout<UNITS, 20>, Dropout<UNITS, 20>];
type Noisy =
    net![Dropout<13, 20>, Dense<13, 37, Relu>, Dropout<37, 50>, Dense<37, 5, Tanh>, Dropout<5, 1>, Dense<5, 3>];
type Plain = net![Dense<13, 37, Relu>, Dense<37, 5, Tanh>, Dense<5, 3>];

/// The outputs for these rows in a training step.
fn outputs<const PERCENT: u8>(
    level: Level,
    objective: Objective<SumSquaredError>,
    inputs: &[[f32; UNITS]],
) -> Vec<[f32; UNITS]> {
    let mut tape = used_tape(inputs.len());
    let (net, mut gradient) = (Alone::<PERCENT>::ZERO, Alone::<PERCENT>::ZERO);
    let targets = vec![[0.0; UNITS]; inputs.len()];
    net.gradient(level, &objective, inputs, &targets, &mut tape, &mut gradient).expect("the batch fits");
    tape.iter().map(|row| row.second.first).collect()
}

/// Which units of some rows are kept.
fn kept(objective: Objective<SumSquaredError>, rows: usize) -> Vec<bool> {
    let outputs = outputs::<20>(Level::detect(), objective, &vec![[1.0; UNITS]; rows]);
    outputs.as_flattened().iter().map(|y| *y != 0.0).collect()
}

/// Limits are five standard deviations: chance breaks one in two million, and with a fixed seed none or for ever.
fn check_share(name: &str, found: usize, of: usize, expected: f64) {
    let (share, limit) = (found as f64 / of as f64, 5.0 * (expected * (1.0 - expected) / of as f64).sqrt());
    assert!((share - expected).abs() <= limit, "{name}: {share} of {of}, not {expected} +- {limit}");
}

fn check_rate<const PERCENT: u8>() {
    let objective = Objective::sum(SumSquaredError).seeded(11);
    let ones = vec![[1.0; UNITS]; ROWS];
    let outputs = outputs::<PERCENT>(Level::detect(), objective, &ones);
    let (all, rate) = (outputs.as_flattened(), f64::from(PERCENT) / 100.0);
    let scale = (1.0 / (1.0 - rate)) as f32;
    assert!(all.iter().all(|y| y.to_bits() == 0 || *y == scale), "{PERCENT} %: neither 0 nor {scale}");
    check_share(&format!("{PERCENT} % left out"), all.iter().filter(|y| **y == 0.0).count(), all.len(), rate);
    let mean = doubles(all).iter().sum::<f64>() / all.len() as f64;
    let limit = 5.0 * (rate / (1.0 - rate) / all.len() as f64).sqrt();
    assert!((mean - 1.0).abs() <= limit + 1e-6, "{PERCENT} %: the mean of ones is {mean}, beyond {limit}");
}

#[test]
fn the_stated_share_is_left_out_and_the_mean_is_kept() {
    check_rate::<0>();
    check_rate::<1>();
    check_rate::<20>();
    check_rate::<50>();
    check_rate::<99>();
}

/// Two sets of units that have nothing to do with each other agree by chance.
fn check_independent(name: &str, a: &[bool], b: &[bool]) {
    let agree = a.iter().zip(b).filter(|(a, b)| a == b).count();
    check_share(name, agree, a.len().min(b.len()), 0.2 * 0.2 + 0.8 * 0.8);
}

#[test]
fn seeds_steps_rows_units_and_layers_know_nothing_of_each_other() {
    let objective = Objective::sum(SumSquaredError).seeded(5);
    let all = kept(objective, ROWS);
    for (name, other) in [
        ("seeds", objective.seeded(6)),
        ("steps", objective.at_step(1)),
        ("steps far apart", objective.at_step(1 << 31)),
        ("seed and step", objective.seeded(1).at_step(5)),
        ("rows far apart", objective.at_row(1 << 31)),
    ] {
        check_independent(name, &all, &kept(other, ROWS));
    }
    check_independent("neighbouring units", &all, &all[1..]);
    check_independent("neighbouring rows", &all, &all[UNITS..]);
    check_independent("units 16 apart", &all, &all[16..]);

    let (mut tape, mut gradient) = (used_tape(ROWS), Twice::ZERO);
    let (x, t) = (vec![[1.0; UNITS]; ROWS], vec![[0.0; UNITS]; ROWS]);
    Twice::ZERO.gradient(Level::detect(), &objective, &x, &t, &mut tape, &mut gradient).expect("the batch fits");
    let first: Vec<bool> = tape.iter().flat_map(|row| row.second.first.first).map(|y| y != 0.0).collect();
    assert!(first == all, "the first layer is drawn as if it were alone");
    // What the first layer leaves out is 0 behind the second, too; of what is left the second leaves out its share.
    let second: Vec<bool> = tape.iter().flat_map(|row| row.second.second.first).map(|y| y != 0.0).collect();
    let left = first.iter().filter(|is_kept| **is_kept).count();
    check_share("the second layer", second.iter().filter(|is_kept| **is_kept).count(), left, 0.8);
}

#[test]
fn the_same_units_are_left_out_on_all_levels_in_all_divisions() {
    let objective = Objective::sum(SumSquaredError).seeded(9).at_step(3);
    let inputs = Numbers::new(60).rows::<UNITS>(33);
    let of = |level, objective, rows: std::ops::Range<usize>| {
        bits(outputs::<20>(level, objective, &inputs[rows]).as_flattened())
    };
    let expected = of(levels::all()[0], objective, 0..33);
    for level in levels::all() {
        assert!(of(level, objective, 0..33) == expected, "{level}");
        for rows in [1, 5, 16] {
            let parts = (0..33)
                .step_by(rows)
                .flat_map(|first| of(level, objective.at_row(first as u32), first..33.min(first + rows)));
            assert!(parts.collect::<Vec<_>>() == expected, "{level}, parts of {rows} rows");
        }
    }
}

fn noisy() -> (Noisy, Plain) {
    let mut numbers = Numbers::new(61);
    let (mut noisy, mut plain) = (Noisy::ZERO, Plain::ZERO);
    noisy.as_mut_slice().iter_mut().for_each(|w| *w = 0.5 * numbers.unit());
    plain.as_mut_slice().copy_from_slice(noisy.as_slice());
    (noisy, plain)
}

#[test]
fn predictions_and_evaluations_leave_nothing_out() {
    let (noisy, plain) = noisy();
    let (inputs, targets) = (Numbers::new(62).rows::<13>(11), vec![1_u8; 11]);
    let objective = Objective { l2: 0.01, ..Objective::mean(CrossEntropy).seeded(4) };
    for level in levels::all() {
        let mut found = vec![[0.0; 3]; 11];
        noisy.predict_batch(level, &inputs, &mut [Noisy::SCRATCH; 4], &mut found).expect("the rows fit");
        for (x, y) in inputs.iter().zip(&found) {
            assert!(bits(&noisy.predict(level, x)) == bits(&plain.predict(level, x)), "{level}: a row");
            assert!(bits(y) == bits(&plain.predict(level, x)), "{level}: a row of a batch");
        }
        for rows in [4, 11, 20] {
            let a = noisy.evaluate(level, &objective, &inputs, &targets, &mut used_tape(rows)).expect("fits");
            let b = plain.evaluate(level, &objective, &inputs, &targets, &mut used_tape(rows)).expect("fits");
            assert_eq!(a.to_bits(), b.to_bits(), "{level}: on {rows} rows of tape");
        }
    }
}

#[test]
fn all_ways_to_a_step_have_the_same_bits() {
    let (net, mut numbers) = (noisy().0, Numbers::new(63));
    let inputs = numbers.rows::<13>(19);
    let targets: Vec<u8> = (0..19).map(|_| numbers.below(3) as u8).collect();
    for (rows, l1, l2) in [(1, 0.0, 0.0), (19, 0.0, 0.0), (19, 0.003, 0.01)] {
        let objective = Objective { l1, l2, ..Objective::mean(CrossEntropy).seeded(8) };
        let (inputs, targets) = (&inputs[..rows], &targets[..rows]);
        Lesson { name: "dropout", net: &net, objective, inputs, targets }.check();
    }
}

#[test]
fn the_seed_and_the_step_reach_the_step() {
    let (net, _) = noisy();
    let inputs = Numbers::new(64).rows::<13>(4);
    let loss = |seed, steps| {
        let mut sgd = femto::optimizer::Optimizer::from_parts(femto::optimizer::Sgd::new(0.0), steps, []);
        // The optimizer counts the steps, not the objective.
        let objective = Objective::mean(CrossEntropy).seeded(seed).at_step(77);
        let targets = [0_u8, 1, 2, 0];
        net.clone().step(Level::detect(), &objective, &inputs, &targets, &mut used_tape(4), &mut sgd).expect("fits")
    };
    assert_eq!(loss(1, 5).to_bits(), loss(1, 5).to_bits(), "the same step");
    assert!(loss(1, 5) != loss(2, 5) && loss(1, 5) != loss(1, 6), "another seed or step is another noise");
}

type Small = net![Dropout<5, 20>, Dense<5, 19, Tanh>, Dropout<19, 50>, Dense<19, 3>];

/// A row of a batch of [`Small`] in f64, with 1 for each unit that was kept.
struct Row {
    x: [f64; 5],
    t: [f64; 3],
    kept: [f64; 5],
    hidden_kept: [f64; 19],
}

/// The objective of [`Small`] in f64, for the units that were kept.
fn objective_of_small(parameters: &[f64], rows: &[Row]) -> f64 {
    let (first, second) = parameters.split_at(6 * 19);
    let of_row = |Row { x, t, kept, hidden_kept }: &Row| {
        let hidden: [f64; 19] = std::array::from_fn(|j| {
            let z = (0..5).map(|i| kept[i] / 0.8 * x[i] * first[i * 19 + j]).sum::<f64>() + first[5 * 19 + j];
            z.tanh() * hidden_kept[j] / 0.5
        });
        let error = |k: usize| {
            let y = (0..19).map(|j| hidden[j] * second[j * 3 + k]).sum::<f64>() + second[19 * 3 + k];
            (y - t[k]).powi(2)
        };
        (0..3).map(error).sum::<f64>() / 3.0
    };
    rows.iter().map(of_row).sum::<f64>() / rows.len() as f64
}

#[test]
fn the_gradient_is_that_of_the_units_that_are_kept() {
    let mut numbers = Numbers::new(65);
    let mut net = Small::ZERO;
    net.as_mut_slice().iter_mut().for_each(|w| *w = 0.7 * numbers.unit());
    let (inputs, targets) = (numbers.rows::<5>(7), numbers.rows::<3>(7));
    for level in levels::all() {
        for step in 0..3 {
            let objective = Objective::mean(MeanSquaredError).seeded(2).at_step(step);
            let (mut tape, mut gradient) = (used_tape(7), Small::ZERO);
            let value = net.gradient(level, &objective, &inputs, &targets, &mut tape, &mut gradient).expect("fits");
            let is_kept = |y: f32| f64::from(u8::from(y != 0.0));
            let rows: Vec<_> = tape
                .iter()
                .zip(inputs.iter().zip(&targets))
                .map(|(tape, (x, t))| {
                    let (first, second) = (tape.second.first.first, tape.second.second.second.first.first);
                    let (kept, hidden_kept) = (first.map(is_kept), second.map(is_kept));
                    Row { x: x.map(f64::from), t: t.map(f64::from), kept, hidden_kept }
                })
                .collect();
            let parameters = doubles(net.as_slice());
            let expected = objective_of_small(&parameters, &rows);
            assert!((f64::from(value) - expected).abs() <= 1e-5 * expected, "{level}: {value}, not {expected}");
            let slopes = central_differences(&parameters, |p| objective_of_small(p, &rows));
            let largest = slopes.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            for (i, (found, expected)) in gradient.as_slice().iter().zip(&slopes).enumerate() {
                let error = (f64::from(*found) - expected).abs();
                assert!(error <= 1e-5 * expected.abs() + 1e-6 * largest, "{level}, slope {i}: {found}, not {expected}");
            }
        }
    }
}

#[test]
fn what_is_left_out_is_zero_whatever_it_was() {
    let extremes = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, f32::MAX, f32::MIN_POSITIVE / 4.0];
    let inputs = vec![std::array::from_fn(|i| extremes[i % extremes.len()]); 8];
    let objective = Objective::sum(SumSquaredError);
    let is_kept = kept(objective, 8);
    for level in levels::all() {
        let found = outputs::<20>(level, objective, &inputs);
        let all = found.as_flattened().iter().zip(inputs.as_flattened()).zip(&is_kept);
        for (i, ((y, x), is_kept)) in all.enumerate() {
            let expected = if *is_kept { x * 1.25 } else { 0.0 };
            let is_same = y.to_bits() == expected.to_bits() || (y.is_nan() && expected.is_nan());
            assert!(is_same, "{level}, unit {i}: {x} became {y}, not {expected}");
        }
        let y = Alone::<20>::ZERO.predict(level, &inputs[0]);
        assert!(y[0].is_nan() && bits(&y[1..6]) == bits(&inputs[0][1..6]), "{level}: predictions change nothing");
    }
}

#[test]
fn it_is_a_layer_without_numbers() {
    const { assert!(Noisy::PARAMETERS == Plain::PARAMETERS) };
    const { assert!(size_of::<Noisy>() == size_of::<Plain>() && align_of::<Alone<20>>() == align_of::<f32>()) };
    const { assert!(Noisy::MULTIPLY_ACCUMULATES == Plain::MULTIPLY_ACCUMULATES) };
    let mut names = Vec::new();
    Noisy::ZERO.for_each_tensor(|tensor, _| names.push(tensor.to_string()));
    assert_eq!(names, ["1.weight", "1.bias", "3.weight", "3.bias", "5.weight", "5.bias"], "it counts as a layer");
}
