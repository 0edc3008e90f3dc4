//! Initial values, and every loss with its gradient, through small networks.

use femto::activation::{LeakyRelu, Sigmoid, Tanh};
use femto::init::{Init, Initializer};
use femto::layer::Dense;
use femto::loss::{
    BinaryCrossEntropy, CrossEntropy, HalfSquaredError, Loss, MeanAbsoluteError, MeanSquaredError, SumSquaredError,
};
use femto::train::Objective;
use femto::{Flat, Level, net};

use crate::hash::Hash;
use crate::sample;

type Small = net![Dense<5, 7, Tanh>, Dense<7, 3, LeakyRelu>, Dense<3, 6>];
type Bounded = net![Dense<5, 6, Sigmoid>];

const ROWS: usize = 5;

/// All ways to draw initial values. They are the same in both classes.
pub fn initial_values(report: &mut dyn FnMut(&str, u64)) {
    let mut draw = |name, initializer: Initializer| {
        let mut net = Small::ZERO;
        net.init(initializer, 42);
        report(name, Hash::EMPTY.with(net.as_slice()).value());
    };
    draw("init.normal", Init::Normal(0.5).into());
    draw("init.uniform", Init::Uniform(0.5).into());
    draw("init.glorot-uniform", Init::GlorotUniform.into());
    draw("init.glorot-normal", Init::GlorotNormal.into());
    draw("init.he-uniform", Init::HeUniform.into());
    draw("init.he-normal", Init::HeNormal.into());
    draw("init.pytorch", Initializer::PYTORCH);
}

/// Every loss: its value, and the gradient that it gives a network.
pub fn losses(level: Level, report: &mut dyn FnMut(&str, u64)) {
    let numbers: [[f32; 6]; ROWS] =
        core::array::from_fn(|r| core::array::from_fn(|c| 0.5 + 0.5 * sample::signed(500 + 6 * r + c)));
    let classes: [u8; ROWS] = [3, 0, 5, 1, 3];
    report("loss.mean-squared", loss(level, MeanSquaredError, &numbers));
    report("loss.sum-squared", loss(level, SumSquaredError, &numbers));
    report("loss.half-squared", loss(level, HalfSquaredError, &numbers));
    report("loss.mean-absolute", loss(level, MeanAbsoluteError, &numbers));
    report("loss.binary-cross-entropy", loss(level, BinaryCrossEntropy, &numbers));
    report("loss.cross-entropy.distribution", loss(level, CrossEntropy, &numbers));
    report("loss.cross-entropy.class", loss(level, CrossEntropy, &classes));
}

fn loss<T, F: Loss<T>>(level: Level, loss: F, targets: &[T; ROWS]) -> u64 {
    let inputs: [[f32; 5]; ROWS] = core::array::from_fn(|r| core::array::from_fn(|c| sample::signed(5 * r + c)));
    let objective = Objective { l2: 0.01, ..Objective::mean(loss) };
    let (mut net, mut bounded) = (Small::ZERO, Bounded::ZERO);
    net.init(Initializer::PYTORCH, 1);
    bounded.init(Initializer::PYTORCH, 2);

    // A refusal leaves the gradient 0 and the value away: another hash than that of a loss.
    let mut gradient = Small::ZERO;
    let mut tape = [Small::TAPE; ROWS];
    let value = net.gradient(level, &objective, &inputs, targets, &mut tape, &mut gradient);
    let evaluated = net.evaluate(level, &objective, &inputs, targets, &mut tape);
    let mut hash = Hash::EMPTY
        .with(value.as_ref().map_or(&[], core::slice::from_ref))
        .with(evaluated.as_ref().map_or(&[], core::slice::from_ref))
        .with(gradient.as_slice());

    let mut gradient = Bounded::ZERO;
    let mut tape = [Bounded::TAPE; ROWS];
    let value = bounded.gradient(level, &objective, &inputs, targets, &mut tape, &mut gradient);
    hash = hash.with(value.as_ref().map_or(&[], core::slice::from_ref)).with(gradient.as_slice());
    hash.value()
}
