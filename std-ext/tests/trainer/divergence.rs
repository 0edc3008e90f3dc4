//! Numbers that become infinite.

use std::collections::BTreeSet;

use femto_std::trainer::{Divergence, Outcome};

use super::*;

#[test]
fn what_became_infinite_is_named() -> Result {
    let mut train = points(40, 1, false)?;
    let fit = |net: &mut Small, rate: f32, train: &Points| {
        let mut sgd = sgd(rate);
        trainer().epochs(50).fit(net, &mut sgd, &OBJECTIVE, train, None).map(|outcome| outcome.stop)
    };
    let error = fit(&mut small(), 1e30, &train).expect_err("such a rate explodes");
    let TrainError::NotFinite(Divergence { epoch, step, place, .. }) = error else { return Err(error.into()) };
    assert!(epoch == 0 && (1..5).contains(&step), "soon, not in step {step} of epoch {epoch}");
    assert!(matches!(place, Place::Outputs { .. }), "{place:?}");

    let mut net = small();
    net.layers.tail.tail.biases[1] = f32::INFINITY;
    let error = fit(&mut net, 0.1, &train).expect_err("there is an infinite bias");
    assert!(
        matches!(error, TrainError::NotFinite(Divergence { step: 0, place: Place::Outputs { layer: 2 }, .. })),
        "{error}"
    );

    let mut inputs = train.inputs().to_vec();
    inputs[17][1] = f32::NAN;
    train = Dataset::new(inputs, train.targets().to_vec())?;
    let error = fit(&mut small(), 0.1, &train).expect_err("there is an input NaN");
    assert!(matches!(error, TrainError::NotFinite(Divergence { place: Place::Inputs { sample: 17 }, .. })), "{error}");
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

type Line = net![Dense<1, 1>];

/// Of a line whose slope is drawn with this deviation, the squared error overflows where the slope is large.
fn from_large_slopes<'a>(deviation: f32) -> Trainer<'a, Line, [f32; 1]> {
    Trainer::new().batch_size(4).epochs(2).seed(2).init(Init::Normal(deviation)).runs(8)
}

/// The same sample again and again.
fn samples(len: usize, x: f32, y: f32) -> Dataset<[f32; 1], [f32; 1]> {
    Dataset::new(vec![[x]; len], vec![[y]; len]).expect("as many inputs as targets")
}

fn fit_line(mut trainer: Trainer<'_, Line, [f32; 1]>, net: &mut Line) -> Outcome {
    let outcome = trainer.fit(net, &mut Optimizer::new(Sgd::new(1e-3)), &MEAN, &samples(8, 1.0, 1.0), None);
    outcome.expect("not all of them diverge")
}

fn lost(outcome: &Outcome) -> impl Iterator<Item = u32> {
    outcome.diverged.iter().map(|divergence| divergence.run)
}

const MEAN: Objective<MeanSquaredError> = Objective::mean(MeanSquaredError);

#[test]
fn of_several_runs_those_that_diverge_are_lost() -> Result {
    let mut net = Line::ZERO;
    let outcome = fit_line(from_large_slopes(1e19), &mut net);
    let mut ended: Vec<_> = outcome.records.iter().filter(|record| record.epoch == 1).collect();
    assert!(!outcome.diverged.is_empty() && !ended.is_empty(), "some do: {outcome:?}");
    let all: BTreeSet<_> = ended.iter().map(|record| record.run).chain(lost(&outcome)).collect();
    assert_eq!(all, (0..8).collect(), "each run diverges or ends: {outcome:?}");
    ended.sort_by(|a, b| a.train_loss.total_cmp(&b.train_loss));
    assert_eq!(outcome.run, ended[0].run, "the best of the others");
    assert!(net.as_slice().iter().all(|w| w.is_finite()), "{net:?}");

    // Stopped behind a run that diverged, and taken up again.
    let folder = tempfile::tempdir()?;
    let first_after = outcome.diverged[0].run + 1;
    let path = folder.path().join("run");
    let stops = from_large_slopes(1e19).checkpoint(&path, Every::Steps(1)).on_step(move |step| {
        if step.run == first_after { ControlFlow::Break(Request::Pause) } else { ControlFlow::Continue(()) }
    });
    let mut resumed = Line::ZERO;
    fit_line(stops, &mut resumed);
    let again = fit_line(from_large_slopes(1e19).checkpoint(&path, Every::Steps(1)), &mut resumed);
    assert_eq!((&resumed, again.run), (&net, outcome.run), "the weights");
    assert_eq!(again.diverged, outcome.diverged, "those before are not forgotten");

    let (train, mut sgd) = (samples(8, 1.0, 1.0), Optimizer::new(Sgd::new(1e-3)));
    let error = from_large_slopes(1e25).fit(&mut resumed, &mut sgd, &MEAN, &train, None).map(|outcome| outcome.stop);
    assert!(matches!(error, Err(TrainError::NotFinite(Divergence { run: 7, .. }))), "all of them diverge: {error:?}");
    Ok(())
}

/// Inputs so far from 0 that the loss overflows for slopes of which that of the training set does not.
fn fit_with_far_validation(mut trainer: Trainer<'_, Line, [f32; 1]>) -> std::result::Result<Outcome, TrainError> {
    let (mut net, mut sgd) = (Line::ZERO, Optimizer::new(Sgd::new(1e-3)));
    trainer.fit(&mut net, &mut sgd, &MEAN, &samples(8, 1.0, 1.0), Some(&samples(1, 2.0, 1.0)))
}

#[test]
fn what_is_asked_for_in_the_step_that_diverges_is_done() -> Result {
    let folder = tempfile::tempdir()?;
    let (mut is_first, mut is_behind) = (false, false);
    for seed in 0..8 {
        let trainer = || from_large_slopes(1e19).seed(seed);
        let Ok(whole) = fit_with_far_validation(trainer()) else { continue };
        let Some(lost) = whole.diverged.iter().find(|lost| lost.place == Place::Validation && lost.run < 7) else {
            continue;
        };
        let lost = lost.run;
        let has_kept = whole.records.iter().any(|record| record.run < lost && record.epoch == 1);
        is_first |= !has_kept;
        is_behind |= has_kept;
        for (request, stop) in [(Request::End, Stop::Callback), (Request::Pause, Stop::Paused)] {
            let what = format!("seed {seed}, run {lost}, {request:?}");
            let path = folder.path().join(format!("{seed}.{request:?}"));
            let saving = || trainer().checkpoint(&path, Every::Epochs(9));
            let asked = fit_with_far_validation(saving().on_step(move |step| {
                let is_asked = step.run == lost && step.step == 2;
                if is_asked { ControlFlow::Break(request) } else { ControlFlow::Continue(()) }
            }));
            if request == Request::End && !has_kept {
                assert!(matches!(asked, Err(TrainError::NotFinite(_))), "{what}: all of them diverged: {asked:?}");
                continue;
            }
            let asked = asked?;
            assert_eq!(asked.stop, stop, "{what}");
            assert_eq!(asked.diverged.last().map(|last| last.run), Some(lost), "{what}");
            assert!(asked.records.iter().all(|record| record.run <= lost), "{what}: no other run is made");
            let again = fit_with_far_validation(saving())?;
            let expected = if request == Request::End { (stop, asked.run) } else { (whole.stop, whole.run) };
            assert_eq!((again.stop, again.run), expected, "{what}, taken up again");
            let expected = if request == Request::End { asked.diverged } else { whole.diverged.clone() };
            assert_eq!(again.diverged, expected, "{what}, taken up again");
        }
    }
    assert!(is_first && is_behind, "there is a first run that diverges, and one behind another");
    Ok(())
}

#[test]
fn a_last_run_that_diverges_is_in_the_checkpoint() -> Result {
    let folder = tempfile::tempdir()?;
    let mut places = Vec::new();
    for seed in 0..40 {
        let path = folder.path().join(seed.to_string());
        let runs = || from_large_slopes(1e19).seed(seed).runs(3).checkpoint(&path, Every::Epochs(9));
        let Ok(whole) = fit_with_far_validation(runs()) else { continue };
        if whole.stop == Stop::Diverged {
            let again = fit_with_far_validation(runs().on_step(|step| assert!(step.step == 0, "it is over")))?;
            assert_eq!(
                (again.stop, again.run, &again.diverged),
                (whole.stop, whole.run, &whole.diverged),
                "seed {seed}"
            );
            places.extend(whole.diverged.last().map(|last| last.place));
        }
    }
    assert!(places.contains(&Place::Validation), "behind an epoch: {places:?}");
    assert!(places.iter().any(|place| *place != Place::Validation), "in the first step: {places:?}");
    Ok(())
}

#[test]
fn a_diverging_training_goes_back_to_its_best_epoch() -> Result {
    let train = Dataset::new(vec![[1.0, 2.0]; 8], vec![[1.0, 2.0, 3.0]; 8])?;
    let fit = |epochs: u32, runs: u32| {
        let mut net = <net![Dense<2, 3>]>::ZERO;
        let mut trainer = Trainer::new().batch_size(2).epochs(epochs).seed(1).init(Init::HeUniform).runs(runs);
        trainer = trainer.early_stopping(EarlyStopping::new(1000));
        // The error is seven times as large with each step.
        let ended = trainer.fit(&mut net, &mut Optimizer::new(Sgd::new(2.0)), &MEAN, &train, Some(&train));
        (net, ended.map(|outcome| (outcome.stop, outcome.best_epoch, outcome.diverged)))
    };
    let (first, ended) = fit(1, 1);
    assert_eq!(ended?, (Stop::Epochs, Some(0), vec![]), "one epoch");
    let (net, ended) = fit(100, 1);
    assert!(matches!(ended, Err(TrainError::NotFinite(_))), "{ended:?}");
    assert_eq!(net, first, "the weights of the first epoch");
    let (net, ended) = fit(100, 2);
    assert!(matches!(ended, Err(TrainError::NotFinite(Divergence { run: 1, .. }))), "all of two: {ended:?}");
    assert_eq!(net, fit(1, 2).0, "the better weights of the first epochs");
    Ok(())
}

#[test]
fn losses_weights_and_validation_are_looked_at() -> Result {
    let set = |x: f32, y: f32| samples(1, x, y);
    let place = |rate: f32, train: &Dataset<[f32; 1], [f32; 1]>, validation: &Dataset<[f32; 1], [f32; 1]>| {
        let mut line = Line::ZERO;
        let mut trainer = Trainer::new().epochs(1);
        match trainer.fit(&mut line, &mut Optimizer::new(Sgd::new(rate)), &MEAN, train, Some(validation)) {
            Err(TrainError::NotFinite(Divergence { step: 0, epoch: 0, place, .. })) => Some(place),
            _ => None,
        }
    };
    let one = set(1.0, 1.0);
    assert_eq!(place(0.1, &one, &one), None, "nothing is wrong");
    assert_eq!(place(0.1, &set(1.0, 1e30), &one), Some(Place::Loss), "a square beyond the largest number");
    assert_eq!(place(1e30, &set(1.0, 1e18), &one), Some(Place::Weights { layer: 0 }), "a step beyond it");
    assert_eq!(place(0.1, &one, &set(f32::NAN, 1.0)), Some(Place::Validation), "an input that is no number");
    Ok(())
}
