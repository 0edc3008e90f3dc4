//! Maxout: its values, where its gradient goes, and what becomes of ties and of numbers that are none.

mod routes;

use femto::activation::Tanh;
use femto::init::Init;
use femto::layer::{Dense, Maxout, TensorName};
use femto::loss::{CrossEntropy, MeanSquaredError, SumSquaredError};
use femto::optimizer::{Optimizer, Sgd};
use femto::train::Objective;
use femto::{Flat, net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits, doubles};
use femto_tests::reference::central_differences;
use routes::{Lesson, used_tape};

fn random<T: Flat>(size: f32, numbers: &mut Numbers) -> T {
    let mut value = T::ZERO;
    value.as_mut_slice().iter_mut().for_each(|w| *w = size * numbers.unit());
    value
}

/// The largest of a row's pieces by the plain comparison.
fn largest<const OUT: usize>(z: &[f32]) -> [f32; OUT] {
    std::array::from_fn(|o| {
        z.chunks(OUT).map(|piece| piece[o]).fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a })
    })
}

#[test]
fn outputs_are_the_largest_of_the_outputs_of_a_dense_layer() {
    let mut numbers = Numbers::new(70);
    let net: net![Maxout<13, 19, 3>] = random(0.5, &mut numbers);
    let mut dense = <net![Dense<13, 57>]>::ZERO;
    dense.as_mut_slice().copy_from_slice(net.as_slice());
    let inputs = numbers.rows::<13>(9);
    for level in levels::all() {
        let mut found = vec![[0.0; 19]; 9];
        net.predict_batch(level, &inputs, &mut [[[0.0; 19]; 3]; 4], &mut found).expect("the rows fit");
        for (x, y) in inputs.iter().zip(&found) {
            let expected = largest::<19>(&dense.predict(level, x));
            assert!(bits(y) == bits(&expected), "{level}: {y:?}, not {expected:?}");
            assert!(bits(&net.predict(level, x)) == bits(&expected), "{level}: the row alone");
        }
        assert!(found.as_flattened().iter().any(|y| *y < 0.0), "nothing is cut off at 0");
    }
}

#[test]
fn with_one_piece_it_is_a_dense_layer() {
    let mut numbers = Numbers::new(71);
    type One = net![Maxout<11, 7, 1>, Maxout<7, 3, 1>];
    type Linear = net![Dense<11, 7>, Dense<7, 3>];
    let start: One = random(0.5, &mut numbers);
    let (inputs, targets) = (numbers.rows::<11>(10), numbers.rows::<3>(10));
    let objective = Objective { l1: 0.003, l2: 0.01, ..Objective::mean(MeanSquaredError) };
    for level in levels::all() {
        for rows in [1, 10] {
            let (mut one, mut linear) = (start.clone(), Linear::ZERO);
            linear.as_mut_slice().copy_from_slice(start.as_slice());
            let (mut a, mut b) = (Optimizer::new(Sgd::new(0.1)), Optimizer::new(Sgd::new(0.1)));
            for _ in 0..3 {
                let (x, t) = (&inputs[..rows], &targets[..rows]);
                let found = one.step(level, &objective, x, t, &mut used_tape(rows), &mut a).expect("fits");
                let expected = linear.step(level, &objective, x, t, &mut used_tape(rows), &mut b).expect("fits");
                assert_eq!(found.to_bits(), expected.to_bits(), "{level}, {rows} rows: loss");
            }
            assert!(bits(one.as_slice()) == bits(linear.as_slice()), "{level}, {rows} rows: weights");
        }
    }
}

type Small = net![Maxout<5, 7, 3>, Dense<7, 19, Tanh>, Maxout<19, 3, 4>];

/// The largest of linear functions in f64, and how near another piece came to it.
fn maxout(parameters: &[f64], x: &[f64], outputs: usize, pieces: usize, nearest: &mut f64) -> Vec<f64> {
    let columns = outputs * pieces;
    let biases = &parameters[x.len() * columns..];
    let z = |c: usize| biases[c] + x.iter().enumerate().map(|(i, x)| x * parameters[i * columns + c]).sum::<f64>();
    (0..outputs)
        .map(|o| {
            let mut row: Vec<f64> = (0..pieces).map(|p| z(p * outputs + o)).collect();
            row.sort_by(|a, b| b.total_cmp(a));
            *nearest = nearest.min(row[0] - row[1]);
            row[0]
        })
        .collect()
}

/// The mean squared error of [`Small`], and how near two pieces came.
fn objective_of_small(parameters: &[f64], inputs: &[[f32; 5]], targets: &[[f32; 3]]) -> (f64, f64) {
    let (first, rest) = parameters.split_at(6 * 21);
    let (second, third) = rest.split_at(8 * 19);
    let mut nearest = f64::INFINITY;
    let mut total = 0.0;
    for (x, t) in inputs.iter().zip(targets) {
        let x = maxout(first, &doubles(x), 7, 3, &mut nearest);
        let hidden: Vec<f64> = (0..19)
            .map(|j| ((0..7).map(|i| x[i] * second[i * 19 + j]).sum::<f64>() + second[7 * 19 + j]).tanh())
            .collect();
        let y = maxout(third, &hidden, 3, 4, &mut nearest);
        total += y.iter().zip(doubles(t)).map(|(y, t)| (y - t).powi(2)).sum::<f64>() / 3.0;
    }
    (total / inputs.len() as f64, nearest)
}

#[test]
fn the_gradient_is_that_of_differences() {
    // Parameters move by 1e-5, so pieces by a few 1e-5: where two are nearer, the difference quotient straddles a kink.
    let of_seed = |seed| {
        let mut numbers = Numbers::new(seed);
        let sample: (Small, _, _) = (random(0.7, &mut numbers), numbers.rows::<5>(4), numbers.rows::<3>(4));
        let (_, nearest) = objective_of_small(&doubles(sample.0.as_slice()), &sample.1, &sample.2);
        (nearest > 1e-3).then_some(sample)
    };
    let (net, inputs, targets) = (0..1000).find_map(of_seed).expect("a seed that keeps all pieces apart");
    let parameters = doubles(net.as_slice());
    let (expected, _) = objective_of_small(&parameters, &inputs, &targets);
    let slopes = central_differences(&parameters, |p| objective_of_small(p, &inputs, &targets).0);
    let largest = slopes.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    assert!(slopes[..6 * 21].contains(&0.0) && slopes[..6 * 21].iter().any(|g| g.abs() > 1e-3), "pieces win and lose");
    for level in levels::all() {
        let (mut gradient, objective) = (Small::ZERO, Objective::mean(MeanSquaredError));
        let value = net.gradient(level, &objective, &inputs, &targets, &mut used_tape(4), &mut gradient).expect("fits");
        assert!((f64::from(value) - expected).abs() <= 1e-5 * expected, "{level}: {value}, not {expected}");
        for (i, (found, expected)) in gradient.as_slice().iter().zip(&slopes).enumerate() {
            let error = (f64::from(*found) - expected).abs();
            assert!(error <= 1e-5 * expected.abs() + 1e-6 * largest, "{level}, slope {i}: {found}, not {expected}");
        }
    }
}

#[test]
fn all_ways_to_a_step_have_the_same_bits() {
    let mut numbers = Numbers::new(73);
    let net: net![Maxout<13, 17, 3>, Maxout<17, 4, 2>] = random(0.5, &mut numbers);
    let inputs = numbers.rows::<13>(19);
    let targets: Vec<u8> = (0..19).map(|_| numbers.below(4) as u8).collect();
    for (rows, l1, l2) in [(1, 0.0, 0.0), (19, 0.0, 0.0), (19, 0.003, 0.01)] {
        let objective = Objective { l1, l2, ..Objective::mean(CrossEntropy) };
        let (inputs, targets) = (&inputs[..rows], &targets[..rows]);
        Lesson { name: "maxout", net: &net, objective, inputs, targets }.check();
    }
}

/// The gradient of the biases of 3 pieces of 17 outputs that are all at `pieces[p]`, with the output's delta 2 y.
fn biases_of(level: femto::Level, pieces: [f32; 3]) -> ([f32; 17], [[f32; 17]; 3]) {
    type Biases = net![Maxout<1, 17, 3>];
    let (mut net, mut gradient) = (Biases::ZERO, Biases::ZERO);
    net.layers.biases = pieces.map(|z| [z; 17]);
    let objective = Objective::sum(SumSquaredError);
    let (inputs, targets, mut tape) = ([[0.0]], [[0.0; 17]], used_tape(1));
    net.gradient(level, &objective, &inputs, &targets, &mut tape, &mut gradient).expect("a row");
    let y = tape[0].second.first.first;
    assert!(bits(&y) == bits(&net.predict(level, &[0.0])) || y[0].is_nan(), "{level}: learnt and predicted");
    (y, gradient.layers.biases)
}

#[test]
fn the_first_of_equal_pieces_wins() {
    let inf = f32::INFINITY;
    for level in levels::all() {
        for (pieces, winner) in [
            ([1.0, 1.0, 1.0], 0),
            ([-1.0, 2.0, 2.0], 1),
            ([-3.0, -2.0, -1.0], 2),
            ([-1.0, -2.0, -1.0], 0),
            ([0.0, -0.0, 0.0], 0),
            ([-0.0, 0.0, 0.0], 0),
            ([-inf, -inf, -inf], 0),
            ([1.0, inf, inf], 1),
        ] {
            let (y, gradient) = biases_of(level, pieces);
            let expected: [[f32; 17]; 3] =
                std::array::from_fn(|p| [if p == winner { 2.0 * pieces[winner] } else { 0.0 }; 17]);
            assert_eq!(y, [pieces[winner]; 17], "{level}: {pieces:?}");
            assert_eq!(gradient, expected, "{level}: {pieces:?}");
        }
    }
}

#[test]
fn a_piece_that_is_nan_shows() {
    for level in levels::all() {
        for place in 0..3 {
            for other in [1.0, f32::INFINITY, f32::NEG_INFINITY] {
                let mut pieces = [other; 3];
                pieces[place] = f32::NAN;
                let (y, gradient) = biases_of(level, pieces);
                assert!(y.iter().all(|y| y.is_nan()), "{level}: {pieces:?} became {y:?}");
                let is_nan = gradient.as_flattened().iter().any(|g| g.is_nan());
                assert!(is_nan, "{level}: {pieces:?} has the gradient {gradient:?}");
            }
        }
        let net: net![Maxout<2, 5, 2>] = random(1.0, &mut Numbers::new(74));
        assert!(net.predict(level, &[0.5, f32::NAN]).iter().all(|y| y.is_nan()), "{level}: an input");
    }
}

#[test]
fn it_is_drawn_like_a_dense_layer_and_has_two_tensors() {
    type Net = net![Dense<3, 50>, Maxout<50, 10, 4>];
    const { assert!(Net::PARAMETERS == 4 * 50 + 51 * 40 && Net::MULTIPLY_ACCUMULATES == 3 * 50 + 50 * 40) };
    const { assert!(Net::TAPE_BYTES_PER_ROW == 4 * (1 + 2 * 50 + 2 * 10 + 40)) };
    let mut net = Net::ZERO;
    net.init(Init::GlorotUniform, 3);
    let (bound, weights) = ((6.0_f32 / 60.0).sqrt(), net.layers.tail.weights.as_flattened().as_flattened());
    let largest = weights.iter().fold(0.0_f32, |a, w| a.max(w.abs()));
    // The largest of 2,000 uniform numbers is within a hundredth of the bound but once in half a billion.
    assert!(largest <= bound && largest > 0.99 * bound, "{largest} of {bound}: 50 inputs and 10 outputs");
    assert!(net.layers.tail.biases == [[0.0; 10]; 4], "biases begin at 0");
    let mut tensors = Vec::new();
    net.for_each_tensor(|tensor, numbers| {
        tensors.push((tensor.layer, tensor.name, tensor.rows, tensor.columns, tensor.offset, numbers.len()));
    });
    let expected = [(1, TensorName::Weight, 50, 40, 200, 2000), (1, TensorName::Bias, 1, 40, 2200, 40)];
    assert_eq!(tensors[2..], expected, "weights, then biases");
}
