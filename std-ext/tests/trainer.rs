//! What a trainer does: the steps one would write by hand, the rules that end it, and what it tells.

use std::error::Error;
use std::ops::ControlFlow;

use femto::activation::{Relu, Sigmoid};
use femto::clip::{clip_norm, clip_tensor_norms, clip_value};
use femto::early_stopping::{Best, Better, EarlyStopping, Progress};
use femto::flat::Split;
use femto::init::Init;
use femto::layer::{Dense, Dropout};
use femto::loss::{CrossEntropy, MeanSquaredError};
use femto::optimizer::{Adam, Optimizer, ScheduleFreeAdamW, Scheduled, Sgd};
use femto::rng::{generator, uniform};
use femto::schedule::{Goal, Linear, ReduceOnPlateau, Warmup};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_std::data::{Dataset, permutation};
use femto_std::epoch::Epochs;
use femto_std::evaluate::mean_loss;
use femto_std::optimizer::{Muon, NetOptimizer, RatedOptimizer, TensorOptimizer};
use femto_std::threads::Threads;
use femto_std::trainer::{
    Clip, Every, Place, SettingsError, Stop, TrainError, Trainer, Warning, Watch, accuracy, diagnose, read_log,
    seed_of_run,
};

type Small = net![Dense<2, 8, Relu>, Dropout<8, 25>, Dense<8, 3>];
type Layers = <Small as Split>::First;
type Boxed = Box<dyn RatedOptimizer<Layers> + Send>;
type Points = Dataset<[f32; 2], u8>;
type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const OBJECTIVE: Objective<CrossEntropy> = Objective { l2: 1e-3, ..Objective::mean(CrossEntropy).seeded(5) };

fn small() -> Small {
    let mut net = Small::ZERO;
    net.init(Init::HeUniform, 1);
    net
}

/// Points in a square, whose class is a third of it; with `noise`, the classes are drawn.
fn points(len: usize, seed: u64, noise: bool) -> Result<Points> {
    let mut rng = generator(seed, 0);
    let inputs: Vec<[f32; 2]> = (0..len).map(|_| [uniform(&mut rng), uniform(&mut rng)]).collect();
    let class = |[x, _]: &[f32; 2]| (3.0 * x) as u8;
    let classes = inputs.iter().map(|point| if noise { class(&[uniform(&mut rng), 0.0]) } else { class(point) });
    let classes = classes.collect();
    Ok(Dataset::new(inputs, classes)?)
}

fn trainer<'a>() -> Trainer<'a, Small, u8> {
    Trainer::new().batch_size(8).epochs(4).seed(9)
}

// In boxes, so that one trainer is compiled for all.

fn adam() -> Boxed {
    Box::new(Optimizer::new(Adam::new(3e-3)))
}

fn sgd(rate: f32) -> Boxed {
    Box::new(Optimizer::new(Sgd::new(rate)))
}

#[test]
fn a_training_has_the_bits_of_the_epochs_one_would_write() -> Result {
    let (level, train) = (Level::detect(), points(50, 1, false)?);
    let (mut expected, mut adam) = (small(), Optimizer::new(Adam::new(0.02)));
    let mut epochs = Epochs::new(8, 9)?;
    let mut losses = Vec::new();
    for _ in 0..4 {
        losses.push(epochs.run(&mut expected, level, &OBJECTIVE, &mut adam, &train)?.loss);
    }

    let mut net = small();
    let outcome = trainer().fit(&mut net, &mut Optimizer::new(Adam::new(0.02)), &OBJECTIVE, &train, None)?;
    assert_eq!(net, expected, "in place");
    assert_eq!(outcome.records.iter().map(|record| record.train_loss).collect::<Vec<_>>(), losses, "training losses");
    assert_eq!((outcome.stop, outcome.steps), (Stop::Epochs, 28), "what ended it");

    let mut net = small();
    trainer().gradient_norms().fit(&mut net, &mut Optimizer::new(Adam::new(0.02)), &OBJECTIVE, &train, None)?;
    assert_eq!(net, expected, "by gradients");
    for count in [1, 3] {
        let threads = Threads::new(level, count)?.divide_from(0);
        let (mut net, mut adam) = (small(), Optimizer::new(Adam::new(0.02)));
        trainer().workers(&threads).fit(&mut net, &mut adam, &OBJECTIVE, &train, None)?;
        assert_eq!(net, expected, "{count} threads");
    }
    Ok(())
}

#[test]
fn optimizers_predict_with_their_averages() -> Result {
    let (level, train) = (Level::detect(), points(50, 1, false)?);
    let schedule_free = || -> Boxed { Box::new(Optimizer::new(ScheduleFreeAdamW::new(1e-2))) };
    let muon = || -> Boxed { Box::new(TensorOptimizer::new(Muon::new(1e-2))) };
    for (name, optimizer) in [("schedule-free", &schedule_free as &dyn Fn() -> Boxed), ("muon", &muon)] {
        let (mut by_hand, mut averaging, mut epochs) = (small(), optimizer(), Epochs::new(8, 9)?);
        for _ in 0..4 {
            epochs.run_by_gradient(&mut by_hand, level, &OBJECTIVE, &mut *averaging, &train)?;
        }
        let mut expected = small();
        averaging.weights_to_predict_with(level, &by_hand, &mut expected);
        assert_eq!(expected == by_hand, name == "muon", "{name} averages or does not");

        let mut net = small();
        let outcome = trainer().fit(&mut net, &mut optimizer(), &OBJECTIVE, &train, Some(&train))?;
        assert_eq!(net, expected, "{name}");
        let loss = mean_loss(&expected, level, CrossEntropy, &train)?;
        assert_eq!(outcome.records[3].validation_loss, Some(loss), "{name} is validated with what it predicts with");
    }
    Ok(())
}

#[test]
fn schedules_and_plateaus_set_the_rate() -> Result {
    let (level, train) = (Level::detect(), points(50, 1, false)?);
    let schedule = Warmup { steps: 5, start: 0.0, then: Linear { from: 0.5, to: 0.0, steps: 20 } };
    let (mut expected, mut scheduled) = (small(), Optimizer::new(Scheduled { rule: Sgd::new(1.0), schedule }));
    let mut epochs = Epochs::new(8, 9)?;
    for _ in 0..4 {
        epochs.run(&mut expected, level, &OBJECTIVE, &mut scheduled, &train)?;
    }
    for mut sgd in [sgd(0.1), sgd(7.0)] {
        let (mut net, mut rates) = (small(), Vec::new());
        let mut trainer = trainer().schedule(schedule).on_step(|step| rates.push(step.rate));
        trainer.fit(&mut net, &mut sgd, &OBJECTIVE, &train, None)?;
        drop(trainer);
        assert_eq!(net, expected, "a schedule in place of the optimizer's rate");
        let expected = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5];
        assert!(
            rates.iter().zip(expected).all(|(rate, expected): (&f32, f32)| (rate - expected).abs() < 1e-6),
            "{rates:?}"
        );
    }

    let plateau = ReduceOnPlateau { patience: 0, factor: 0.5, threshold: 0.2, ..ReduceOnPlateau::new(0.3) };
    let (mut expected, mut by_hand, mut falls) = (small(), Optimizer::new(Sgd::new(0.3)), plateau);
    let (mut epochs, mut rates) = (Epochs::new(8, 9)?, Vec::new());
    for _ in 0..4 {
        rates.push(by_hand.rule.learning_rate);
        let loss = epochs.run(&mut expected, level, &OBJECTIVE, &mut by_hand, &train)?.loss;
        by_hand.rule.learning_rate = falls.observe(loss as f32);
    }
    let mut net = small();
    let outcome = trainer().reduce_on_plateau(plateau).fit(&mut net, &mut sgd(0.1), &OBJECTIVE, &train, None)?;
    assert_eq!(net, expected, "a rate that falls");
    assert_eq!(outcome.records.iter().map(|record| record.rate).collect::<Vec<_>>(), rates, "rates of the epochs");
    assert!(rates[3] < 0.3, "it has fallen: {rates:?}");
    Ok(())
}

#[test]
fn gradients_are_clipped_as_one_would_by_hand() -> Result {
    let (level, train) = (Level::detect(), points(40, 1, false)?);
    for clip in [Clip::Norm(0.05), Clip::TensorNorm(0.05), Clip::Value(0.01)] {
        let (mut expected, mut by_hand) = (small(), sgd(0.1));
        let (mut gradient, mut tape) = (Small::ZERO, [Small::TAPE; 8]);
        for epoch in 0..4 {
            for batch in permutation(40, 9, epoch).chunks(8) {
                let batch = train.select(batch)?;
                gradient.as_mut_slice().fill(0.0);
                let objective = OBJECTIVE.at_step(by_hand.steps());
                expected.gradient(level, &objective, batch.inputs(), batch.targets(), &mut tape, &mut gradient)?;
                match clip {
                    Clip::Norm(limit) => clip_norm(level, &mut gradient, limit),
                    Clip::TensorNorm(limit) => clip_tensor_norms(level, &mut gradient, limit),
                    Clip::Value(limit) => {
                        clip_value(level, &mut gradient, limit);
                        0.0
                    }
                };
                by_hand.apply(level, &mut expected, &gradient);
            }
        }
        let mut net = small();
        let outcome = trainer().clip(clip).fit(&mut net, &mut sgd(0.1), &OBJECTIVE, &train, None)?;
        assert_eq!(net, expected, "{clip:?}");
        let norm = outcome.records[0].gradient_norm;
        assert_eq!(norm.is_some_and(|norm| norm > 0.05), matches!(clip, Clip::Norm(_)), "{clip:?}: {norm:?}");
    }
    Ok(())
}

#[test]
fn early_stopping_goes_back_to_the_best_epoch() -> Result {
    let (level, train, validation) = (Level::detect(), points(40, 1, true)?, points(40, 2, true)?);
    let mut net = small();
    let mut trainer = trainer().epochs(200).early_stopping(EarlyStopping::new(3)).metric("accuracy", accuracy);
    let outcome = trainer.fit(&mut net, &mut adam(), &OBJECTIVE, &train, Some(&validation))?;
    assert_eq!(outcome.stop, Stop::EarlyStopping, "classes that are drawn cannot be learnt");
    let losses: Vec<_> = outcome.records.iter().filter_map(|record| record.validation_loss).collect();
    let best = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b]));
    assert_eq!(outcome.best_epoch, best.map(|best| best as u64), "{losses:?}");
    assert_eq!(losses.len(), outcome.best_epoch.map_or(0, |best| best as usize + 4), "three more epochs");
    assert_eq!(Some(mean_loss(&net, level, CrossEntropy, &validation)?), best.map(|best| losses[best]), "the weights");

    // The best of another training is not that of this one: its weights are not known.
    let best = Some(Best { value: 0.0, at: 7 });
    let progress = Progress { observed: 8, waited: 2, best };
    let mut other = small();
    let stopping = EarlyStopping { progress, ..EarlyStopping::new(3) };
    let mut again = self::trainer().epochs(200).early_stopping(stopping);
    again.fit(&mut other, &mut adam(), &OBJECTIVE, &train, Some(&validation))?;
    assert_eq!(other, net, "it begins without progress");

    let mut net = small();
    let accuracies = EarlyStopping { better: Better::Higher, ..EarlyStopping::new(2) };
    let mut trainer = trainer.early_stopping(accuracies).watch(Watch::Metric("accuracy"));
    let outcome = trainer.fit(&mut net, &mut adam(), &OBJECTIVE, &train, Some(&validation))?;
    let shares: Vec<_> = outcome.records.iter().map(|record| record.metrics["accuracy"]).collect();
    let best = outcome.best_epoch.ok_or("an epoch is the best")? as usize;
    assert!(shares.iter().all(|share| *share <= shares[best]), "epoch {best} of {shares:?}");
    Ok(())
}

#[test]
fn each_rule_ends_a_training_and_is_named() -> Result {
    let train = points(40, 1, false)?;
    let fit = |mut trainer: Trainer<'_, Small, u8>, rate: f32| {
        trainer.fit(&mut small(), &mut sgd(rate), &OBJECTIVE, &train, None)
    };
    let outcome = fit(trainer().max_steps(7), 0.1)?;
    assert_eq!((outcome.stop, outcome.steps, outcome.records.len()), (Stop::Steps, 7, 1), "in the second epoch");
    let outcome = fit(trainer().max_steps(5), 0.1)?;
    assert_eq!((outcome.stop, outcome.steps, outcome.records.len()), (Stop::Steps, 5, 1), "with the first epoch");
    let outcome = fit(trainer().min_change(1e-5), 1e-6)?;
    assert_eq!((outcome.stop, outcome.steps), (Stop::Converged, 1), "such a rate changes hardly anything");
    let outcome = fit(trainer().min_change(1e-5), 0.1)?;
    assert_eq!(outcome.stop, Stop::Epochs, "this rate changes more");
    let warmup = Warmup { steps: 3, start: 0.0, then: Linear { from: 1.0, to: 1.0, steps: 1 } };
    let outcome = fit(trainer().min_change(1e-6).schedule(warmup), 1.0)?;
    assert_eq!(outcome.stop, Stop::Epochs, "a first step with rate 0 says nothing");

    let stop_if = |is_due| if is_due { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let outcome = fit(trainer().on_step(move |step| stop_if(step.step == 3)), 0.1)?;
    assert_eq!((outcome.stop, outcome.steps), (Stop::Callback, 3), "asked for after a step");
    let outcome = fit(trainer().on_epoch(move |record| stop_if(record.epoch == 1)), 0.1)?;
    assert_eq!((outcome.stop, outcome.steps), (Stop::Callback, 10), "asked for after an epoch");
    let outcome = fit(trainer().diagnose(Every::Steps(4), 10, move |found| stop_if(found.step == 8)), 0.1)?;
    assert_eq!((outcome.stop, outcome.steps, outcome.diagnoses.len()), (Stop::Callback, 8, 2), "asked for in between");
    Ok(())
}

#[cfg(all(unix, feature = "interrupt"))]
#[test]
fn ctrl_c_ends_a_training_after_the_batch() -> Result {
    use signal_hook::consts::SIGINT;
    use signal_hook::low_level::raise;

    let train = points(40, 1, false)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run");
    let mut interrupted = trainer().checkpoint(&path, Every::Epochs(1)).stop_on_ctrl_c().on_step(|step| {
        if step.step == 8 {
            raise(SIGINT).unwrap_or_default();
        }
    });
    let mut net = small();
    let outcome = interrupted.fit(&mut net, &mut adam(), &OBJECTIVE, &train, None)?;
    assert_eq!((outcome.stop, outcome.steps), (Stop::Interrupted, 8), "in the second epoch");
    let (mut resumed, mut expected) = (small(), small());
    let mut on = trainer().checkpoint(&path, Every::Epochs(1));
    let outcome = on.fit(&mut resumed, &mut adam(), &OBJECTIVE, &train, None)?;
    assert_eq!((outcome.stop, outcome.resumed_at), (Stop::Epochs, Some(8)), "where it was interrupted");
    trainer().fit(&mut expected, &mut adam(), &OBJECTIVE, &train, None)?;
    assert_eq!(resumed, expected, "as if nothing had been");
    Ok(())
}

#[test]
fn of_several_runs_the_best_is_kept() -> Result {
    let (level, train, validation) = (Level::detect(), points(40, 1, false)?, points(60, 2, false)?);
    let fit = |runs: u32, net: &mut Small| {
        let mut trainer = trainer().init(Init::HeUniform).runs(runs);
        trainer.fit(net, &mut adam(), &OBJECTIVE, &train, Some(&validation))
    };
    let (mut net, mut single) = (Small::ZERO, Small::ZERO);
    let (outcome, first) = (fit(5, &mut net)?, fit(1, &mut single)?);
    let losses: Vec<_> =
        outcome.records.iter().filter(|record| record.epoch == 3).filter_map(|record| record.validation_loss).collect();
    assert_eq!(losses.len(), 5, "each run has all epochs");
    assert_eq!(Some(losses[0]), first.records[3].validation_loss, "the first run is a single one");
    let smallest = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(losses[outcome.run as usize], smallest, "run {} of {losses:?}", outcome.run);
    assert_eq!(mean_loss(&net, level, CrossEntropy, &validation)?, smallest, "the weights");
    assert!(losses.iter().any(|loss| *loss != losses[0]), "runs differ: {losses:?}");

    let seed = |of: u64| seed_of_run(of, outcome.run);
    let (mut alone, objective) = (Small::ZERO, OBJECTIVE.seeded(seed(OBJECTIVE.noise.seed)));
    assert_ne!(outcome.run, 0, "the best run is one whose seeds are derived");
    let mut again = trainer().init(Init::HeUniform).seed(seed(9));
    again.fit(&mut alone, &mut adam(), &objective, &train, Some(&validation))?;
    assert_eq!(alone, net, "run {} alone", outcome.run);

    // Asked to stop in the step that ends the first run: no other one is made.
    let mut trainer = trainer()
        .init(Init::HeUniform)
        .runs(3)
        .max_steps(5)
        .on_step(|step| if step.step == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
    let outcome = trainer.fit(&mut net, &mut adam(), &OBJECTIVE, &train, None)?;
    assert_eq!((outcome.stop, outcome.records.len()), (Stop::Callback, 1), "one run");
    Ok(())
}

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
fn what_became_infinite_is_named() -> Result {
    let mut train = points(40, 1, false)?;
    let fit = |net: &mut Small, rate: f32, train: &Points| {
        let mut sgd = sgd(rate);
        trainer().epochs(50).fit(net, &mut sgd, &OBJECTIVE, train, None).map(|outcome| outcome.stop)
    };
    let error = fit(&mut small(), 1e30, &train).expect_err("such a rate explodes");
    let TrainError::NotFinite { epoch, step, place, .. } = error else { return Err(error.into()) };
    assert!(epoch == 0 && (1..5).contains(&step), "soon, not in step {step} of epoch {epoch}");
    assert!(matches!(place, Place::Outputs { .. }), "{place:?}");

    let mut net = small();
    net.layers.tail.tail.biases[1] = f32::INFINITY;
    let error = fit(&mut net, 0.1, &train).expect_err("there is an infinite bias");
    assert!(matches!(error, TrainError::NotFinite { step: 0, place: Place::Outputs { layer: 2 }, .. }), "{error}");

    let mut inputs = train.inputs().to_vec();
    inputs[17][1] = f32::NAN;
    train = Dataset::new(inputs, train.targets().to_vec())?;
    let error = fit(&mut small(), 0.1, &train).expect_err("there is an input NaN");
    assert!(matches!(error, TrainError::NotFinite { place: Place::Inputs { sample: 17 }, .. }), "{error}");
    Ok(())
}

#[test]
fn a_diverging_training_keeps_its_last_good_checkpoint() -> Result {
    let train = Dataset::new(vec![[1.0, 2.0]; 8], vec![[1.0, 2.0, 3.0]; 8])?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run");
    let fit = || {
        // The error is seven times as large with each step.
        let mut trainer = Trainer::new().batch_size(2).epochs(100).checkpoint(&path, Every::Steps(1));
        let (mut net, mut sgd) = (<net![Dense<2, 3>]>::ZERO, Optimizer::new(Sgd::new(2.0)));
        let outcome = trainer.fit(&mut net, &mut sgd, &Objective::mean(MeanSquaredError), &train, None);
        outcome.map(|outcome| outcome.stop)
    };
    let first = fit().expect_err("the rate is too large").to_string();
    assert!(first.contains("epoch 5, step 2"), "finite for some twenty steps: {first}");
    let second = fit().expect_err("from the last good checkpoint it diverges again").to_string();
    assert_eq!(first, second, "the same step once more");
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

#[test]
fn settings_without_sense_are_refused_before_anything_is_changed() -> Result {
    let train = points(40, 1, false)?;
    let higher = EarlyStopping { better: Better::Higher, ..EarlyStopping::new(1) };
    let plateau = ReduceOnPlateau { goal: Goal::Largest, ..ReduceOnPlateau::new(0.1) };
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
            SettingsError::NotAboveZero { what: "the least change of a step", value: f32::INFINITY },
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
        (trainer().watch(Watch::Metric("m")), SettingsError::NoMetric { name: "m".to_owned(), known: Vec::new() }),
        (trainer().early_stopping(higher), SettingsError::HighLoss { what: "early stopping" }),
        (trainer().reduce_on_plateau(plateau), SettingsError::HighLoss { what: "the plateau" }),
        (trainer().runs(0), SettingsError::NoRuns),
        (trainer().runs(3), SettingsError::NoInit { runs: 3 }),
    ] {
        let mut net = small();
        let error = trainer.fit(&mut net, &mut adam(), &OBJECTIVE, &train, None);
        assert!(matches!(&error, Err(TrainError::Settings(found)) if *found == expected), "{expected:?}: {error:?}");
        assert_eq!(net, small(), "{expected:?}: the network");
    }
    let (mut used, mut net) = (adam(), small());
    let _ = used.resume(3);
    let mut trainer = trainer().init(Init::HeUniform).runs(2);
    let error = trainer.fit(&mut net, &mut used, &OBJECTIVE, &train, None);
    assert!(matches!(error, Err(TrainError::Settings(SettingsError::UsedOptimizer { steps: 3 }))), "{error:?}");
    let none = points(0, 1, false)?;
    let error = trainer.fit(&mut net, &mut adam(), &OBJECTIVE, &train, Some(&none));
    assert!(matches!(error, Err(TrainError::Set { set: "validation", .. })), "{error:?}");
    Ok(())
}
