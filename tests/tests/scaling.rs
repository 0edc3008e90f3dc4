//! Scaling of inputs: against scikit-learn and f64, numbers at the edge, and a first layer that does it by itself.

use femto::activation::{Identity, Relu, Tanh};
use femto::layer::Dense;
use femto::scaling::{RangeError, Scaler};
use femto::{Flat, Net, net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};

/// More than two blocks of columns, and a part of one.
const COLUMNS: usize = 37;

/// Columns with means from -1e3 to 1e3 and widths from 1e-2 to 1e2.
fn rows(seed: u64, len: usize) -> Vec<[f32; COLUMNS]> {
    let mut rows = Numbers::new(seed).rows::<COLUMNS>(len);
    for row in &mut rows {
        for (column, x) in row.iter_mut().enumerate() {
            let mean = [0.0, 1.0, -1000.0, 50.0, 1000.0][column % 5];
            *x = mean + *x * [1.0, 100.0, 0.01, 10.0][column % 4];
        }
    }
    rows
}

fn column<const N: usize>(rows: &[[f32; N]], column: usize) -> Vec<f64> {
    rows.iter().map(|row| f64::from(row[column])).collect()
}

/// Mean and variance of the population, by their definition.
fn moments(xs: &[f64]) -> (f64, f64) {
    let n = xs.len() as f64;
    let mean = xs.iter().sum::<f64>() / n;
    (mean, xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
}

#[test]
fn fits_are_those_of_scikit_learn() {
    // x = numpy.array([...], dtype=numpy.float32); s = StandardScaler().fit(x.astype(float))  # scikit-learn 1.9.1
    let x = [
        [1.0, -5.0, 7.0, 1e6 + 0.5, 1e-3],
        [2.0, 0.25, 7.0, 1e6 + 1.0, -2e-3],
        [4.0, 9.0, 7.0, 1e6 - 3.0, 5e-4],
        [8.0, f32::NAN, 7.0, 1e6 + 8.0, 0.0],
    ];
    let scaler = Scaler::fit_standard(&x);
    // s.mean_, s.scale_
    let means: [f32; 5] = [3.75, 1.416_666_7, 7.0, 1_000_001.6, -1.25e-4];
    let deviations = [2.680_951_3, 5.774_705_4, 1.0, 3.990_222_4, 1.138_804_2e-3];
    for i in 0..5 {
        assert!((scaler.shift[i] - means[i]).abs() <= 1.2e-7 * means[i].abs(), "mean {i}: {}", scaler.shift[i]);
        assert!((scaler.scale[i] * deviations[i] - 1.0).abs() <= 2e-7, "deviation {i}: {}", 1.0 / scaler.scale[i]);
    }
    // s.transform(x)[1:3]; the mean of a million and its neighbours in f32 lie 0.06 apart
    let expected: [[f32; 5]; 2] = [
        [-0.652_753_37, -0.202_030_51, 0.0, -0.156_632_87, -1.646_463_9],
        [0.093_250_48, 1.313_198_3, 0.0, -1.159_083_3, 0.548_821_3],
    ];
    let mut scaled = x;
    scaler.apply_rows(&mut scaled);
    for (row, expected) in scaled[1..3].iter().zip(expected) {
        for (i, (found, expected)) in row.iter().zip(expected).enumerate() {
            let tolerance = if i == 3 { 0.031_25 / 3.99 } else { 3e-7 * expected.abs() };
            assert!((found - expected).abs() <= tolerance, "column {i}: {found} is not {expected}");
        }
    }
    assert!(scaled[3][1].is_nan(), "NaN stays");

    // m = MinMaxScaler((-1, 3)).fit(x.astype(float)); m.transform(x)[1:3]
    let scaler = Scaler::fit_min_max(&x, -1.0, 3.0).unwrap();
    let expected = [[-0.428_571_43, 0.5, -1.0, 0.454_545_45, -1.0], [0.714_285_7, 3.0, -1.0, -1.0, 2.333_333_3]];
    let mut scaled = x;
    scaler.apply_rows(&mut scaled);
    for (row, expected) in scaled[1..3].iter().zip(expected) {
        for (i, (found, expected)) in row.iter().zip(expected).enumerate() {
            let tolerance = if i == 3 { 0.031_25 * 0.364 } else { 3e-7 };
            assert!((found - expected).abs() <= tolerance, "column {i} to a range: {found} is not {expected}");
        }
    }
}

#[test]
fn fits_are_the_rounded_ones_of_double_precision() {
    for len in [1, 2, 3, 10, 1000] {
        let rows = rows(600, len);
        let standard = Scaler::fit_standard(&rows);
        let range = Scaler::fit_min_max(&rows, 0.0, 1.0).unwrap();
        for i in 0..COLUMNS {
            let xs = column(&rows, i);
            let (mean, variance) = moments(&xs);
            let scale = if variance > 0.0 { 1.0 / variance.sqrt() } else { 1.0 };
            let close = |found: f32, exact: f64| (f64::from(found) - exact).abs() <= 6.1e-8 * exact.abs() + 1e-12;
            assert!(close(standard.shift[i], mean), "{len} rows: mean {} is not {mean}", standard.shift[i]);
            assert!(close(standard.scale[i], scale), "{len} rows: scale {} is not {scale}", standard.scale[i]);
            let (low, high) = xs.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
            let scale = if len > 1 { 1.0 / (high - low) } else { 1.0 };
            assert!(close(range.shift[i], low), "{len} rows: lowest {} is not {low}", range.shift[i]);
            assert!(close(range.scale[i], scale), "{len} rows: scale {} is not {scale}", range.scale[i]);
        }
    }
}

#[test]
fn scaled_rows_have_the_moments_and_the_range_asked_for() {
    let rows = rows(601, 500);
    let mut standard = rows.clone();
    Scaler::fit_standard(&rows).apply_rows(&mut standard);
    for i in 0..COLUMNS {
        let (mean, variance) = moments(&column(&standard, i));
        // A mean of 1000 is rounded by 3e-5, which for a deviation of 0.006 is 0.005.
        let (_, before) = moments(&column(&rows, i));
        let tolerance = 1e-6 + 6.1e-5 / before.sqrt();
        assert!(mean.abs() <= tolerance, "column {i}: mean {mean}");
        assert!((variance - 1.0).abs() <= 1e-6, "column {i}: variance {variance}");
    }
    for (low, high) in [(0.0, 1.0), (-1.0, 1.0), (-0.5, 7.0)] {
        let mut ranged = rows.clone();
        Scaler::fit_min_max(&rows, low, high).unwrap().apply_rows(&mut ranged);
        for i in 0..COLUMNS {
            let (xs, before) = (column(&ranged, i), column(&rows, i));
            let (min, max) = xs.iter().fold((f64::MAX, f64::MIN), |(min, max), x| (min.min(*x), max.max(*x)));
            let widest = before.iter().fold(0.0, |widest: f64, x| widest.max(x.abs()));
            let (_, variance) = moments(&before);
            // The shift is rounded as its own size has it.
            let tolerance = 1e-6 + 1e-6 * widest / variance.sqrt();
            assert!((min - f64::from(low)).abs() <= tolerance, "column {i}: {min} is not {low}");
            assert!((max - f64::from(high)).abs() <= tolerance, "column {i}: {max} is not {high}");
        }
    }
}

#[test]
fn a_column_does_not_depend_on_its_neighbours() {
    let mut rows = rows(602, 50);
    rows[7][20] = f32::NAN;
    rows[8][16] = f32::INFINITY;
    let standard = Scaler::fit_standard(&rows);
    let range = Scaler::fit_min_max(&rows, -2.0, 1.0).unwrap();
    for i in 0..COLUMNS {
        let alone: Vec<[f32; 1]> = rows.iter().map(|row| [row[i]]).collect();
        let one = Scaler::fit_standard(&alone);
        let found = [standard.shift[i], standard.scale[i]];
        assert_eq!(bits(&found), bits(&[one.shift[0], one.scale[0]]), "column {i}, standard");
        let one = Scaler::fit_min_max(&alone, -2.0, 1.0).unwrap();
        let found = [range.shift[i], range.scale[i]];
        assert_eq!(bits(&found), bits(&[one.shift[0], one.scale[0]]), "column {i}, range");
    }
}

#[test]
fn the_inverse_takes_it_back() {
    let rows = rows(603, 100);
    for scaler in [Scaler::fit_standard(&rows), Scaler::fit_min_max(&rows, -1.0, 1.0).unwrap()] {
        let mut there_and_back = rows.clone();
        scaler.apply_rows(&mut there_and_back);
        scaler.inverse_rows(&mut there_and_back);
        for (found, row) in there_and_back.iter().zip(&rows) {
            for ((found, x), shift) in found.iter().zip(row).zip(&scaler.shift) {
                // Each of four operations rounds by 6e-8 of numbers that are no larger than these.
                assert!((found - x).abs() <= 2.4e-7 * (x.abs() + shift.abs()), "{x} came back as {found}");
            }
        }
    }
}

#[test]
fn numbers_that_are_not_finite_are_passed_over() {
    let mut rows = rows(604, 20);
    let expected = (Scaler::fit_standard(&rows[..10]), Scaler::fit_min_max(&rows[..10], 0.0, 1.0).unwrap());
    for (i, row) in rows[10..].iter_mut().enumerate() {
        *row = [[f32::NAN, f32::INFINITY, f32::NEG_INFINITY][i % 3]; COLUMNS];
    }
    let found = (Scaler::fit_standard(&rows), Scaler::fit_min_max(&rows, 0.0, 1.0).unwrap());
    assert_eq!(found, expected);
    let mut row = [f32::NAN; COLUMNS];
    found.0.apply(&mut row);
    assert!(row.iter().all(|x| x.is_nan()), "NaN stays NaN");
}

#[test]
fn columns_without_a_scale_are_defined() {
    let none: [[f32; 3]; 0] = [];
    assert_eq!(Scaler::fit_standard(&none), Scaler::IDENTITY, "no rows");
    assert_eq!(Scaler::fit_min_max(&none, -1.0, 1.0), Ok(Scaler::IDENTITY), "no rows");
    let bad = [[f32::NAN], [f32::INFINITY]];
    assert_eq!(Scaler::fit_standard(&bad), Scaler::IDENTITY, "nothing finite");
    assert_eq!(Scaler::fit_min_max(&bad, -1.0, 1.0), Ok(Scaler::IDENTITY), "nothing finite");
    assert_eq!(Scaler::fit_standard(&[[]; 4]), Scaler::IDENTITY, "no columns");

    for constant in [0.0, -0.0, 0.1, -7.3, 1e30, f32::MAX, 1e-45] {
        let rows = vec![[constant]; 1001];
        let mut row = [constant];
        let standard = Scaler::fit_standard(&rows);
        assert_eq!(standard, Scaler { shift: [constant], scale: [1.0] }, "{constant}");
        standard.apply(&mut row);
        assert_eq!(row, [0.0], "{constant} becomes 0");
        let range = Scaler::fit_min_max(&rows, 0.0, 3.0).unwrap();
        assert_eq!(range, Scaler { shift: [constant], scale: [3.0] }, "{constant} to a range");
    }
}

#[test]
fn numbers_of_any_size_are_fitted() {
    for size in [1e-37, 1e-20, 1.0, 1e20, 1e38] {
        let rows = [[-3.0 * size], [-size], [size], [3.0 * size]];
        for (scaler, expected) in
            [(Scaler::fit_standard(&rows), 3.0 / 5_f32.sqrt()), (Scaler::fit_min_max(&rows, -1.0, 1.0).unwrap(), 1.0)]
        {
            let mut row = rows[3];
            scaler.apply(&mut row);
            assert!((row[0] - expected).abs() <= 3e-7, "{size:e}: {} is not {expected}", row[0]);
        }
    }
    // 1e45 is no f32.
    let tiny = [[0.0], [f32::from_bits(1)]];
    assert_eq!(Scaler::fit_standard(&tiny), Scaler::IDENTITY, "a deviation of half the smallest number");
    assert_eq!(Scaler::fit_min_max(&tiny, 0.0, 1.0), Ok(Scaler::IDENTITY), "a range of the smallest number");
    let huge = [[f32::MIN], [f32::MAX]];
    assert_eq!(Scaler::fit_min_max(&huge, 0.0, 1e-10), Ok(Scaler::IDENTITY), "a factor below the smallest number");
}

#[test]
fn a_range_without_width_is_refused() {
    let rows = [[1.0], [2.0]];
    let inf = f32::INFINITY;
    for (low, high) in [(1.0, 1.0), (1.0, 0.0), (0.0, inf), (-inf, 0.0), (0.0, f32::NAN), (f32::NAN, 0.0), (0.0, -0.0)]
    {
        let Err(error) = Scaler::fit_min_max(&rows, low, high) else { panic!("{low}..={high} was accepted") };
        let RangeError { low: found_low, high: found_high } = error;
        assert_eq!(bits(&[found_low, found_high]), bits(&[low, high]), "the range that was given");
    }
    let message = RangeError { low: 3.0, high: 1.5 }.to_string();
    assert!(message.contains("range 3 to 1.5") && message.contains("lower one first"), "{message}");
}

/// The distance between a net on scaled rows and the folded net on rows as they come, in units of what is stated.
fn folding_error(rows: &[[f32; COLUMNS]], scaler: &Scaler<COLUMNS>) -> f64 {
    type Layer = net![Dense<COLUMNS, 3>];
    let mut layer = Layer::ZERO;
    layer.as_mut_slice().copy_from_slice(&Numbers::new(605).vector(Layer::LEN));
    let mut folded = layer.clone();
    scaler.fold_into(&mut folded.layers);
    let mut worst = 0.0_f64;
    for level in levels::all() {
        for row in rows {
            let mut scaled = *row;
            scaler.apply(&mut scaled);
            let (before, after) = (layer.predict(level, &scaled), folded.predict(level, row));
            for (output, (before, after)) in before.iter().zip(after).enumerate() {
                let mut size = f64::from(layer.layers.biases[output].abs());
                for (i, x) in row.iter().enumerate() {
                    let weight = f64::from(scaler.scale[i] * layer.layers.weights[i][output]);
                    size += (f64::from(x.abs()) + f64::from(scaler.shift[i].abs())) * weight.abs();
                }
                let bound = 2.0 * (COLUMNS as f64 + 4.0) * 2_f64.powi(-24) * size;
                let error = (f64::from(*before) - f64::from(after)).abs();
                worst = worst.max(error / bound);
            }
        }
    }
    worst
}

#[test]
fn a_folded_layer_differs_by_no_more_than_is_stated() {
    for seed in 606..610 {
        let rows = rows(seed, 40);
        for scaler in [Scaler::fit_standard(&rows), Scaler::fit_min_max(&rows, -1.0, 1.0).unwrap()] {
            let worst = folding_error(&rows, &scaler);
            assert!(worst <= 1.0, "{worst} times the stated error");
            // The bound is for the worst of all roundings; an error of none at all would be no test.
            assert!(worst > 1e-4, "nothing was rounded: {worst}");
        }
    }
}

#[test]
fn folding_is_exact_where_nothing_is_rounded() {
    let scaler = Scaler { shift: [2.0, -4.0], scale: [0.5, 0.25] };
    let mut layer = Net { layers: Dense::<2, 2, Identity>::ZERO };
    layer.layers.weights = [[1.0, 2.0], [-4.0, 8.0]];
    layer.layers.biases = [0.5, -1.0];
    scaler.fold_into(&mut layer.layers);
    assert_eq!(layer.layers.weights, [[0.5, 1.0], [-1.0, 2.0]], "weights");
    assert_eq!(layer.layers.biases, [0.5 - 1.0 - 4.0, -1.0 - 2.0 + 8.0], "biases");

    let mut same = layer.clone();
    Scaler::IDENTITY.fold_into(&mut same.layers);
    assert_eq!(bits(same.as_slice()), bits(layer.as_slice()), "the identity changes nothing");
}

#[test]
fn the_first_layer_of_a_chain_takes_the_constants() {
    type Chain = net![Dense<COLUMNS, 8, Tanh>, Dense<8, 4, Relu>, Dense<4, 1>];
    let rows = rows(611, 30);
    let scaler = Scaler::fit_standard(&rows);
    for level in levels::all() {
        let mut chain = Chain::ZERO;
        chain.init(femto::init::Init::GlorotUniform, 3);
        let mut folded = chain.clone();
        scaler.fold_into(&mut folded.layers.head);
        for row in &rows {
            let mut scaled = *row;
            scaler.apply(&mut scaled);
            let ([before], [after]) = (chain.predict(level, &scaled), folded.predict(level, row));
            // Columns of mean 1000 and deviation 0.006 lose five digits.
            assert!((before - after).abs() <= 0.05, "{level}: {after} is not {before}");
        }
    }
}
