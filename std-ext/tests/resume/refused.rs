//! Checkpoints of other trainings.

use std::fs;

use femto::loss::Reduction;
use femto::optimizer::Momentum;

use super::*;

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
    net.init(Init::HeUniform, 1);
    let mut trainer = Trainer::new().batch_size(16).epochs(2).checkpoint(&path, Every::Epochs(1));
    trainer.fit(&mut net, &mut adam(0.1), &OBJECTIVE, &train, None)?;

    let with = |of: Objective<CrossEntropy>| (adam(0.1), of, &train);
    let usual = || with(OBJECTIVE);
    let (shorter, others) = (points(99, 1)?, points(100, 7)?);
    let mut classes = train.targets().to_vec();
    classes[50] = (classes[50] + 1) % 3;
    let relabelled = Dataset::new(train.inputs().to_vec(), classes)?;
    let targets = "hash of the loss on the training set, and so of its targets";
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
        (refused::<Same>(|t| t, (adam(0.1), OBJECTIVE, &relabelled), &path)?, targets),
        (refused::<Same>(|t| t, with(OBJECTIVE.seeded(4)), &path)?, "seed of dropout"),
        (refused::<Same>(|t| t, with(Objective { l2: 0.1, ..OBJECTIVE }), &path)?, "L2 penalty"),
        (refused::<Same>(|t| t, with(Objective { reduction: Reduction::Sum, ..OBJECTIVE }), &path)?, "loss"),
        (refused::<Other>(|t| t, (adam(0.1), OBJECTIVE, &train), &path)?, "network"),
    ] {
        assert_eq!(found, expected, "what differs");
    }

    let mut bytes = fs::read(&path)?;
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    fs::write(&path, bytes)?;
    let mut net = Noisy::ZERO;
    let error = trainer.fit(&mut net, &mut adam(0.1), &OBJECTIVE, &train, None);
    assert!(matches!(error, Err(TrainError::Checkpoint(_))), "an altered file: {error:?}");
    assert_eq!(net, Noisy::ZERO, "an altered file changes nothing");
    Ok(())
}

#[test]
fn no_optimizer_is_taken_for_another() -> Result {
    type Same = <Noisy as Split>::First;
    let (train, folder) = (points(100, 1)?, tempfile::tempdir()?);
    let momentum = || -> Box<dyn RatedOptimizer<Same> + Send> { Box::new(Optimizer::new(Momentum::new(0.1))) };
    let nesterov = Box::new(Optimizer::new(Momentum::nesterov(0.1)));
    let path = folder.path().join("run");
    let mut trainer = Trainer::new().batch_size(16).epochs(2).init(Init::HeUniform).checkpoint(&path, Every::Epochs(1));
    let mut net = Noisy::ZERO;
    trainer.fit(&mut net, &mut momentum(), &OBJECTIVE, &train, None)?;
    let found = refused::<Same>(|trainer| trainer.init(Init::HeUniform), (nesterov, OBJECTIVE, &train), &path)?;
    assert_eq!(found, "optimizer", "they differ in their types alone");
    Ok(())
}

#[test]
fn a_log_without_its_checkpoint_is_not_written_behind() -> Result {
    let (train, folder) = (points(100, 1)?, tempfile::tempdir()?);
    let (path, log) = (folder.path().join("run"), folder.path().join("run.jsonl"));
    let fit = |net: &mut Noisy| {
        let mut trainer = Trainer::new().epochs(2).init(Init::HeUniform).checkpoint(&path, Every::Epochs(1)).log(&log);
        trainer.fit(net, &mut adam(0.1), &OBJECTIVE, &train, None).map(|outcome| outcome.stop)
    };
    let mut net = Noisy::ZERO;
    fit(&mut net)?;
    fs::remove_file(&path)?;
    let (before, mut net) = (fs::read(&log)?, Noisy::ZERO);
    let error = fit(&mut net).expect_err("the log is that of the training before");
    assert!(matches!(&error, TrainError::OldLog { log: found, .. } if *found == log), "{error}");
    assert_eq!((fs::read(&log)?, &net), (before, &Noisy::ZERO), "nothing is changed");
    fs::remove_file(&log)?;
    fit(&mut net)?;
    assert_eq!(read_log(&log)?.len(), 2, "begun anew");
    Ok(())
}
