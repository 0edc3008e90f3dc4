//! Trains and runs a network with nothing but `core` and `femto`.
//!
//! There is no allocator, so a crate that allocates would not compile. The panic handler calls a function that does not
//! exist, so a program in which any panic can be reached does not link: linking is the proof that layers, losses,
//! optimizers, kernels and their entries cannot panic.

#![no_std]
#![no_main]

use core::ffi::c_int;
use core::hint::black_box;

use femto::activation::{Identity, LeakyRelu, Relu, Sigmoid, Softplus, Tanh};
use femto::init::Init;
use femto::layer::Dense;
use femto::loss::{BinaryCrossEntropy, CrossEntropy, MeanAbsoluteError, MeanSquaredError};
use femto::matmul::{self, Matrix, MatrixMut, Start};
use femto::optimizer::{Adam, Momentum, Optimizer, Sgd};
use femto::train::Objective;
use femto::{Flat, Level, math, net, softmax};

// For its `main` convention and `memcpy`, `memset`; a firmware has its own.
#[link(name = "c")]
unsafe extern "C" {
    /// Defined nowhere.
    fn femto_must_not_panic() -> !;
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: no program that contains this call links.
    unsafe { femto_must_not_panic() }
}

type Classifier = net![Dense<4, 16, Relu>, Dense<16, 7, Tanh>, Dense<7, 3>];
type Regressor = net![Dense<2, 5, Softplus>, Dense<5, 4, LeakyRelu>, Dense<4, 2, Sigmoid>];

const ROWS: usize = 9;

/// Learns on one level; true where the loss has fallen and nothing went wrong.
fn learns(level: Level) -> bool {
    let mut classifier = Classifier::ZERO;
    classifier.init(Init::HeNormal, 1);
    let inputs: [[f32; 4]; ROWS] = core::array::from_fn(|r| [r as f32 * 0.1, 1.0, (r % 3) as f32, -0.5]);
    let classes: [u8; ROWS] = core::array::from_fn(|r| (r % 3) as u8);
    let mut tape = [Classifier::TAPE; ROWS];
    let objective = Objective { l2: 1e-4, ..Objective::mean(CrossEntropy) };
    let mut adam = Optimizer::new(Adam::new(0.02));
    let mut momentum = Optimizer::new(Momentum::nesterov(0.01));
    let mut gradient = Classifier::ZERO;
    let (mut first, mut last) = (f32::NAN, f32::NAN);
    for step in 0..200 {
        // The slices hide their lengths from the compiler, as those of a caller would.
        let (x, t, tape) = (black_box(&inputs[..]), black_box(&classes[..]), black_box(&mut tape[..]));
        let stepped = if step % 2 == 0 {
            classifier.step(level, &objective, x, t, tape, &mut adam)
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
    let predicted = classifier.predict_batch(level, black_box(&inputs[..]), &mut scratch, &mut logits);
    last < first && predicted.is_ok() && regresses(level) && multiplies(level)
}

fn regresses(level: Level) -> bool {
    let mut regressor = Regressor::ZERO;
    regressor.init(Init::GlorotUniform, 2);
    let (x, t) = ([[0.1, 0.9], [0.7, -0.2]], [[0.2, 0.8], [0.6, 0.4]]);
    let mut tape = [Regressor::TAPE; 2];
    let mut sgd = Optimizer::new(Sgd::new(0.1));
    let mut ok = true;
    for _ in 0..10 {
        let (x, t, tape) = (black_box(&x[..]), black_box(&t[..]), black_box(&mut tape[..]));
        ok &= regressor.step(level, &Objective::mean(MeanSquaredError), x, t, tape, &mut sgd).is_ok();
        ok &= regressor.step(level, &Objective::sum(MeanAbsoluteError), x, t, tape, &mut sgd).is_ok();
        ok &= regressor.step(level, &Objective::sum(BinaryCrossEntropy), x, t, tape, &mut sgd).is_ok();
        ok &= regressor.evaluate(level, &Objective::mean(MeanSquaredError), x, t, tape).is_ok();
    }
    ok && regressor.predict(level, &x[0])[0].is_finite()
}

/// The entries over slices, with sizes that only the run knows.
fn multiplies(level: Level) -> bool {
    let (m, k, n) = (black_box(5), black_box(7), black_box(11));
    let (a, b, mut c) = ([0.5; 64], [0.25; 128], [0.0; 64]);
    let product = |a: &[f32], b: &[f32], c: &mut [f32]| {
        matmul::nn(
            level,
            Matrix::new(a, m, k, k)?,
            Matrix::new(b, k, n, n)?,
            Start::Zero,
            Identity,
            MatrixMut::new(c, m, n, n)?,
        )?;
        matmul::tn(
            level,
            Matrix::new(a, k, m, m)?,
            Matrix::new(b, k, n, n)?,
            Start::Existing,
            MatrixMut::new(c, m, n, n)?,
        )?;
        matmul::nt(
            level,
            Matrix::new(a, m, k, k)?,
            Matrix::new(b, n, k, k)?,
            Start::Existing,
            MatrixMut::new(c, m, n, n)?,
        )
    };
    let multiplied = product(black_box(&a), black_box(&b), black_box(&mut c));
    let right = c.first() == Some(&(3.0 * 7.0 * 0.125));
    for of_slice in [math::exp_slice, math::ln_slice, math::tanh_slice, math::sigmoid_slice, math::softplus_slice] {
        of_slice(level, black_box(&mut c[..]));
    }
    softmax::softmax(level, black_box(&mut c[..]));
    let jacobian = softmax::softmax_backward(level, black_box(&a[..]), black_box(&mut c[..]));
    multiplied.is_ok() && right && jacobian.is_ok()
}

/// 0 where every level of the machine learns.
#[unsafe(no_mangle)]
pub extern "C" fn main() -> c_int {
    #[cfg(feature = "planted-panic")]
    assert!(black_box(true), "a panic that can be reached");
    c_int::from(!Level::supported().all(learns))
}
