//! Sizes of zero: products without rows, columns or steps, and layers without inputs or outputs.

#![expect(clippy::unwrap_used, reason = "the helpers of tests unwrap as tests do")]

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use femto::activation::{Identity, Relu, Tanh, forward_slice};
use femto::init::{Init, Initializer};
use femto::layer::{Dense, Layer};
use femto::loss::{CrossEntropy, SumSquaredError};
use femto::matmul::{self, Matrix, MatrixMut, Start};
use femto::optimizer::{Adam, Optimizer, Sgd};
use femto::train::{BatchError, Objective};
use femto::{Flat, Level, Net, ShapeError, net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};
use femto_tests::reference::{Form, Size, product};

const FORMS: [Form; 3] = [Form::Nn, Form::Tn, Form::Nt];

/// The product of `form` of operands whose rows follow each other; `c` has a stride of its own.
fn multiply(
    level: Level,
    form: Form,
    Size { m, k, n }: Size,
    (a, b): (&[f32], &[f32]),
    start: Start<'_, [f32]>,
    (c, stride): (&mut [f32], usize),
) -> Result<(), ShapeError> {
    let dense = |data, rows, columns| Matrix::new(data, rows, columns, columns);
    let c = MatrixMut::new(c, m, n, stride)?;
    match form {
        Form::Nn => matmul::nn(level, dense(a, m, k)?, dense(b, k, n)?, start, Identity, c),
        Form::Tn => matmul::tn(level, dense(a, k, m)?, dense(b, k, n)?, start, c),
        Form::Nt => matmul::nt(level, dense(a, m, k)?, dense(b, n, k)?, start, c),
    }
}

/// All sizes of which one at least is 0; the largest are beyond every blocking.
fn empty_sizes() -> impl Iterator<Item = Size> {
    const SIZES: [usize; 6] = [0, 1, 5, 20, 70, 1100];
    let all = SIZES.into_iter().flat_map(|m| SIZES.into_iter().flat_map(move |k| SIZES.map(|n| Size { m, k, n })));
    all.filter(|size| size.m * size.k * size.n == 0 && size.m * size.n <= 10_000)
}

#[test]
fn empty_products_are_their_start_values_and_write_nothing_else() {
    const GAP: usize = 3;
    const POISON: f32 = 1e30;
    let mut numbers = Numbers::new(40);
    for size @ Size { m, k, n } in empty_sizes() {
        let (a, b, bias) = (numbers.vector(m * k), numbers.vector(k * n), numbers.vector(n));
        let existing = numbers.vector(m * n);
        let zeros = vec![0.0; m * n];
        let biases: Vec<f32> = (0..m).flat_map(|_| bias.iter().copied()).collect();
        let starts = [(Start::Zero, zeros), (Start::Bias(&bias[..]), biases), (Start::Existing, existing.clone())];
        // Numbers in the gaps between rows and behind the last, which no product may touch.
        let strided = |dense: &[f32]| {
            let mut data = vec![POISON; m * (n + GAP) + GAP];
            for (row, numbers) in data.chunks_mut(n + GAP).zip(dense.chunks(n.max(1))) {
                row[..n].copy_from_slice(numbers);
            }
            data
        };
        for level in levels::all() {
            for form in FORMS {
                for (start, expected) in &starts {
                    let mut c = strided(&existing);
                    multiply(level, form, size, (&a, &b), *start, (&mut c, n + GAP)).unwrap();
                    assert!(bits(&c) == bits(&strided(expected)), "{form:?} {size:?} from {start:?} on {level}");
                }
            }
        }
    }
}

#[test]
fn an_activation_is_applied_to_products_without_steps() {
    let bias = Numbers::new(41).vector(37);
    for level in levels::all() {
        let mut expected = bias.clone();
        forward_slice(level, Tanh, &mut expected);
        let mut c = [f32::NAN; 37];
        let (a, b) = (Matrix::new(&[], 1, 0, 0).unwrap(), Matrix::new(&[], 0, 37, 37).unwrap());
        matmul::nn(level, a, b, Start::Bias(&bias), Tanh, MatrixMut::new(&mut c, 1, 37, 37).unwrap()).unwrap();
        assert_eq!(bits(&c), bits(&expected), "{level}");
    }
}

/// A matrix without rows, or without columns, needs no memory, so its other side may be of any length. No loop may run
/// over that.
#[test]
fn the_other_side_of_an_empty_matrix_may_be_endless() {
    const THROUGH: &str = "all of them";
    let (done, wait) = mpsc::channel();
    // On a thread, so that a product that never ends fails the test instead of stopping the run.
    thread::spawn(move || {
        for level in levels::all() {
            for form in FORMS {
                for (m, k, n) in [(0, 0, usize::MAX), (0, usize::MAX, 0), (usize::MAX, 0, 0)] {
                    for start in [Start::Zero, Start::Existing] {
                        let size = Size { m, k, n };
                        done.send(format!("{form:?} {size:?} from {start:?} on {level}")).unwrap();
                        multiply(level, form, size, (&[], &[]), start, (&mut [], n)).unwrap();
                    }
                }
            }
        }
        done.send(THROUGH.to_owned()).unwrap();
    });
    let mut last = String::new();
    while let Ok(started) = wait.recv_timeout(Duration::from_secs(20)) {
        last = started;
    }
    assert_eq!(last, THROUGH, "this product did not end, or panicked");
}

fn check_fixed<const M: usize, const K: usize, const N: usize>() {
    const { assert!(M * K * N == 0, "a size of zero") };
    let mut numbers = Numbers::new(42);
    let mut fill = |xs: &mut [f32]| xs.iter_mut().for_each(|x| *x = numbers.unit());
    // One after the other: without optimisation a tuple of them would be on the stack twice.
    let mut a = [[0.0; K]; M];
    let mut b = [[0.0; N]; K];
    let mut a_t = [[0.0; M]; K];
    let mut b_t = [[0.0; K]; N];
    let mut bias = [0.0; N];
    let mut existing = [[0.0; N]; M];
    for operand in [a.as_flattened_mut(), b.as_flattened_mut(), a_t.as_flattened_mut(), b_t.as_flattened_mut()] {
        fill(operand);
    }
    fill(&mut bias);
    fill(existing.as_flattened_mut());
    for level in levels::all() {
        for (start, expected) in
            [(Start::Zero, [[0.0; N]; M]), (Start::Bias(&bias), [bias; M]), (Start::Existing, existing)]
        {
            let expected = bits(expected.as_flattened());
            let case = format!("{M} x {K} x {N} from {start:?} on {level}");
            let mut c = existing;
            matmul::nn_fixed(level, &a, &b, start, Identity, &mut c);
            assert_eq!(bits(c.as_flattened()), expected, "NN {case}");
            let mut c = existing;
            matmul::tn_fixed(level, &a_t, &b, start, &mut c);
            assert_eq!(bits(c.as_flattened()), expected, "TN {case}");
            let mut c = existing;
            matmul::nt_fixed(level, &a, &b_t, start, &mut c);
            assert_eq!(bits(c.as_flattened()), expected, "NT {case}");
        }
    }
}

#[test]
fn fixed_entries_take_sizes_of_zero() {
    check_fixed::<0, 0, 0>();
    check_fixed::<0, 3, 20>();
    check_fixed::<0, 70, 20>();
    check_fixed::<0, 1100, 90>();
    check_fixed::<0, 0, 90>();
    check_fixed::<3, 0, 20>();
    check_fixed::<25, 0, 90>();
    check_fixed::<3, 3, 0>();
    check_fixed::<25, 70, 0>();
    check_fixed::<3, 1100, 0>();
}

/// What the net predicts for a row alone and in a batch of three.
fn predictions<L: Layer>(net: &Net<L>, level: Level, x: &L::In) -> Vec<u32> {
    let alone = bits(net.predict(level, x).as_slice());
    let mut y = [L::Out::ZERO, L::Out::ZERO, L::Out::ZERO];
    net.predict_batch(level, &[x.clone(), x.clone(), x.clone()], &mut [Net::<L>::SCRATCH, Net::<L>::SCRATCH], &mut y)
        .unwrap();
    for y in y {
        assert_eq!(bits(y.as_slice()), alone, "{level}: a row in a batch");
    }
    alone
}

/// Without inputs the outputs are those of the biases.
type FromNothing = net![Dense<0, 5, Tanh>, Dense<5, 3>];
/// The hidden layer lets nothing through.
type ThroughNothing = net![Dense<4, 0, Relu>, Dense<0, 3>];
/// There is nothing to learn from.
type ToNothing = net![Dense<4, 5, Tanh>, Dense<5, 0>];

#[test]
fn a_layer_without_inputs_gives_its_biases_and_learns_them() {
    let target = [0.5, -1.0, 2.0];
    for arithmetic in levels::CLASSES {
        let mut of_class = None;
        for level in levels::of_class(arithmetic) {
            let mut net = FromNothing::ZERO;
            let mut numbers = Numbers::new(43);
            net.as_mut_slice().iter_mut().for_each(|w| *w = numbers.unit());
            let mut hidden = net.layers.head.biases;
            forward_slice(level, Tanh, &mut hidden);
            let (weights, biases) = (net.layers.tail.weights, net.layers.tail.biases);
            let size = Size { m: 1, k: 5, n: 3 };
            let expected = product(arithmetic, Form::Nn, size, &hidden, weights.as_flattened(), &biases);
            assert_eq!(predictions(&net, level, &[]), bits(&expected), "{level}");

            let (before, mut by_gradient) = (net.clone(), net.clone());
            let (mut in_place, mut over_gradient) = (Optimizer::new(Adam::new(0.1)), Optimizer::new(Adam::new(0.1)));
            let (objective, mut tape) = (Objective::mean(SumSquaredError), [FromNothing::TAPE; 3]);
            let mut losses = Vec::new();
            for _ in 0..40 {
                losses.push(net.step(level, &objective, &[[]; 3], &[target; 3], &mut tape, &mut in_place).unwrap());
                let mut gradient = FromNothing::ZERO;
                by_gradient.gradient(level, &objective, &[[]; 3], &[target; 3], &mut tape, &mut gradient).unwrap();
                over_gradient.apply(level, &mut by_gradient, &gradient);
            }
            assert!(losses[39] < 0.1 * losses[0], "{level}: nothing was learnt: {losses:?}");
            assert_ne!(net.layers.head.biases, before.layers.head.biases, "{level}: deltas reach the first biases");
            assert_eq!(bits(net.as_slice()), bits(by_gradient.as_slice()), "{level}: the routes differ");
            let state = (bits(&losses), bits(net.as_slice()));
            assert_eq!(of_class.get_or_insert_with(|| state.clone()), &state, "{level}: other bits than {arithmetic}");
        }
    }
}

#[test]
fn a_layer_of_no_neurons_lets_nothing_through() {
    let (x, target) = ([1.0, -2.0, 3.0, -4.0], [1.0, 2.0, 3.0]);
    for level in levels::all() {
        let mut net = ThroughNothing::ZERO;
        net.layers.tail.biases = [0.25, -0.5, 0.75];
        assert_eq!(predictions(&net, level, &x), bits(&[0.25, -0.5, 0.75]), "{level}: the last biases");
        net.layers.tail.biases = [0.0; 3];
        let (mut sgd, mut tape) = (Optimizer::new(Sgd::new(0.25)), [ThroughNothing::TAPE; 2]);
        let objective = Objective::sum(SumSquaredError);
        // The gradient is -2 t for each of two rows, so a quarter of it is the whole way.
        let before = net.step(level, &objective, &[x; 2], &[target; 2], &mut tape, &mut sgd);
        assert_eq!((before, net.layers.tail.biases), (Ok(28.0), target), "{level}: loss, and biases afterwards");
        let after = net.evaluate(level, &objective, &[x; 2], &[target; 2], &mut tape);
        assert_eq!(after, Ok(0.0), "{level}: nothing is left to learn");
    }
}

#[test]
fn a_net_without_outputs_has_nothing_to_learn() {
    let mut net = ToNothing::ZERO;
    net.init(Init::GlorotUniform, 1);
    let before = bits(net.as_slice());
    let x = [1.0, -2.0, 3.0, -4.0];
    for level in levels::all() {
        assert_eq!(predictions(&net, level, &x), [], "{level}");
        let (mut sgd, mut tape) = (Optimizer::new(Sgd::new(0.25)), [ToNothing::TAPE; 2]);
        let loss = net.step(level, &Objective::sum(SumSquaredError), &[x; 2], &[[]; 2], &mut tape, &mut sgd);
        assert_eq!(loss, Ok(0.0), "{level}: no output is wrong");
        assert_eq!(bits(net.as_slice()), before, "{level}: a gradient of nothing");
        let refused = net.step(level, &Objective::sum(CrossEntropy), &[x; 2], &[0_u8; 2], &mut tape, &mut sgd);
        assert_eq!(refused, Err(BatchError::Target { row: 0, outputs: 0 }), "{level}: no class has an output");
    }
}

#[test]
fn a_layer_without_inputs_begins_as_one_with_one() {
    for init in [Init::HeUniform, Init::HeNormal, Init::FanInUniform] {
        let initializer = Initializer { weights: Init::Zeros, biases: init };
        let (mut none, mut one) = (<net![Dense<0, 7>]>::ZERO, <net![Dense<1, 7>]>::ZERO);
        none.init(initializer, 5);
        one.init(initializer, 5);
        assert_eq!(bits(&none.layers.biases), bits(&one.layers.biases), "{init:?}");
    }
    for init in [Init::GlorotUniform, Init::GlorotNormal, Init::HalfGlorotNormal] {
        let mut none = <net![Dense<0, 7>, Dense<7, 0>]>::ZERO;
        none.init(Initializer { weights: init, biases: init }, 5);
        assert!(none.as_slice().iter().all(|w| w.is_finite()), "{init:?}: {none:?}");
    }
}
