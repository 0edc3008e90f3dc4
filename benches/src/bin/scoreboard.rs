//! Femto against its rivals, side by side in one run.
//!
//! `cargo run --release -p femto-benches -- matmul` measures the machine's FMA peak, femto and each rival in turns on
//! the same data, compares the results first, and prints a table. `--json FILE` writes it as data.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use femto::{Arithmetic, Isa, Level};
use femto_benches::contest::{Contest, Score, Settings};
use femto_benches::learning::{self, Failure};
use femto_benches::peak::{self, Width};
use femto_benches::table::Table;
use femto_benches::{functions, optimizers, products};
use indicatif::ProgressBar;

/// Femto against its rivals, side by side in one run; one thread each unless told otherwise.
#[derive(Parser)]
struct Options {
    /// What to measure.
    group: Group,
    /// Writes the scores as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The instruction set of femto: scalar, sse2, avx2, avx512, neon; the fastest one without it.
    #[arg(long, value_name = "NAME")]
    level: Option<Isa>,
    /// Unfused arithmetic.
    #[arg(long)]
    unfused: bool,
    /// Threads of the rivals that have any.
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN)]
    threads: NonZeroUsize,
    /// Only cases whose name contains this.
    #[arg(long, value_name = "TEXT", default_value = "")]
    case: String,
    /// Few rounds, and no shapes that take long: rough figures in seconds.
    #[arg(long)]
    quick: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Group {
    /// Matrix products: those of layers with bias and ReLU, and those of their backward passes.
    Matmul,
    /// Elementary functions and softmax, with the worst error of each contender.
    Math,
    /// Steps of learning of whole networks.
    Train,
    /// Predictions of whole networks.
    Infer,
    /// Updates of parameters by each optimizer, beside a copy of as many bytes as they write.
    Optimizers,
    /// Everything.
    All,
}

fn main() -> Result<(), Failure> {
    let options = Options::parse();
    #[cfg(feature = "rivals-ml")]
    tell_candle(options.threads.get());
    // Before the half hour, not after it.
    if let Some(path) = &options.json {
        fs::write(path, "[]").map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let detected = Level::detect();
    let arithmetic = if options.unfused { Arithmetic::Unfused } else { detected.arithmetic() };
    let isa = options.level.unwrap_or(detected.isa());
    let level = Level::new(isa, arithmetic)
        .ok_or_else(|| format!("this machine cannot run {isa} {arithmetic}; try another --level, or --unfused"))?;
    peak::print_all();
    println!("femto: {level}; times of the best round, results compared before\n");
    let learns = matches!(options.group, Group::Train | Group::Infer | Group::All);
    if learns && !cfg!(feature = "rivals-ml") {
        println!("candle and burn take part in train and infer with --features rivals-ml\n");
    }
    let (rounds, round) = if options.quick { (6, Duration::from_millis(1)) } else { (30, Duration::from_millis(2)) };
    let settings = Settings { level, threads: options.threads.get(), quick: options.quick };
    // Rivals that divide work do it in the pool they are called from, and must not wake threads for one.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads.get()).build()?;
    let scores = pool.install(|| {
        let mut contests = contests(options.group, settings)?;
        contests.retain(|contest| contest.case.contains(&options.case));
        if contests.is_empty() {
            return Err(format!("no case has '{}' in its name; without --case all are listed", options.case).into());
        }
        hold_all(contests, settings, rounds, round)
    })?;
    for group in scores.chunk_by(|a, b| a.group == b.group) {
        println!("{}", Table(group));
    }
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(&scores)?;
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

fn hold_all(contests: Vec<Contest>, settings: Settings, rounds: u32, round: Duration) -> Result<Vec<Score>, Failure> {
    // Silent where nobody watches.
    let bar = ProgressBar::new(contests.len() as u64);
    let mut scores = Vec::new();
    for contest in contests {
        scores.push(contest.hold(Width::of(settings.level), rounds, round)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(scores)
}

/// candle divides its products by the number in this variable, by that of cores without it.
#[cfg(feature = "rivals-ml")]
fn tell_candle(threads: usize) {
    // SAFETY: called at the start of `main`; there is no other thread yet that could read the environment.
    unsafe { std::env::set_var("RAYON_NUM_THREADS", threads.to_string()) };
}

fn contests(group: Group, settings: Settings) -> Result<Vec<Contest>, Failure> {
    Ok(match group {
        Group::Matmul => products::contests(settings),
        Group::Math => functions::contests(settings),
        Group::Train => learning::train(settings)?,
        Group::Infer => learning::infer(settings)?,
        Group::Optimizers => optimizers::contests(settings),
        Group::All => {
            let mut all = Vec::new();
            for group in [Group::Matmul, Group::Math, Group::Train, Group::Infer, Group::Optimizers] {
                all.extend(contests(group, settings)?);
            }
            all
        }
    })
}
