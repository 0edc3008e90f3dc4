//! Softmax and its backward pass: against f64, the same bits on every level, and what it does at the edge.

use femto::softmax::{softmax, softmax_backward};
use femto::{Level, ShapeError};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits, doubles};

fn of(level: Level, row: &[f32]) -> Vec<f32> {
    let mut row = row.to_vec();
    softmax(level, &mut row);
    row
}

/// Logits in -10..10.
fn logits(len: usize) -> Vec<f32> {
    Numbers::new(70 + len as u64).vector(len).iter().map(|x| 10.0 * x).collect()
}

#[test]
fn probabilities_are_those_of_the_formula_and_add_up_to_one() {
    for level in levels::all() {
        for len in 1..=70 {
            let row = logits(len);
            let exps: Vec<f64> = doubles(&row).iter().map(|x| x.exp()).collect();
            let total: f64 = exps.iter().sum();
            let p = of(level, &row);
            for (p, e) in p.iter().zip(&exps) {
                let exact = e / total;
                // The exponential, the difference in its exponent (up to 20, so 1e-6 in the worst case), sum, quotient.
                assert!((f64::from(*p) - exact).abs() <= 2e-6 * exact, "{level}, {len} logits: {p} is not {exact}");
            }
            let sum: f64 = doubles(&p).iter().sum();
            assert!((sum - 1.0).abs() <= 5e-7, "{level}: {len} probabilities add up to {sum}");
        }
    }
}

#[test]
fn all_levels_of_a_class_give_the_same_bits() {
    for arithmetic in levels::CLASSES {
        let levels = levels::of_class(arithmetic);
        for len in 1..=70 {
            let (row, delta) = (logits(len), Numbers::new(len as u64).vector(len));
            let run = |level: Level| {
                let p = of(level, &row);
                let mut delta = delta.clone();
                softmax_backward(level, &p, &mut delta).unwrap();
                (bits(&p), bits(&delta))
            };
            let all: Vec<_> = levels.iter().map(|level| (level, run(*level))).collect();
            for (level, found) in &all {
                assert!(*found == all[0].1, "{len} logits: {level} differs from {}", all[0].0);
            }
        }
    }
}

#[test]
fn the_backward_pass_is_the_product_with_the_jacobian() {
    for level in levels::all() {
        for len in 1..=70 {
            let p = of(level, &logits(len));
            let delta = Numbers::new(len as u64).vector(len);
            let mut found = delta.clone();
            softmax_backward(level, &p, &mut found).unwrap();
            let (p, delta) = (doubles(&p), doubles(&delta));
            for (i, found) in found.iter().enumerate() {
                let jacobian = |j: usize| if i == j { p[i] * (1.0 - p[i]) } else { -p[i] * p[j] };
                let exact: f64 = (0..len).map(|j| jacobian(j) * delta[j]).sum();
                // p times a difference of numbers below 1, each rounded.
                assert!(
                    (f64::from(*found) - exact).abs() <= 1e-6 * p[i],
                    "{level}, {len} logits: component {i} is {found}, not {exact}"
                );
            }
        }
    }
}

#[test]
fn the_backward_pass_refuses_rows_of_different_lengths() {
    for level in levels::all() {
        for (expected, found) in [(3, 2), (2, 3), (0, 1), (17, 16)] {
            let mut delta = vec![7.0; found];
            let error = softmax_backward(level, &vec![0.5; expected], &mut delta);
            assert_eq!(error, Err(ShapeError::Length { operand: "delta", expected, found }), "{level}");
            assert!(delta.iter().all(|d| *d == 7.0), "{level}: the deltas were changed all the same");
        }
        assert_eq!(softmax_backward(level, &[], &mut []), Ok(()), "{level}: an empty row has nothing to do");
    }
    let message = ShapeError::Length { operand: "delta", expected: 17, found: 16 }.to_string();
    assert!(message.contains("17") && message.contains("16") && message.contains("delta"), "{message}");
}

#[test]
fn logits_of_any_size_give_probabilities() {
    for level in levels::all() {
        assert_eq!(of(level, &[]), [0.0; 0], "{level}: an empty row stays empty");
        for x in [0.0, -1e30, f32::MAX, f32::MIN, 1e-45] {
            assert_eq!(of(level, &[x]), [1.0], "{level}: one logit {x} is certain");
            assert_eq!(of(level, &[x; 4]), [0.25; 4], "{level}: four equal logits {x}");
        }
        assert_eq!(of(level, &[f32::MAX, f32::MIN, 0.0]), [1.0, 0.0, 0.0], "{level}: the largest distances");
        assert_eq!(of(level, &[f32::NEG_INFINITY, 3.0]), [0.0, 1.0], "{level}: -inf is ruled out");
        // The largest logit in each lane and in the tail.
        for place in 0..40 {
            let mut row = vec![-200.0; 40];
            row[place] = 100.0;
            let mut expected = vec![0.0; 40];
            expected[place] = 1.0;
            assert_eq!(of(level, &row), expected, "{level}: the largest logit at {place}");
        }
    }
}

#[test]
fn what_has_no_softmax_becomes_nan_as_a_whole() {
    for level in levels::all() {
        for len in [1, 3, 16, 21] {
            for place in [0, len / 2, len - 1] {
                for bad in [f32::NAN, f32::INFINITY] {
                    let mut row = vec![0.5; len];
                    row[place] = bad;
                    assert!(of(level, &row).iter().all(|p| p.is_nan()), "{level}: {bad} at {place} of {len}");
                }
            }
            let row = vec![f32::NEG_INFINITY; len];
            assert!(of(level, &row).iter().all(|p| p.is_nan()), "{level}: {len} times -inf");
        }
    }
}
