//! Batches that do not fit are refused with the numbers that matter, and nothing is changed.

use femto::activation::Tanh;
use femto::layer::{Dense, TapeOf};
use femto::loss::{CrossEntropy, Loss, MeanSquaredError};
use femto::optimizer::{Adam, Optimizer};
use femto::train::{BatchError, Objective};
use femto::{Flat, Level, Net, ShapeError, net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};

type Small = net![Dense<2, 5, Tanh>, Dense<5, 3>];
type Tape = TapeOf<femto::layer::Chain<Dense<2, 5, Tanh>, Dense<5, 3>>>;

/// A net in the middle of learning: nothing in it is zero.
struct Learner {
    net: Small,
    gradient: Small,
    optimizer: Optimizer<Small, Adam, 2>,
}

impl Learner {
    fn new(level: Level) -> Self {
        let mut numbers = Numbers::new(30);
        let mut learner = Self { net: Net::ZERO, gradient: Net::ZERO, optimizer: Optimizer::new(Adam::new(0.01)) };
        learner.net.as_mut_slice().iter_mut().for_each(|w| *w = numbers.unit());
        let (inputs, targets) = (numbers.rows::<2>(4), [0_u8, 1, 2, 0]);
        let objective = Objective::mean(CrossEntropy);
        let mut tape = [Small::TAPE; 4];
        for _ in 0..3 {
            learner
                .net
                .step(level, &objective, &inputs, &targets, &mut tape, &mut learner.optimizer)
                .expect("the batch fits");
        }
        learner
            .net
            .gradient(level, &objective, &inputs, &targets, &mut tape, &mut learner.gradient)
            .expect("the batch fits");
        learner
    }

    fn bits(&self) -> (Vec<u32>, Vec<u32>, Vec<Vec<u32>>, u32) {
        let moments = self.optimizer.moments().iter().map(|m| bits(m.as_slice())).collect();
        (bits(self.net.as_slice()), bits(self.gradient.as_slice()), moments, self.optimizer.steps())
    }

    /// What `gradient` and `step` say to the batch, which must be the same; nothing may change.
    fn refused<T, F: Loss<T>>(
        &mut self,
        level: Level,
        objective: &Objective<F>,
        inputs: &[[f32; 2]],
        targets: &[T],
        tape: &mut [Tape],
    ) -> BatchError {
        let before = self.bits();
        let of_gradient = self
            .net
            .gradient(level, objective, inputs, targets, tape, &mut self.gradient)
            .expect_err("the gradient of a batch that does not fit");
        let of_step = self
            .net
            .step(level, objective, inputs, targets, tape, &mut self.optimizer)
            .expect_err("a step on a batch that does not fit");
        assert_eq!(of_gradient, of_step, "{level}: the two routes refuse for different reasons");
        assert!(self.bits() == before, "{level}: {of_step:?} came after something was changed");
        of_step
    }
}

const OBJECTIVE: Objective<CrossEntropy> = Objective::mean(CrossEntropy);

#[test]
fn a_batch_without_rows_is_refused() {
    for level in levels::all() {
        let mut learner = Learner::new(level);
        let error = learner.refused::<u8, _>(level, &OBJECTIVE, &[], &[], &mut [Small::TAPE; 2]);
        assert_eq!(error, BatchError::Empty, "{level}");
        let error = learner.net.evaluate::<u8, _>(level, &OBJECTIVE, &[], &[], &mut [Small::TAPE; 2]);
        assert_eq!(error, Err(BatchError::Empty), "evaluate on {level}");
    }
    assert_eq!(BatchError::Empty.to_string(), "the batch has no row", "message");
}

#[test]
fn inputs_and_targets_must_be_as_many() {
    for level in levels::all() {
        let mut learner = Learner::new(level);
        let mut tape = [Small::TAPE; 8];
        for (inputs, targets) in [(5, 4), (4, 5), (5, 0), (0, 0)] {
            let (rows, classes) = (vec![[0.5; 2]; inputs], vec![1_u8; targets]);
            let expected = if inputs == 0 { BatchError::Empty } else { BatchError::Targets { inputs, targets } };
            assert_eq!(learner.refused(level, &OBJECTIVE, &rows, &classes, &mut tape), expected, "{level}");
            let error = learner.net.evaluate(level, &OBJECTIVE, &rows, &classes, &mut tape);
            assert_eq!(error, Err(expected), "evaluate on {level}");
        }
    }
    let message = BatchError::Targets { inputs: 17, targets: 16 }.to_string();
    assert!(message.contains("17 rows") && message.contains("16 targets"), "{message}");
}

#[test]
fn a_tape_that_is_too_short_is_refused() {
    for level in levels::all() {
        let mut learner = Learner::new(level);
        let (inputs, targets) = ([[0.5; 2]; 5], [1_u8; 5]);
        for rows in [0, 1, 4] {
            let error = learner.refused(level, &OBJECTIVE, &inputs, &targets, &mut vec![Small::TAPE; rows]);
            assert_eq!(error, BatchError::Tape { inputs: 5, tape: rows }, "{level}");
        }
        let error = learner.net.evaluate(level, &OBJECTIVE, &inputs, &targets, &mut []);
        assert_eq!(error, Err(BatchError::Tape { inputs: 5, tape: 0 }), "evaluate on {level}");
    }
    let message = BatchError::Tape { inputs: 64, tape: 32 }.to_string();
    assert!(message.contains("64 rows") && message.contains("only 32"), "{message}");
}

#[test]
fn a_class_without_an_output_is_refused() {
    for level in levels::all() {
        let mut learner = Learner::new(level);
        let inputs = [[0.5; 2]; 4];
        let mut tape = [Small::TAPE; 4];
        for (targets, row) in [([0_u8, 1, 2, 3], 3), ([255, 0, 0, 0], 0), ([0, 7, 9, 0], 1)] {
            let expected = BatchError::Target { row, outputs: 3 };
            assert_eq!(learner.refused(level, &OBJECTIVE, &inputs, &targets, &mut tape), expected, "{level}");
            let error = learner.net.evaluate(level, &OBJECTIVE, &inputs, &targets, &mut tape);
            assert_eq!(error, Err(expected), "evaluate on {level}");
        }
        // A target row of another length than the outputs.
        let error = learner.refused(level, &Objective::mean(MeanSquaredError), &inputs, &[[0.0; 2]; 4], &mut tape);
        assert_eq!(error, BatchError::Target { row: 0, outputs: 3 }, "{level}");
    }
    let message = BatchError::Target { row: 41, outputs: 10 }.to_string();
    assert!(message.contains("row 41") && message.contains("10 outputs"), "{message}");
}

#[test]
fn predictions_need_a_place_for_each_row_and_some_scratch() {
    let net = Small::ZERO;
    for level in levels::all() {
        let mut y = [[7.0; 3]; 4];
        let error = net.predict_batch(level, &[[0.0; 2]; 5], &mut [Small::SCRATCH; 5], &mut y);
        assert_eq!(error, Err(ShapeError::Length { operand: "outputs", expected: 5, found: 4 }), "{level}");
        let error = net.predict_batch(level, &[[0.0; 2]; 4], &mut [], &mut y);
        assert_eq!(error, Err(ShapeError::Length { operand: "scratch", expected: 1, found: 0 }), "{level}");
        assert_eq!(y, [[7.0; 3]; 4], "{level}: outputs were written although something does not fit");
    }
}
