//! Settings that make no sense.

use super::*;

#[test]
fn settings_without_sense_are_refused_before_anything_is_changed() -> Result {
    let train = points(40, 1, false)?;
    let higher = EarlyStopping { better: Better::Higher, ..EarlyStopping::new(1) };
    let plateau = ReduceOnPlateau { better: Better::Higher, ..ReduceOnPlateau::new(0.1) };
    let linear = |from| Linear { from, to: 0.0, steps: 9 };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run");
    let what = "a checkpoint";
    for (mut trainer, expected) in [
        (trainer().batch_size(0), SettingsError::ZeroBatchSize),
        (trainer().epochs(0), SettingsError::NoEpochs),
        (trainer().max_steps(0), SettingsError::NoSteps),
        (trainer().checkpoint(&path, Every::Steps(0)), SettingsError::NoInterval { what }),
        (trainer().diagnose(Every::Epochs(1), 0, |_| ()), SettingsError::NoSamples),
        (
            trainer().clip(Clip::Value(-1.0)),
            SettingsError::NotAboveZero { what: "the limit of gradients", value: -1.0 },
        ),
        (
            trainer().min_change(f32::INFINITY),
            SettingsError::NotAboveZero { what: "the least change", value: f32::INFINITY },
        ),
        (trainer().schedule(linear(0.1)).reduce_on_plateau(ReduceOnPlateau::new(0.1)), SettingsError::TwoRates),
        (
            trainer().schedule(linear(-1.0)),
            SettingsError::Rate { of: "Linear { from: -1.0, to: 0.0, steps: 9 } at step 0".to_owned(), rate: -1.0 },
        ),
        (
            trainer().watch(Watch::ValidationLoss),
            SettingsError::NoValidation { what: "the validation loss".to_owned() },
        ),
        (trainer().metric("m", accuracy), SettingsError::NoValidation { what: "the metric \"m\"".to_owned() }),
        (
            trainer().metric("m", accuracy).metric("n", accuracy).metric("m", accuracy),
            SettingsError::MetricTwice { name: "m".to_owned() },
        ),
        (trainer().watch(Watch::Highest("m")), SettingsError::NoMetric { name: "m".to_owned(), known: Vec::new() }),
        (trainer().early_stopping(higher), SettingsError::HighLoss { what: "early stopping" }),
        (trainer().reduce_on_plateau(plateau), SettingsError::HighLoss { what: "the plateau" }),
        (
            trainer().checkpoint(&path, Every::Epochs(1)).log(folder.path().join(".").join("run")),
            SettingsError::SamePath { path: folder.path().join(".").join("run") },
        ),
        (trainer().runs(0), SettingsError::NoRuns),
        (trainer().runs(3), SettingsError::NoInit { runs: 3 }),
    ] {
        let mut net = small();
        let error = trainer.fit(&mut net, &mut adam(), &OBJECTIVE, &train, None);
        assert!(matches!(&error, Err(TrainError::Settings(found)) if *found == expected), "{expected:?}: {error:?}");
        assert_eq!(net, small(), "{expected:?}: the network");
    }
    Ok(())
}

#[test]
fn weights_and_optimizers_that_cannot_begin_are_refused() -> Result {
    let train = points(40, 1, false)?;
    for runs in [1, 2] {
        let (mut used, mut net) = (adam(), small());
        let _ = used.resume(3);
        let error = trainer().init(Init::HeUniform).runs(runs).fit(&mut net, &mut used, &OBJECTIVE, &train, None);
        assert!(matches!(error, Err(TrainError::Settings(SettingsError::UsedOptimizer { steps: 3 }))), "{error:?}");
        assert_eq!(net, small(), "{runs} runs: the network");
    }
    let mut zeros = Small::ZERO;
    let error = trainer().fit(&mut zeros, &mut adam(), &OBJECTIVE, &train, None);
    assert!(matches!(error, Err(TrainError::Settings(SettingsError::ZeroWeights))), "{error:?}");
    zeros.layers.tail.tail.weights[0][1] = 1e-3;
    trainer().fit(&mut zeros, &mut adam(), &OBJECTIVE, &train, None)?;

    let none = points(0, 1, false)?;
    let error = trainer().fit(&mut small(), &mut adam(), &OBJECTIVE, &train, Some(&none));
    assert!(matches!(error, Err(TrainError::Set { set: "validation", .. })), "{error:?}");
    Ok(())
}

#[test]
fn a_schedule_without_a_rate_is_named_at_its_step() -> Result {
    let train = points(40, 1, false)?;
    let below_zero = Linear { from: 0.1, to: -0.1, steps: 10 };
    let (mut net, mut expected) = (small(), small());
    let error = trainer().schedule(below_zero).fit(&mut net, &mut sgd(0.1), &OBJECTIVE, &train, None);
    let Err(TrainError::Settings(SettingsError::Rate { of, rate })) = error else {
        return Err(format!("{error:?}").into());
    };
    assert!(of.ends_with("at step 6") && rate < 0.0, "{of}: {rate}");
    trainer().schedule(below_zero).max_steps(6).fit(&mut expected, &mut sgd(0.1), &OBJECTIVE, &train, None)?;
    assert_eq!(net, expected, "the steps before are made");
    Ok(())
}
