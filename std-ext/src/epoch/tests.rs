//! What an epoch does with each sample, and what it refuses.

use std::error::Error;
use std::sync::{Mutex, PoisonError};

use femto::Level;
use femto::activation::Relu;
use femto::init::Init;
use femto::layer::Dense;
use femto::loss::{CrossEntropy, MeanSquaredError, Reduction};
use femto::optimizer::{Adam, Sgd};
use femto::simd::Simd;

use super::*;

type Small = femto::net![Dense<2, 5, Relu>, Dense<5, 3>];

fn small() -> Small {
    let mut net = Small::ZERO;
    net.init(Init::HeUniform, 1);
    net
}

/// Samples whose inputs tell which they are.
fn samples(len: u8) -> Result<Dataset<[f32; 2], u8>, Box<dyn Error>> {
    let inputs = (0..len).map(|i| [f32::from(i) * 0.1, 1.0 - f32::from(i) * 0.2]).collect();
    Ok(Dataset::new(inputs, (0..len).map(|i| i % 3).collect())?)
}

/// Learns nothing and notes the targets it was given.
#[derive(Clone, Copy)]
struct Witness<'a>(&'a Mutex<Vec<usize>>);

impl Loss<usize> for Witness<'_> {
    fn accepts(_target: &usize, _outputs: usize) -> bool {
        true
    }

    fn value<S: Simd>(self, _s: S, _y: &[f32], target: &usize) -> f32 {
        *target as f32
    }

    fn gradient<S: Simd>(self, s: S, y: &[f32], target: &usize, _scale: f32, delta: &mut [f32]) -> f32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(*target);
        delta.fill(0.0);
        self.value(s, y, target)
    }
}

#[test]
fn every_sample_is_seen_once_in_the_order_of_the_epoch() -> Result<(), Box<dyn Error>> {
    let (mut net, mut sgd) = (small(), Optimizer::new(Sgd::new(1.0)));
    for (len, batch_size, batches) in [(10, 4, 3), (10, 5, 2), (10, 1, 10), (3, usize::MAX, 1)] {
        let seen = Mutex::default();
        let train = Dataset::new(vec![[0.5, 1.0]; len], (0..len).collect())?;
        let mut epochs = Epochs::new(batch_size, 7)?.starting_at(3);
        for reduction in [Reduction::Mean, Reduction::Sum] {
            let objective = Objective { reduction, ..Objective::mean(Witness(&seen)) };
            let epoch = epochs.next_epoch();
            let report = epochs.run(&mut net, Level::detect(), &objective, &mut sgd, &train)?;
            let order = permutation(len, 7, epoch);
            assert_eq!(
                std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner)),
                order,
                "{len} samples in batches of {batch_size}"
            );
            let mean = (len - 1) as f64 / 2.0;
            let expected = EpochReport { epoch, loss: mean, samples: len, batches };
            assert_eq!(report, expected, "{len} samples in batches of {batch_size}, {reduction:?}");
        }
        assert_eq!(epochs.next_epoch(), 5, "epochs are counted from where they start");
    }
    Ok(())
}

#[test]
fn an_epoch_is_the_steps_one_would_write_by_hand() -> Result<(), Box<dyn Error>> {
    let (level, objective) = (Level::detect(), Objective { l2: 0.01, ..Objective::mean(CrossEntropy) });
    let train = samples(11)?;
    let (mut net, mut adam) = (small(), Optimizer::new(Adam::new(0.1)));
    let mut epochs = Epochs::new(4, 9)?;
    let (mut by_hand, mut adam_by_hand) = (small(), Optimizer::new(Adam::new(0.1)));
    let mut tape = [Small::TAPE; 4];
    for epoch in 0..3 {
        let report = epochs.run(&mut net, level, &objective, &mut adam, &train)?;
        let mut loss = 0.0;
        for batch in permutation(11, 9, epoch).chunks(4) {
            let batch = train.select(batch)?;
            let (x, t) = (batch.inputs(), batch.targets());
            let plain = Objective::sum(CrossEntropy);
            loss += f64::from(by_hand.evaluate(level, &plain, x, t, &mut tape)?);
            by_hand.step(level, &objective, x, t, &mut tape, &mut adam_by_hand)?;
        }
        assert_eq!(net, by_hand, "the weights after epoch {epoch}");
        assert_eq!(adam, adam_by_hand, "the optimizer after epoch {epoch}");
        assert!((report.loss - loss / 11.0).abs() < 1e-6, "{} against {}", report.loss, loss / 11.0);
    }
    assert_ne!(net, small(), "the test compares nets that have learnt something");
    Ok(())
}

#[test]
fn one_run_may_serve_sets_of_several_sizes() -> Result<(), Box<dyn Error>> {
    let (level, objective) = (Level::detect(), Objective::mean(CrossEntropy));
    let (mut net, mut sgd) = (small(), Optimizer::new(Sgd::new(0.1)));
    let mut epochs = Epochs::new(8, 1)?;
    for len in [3, 20, 5, 8] {
        let report = epochs.run(&mut net, level, &objective, &mut sgd, &samples(len)?)?;
        assert_eq!(report.samples, usize::from(len), "samples of the epoch");
    }
    Ok(())
}

#[test]
fn refused_sets_change_nothing() -> Result<(), Box<dyn Error>> {
    let (level, objective) = (Level::detect(), Objective::mean(CrossEntropy));
    let (mut net, mut sgd) = (small(), Optimizer::new(Sgd::new(0.1)));
    let mut epochs = Epochs::new(2, 1)?;
    let mut targets = vec![0_u8; 9];
    targets[6] = 3; // classes are 0, 1 and 2
    let misfit = Dataset::new(vec![[1.0, 2.0]; 9], targets)?;
    let error = EpochError::Set(BatchError::Target { row: 6, outputs: 3 });
    for (set, error) in [(misfit, error), (samples(0)?, EpochError::NoSamples)] {
        let result = epochs.run(&mut net, level, &objective, &mut sgd, &set);
        assert_eq!(result, Err(error), "a set of {} samples", set.len());
    }
    assert!(error.source().is_some_and(|source| source.to_string().contains("row 6")), "{error:?}");
    assert_eq!((net, sgd), (small(), Optimizer::new(Sgd::new(0.1))), "the net and the optimizer");
    assert_eq!(epochs.next_epoch(), 0, "a refused epoch is not counted");
    assert_eq!(Epochs::<Small, u8>::new(0, 1).err(), Some(EpochError::ZeroBatchSize), "no batch size");
    Ok(())
}

#[test]
fn a_diverged_run_says_so() -> Result<(), Box<dyn Error>> {
    let train = Dataset::new(vec![[1.0, 2.0]; 4], vec![[1.0, f32::INFINITY, 0.0]; 4])?;
    let (mut net, mut sgd) = (small(), Optimizer::new(Sgd::new(0.1)));
    let objective = Objective::mean(MeanSquaredError);
    let report = Epochs::new(2, 1)?.run(&mut net, Level::detect(), &objective, &mut sgd, &train)?;
    assert!(!report.loss.is_finite(), "the loss is {}", report.loss);
    Ok(())
}
