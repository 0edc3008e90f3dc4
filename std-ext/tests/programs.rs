//! The examples as programs: what they are asked for, print, draw and refuse.
//!
//! `cargo test` builds them before; a single test wants `cargo build --examples` first.

use std::env::{consts::EXE_SUFFIX, current_exe};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// Runs an example in a folder.
fn run(name: &str, options: &[&str], folder: &Path) -> Result<Output> {
    let tests = current_exe()?;
    let built = tests.parent().and_then(Path::parent).ok_or("tests lie in target/PROFILE/deps")?;
    let program = built.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    if !program.exists() {
        return Err(format!("{} is not there: run cargo build --examples", program.display()).into());
    }
    Ok(Command::new(program).args(options).current_dir(folder).output()?)
}

/// What it printed.
fn succeed(name: &str, options: &[&str], folder: &Path) -> Result<String> {
    let output = run(name, options, folder)?;
    assert!(output.status.success(), "{name} {options:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stderr)?, "", "{name} {options:?}: standard error");
    Ok(String::from_utf8(output.stdout)?)
}

/// What it said before it ended with an error.
fn fail(name: &str, options: &[&str], folder: &Path) -> Result<String> {
    let output = run(name, options, folder)?;
    assert!(!output.status.success(), "{name} {options:?}: {}", String::from_utf8_lossy(&output.stdout));
    Ok(String::from_utf8(output.stderr)?)
}

fn line<'a>(text: &'a str, start: &str) -> &'a str {
    text.lines().find(|line| line.starts_with(start)).unwrap_or_default()
}

#[test]
fn digits_goes_on_where_it_stood_and_draws_all_of_it() -> Result {
    let folder = tempfile::tempdir()?;
    let with = |options: &[&str]| succeed("digits", &[options, &["--save", "weights"]].concat(), folder.path());
    let whole = with(&["--epochs", "4"])?;
    let resumed = ["--resume", "run", "--plot", "curves.svg"];
    with(&[&["--epochs", "2"], &resumed[..]].concat())?;
    let text = with(&[&["--epochs", "4", "--threads", "2"], &resumed[..]].concat())?;
    assert!(line(&whole, "weights hash: ").len() > 20, "{whole}");
    assert_eq!(line(&text, "weights hash: "), line(&whole, "weights hash: "), "in two parts");
    assert_eq!(line(&text, "went on"), "went on behind step 74 of 148", "{text}");
    assert_eq!(fs::read_to_string(folder.path().join("run.jsonl"))?.lines().count(), 4, "epochs");
    assert!(fs::read_to_string(folder.path().join("curves.svg"))?.contains("<svg"), "a picture");
    Ok(())
}

#[test]
fn digits_says_what_is_wrong_before_it_trains() -> Result {
    let folder = tempfile::tempdir()?;
    succeed("digits", &["--epochs", "1", "--resume", "run", "--save", "weights"], folder.path())?;
    fs::create_dir(folder.path().join("sub"))?;
    for (options, part) in [
        (&["--epochs", "0"][..], "--epochs"),
        (&["--optimizer", "adm"], "schedule-free"),
        (&["--threads", "5000"], "1024"),
        (&["--lr", "-1"], "above 0"),
        (&["--plot", "curves.gif"], ".svg or .png"),
        (&["--plot", "nowhere/curves.svg"], "there is no folder nowhere"),
        (&["--save", "./sub/../run", "--resume", "run"], "give each a file of its own"),
        (&["--save", "run.jsonl", "--resume", "run"], "the log and --save are both"),
        (&["--plot", "run.svg", "--resume", "run.svg"], "give each a file of its own"),
        (&["--resume", "run", "--seed", "2"], "its seed is 1, here it is 2"),
        (&["--resume", "run", "--optimizer", "nesterov"], "its optimizer is Adam"),
        (&["--resume", "weights"], "no checkpoint"),
        (&["--resume", "nowhere/run"], "check that its folder exists"),
    ] {
        let said = fail("digits", options, folder.path())?;
        assert!(said.contains(part), "{options:?}: {part:?} is not in {said}");
    }
    fs::remove_file(folder.path().join("run"))?;
    let said = fail("digits", &["--resume", "run"], folder.path())?;
    assert!(said.contains("run.jsonl has epochs of a training"), "{said}");
    Ok(())
}

#[test]
fn optimizers_draws_all_of_them() -> Result {
    let folder = tempfile::tempdir()?;
    let text = succeed("optimizers", &["--epochs", "1"], folder.path())?;
    for name in femto_std::optimizer::OptimizerName::ALL {
        assert!(!line(&text, &format!("{name} ")).is_empty(), "{name}: {text}");
    }
    let picture = fs::read_to_string(folder.path().join("optimizers.svg"))?;
    assert!(picture.contains("muon") && picture.contains("l-bfgs"), "a legend");
    Ok(())
}

#[test]
fn export_writes_a_module_and_its_bytes() -> Result {
    let folder = tempfile::tempdir()?;
    let text = succeed("export", &["flash"], folder.path())?;
    assert_eq!(line(&text, "test accuracy: "), "test accuracy: 0.980 on 256 digits", "{text}");
    let flash = folder.path().join("flash");
    assert_eq!(fs::read(flash.join("digits.bin"))?.len(), 4 * 1210, "numbers");
    assert!(fs::read_to_string(flash.join("digits.rs"))?.contains("include_bytes!(\"digits.bin\")"), "a module");
    fs::write(folder.path().join("text"), "no network at all")?;
    let said = fail("export", &["flash", "--weights", "text"], folder.path())?;
    assert!(said.contains("it is no safetensors file"), "{said}");
    Ok(())
}

#[test]
fn fashion_says_where_its_data_come_from() -> Result {
    let folder = tempfile::tempdir()?;
    let said = fail("fashion", &["--data", "."], folder.path())?;
    assert!(said.contains("install the Debian package dataset-fashion-mnist"), "{said}");
    Ok(())
}
