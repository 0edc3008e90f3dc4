//! The elementary functions: stated errors, special values, and the same bits on every level.
//!
//! The default run takes a sample of all bit patterns. Before a release all 2^32 are run (about a quarter of an hour on
//! two cores): `cargo test --release -p femto-tests --test math -- --ignored --nocapture`.

use femto::{Arithmetic, Level, math};
use femto_tests::levels;

type OfSlice = fn(Level, &mut [f32]);

struct Function {
    name: &'static str,
    of_slice: OfSlice,
    exact: fn(f64) -> f64,
}

const FUNCTIONS: [Function; 5] = [
    Function { name: "exp", of_slice: math::exp_slice, exact: f64::exp },
    Function { name: "ln", of_slice: math::ln_slice, exact: f64::ln },
    Function { name: "tanh", of_slice: math::tanh_slice, exact: f64::tanh },
    Function { name: "sigmoid", of_slice: math::sigmoid_slice, exact: exact_sigmoid },
    Function { name: "softplus", of_slice: math::softplus_slice, exact: exact_softplus },
];

/// The source of the documentation of `femto::math`, whose table states the errors. The tests read it, so that what is
/// stated is what is tested.
const DOCUMENTATION: &str = include_str!("../../core/src/math/mod.rs");

/// The functions of the table, each with its worst errors in ulp: fused, unfused.
fn stated_errors() -> Vec<(&'static str, [f64; 2])> {
    let ulp = |cell: &str| cell.trim().strip_suffix(" ulp")?.parse().ok();
    let of_row = |row: &'static str| {
        let (name, bounds) = row.split_once("()`] |")?;
        let (fused, unfused) = bounds.strip_suffix('|')?.split_once('|')?;
        Some((name, [ulp(fused)?, ulp(unfused)?]))
    };
    let rows = DOCUMENTATION.lines().filter_map(|line| line.strip_prefix("//! | [`"));
    rows.map(|row| of_row(row).expect("a row of the table is a function and two errors in ulp")).collect()
}

fn exact_sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn exact_softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// |y - exact| in units in the last place of `exact` rounded to f32.
fn error_in_ulp(y: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if exact.is_nan() || y.is_nan() {
        return if exact.is_nan() && y.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if rounded.is_infinite() || y.is_infinite() {
        return if rounded == y { 0.0 } else { f64::INFINITY };
    }
    if exact.abs() < f64::from(f32::MIN_POSITIVE) && y == 0.0 {
        return 0.0;
    }
    let exponent = ((rounded.abs().to_bits() >> 23) as i32).max(1) - 127;
    let ulp = 2_f64.powi(exponent - 23);
    (f64::from(y) - exact).abs() / ulp
}

/// Runs `function` over the bit patterns, all levels of the class; the largest error and where it was.
fn check(function: &Function, levels: &[Level], patterns: impl Iterator<Item = u32>) -> (f64, f32) {
    const CHUNK: usize = 4096;
    let mut patterns = patterns.peekable();
    let mut worst = (0.0, 0.0);
    while patterns.peek().is_some() {
        let inputs: Vec<f32> = patterns.by_ref().take(CHUNK).map(f32::from_bits).collect();
        let mut reference = inputs.clone();
        (function.of_slice)(levels[0], &mut reference);
        for level in &levels[1..] {
            let mut outputs = inputs.clone();
            (function.of_slice)(*level, &mut outputs);
            for ((x, y), r) in inputs.iter().zip(&outputs).zip(&reference) {
                assert!(
                    y.to_bits() == r.to_bits() || (y.is_nan() && r.is_nan()),
                    "{}({x:e}): {level} gives {y:e}, {} gives {r:e}",
                    function.name,
                    levels[0]
                );
            }
        }
        for (x, y) in inputs.iter().zip(&reference) {
            let error = error_in_ulp(*y, (function.exact)(f64::from(*x)));
            if error > worst.0 {
                worst = (error, *x);
            }
        }
    }
    worst
}

fn run(parts: u32, stride: u32) {
    for arithmetic in levels::CLASSES {
        let levels = levels::of_class(arithmetic);
        if levels.is_empty() {
            continue;
        }
        for function in &FUNCTIONS {
            let worst = std::thread::scope(|scope| {
                let workers: Vec<_> = (0..parts)
                    .map(|part| {
                        let levels = &levels;
                        scope.spawn(move || {
                            let len = u64::from(u32::MAX) / u64::from(parts) + 1;
                            let first = u64::from(part) * len;
                            let patterns = (first..(first + len).min(1 << 32)).step_by(stride as usize);
                            check(function, levels, patterns.map(|bits| bits as u32))
                        })
                    })
                    .collect();
                workers
                    .into_iter()
                    // A worker that found a difference has said so; its part counts as infinitely wrong.
                    .map(|worker| worker.join().unwrap_or((f64::INFINITY, f32::NAN)))
                    .fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a })
            });
            println!("{} {arithmetic}: worst error {:.4} ulp at {:e}", function.name, worst.0, worst.1);
            let stated = stated_errors().into_iter().find(|(name, _)| *name == function.name);
            let bound = stated.map(|(_, bounds)| bounds[usize::from(arithmetic == Arithmetic::Unfused)]);
            assert!(Some(worst.0) <= bound, "{} {arithmetic}: {} ulp at {:e}", function.name, worst.0, worst.1);
        }
    }
}

#[test]
fn the_table_of_errors_has_each_function_once() {
    let names: Vec<&str> = stated_errors().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, FUNCTIONS.map(|function| function.name), "the functions that are tested, in their order");
}

#[test]
fn a_sample_keeps_the_stated_errors_and_agrees_on_all_levels() {
    // A prime stride visits all exponents, both signs and all kinds of NaN.
    run(1, 8191);
}

#[test]
#[ignore = "all 2^32 inputs: run before a release"]
fn every_input_keeps_the_stated_errors_and_agrees_on_all_levels() {
    run(2, 1);
}

#[test]
fn special_values_are_as_documented() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let cases: [(OfSlice, &[(f32, f32)]); 5] = [
        (math::exp_slice, &[(nan, nan), (inf, inf), (-inf, 0.0), (0.0, 1.0), (-0.0, 1.0), (88.8, inf), (-87.4, 0.0)]),
        (math::ln_slice, &[(nan, nan), (inf, inf), (-inf, nan), (0.0, -inf), (-0.0, -inf), (-1.0, nan), (1.0, 0.0)]),
        (math::tanh_slice, &[(nan, nan), (inf, 1.0), (-inf, -1.0), (0.0, 0.0), (-0.0, -0.0), (1e-40, 1e-40)]),
        (math::sigmoid_slice, &[(nan, nan), (inf, 1.0), (-inf, 0.0), (0.0, 0.5), (-0.0, 0.5), (-87.4, 0.0)]),
        (math::softplus_slice, &[(nan, nan), (inf, inf), (-inf, 0.0), (-87.4, 0.0), (1e30, 1e30)]),
    ];
    for level in levels::all() {
        for (of_slice, table) in cases {
            for (x, expected) in table {
                // Long enough for full vectors, and with a tail.
                let mut xs = [*x; 19];
                of_slice(level, &mut xs);
                for y in xs {
                    assert!(
                        y.to_bits() == expected.to_bits() || (y.is_nan() && expected.is_nan()),
                        "{level}: {x:e} gives {y:e}, not {expected:e}"
                    );
                }
            }
        }
    }
}

#[test]
fn neighbours_do_not_change_a_result() {
    for level in levels::all() {
        for function in &FUNCTIONS {
            let mut alone = [0.3_f32];
            (function.of_slice)(level, &mut alone);
            for len in 1..40 {
                for place in 0..len {
                    let mut xs = vec![f32::NAN; len];
                    xs[place] = 0.3;
                    (function.of_slice)(level, &mut xs);
                    assert_eq!(xs[place].to_bits(), alone[0].to_bits(), "{} {level} {len} {place}", function.name);
                }
            }
        }
    }
}

#[test]
fn what_lies_beside_a_slice_is_left_alone() {
    const BEFORE: usize = 5;
    let functions = FUNCTIONS.iter().map(|function| (function.name, function.of_slice));
    for (name, of_slice) in functions.chain([("softmax", femto::softmax::softmax as OfSlice)]) {
        for level in levels::all() {
            for len in 0..40 {
                let mut place = [0.3_f32; 64];
                of_slice(level, &mut place[BEFORE..BEFORE + len]);
                let (before, after) = (&place[..BEFORE], &place[BEFORE + len..]);
                assert!(before.iter().chain(after).all(|x| *x == 0.3), "{name} {level} {len}: {place:?}");
            }
        }
    }
}
