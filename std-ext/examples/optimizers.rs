//! Every optimizer, then every schedule, on the same network and the same handwritten digits.
//!
//! ```sh
//! cargo run --release --example optimizers -- --plot optimizers.svg
//! ```

use std::error::Error;
use std::io::{self, Write};
#[cfg(feature = "plot")]
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use femto::activation::Relu;
use femto::init::Init;
use femto::layer::Dense;
use femto::loss::CrossEntropy;
use femto::optimizer::{Momentum, Optimizer, Rule, Scheduled};
use femto::schedule::{
    Constant, Cosine, CosineRestarts, Exponential, InverseTime, Linear, Milestones, OneCycle, Polynomial,
    ReduceOnPlateau, Schedule, Sequence, Staircase, Warmup,
};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_std::data::{Dataset, Fractions, digits, stratified_split};
use femto_std::epoch::Epochs;
use femto_std::evaluate::{mean_loss, predict_classes};
use femto_std::metrics::accuracy;
use femto_std::optimizer::{Lbfgs, LbfgsSettings, LineSearch, OptimizerName};
#[cfg(feature = "plot")]
use femto_std::plot::{Curves, Panel};

#[path = "common/ending.rs"]
mod ending;
#[cfg(feature = "plot")]
#[path = "common/picture.rs"]
mod picture;

use ending::end;
#[cfg(feature = "plot")]
use picture::picture_path;

type Digits = net![Dense<64, 32, Relu>, Dense<32, 10>];
type Images = Dataset<[f32; 64], u8>;

/// Steps that L-BFGS remembers.
const HISTORY: usize = 10;

const OBJECTIVE: Objective<CrossEntropy> = Objective::mean(CrossEntropy);

/// Trains the same network with every optimizer, and with every schedule.
#[derive(Parser)]
struct Options {
    /// How many times to go over the training images.
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: u32,
    /// What initial weights and the order of the images are drawn from.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Where to draw the losses of all optimizers, as .svg or .png.
    #[cfg(feature = "plot")]
    #[arg(long, value_name = "PATH", default_value = "optimizers.svg", value_parser = picture_path)]
    plot: PathBuf,
}

fn main() -> ExitCode {
    end(compare(&Options::parse()))
}

fn compare(options: &Options) -> Result<(), Box<dyn Error>> {
    let digits = digits();
    let split = stratified_split(digits.targets(), Fractions::new(0.0, 0.2)?, 7)?;
    let course = Course {
        level: Level::detect(),
        train: digits.select(&split.train)?,
        test: digits.select(&split.test)?,
        batch: 32,
        epochs: options.epochs,
        seed: options.seed,
    };
    let mut out = io::stdout();
    writeln!(
        out,
        "64-32-10 on {} digits, {} epochs in batches of {}, tested with {}; level {}\n",
        course.train.len(),
        course.epochs,
        course.batch,
        course.test.len(),
        course.level
    )?;

    writeln!(out, "{}", Row::head("optimizer", "rate"))?;
    let mut curves = Vec::new();
    for name in OptimizerName::ALL {
        let rate = name.usual_rate();
        // Signs of gradients mean something only where all gradients are of the same batch.
        let whole = matches!(name, OptimizerName::Rprop);
        let row = if whole { course.in_whole_batches().by_name(*name)? } else { course.by_name(*name)? };
        curves.push((name.as_str(), row.losses.clone()));
        writeln!(out, "{}", row.line(name.as_str(), &rate.to_string()))?;
    }
    let row = course.lbfgs()?;
    writeln!(out, "{}", row.line("l-bfgs", "1"))?;
    curves.push(("l-bfgs", row.losses));
    writeln!(out, "rprop and l-bfgs learn from all images in each step; schedule-free is tested with its average")?;

    writeln!(out, "\n{}", Row::head("schedule", "from"))?;
    course.schedules(&mut out)?;
    #[cfg(feature = "plot")]
    draw(&mut out, &curves, &options.plot)?;
    Ok(())
}

/// Saves the training losses of all optimizers, each over its own training: that of rprop is of more epochs, that of l-bfgs
/// of whole steps.
#[cfg(feature = "plot")]
fn draw(out: &mut impl Write, curves: &[(&str, Vec<f64>)], path: &Path) -> Result<(), Box<dyn Error>> {
    let mut panel = Panel::new("training loss").logarithmic();
    for (name, losses) in curves {
        let share = |done: usize| 100.0 * done as f64 / losses.len() as f64;
        let points: Vec<(f64, f64)> = (1..).map(share).zip(losses.iter().copied()).collect();
        panel = panel.curve_over(*name, &points);
    }
    let curves = Curves::new("64-32-10 on handwritten digits").x_label("share of the training in %").panel(panel);
    curves.size(1000, 700).save(path)?;
    writeln!(out, "\nlosses drawn in {}", path.display())?;
    Ok(())
}

/// The rates of a schedule, worked out.
#[derive(Clone, Copy)]
struct Rates<'a>(&'a [f32]);

impl Schedule for Rates<'_> {
    fn rate(&self, step: u32) -> f32 {
        self.0.get(step as usize).copied().unwrap_or_default()
    }
}

/// What everybody learns from, and how long.
#[derive(Clone)]
struct Course {
    level: Level,
    train: Images,
    test: Images,
    batch: usize,
    epochs: u32,
    seed: u64,
}

/// How it went.
struct Row {
    loss: f64,
    accuracy: f64,
    step: Duration,
    bytes_per_parameter: f64,
    /// The loss of each epoch.
    losses: Vec<f64>,
}

impl Row {
    fn head(what: &str, rate: &str) -> String {
        format!(
            "{what:<20}{rate:>8}{:>13}{:>15}{:>12}{:>20}",
            "final loss", "test accuracy", "step", "bytes a parameter"
        )
    }

    fn line(&self, name: &str, rate: &str) -> String {
        format!(
            "{name:<20}{rate:>8}{:>13.4}{:>15.4}{:>9.1} us{:>20.1}",
            self.loss,
            self.accuracy,
            self.step.as_secs_f64() * 1e6,
            self.bytes_per_parameter
        )
    }
}

impl Course {
    /// The same with one step an epoch, and ten times the epochs.
    fn in_whole_batches(&self) -> Self {
        Self { batch: self.train.len(), epochs: self.epochs.saturating_mul(10), ..self.clone() }
    }

    fn fresh(&self) -> Digits {
        let mut net = Digits::ZERO;
        net.init(Init::HeUniform, self.seed);
        net
    }

    /// How well a network does, after so many steps in that time.
    fn row(&self, net: &Digits, time: Duration, steps: u32, state: usize) -> Result<Row, Box<dyn Error>> {
        let classes = predict_classes(net, self.level, self.test.inputs());
        Ok(Row {
            loss: mean_loss(net, self.level, CrossEntropy, &self.train)?,
            accuracy: accuracy(&classes, self.test.targets())?,
            step: time / steps.max(1),
            bytes_per_parameter: (size_of::<f32>() * state) as f64 / Digits::PARAMETERS as f64,
            losses: Vec::new(),
        })
    }

    /// All epochs by the gradient of each batch.
    fn by_name(&self, name: OptimizerName) -> Result<Row, Box<dyn Error>> {
        let (mut net, mut optimizer) = (self.fresh(), name.with_rate(name.usual_rate()));
        let mut epochs = Epochs::new(self.batch, self.seed)?;
        let (mut time, mut losses) = (Duration::ZERO, Vec::new());
        for _ in 0..self.epochs {
            let start = Instant::now();
            let report = epochs.run_by_gradient(&mut net, self.level, &OBJECTIVE, &mut *optimizer, &self.train)?;
            time += start.elapsed();
            losses.push(report.loss);
        }
        let mut weights = Digits::ZERO;
        optimizer.weights_to_predict_with(self.level, &net, &mut weights);
        let state = optimizer.state().iter().map(|state| state.len()).sum();
        Ok(Row { losses, ..self.row(&weights, time, optimizer.steps(), state)? })
    }

    /// All epochs in place, each piece of the gradient used as it is finished.
    fn in_place<R: Rule<MOMENTS>, const MOMENTS: usize>(
        &self,
        optimizer: &mut Optimizer<Digits, R, MOMENTS>,
        mut after_epoch: impl FnMut(&mut R, f64),
    ) -> Result<(Digits, Duration), Box<dyn Error>> {
        let mut net = self.fresh();
        let mut epochs = Epochs::new(self.batch, self.seed)?;
        let mut time = Duration::ZERO;
        for _ in 0..self.epochs {
            let start = Instant::now();
            let report = epochs.run(&mut net, self.level, &OBJECTIVE, optimizer, &self.train)?;
            time += start.elapsed();
            after_epoch(&mut optimizer.rule, report.loss);
        }
        Ok((net, time))
    }

    fn lbfgs(&self) -> Result<Row, Box<dyn Error>> {
        let mut net = self.fresh();
        let mut lbfgs = Lbfgs::new(LbfgsSettings {
            history_size: HISTORY,
            line_search: LineSearch::StrongWolfe,
            ..LbfgsSettings::default()
        });
        let mut tape = vec![Digits::TAPE; self.train.len()];
        let (start, mut gradients, mut losses) = (Instant::now(), 0, Vec::new());
        let (inputs, targets) = (self.train.inputs(), self.train.targets());
        for _ in 0..self.epochs.div_ceil(4) {
            let report = lbfgs.step(self.level, &mut net, |net, gradient| {
                gradients += 1;
                // What could be refused is refused by the epochs of the others.
                net.gradient(self.level, &OBJECTIVE, inputs, targets, &mut tape, gradient).unwrap_or(f32::NAN)
            });
            losses.push(f64::from(report.loss));
        }
        let time = start.elapsed();
        Ok(Row { losses, ..self.row(&net, time, gradients, 2 * (HISTORY + 1) * Digits::PARAMETERS)? })
    }

    /// Momentum with each schedule over all steps.
    fn schedules(&self, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
        let steps = self.epochs * self.train.len().div_ceil(self.batch) as u32;
        let (rate, third) = (0.05, steps.div_ceil(3).max(1));
        let cosine = Cosine { rate, end: 0.0, steps };
        self.schedule(out, "constant", Constant { rate })?;
        self.schedule(out, "linear", Linear { from: rate, to: 0.0, steps })?;
        self.schedule(out, "polynomial", Polynomial { rate, end: 0.0, steps, power: 2.0 })?;
        self.schedule(out, "inverse time", InverseTime { rate, decay: 5.0 / steps as f32 })?;
        self.schedule(out, "exponential", Exponential { rate, factor: libm::powf(0.05, 1.0 / steps as f32) })?;
        self.schedule(out, "step", Staircase { rate, factor: 0.3, every: third })?;
        self.schedule(out, "multi-step", Milestones { rate, factor: 0.1, milestones: [steps / 2, steps / 4 * 3] })?;
        self.schedule(out, "cosine", cosine)?;
        let restarts = CosineRestarts { rate, end: 0.0, steps: steps.div_ceil(7).max(1), factor: 2 };
        self.schedule(out, "warm restarts", restarts)?;
        self.schedule(out, "one cycle", OneCycle::new(2.0 * rate, steps))?;
        self.schedule(out, "warm-up, cosine", Warmup { steps: steps / 10, start: 0.1, then: cosine })?;
        let (first, then) = (Constant { rate }, Linear { from: rate, to: 0.0, steps: steps - steps / 2 });
        self.schedule(out, "constant, linear", Sequence { first, steps: steps / 2, then })?;

        let mut plateau = ReduceOnPlateau { patience: 1, factor: 0.3, ..ReduceOnPlateau::new(rate) };
        let mut optimizer = Optimizer::new(Momentum::new(rate));
        let (net, time) =
            self.in_place(&mut optimizer, |rule, loss| rule.learning_rate = plateau.observe(loss as f32))?;
        let row = self.row(&net, time, optimizer.steps(), Digits::PARAMETERS)?;
        writeln!(out, "{}", row.line("reduce on plateau", &format!("{rate:.4}")))?;
        Ok(())
    }

    fn schedule(&self, out: &mut impl Write, name: &str, schedule: impl Schedule) -> Result<(), Box<dyn Error>> {
        // A program would give the rule the schedule itself; one type for all of them compiles the steps once.
        let steps = self.epochs * self.train.len().div_ceil(self.batch) as u32;
        let rates: Vec<f32> = (0..steps).map(|step| schedule.rate(step)).collect();
        let mut optimizer = Optimizer::new(Scheduled { rule: Momentum::new(1.0), schedule: Rates(&rates) });
        let (net, time) = self.in_place(&mut optimizer, |_, _| {})?;
        let row = self.row(&net, time, optimizer.steps(), Digits::PARAMETERS)?;
        writeln!(out, "{}", row.line(name, &format!("{:.4}", schedule.rate(0))))?;
        Ok(())
    }
}
