//! Networks: every layer, loss, kind of target and optimizer, all routes to an update, bytes and tensors.

use core::array;
use core::hint::black_box;
use core::mem::MaybeUninit;
use core::task::Poll;

use femto::activation::{Identity, LeakyRelu, Relu, Sigmoid, Sign, Softplus, Tanh};
use femto::init::{Init, Initializer};
use femto::layer::Dense;
use femto::loss::{
    BinaryCrossEntropy, CrossEntropy, HalfSquaredError, Loss, MeanAbsoluteError, MeanSquaredError, SumSquaredError,
};
use femto::optimizer::{Adam, Momentum, Optimizer, Sgd};
use femto::train::Objective;
use femto::work::Slices;
use femto::{Flat, Level, net};

type Classifier = net![Dense<4, 16, Relu>, Dense<16, 7, Tanh>, Dense<7, 3>];
type Regressor = net![Dense<2, 5, Softplus>, Dense<5, 4, LeakyRelu>, Dense<4, 2, Sigmoid>];
type Perceptron = net![Dense<4, 3, Sign>];
type Linear = net![Dense<4, 3, Identity>];

const ROWS: usize = 9;

pub(crate) fn works(level: Level) -> bool {
    classifies(level)
        && works_in_slices(level)
        && regresses(level)
        && takes_class(level, |class| class)
        && takes_class(level, u16::from)
        && takes_class(level, u32::from)
        && takes_class(level, usize::from)
        && takes_class(level, |class| array::from_fn::<f32, 3, _>(|output| f32::from(u8::from(output == class.into()))))
        && has_bytes_and_tensors(level)
        && begins_with(level)
}

fn inputs() -> [[f32; 4]; ROWS] {
    array::from_fn(|r| [r as f32 * 0.1, 1.0, (r % 3) as f32, -0.5])
}

/// By steps in place and through gradients in turn; true where the loss has fallen and nothing went wrong.
fn classifies(level: Level) -> bool {
    let mut classifier = Classifier::ZERO;
    classifier.init(Init::HeNormal, 1);
    let inputs = inputs();
    let classes: [u8; ROWS] = array::from_fn(|r| (r % 3) as u8);
    let mut tape = [Classifier::TAPE; ROWS];
    let objective = Objective { l2: 1e-4, ..Objective::mean(CrossEntropy) };
    let mut place = MaybeUninit::uninit();
    let adam: &mut Optimizer<_, _, _> = Optimizer::new_in(&mut place, Adam::new(0.02));
    let mut momentum = Optimizer::new(Momentum::nesterov(0.01));
    let mut gradient = Classifier::ZERO;
    let (mut first, mut last) = (f32::NAN, f32::NAN);
    for step in 0..200 {
        // The slices hide their lengths from the compiler, as those of a caller would.
        let (x, t, tape) = (black_box(&inputs[..]), black_box(&classes[..]), black_box(&mut tape[..]));
        let stepped = if step % 2 == 0 {
            classifier.step(level, &objective, x, t, tape, adam)
        } else {
            gradient.as_mut_slice().fill(0.0);
            let loss = classifier.gradient(level, &objective, x, t, tape, &mut gradient);
            momentum.apply(level, &mut classifier, &gradient);
            loss
        };
        let Ok(loss) = stepped else { return false };
        if step == 0 {
            first = loss;
        }
        last = loss;
    }
    let mut scratch = [Classifier::SCRATCH; 2];
    let mut logits = [[0.0; 3]; ROWS];
    let scratch = black_box(&mut scratch[..]);
    let predicted = classifier.predict_batch(level, black_box(&inputs[..]), scratch, black_box(&mut logits[..]));
    last < first && predicted.is_ok()
}

/// A step and a prediction in many calls; true where they give what one call does.
fn works_in_slices(level: Level) -> bool {
    let (mut whole, mut sliced) = (Classifier::ZERO, Classifier::ZERO);
    whole.init(Init::HeNormal, 4);
    sliced.init(Init::HeNormal, 4);
    let (inputs, classes) = (inputs(), [2_u8; ROWS]);
    let mut tape = [Classifier::TAPE; ROWS];
    let (x, t, tape) = (black_box(&inputs[..]), black_box(&classes[..]), black_box(&mut tape[..]));
    let objective = Objective { l2: 1e-4, ..Objective::mean(CrossEntropy) };
    let (mut of_whole, mut of_sliced) = (Optimizer::new(Adam::new(0.02)), Optimizer::new(Adam::new(0.02)));
    let Ok(loss) = whole.step(level, &objective, x, t, tape, &mut of_whole) else { return false };
    let mut slices = Slices::new(level, black_box(100));
    let mut calls = 1;
    let same_loss = loop {
        match sliced.step_slice(&mut slices, &objective, x, t, tape, &mut of_sliced) {
            Ok(Poll::Ready(sliced_loss)) => break sliced_loss == loss,
            Ok(Poll::Pending) => calls += 1,
            Err(_) => return false,
        }
    };
    let (mut scratch, mut y) = (Classifier::SCRATCH, [0.0; 3]);
    let row = black_box(&[0.5; 4]);
    while sliced.predict_slice(&mut slices, row, &mut scratch, &mut y) == Poll::Pending {
        calls += 1;
    }
    same_loss && calls > 10 && sliced == whole && y == whole.predict(level, row)
}

fn regresses(level: Level) -> bool {
    let mut regressor = Regressor::ZERO;
    regressor.init(Init::GlorotUniform, 2);
    let mut sgd = Optimizer::new(Sgd::new(0.1));
    let mut ok = true;
    for _ in 0..10 {
        ok &= regresses_by(MeanSquaredError, level, &mut regressor, &mut sgd);
        ok &= regresses_by(SumSquaredError, level, &mut regressor, &mut sgd);
        ok &= regresses_by(HalfSquaredError, level, &mut regressor, &mut sgd);
        ok &= regresses_by(MeanAbsoluteError, level, &mut regressor, &mut sgd);
        ok &= regresses_by(BinaryCrossEntropy, level, &mut regressor, &mut sgd);
    }
    ok && regressor.predict(level, black_box(&[0.1, 0.9]))[0].is_finite()
}

fn regresses_by<F: Loss<[f32; 2]>>(
    loss: F,
    level: Level,
    regressor: &mut Regressor,
    sgd: &mut Optimizer<Regressor, Sgd, 0>,
) -> bool {
    let (x, t) = ([[0.1, 0.9], [0.7, -0.2]], [[0.2, 0.8], [0.6, 0.4]]);
    let mut tape = [Regressor::TAPE; 2];
    let (x, t, tape) = (black_box(&x[..]), black_box(&t[..]), black_box(&mut tape[..]));
    let stepped = regressor.step(level, &Objective::mean(loss), x, t, tape, sgd);
    let evaluated = regressor.evaluate(level, &Objective::sum(loss), x, t, tape);
    stepped.is_ok() && evaluated.is_ok()
}

/// Targets that are classes, or rows, of any of the types that cross-entropy takes.
fn takes_class<T: Copy>(level: Level, target: impl Fn(u8) -> T) -> bool
where
    CrossEntropy: Loss<T>,
{
    let (mut net, mut sgd) = (Linear::ZERO, Optimizer::new(Sgd::new(0.1)));
    let (inputs, targets) = (inputs(), array::from_fn::<T, ROWS, _>(|r| target((r % 3) as u8)));
    let mut tape = [Linear::TAPE; ROWS];
    let (x, t, tape) = (black_box(&inputs[..]), black_box(&targets[..]), black_box(&mut tape[..]));
    let objective = Objective::mean(CrossEntropy);
    let first = net.step(level, &objective, x, t, tape, &mut sgd);
    let second = net.evaluate(level, &objective, x, t, tape);
    let refused = net.step(level, &objective, black_box(&inputs[1..]), t, tape, &mut sgd);
    matches!((first, second), (Ok(first), Ok(second)) if second < first) && refused.is_err()
}

fn has_bytes_and_tensors(level: Level) -> bool {
    let mut perceptron = Perceptron::ZERO;
    let mut numbers = 0;
    perceptron.for_each_tensor_mut(|tensor, weights| {
        weights.fill(tensor.layer as f32 - 1.0);
        numbers += weights.len();
    });
    perceptron.for_each_tensor(|tensor, weights| numbers += tensor.range().len() - weights.len());
    let mut bytes = [0; Perceptron::PARAMETER_BYTES];
    let written = perceptron.write_le_bytes(black_box(&mut bytes[..]));
    let mut place = MaybeUninit::uninit();
    let read = Perceptron::zeroed_in(&mut place);
    let misfit = read.read_le_bytes(black_box(&bytes[1..]));
    let fits = read.read_le_bytes(black_box(&bytes[..]));
    written.is_ok()
        && misfit.is_err()
        && fits.is_ok()
        && numbers == Perceptron::PARAMETERS
        && *read == perceptron
        && Perceptron::from_le_bytes(black_box(&bytes)) == perceptron
        && perceptron.predict(level, black_box(&[1.0; 4])) == [-1.0; 3]
}

fn begins_with(level: Level) -> bool {
    let mut net = Linear::ZERO;
    let mut draw = |init: Initializer| {
        net.init(init, black_box(3));
        net.predict(level, &[1.0; 4]).iter().all(|y| y.is_finite())
    };
    [
        Init::Zeros,
        Init::Constant(0.5),
        Init::Normal(0.5),
        Init::Uniform(0.5),
        Init::GlorotUniform,
        Init::GlorotNormal,
        Init::HalfGlorotNormal,
        Init::HeUniform,
        Init::HeNormal,
        Init::FanInUniform,
    ]
    .into_iter()
    .all(|init| draw(black_box(init).into()))
        && draw(Initializer::PYTORCH)
}
