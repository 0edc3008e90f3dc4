//! Activations: values and slopes against f64, documented special cases, the same bits on every level.

use std::fmt::Debug;

use femto::activation::{
    Activation, Identity, LeakyRelu, Relu, Sigmoid, Sign, Softplus, Tanh, backward_slice, forward_slice,
};
use femto::{Level, math};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};
use femto_tests::reference::{Function, central_differences};

/// Points of both signs and of sizes from 1e-6 to 30, none nearer to 0 than the step of a difference quotient.
fn points() -> Vec<f32> {
    let mut numbers = Numbers::new(60);
    let sized = |i: i32| 30.0 * 10_f32.powf(-(i as f32) / 16.0);
    (0..96).flat_map(|i| [sized(i % 64), -sized(i % 64), 8.0 * numbers.unit()]).filter(|x| x.abs() > 2e-5).collect()
}

fn forward<A: Activation>(level: Level, activation: A, xs: &[f32]) -> Vec<f32> {
    let mut ys = xs.to_vec();
    forward_slice(level, activation, &mut ys);
    ys
}

/// The slopes where the outputs are `ys`.
fn slopes<A: Activation>(level: Level, activation: A, ys: &[f32]) -> Vec<f32> {
    let mut slopes = vec![1.0; ys.len()];
    backward_slice(level, activation, ys, &mut slopes);
    slopes
}

fn check<A: Activation + Debug>(activation: A, function: Function) {
    let xs = points();
    for arithmetic in levels::CLASSES {
        let mut of_class: Option<(Level, Vec<u32>, Vec<u32>)> = None;
        for level in levels::of_class(arithmetic) {
            let ys = forward(level, activation, &xs);
            let slopes = slopes(level, activation, &ys);
            for ((x, y), slope) in xs.iter().zip(&ys).zip(&slopes) {
                let exact = function.value(f64::from(*x));
                let error = (f64::from(*y) - exact).abs();
                assert!(error <= 4e-7 * exact.abs(), "{activation:?}({x}) is {y} on {level}, not {exact}");
                // The slope is made from the rounded output, so its error is one of the output's size, up to 1.
                let exact = central_differences(&[f64::from(*x)], |x| function.value(x[0]))[0];
                let error = (f64::from(*slope) - exact).abs();
                assert!(error <= 5e-7, "{activation:?}'s slope at {x} is {slope} on {level}, not {exact}");
            }
            let (y_bits, slope_bits) = (bits(&ys), bits(&slopes));
            match &of_class {
                None => of_class = Some((level, y_bits, slope_bits)),
                Some((first, expected, expected_slopes)) => {
                    assert!(y_bits == *expected, "{activation:?} differs between {level} and {first}");
                    assert!(slope_bits == *expected_slopes, "{activation:?}'s slope: {level}, {first}");
                }
            }
        }
    }
    check_slices(activation);
}

/// Each length alike, nothing behind the end touched, deltas multiplied, only what both slices have.
fn check_slices<A: Activation + Debug>(activation: A) {
    let mut numbers = Numbers::new(61);
    let (xs, deltas) = (numbers.vector(40), numbers.vector(40));
    for level in levels::all() {
        let ys = forward(level, activation, &xs);
        let mut all = deltas.clone();
        backward_slice(level, activation, &ys, &mut all);
        for len in 0..40 {
            let mut short = xs.clone();
            forward_slice(level, activation, &mut short[..len]);
            let expected = [&ys[..len], &xs[len..]].concat();
            assert!(bits(&short) == bits(&expected), "{activation:?} of {len} numbers on {level}");
            let expected = [&all[..len], &deltas[len..]].concat();
            let mut short = deltas.clone();
            backward_slice(level, activation, &ys, &mut short[..len]);
            assert!(bits(&short) == bits(&expected), "{activation:?}: {len} deltas of 40 outputs on {level}");
            let mut short = deltas.clone();
            backward_slice(level, activation, &ys[..len], &mut short);
            assert!(bits(&short) == bits(&expected), "{activation:?}: 40 deltas of {len} outputs on {level}");
        }
        for ((delta, slope), product) in deltas.iter().zip(slopes(level, activation, &ys)).zip(&all) {
            let expected = f64::from(*delta) * f64::from(slope);
            assert!(
                (f64::from(*product) - expected).abs() <= 2e-7 * expected.abs(),
                "{activation:?} on {level}: delta {delta} times slope {slope} became {product}"
            );
        }
    }
}

#[test]
fn values_and_slopes_are_those_of_the_functions() {
    check(Identity, Function::Identity);
    check(Sign, Function::Sign);
    check(Relu, Function::Relu);
    check(LeakyRelu::<10>, Function::LeakyRelu(0.01));
    check(LeakyRelu::<300>, Function::LeakyRelu(0.3));
    check(Sigmoid, Function::Sigmoid);
    check(Tanh, Function::Tanh);
    check(Softplus, Function::Softplus);
}

/// Values at special points: in full vectors and in tails.
fn check_specials<A: Activation + Debug>(activation: A, table: &[(f32, f32)]) {
    for level in levels::all() {
        for (x, expected) in table.iter().chain(&[(f32::NAN, f32::NAN)]) {
            for y in forward(level, activation, &[*x; 19]) {
                assert!(
                    y.to_bits() == expected.to_bits() || (y.is_nan() && expected.is_nan()),
                    "{activation:?}({x}) is {y} on {level}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn special_values_are_as_documented_and_nan_stays_nan() {
    let inf = f32::INFINITY;
    check_specials(Identity, &[(-0.0, -0.0), (inf, inf), (-inf, -inf)]);
    check_specials(Sign, &[(0.0, 1.0), (-0.0, 1.0), (1e-45, 1.0), (-1e-45, -1.0), (inf, 1.0), (-inf, -1.0)]);
    check_specials(Relu, &[(0.0, 0.0), (-1e-45, 0.0), (1e-45, 1e-45), (inf, inf), (-inf, 0.0)]);
    check_specials(LeakyRelu::<250>, &[(0.0, 0.0), (-4.0, -1.0), (inf, inf), (-inf, -inf)]);
    check_specials(Sigmoid, &[(0.0, 0.5), (-0.0, 0.5), (inf, 1.0), (-inf, 0.0)]);
    check_specials(Tanh, &[(0.0, 0.0), (-0.0, -0.0), (inf, 1.0), (-inf, -1.0)]);
    check_specials(Softplus, &[(inf, inf), (-inf, 0.0), (200.0, 200.0)]);
}

#[test]
fn slopes_at_special_points_are_as_documented() {
    for level in levels::all() {
        let slope = |slopes: Vec<f32>| slopes[0];
        assert_eq!(slope(slopes(level, Relu, &[0.0])), 0.0, "{level}: ReLU at 0, as PyTorch has it");
        assert_eq!(slope(slopes(level, Relu, &[-0.0])), 0.0, "{level}: ReLU at -0");
        assert_eq!(slope(slopes(level, LeakyRelu::<10>, &[0.0])), 1.0, "{level}: leaky ReLU at 0");
        assert_eq!(slope(slopes(level, Sigmoid, &[0.5])), 0.25, "{level}: sigmoid at 0");
        assert_eq!(slope(slopes(level, Tanh, &[0.0])), 1.0, "{level}: tanh at 0");
        assert_eq!(slope(slopes(level, Sign, &[1.0])), 0.0, "{level}: sign");
        // Saturated: nothing comes through, and it is no NaN.
        assert_eq!(slopes(level, Sigmoid, &[0.0, 1.0]), [0.0, 0.0], "{level}: sigmoid");
        assert_eq!(slopes(level, Tanh, &[-1.0, 1.0]), [0.0, 0.0], "{level}: tanh");
        assert_eq!(slopes(level, Softplus, &[0.0, f32::INFINITY]), [0.0, 1.0], "{level}: softplus");
        // A dead neuron takes no delta, whatever it is.
        let mut deltas = [f32::INFINITY, f32::NAN];
        backward_slice(level, Relu, &[0.0, 0.0], &mut deltas);
        assert_eq!(deltas, [0.0, 0.0], "{level}: ReLU at 0 with deltas that are not finite");
    }
}

#[test]
fn the_largest_slope_of_sigmoid_is_a_quarter_and_of_tanh_one() {
    let ys: Vec<f32> = (0..=4096).map(|i| i as f32 / 4096.0).collect();
    for level in levels::all() {
        for (y, slope) in ys.iter().zip(slopes(level, Sigmoid, &ys)) {
            assert!(slope < 0.25 || *y == 0.5, "{level}: {slope} where sigmoid is {y}");
        }
        for (y, slope) in ys.iter().zip(slopes(level, Tanh, &ys)) {
            assert!(slope < 1.0 || *y == 0.0, "{level}: {slope} where tanh is {y}");
        }
    }
}

/// 1 - e^-y would lose all digits at small outputs; where ln(1 + e^x) is 2e-9 it would be 0.
#[test]
fn the_slope_of_softplus_is_accurate_where_its_output_is_small() {
    let xs: Vec<f32> = (-800..=200).map(|i| i as f32 / 10.0).collect();
    for level in levels::all() {
        let ys = forward(level, Softplus, &xs);
        let mut sigmoid = xs.clone();
        math::sigmoid_slice(level, &mut sigmoid);
        for ((x, slope), sigmoid) in xs.iter().zip(slopes(level, Softplus, &ys)).zip(sigmoid) {
            let exact = Function::Sigmoid.value(f64::from(*x));
            let error = (f64::from(slope) - exact).abs();
            assert!(error <= 1e-6 * exact, "{level}: at {x} the slope is {slope:e}, not {exact:e}");
            assert!((slope - sigmoid).abs() <= 1e-6 * sigmoid, "{level}: sigmoid({x}) is {sigmoid:e}");
        }
    }
}
