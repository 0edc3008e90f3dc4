//! Every rule, schedules and groups, on layers of every kind, by workers and alone.

use core::array;
use core::hint::black_box;

use femto::activation::Relu;
use femto::init::Init;
use femto::layer::{Dense, Dropout, Maxout};
use femto::loss::CrossEntropy;
use femto::optimizer::{
    Adadelta, Adagrad, AdamW, Adamax, AmsGrad, Asgd, ByKind, Decoupled, Lion, NAdam, Optimizer, RAdam, RmsProp, Rprop,
    Rule, ScheduleFreeAdamW, Scheduled, Sgd,
};
use femto::schedule::{
    Cosine, CosineRestarts, Exponential, Linear, Milestones, OneCycle, Polynomial, ReduceOnPlateau, Schedule, Sequence,
    Staircase, Warmup,
};
use femto::train::{Objective, Workers};
use femto::{Flat, Level, net, vector};

type Net = net![Dense<5, 8, Relu>, Dropout<8, 25>, Maxout<8, 4, 2>, Dense<4, 3>];

const ROWS: usize = 7;

pub(crate) fn work(level: Level) -> bool {
    let applied = [
        apply(level, Sgd::new(0.1)),
        apply(level, Asgd::new(0.1)),
        apply(level, Adagrad::new(0.1)),
        apply(level, Adadelta::new(1.0)),
        apply(level, RmsProp::<true>::new(0.01).with_momentum(0.9)),
        apply(level, Rprop::new(0.01)),
        apply(level, AmsGrad::new(0.01)),
        apply(level, Adamax::new(0.01)),
        apply(level, RAdam::new(0.01)),
        apply(level, Lion::new(0.01)),
        apply(level, ScheduleFreeAdamW::new(0.01)),
    ];
    let kinds = ByKind { weights: AdamW::new(0.01), biases: AdamW::new(0.1) };
    let cosine = Cosine { rate: 0.1, end: 0.0, steps: 9 };
    applied.iter().all(|is_right| *is_right)
        && step(level, kinds)
        && step(level, Scheduled { rule: Decoupled { rule: NAdam::new(1.0), weight_decay: 0.1 }, schedule: cosine })
        && rates()
        && sums(level)
}

/// A rule over a gradient that is there: small loops, where a step of a network would be compiled for each rule.
fn apply<R: Rule<MOMENTS>, const MOMENTS: usize>(level: Level, rule: R) -> bool {
    let (mut weights, gradient) = ([1.0; 37], [black_box(0.5); 37]);
    let mut optimizer = Optimizer::new(rule);
    for _ in 0..black_box(3) {
        optimizer.apply(level, &mut weights, &gradient);
    }
    weights.iter().all(|w| *w < 1.0)
}

/// Shares run one after the other.
#[derive(Clone, Copy)]
struct Shares(Level);

impl Workers for Shares {
    fn level(self) -> Level {
        self.0
    }

    fn shares(self, _multiply_accumulates: usize) -> usize {
        black_box(3)
    }

    fn run<J: Send>(self, jobs: impl ExactSizeIterator<Item = J>, work: impl Fn(J) + Sync) {
        jobs.for_each(work);
    }
}

/// Steps by workers and alone end with the same bits.
fn step<R: Rule<MOMENTS>, const MOMENTS: usize>(level: Level, rule: R) -> bool {
    let inputs: [[f32; 5]; ROWS] = array::from_fn(|r| array::from_fn(|c| (r * c % 4) as f32));
    let classes: [u8; ROWS] = array::from_fn(|r| (r % 3) as u8);
    let rows = black_box(ROWS);
    let (Some(inputs), Some(classes)) = (inputs.get(..rows), classes.get(..rows)) else { return false };
    let objective = Objective { l1: black_box(1e-3), l2: black_box(1e-3), ..Objective::mean(CrossEntropy) };
    let mut alone = Net::ZERO;
    alone.init(Init::HeUniform, 1);
    let mut divided = alone.clone();
    let (mut a, mut b) = (Optimizer::new(rule), Optimizer::new(rule));
    let mut tape = [Net::TAPE; ROWS];
    for _ in 0..black_box(3) {
        let one = alone.step(level, &objective, inputs, classes, &mut tape, &mut a);
        let other = divided.step_on(Shares(level), &objective, inputs, classes, &mut tape, &mut b);
        if one != other {
            return false;
        }
    }
    alone == divided
}

fn rates() -> bool {
    let mut plateau = ReduceOnPlateau::new(black_box(0.1));
    let cosine = Cosine { rate: 0.1, end: 0.0, steps: black_box(10) };
    let sequence = Sequence { first: Warmup { steps: 2, start: 0.1, then: cosine }, steps: 5, then: cosine };
    (0..black_box(30)).all(|step| {
        let rates = [
            sequence.rate(step),
            Linear { from: 1.0, to: 0.0, steps: black_box(0) }.rate(step),
            Polynomial { rate: 1.0, end: 0.0, steps: black_box(10), power: 2.0 }.rate(step),
            Exponential { rate: 1.0, factor: 0.9 }.rate(step),
            Staircase { rate: 1.0, factor: 0.5, every: black_box(0) }.rate(step),
            Milestones { rate: 1.0, factor: 0.1, milestones: black_box([3, 9]) }.rate(step),
            CosineRestarts { rate: 1.0, end: 0.0, steps: black_box(3), factor: black_box(2) }.rate(step),
            OneCycle::new(1.0, black_box(20)).rate(step),
            plateau.observe(step as f32),
        ];
        rates.iter().all(|rate| rate.is_finite())
    })
}

fn sums(level: Level) -> bool {
    let (a, mut b) = ([1.0; 37], [2.0; 37]);
    let (a, b) = (black_box(&a[..]), black_box(&mut b[..]));
    let added = vector::axpy(level, 2.0, a, b).is_ok();
    vector::scale(level, 0.5, b);
    added && vector::dot(level, a, b) == Ok(74.0) && vector::sum(level, b) == 74.0 && vector::norm(level, a) > 6.0
}
