//! Logs and diagnoses.

use std::env::current_exe;
use std::panic::catch_unwind;
use std::process::Command;

use super::*;

#[test]
fn a_log_has_what_callbacks_get() -> Result {
    let train = points(40, 1, false)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.jsonl");
    let mut seen = Vec::new();
    let mut trainer = trainer()
        .log(&path)
        .metric("accuracy", accuracy)
        .metric("none", |_, _| f64::NAN)
        .gradient_norms()
        .on_epoch(|record| seen.push(record.clone()));
    let outcome = trainer.fit(&mut small(), &mut adam(), &OBJECTIVE, &train, Some(&train))?;
    drop(trainer);
    assert_eq!(format!("{:?}", read_log(&path)?), format!("{:?}", outcome.records), "the log");
    assert_eq!(format!("{seen:?}"), format!("{:?}", outcome.records), "callbacks");
    let text = std::fs::read_to_string(&path)?;
    assert!(text.lines().next().is_some_and(|line| line.contains(r#""none":null"#)), "NaN is null: {text}");
    let record = &outcome.records[3];
    assert_eq!((record.epoch, record.step, record.rate), (3, 20, 3e-3), "the last epoch");
    assert!(record.gradient_norm.is_some_and(|norm| norm > 0.0) && record.samples_per_second > 0.0, "{record:?}");
    Ok(())
}

#[test]
#[ignore = "started by the test below in a process of its own"]
fn child() -> Result {
    trainer().progress().fit(&mut small(), &mut adam(), &OBJECTIVE, &points(40, 1, false)?, None)?;
    Ok(())
}

#[test]
fn a_bar_is_silent_where_standard_error_is_no_terminal() -> Result {
    let mut command = Command::new(current_exe()?);
    let output = command.args(["--exact", "reports::child", "--ignored", "--nocapture"]).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8(output.stdout)?.contains("1 passed"), "the child is there");
    assert_eq!(String::from_utf8(output.stderr)?, "", "standard error");
    Ok(())
}

#[test]
fn a_log_that_is_added_later_has_no_epoch_twice() -> Result {
    let train = points(40, 1, false)?;
    let folder = tempfile::tempdir()?;
    let (run, log) = (folder.path().join("run"), folder.path().join("run.jsonl"));
    // Saved at the beginning and at the end alone.
    let on = || trainer().checkpoint(&run, Every::Epochs(100));
    on().epochs(1).fit(&mut small(), &mut adam(), &OBJECTIVE, &train, None)?;
    let crash = catch_unwind(|| {
        let mut trainer = on().log(&log).on_step(|step| assert!(step.step < 18, "in the fourth epoch"));
        trainer.fit(&mut small(), &mut adam(), &OBJECTIVE, &train, None).map(|outcome| outcome.stop)
    });
    assert!(crash.is_err(), "it does not come to its end: {crash:?}");
    assert_eq!(read_log(&log)?.len(), 2, "epochs 1 and 2");
    on().log(&log).fit(&mut small(), &mut adam(), &OBJECTIVE, &train, None)?;
    let epochs: Vec<_> = read_log(&log)?.iter().map(|record| record.epoch).collect();
    assert_eq!(epochs, [1, 2, 3], "each once");
    Ok(())
}

#[test]
fn planted_faults_are_diagnosed() -> Result {
    let (level, train) = (Level::detect(), points(100, 1, false)?);
    let mut net = small();
    // With inputs of at least 0 every unit is alive.
    net.layers.head.weights = net.layers.head.weights.map(|row| row.map(f32::abs));
    let healthy = diagnose(&net, level, &OBJECTIVE, &train, 100)?;
    assert_eq!((healthy.layers[0].dead, healthy.warnings()), (Some(0.0), Vec::new()), "{healthy:?}");
    for unit in [0, 2, 3, 5] {
        net.layers.head.biases[unit] = -50.0;
    }
    let found = diagnose(&net, level, &OBJECTIVE, &train, 100)?;
    assert_eq!(found.layers[0].dead, Some(0.5), "four of eight units");
    assert_eq!(found.warnings(), [Warning::Dead { layer: 0, share: 0.5 }], "{found:?}");
    let units: Vec<_> = found.layers.iter().map(|layer| layer.units).collect();
    assert_eq!(units, [8, 8, 3], "layers with their numbers");

    type Deep =
        net![Dense<2, 8, Sigmoid>, Dense<8, 8, Sigmoid>, Dense<8, 8, Sigmoid>, Dense<8, 8, Sigmoid>, Dense<8, 3>];
    let mut deep = Deep::ZERO;
    deep.init(Init::GlorotUniform, 1);
    deep.for_each_tensor_mut(|tensor, numbers| {
        if tensor.layer > 0 {
            numbers.iter_mut().for_each(|w| *w *= 0.1);
        }
    });
    let found = diagnose(&deep, level, &OBJECTIVE, &train, 100)?;
    assert!(matches!(found.warnings()[0], Warning::Vanishing { layer: 0, .. }), "{:?}", found.warnings());
    deep.layers.tail.head.biases = [40.0; 8];
    let found = diagnose(&deep, level, &OBJECTIVE, &train, 100)?;
    let saturated = Warning::Saturated { layer: 1, share: 1.0 };
    assert!(found.warnings().contains(&saturated), "{:?}", found.warnings());
    assert!(found.layers[1].mean > 0.999 && found.layers[1].deviation < 0.1, "{:?}", found.layers[1]);

    let targets = vec![[1e6, -1e6, 1e6]; 100];
    let far = Dataset::new(train.inputs().to_vec(), targets)?;
    let found = diagnose(&small(), level, &Objective::mean(MeanSquaredError), &far, 100)?;
    let exploding = |warning: &Warning| matches!(warning, Warning::Exploding { layer: 2, .. });
    assert!(found.warnings().iter().any(exploding), "{:?}", found.warnings());
    Ok(())
}

#[test]
fn a_diagnosis_has_the_gradient_of_the_whole() -> Result {
    let (level, train) = (Level::detect(), points(150, 1, false)?);
    let (net, mut gradient, mut tape) = (small(), Small::ZERO, vec![Small::TAPE; 150]);
    let plain = Objective { l2: 0.0, ..OBJECTIVE };
    net.gradient(level, &plain, train.inputs(), train.targets(), &mut tape, &mut gradient)?;
    let found = diagnose(&net, level, &OBJECTIVE, &train, usize::MAX)?;
    let first = &found.layers[0];
    let expected: f64 = gradient.as_slice()[..24].iter().map(|g| f64::from(*g).powi(2)).sum();
    assert!((first.gradient_norm / expected.sqrt() - 1.0).abs() < 1e-5, "{first:?} against {}", expected.sqrt());
    assert!(first.dead.is_some() && first.saturated.is_none(), "a rectifier is dead or alive");
    let Dense { weights, biases, .. } = net.layers.head;
    let mut squares = 0.0;
    for [x, y] in train.inputs() {
        for unit in 0..8 {
            let output = (x * weights[0][unit] + y * weights[1][unit] + biases[unit]).max(0.0);
            squares += f64::from(output).powi(2);
        }
    }
    let expected = (squares / 150.0_f64).sqrt();
    assert!((first.output_norm / expected - 1.0).abs() < 1e-5, "{first:?} against {expected}");
    assert_eq!((found.layers[1].parameters, found.layers[2].dead), (0, None), "dropout and the last layer");
    Ok(())
}
