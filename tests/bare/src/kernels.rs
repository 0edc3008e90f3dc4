//! The entries over slices and arrays that other crates link, with numbers and sizes that only the run knows.

use core::hint::black_box;

use femto::activation::{
    Activation, Identity, LeakyRelu, Relu, Sigmoid, Sign, Softplus, Tanh, backward_slice, forward_slice,
};
use femto::matmul::{self, Matrix, MatrixMut, Start};
use femto::optimizer::{Adam, Momentum, Rule, Sgd, update_slice};
use femto::{Level, ShapeError, math, softmax};

pub(crate) fn work(level: Level) -> bool {
    multiplies(level)
        && multiplies_arrays(level)
        && activates(level, Identity)
        && activates(level, Sign)
        && activates(level, Relu)
        && activates(level, LeakyRelu::<250>)
        && activates(level, Sigmoid)
        && activates(level, Tanh)
        && activates(level, Softplus)
        && has_functions(level)
        && updates(level, Sgd::new(0.1), [])
        && updates(level, Momentum { dampening: 0.1, ..Momentum::new(0.1) }, [&mut [0.0; LEN]])
        && updates(level, Momentum::nesterov(0.1), [&mut [0.0; LEN]])
        && updates(level, Adam::new(0.1), [&mut [0.0; LEN], &mut [0.0; LEN]])
}

/// No multiple of a vector.
const LEN: usize = 37;

fn multiplies(level: Level) -> bool {
    let (m, k, n) = (black_box(5), black_box(7), black_box(11));
    let (a, b, mut c) = ([0.5; 64], [0.25; 128], [0.0; 64]);
    let product = |a: &[f32], b: &[f32], c: &mut [f32]| -> Result<(), ShapeError> {
        let (tall, wide) = (Matrix::new(a, k, m, m)?, Matrix::new(a, m, k, k)?);
        let (b, b_t) = (Matrix::new(b, k, n, n)?, Matrix::new(b, n, k, k)?);
        matmul::nn(level, wide, b, Start::Zero, Identity, MatrixMut::new(c, m, n, n)?)?;
        matmul::tn(level, tall, b, Start::Existing, MatrixMut::new(c, m, n, n)?)?;
        matmul::nt(level, wide, b_t, Start::Existing, MatrixMut::new(c, m, n, n)?)?;
        if c.first() != Some(&(3.0 * 7.0 * 0.125)) {
            return matmul::nn(level, b, b, Start::Zero, Identity, MatrixMut::new(c, m, n, n)?);
        }
        let bias = black_box(&[0.5; 64][..]);
        matmul::nn(level, wide, b, Start::Bias(bias.get(..n).unwrap_or(bias)), Sign, MatrixMut::new(c, m, n, n)?)
    };
    let multiplied = product(black_box(&a), black_box(&b), black_box(&mut c));
    let refused = Matrix::new(black_box(&a), m, usize::MAX, k).is_err();
    multiplied.is_ok() && refused && c.first() == Some(&1.0)
}

fn multiplies_arrays(level: Level) -> bool {
    let (a, b, mut c) = ([[0.5; 5]; 5], [[0.25; 5]; 5], [[0.0; 5]; 5]);
    let (a, b, bias) = (black_box(&a), black_box(&b), black_box(&[0.5; 5]));
    matmul::nn_fixed(level, a, b, Start::Bias(bias), Relu, &mut c);
    matmul::tn_fixed(level, a, b, Start::Existing, &mut c);
    matmul::nt_fixed(level, a, b, Start::Existing, &mut c);
    c == [[0.5 + 3.0 * 5.0 * 0.125; 5]; 5]
}

fn activates<A: Activation>(level: Level, activation: A) -> bool {
    let (mut y, mut delta) = ([0.75; LEN], [1.0; LEN]);
    forward_slice(level, activation, black_box(&mut y[..]));
    backward_slice(level, activation, black_box(&y[..]), black_box(&mut delta[..]));
    y.iter().all(|y| *y > 0.0) && delta.iter().all(|d| (0.0..=1.0).contains(d))
}

fn has_functions(level: Level) -> bool {
    let mut xs = [0.5; LEN];
    for of_slice in [math::exp_slice, math::ln_slice, math::tanh_slice, math::sigmoid_slice, math::softplus_slice] {
        of_slice(level, black_box(&mut xs[..]));
    }
    let mut delta = [1.0; LEN];
    softmax::softmax(level, black_box(&mut xs[..]));
    let jacobian = softmax::softmax_backward(level, black_box(&xs[..]), black_box(&mut delta[..]));
    let refused = softmax::softmax_backward(level, black_box(&xs[1..]), black_box(&mut delta[..]));
    xs.iter().all(|p| *p > 0.0 && *p < 1.0) && jacobian.is_ok() && refused.is_err()
}

fn updates<R: Rule<MOMENTS>, const MOMENTS: usize>(level: Level, rule: R, moments: [&mut [f32; LEN]; MOMENTS]) -> bool {
    let (mut weights, gradient) = ([1.0; LEN], [0.5; LEN]);
    let mut moments = moments.map(|moment| black_box(&mut moment[..]));
    let mut update = |step: u32, gradient: &[f32]| {
        let moments = moments.each_mut().map(|moment| &mut **moment);
        update_slice(level, &rule, black_box(step), black_box(&mut weights[..]), moments, gradient)
    };
    let (updated, refused) = (update(1, black_box(&gradient[..])), update(2, black_box(&gradient[1..])));
    updated.is_ok() && refused.is_err() && weights.iter().all(|w| *w < 1.0)
}
