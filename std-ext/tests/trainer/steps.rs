//! The steps of a training are those one would write by hand.

use super::*;

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
