//! Training on threads ends with the bits of training alone.

use std::sync::Arc;

use femto::activation::Relu;
use femto::init::Init;
use femto::layer::Dense;
use femto::loss::CrossEntropy;
use femto::optimizer::{Adam, Optimizer};
use femto::train::{Objective, Workers};
use femto::{Flat, Level, net};
use femto_std::data::digits;
use femto_std::epoch::Epochs;
use femto_std::threads::{DIVIDE_FROM, Threads};
use femto_std::weights::weights_hash;
use rayon::ThreadPoolBuilder;

type Digits = net![Dense<64, 32, Relu>, Dense<32, 10>];

/// The losses and the weights of two epochs, the last batch of which is ragged.
fn trained(workers: impl Workers, batch: usize) -> (Vec<u64>, u64) {
    let mut net = Digits::ZERO;
    net.init(Init::HeUniform, 1);
    let mut adam = Optimizer::new(Adam::new(3e-3));
    let objective = Objective::mean(CrossEntropy);
    let mut epochs = Epochs::new(batch, 1).expect("a batch");
    let losses = [(); 2].map(|()| {
        let report = epochs.run(&mut net, workers, &objective, &mut adam, &digits()).expect("the digits fit");
        report.loss.to_bits()
    });
    (losses.to_vec(), weights_hash(&net))
}

#[test]
fn epochs_on_threads_have_the_bits_of_one() {
    let level = Level::detect();
    for batch in [37, 500] {
        let alone = trained(level, batch);
        for count in [1, 2, 3, 7, 16] {
            let threads = Threads::new(level, count).expect("threads").divide_from(0);
            assert_eq!(threads.count(), count);
            assert_eq!(trained(&threads, batch), alone, "{count} threads, batches of {batch}");
        }
    }
}

#[test]
fn the_levels_bits_are_those_of_the_threads() {
    for level in femto_tests::levels::all() {
        let threads = Threads::new(level, 2).expect("threads").divide_from(0);
        assert_eq!(trained(&threads, 256), trained(level, 256), "{level}");
    }
}

#[test]
fn two_trainings_may_share_a_pool() {
    let alone = trained(Level::detect(), 64);
    for count in [2, 3, 4, 16] {
        let pool = Arc::new(ThreadPoolBuilder::new().num_threads(count).build().expect("threads"));
        let threads = Threads::in_pool(Level::detect(), pool).divide_from(0);
        std::thread::scope(|scope| {
            let trainings: Vec<_> = (0..3).map(|_| scope.spawn(|| trained(&threads, 64))).collect();
            for training in trainings {
                assert_eq!(training.join().expect("no panic"), alone, "{count} threads");
            }
        });
    }
}

#[test]
fn single_steps_end() {
    let digits = digits();
    let threads = Threads::new(Level::detect(), 5).expect("threads").divide_from(0);
    let objective = Objective::mean(CrossEntropy);
    let (mut alone, mut divided) = (Digits::ZERO, Digits::ZERO);
    let (mut a, mut b) = (Optimizer::new(Adam::new(1e-3)), Optimizer::new(Adam::new(1e-3)));
    let mut tape = vec![Digits::TAPE; 40];
    for (inputs, targets) in digits.inputs().chunks(40).zip(digits.targets().chunks(40)).cycle().take(500) {
        alone.step(Level::detect(), &objective, inputs, targets, &mut tape, &mut a).expect("the batch fits");
        divided.step_on(&threads, &objective, inputs, targets, &mut tape, &mut b).expect("the batch fits");
    }
    assert_eq!(alone, divided);
}

#[test]
fn small_steps_are_not_divided() {
    let threads = Threads::new(Level::detect(), 4).expect("threads");
    assert_eq!((&threads).shares(DIVIDE_FROM - 1), 1);
    assert_eq!((&threads).shares(DIVIDE_FROM), 4);
    assert_eq!((&threads.divide_from(0)).shares(0), 4);
}
