//! Numbers at the edge: logits of any size keep finite losses, and what is not finite shows in the loss.

mod any_loss;

use std::fmt::Debug;

use any_loss::{AnyLoss, Target};
use femto::activation::{Activation, Identity, LeakyRelu, Relu, Sigmoid, Sign, Softplus, Tanh};
use femto::layer::Dense;
use femto::loss::{CrossEntropy, Loss, MeanSquaredError};
use femto::optimizer::{Optimizer, Sgd};
use femto::simd::Scalar;
use femto::train::Objective;
use femto::{Flat, Level, Net, net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};

/// With weights 0 the outputs are the biases.
type Logits = net![Dense<1, 3>];

fn with_logits(logits: [f32; 3]) -> Logits {
    let mut net = Logits::ZERO;
    net.layers.biases = logits;
    net
}

/// The loss of the logits, and its gradient with respect to them.
fn of_logits(level: Level, loss: AnyLoss, logits: [f32; 3], target: Target) -> (f32, [f32; 3]) {
    let net = with_logits(logits);
    let mut gradient = Logits::ZERO;
    let mut tape = [Logits::TAPE];
    let loss = net
        .gradient(level, &Objective::mean(loss), &[[0.0]], &[target], &mut tape, &mut gradient)
        .expect("the batch fits");
    (loss, gradient.layers.biases)
}

const fn class(class: u8) -> Target {
    Target { class, row: [f32::NAN; 3] }
}

const fn row(row: [f32; 3]) -> Target {
    Target { class: 0, row }
}

/// A loss that must be `value` to 1e-6, with slopes to 1e-6.
#[track_caller]
fn check(level: Level, (value, slopes): (f32, [f32; 3]), expected: f32, expected_slopes: [f32; 3]) {
    assert!((value - expected).abs() <= 1e-6 * expected.abs(), "{level}: the loss is {value:e}, not {expected:e}");
    for (slope, expected) in slopes.iter().zip(expected_slopes) {
        assert!((slope - expected).abs() <= 1e-6, "{level}: the slopes are {slopes:?}, not {expected_slopes:?}");
    }
}

#[test]
fn cross_entropy_of_huge_logits_is_finite() {
    for level in levels::all() {
        let of_class = |logits, index| of_logits(level, AnyLoss::Class, logits, class(index));
        let of_row = |logits, weights| of_logits(level, AnyLoss::Distribution, logits, row(weights));
        let logits = [1e4, -1e4, 0.0];
        check(level, of_class(logits, 0), 0.0, [0.0; 3]);
        check(level, of_class(logits, 1), 2e4, [1.0, -1.0, 0.0]);
        check(level, of_row(logits, [1.0, 0.0, 0.0]), 0.0, [0.0; 3]);
        check(level, of_row(logits, [0.0, 0.5, 0.5]), 1.5e4, [1.0, -0.5, -0.5]);
        let logits = [3e38, 0.0, -3e38];
        check(level, of_class(logits, 0), 0.0, [0.0; 3]);
        check(level, of_class(logits, 1), 3e38, [1.0, -1.0, 0.0]);
        check(level, of_row(logits, [1.0, 0.0, 0.0]), 0.0, [0.0; 3]);
        check(level, of_row(logits, [0.5, 0.5, 0.0]), 1.5e38, [0.5, -0.5, 0.0]);
        // 6e38 is beyond the largest f32.
        let (value, slopes) = of_class(logits, 2);
        assert_eq!((value, slopes), (f32::INFINITY, [1.0, 0.0, -1.0]), "{level}");
        check(level, of_class([3e38; 3], 1), 3_f32.ln(), [1.0 / 3.0, -2.0 / 3.0, 1.0 / 3.0]);
        check(level, of_class([-3e38; 3], 1), 3_f32.ln(), [1.0 / 3.0, -2.0 / 3.0, 1.0 / 3.0]);
        // A class that is ruled out costs nothing where it has no weight.
        check(level, of_class([0.0, f32::NEG_INFINITY, 0.0], 0), 2_f32.ln(), [-0.5, 0.0, 0.5]);
        check(level, of_row([0.0, f32::NEG_INFINITY, 0.0], [1.0, 0.0, 0.0]), 2_f32.ln(), [-0.5, 0.0, 0.5]);
    }
}

#[test]
fn binary_cross_entropy_of_huge_logits_is_finite() {
    for level in levels::all() {
        let loss = |logits, t| of_logits(level, AnyLoss::BinaryCrossEntropy, logits, row(t));
        let third = 1.0 / 3.0;
        check(level, loss([1e4, -1e4, 1e4], [1.0, 0.0, 1.0]), 0.0, [0.0; 3]);
        check(level, loss([1e4, -1e4, 1e4], [0.0, 1.0, 0.5]), 2.5e4 / 3.0, [third, -third, third / 2.0]);
        check(level, loss([3e38, -3e38, 3e38], [1.0, 0.0, 1.0]), 0.0, [0.0; 3]);
        check(level, loss([3e38, -3e38, 3e38], [1.0, 1.0, 1.0]), 1e38, [0.0, -third, 0.0]);
        // Far on the right side the loss is e^-|y|, not 0.
        let expected = (-20_f32).exp();
        check(level, loss([20.0, -20.0, 20.0], [1.0, 0.0, 1.0]), expected, [0.0; 3]);
    }
}

/// The bits of the loss of a class, and of its gradient.
fn of_class<T>(class: &T) -> (u32, Vec<u32>)
where
    CrossEntropy: Loss<T>,
{
    let mut delta = [0.0; 3];
    let value = CrossEntropy.gradient(Scalar::new(), &[0.3, -1.2, 2.0], class, 0.5, &mut delta);
    (value.to_bits(), bits(&delta))
}

#[test]
fn every_type_of_a_class_index_means_the_same_class() {
    for class in 0..3_u8 {
        let expected = of_class(&class);
        assert_eq!(of_class(&u16::from(class)), expected, "u16");
        assert_eq!(of_class(&u32::from(class)), expected, "u32");
        assert_eq!(of_class(&usize::from(class)), expected, "usize");
    }
    assert!(of_class(&0_u8) != of_class(&1_u8), "the class matters");
    // No number is cut to fit: 65536 is not class 0.
    assert!(<CrossEntropy as Loss<u32>>::accepts(&2, 3), "2 of 3");
    assert!(!<CrossEntropy as Loss<u32>>::accepts(&65_536, 3), "65536 of 3");
    assert!(!<CrossEntropy as Loss<usize>>::accepts(&usize::MAX, 3), "the largest index of 3");
}

#[test]
fn a_mean_absolute_error_of_zero_has_slope_zero() {
    for level in levels::all() {
        let third = 1.0 / 3.0;
        let found = of_logits(level, AnyLoss::MeanAbsoluteError, [1.0, 2.0, -1.0], row([1.0, 0.5, 0.5]));
        assert_eq!(found, (1.0, [0.0, third, -third]), "{level}");
    }
}

#[test]
fn an_output_that_is_not_finite_shows_in_every_loss_and_in_its_slope() {
    let target = Target { class: 1, row: [0.25, 0.5, 0.25] };
    for level in levels::all() {
        for loss in AnyLoss::ALL {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let (value, _) = of_logits(level, loss, [bad; 3], target);
                assert!(!value.is_finite(), "{loss:?} on {level}: outputs {bad} have the loss {value}");
            }
            let (value, slopes) = of_logits(level, loss, [0.5, f32::NAN, 0.25], target);
            assert!(value.is_nan() && slopes[1].is_nan(), "{loss:?} on {level}: NaN became {value}, {slopes:?}");
        }
    }
}

#[test]
fn a_target_that_is_not_finite_shows_in_every_loss_that_reads_it() {
    for level in levels::all() {
        for loss in AnyLoss::ALL.into_iter().filter(|loss| !matches!(loss, AnyLoss::Class | AnyLoss::OneHot)) {
            for bad in [f32::NAN, f32::INFINITY] {
                let (value, slopes) = of_logits(level, loss, [0.5, 1.5, 0.25], row([0.25, bad, 0.5]));
                assert!(
                    !value.is_finite(),
                    "{loss:?} on {level}: a target {bad} has the loss {value} and the slopes {slopes:?}"
                );
            }
        }
    }
}

type Only<A> = Dense<2, 3, A>;

/// An input that is NaN among good rows; where the function has no bound, an infinite one too.
fn check_bad_input<A: Activation + Debug>(activation: A, is_unbounded: bool) {
    let mut numbers = Numbers::new(50);
    let mut net = Net::<Only<A>>::ZERO;
    net.as_mut_slice().iter_mut().for_each(|w| *w = 0.1 + numbers.unit().abs());
    let mut inputs = numbers.rows::<2>(5);
    let targets = numbers.rows::<3>(5);
    let mut tape = vec![Net::<Only<A>>::TAPE; 5];
    for level in levels::all() {
        for bad in [f32::NAN, f32::INFINITY, 0.5] {
            inputs[3][1] = bad;
            let objective = Objective::mean(MeanSquaredError);
            let loss = net.evaluate(level, &objective, &inputs, &targets, &mut tape).expect("the batch fits");
            let is_expected_finite = bad == 0.5 || (bad.is_infinite() && !is_unbounded);
            assert_eq!(loss.is_finite(), is_expected_finite, "{activation:?} on {level}: {bad} gives {loss}");
        }
    }
}

#[test]
fn an_input_that_is_not_finite_shows_in_the_loss() {
    check_bad_input(Identity, true);
    check_bad_input(Sign, false);
    check_bad_input(Relu, true);
    check_bad_input(LeakyRelu::<10>, true);
    check_bad_input(Sigmoid, false);
    check_bad_input(Tanh, false);
    check_bad_input(Softplus, true);
}

#[test]
fn a_step_with_a_loss_that_is_not_finite_is_made_and_reported() {
    for level in levels::all() {
        let mut net = Logits::ZERO;
        net.as_mut_slice().fill(0.5);
        let mut sgd = Optimizer::new(Sgd::new(0.1));
        let (inputs, targets) = ([[1.0], [f32::NAN]], [[1.0; 3]; 2]);
        let objective = Objective::mean(MeanSquaredError);
        let mut tape = [Logits::TAPE; 2];
        let loss = net.step(level, &objective, &inputs, &targets, &mut tape, &mut sgd).unwrap();
        assert!(loss.is_nan(), "{level}: the loss is {loss}");
        assert_eq!(sgd.steps(), 1, "{level}: the step counts");
        assert!(net.as_slice().iter().any(|w| w.is_nan()), "{level}: the step was not made");
    }
}
