//! The perceptron: its arithmetic, what it can learn and what not, and Novikoff's bound on its mistakes.

use femto::activation::Sign;
use femto::layer::Dense;
use femto::perceptron::Perceptron;
use femto::{Flat, Level, ShapeError, net};
use femto_tests::numbers::{Numbers, bits, doubles};
use femto_tests::{levels, reference};

const CORNERS: [[f32; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];

#[test]
fn and_or_and_their_kin_are_learnt_and_xor_is_not() {
    for level in levels::all() {
        for table in 0..16_u32 {
            let targets: [bool; 4] = std::array::from_fn(|row| table >> row & 1 == 1);
            let mut perceptron = Perceptron::ZERO;
            let epochs = perceptron.fit(level, &CORNERS, &targets, 1.0, 1000).unwrap();
            // Exclusive or, and its negation.
            let is_separable = !matches!(table, 0b0110 | 0b1001);
            assert_eq!(epochs.is_some(), is_separable, "{level}: {targets:?} after {epochs:?} epochs");
            let found = CORNERS.map(|x| perceptron.predict(level, &x));
            assert_eq!(found == targets, is_separable, "{level}: {targets:?} became {found:?}");
        }
    }
}

/// Rows in -1..1 on both sides of a plane, none of them nearer to it than `margin`; each with its side. Also the plane as
/// a unit vector, the bias last.
fn separable<const N: usize>(seed: u64, margin: f64) -> (Vec<[f32; N]>, Vec<bool>, Vec<f64>) {
    let mut numbers = Numbers::new(seed);
    let mut plane = doubles(&numbers.vector(N + 1));
    // Near enough to the middle for rows on both sides.
    plane[N] *= 0.2;
    let length = plane.iter().map(|w| w * w).sum::<f64>().sqrt();
    plane.iter_mut().for_each(|w| *w /= length);
    let (mut rows, mut targets) = (Vec::new(), Vec::new());
    while rows.len() < 200 {
        let row: [f32; N] = std::array::from_fn(|_| numbers.unit());
        let side = plane[N] + plane.iter().zip(doubles(&row)).map(|(w, x)| w * x).sum::<f64>();
        if side.abs() >= margin {
            rows.push(row);
            targets.push(side > 0.0);
        }
    }
    (rows, targets, plane)
}

fn keeps_to_novikoffs_bound<const N: usize>(margin: f64) {
    for seed in 700..705 {
        let (rows, targets, plane) = separable::<N>(seed, margin);
        let side = |row: &[f32; N]| plane[N] + plane.iter().zip(doubles(row)).map(|(w, x)| w * x).sum::<f64>();
        let nearest = rows.iter().map(|row| side(row).abs()).fold(f64::MAX, f64::min);
        let longest = rows.iter().map(|row| 1.0 + doubles(row).iter().map(|x| x * x).sum::<f64>()).fold(0.0, f64::max);
        let bound = longest / (nearest * nearest);
        for level in levels::all() {
            for rate in [1.0, 0.125] {
                let (mut perceptron, mut mistakes, mut epochs) = (Perceptron::ZERO, 0_u32, 0);
                loop {
                    let before = mistakes;
                    for (row, target) in rows.iter().zip(&targets) {
                        mistakes += u32::from(perceptron.learn(level, row, *target, rate));
                    }
                    epochs += 1;
                    assert!(f64::from(mistakes) <= bound, "{level}: {mistakes} mistakes, at most {bound} were to come");
                    if mistakes == before {
                        break;
                    }
                }
                assert!(mistakes > 0, "{level}: there was nothing to learn");
                let all_right =
                    rows.iter().zip(&targets).all(|(row, target)| perceptron.predict(level, row) == *target);
                assert!(all_right, "{level}: a pass without a mistake ends it");

                let mut fitted = Perceptron::ZERO;
                let found = fitted.fit(level, &rows, &targets, rate, u32::MAX).expect("one target for each row");
                assert_eq!(found, Some(epochs), "{level}: epochs");
                assert_eq!(fitted, perceptron, "{level}: row by row and all at once");
                // One pass less is not enough.
                let mut fitted = Perceptron::ZERO;
                let found = fitted.fit(level, &rows, &targets, rate, epochs - 1).expect("one target for each row");
                assert_eq!(found, None, "{level}: {} epochs", epochs - 1);
            }
        }
    }
}

#[test]
fn mistakes_keep_to_novikoffs_bound() {
    keeps_to_novikoffs_bound::<1>(0.1);
    keeps_to_novikoffs_bound::<2>(0.05);
    keeps_to_novikoffs_bound::<17>(0.1);
}

type AsNet = net![Dense<37, 1, Sign>];

fn random(numbers: &mut Numbers) -> Perceptron<37> {
    Perceptron { weights: std::array::from_fn(|_| numbers.unit()), bias: numbers.unit() }
}

#[test]
fn predictions_are_those_of_a_dense_layer_and_of_one_chain() {
    let mut numbers = Numbers::new(710);
    for level in levels::all() {
        let mut yes = 0;
        for _ in 0..200 {
            let mut perceptron = random(&mut numbers);
            let [x] = numbers.rows::<37>(1)[..] else { unreachable!("one row was asked for") };
            let chain = |bias| {
                let step = |sum, (x, w): (&f32, &f32)| reference::mac(level.arithmetic(), *x, *w, sum);
                x.iter().zip(&perceptron.weights).fold(bias, step)
            };
            // The last bit decides: with the one bias the chain ends at 0 or above, with its neighbour below.
            let (mut low, mut high) = (-40.0_f32, 40.0_f32);
            while low.next_up() < high {
                let middle = 0.5 * (low + high);
                let middle = if middle <= low || middle >= high { low.next_up() } else { middle };
                if chain(middle) >= 0.0 { high = middle } else { low = middle }
            }
            assert!(chain(low) < 0.0 && chain(high) >= 0.0, "the place where the sign changes");
            for bias in [perceptron.bias, low, high] {
                let expected = chain(bias) >= 0.0;
                perceptron.bias = bias;
                assert_eq!(perceptron.predict(level, &x), expected, "{level}: bias {bias}");
                let mut layer = AsNet::ZERO;
                layer.layers.weights.as_flattened_mut().copy_from_slice(&perceptron.weights);
                layer.layers.biases = [bias];
                let sign = if expected { 1.0 } else { -1.0 };
                assert_eq!(layer.predict(level, &x), [sign], "{level}: the layer");
                yes += u32::from(expected);
            }
        }
        assert!((250..350).contains(&yes), "{level}: {yes} of 600 are yes");
    }
}

#[test]
fn a_mistake_changes_the_weights_by_the_row_and_nothing_else_does() {
    let mut numbers = Numbers::new(711);
    for level in levels::all() {
        for _ in 0..50 {
            let before = random(&mut numbers);
            let [x] = numbers.rows::<37>(1)[..] else { unreachable!("one row was asked for") };
            let is_yes = before.predict(level, &x);

            let mut after = before;
            assert!(!after.learn(level, &x, is_yes, 0.3), "{level}: no mistake");
            assert_eq!(after, before, "{level}: no mistake changes nothing");

            assert!(after.learn(level, &x, !is_yes, 0.3), "{level}: a mistake");
            let rate = if is_yes { -0.3 } else { 0.3 };
            let weights = before.weights.iter().zip(&x).map(|(w, x)| reference::mac(level.arithmetic(), rate, *x, *w));
            assert_eq!(bits(&after.weights), bits(&weights.collect::<Vec<_>>()), "{level}: weights");
            assert_eq!(after.bias.to_bits(), (before.bias + rate).to_bits(), "{level}: bias");
        }
    }
}

#[test]
fn all_levels_of_a_class_learn_the_same_bits() {
    let (rows, targets, _) = separable::<37>(712, 0.02);
    for arithmetic in levels::CLASSES {
        let run = |level: Level| {
            let mut perceptron = Perceptron::ZERO;
            let epochs = perceptron.fit(level, &rows, &targets, 0.3, 1000).unwrap();
            (epochs, bits(&perceptron.weights), perceptron.bias.to_bits())
        };
        let all: Vec<_> = levels::of_class(arithmetic).into_iter().map(|level| (level, run(level))).collect();
        for (level, found) in &all {
            assert!(found.0.is_some_and(|epochs| epochs > 1), "{level}: it was learnt, and not at once");
            assert!(*found == all[0].1, "{level} differs from {}", all[0].0);
        }
    }
}

#[test]
fn the_edge_is_yes_and_nan_is_no() {
    for level in levels::all() {
        assert!(Perceptron::<3>::ZERO.predict(level, &[1.0, -2.0, 3.0]), "{level}: +0");
        let bias = Perceptron { weights: [], bias: -0.0 };
        assert!(bias.predict(level, &[]), "{level}: -0, without inputs");
        assert!(!Perceptron { weights: [], bias: -1e-45 }.predict(level, &[]), "{level}: just below");
        for (x, yes) in [(f32::NAN, false), (f32::INFINITY, true), (f32::NEG_INFINITY, false)] {
            let perceptron = Perceptron { weights: [0.5, 0.5], bias: 0.0 };
            assert_eq!(perceptron.predict(level, &[1.0, x]), yes, "{level}: {x}");
        }
    }
}

#[test]
fn batches_that_make_no_sense_are_refused_and_empty_ones_are_learnt() {
    for level in levels::all() {
        let mut perceptron = Perceptron { weights: [0.5, -0.5], bias: 0.25 };
        let before = perceptron;
        for targets in [&[][..], &[true; 3], &[true; 5]] {
            let error = ShapeError::Length { operand: "targets", expected: 4, found: targets.len() };
            assert_eq!(perceptron.fit(level, &CORNERS, targets, 1.0, 9), Err(error), "{level}");
        }
        assert_eq!(perceptron.fit(level, &[], &[], 1.0, 9), Ok(Some(1)), "{level}: no row, no mistake");
        assert_eq!(perceptron.fit(level, &CORNERS, &[true; 4], 1.0, 0), Ok(None), "{level}: no epoch");
        assert_eq!(perceptron, before, "{level}: nothing was changed");
    }
}
