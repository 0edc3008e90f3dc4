//! What a training step promises of bits: both routes to an update agree, all levels of a class agree, and batches,
//! tapes and scratch may be cut in any way.

use femto::activation::{Relu, Tanh};
use femto::layer::{Chain, Dense, Layer, TapeOf};
use femto::loss::{CrossEntropy, Loss, MeanSquaredError};
use femto::optimizer::{Adam, Momentum, Optimizer, Rule, Sgd};
use femto::simd::Simd;
use femto::train::Objective;
use femto::{Flat, Level, Net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};

/// No size is a multiple of a vector.
type Odd = Chain<Dense<13, 17, Tanh>, Chain<Dense<17, 5, Relu>, Dense<5, 3>>>;
type Digits = Chain<Dense<64, 32, Relu>, Dense<32, 10>>;

const ROWS: usize = 33;
const BATCHES: [usize; 5] = [1, 2, 7, 32, ROWS];

/// A net with data, of which a test takes the first rows.
struct Problem<L: Layer, T, F> {
    name: &'static str,
    net: Net<L>,
    loss: F,
    inputs: Vec<L::In>,
    targets: Vec<T>,
}

fn random_net<L: Layer>(numbers: &mut Numbers) -> Net<L> {
    let mut net = Net::ZERO;
    random(&mut net, 0.5, numbers);
    net
}

fn random(value: &mut impl Flat, size: f32, numbers: &mut Numbers) {
    value.as_mut_slice().iter_mut().for_each(|x| *x = size * numbers.unit());
}

fn odd() -> Problem<Odd, [f32; 3], MeanSquaredError> {
    let mut numbers = Numbers::new(20);
    Problem {
        name: "13-17-5-3",
        net: random_net(&mut numbers),
        loss: MeanSquaredError,
        inputs: numbers.rows(ROWS),
        targets: numbers.rows(ROWS),
    }
}

fn digits() -> Problem<Digits, u8, CrossEntropy> {
    let mut numbers = Numbers::new(21);
    Problem {
        name: "64-32-10",
        net: random_net(&mut numbers),
        loss: CrossEntropy,
        inputs: numbers.rows(ROWS),
        targets: (0..ROWS).map(|_| numbers.below(10) as u8).collect(),
    }
}

/// A tape as an earlier batch might have left it: NaN would show in every number made from it.
fn used_tape<L: Layer>(rows: usize) -> Vec<TapeOf<L>> {
    let mut tape = vec![Net::<L>::TAPE; rows];
    tape.iter_mut().for_each(|row| row.as_mut_slice().fill(f32::NAN));
    tape
}

/// Everything that learning changes, after some steps.
#[derive(PartialEq)]
struct State {
    losses: Vec<u32>,
    parameters: Vec<u32>,
    moments: Vec<Vec<u32>>,
    steps: u32,
}

impl State {
    fn new<L: Layer, R: Rule<MOMENTS>, const MOMENTS: usize>(
        losses: &[f32],
        net: &Net<L>,
        optimizer: &Optimizer<Net<L>, R, MOMENTS>,
    ) -> Self {
        Self {
            losses: bits(losses),
            parameters: bits(net.as_slice()),
            moments: optimizer.moments().iter().map(|m| bits(m.as_slice())).collect(),
            steps: optimizer.steps(),
        }
    }
}

const STEPS: usize = 50;

/// How a run learns.
#[derive(Clone, Copy)]
struct Run<R> {
    level: Level,
    rule: R,
    batch: usize,
    l1: f32,
    l2: f32,
}

impl<L: Layer + Clone + PartialEq, T, F: Loss<T>> Problem<L, T, F> {
    fn objective(&self, l1: f32, l2: f32) -> Objective<F> {
        Objective { l1, l2, ..Objective::mean(self.loss) }
    }

    fn learn_in_place<R: Rule<MOMENTS>, const MOMENTS: usize>(&self, run: Run<R>) -> State {
        let (mut net, mut optimizer) = (self.net.clone(), Optimizer::new(run.rule));
        let mut tape = used_tape::<L>(run.batch);
        let (inputs, targets) = (&self.inputs[..run.batch], &self.targets[..run.batch]);
        let step = |_| {
            net.step(run.level, &self.objective(run.l1, run.l2), inputs, targets, &mut tape, &mut optimizer)
                .expect("the batch fits")
        };
        let losses: Vec<f32> = (0..STEPS).map(step).collect();
        State::new(&losses, &net, &optimizer)
    }

    fn learn_from_gradients<R: Rule<MOMENTS>, const MOMENTS: usize>(&self, run: Run<R>) -> State {
        let (mut net, mut optimizer) = (self.net.clone(), Optimizer::new(run.rule));
        let mut tape = used_tape::<L>(run.batch);
        let step = |_| {
            let mut gradient = Net::ZERO;
            let loss = self.gradient_of(
                &net,
                run.level,
                &self.objective(run.l1, run.l2),
                0..run.batch,
                &mut tape,
                &mut gradient,
            );
            optimizer.apply(run.level, &mut net, &gradient);
            loss
        };
        let losses: Vec<f32> = (0..STEPS).map(step).collect();
        State::new(&losses, &net, &optimizer)
    }

    fn gradient_of(
        &self,
        net: &Net<L>,
        level: Level,
        objective: &Objective<F>,
        rows: std::ops::Range<usize>,
        tape: &mut [TapeOf<L>],
        gradient: &mut Net<L>,
    ) -> f32 {
        net.gradient(level, objective, &self.inputs[rows.clone()], &self.targets[rows], tape, gradient)
            .expect("the batch fits")
    }

    fn check_rule<R: Rule<MOMENTS> + std::fmt::Debug, const MOMENTS: usize>(&self, rule: R) {
        for (batch, l1, l2) in
            BATCHES.into_iter().flat_map(|batch| [(batch, 0.0, 0.0), (batch, 0.0, 0.01), (batch, 0.003, 0.01)])
        {
            for arithmetic in levels::CLASSES {
                let mut of_class: Option<(Level, State)> = None;
                for level in levels::of_class(arithmetic) {
                    let case = format!("{} batch {batch} l1 {l1} l2 {l2} {rule:?} on {level}", self.name);
                    let run = Run { level, rule, batch, l1, l2 };
                    let state = self.learn_in_place(run);
                    assert!(state == self.learn_from_gradients(run), "{case}: the routes differ");
                    assert_eq!(state.steps as usize, STEPS, "{case}: steps were not counted");
                    let first = f32::from_bits(state.losses[0]);
                    let last = f32::from_bits(state.losses[STEPS - 1]);
                    assert!(last < first, "{case}: nothing was learnt, the loss went from {first} to {last}");
                    match &of_class {
                        None => of_class = Some((level, state)),
                        Some((reference, expected)) => {
                            assert!(state == *expected, "{case}: other bits than on {reference}");
                        }
                    }
                }
            }
        }
    }

    fn check_rules(&self) {
        self.check_rule(Sgd::new(0.02));
        self.check_rule(Momentum::new(0.005));
        self.check_rule(Momentum { dampening: 0.3, ..Momentum::new(0.01) });
        self.check_rule(Momentum::nesterov(0.005));
        self.check_rule(Adam::new(0.005));
    }

    fn check_accumulation(&self) {
        let objective = Objective::sum(self.loss);
        let mut numbers = Numbers::new(22);
        // Not zero at the start: what was there before is the start of the sum.
        let mut start = Net::ZERO;
        random(&mut start, 1.0, &mut numbers);
        for level in levels::all() {
            let mut tape = used_tape::<L>(ROWS);
            let mut whole = start.clone();
            self.gradient_of(&self.net, level, &objective, 0..ROWS, &mut tape, &mut whole);
            assert!(whole != start, "{}: no gradient on {level}", self.name);
            for batch in [1, 2, 7, 11, 16, 32] {
                let mut summed = start.clone();
                for first in (0..ROWS).step_by(batch) {
                    let rows = first..ROWS.min(first + batch);
                    self.gradient_of(&self.net, level, &objective, rows, &mut tape, &mut summed);
                }
                assert!(
                    bits(summed.as_slice()) == bits(whole.as_slice()),
                    "{} on {level}: batches of {batch} add up to other bits than one of {ROWS}",
                    self.name
                );
            }
        }
    }

    /// Uneven parts of a batch, the last with the penalty, and the rule over their sum: the step on the whole batch.
    fn check_parts_of_a_mean(&self) {
        let whole = self.objective(0.003, 0.01);
        let part = Objective::mean_of(self.loss, ROWS);
        let last = Objective { l1: whole.l1, l2: whole.l2, ..part };
        for level in levels::all() {
            let mut tape = used_tape::<L>(ROWS);
            let mut expected = Net::ZERO;
            let value = self.gradient_of(&self.net, level, &whole, 0..ROWS, &mut tape, &mut expected);
            let (mut found, mut values, mut first) = (Net::ZERO, 0.0, 0);
            for end in [1, 8, 10, ROWS] {
                let objective = if end == ROWS { &last } else { &part };
                values += self.gradient_of(&self.net, level, objective, first..end, &mut tape, &mut found);
                first = end;
            }
            assert!(bits(found.as_slice()) == bits(expected.as_slice()), "{} on {level}: gradient", self.name);
            assert!((values - value).abs() <= 1e-6 * value.abs(), "{} on {level}: {values}, not {value}", self.name);

            let (mut stepped, mut applied) = (self.net.clone(), self.net.clone());
            let (mut a, mut b) = (Optimizer::new(Adam::new(0.01)), Optimizer::new(Adam::new(0.01)));
            stepped.step(level, &whole, &self.inputs, &self.targets, &mut tape, &mut a).expect("the batch fits");
            b.apply(level, &mut applied, &found);
            assert!(bits(stepped.as_slice()) == bits(applied.as_slice()), "{} on {level}: step", self.name);
        }
    }

    fn check_tapes(&self) {
        for level in levels::all() {
            for batch in BATCHES {
                let case = format!("{} batch {batch} on {level}", self.name);
                let objective = self.objective(0.003, 0.01);
                let gradient = |rows| {
                    let mut gradient = Net::ZERO;
                    let mut tape = used_tape::<L>(rows);
                    let loss = self.gradient_of(&self.net, level, &objective, 0..batch, &mut tape, &mut gradient);
                    (loss.to_bits(), bits(gradient.as_slice()))
                };
                let exact = gradient(batch);
                for more in [1, 15, 40] {
                    assert!(gradient(batch + more) == exact, "{case}: {more} more rows of tape change the bits");
                }
                for rows in [1, 2, 5, 16, ROWS, 50] {
                    let (inputs, targets) = (&self.inputs[..batch], &self.targets[..batch]);
                    let mut tape = used_tape::<L>(rows);
                    let loss =
                        self.net.evaluate(level, &objective, inputs, targets, &mut tape).expect("the batch fits");
                    assert_eq!(loss.to_bits(), exact.0, "{case}: evaluated on {rows} rows of tape, {loss}");
                }
            }
        }
    }

    fn check_predictions(&self) {
        for level in levels::all() {
            let alone: Vec<Vec<u32>> =
                self.inputs.iter().map(|x| bits(self.net.predict(level, x).as_slice())).collect();
            for (rows, batch) in [(1, 33), (2, 33), (5, 32), (16, 33), (33, 33), (50, 33), (8, 7), (3, 1), (1, 0)] {
                let mut scratch = vec![Net::<L>::SCRATCH; rows];
                scratch.iter_mut().for_each(|row| row.as_mut_slice().fill(f32::NAN));
                let mut y = vec![L::Out::ZERO; batch];
                self.net.predict_batch(level, &self.inputs[..batch], &mut scratch, &mut y).expect("the batch fits");
                let together: Vec<Vec<u32>> = y.iter().map(|y| bits(y.as_slice())).collect();
                assert!(
                    together == alone[..batch],
                    "{} on {level}: a row among {batch}, {rows} at a time, differs from the row alone",
                    self.name
                );
            }
            for (x, alone) in self.inputs.iter().zip(&alone) {
                for (output, expected) in alone.iter().enumerate() {
                    let mut tape = used_tape::<L>(1);
                    let found = self
                        .net
                        .evaluate(level, &Objective::sum(OutputItself), std::slice::from_ref(x), &[output], &mut tape)
                        .expect("the batch fits");
                    assert_eq!(
                        found.to_bits(),
                        (f32::from_bits(*expected) + 0.0).to_bits(),
                        "{} on {level}: output {output} differs between learning and predicting",
                        self.name
                    );
                }
            }
        }
    }
}

/// The output of that index as a "loss": shows what the forward pass of a training step computed.
#[derive(Clone, Copy, Debug)]
struct OutputItself;

impl Loss<usize> for OutputItself {
    fn accepts(target: &usize, outputs: usize) -> bool {
        *target < outputs
    }

    fn value<S: Simd>(self, _s: S, y: &[f32], target: &usize) -> f32 {
        y[*target]
    }

    fn gradient<S: Simd>(self, _s: S, y: &[f32], target: &usize, scale: f32, delta: &mut [f32]) -> f32 {
        delta.fill(0.0);
        delta[*target] = scale;
        y[*target]
    }
}

#[test]
fn both_routes_and_all_levels_of_a_class_give_the_same_bits_with_odd_sizes() {
    odd().check_rules();
}

#[test]
fn both_routes_and_all_levels_of_a_class_give_the_same_bits_with_digits() {
    digits().check_rules();
}

#[test]
fn summed_gradients_of_batches_are_the_bits_of_one_batch() {
    odd().check_accumulation();
    digits().check_accumulation();
}

#[test]
fn gradients_of_parts_of_a_mean_add_up_to_the_bits_of_the_whole() {
    odd().check_parts_of_a_mean();
    digits().check_parts_of_a_mean();
}

#[test]
fn a_mean_of_no_rows_counts_as_one() {
    let case = odd();
    for level in levels::all() {
        let value = |objective: &Objective<_>| {
            let mut tape = used_tape::<Odd>(ROWS);
            case.net.evaluate(level, objective, &case.inputs, &case.targets, &mut tape).expect("the batch fits")
        };
        let sum = value(&Objective::sum(case.loss));
        assert_eq!(value(&Objective::mean_of(case.loss, 0)).to_bits(), sum.to_bits(), "{level}");
        assert_eq!(value(&Objective::mean_of(case.loss, 3)).to_bits(), (sum / 3.0).to_bits(), "{level}");
    }
}

#[test]
fn the_length_of_the_tape_does_not_show_and_evaluating_gives_the_loss_of_the_gradient() {
    odd().check_tapes();
    digits().check_tapes();
}

#[test]
fn a_row_alone_is_predicted_with_the_bits_of_the_row_in_any_batch() {
    odd().check_predictions();
    digits().check_predictions();
}
