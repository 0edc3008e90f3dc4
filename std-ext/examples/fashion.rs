//! Trains a network of one hidden layer to tell articles of clothing apart, on Fashion-MNIST.
//!
//! ```sh
//! apt install dataset-fashion-mnist
//! cargo run --release --example fashion -- --data /usr/share/datasets/fashion-mnist --epochs 10
//! ```
//!
//! The same options give the same weights, bit by bit, on every machine that runs the same arithmetic class, on any number
//! of threads: compare the hash at the end.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, value_parser};
use femto::activation::Relu;
use femto::init::Init;
use femto::layer::Dense;
use femto::loss::CrossEntropy;
use femto::optimizer::{Adam, Scheduled};
use femto::scaling::Scaler;
use femto::schedule::Linear;
use femto::train::{Objective, Workers};
use femto::{Level, net};
use femto_std::data::idx::{MNIST_CLASSES, MNIST_PIXELS, TrainAndTest, fashion_mnist};
use femto_std::epoch::{EpochError, EpochReport, Epochs};
use femto_std::evaluate::predict_classes;
use femto_std::heap::{boxed, boxed_optimizer};
use femto_std::metrics::accuracy;
use femto_std::optimizer::OptimizerName;
use femto_std::threads::Threads;
use femto_std::weights::weights_hash;

mod common;

use common::{LevelOptions, end, learning_rate, progress_bar};

/// 784 pixels in, 128 hidden neurons, one logit for each class out.
type Fashion = net![Dense<MNIST_PIXELS, 128, Relu>, Dense<128, MNIST_CLASSES>];

/// Trains a small network to tell articles of clothing apart.
#[derive(Parser, Debug)]
#[command(name = "fashion")]
struct Options {
    /// The folder with the four files of Fashion-MNIST, as they are or compressed.
    #[arg(long, value_name = "FOLDER", default_value = "/usr/share/datasets/fashion-mnist")]
    data: PathBuf,
    /// How many times to go over the training images.
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = value_parser!(u32).range(1..))]
    epochs: u32,
    /// How many images each step learns from.
    #[arg(long, value_name = "IMAGES", default_value_t = 128, value_parser = value_parser!(u32).range(1..))]
    batch: u32,
    /// What changes the weights: sgd, momentum, adam, adamw, lion, muon and others; a wrong name lists them all.
    #[arg(long, value_name = "NAME", default_value_t = OptimizerName::Adam)]
    optimizer: OptimizerName,
    /// The learning rate; that of adam falls in a straight line to 0 [default: 0.001 for adam, the optimizer's usual one
    /// for others].
    #[arg(long, value_name = "RATE", value_parser = learning_rate, allow_negative_numbers = true)]
    lr: Option<f32>,
    /// What initial weights and the order of the images are drawn from.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    level: LevelOptions,
    /// How many threads to train on, 0 for as many as the machine runs at the same time; the weights are the same.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    threads: usize,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let level = options.level.choose::<Options>();
    end(run(&options, level))
}

/// All of it: read, standardise, train, test.
fn run(options: &Options, level: Level) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let parts = standardised(fashion_mnist(&options.data)?);
    let threads = Threads::new(level, options.threads)?;
    let (train, test) = (parts.train.len(), parts.test.len());
    writeln!(out, "fashion: {train} to train with, {test} to test; level: {level}, threads: {}", threads.count())?;

    let (net, time) = train_network(options, &threads, &parts)?;

    let classes = predict_classes(&net, level, parts.test.inputs());
    let samples = f64::from(options.epochs) * train as f64;
    writeln!(out, "test accuracy: {:.4}", accuracy(&classes, parts.test.targets())?)?;
    writeln!(out, "samples per second: {:.0}", samples / time.as_secs_f64())?;
    writeln!(out, "weights hash: {:016x}", weights_hash(&*net))?;
    Ok(())
}

/// Each pixel with mean 0 and variance 1 over the images that are trained with.
fn standardised(parts: TrainAndTest) -> TrainAndTest {
    let scaler = Scaler::fit_standard(parts.train.inputs());
    TrainAndTest {
        train: parts.train.map_inputs(|image| scaler.apply(image)),
        test: parts.test.map_inputs(|image| scaler.apply(image)),
    }
}

const OBJECTIVE: Objective<CrossEntropy> = Objective::mean(CrossEntropy);

/// Trains with the optimizer that the options name. Returns the network and the time that the epochs took, without tests
/// and printing.
fn train_network(
    options: &Options,
    threads: &Threads,
    parts: &TrainAndTest,
) -> Result<(Box<Fashion>, Duration), Box<dyn Error>> {
    if options.optimizer == OptimizerName::Adam {
        // In place: each piece of the gradient changes the weights when it is finished, and none is stored.
        let rate = options.lr.unwrap_or(1e-3);
        let steps = options.epochs.saturating_mul(parts.train.len().div_ceil(usize::try_from(options.batch)?) as u32);
        let schedule = Linear { from: rate, to: 0.0, steps };
        let mut adam = boxed_optimizer::<Fashion, _, 2>(Scheduled { rule: Adam::new(rate), schedule });
        return run_epochs(options, threads, parts, |epochs, net| {
            epochs.run(net, threads, &OBJECTIVE, &mut adam, &parts.train)
        });
    }
    let rate = options.lr.unwrap_or(options.optimizer.usual_rate());
    let mut optimizer = options.optimizer.with_rate(rate);
    let (net, time) = run_epochs(options, threads, parts, |epochs, net| {
        epochs.run_by_gradient(net, threads, &OBJECTIVE, &mut *optimizer, &parts.train)
    })?;
    let mut weights = boxed::<Fashion>();
    optimizer.weights_to_predict_with(threads.level(), &net, &mut weights);
    Ok((weights, time))
}

/// All epochs, each made by `run`.
fn run_epochs(
    options: &Options,
    threads: &Threads,
    parts: &TrainAndTest,
    mut run: impl FnMut(&mut Epochs<Fashion, u8>, &mut Fashion) -> Result<EpochReport, EpochError>,
) -> Result<(Box<Fashion>, Duration), Box<dyn Error>> {
    let mut net = boxed::<Fashion>();
    net.init(Init::HeUniform, options.seed);
    let mut epochs = Epochs::new(usize::try_from(options.batch)?, options.seed)?;
    let bar = progress_bar(options.epochs);
    let mut time = Duration::ZERO;
    for epoch in 1..=options.epochs {
        let start = Instant::now();
        let report = run(&mut epochs, &mut net)?;
        let seconds = start.elapsed();
        time += seconds;
        if !report.loss.is_finite() {
            return Err(format!("training diverged in epoch {epoch}: use a smaller --lr").into());
        }
        let classes = predict_classes(&net, threads.level(), parts.test.inputs());
        let share = accuracy(&classes, parts.test.targets())?;
        let speed = report.samples as f64 / seconds.as_secs_f64();
        let line = format!(
            "epoch {epoch:>3}: train loss {:.4}, test accuracy {share:.4}, {speed:.0} samples per second",
            report.loss
        );
        bar.suspend(|| writeln!(io::stdout(), "{line}"))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((net, time))
}
