//! What ends a training, and which weights it leaves.

use std::thread::sleep;
use std::time::Duration;

use femto_std::checkpoint;

use super::*;

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
    let mut trainer = trainer.early_stopping(EarlyStopping::new(2)).watch(Watch::Highest("accuracy"));
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
    assert_eq!((outcome.stop, outcome.steps), (Stop::Converged, 5), "such a rate changes hardly anything in an epoch");
    let outcome = fit(trainer().min_change(1e-5), 0.1)?;
    assert_eq!(outcome.stop, Stop::Epochs, "this rate changes more");
    // Of 5 steps, as an epoch has: the rates of the first one are too small to change anything.
    let warmup = Warmup { steps: 10, start: 0.0, then: Linear { from: 1e-5, to: 1.0, steps: 20 } };
    let outcome = fit(trainer().min_change(1e-5).schedule(warmup), 1.0)?;
    assert_eq!(outcome.stop, Stop::Epochs, "while a rate rises, small steps say nothing");
    // An epoch of which only the first step changes much, in one piece and in two.
    let (folder, mut net) = (tempfile::tempdir()?, small());
    for pause in [0, 1] {
        for last in [pause, 0] {
            let first = Linear { from: 1.0, to: 1e-9, steps: 1 };
            let mut once = trainer().epochs(1).min_change(1e-4).schedule(first).on_step(move |step| {
                if step.step == last { ControlFlow::Break(Request::Pause) } else { ControlFlow::Continue(()) }
            });
            once = once.checkpoint(folder.path().join(pause.to_string()), Every::Epochs(1));
            let outcome = once.fit(&mut net, &mut sgd(1.0), &OBJECTIVE, &train, None)?;
            assert_eq!(outcome.stop, if last == 1 { Stop::Paused } else { Stop::Epochs }, "the first step counts");
            net = small();
        }
    }
    let falling = Linear { from: 1e-5, to: 0.0, steps: 20 };
    let outcome = fit(trainer().min_change(1e-4).schedule(falling), 1.0)?;
    assert_eq!((outcome.stop, outcome.steps), (Stop::Converged, 5), "a rate that falls");

    let stop_if = |is_due| if is_due { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let outcome = fit(trainer().on_step(move |step| stop_if(step.step == 3)), 0.1)?;
    assert_eq!((outcome.stop, outcome.steps), (Stop::Callback, 3), "asked for after a step");
    let outcome = fit(trainer().on_epoch(move |record| stop_if(record.epoch == 1)), 0.1)?;
    assert_eq!((outcome.stop, outcome.steps), (Stop::Callback, 10), "asked for after an epoch");
    let outcome = fit(trainer().diagnose(Every::Steps(4), 10, move |found| stop_if(found.step == 8)), 0.1)?;
    assert_eq!((outcome.stop, outcome.steps, outcome.diagnoses.len()), (Stop::Callback, 8, 2), "asked for in between");
    Ok(())
}

#[test]
fn an_end_is_final_and_a_pause_is_not() -> Result {
    let train = points(40, 1, false)?;
    let folder = tempfile::tempdir()?;
    for (request, stop, steps) in [(Request::End, Stop::Callback, 10), (Request::Pause, Stop::Paused, 20)] {
        for runs in [1, 2] {
            let path = folder.path().join(format!("{request:?}.{runs}"));
            let fit = |is_asked: bool| {
                let mut net = Small::ZERO;
                let mut trainer = trainer().init(Init::HeUniform).runs(runs).checkpoint(&path, Every::Epochs(1));
                trainer = trainer.on_epoch(move |record| {
                    if is_asked && record.epoch == 1 { ControlFlow::Break(request) } else { ControlFlow::Continue(()) }
                });
                let outcome = trainer.fit(&mut net, &mut adam(), &OBJECTIVE, &train, None)?;
                Ok::<_, TrainError>((outcome.stop, outcome.run, outcome.steps, net))
            };
            let asked = fit(true)?;
            assert_eq!((asked.0, asked.1, asked.2), (stop, 0, 10), "{request:?}, {runs} runs");
            let again = fit(false)?;
            assert_eq!(again.2, steps, "{request:?}, {runs} runs, taken up again");
            assert_eq!(again == asked, request == Request::End, "{request:?}, {runs} runs, taken up again");
        }
    }
    Ok(())
}

#[test]
fn runs_are_compared_by_what_is_watched() -> Result {
    let (train, validation) = (points(40, 1, true)?, points(30, 2, true)?);
    for watch in [Watch::Highest("accuracy"), Watch::Lowest("accuracy"), Watch::TrainLoss] {
        let mut net = Small::ZERO;
        let mut trainer = trainer().epochs(2).init(Init::HeUniform).runs(6).metric("accuracy", accuracy).watch(watch);
        let outcome = trainer.fit(&mut net, &mut adam(), &OBJECTIVE, &train, Some(&validation))?;
        let last: Vec<_> = outcome.records.iter().filter(|record| record.epoch == 1).collect();
        let shares: Vec<_> = last.iter().map(|record| record.metrics["accuracy"]).collect();
        let kept = shares[outcome.run as usize];
        match watch {
            Watch::Highest(_) => assert!(shares.iter().all(|share| *share <= kept), "{kept} of {shares:?}"),
            Watch::Lowest(_) => assert!(shares.iter().all(|share| *share >= kept), "{kept} of {shares:?}"),
            _ => {
                let of = |run: u32| {
                    let (mut alone, objective) = (Small::ZERO, OBJECTIVE.seeded(seed_of_run(5, run)));
                    let mut trainer = self::trainer().epochs(2).init(Init::HeUniform).seed(seed_of_run(9, run));
                    trainer.fit(&mut alone, &mut adam(), &objective, &train, None)?;
                    Ok::<_, Box<dyn Error>>(mean_loss(&alone, Level::detect(), CrossEntropy, &train)?)
                };
                let losses = (0..6).map(of).collect::<Result<Vec<_>>>()?;
                assert!(losses.iter().all(|loss| *loss >= losses[outcome.run as usize]), "{losses:?}");
            }
        }
        assert!(shares.iter().any(|share| *share != kept), "runs differ: {shares:?}");
    }
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

    // While it is validated.
    let mut pressed = trainer().stop_on_ctrl_c().metric("pressed", |_, _| {
        raise(SIGINT).unwrap_or_default();
        1.0
    });
    let outcome = pressed.fit(&mut net, &mut adam(), &OBJECTIVE, &train, Some(&train))?;
    assert_eq!((outcome.stop, outcome.records.len()), (Stop::Interrupted, 1), "behind the first epoch");
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

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run");
    let mut saving = trainer().init(Init::HeUniform).runs(5).checkpoint(&path, Every::Epochs(9));
    saving.fit(&mut single, &mut adam(), &OBJECTIVE, &train, Some(&validation))?;
    assert_eq!(single, net, "with checkpoints");
    assert_eq!(checkpoint::load(&path)?.part("kept")?, net.as_slice(), "the best weights are in the checkpoint");

    let seed = |of: u64| seed_of_run(of, outcome.run);
    let (mut alone, objective) = (Small::ZERO, OBJECTIVE.seeded(seed(OBJECTIVE.noise.seed)));
    assert_ne!(outcome.run, 0, "the best run is one whose seeds are derived");
    let mut again = trainer().init(Init::HeUniform).seed(seed(9));
    again.fit(&mut alone, &mut adam(), &objective, &train, Some(&validation))?;
    assert_eq!(alone, net, "run {} alone", outcome.run);

    let pause = Duration::from_millis(2);
    let mut slow = trainer().init(Init::HeUniform).runs(3).max_steps(7).on_step(|_| sleep(pause));
    let outcome = slow.fit(&mut net, &mut adam(), &OBJECTIVE, &train, None)?;
    assert!(outcome.seconds >= (21 * pause).as_secs_f64(), "the time of all runs, not {} s", outcome.seconds);

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
