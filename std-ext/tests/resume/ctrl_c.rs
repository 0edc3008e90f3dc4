//! Ctrl-C, sent to processes of their own.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout};
use std::time::Instant;

use super::*;

const SIGINT: i32 = 2;
/// Longer than any of these tests, should one of them fail.
const LONG: Duration = Duration::from_secs(20);

/// Trains with checkpoints at the beginning and at the end alone.
fn train(folder: &Path, on_step: impl FnMut(u32) + Send) -> Result<(Noisy, Outcome)> {
    let (mut net, course, mut on_step) = (Noisy::ZERO, Course::Scheduled, on_step);
    let mut trainer = course
        .trainer()
        .checkpoint(folder.join("run"), Every::Epochs(100))
        .stop_on_ctrl_c()
        .on_step(|step| on_step(step.step));
    let outcome = trainer.fit(&mut net, &mut course.optimizer(), &OBJECTIVE, &points(100, 1)?, None)?;
    Ok((net, outcome))
}

fn wait_for(file: &Path) {
    let start = Instant::now();
    while !file.exists() && start.elapsed() < LONG {
        sleep(Duration::from_millis(1));
    }
}

/// Waits in its fifth step, where it is told to, until a file says to go on; the steps behind are slow.
#[test]
#[ignore = "started by the tests below in a process of its own"]
fn child() -> Result {
    let [folder, waits] = ["FOLDER", "WAITS"].map(|name| env::var(format!("FEMTO_TEST_{name}")));
    let (folder, waits) = (PathBuf::from(folder?), waits? == "true");
    let (_, outcome) = train(&folder, |step| {
        if waits && step == 5 {
            fs::write(folder.join("waits"), "").unwrap_or_default();
            wait_for(&folder.join("go on"));
        }
        sleep(Duration::from_millis(if waits && step > 5 { 20 } else { 0 }));
    })?;
    println!("\n{:?} after {} steps", outcome.stop, outcome.steps);
    if !waits {
        sleep(LONG);
    }
    Ok(())
}

/// A process that ends with the test.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &Path, waits: bool) -> Result<Guarded> {
    let mut command = Command::new(env::current_exe()?);
    command
        .args(["--exact", "ctrl_c::child", "--ignored", "--nocapture"])
        .env("FEMTO_TEST_FOLDER", folder)
        .env("FEMTO_TEST_WAITS", waits.to_string())
        .stdout(Stdio::piped());
    let child = Guarded(command.spawn()?);
    if waits {
        wait_for(&folder.join("waits"));
    }
    Ok(child)
}

fn press(child: &Child) -> Result {
    let sent = Command::new("sh").arg("-c").arg(format!("kill -INT {}", child.id())).status()?;
    if sent.success() { Ok(()) } else { Err("the signal could not be sent".into()) }
}

/// What the child says of its end, and its output, to be kept open until it is over.
fn line_of_end(child: &mut Child) -> Result<(String, BufReader<ChildStdout>)> {
    let mut output = BufReader::new(child.stdout.take().ok_or("the child has an output")?);
    let mut lines = output.by_ref().lines().map_while(std::result::Result::ok);
    let line = lines.find(|line| line.contains(" after ")).unwrap_or_default();
    Ok((line, output))
}

#[test]
fn the_first_one_ends_a_training_with_a_checkpoint() -> Result {
    let (folder, whole) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let mut child = start(folder.path(), true)?;
    press(&child.0)?;
    fs::write(folder.path().join("go on"), "")?;
    let (text, _output) = line_of_end(&mut child.0)?;
    assert!(child.0.wait()?.success() && text.starts_with("Interrupted after"), "{text}");

    let (expected, _) = train(whole.path(), |_| ())?;
    let (net, outcome) = train(folder.path(), |_| ())?;
    let resumed_at = outcome.resumed_at.unwrap_or(0);
    assert_eq!(text, format!("Interrupted after {resumed_at} steps"), "where it was taken up again");
    assert!((5..outcome.steps).contains(&resumed_at), "in the middle, not at {resumed_at}");
    assert_eq!(net, expected, "as if nobody had pressed it");
    Ok(())
}

#[test]
fn the_second_one_ends_the_program() -> Result {
    let folder = tempfile::tempdir()?;
    let mut child = start(folder.path(), true)?;
    press(&child.0)?;
    sleep(Duration::from_millis(200));
    assert!(child.0.try_wait()?.is_none(), "the step is not over yet");
    // Two that come before the first is noticed are one.
    let mut ended = None;
    while ended.is_none() {
        press(&child.0)?;
        sleep(Duration::from_millis(50));
        ended = child.0.try_wait()?;
    }
    assert_eq!(ended.and_then(|status| status.signal()), Some(SIGINT), "what ended it");
    let (_, outcome) = train(folder.path(), |_| ())?;
    assert_eq!(outcome.resumed_at, Some(0), "the checkpoint of the beginning");
    Ok(())
}

#[test]
fn behind_a_training_one_is_enough() -> Result {
    let folder = tempfile::tempdir()?;
    let mut child = start(folder.path(), false)?;
    let (text, _output) = line_of_end(&mut child.0)?;
    assert!(text.starts_with("Epochs after"), "it trains to its end: {text}");
    press(&child.0)?;
    assert_eq!(child.0.wait()?.signal(), Some(SIGINT), "what ended it");
    Ok(())
}
