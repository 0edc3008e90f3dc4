//! Trainings that are killed, in processes of their own.

use std::fs;
use std::process::ExitStatus;

use super::*;

/// The part that is killed.
#[test]
#[ignore = "started by the test below in a process of its own"]
fn child() -> Result {
    let [folder, course, threads] = ["FOLDER", "COURSE", "THREADS"].map(|name| env::var(format!("FEMTO_TEST_{name}")));
    let course = COURSES[course?.parse::<usize>()?];
    let pause = Duration::from_millis(if matches!(course, Course::Saving) { 0 } else { 8 });
    let (hash, outcome) = course.train(folder?.as_ref(), threads?.parse()?, pause)?;
    println!("\nresumed at {:?}, {:?}\nhash {hash:016x}", outcome.resumed_at, outcome.stop);
    Ok(())
}

/// When a child is killed: so long after there is a checkpoint and so many epochs are in the log.
#[derive(Clone, Copy)]
struct Kill {
    epochs: usize,
    time: Duration,
}

/// What the child printed; nothing where it was killed.
fn run_child(folder: &Path, course: usize, threads: usize, kill: Option<Kill>) -> Result<Option<String>> {
    let mut child = Command::new(env::current_exe()?)
        .args(["--exact", "killed::child", "--ignored", "--nocapture"])
        .env("FEMTO_TEST_FOLDER", folder)
        .env("FEMTO_TEST_COURSE", course.to_string())
        .env("FEMTO_TEST_THREADS", threads.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let killed = kill.is_some();
    if let Some(Kill { epochs, time }) = kill {
        let lines = || fs::read_to_string(folder.join("log")).map_or(0, |log| log.lines().count());
        while !(folder.join("run").exists() && lines() >= epochs) && child.try_wait()?.is_none() {
            sleep(Duration::from_millis(1));
        }
        sleep(time);
        child.kill()?;
    }
    let output = child.wait_with_output()?;
    match (output.status.success(), killed && was_killed(output.status)) {
        (true, _) => Ok(Some(String::from_utf8(output.stdout)?)),
        (false, true) => Ok(None),
        (false, false) => Err(format!("the child failed: {}", String::from_utf8_lossy(&output.stdout)).into()),
    }
}

/// One that failed by itself was not.
#[cfg(unix)]
fn was_killed(status: ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(9)
}

#[cfg(not(unix))]
fn was_killed(status: ExitStatus) -> bool {
    !status.success()
}

/// Kills children and starts them again, up to five times, until one comes to its end: what it printed, and how many were
/// killed.
fn run_and_kill(
    folder: &Path,
    course: usize,
    threads: usize,
    rng: &mut impl rand_core::Rng,
) -> Result<(String, usize)> {
    let mut kills = 0;
    loop {
        // A third kill is always in the second of two runs of four epochs.
        let time = Duration::from_micros(500 + (120_000.0 * uniform(rng)) as u64);
        let kill = Kill { epochs: 2 * kills, time };
        match run_child(folder, course, threads, (kills < 5).then_some(kill))? {
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
        let wanted = if matches!(course, Course::Runs) { 3 } else { 2 };
        assert_eq!(outcome.stop, stop, "{course:?}: {:?}", outcome.records);
        let rates: Vec<_> = read_log(whole.path().join("log"))?.iter().map(|record| record.rate).collect();
        let falls = rates.first() > rates.last();
        assert_eq!(
            falls,
            matches!(course, Course::Watched | Course::Scheduled),
            "{course:?}: a rate that has fallen is saved, too: {rates:?}"
        );
        for threads in [1, 2] {
            let (mut kills, mut tries) = (0, 0);
            // A machine that is busy elsewhere may kill too late.
            while kills < wanted {
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
