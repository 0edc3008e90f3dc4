//! L-BFGS on functions whose minimum is known: that it gets there, why it ends, its bits, and going on from a state.

use femto::layer::Dense;
use femto::{Arithmetic, Flat, Level, net};
use femto_std::optimizer::{Lbfgs, LbfgsError, LbfgsReport, LbfgsSettings, LineSearch, Stop};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};

const PARAMETERS: usize = 37;
type Parameters = [f32; PARAMETERS];

fn settings(line_search: LineSearch) -> LbfgsSettings {
    LbfgsSettings { line_search, ..LbfgsSettings::default() }
}

/// Where the quadratic has its minimum.
fn optimum() -> Parameters {
    std::array::from_fn(|i| (i as f32 - 20.0) / 8.0)
}

/// `sum c_i (x_i - optimum_i)^2 / 2` with c between 1/8 and 8, and its gradient.
fn quadratic(x: &Parameters, gradient: &mut Parameters) -> f32 {
    let optimum = optimum();
    let mut loss = 0.0;
    for i in 0..PARAMETERS {
        let (c, d) = (2.0_f32.powi(i as i32 % 7 - 3), x[i] - optimum[i]);
        gradient[i] += c * d;
        loss += 0.5 * c * d * d;
    }
    loss
}

/// `100 (y - x^2)^2 + (1 - x)^2`, with its minimum at (1, 1) at the end of a bent, narrow valley.
fn rosenbrock([x, y]: [f32; 2]) -> (f32, [f32; 2]) {
    let (a, b) = (y - x * x, 1.0 - x);
    (100.0 * a * a + b * b, [-400.0 * a * x - 2.0 * b, 200.0 * a])
}

#[test]
fn a_convex_quadratic_is_solved() {
    for level in levels::all() {
        for line_search in [LineSearch::Fixed, LineSearch::StrongWolfe] {
            let mut x = [0.0; PARAMETERS];
            // As far as the numbers go: not to where a step gains less than 1e-9.
            let exact = LbfgsSettings { max_iterations: 40, tolerance_change: 0.0, ..settings(line_search) };
            let mut lbfgs = Lbfgs::new(exact);
            let report = lbfgs.step(level, &mut x, quadratic);
            assert!(report.loss < 1e-10, "{level}, {line_search:?}: {report:?}");
            for (found, exact) in x.iter().zip(optimum()) {
                assert!((found - exact).abs() < 1e-5, "{level}, {line_search:?}: {found} is not {exact}");
            }
            // From there it does not go away again.
            let again = lbfgs.step(level, &mut x, quadratic);
            assert!(again.loss < 1e-10, "{level}, {line_search:?}: {again:?}");
        }
    }
}

#[test]
fn rosenbrocks_valley_is_followed_to_its_end() {
    type Valley = net![Dense<1, 1>];
    for level in levels::all() {
        for start in [[-1.2, 1.0], [0.0, 0.0], [3.0, -2.0]] {
            let mut net = Valley::ZERO;
            net.as_mut_slice().copy_from_slice(&start);
            let mut lbfgs = Lbfgs::new(settings(LineSearch::StrongWolfe));
            for _ in 0..5 {
                lbfgs.step(level, &mut net, |net, gradient| {
                    let place = [net.layers.weights[0][0], net.layers.biases[0]];
                    let (loss, slopes) = rosenbrock(place);
                    for (g, slope) in gradient.as_mut_slice().iter_mut().zip(slopes) {
                        *g += slope;
                    }
                    loss
                });
            }
            for found in net.as_slice() {
                assert!((found - 1.0).abs() < 1e-4, "{level}, from {start:?}: {:?}", net.as_slice());
            }
        }
    }
}

/// Three calls, and what they leave.
fn three_calls(level: Level, line_search: LineSearch) -> (Vec<u32>, Vec<LbfgsReport>) {
    let mut x: Parameters = std::array::from_fn(|i| (i as f32).sqrt());
    let mut lbfgs = Lbfgs::new(LbfgsSettings { max_iterations: 4, history_size: 3, ..settings(line_search) });
    let reports = (0..3).map(|_| lbfgs.step(level, &mut x, quadratic)).collect();
    (bits(&x), reports)
}

#[test]
fn all_levels_of_a_class_give_the_same_bits() {
    for arithmetic in [Arithmetic::Fused, Arithmetic::Unfused] {
        for line_search in [LineSearch::Fixed, LineSearch::StrongWolfe] {
            let levels = levels::of_class(arithmetic);
            let found: Vec<_> = levels.iter().map(|level| three_calls(*level, line_search)).collect();
            for (level, one) in levels.iter().zip(&found) {
                assert!(*one == found[0], "{level}, {line_search:?}: other bits than those of {}", levels[0]);
            }
        }
    }
}

#[test]
fn a_resumed_optimizer_goes_on_with_the_same_bits() {
    for level in levels::all() {
        for line_search in [LineSearch::Fixed, LineSearch::StrongWolfe] {
            // The history is full at the second call.
            let settings = LbfgsSettings { max_iterations: 4, history_size: 5, ..settings(line_search) };
            let (mut x, mut whole) = ([0.5; PARAMETERS], Lbfgs::new(settings));
            for calls in 0..4 {
                let (mut y, mut resumed) = (x, Lbfgs::<Parameters>::new(settings));
                let resume = resumed.resume(whole.iterations(), whole.evaluations(), &whole.state());
                assert_eq!(resume, Ok(()), "after {calls} calls");
                assert_eq!(resumed, whole, "after {calls} calls");
                let reports = (whole.step(level, &mut x, quadratic), resumed.step(level, &mut y, quadratic));
                assert_eq!(reports.0, reports.1, "{level}, {line_search:?}, after {calls} calls");
                assert!(bits(&x) == bits(&y), "{level}, {line_search:?}, after {calls} calls");
            }
            assert_eq!(whole.state().len(), 3 + 2 * 5, "three slices and five pairs");
        }
    }
}

#[test]
fn what_is_no_state_is_refused() {
    let mut lbfgs = Lbfgs::<[f32; 2]>::new(LbfgsSettings::default());
    let fresh = lbfgs.clone();
    let two: &[f32] = &[1.0, 2.0];
    let cases: [(u32, &[&[f32]], LbfgsError); 6] = [
        (3, &[], LbfgsError::Slices { found: 0 }),
        (3, &[two], LbfgsError::Slices { found: 1 }),
        (3, &[&[1.0], two, two, two], LbfgsError::Slices { found: 4 }),
        (0, &[&[1.0], two, two], LbfgsError::Slices { found: 3 }),
        (3, &[two, two, two], LbfgsError::Length { slice: 0, expected: 1, found: 2 }),
        (3, &[two, two, two, two, &[1.0]], LbfgsError::Length { slice: 4, expected: 2, found: 1 }),
    ];
    for (iterations, state, expected) in cases {
        assert_eq!(lbfgs.resume(iterations, 9, state), Err(expected), "{state:?}");
        assert_eq!(lbfgs, fresh, "nothing is changed by {state:?}");
    }
    assert_eq!(lbfgs.resume(3, 9, &[&[1.0], two, two]), Ok(()), "one that is a state");
    assert_eq!((lbfgs.iterations(), lbfgs.evaluations()), (3, 9));
}

#[test]
fn every_reason_to_end_is_told() {
    let level = Level::detect();
    let stop = |settings: LbfgsSettings, x: f32, f: fn(f32) -> (f32, f32)| {
        let mut x = [x];
        let mut lbfgs = Lbfgs::new(settings);
        let mut calls = 0;
        let report = lbfgs.step(level, &mut x, |[x], [gradient]| {
            calls += 1;
            assert_eq!(*gradient, 0.0, "the gradient begins at 0");
            let (loss, slope) = f(*x);
            *gradient = slope;
            loss
        });
        assert_eq!((report.evaluations, lbfgs.evaluations()), (calls, calls), "calls are counted");
        assert_eq!(report.iterations, lbfgs.iterations(), "iterations are counted");
        (report.stop, x[0], report.loss_before)
    };
    let (fixed, wolfe) = (settings(LineSearch::Fixed), settings(LineSearch::StrongWolfe));
    let parabola = |x: f32| (0.5 * x * x, x);
    let wall = |x: f32| if x > 0.0 { (x, 1.0) } else { (f32::NAN, f32::NAN) };
    let line = |x: f32| (x, 1.0);
    assert_eq!(stop(fixed, 0.0, parabola), (Stop::Gradient, 0.0, 0.0), "at the minimum");
    assert_eq!(stop(fixed, 1.0, parabola), (Stop::Gradient, 0.0, 0.5), "one step from it");
    let tolerant = LbfgsSettings { tolerance_change: 2.0, ..fixed };
    assert_eq!(stop(tolerant, 1.0, parabola), (Stop::Slope, 1.0, 0.5), "a slope below the tolerance");
    let short = LbfgsSettings { learning_rate: 1e-4, tolerance_change: 1e-3, ..fixed };
    assert_eq!(stop(short, 1.0, line).0, Stop::Step, "a step below the tolerance");
    let constant = |_| (7.0, 1.0);
    assert_eq!(stop(fixed, 1.0, constant).0, Stop::Loss, "a loss that does not change");
    assert_eq!(
        stop(LbfgsSettings { max_iterations: 2, max_evaluations: Some(9), ..fixed }, 9.0, line).0,
        Stop::Iterations
    );
    assert_eq!(stop(LbfgsSettings { max_iterations: 2, ..fixed }, 9.0, line).0, Stop::Evaluations, "2 of 2");
    assert_eq!(stop(LbfgsSettings { max_iterations: 0, ..fixed }, 9.0, line), (Stop::Iterations, 9.0, 9.0));
    assert_eq!(stop(LbfgsSettings { max_evaluations: Some(3), ..fixed }, 9.0, line).0, Stop::Evaluations, "3 of 3");
    let (why, place, _) = stop(fixed, -1.0, wall);
    assert_eq!((why, place), (Stop::NotFinite, -1.0), "no step where there is no gradient");
    let (why, place, _) = stop(fixed, 1.5, wall);
    assert_eq!((why, place), (Stop::NotFinite, -0.5), "nor from where a fixed step led");
    let (_, place, _) = stop(wolfe, 1.5, wall);
    assert!(place > 0.0, "a line search keeps away from there: {place}");
}

#[test]
fn gradients_whose_squares_overflow_leave_no_trace() {
    for level in levels::all() {
        let mut x = [0.0; PARAMETERS];
        let mut lbfgs = Lbfgs::new(LbfgsSettings { max_iterations: 40, ..settings(LineSearch::StrongWolfe) });
        lbfgs.step(level, &mut x, quadratic);
        let before = x;
        let report = lbfgs.step(level, &mut x, |_, gradient| {
            gradient.fill(1e30);
            1.0
        });
        assert_eq!((report.stop, x), (Stop::NotFinite, before), "{level}: no step along it");
        x = [0.5; PARAMETERS];
        let report = lbfgs.step(level, &mut x, quadratic);
        assert!(report.loss < 1e-6, "{level}: the history is as good as before, {report:?}");
    }
}

#[test]
fn batches_that_change_do_no_harm() {
    // Not what the method is for, but nothing may become NaN or run away.
    let (level, mut numbers) = (Level::detect(), Numbers::new(7));
    let mut x = [0.0; PARAMETERS];
    let mut lbfgs = Lbfgs::new(LbfgsSettings { history_size: 4, ..settings(LineSearch::StrongWolfe) });
    for _ in 0..20 {
        lbfgs.step(level, &mut x, |x, gradient| {
            let noise = 1e-2 * numbers.unit();
            gradient.iter_mut().for_each(|g| *g += noise);
            quadratic(x, gradient) + noise
        });
    }
    for (found, exact) in x.iter().zip(optimum()) {
        assert!((found - exact).abs() < 1.0, "{found} is far from {exact}");
    }
}
