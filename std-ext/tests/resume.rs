//! A training that is stopped or killed at any moment goes on with the bits of one that was not.

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
use femto_std::trainer::{Clip, Every, Outcome, Stop, TrainError, Trainer, accuracy, read_log};
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
    /// Two runs with an optimizer that averages.
    Runs,
    /// An optimizer of tensors and a schedule.
    Scheduled,
}

const COURSES: [Course; 3] = [Course::Watched, Course::Runs, Course::Scheduled];

impl Course {
    fn optimizer<L: Layer>(self) -> Box<dyn RatedOptimizer<L> + Send> {
        match self {
            Self::Watched => adam(0.02),
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
            Self::Runs => trainer.epochs(4).runs(2),
            Self::Scheduled => trainer.schedule(Linear { from: 0.02, to: 0.0, steps: 50 }).gradient_norms(),
        }
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
            .checkpoint(folder.join("run"), Every::Steps(2))
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

/// The part that is killed.
#[test]
#[ignore = "started by the test below in a process of its own"]
fn child() -> Result {
    let [folder, course, threads] = ["FOLDER", "COURSE", "THREADS"].map(|name| env::var(format!("FEMTO_TEST_{name}")));
    let course = COURSES[course?.parse::<usize>()?];
    let (hash, outcome) = course.train(folder?.as_ref(), threads?.parse()?, Duration::from_millis(8))?;
    println!("\nresumed at {:?}, {:?}\nhash {hash:016x}", outcome.resumed_at, outcome.stop);
    Ok(())
}

/// What the child printed; nothing where it was killed, so long after there was a checkpoint.
fn run_child(folder: &Path, course: usize, threads: usize, kill_after: Option<Duration>) -> Result<Option<String>> {
    let mut child = Command::new(env::current_exe()?)
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("FEMTO_TEST_FOLDER", folder)
        .env("FEMTO_TEST_COURSE", course.to_string())
        .env("FEMTO_TEST_THREADS", threads.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(time) = kill_after {
        while !folder.join("run").exists() && child.try_wait()?.is_none() {
            sleep(Duration::from_millis(1));
        }
        sleep(time);
        child.kill()?;
    }
    let output = child.wait_with_output()?;
    match (output.status.success(), kill_after) {
        (true, _) => Ok(Some(String::from_utf8(output.stdout)?)),
        (false, Some(_)) => Ok(None),
        (false, None) => Err(format!("the child failed: {}", String::from_utf8_lossy(&output.stdout)).into()),
    }
}

/// Kills children and starts them again, up to five times, until one comes to its end: what it printed, and how many were
/// killed.
fn run_and_kill(folder: &Path, course: usize, threads: usize, rng: &mut impl rand_core::Rng) -> Result<(String, u32)> {
    let mut kills = 0;
    loop {
        let time = Duration::from_millis(10 + (120.0 * uniform(rng)) as u64);
        match run_child(folder, course, threads, (kills < 5).then_some(time))? {
            Some(text) => return Ok((text, kills)),
            None => kills += 1,
        }
    }
}

#[test]
fn a_killed_training_goes_on_with_the_same_bits() -> Result {
    let mut rng = generator(env::var("FEMTO_TEST_SEED").map_or(Ok(1), |seed| seed.parse())?, 0);
    for (index, course) in COURSES.into_iter().enumerate() {
        let whole = tempfile::tempdir()?;
        let (expected, outcome) = course.train(whole.path(), 1, Duration::ZERO)?;
        let stop = if matches!(course, Course::Watched) { Stop::EarlyStopping } else { Stop::Epochs };
        assert_eq!(outcome.stop, stop, "{course:?}: {:?}", outcome.records);
        let rates: Vec<_> = read_log(whole.path().join("log"))?.iter().map(|record| record.rate).collect();
        let falls = rates.first() > rates.last();
        assert_eq!(
            falls,
            !matches!(course, Course::Runs),
            "{course:?}: a rate that has fallen is saved, too: {rates:?}"
        );
        for threads in [1, 2] {
            let (mut kills, mut tries) = (0, 0);
            // A machine that is busy elsewhere may kill too late.
            while kills < 2 {
                tries += 1;
                assert!(tries < 20, "{course:?} on {threads} threads: nothing could be killed within");
                let folder = tempfile::tempdir()?;
                let text;
                (text, kills) = run_and_kill(folder.path(), index, threads, &mut rng)?;
                let hash = format!("hash {expected:016x}");
                assert!(
                    text.contains(&hash),
                    "{course:?} on {threads} threads, killed {kills} times: {text}not {hash}"
                );
                assert_eq!(text.contains("resumed at Some"), kills > 0, "{kills} kills: {text}");
                assert!(text.contains(&format!("{stop:?}")), "{course:?} ends by {stop:?}: {text}");
                let (log, whole) = (folder.path().join("log"), whole.path().join("log"));
                assert_eq!(without_time(&log)?, without_time(&whole)?, "{course:?} on {threads} threads: the log");
            }
            println!("{course:?} on {threads} threads: killed {kills} times");
        }
    }
    Ok(())
}

#[test]
fn a_training_that_was_stopped_after_any_step_goes_on_with_the_same_bits() -> Result {
    let (train, validation) = (points(40, 1)?, points(20, 2)?);
    let fit = |course: Course, path: Option<&Path>, stop: Option<u32>| -> Result<Noisy> {
        let mut trainer = course.trainer().epochs(5).on_step(move |step| match stop {
            Some(stop) if step.step == stop => std::ops::ControlFlow::Break(()),
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

fn refused<L: Layer<In = [f32; 4]>>(
    change: impl FnOnce(Trainer<'_, Net<L>, u8>) -> Trainer<'_, Net<L>, u8>,
    (optimizer, objective, train): (Box<dyn RatedOptimizer<L> + Send>, Objective<CrossEntropy>, &Points),
    path: &Path,
) -> Result<String> {
    let (mut net, mut optimizer) = (Net::<L>::ZERO, optimizer);
    let mut trainer = change(Trainer::new().batch_size(16).epochs(2).checkpoint(path, Every::Epochs(1)));
    let error = trainer.fit(&mut net, &mut optimizer, &objective, train, None);
    match error {
        Err(TrainError::OtherTraining { what, .. }) if net.as_slice().iter().all(|w| *w == 0.0) => Ok(what),
        Err(error) => Err(error.into()),
        Ok(_) => Err("it was taken for the same training".into()),
    }
}

#[test]
fn a_checkpoint_of_another_training_is_refused_by_what_differs() -> Result {
    type Same = <Noisy as Split>::First;
    type Other = <net![Dense<4, 16, Tanh>, Dropout<16, 30>, Dense<16, 3>] as Split>::First;
    let (train, folder) = (points(100, 1)?, tempfile::tempdir()?);
    let path = folder.path().join("run");
    let mut net = Noisy::ZERO;
    let mut trainer = Trainer::new().batch_size(16).epochs(2).checkpoint(&path, Every::Epochs(1));
    trainer.fit(&mut net, &mut adam(0.1), &OBJECTIVE, &train, None)?;

    let with = |of: Objective<CrossEntropy>| (adam(0.1), of, &train);
    let usual = || with(OBJECTIVE);
    let (shorter, others) = (points(99, 1)?, points(100, 7)?);
    for (found, expected) in [
        (refused::<Same>(|t| t.batch_size(8), usual(), &path)?, "batch size"),
        (refused::<Same>(|t| t.seed(1), usual(), &path)?, "seed"),
        (refused::<Same>(|t| t.init(Init::HeUniform), usual(), &path)?, "way of drawing weights"),
        (refused::<Same>(|t| t.clip(Clip::Norm(1.0)), usual(), &path)?, "clipping"),
        (refused::<Same>(|t| t.schedule(Linear { from: 0.1, to: 0.0, steps: 9 }), usual(), &path)?, "schedule"),
        (refused::<Same>(|t| t.early_stopping(EarlyStopping::new(1)), usual(), &path)?, "early stopping"),
        (refused::<Same>(|t| t.workers(Level::detect().unfused()), usual(), &path)?, "class of arithmetic"),
        (refused::<Same>(|t| t, (adam(0.2), OBJECTIVE, &train), &path)?, "optimizer"),
        (refused::<Same>(|t| t, (Box::new(Optimizer::new(RAdam::new(0.1))), OBJECTIVE, &train), &path)?, "optimizer"),
        (refused::<Same>(|t| t, (adam(0.1), OBJECTIVE, &shorter), &path)?, "training set"),
        (refused::<Same>(|t| t, (adam(0.1), OBJECTIVE, &others), &path)?, "training set"),
        (refused::<Same>(|t| t, with(OBJECTIVE.seeded(4)), &path)?, "seed of dropout"),
        (refused::<Same>(|t| t, with(Objective { l2: 0.1, ..OBJECTIVE }), &path)?, "L2 penalty"),
        (refused::<Other>(|t| t, (adam(0.1), OBJECTIVE, &train), &path)?, "network"),
    ] {
        assert_eq!(found, expected, "what differs");
    }

    let mut bytes = std::fs::read(&path)?;
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes)?;
    let mut net = Noisy::ZERO;
    let error = trainer.fit(&mut net, &mut adam(0.1), &OBJECTIVE, &train, None);
    assert!(matches!(error, Err(TrainError::Checkpoint(_))), "an altered file: {error:?}");
    assert_eq!(net, Noisy::ZERO, "an altered file changes nothing");
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

/// Ctrl-C, sent to processes of their own.
#[cfg(all(unix, feature = "interrupt"))]
mod ctrl_c {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::ExitStatusExt;
    use std::process::Child;

    use super::*;

    const SIGINT: i32 = 2;
    /// Longer than any of these tests, should one of them fail.
    const LONG: Duration = Duration::from_secs(20);

    /// Trains with checkpoints at the beginning and at the end alone.
    fn train(folder: &Path, pause: Duration) -> Result<(Noisy, Outcome)> {
        let (mut net, course) = (Noisy::ZERO, Course::Scheduled);
        let mut trainer = course
            .trainer()
            .checkpoint(folder.join("run"), Every::Epochs(100))
            .stop_on_ctrl_c()
            .on_step(|_| sleep(pause));
        let outcome = trainer.fit(&mut net, &mut course.optimizer(), &OBJECTIVE, &points(100, 1)?, None)?;
        Ok((net, outcome))
    }

    #[test]
    #[ignore = "started by the tests below in a process of its own"]
    fn child() -> Result {
        let [folder, pause] = ["FOLDER", "PAUSE"].map(|name| env::var(format!("FEMTO_TEST_{name}")));
        let (_, outcome) = train(folder?.as_ref(), Duration::from_millis(pause?.parse()?))?;
        println!("\n{:?} after {} steps", outcome.stop, outcome.steps);
        if env::var("FEMTO_TEST_STAY").is_ok() {
            sleep(LONG);
        }
        Ok(())
    }

    /// A child that listens: its first checkpoint is there.
    fn start(folder: &Path, pause: Duration, stays: bool) -> Result<Child> {
        let mut command = Command::new(env::current_exe()?);
        command
            .args(["--exact", "ctrl_c::child", "--ignored", "--nocapture"])
            .env("FEMTO_TEST_FOLDER", folder)
            .env("FEMTO_TEST_PAUSE", pause.as_millis().to_string())
            .stdout(Stdio::piped());
        if stays {
            command.env("FEMTO_TEST_STAY", "");
        }
        let mut child = command.spawn()?;
        while !folder.join("run").exists() && child.try_wait()?.is_none() {
            sleep(Duration::from_millis(1));
        }
        Ok(child)
    }

    fn press(child: &Child) -> Result {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -INT {}", child.id())).status()?;
        if sent.success() { Ok(()) } else { Err("the signal could not be sent".into()) }
    }

    #[test]
    fn the_first_one_ends_a_training_with_a_checkpoint() -> Result {
        let (folder, whole) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let child = start(folder.path(), Duration::from_millis(20), false)?;
        sleep(Duration::from_millis(90));
        press(&child)?;
        let output = child.wait_with_output()?;
        let text = String::from_utf8(output.stdout)?;
        assert!(output.status.success() && text.contains("Interrupted after"), "{}: {text}", output.status);

        let (expected, _) = train(whole.path(), Duration::ZERO)?;
        let (net, outcome) = train(folder.path(), Duration::ZERO)?;
        let resumed_at = outcome.resumed_at.unwrap_or(0);
        assert!(text.contains(&format!("after {resumed_at} steps")), "taken up again at {resumed_at}: {text}");
        assert!((1..outcome.steps).contains(&resumed_at), "in the middle, not at {resumed_at}");
        assert_eq!(net, expected, "as if nobody had pressed it");
        Ok(())
    }

    #[test]
    fn the_second_one_ends_the_program() -> Result {
        let folder = tempfile::tempdir()?;
        let mut child = start(folder.path(), LONG, false)?;
        press(&child)?;
        sleep(Duration::from_millis(200));
        assert!(child.try_wait()?.is_none(), "the step is not over yet");
        press(&child)?;
        assert_eq!(child.wait()?.signal(), Some(SIGINT), "what ended it");
        let (_, outcome) = train(folder.path(), Duration::ZERO)?;
        assert_eq!(outcome.resumed_at, Some(0), "the checkpoint of the beginning");
        Ok(())
    }

    #[test]
    fn behind_a_training_one_is_enough() -> Result {
        let folder = tempfile::tempdir()?;
        let mut child = start(folder.path(), Duration::ZERO, true)?;
        let stdout = child.stdout.take().ok_or("the child has an output")?;
        let ends = BufReader::new(stdout).lines().any(|line| line.is_ok_and(|line| line.starts_with("Epochs after")));
        assert!(ends, "it trains to its end");
        press(&child)?;
        assert_eq!(child.wait()?.signal(), Some(SIGINT), "what ended it");
        Ok(())
    }
}
