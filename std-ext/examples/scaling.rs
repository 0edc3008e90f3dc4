//! A training step on 1, 2, 4 ... threads, up to as many as the machine runs at the same time: how much faster, and
//! whether the bits are the same.
//!
//! ```sh
//! cargo run --release --example scaling
//! ```

use std::error::Error;
use std::io::{self, Write};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use clap::Parser;
use femto::activation::Relu;
use femto::flat::Split;
use femto::init::Init;
use femto::layer::{Dense, Layer, TapeOf};
use femto::loss::CrossEntropy;
use femto::optimizer::{Momentum, Optimizer};
use femto::rng::{generator, uniform};
use femto::train::{BatchError, Objective, Workers};
use femto::{Flat, Level, Net, net};
use femto_std::heap::{boxed, boxed_optimizer};
use femto_std::threads::Threads;
use femto_std::weights::weights_hash;

type Small = net![Dense<64, 32, Relu>, Dense<32, 10>];
type Medium = net![Dense<784, 128, Relu>, Dense<128, 10>];
type Large = net![Dense<784, 512, Relu>, Dense<512, 256, Relu>, Dense<256, 10>];

/// What a step takes on 1, 2, 4 ... threads.
#[derive(Parser)]
struct Options {
    /// Rounds in which all take turns; the best one counts.
    #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let (level, cores) = (Level::detect(), available_parallelism()?.get());
    let mut counts: Vec<usize> = (0..).map(|power| 1 << power).take_while(|count| *count < cores).collect();
    counts.push(cores);

    let mut out = io::stdout();
    writeln!(out, "level {level}, {cores} threads at the same time; a step of momentum, best of {}", options.rounds)?;
    let mut line = format!("{:<24}{:>12}", "network x batch", "serial");
    for count in &counts {
        line += &format!("{:>22}", format!("{count} thread{}", if *count == 1 { "" } else { "s" }));
    }
    writeln!(out, "{line}  bits")?;
    let threads = counts.iter().map(|count| Threads::new(level, *count)).collect::<Result<Vec<_>, _>>()?;
    let meet = Meeting { level, threads: &threads, rounds: options.rounds };
    writeln!(out, "{}", meet.row::<Chain<Small>>("64-32-10 x 32", 32)?)?;
    writeln!(out, "{}", meet.row::<Chain<Medium>>("784-128-10 x 64", 64)?)?;
    writeln!(out, "{}", meet.row::<Chain<Large>>("784-512-256-10 x 256", 256)?)?;
    Ok(())
}

/// The layers of a network.
type Chain<N> = <N as Split>::First;

/// Who takes part in every row of the table.
struct Meeting<'a> {
    level: Level,
    threads: &'a [Threads],
    rounds: u32,
}

impl Meeting<'_> {
    /// A row of the table: times of a step, and whether all made the same network.
    fn row<L: Layer>(&self, name: &str, batch: usize) -> Result<String, BatchError> {
        let mut inputs = vec![L::In::ZERO; batch];
        let mut rng = generator(1, 0);
        for x in inputs.iter_mut().flat_map(|row| row.as_mut_slice()) {
            *x = uniform(&mut rng);
        }
        let classes: Vec<u8> = (0..batch).map(|row| (row % 10) as u8).collect();

        let mut serial = Learner::<L>::new(&inputs, &classes);
        let mut others: Vec<_> = self.threads.iter().map(|_| Learner::<L>::new(&inputs, &classes)).collect();
        // As many steps a round as take some milliseconds, counted by the caller alone.
        let once = serial.steps(self.level, 1)?;
        let times = (4_000_000 / once.as_nanos().max(1)).clamp(1, 2_000) as u32;
        for (learner, threads) in others.iter_mut().zip(self.threads) {
            learner.steps(threads, 1)?;
        }
        for _ in 0..self.rounds {
            serial.steps(self.level, times)?;
            for (learner, threads) in others.iter_mut().zip(self.threads) {
                learner.steps(threads, times)?;
            }
        }

        let mut row = format!("{name:<24}{:>9.1} us", serial.micros());
        for learner in &others {
            let cell = format!("{:.1} us {:.2} x", learner.micros(), serial.micros() / learner.micros());
            row += &format!("{cell:>22}");
        }
        let equal = others.iter().all(|learner| weights_hash(&*learner.net) == weights_hash(&*serial.net));
        Ok(row + if equal { "  equal" } else { "  DIFFERENT" })
    }
}

/// A network that makes the same steps as the others, its own way.
struct Learner<'a, L: Layer> {
    net: Box<Net<L>>,
    optimizer: Box<Optimizer<Net<L>, Momentum, 1>>,
    inputs: &'a [L::In],
    classes: &'a [u8],
    tape: Vec<TapeOf<L>>,
    best: Duration,
}

impl<'a, L: Layer> Learner<'a, L> {
    fn new(inputs: &'a [L::In], classes: &'a [u8]) -> Self {
        let mut net = boxed::<Net<L>>();
        net.init(Init::HeUniform, 1);
        let optimizer = boxed_optimizer(Momentum::new(1e-3));
        let tape = vec![Net::<L>::TAPE; inputs.len()];
        Self { net, optimizer, inputs, classes, tape, best: Duration::MAX }
    }

    /// Makes steps, and notes what one took.
    fn steps(&mut self, workers: impl Workers, times: u32) -> Result<Duration, BatchError> {
        let objective = Objective::mean(CrossEntropy);
        let Self { net, optimizer, inputs, classes, tape, .. } = self;
        let start = Instant::now();
        // As an epoch does.
        workers.attend(|| {
            for _ in 0..times {
                net.step_on(workers, &objective, inputs, classes, tape, optimizer)?;
            }
            Ok(())
        })?;
        let time = start.elapsed() / times;
        self.best = self.best.min(time);
        Ok(time)
    }

    fn micros(&self) -> f64 {
        self.best.as_secs_f64() * 1e6
    }
}
