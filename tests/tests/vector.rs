//! Dot products and norms of vectors: against their definition, one number at a time, with the same bits on every level.

use femto::vector::{axpy, dot, max_abs, norm, scale, sum, sum_abs};
use femto::{Level, ShapeError};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};
use femto_tests::reference;

/// Several rounds of 16, and every tail.
const LENGTHS: std::ops::Range<usize> = 0..70;

fn vectors(len: usize) -> (Vec<f32>, Vec<f32>) {
    let mut numbers = Numbers::new(90 + len as u64);
    (numbers.vector(len), numbers.vector(len))
}

#[test]
fn sums_are_those_of_the_reference_on_every_level() {
    for level in levels::all() {
        let class = level.arithmetic();
        for len in LENGTHS {
            let (a, b) = vectors(len);
            let folded = |step: &dyn Fn(f32, usize) -> f32| reference::fold(len, 0.0, step, |a, b| a + b);
            let expected = [
                folded(&|acc, i| reference::mac(class, a[i], b[i], acc)),
                folded(&|acc, i| reference::mac(class, a[i], a[i], acc)).sqrt(),
                folded(&|acc, i| acc + a[i]),
                folded(&|acc, i| acc + a[i].abs()),
                a.iter().fold(0.0, |most, x| x.abs().max(most)),
            ];
            let found = [
                dot(level, &a, &b).expect("one length"),
                norm(level, &a),
                sum(level, &a),
                sum_abs(level, &a),
                max_abs(level, &a),
            ];
            assert_eq!(bits(&found), bits(&expected), "{level}, {len} numbers: {found:?} is not {expected:?}");
        }
    }
}

#[test]
fn changes_are_those_of_the_reference_on_every_level() {
    for level in levels::all() {
        for len in LENGTHS {
            let (x, mut y) = vectors(len);
            let expected: Vec<f32> =
                x.iter().zip(&y).map(|(x, y)| reference::mac(level.arithmetic(), 0.3, *x, *y)).collect();
            axpy(level, 0.3, &x, &mut y).expect("one length");
            assert_eq!(bits(&y), bits(&expected), "{level}, {len} numbers: a multiple added");
            let expected: Vec<f32> = x.iter().map(|x| -0.7 * x).collect();
            let mut x = x;
            scale(level, -0.7, &mut x);
            assert_eq!(bits(&x), bits(&expected), "{level}, {len} numbers: scaled");
        }
    }
}

#[test]
fn one_nan_makes_the_largest_magnitude_nan() {
    for level in levels::all() {
        for len in LENGTHS {
            for place in 0..len {
                let mut a = vectors(len).0;
                a[place] = f32::NEG_INFINITY;
                assert_eq!(max_abs(level, &a), f32::INFINITY, "{level}: infinity at {place} of {len}");
                a[place] = f32::NAN;
                assert!(max_abs(level, &a).is_nan(), "{level}: NaN at {place} of {len}");
                a[len - 1 - place] = f32::INFINITY;
                let is_replaced = place == len - 1 - place;
                assert_eq!(
                    max_abs(level, &a).is_nan(),
                    !is_replaced,
                    "{level}: NaN at {place} of {len}, infinity across"
                );
            }
        }
    }
}

#[test]
fn vectors_of_different_lengths_are_refused() {
    let level = Level::detect();
    let error = |operand| ShapeError::Length { operand, expected: 2, found: 3 };
    assert_eq!(dot(level, &[1.0; 2], &[1.0; 3]), Err(error("b")));
    let mut y = [7.0; 3];
    assert_eq!(axpy(level, 1.0, &[1.0; 2], &mut y), Err(error("y")));
    assert_eq!(y, [7.0; 3], "untouched");
}
