//! A training that is stopped or killed at any moment goes on with the bits of one that was not.

#[cfg(all(unix, feature = "interrupt"))]
mod ctrl_c;
mod killed;
mod refused;

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use femto::activation::{Relu, Tanh};
use femto::early_stopping::EarlyStopping;
use femto::flat::Split;
use femto::init::Init;
use femto::layer::{Dense, Dropout, Layer};
use femto::loss::CrossEntropy;
use femto::optimizer::{Adam, Optimizer, RAdam, ScheduleFreeAdamW};
use femto::rng::{generator, uniform};
use femto::schedule::{Linear, ReduceOnPlateau};
use femto::train::Objective;
use femto::{Flat, Level, Net, net};
use femto_std::data::Dataset;
use femto_std::optimizer::{Muon, RatedOptimizer, TensorOptimizer};
use femto_std::threads::Threads;
use femto_std::trainer::{Clip, Every, Outcome, Request, Stop, TrainError, Trainer, Watch, accuracy, read_log};
use femto_std::weights::weights_hash;

type Noisy = net![Dense<4, 16, Relu>, Dropout<16, 30>, Dense<16, 3>];
type Points = Dataset<[f32; 4], u8>;
type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const OBJECTIVE: Objective<CrossEntropy> = Objective { l1: 1e-4, ..Objective::mean(CrossEntropy).seeded(3) };

fn points(len: usize, seed: u64) -> Result<Points> {
    let mut rng = generator(seed, 0);
    let inputs: Vec<[f32; 4]> = (0..len).map(|_| [0.0; 4].map(|_: f32| uniform(&mut rng))).collect();
    let classes = inputs.iter().map(|[a, b, ..]| (1.5 * (a + b)) as u8).collect();
    Ok(Dataset::new(inputs, classes)?)
}

/// In a box, so that one trainer is compiled for all optimizers.
fn adam<L: Layer>(rate: f32) -> Box<dyn RatedOptimizer<L> + Send> {
    Box::new(Optimizer::<Net<L>, _, 2>::new(Adam::new(rate)))
}

/// Trainings that between them have all that a checkpoint holds.
#[derive(Clone, Copy, Debug)]
enum Course {
    /// Early stopping and a rate that falls; gradients that are clipped.
    Watched,
    /// Two runs with an optimizer that averages, of which the best epochs count.
    Runs,
    /// An optimizer of tensors and a schedule.
    Scheduled,
    /// A checkpoint after each of many short steps: hardly anything is done but saving.
    Saving,
}

const COURSES: [Course; 4] = [Course::Watched, Course::Runs, Course::Scheduled, Course::Saving];

impl Course {
    fn optimizer<L: Layer>(self) -> Box<dyn RatedOptimizer<L> + Send> {
        match self {
            Self::Watched | Self::Saving => adam(0.02),
            Self::Runs => Box::new(Optimizer::new(ScheduleFreeAdamW::new(0.02))),
            Self::Scheduled => Box::new(TensorOptimizer::new(Muon::new(0.02))),
        }
    }

    fn trainer<'a, L: Layer>(self) -> Trainer<'a, Net<L>, u8> {
        let trainer = Trainer::new().batch_size(16).epochs(8).seed(4).init(Init::HeUniform);
        match self {
            Self::Watched => trainer
                .early_stopping(EarlyStopping { min_delta: 0.03, ..EarlyStopping::new(2) })
                .reduce_on_plateau(ReduceOnPlateau { patience: 0, threshold: 0.2, ..ReduceOnPlateau::new(0.02) })
                .clip(Clip::Norm(0.3)),
            Self::Runs => {
                trainer.epochs(4).runs(2).early_stopping(EarlyStopping::new(9)).watch(Watch::Highest("accuracy"))
            }
            Self::Scheduled => {
                trainer.schedule(Linear { from: 0.02, to: 0.0, steps: 50 }).gradient_norms().min_change(1e-9)
            }
            Self::Saving => trainer.epochs(40),
        }
    }

    const fn saves(self) -> Every {
        Every::Steps(if matches!(self, Self::Saving) { 1 } else { 2 })
    }

    /// All of it, with what it leaves in the folder, on so many threads.
    fn train(self, folder: &Path, threads: usize, pause: Duration) -> Result<(u64, Outcome)> {
        let (train, validation) = (points(100, 1)?, points(30, 2)?);
        let threads = Threads::new(Level::detect(), threads)?.divide_from(0);
        let mut net = Noisy::ZERO;
        let mut trainer = self
            .trainer()
            .workers(&threads)
            .metric("accuracy", accuracy)
            .log(folder.join("log"))
            .checkpoint(folder.join("run"), self.saves())
            .on_step(|_| sleep(pause));
        let outcome = trainer.fit(&mut net, &mut self.optimizer(), &OBJECTIVE, &train, Some(&validation))?;
        Ok((weights_hash(&net), outcome))
    }
}

/// What a log says but for the time.
fn without_time(log: &Path) -> Result<Vec<String>> {
    let records = read_log(log)?;
    let line = |mut record: femto_std::trainer::EpochRecord| {
        (record.seconds, record.samples_per_second) = (0.0, 0.0);
        format!("{record:?}")
    };
    Ok(records.into_iter().map(line).collect())
}

#[test]
fn a_training_that_was_stopped_after_any_step_goes_on_with_the_same_bits() -> Result {
    let (train, validation) = (points(40, 1)?, points(20, 2)?);
    let fit = |course: Course, path: Option<&Path>, stop: Option<u32>| -> Result<Noisy> {
        let mut trainer = course.trainer().epochs(5).metric("accuracy", accuracy).on_step(move |step| match stop {
            Some(stop) if step.step == stop => std::ops::ControlFlow::Break(Request::Pause),
            _ => std::ops::ControlFlow::Continue(()),
        });
        if let Some(path) = path {
            trainer = trainer.checkpoint(path, Every::Epochs(100));
        }
        let mut net = Noisy::ZERO;
        trainer.fit(&mut net, &mut course.optimizer(), &OBJECTIVE, &train, Some(&validation))?;
        Ok(net)
    };
    let folder = tempfile::tempdir()?;
    for course in COURSES {
        let expected = fit(course, None, None)?;
        for stop in 1..=15 {
            let path = folder.path().join(format!("{course:?}.{stop}"));
            let stopped = fit(course, Some(&path), Some(stop))?;
            // Early stopping keeps the best weights, which may have been found by then.
            assert!(stop > 4 || stopped != expected, "{course:?} is not over after {stop} steps");
            assert_eq!(fit(course, Some(&path), None)?, expected, "{course:?}, stopped after {stop} steps");
            assert_eq!(fit(course, Some(&path), None)?, expected, "{course:?}, which is over");
        }
    }
    Ok(())
}

#[test]
fn a_training_goes_on_for_more_epochs() -> Result {
    let (train, folder) = (points(100, 1)?, tempfile::tempdir()?);
    let path = folder.path().join("run");
    let fit = |epochs: u32, path: Option<&Path>| -> Result<(Noisy, Option<u32>)> {
        let mut trainer = Course::Scheduled.trainer().epochs(epochs);
        if let Some(path) = path {
            trainer = trainer.checkpoint(path, Every::Epochs(1));
        }
        let mut net = Noisy::ZERO;
        let outcome = trainer.fit(&mut net, &mut Course::Scheduled.optimizer(), &OBJECTIVE, &train, None)?;
        Ok((net, outcome.resumed_at))
    };
    fit(3, Some(&path))?;
    let (net, resumed_at) = fit(5, Some(&path))?;
    assert_eq!((net, resumed_at), (fit(5, None)?.0, Some(21)), "five epochs in two parts");
    Ok(())
}
