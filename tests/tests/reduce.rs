//! Sums across a row, sums over rows and maxima: 16 virtual lanes and the tree 8-4-2-1, whatever the vectors are. Each
//! is written down once more, one number at a time, and must have the same bits on every level.

use femto::layer::{Chain, Dense};
use femto::loss::{
    BinaryCrossEntropy, CrossEntropy, HalfSquaredError, Loss, MeanAbsoluteError, MeanSquaredError, Reduction,
    SumSquaredError,
};
use femto::simd::{self, Simd};
use femto::softmax::{softmax, softmax_backward};
use femto::train::Objective;
use femto::{Arithmetic, Flat, Level, Net, math};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};
use femto_tests::reference::{fold, mac, sum};

/// Several rounds of 16, and a tail that is a multiple of 4 but of no more.
const LONGEST: usize = 100;

/// With input 0 and the biases of the first layer 0, the outputs are the biases of the second.
type Biased = Net<Chain<Dense<1, 7>, Dense<7, LONGEST>>>;

fn biased(outputs: &[f32; LONGEST]) -> Biased {
    let mut net = Biased::ZERO;
    net.layers.tail.biases = *outputs;
    net
}

/// The first `len` outputs and targets.
#[derive(Clone, Debug)]
struct Part {
    len: usize,
    target: [f32; LONGEST],
}

/// What is computed of a part of a row, as a "loss": so the code runs on the level of the call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Probe {
    /// The last output.
    Last,
    Sum,
    /// Steps and combinations that can be told from any other order.
    Fold,
    MeanSquaredError,
    SumSquaredError,
    HalfSquaredError,
    MeanAbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    /// Of the class `len / 2`.
    OfClass,
}

const PROBES: [Probe; 9] = [
    Probe::Sum,
    Probe::Fold,
    Probe::MeanSquaredError,
    Probe::SumSquaredError,
    Probe::HalfSquaredError,
    Probe::MeanAbsoluteError,
    Probe::BinaryCrossEntropy,
    Probe::CrossEntropy,
    Probe::OfClass,
];

impl Loss<Part> for Probe {
    fn accepts(target: &Part, outputs: usize) -> bool {
        target.len <= outputs
    }

    #[inline(always)]
    fn value<S: Simd>(self, s: S, y: &[f32], Part { len, target }: &Part) -> f32 {
        let y = &y[..*len];
        match self {
            Self::Last => y[len - 1],
            Self::Sum => simd::sum(s, y),
            Self::Fold => simd::fold(
                s,
                [y, target],
                0.25,
                #[inline(always)]
                |acc, [y, t]| s.mac(y, acc, t),
                #[inline(always)]
                |a, b| s.sub(a, b),
            ),
            // The sums end with the shorter slice; the factors are those of all outputs.
            Self::MeanSquaredError => MeanSquaredError.value(s, y, target),
            Self::SumSquaredError => SumSquaredError.value(s, y, target),
            Self::HalfSquaredError => HalfSquaredError.value(s, y, target),
            Self::MeanAbsoluteError => MeanAbsoluteError.value(s, y, target),
            Self::BinaryCrossEntropy => BinaryCrossEntropy.value(s, y, target),
            Self::CrossEntropy => CrossEntropy.value(s, y, target),
            Self::OfClass => CrossEntropy.value(s, y, &(len / 2)),
        }
    }

    #[inline(always)]
    fn gradient<S: Simd>(self, s: S, y: &[f32], target: &Part, _scale: f32, _delta: &mut [f32]) -> f32 {
        self.value(s, y, target)
    }
}

/// The largest of `y`.
fn max(y: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if a < b { b } else { a };
    fold(y.len(), f32::NEG_INFINITY, |acc, i| larger(acc, y[i]), larger)
}

/// `e^(y - max)` and their sum. The elementary functions have the same bits on all levels of a class.
fn exponentials(level: Level, y: &[f32]) -> (Vec<f32>, f32) {
    let max = max(y);
    let mut e: Vec<f32> = y.iter().map(|y| y - max).collect();
    math::exp_slice(level, &mut e);
    let total = sum(&e);
    (e, total)
}

fn of_one(level: Level, function: fn(Level, &mut [f32]), x: f32) -> f32 {
    let mut xs = [x];
    function(level, &mut xs);
    xs[0]
}

impl Probe {
    fn expected(self, level: Level, y: &[f32], t: &[f32]) -> f32 {
        let arithmetic = level.arithmetic();
        let add = |a: f32, b: f32| a + b;
        let squares = || fold(y.len(), 0.0, |acc, i| mac(arithmetic, y[i] - t[i], y[i] - t[i], acc), add);
        let log_sum = || of_one(level, math::ln_slice, exponentials(level, y).1);
        let mean = 1.0 / LONGEST as f32;
        match self {
            Self::Last => y[y.len() - 1],
            Self::Sum => sum(y),
            Self::Fold => fold(y.len(), 0.25, |acc, i| mac(arithmetic, y[i], acc, t[i]), |a, b| a - b),
            Self::MeanSquaredError => squares() * mean,
            Self::SumSquaredError => squares(),
            Self::HalfSquaredError => squares() * 0.5,
            Self::MeanAbsoluteError => fold(y.len(), 0.0, |acc, i| acc + (y[i] - t[i]).abs(), add) * mean,
            Self::BinaryCrossEntropy => {
                let of_output = |y: f32, t: f32| {
                    // ln(1 + e^-|y|), which is softplus where there is no ramp.
                    let log1p = of_one(level, math::softplus_slice, -y.abs());
                    mac(arithmetic, -y, t, y.max(0.0)) + log1p
                };
                fold(y.len(), 0.0, |acc, i| acc + of_output(y[i], t[i]), add) * mean
            }
            Self::CrossEntropy => {
                let (max, log_sum) = (max(y), log_sum());
                fold(y.len(), 0.0, |acc, i| mac(arithmetic, t[i], log_sum - (y[i] - max), acc), add)
            }
            Self::OfClass => log_sum() - (y[y.len() / 2] - max(y)),
        }
    }
}

fn row(numbers: &mut Numbers, size: f32) -> [f32; LONGEST] {
    std::array::from_fn(|_| size * numbers.unit())
}

fn evaluate(level: Level, net: &Biased, objective: &Objective<Probe>, targets: &[Part]) -> f32 {
    let inputs = vec![[0.0]; targets.len()];
    net.evaluate(level, objective, &inputs, targets, &mut vec![Biased::TAPE; targets.len()]).expect("the batch fits")
}

#[test]
fn sums_across_a_row_are_the_plain_ones() {
    let mut numbers = Numbers::new(80);
    let (outputs, target) = (row(&mut numbers, 3.0), row(&mut numbers, 1.0));
    let net = biased(&outputs);
    for level in levels::all() {
        for probe in PROBES {
            for len in 1..=LONGEST {
                let found = evaluate(level, &net, &Objective::sum(probe), &[Part { len, target }]);
                let expected = probe.expected(level, &outputs[..len], &target[..len]);
                assert_eq!(
                    found.to_bits(),
                    expected.to_bits(),
                    "{probe:?} of {len} numbers on {level}: {found:e} is not {expected:e}"
                );
            }
        }
    }
}

/// The order is seen only if another order gives other bits.
#[test]
fn the_numbers_of_these_tests_tell_orders_apart() {
    let mut numbers = Numbers::new(80);
    let outputs = row(&mut numbers, 3.0);
    let different = |other: fn(&[f32]) -> f32| {
        (1..=LONGEST).filter(|len| other(&outputs[..*len]).to_bits() != sum(&outputs[..*len]).to_bits()).count()
    };
    let one_after_the_other = |xs: &[f32]| xs.iter().sum();
    let eight_lanes = |xs: &[f32]| {
        let mut lanes = [0.0; 8];
        xs.iter().enumerate().for_each(|(i, x)| lanes[i % 8] += x);
        (lanes[0] + lanes[4] + (lanes[2] + lanes[6])) + (lanes[1] + lanes[5] + (lanes[3] + lanes[7]))
    };
    for (order, count) in [("one chain", different(one_after_the_other)), ("8 lanes", different(eight_lanes))] {
        assert!(count > 30, "{order} differs for {count} of {LONGEST} lengths only");
    }
}

#[test]
fn sums_over_the_rows_of_a_batch_are_the_plain_ones() {
    let mut numbers = Numbers::new(81);
    let losses = row(&mut numbers, 3.0);
    let net = biased(&losses);
    let targets: Vec<Part> = (1..=LONGEST).map(|len| Part { len, target: [0.0; LONGEST] }).collect();
    for level in levels::all() {
        for rows in 1..=LONGEST {
            for reduction in [Reduction::Sum, Reduction::Mean] {
                let objective = Objective { reduction, ..Objective::sum(Probe::Last) };
                let found = evaluate(level, &net, &objective, &targets[..rows]);
                let total = sum(&losses[..rows]);
                let expected = if reduction == Reduction::Sum { total } else { total / rows as f32 };
                assert_eq!(found.to_bits(), expected.to_bits(), "{reduction:?} of {rows} rows on {level}");
            }
        }
    }
}

#[test]
fn the_penalty_is_the_plain_sum_of_squares_of_the_weights() {
    let mut numbers = Numbers::new(82);
    let mut net = biased(&[0.0; LONGEST]);
    net.layers.head.weights.as_flattened_mut().iter_mut().for_each(|w| *w = numbers.unit());
    net.layers.tail.weights.as_flattened_mut().iter_mut().for_each(|w| *w = numbers.unit());
    // Biases are not penalised; that of the last output is no part of the loss of the first.
    net.layers.tail.biases[LONGEST - 1] = 100.0;
    let squares =
        |arithmetic: Arithmetic, w: &[f32]| fold(w.len(), 0.0, |acc, i| mac(arithmetic, w[i], w[i], acc), |a, b| a + b);
    for level in levels::all() {
        for reduction in [Reduction::Sum, Reduction::Mean] {
            let objective = Objective { reduction, l2: 0.03, ..Objective::mean(Probe::Last) };
            let targets = vec![Part { len: 1, target: [0.0; LONGEST] }; 3];
            let found = evaluate(level, &net, &objective, &targets);
            let head = squares(level.arithmetic(), net.layers.head.weights.as_flattened());
            let tail = squares(level.arithmetic(), net.layers.tail.weights.as_flattened());
            let expected = 0.5 * 0.03 * (head + tail);
            assert_eq!(found.to_bits(), expected.to_bits(), "{reduction:?} on {level}: {found} {expected}");
        }
    }
}

#[test]
fn softmax_divides_by_the_plain_sum() {
    let mut numbers = Numbers::new(83);
    let (logits, deltas) = (row(&mut numbers, 5.0), row(&mut numbers, 1.0));
    for level in levels::all() {
        for len in 1..=LONGEST {
            let (e, total) = exponentials(level, &logits[..len]);
            let expected: Vec<f32> = e.iter().map(|e| e / total).collect();
            let mut p = logits[..len].to_vec();
            softmax(level, &mut p);
            assert!(bits(&p) == bits(&expected), "softmax of {len} logits on {level}");
            let deltas = &deltas[..len];
            let dot = fold(len, 0.0, |acc, i| mac(level.arithmetic(), p[i], deltas[i], acc), |a, b| a + b);
            let expected: Vec<f32> = p.iter().zip(deltas).map(|(p, d)| p * (d - dot)).collect();
            let mut found = deltas.to_vec();
            softmax_backward(level, &p, &mut found).unwrap();
            assert!(bits(&found) == bits(&expected), "its backward pass, {len} deltas on {level}");
        }
    }
}
