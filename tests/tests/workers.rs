//! Steps that are divided among workers have the bits of those that are not, however many shares there are and in
//! whatever order and on whatever threads they are run.

#![expect(clippy::unwrap_used, reason = "the helpers of tests unwrap as tests do")]

use std::thread;

use femto::activation::{Relu, Tanh};
use femto::init::Init;
use femto::layer::{Dense, Dropout, Layer, Maxout};
use femto::loss::{CrossEntropy, Reduction};
use femto::optimizer::{Adam, Momentum, Optimizer, Rule, Sgd};
use femto::rng::{generator, uniform};
use femto::train::{BatchError, Objective, Workers};
use femto::{Flat, Level, Net, net};
use femto_tests::levels;

type Tiny = net![Dense<5, 7, Tanh>, Dense<7, 3>];
type Noisy = net![Dense<5, 8, Relu>, Dropout<8, 30>, Maxout<8, 4, 3>, Dense<4, 3>];
type Small = net![Dense<64, 32, Relu>, Dense<32, 10>];

/// Shares run one after the other, the last one first.
#[derive(Clone, Copy)]
struct Backwards(Level, usize);

impl Workers for Backwards {
    fn level(self) -> Level {
        self.0
    }

    fn shares(self, _multiply_accumulates: usize) -> usize {
        self.1
    }

    fn run<J: Send>(self, jobs: impl ExactSizeIterator<Item = J>, work: impl Fn(J) + Sync) {
        let jobs: Vec<J> = jobs.collect();
        jobs.into_iter().rev().for_each(work);
    }
}

/// A thread for each share.
#[derive(Clone, Copy)]
struct Threads(Level, usize);

impl Workers for Threads {
    fn level(self) -> Level {
        self.0
    }

    fn shares(self, _multiply_accumulates: usize) -> usize {
        self.1
    }

    fn run<J: Send>(self, jobs: impl ExactSizeIterator<Item = J>, work: impl Fn(J) + Sync) {
        thread::scope(|scope| {
            for job in jobs {
                let work = &work;
                scope.spawn(move || work(job));
            }
        });
    }
}

fn inputs<L: Layer>(rows: usize) -> (Vec<L::In>, Vec<u8>) {
    let mut inputs = vec![L::In::ZERO; rows];
    let mut rng = generator(3, rows as u64);
    for x in inputs.iter_mut().flat_map(Flat::as_mut_slice) {
        *x = 2.0 * uniform(&mut rng) - 1.0;
    }
    (inputs, (0..rows).map(|row| (row % 3) as u8).collect())
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// The losses and parameters of three steps.
fn learnt<L: Layer, R: Rule<MOMENTS>, const MOMENTS: usize>(
    workers: impl Workers,
    rule: R,
    rows: usize,
    objective: &Objective<CrossEntropy>,
) -> Vec<u32> {
    let (inputs, classes) = inputs::<L>(rows);
    let mut net = Net::<L>::ZERO;
    net.init(Init::HeUniform, 5);
    let mut optimizer = Optimizer::new(rule);
    let mut tape = vec![Net::<L>::TAPE; rows];
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(net.step_on(workers, objective, &inputs, &classes, &mut tape, &mut optimizer).unwrap().to_bits());
    }
    seen.extend(bits(net.as_slice()));
    seen.extend(optimizer.moments().iter().flat_map(|moment| bits(moment.as_slice())));
    seen
}

/// The loss and the gradient, added to what was there.
fn gradient<L: Layer>(workers: impl Workers, rows: usize, objective: &Objective<CrossEntropy>) -> Vec<u32> {
    let (inputs, classes) = inputs::<L>(rows);
    let mut net = Net::<L>::ZERO;
    net.init(Init::HeUniform, 5);
    let mut gradient = Net::<L>::ZERO;
    gradient.init(Init::GlorotNormal, 6);
    let mut tape = vec![Net::<L>::TAPE; rows];
    let loss = net.gradient_on(workers, objective, &inputs, &classes, &mut tape, &mut gradient).unwrap();
    let mut seen = bits(gradient.as_slice());
    seen.push(loss.to_bits());
    seen
}

/// The layers of a network.
type Layers<N> = <N as femto::flat::Split>::First;

fn check<W: Workers>(level: Level, shares: usize, rows: usize, workers: W) {
    let name = format!("{level}, {shares} shares of {rows} rows");
    let mean = Objective::mean(CrossEntropy);
    let decayed = Objective { l1: 1e-3, l2: 1e-2, reduction: Reduction::Sum, ..mean };
    for objective in [mean, decayed] {
        let adam = Adam::new(1e-2);
        assert_eq!(
            learnt::<Layers<Tiny>, _, 2>(level, adam, rows, &objective),
            learnt::<Layers<Tiny>, _, 2>(workers, adam, rows, &objective),
            "{name}: Adam"
        );
        assert_eq!(
            gradient::<Layers<Tiny>>(level, rows, &objective),
            gradient::<Layers<Tiny>>(workers, rows, &objective),
            "{name}: gradient"
        );
    }
    let momentum = Momentum::new(1e-2);
    assert_eq!(
        learnt::<Layers<Noisy>, _, 1>(level, momentum, rows, &mean.seeded(3)),
        learnt::<Layers<Noisy>, _, 1>(workers, momentum, rows, &mean.seeded(3)),
        "{name}: dropout and maxout"
    );
    assert_eq!(
        gradient::<Layers<Noisy>>(level, rows, &mean.seeded(3).at_step(5)),
        gradient::<Layers<Noisy>>(workers, rows, &mean.seeded(3).at_step(5)),
        "{name}: gradient with dropout"
    );
    assert_eq!(
        learnt::<Layers<Small>, _, 1>(level, momentum, rows, &mean),
        learnt::<Layers<Small>, _, 1>(workers, momentum, rows, &mean),
        "{name}: momentum"
    );
    let sgd = Sgd::new(1e-2);
    assert_eq!(
        learnt::<Layers<Small>, _, 0>(level, sgd, rows, &decayed),
        learnt::<Layers<Small>, _, 0>(workers, sgd, rows, &decayed),
        "{name}: SGD"
    );
}

#[test]
fn shares_in_any_order_have_the_bits_of_one_go() {
    for level in levels::all() {
        for shares in [1, 2, 3, 7, 16] {
            for rows in [1, 2, 3, 8, 13, 32, 33] {
                check(level, shares, rows, Backwards(level, shares));
            }
        }
    }
}

#[test]
fn threads_have_the_bits_of_one_go() {
    let level = Level::detect();
    for shares in [2, 3, 7, 16] {
        for rows in [1, 5, 32, 61] {
            check(level, shares, rows, Threads(level, shares));
        }
    }
}

#[test]
fn no_shares_are_one_and_too_many_are_cut() {
    let level = Level::detect();
    check(level, 0, 5, Backwards(level, 0));
    check(level, usize::MAX, 5, Backwards(level, usize::MAX));
}

/// A worker who is not asked for the second half leaves the weights as they were: a job that is not run is seen.
#[test]
fn a_lost_share_is_seen() {
    #[derive(Clone, Copy)]
    struct Lazy(Level);

    impl Workers for Lazy {
        fn level(self) -> Level {
            self.0
        }

        fn shares(self, _multiply_accumulates: usize) -> usize {
            2
        }

        fn run<J: Send>(self, jobs: impl ExactSizeIterator<Item = J>, work: impl Fn(J) + Sync) {
            jobs.take(1).for_each(work);
        }
    }

    let (level, mean, sgd) = (Level::detect(), Objective::mean(CrossEntropy), Sgd::new(1e-2));
    assert_ne!(
        learnt::<Layers<Tiny>, _, 0>(level, sgd, 8, &mean),
        learnt::<Layers<Tiny>, _, 0>(Lazy(level), sgd, 8, &mean)
    );
}

#[test]
fn a_batch_that_does_not_fit_is_refused() {
    let workers = Backwards(Level::detect(), 3);
    let objective = Objective::mean(CrossEntropy);
    let mut net = Tiny::ZERO;
    let mut sgd = Optimizer::new(Sgd::new(0.1));
    let mut tape = [Tiny::TAPE; 2];
    let inputs = [[0.0; 5]; 3];
    let mut step = |targets: &[u8], tape: &mut [_]| {
        let rows = targets.len().min(3);
        net.step_on(workers, &objective, &inputs[..rows], targets, tape, &mut sgd)
    };
    assert_eq!(step(&[], &mut tape), Err(BatchError::Empty));
    assert_eq!(step(&[0, 1, 2], &mut tape), Err(BatchError::Tape { inputs: 3, tape: 2 }));
    assert_eq!(step(&[0, 9], &mut tape), Err(BatchError::Target { row: 1, outputs: 3 }));
    assert_eq!(step(&[0, 1, 2, 0], &mut tape), Err(BatchError::Targets { inputs: 3, targets: 4 }));
    assert_eq!((net, sgd.steps()), (Tiny::ZERO, 0));
}
