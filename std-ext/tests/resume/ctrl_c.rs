//! Ctrl-C, sent to processes of their own.

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
    let mut trainer =
        course.trainer().checkpoint(folder.join("run"), Every::Epochs(100)).stop_on_ctrl_c().on_step(|_| sleep(pause));
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
