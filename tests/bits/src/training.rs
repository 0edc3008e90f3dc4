//! Whole trainings: 64-16-10 on real digits, in place, that can be stopped and resumed anywhere.

use femto::activation::Relu;
use femto::flat::Split;
use femto::init::Init;
use femto::layer::{Dense, TapeOf};
use femto::loss::CrossEntropy;
use femto::optimizer::{Adam, Momentum, Optimizer, Rule, Sgd};
use femto::train::Objective;
use femto::{Flat, Level, net};

use crate::digits::{self, CLASSES, PIXELS};
use crate::hash::Hash;

/// The network that learns the digits.
pub type Digits = net![Dense<PIXELS, 16, Relu>, Dense<16, CLASSES>];

/// What a step learns from.
pub const BATCH: usize = 4;

/// Steps of a whole training: 15 times and a half through the digits.
pub const STEPS: u32 = 1000;

/// The seed of the first weights.
const SEED: u64 = 11;

/// A training: weights, optimizer and room for one batch. Large: it belongs into a static or on a heap.
#[derive(Debug)]
pub struct Training<R, const MOMENTS: usize> {
    /// The weights.
    pub net: Digits,
    optimizer: Optimizer<Digits, R, MOMENTS>,
    objective: Objective<CrossEntropy>,
    loss: f32,
    inputs: [[f32; PIXELS]; BATCH],
    targets: [u8; BATCH],
    tape: [TapeOf<<Digits as Split>::First>; BATCH],
}

impl Training<Sgd, 0> {
    /// Gradient descent.
    pub const SGD: Self = Self::with(Sgd::new(0.1), 0.0);
}

impl Training<Momentum<true>, 1> {
    /// Nesterov's momentum, with a penalty on the weights.
    pub const MOMENTUM: Self = Self::with(Momentum::nesterov(0.01), 1e-4);
}

impl Training<Adam, 2> {
    /// Adam.
    pub const ADAM: Self = Self::with(Adam::new(0.003), 0.0);
}

impl<R: Rule<MOMENTS>, const MOMENTS: usize> Training<R, MOMENTS> {
    /// Bytes of a checkpoint: the number of steps, the weights, the moments.
    pub const CHECKPOINT_BYTES: usize = 4 + (1 + MOMENTS) * Digits::PARAMETER_BYTES;

    const fn with(rule: R, l2: f32) -> Self {
        Self {
            net: Digits::ZERO,
            optimizer: Optimizer::new(rule),
            objective: Objective { l2, ..Objective::mean(CrossEntropy) },
            loss: f32::NAN,
            inputs: [[0.0; PIXELS]; BATCH],
            targets: [0; BATCH],
            tape: [Digits::TAPE; BATCH],
        }
    }

    /// Begins anew, whatever was learnt before.
    pub fn begin(&mut self) {
        self.net.init(Init::HeUniform, SEED);
        for moment in self.optimizer.resume(0) {
            moment.as_mut_slice().fill(0.0);
        }
    }

    /// How many steps were made.
    #[must_use]
    pub const fn steps(&self) -> u32 {
        self.optimizer.steps()
    }

    /// The mean loss of the last batch, before its step.
    #[must_use]
    pub const fn loss(&self) -> f32 {
        self.loss
    }

    /// Makes `count` steps. Which digits a step learns from depends on its number alone.
    pub fn run(&mut self, level: Level, count: u32) {
        for _ in 0..count {
            let first = self.optimizer.steps() as usize * BATCH;
            for (i, (pixels, label)) in self.inputs.iter_mut().zip(&mut self.targets).enumerate() {
                *label = digits::read(first + i, pixels);
            }
            let (x, t) = (&self.inputs, &self.targets);
            let stepped = self.net.step(level, &self.objective, x, t, &mut self.tape, &mut self.optimizer);
            self.loss = stepped.unwrap_or(f32::NAN);
        }
    }

    /// The hash of all weights and moments and of the last loss.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let hash = Hash::EMPTY.with(&[self.loss]).with(self.net.as_slice());
        self.optimizer.moments().iter().fold(hash, |hash, moment| hash.with(moment.as_slice())).value()
    }

    /// Writes what a training goes on from; false where `bytes` has another length than [`Self::CHECKPOINT_BYTES`].
    #[must_use]
    pub fn save(&self, bytes: &mut [u8]) -> bool {
        let Some((steps, tensors)) = bytes.split_first_chunk_mut() else { return false };
        *steps = self.steps().to_le_bytes();
        let values = [&self.net].into_iter().chain(self.optimizer.moments());
        let mut places = tensors.chunks_mut(Digits::PARAMETER_BYTES.max(1));
        values.into_iter().all(|value| places.next().is_some_and(|place| value.write_le_bytes(place).is_ok()))
            && places.next().is_none()
    }

    /// Goes on from a checkpoint; false where it has another length than [`Self::CHECKPOINT_BYTES`].
    #[must_use]
    pub fn resume(&mut self, bytes: &[u8]) -> bool {
        let Some((steps, tensors)) = bytes.split_first_chunk() else { return false };
        let Self { net, optimizer, .. } = self;
        let values = [net].into_iter().chain(optimizer.resume(u32::from_le_bytes(*steps)));
        let mut places = tensors.chunks(Digits::PARAMETER_BYTES.max(1));
        values.into_iter().all(|value| places.next().is_some_and(|place| value.read_le_bytes(place).is_ok()))
            && places.next().is_none()
    }
}
