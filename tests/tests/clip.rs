//! Gradient clipping: against f64 and PyTorch, the same bits on every level, numbers at the edge.

use femto::activation::Relu;
use femto::clip::{EPSILON, clip_norm, clip_norm_slice, clip_tensor_norms, clip_value, clip_value_slice, norm};
use femto::layer::Dense;
use femto::vector;
use femto::{Arithmetic, Flat, Level, net};
use femto_tests::numbers::{Numbers, bits, doubles};
use femto_tests::{levels, reference};

type Small = net![Dense<3, 5, Relu>, Dense<5, 2>];

/// From below the smallest vector to more than two of the widest, with a tail.
const LENGTHS: std::ops::RangeInclusive<usize> = 0..=70;

fn gradient(len: usize, size: f32) -> Vec<f32> {
    Numbers::new(300 + len as u64).vector(len).iter().map(|g| size * g).collect()
}

fn exact_norm(gradient: &[f32]) -> f64 {
    doubles(gradient).iter().map(|g| g * g).sum::<f64>().sqrt()
}

/// Sizes at which plain squares would overflow, vanish, or lose digits, and sizes at which they would not.
const SIZES: [f32; 11] = [1e-44, 1e-38, 1e-30, 1e-19, 1e-10, 1e-8, 1.0, 1e10, 1e18, 1e30, 4e37];

#[test]
fn norms_of_any_size_are_those_of_double_precision() {
    for level in levels::all() {
        for len in LENGTHS {
            for size in SIZES {
                let gradient = gradient(len, size);
                let (found, exact) = (f64::from(vector::norm(level, &gradient)), exact_norm(&gradient));
                // Each lane rounds 5 times at the most, the tree 4 times, half of it reaches the root; and a subnormal
                // norm is rounded to a multiple of the smallest.
                assert!(
                    (found - exact).abs() <= 5e-7 * exact + 1e-45,
                    "{level}: the norm of {len} numbers of size {size:e} is {found:e}, not {exact:e}"
                );
            }
        }
    }
}

/// The sum of squares of numbers times a power of two, in the order of the contract.
fn squares(arithmetic: Arithmetic, gradient: &[f32], scale: f32) -> f32 {
    let step = |acc, i: usize| reference::mac(arithmetic, scale * gradient[i], scale * gradient[i], acc);
    reference::fold(gradient.len(), 0.0, step, |a, b| a + b)
}

#[test]
fn the_norm_has_the_bits_of_the_contract() {
    for level in levels::all() {
        for len in LENGTHS {
            let gradient = gradient(len, 3.0);
            let expected = squares(level.arithmetic(), &gradient, 1.0).sqrt();
            let found = vector::norm(level, &gradient);
            assert_eq!(found.to_bits(), expected.to_bits(), "{level}: {len} numbers: {found} is not {expected}");
            if len == 0 {
                continue;
            }
            // The largest is in 2^100..2^101.
            let mut huge: Vec<f32> = gradient.iter().map(|g| g * 2_f32.powi(97)).collect();
            huge[len / 2] = 1.5 * 2_f32.powi(100);
            let expected = squares(level.arithmetic(), &huge, 2_f32.powi(-100)).sqrt() * 2_f32.powi(100);
            let found = vector::norm(level, &huge);
            assert_eq!(found.to_bits(), expected.to_bits(), "{level}: {len} huge numbers: {found} is not {expected}");
        }
    }
}

#[test]
fn all_levels_of_a_class_give_the_same_bits() {
    for arithmetic in levels::CLASSES {
        let levels = levels::of_class(arithmetic);
        for len in LENGTHS {
            for size in SIZES {
                let run = |level: Level| {
                    let (mut by_norm, mut by_value) = (gradient(len, size), gradient(len, size));
                    let norm = clip_norm_slice(level, &mut by_norm, 0.7 * size);
                    clip_value_slice(level, &mut by_value, 0.3 * size);
                    (norm.to_bits(), bits(&by_norm), bits(&by_value))
                };
                let all: Vec<_> = levels.iter().map(|level| (level, run(*level))).collect();
                for (level, found) in &all {
                    assert!(*found == all[0].1, "{len} of size {size:e}: {level} differs from {}", all[0].0);
                }
            }
        }
    }
}

#[test]
fn clipped_gradients_are_those_of_pytorch() {
    // g = torch.tensor([3., -4., 0., 12., -84.]); p = torch.nn.Parameter(torch.zeros(5)); p.grad = g
    // torch.nn.utils.clip_grad_norm_([p], 2.5), p.grad  # torch 2.15.0
    let expected = [0.088_235_3, -0.117_647_06, 0.0, 0.352_941_16, -2.470_588_2];
    for level in levels::all() {
        let mut gradient = [3.0, -4.0, 0.0, 12.0, -84.0];
        assert_eq!(clip_norm(level, &mut gradient, 2.5), 85.0, "{level}: norm");
        for (found, expected) in gradient.iter().zip(expected) {
            assert!((found - expected).abs() <= 1.2e-7 * expected.abs(), "{level}: {found} is not {expected}");
        }
    }
    // p.grad = torch.tensor([0.3, -0.4, nan, inf, -7.]); torch.nn.utils.clip_grad_value_([p], 0.35); p.grad
    for level in levels::all() {
        let mut gradient = [0.3, -0.4, f32::NAN, f32::INFINITY, -7.0];
        clip_value(level, &mut gradient, 0.35);
        assert!(gradient[2].is_nan(), "{level}: NaN became {}", gradient[2]);
        gradient[2] = 0.0;
        assert_eq!(gradient, [0.3, -0.35, 0.0, 0.35, -0.35], "{level}");
    }
}

#[test]
fn a_clipped_gradient_keeps_its_direction_and_has_the_norm_asked_for() {
    for level in levels::all() {
        for len in 1..=70 {
            for size in [1e-3, 1.0, 1e10, 1e30, 4e37] {
                let before = gradient(len, size);
                let exact = exact_norm(&before);
                let mut after = before.clone();
                let max_norm = (0.25 * exact) as f32;
                clip_norm_slice(level, &mut after, max_norm);
                let coefficient = f64::from(max_norm) / (exact + f64::from(EPSILON));
                for (before, after) in doubles(&before).iter().zip(doubles(&after)) {
                    let error = (after - coefficient * before).abs();
                    assert!(error <= 1e-6 * (coefficient * before).abs(), "{level}: {before} became {after}");
                }
            }
        }
    }
}

#[test]
fn a_gradient_that_is_short_enough_keeps_its_bits() {
    for level in levels::all() {
        for len in LENGTHS {
            let before = gradient(len, 1.0);
            for max_norm in [1.01 * exact_norm(&before) as f32 + 2.0 * EPSILON, f32::INFINITY, f32::NAN] {
                let mut after = before.clone();
                let norm = clip_norm_slice(level, &mut after, max_norm);
                assert_eq!(norm.to_bits(), vector::norm(level, &before).to_bits(), "{level}: the norm before");
                assert_eq!(bits(&after), bits(&before), "{level}: {len} numbers, limit {max_norm}");
            }
            let mut after = before.clone();
            clip_value_slice(level, &mut after, 1.0);
            assert_eq!(bits(&after), bits(&before), "{level}: by value");
            clip_value_slice(level, &mut after, f32::NAN);
            assert_eq!(bits(&after), bits(&before), "{level}: a limit of NaN");
        }
    }
}

#[test]
fn a_norm_that_is_not_finite_leaves_the_gradient_and_tells() {
    for level in levels::all() {
        for len in [1, 5, 16, 37] {
            for place in [0, len / 2, len - 1] {
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    for size in [0.0, 1e-30, 1.0, 1e30] {
                        let mut before = gradient(len, size);
                        before[place] = bad;
                        let mut after = before.clone();
                        let norm = clip_norm_slice(level, &mut after, 0.1);
                        let tells = if bad.is_nan() { norm.is_nan() } else { norm == f32::INFINITY };
                        assert!(tells, "{level}: {bad} at {place} of {len} has the norm {norm}");
                        // The rest of the numbers; a NaN is compared by being one.
                        assert!(after[place] == bad || after[place].is_nan() && bad.is_nan(), "{level}: {bad} changed");
                        (before[place], after[place]) = (0.0, 0.0);
                        assert_eq!(bits(&after), bits(&before), "{level}: {bad} at {place} of {len}");
                    }
                }
            }
        }
        // Beyond the largest number, though each of them is finite; and NaN beside infinity is NaN.
        let mut gradient = [3e38, 3e38];
        assert_eq!(clip_norm(level, &mut gradient, 1.0), f32::INFINITY, "{level}");
        assert_eq!(gradient, [3e38, 3e38], "{level}");
        assert!(norm(level, &[f32::INFINITY, f32::NAN, 3e38]).is_nan(), "{level}: NaN beside infinity");
        assert_eq!(norm(level, &[f32::MAX]), f32::MAX, "{level}: the largest number");
        assert_eq!(norm(level, &[-f32::from_bits(1)]), f32::from_bits(1), "{level}: the smallest number");
    }
}

#[test]
fn limits_of_zero_and_below_leave_nothing() {
    for level in levels::all() {
        for limit in [0.0, -0.0, -1.0, f32::NEG_INFINITY] {
            let (mut by_norm, mut by_value) = ([3.0, -4.0, 0.0], [3.0, -4.0, 0.0]);
            assert_eq!(clip_norm(level, &mut by_norm, limit), 5.0, "{level}: the norm before");
            clip_value(level, &mut by_value, limit);
            assert_eq!(by_norm, [0.0; 3], "{level}: norm {limit}");
            assert_eq!(by_value, [0.0; 3], "{level}: value {limit}");
        }
        assert_eq!(clip_norm_slice(level, &mut [], 0.0), 0.0, "{level}: an empty gradient");
        let mut zero = [0.0; 20];
        assert_eq!(clip_norm(level, &mut zero, 1.0), 0.0, "{level}: a gradient of zeros");
        assert_eq!(zero, [0.0; 20], "{level}: zeros stay");
    }
}

#[test]
fn each_tensor_is_clipped_by_itself() {
    for level in levels::all() {
        let mut before = Small::ZERO;
        before.as_mut_slice().copy_from_slice(&gradient(Small::LEN, 1.0));
        // One long, one not finite, two short ones.
        before.layers.head.weights[1][2] = 1e30;
        before.layers.tail.biases = [f32::INFINITY, 1.0];
        let mut after = before.clone();
        assert_eq!(clip_tensor_norms(level, &mut after, 10.0), f32::INFINITY, "{level}: the largest norm");
        let mut expected = Vec::new();
        before.for_each_tensor(|_, tensor| {
            let mut tensor = tensor.to_vec();
            clip_norm_slice(level, &mut tensor, 10.0);
            expected.extend(tensor);
        });
        assert_eq!(bits(after.as_slice()), bits(&expected), "{level}");
        assert!((after.layers.head.weights[1][2] - 10.0).abs() < 1e-5, "{level}: the long one");
        assert_eq!(after.layers.tail.biases, [f32::INFINITY, 1.0], "{level}: the infinite one");
        assert_eq!(after.layers.head.biases, before.layers.head.biases, "{level}: a short one");
        // NaN stays the answer, whatever comes behind it.
        after.layers.head.weights[0][0] = f32::NAN;
        assert!(clip_tensor_norms(level, &mut after, 10.0).is_nan(), "{level}: NaN in the first tensor");
    }
}
