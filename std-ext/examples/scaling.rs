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

        let mut learner = Learner::<L>::new(&inputs, &classes);
        // As many steps a round as make the beginning of little account, when threads wake and caches are those of the
        // caller; counted by the caller alone.
        let (once, _) = learner.learn(self.level, 3)?;
        let times = (20_000_000 / once.as_nanos().max(1)).clamp(1, 2_000) as u32;
        let (mut serial, mut best) = (Duration::MAX, vec![Duration::MAX; self.threads.len()]);
        let mut are_equal = true;
        for _ in 0..self.rounds {
            let (time, expected) = learner.learn(self.level, times)?;
            serial = serial.min(time);
            for (threads, best) in self.threads.iter().zip(&mut best) {
                let (time, hash) = learner.learn(threads, times)?;
                *best = time.min(*best);
                are_equal &= hash == expected;
            }
        }

        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let mut row = format!("{name:<24}{:>9.1} us", micros(serial));
        for time in best {
            let cell = format!("{:.1} us {:.2} x", micros(time), micros(serial) / micros(time));
            row += &format!("{cell:>22}");
        }
        Ok(row + if are_equal { "  equal" } else { "  DIFFERENT" })
    }
}

/// A network that learns the same from the beginning, again and again. All use the same memory, for where it begins
/// matters to the time.
struct Learner<'a, L: Layer> {
    net: Box<Net<L>>,
    optimizer: Box<Optimizer<Net<L>, Momentum, 1>>,
    inputs: &'a [L::In],
    classes: &'a [u8],
    tape: Vec<TapeOf<L>>,
}

impl<'a, L: Layer> Learner<'a, L> {
    fn new(inputs: &'a [L::In], classes: &'a [u8]) -> Self {
        let tape = vec![Net::<L>::TAPE; inputs.len()];
        Self { net: boxed(), optimizer: boxed_optimizer(Momentum::new(1e-3)), inputs, classes, tape }
    }

    /// Makes so many steps from the beginning: what one took, and the weights' fingerprint.
    fn learn(&mut self, workers: impl Workers, times: u32) -> Result<(Duration, u64), BatchError> {
        let Self { net, optimizer, inputs, classes, tape } = self;
        net.init(Init::HeUniform, 1);
        for moment in optimizer.resume(0) {
            moment.as_mut_slice().fill(0.0);
        }
        let objective = Objective::mean(CrossEntropy);
        let start = Instant::now();
        // As an epoch does.
        workers.attend(|| {
            for _ in 0..times {
                net.step_on(workers, &objective, inputs, classes, tape, optimizer)?;
            }
            Ok(())
        })?;
        Ok((start.elapsed() / times, weights_hash(&**net)))
    }
}
