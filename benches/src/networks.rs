//! The networks that are timed, learning and predicting.

use femto::activation::Relu;
use femto::init::Init;
use femto::layer::{Dense, Layer, TapeOf};
use femto::loss::CrossEntropy;
use femto::optimizer::{Optimizer, Rule};
use femto::train::{BatchError, Objective, Workers};
use femto::{Flat, Level, Net, ShapeError, net};

use crate::inputs::{Aligned, labels, random, zeroed};

/// 8 x 8 digits: a network for a microcontroller, all of it in a first-level cache.
pub type Digits = net![Dense<64, 32, Relu>, Dense<32, 10>];

/// 28 x 28 pictures: 397 KiB of parameters, which do not fit a first-level cache.
pub type Pictures = net![Dense<784, 128, Relu>, Dense<128, 10>];

/// Pictures through two hidden layers: 2.1 MiB of parameters, which fill a second-level cache.
pub type Deep = net![Dense<784, 512, Relu>, Dense<512, 256, Relu>, Dense<256, 10>];

/// A network type, taken apart.
pub trait Layered {
    /// Its layers.
    type Layers: Layer;
}

impl<L: Layer> Layered for Net<L> {
    type Layers = L;
}

/// The `L` of the type `Net<L>` that [`net!`] writes.
pub type LayersOf<N> = <N as Layered>::Layers;

/// The learning rate of all timed steps: so small that the parameters stay where they are.
///
/// What a step computes does not depend on it. But a network that meets the same batch a million times learns it by
/// heart, its gradients and moments become subnormal, and the bench would time those.
pub const RATE: f32 = 1e-9;

/// A network that learns the same batch of `B` rows over and over.
pub struct Training<L: Layer, R, const MOMENTS: usize, const B: usize> {
    level: Level,
    net: Box<Aligned<Net<L>>>,
    optimizer: Box<Optimizer<Net<L>, R, MOMENTS>>,
    gradient: Box<Aligned<Net<L>>>,
    inputs: Box<Aligned<[L::In; B]>>,
    labels: [u8; B],
    tape: Box<Aligned<[TapeOf<L>; B]>>,
}

impl<L: Layer, R: Rule<MOMENTS>, const MOMENTS: usize, const B: usize> Training<L, R, MOMENTS, B> {
    /// Multiply-accumulates of a step: forward, gradient of the weights, and deltas, which the first layer's inputs
    /// do not get. Losses and updates are not counted.
    #[must_use]
    pub fn multiply_accumulates() -> u64 {
        let mut first_layer = 0;
        L::tensors(0, 0, &mut |tensor| {
            if tensor.offset == 0 {
                first_layer = tensor.rows * tensor.columns;
            }
        });
        (B * (3 * L::MULTIPLY_ACCUMULATES - first_layer)) as u64
    }

    /// Parameters drawn at random, moments zero.
    #[must_use]
    pub fn new(level: Level, rule: R) -> Self {
        let mut net = zeroed::<Net<L>>();
        net.init(Init::HeUniform, 1);
        let mut optimizer = Box::new_uninit();
        Optimizer::new_in(&mut optimizer, rule);
        Self {
            level,
            net,
            // SAFETY: `new_in` has initialised the place.
            optimizer: unsafe { optimizer.assume_init() },
            gradient: zeroed(),
            inputs: random(2),
            labels: labels(L::Out::LEN),
            tape: zeroed(),
        }
    }

    /// The parameters.
    #[must_use]
    pub fn net(&self) -> &Net<L> {
        &self.net
    }

    /// The batch.
    #[must_use]
    pub fn inputs(&self) -> &[L::In; B] {
        &self.inputs
    }

    /// The classes of its rows.
    #[must_use]
    pub const fn labels(&self) -> &[u8; B] {
        &self.labels
    }

    /// One step in place: no gradient is stored.
    ///
    /// # Errors
    /// None: the batch fits.
    pub fn step(&mut self) -> Result<f32, BatchError> {
        let objective = Objective::mean(CrossEntropy);
        let Self { level, net, optimizer, inputs, labels, tape, .. } = self;
        net.step(*level, &objective, &***inputs, &*labels, &mut ***tape, optimizer)
    }

    /// One step by workers.
    ///
    /// # Errors
    /// None: the batch fits.
    pub fn step_on(&mut self, workers: impl Workers) -> Result<f32, BatchError> {
        let objective = Objective::mean(CrossEntropy);
        let Self { net, optimizer, inputs, labels, tape, .. } = self;
        net.step_on(workers, &objective, &***inputs, &*labels, &mut ***tape, optimizer)
    }

    /// The same step over a gradient in memory, as it is needed for clipping, or to sum several batches: the gradient
    /// is cleared, filled and applied.
    ///
    /// # Errors
    /// None: the batch fits.
    pub fn step_through_buffer(&mut self) -> Result<f32, BatchError> {
        let objective = Objective::mean(CrossEntropy);
        let Self { level, net, optimizer, gradient, inputs, labels, tape } = self;
        gradient.as_mut_slice().fill(0.0);
        let loss = net.gradient(*level, &objective, &***inputs, &*labels, &mut ***tape, gradient)?;
        optimizer.apply(*level, net, gradient);
        Ok(loss)
    }
}

/// A network that predicts the same `B` rows over and over.
pub struct Predicting<L: Layer, const B: usize> {
    level: Level,
    net: Box<Aligned<Net<L>>>,
    inputs: Box<Aligned<[L::In; B]>>,
    scratch: Box<Aligned<[L::Scratch; B]>>,
    outputs: Box<Aligned<[L::Out; B]>>,
}

impl<L: Layer, const B: usize> Predicting<L, B> {
    /// Parameters drawn at random.
    #[must_use]
    pub fn new(level: Level) -> Self {
        let mut net = zeroed::<Net<L>>();
        net.init(Init::HeUniform, 1);
        Self { level, net, inputs: random(2), scratch: zeroed(), outputs: zeroed() }
    }

    /// The parameters.
    #[must_use]
    pub fn net(&self) -> &Net<L> {
        &self.net
    }

    /// The rows.
    #[must_use]
    pub fn inputs(&self) -> &[L::In; B] {
        &self.inputs
    }

    /// The first row alone.
    #[must_use]
    pub fn one(&self) -> L::Out {
        match self.inputs.first() {
            Some(x) => self.net.predict(self.level, x),
            None => L::Out::ZERO,
        }
    }

    /// All rows in one call.
    ///
    /// # Errors
    /// None: there is scratch and room for all rows.
    pub fn all(&mut self) -> Result<&[L::Out], ShapeError> {
        let Self { level, net, inputs, scratch, outputs } = self;
        net.predict_batch(*level, &***inputs, &mut ***scratch, &mut ***outputs)?;
        Ok(&***outputs)
    }
}

#[cfg(test)]
mod tests {
    use femto::Level;
    use femto::optimizer::{Adam, Sgd};

    use super::*;

    #[test]
    fn both_routes_make_the_same_step() {
        let level = Level::detect();
        let mut in_place = Training::<LayersOf<Digits>, _, 2, 32>::new(level, Adam::new(0.1));
        let mut buffered = Training::<LayersOf<Digits>, _, 2, 32>::new(level, Adam::new(0.1));
        for _ in 0..3 {
            assert_eq!(in_place.step(), buffered.step_through_buffer(), "the loss");
        }
        assert_eq!(in_place.net, buffered.net, "the parameters");
        assert_ne!(
            in_place.net,
            Training::<LayersOf<Digits>, _, 2, 32>::new(level, Adam::new(0.1)).net,
            "a step was made"
        );
    }

    #[test]
    fn the_small_rate_keeps_gradients_normal() {
        let mut training = Training::<LayersOf<Digits>, _, 2, 32>::new(Level::detect(), Adam::new(RATE));
        let first = training.step().unwrap();
        for _ in 0..2000 {
            training.step().unwrap();
        }
        assert!((training.step().unwrap() - first).abs() < 1e-3, "nothing is learnt");
        for moment in training.optimizer.moments() {
            assert!(moment.as_slice().iter().all(|m| !m.is_subnormal()), "a subnormal moment");
        }
    }

    #[test]
    fn multiply_accumulates_leave_out_the_deltas_of_the_inputs() {
        let found = Training::<LayersOf<Digits>, Sgd, 0, 32>::multiply_accumulates();
        assert_eq!(found, 32 * (2 * (64 * 32 + 32 * 10) + 32 * 10), "forward, dW, dX of the second layer");
    }
}
