//! The bit contract of the matrix products: every level against one plain chain for each output, bit for bit.

#![expect(clippy::unwrap_used, reason = "the helpers of tests unwrap as tests do")]

use femto::activation::{Activation, Identity, LeakyRelu, Relu, Sigmoid, Sign, Softplus, Tanh, forward_slice};
use femto::matmul::{self, Accumulate, Matrix, MatrixMut, Penalty, Start};
use femto::optimizer::{Optimizer, Sgd};
use femto::{Level, ShapeError};
use femto_tests::emulation::is_emulated;
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};
use femto_tests::reference::{Form, Size, product};

/// Start values of a case.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Begin {
    Zero,
    Bias,
    Existing,
}

const STARTS: [Begin; 3] = [Begin::Zero, Begin::Bias, Begin::Existing];

/// A matrix in memory with a gap behind each row, filled with a number that would show in any sum.
struct Strided {
    data: Vec<f32>,
    stride: usize,
}

const POISON: f32 = 1e30;

impl Strided {
    fn new(dense: &[f32], rows: usize, columns: usize, gap: usize) -> Self {
        let stride = columns + gap;
        let mut data = vec![POISON; rows * stride];
        for (to, from) in data.chunks_mut(stride).zip(dense.chunks(columns.max(1))) {
            to[..columns].copy_from_slice(from);
        }
        Self { data, stride }
    }

    /// The numbers without the gaps, which must be untouched.
    fn dense(&self, columns: usize) -> Vec<f32> {
        let mut dense = Vec::new();
        for row in self.data.chunks(self.stride) {
            dense.extend_from_slice(&row[..columns]);
            assert!(row[columns..].iter().all(|x| *x == POISON), "the gap between rows was written");
        }
        dense
    }
}

fn shape(form: Form, Size { m, k, n }: Size) -> ((usize, usize), (usize, usize)) {
    match form {
        Form::Nn => ((m, k), (k, n)),
        Form::Tn => ((k, m), (k, n)),
        Form::Nt => ((m, k), (n, k)),
    }
}

/// Runs the product of `form` through the slice entry on strided copies.
fn run(level: Level, form: Form, size: Size, a: &[f32], b: &[f32], from: Begin, start: &[f32]) -> Vec<f32> {
    let ((a_rows, a_columns), (b_rows, b_columns)) = shape(form, size);
    let (a, b) = (Strided::new(a, a_rows, a_columns, 3), Strided::new(b, b_rows, b_columns, 1));
    let mut c = Strided::new(start, size.m, size.n, 2);
    let bias = start[..size.n].to_vec();
    if from != Begin::Existing {
        for row in c.data.chunks_mut(size.n + 2) {
            row[..size.n].fill(f32::NAN);
        }
    }
    let start = match from {
        Begin::Zero => Start::Zero,
        Begin::Bias => Start::Bias(&bias[..]),
        Begin::Existing => Start::Existing,
    };
    let a = Matrix::new(&a.data, a_rows, a_columns, a.stride).unwrap();
    let b = Matrix::new(&b.data, b_rows, b_columns, b.stride).unwrap();
    let stride = c.stride;
    let out = MatrixMut::new(&mut c.data, size.m, size.n, stride).unwrap();
    match form {
        Form::Nn => matmul::nn(level, a, b, start, Identity, out),
        Form::Tn => matmul::tn(level, a, b, start, out),
        Form::Nt => matmul::nt(level, a, b, start, out),
    }
    .unwrap();
    c.dense(size.n)
}

fn check(size: Size, starts: &[Begin], numbers: &mut Numbers) {
    let Size { m, k, n } = size;
    let (a, b, existing) = (numbers.vector(m * k), numbers.vector(k * n), numbers.vector(m * n));
    for arithmetic in levels::CLASSES {
        let levels = levels::of_class(arithmetic);
        for form in [Form::Nn, Form::Tn, Form::Nt] {
            for from in starts {
                let start: Vec<f32> = match from {
                    Begin::Zero => vec![0.0; m * n],
                    Begin::Bias => existing[..n].iter().copied().cycle().take(m * n).collect(),
                    Begin::Existing => existing.clone(),
                };
                let expected = bits(&product(arithmetic, form, size, &a, &b, &start));
                for level in &levels {
                    let found = bits(&run(*level, form, size, &a, &b, *from, &start));
                    assert!(
                        found == expected,
                        "{form:?} {size:?} from {from:?} on {level} differs from the plain chain"
                    );
                }
            }
        }
    }
}

#[test]
fn every_level_gives_the_bits_of_the_plain_chain_over_all_small_shapes() {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for worker in 0..cores {
            scope.spawn(move || {
                let mut numbers = Numbers::new(worker as u64);
                let is_thin = is_emulated();
                for m in (1..=33).filter(|m| m % cores == worker) {
                    for n in 1..=80 {
                        let lengths = [1, 2, 3, 7, 16, 64, 257];
                        for (i, k) in lengths.into_iter().enumerate() {
                            // Under an emulator each shape with one length of chains, all lengths with one shape in
                            // seven.
                            if is_thin && (m + 3 * n) % lengths.len() != i {
                                continue;
                            }
                            // All starts on the short chains, one of them in turn on the long ones.
                            let one = [STARTS[(m + n) % 3]];
                            let starts = if k <= 7 && !is_thin { &STARTS[..] } else { &one[..] };
                            check(Size { m, k, n }, starts, &mut numbers);
                        }
                    }
                }
            });
        }
    });
}

#[test]
fn every_level_gives_the_bits_of_the_plain_chain_on_the_shapes_of_networks() {
    let mut numbers = Numbers::new(7);
    for (m, k, n) in [
        (1, 64, 32),
        (1, 32, 10),
        (32, 64, 32),
        (32, 32, 10),
        (64, 784, 128),
        (64, 128, 10),
        (1, 784, 128),
        (17, 129, 33),
        (3, 5, 7),
        (2, 100, 200),
        (5, 1500, 70),
        (784, 64, 128),
        (100, 300, 50),
    ] {
        let starts = if is_emulated() { &STARTS[m % 3..][..1] } else { &STARTS[..] };
        check(Size { m, k, n }, starts, &mut numbers);
    }
}

/// Large enough for blocks of rows, of k and of columns, and for panels (rows of `b` 512 numbers or more apart).
#[test]
fn every_level_gives_the_bits_of_the_plain_chain_where_matrices_are_cut_in_blocks() {
    let mut numbers = Numbers::new(8);
    for (m, k, n) in [(270, 20, 70), (97, 300, 1030), (40, 600, 515), (30, 270, 1040), (100, 1060, 1030)] {
        if is_emulated() && m * k * n > 10_000_000 {
            continue;
        }
        check(Size { m, k, n }, &STARTS[m % 3..][..1], &mut numbers);
    }
}

#[test]
fn a_wide_gradient_reaches_a_sink_as_it_reaches_a_matrix() {
    const IN: usize = 100;
    const OUT: usize = 1040;
    let mut numbers = Numbers::new(11);
    // As many steps as a panel has, as a narrower one has (with AVX-512), and more than any.
    for batch in [70, 150, 1100] {
        if is_emulated() && batch > 150 {
            continue;
        }
        let (x, d) = (numbers.vector(batch * IN), numbers.vector(batch * OUT));
        let (x, d): (&[[f32; IN]], &[[f32; OUT]]) = (x.as_chunks().0, d.as_chunks().0);
        for level in levels::all() {
            let mut product = vec![0.0; IN * OUT];
            let out = MatrixMut::new(&mut product, IN, OUT, OUT).unwrap();
            matmul::tn(level, x.into(), d.into(), Start::Zero, out).unwrap();

            let mut gradient = Box::new([[0.0; OUT]; IN]);
            let parameters = gradient.clone();
            matmul::tn_into(level, x, d, Accumulate::part(&mut *gradient, &*parameters, Penalty::NONE)).unwrap();
            assert!(bits(gradient.as_flattened()) == bits(&product), "{level}, batch {batch}: a gradient in memory");

            let mut weights = Box::new([[0.0; OUT]; IN]);
            let mut sgd = Optimizer::new(Sgd::new(1.0));
            matmul::tn_into(level, x, d, sgd.sink(&mut *weights, Penalty::NONE)).unwrap();
            let stepped: Vec<f32> = product.iter().map(|g| 0.0 - g).collect();
            assert!(bits(weights.as_flattened()) == bits(&stepped), "{level}, batch {batch}: in place");
        }
    }
}

#[test]
fn a_row_alone_has_the_bits_of_the_same_row_in_any_batch() {
    const ROWS: usize = 40;
    let mut numbers = Numbers::new(9);
    for (k, n) in [(64, 32), (784, 128), (32, 10), (13, 77)] {
        let (a, b, bias) = (numbers.vector(ROWS * k), numbers.vector(k * n), numbers.vector(n));
        for level in levels::all() {
            let product = |rows: &[f32]| {
                let m = rows.len() / k;
                let mut c = vec![0.0; m * n];
                let a = Matrix::new(rows, m, k, k).unwrap();
                let b = Matrix::new(&b, k, n, n).unwrap();
                let out = MatrixMut::new(&mut c, m, n, n).unwrap();
                matmul::nn(level, a, b, Start::Bias(&bias), Tanh, out).unwrap();
                c
            };
            let alone: Vec<f32> = a.chunks(k).flat_map(product).collect();
            for batch in [2, 3, 5, 8, 13, 24, 25, 40] {
                let together: Vec<f32> = a.chunks(batch * k).flat_map(product).collect();
                assert!(bits(&together) == bits(&alone), "{level} {k} x {n}: batch {batch} changes a row");
            }
        }
    }
}

fn check_activation<A: Activation + std::fmt::Debug>(activation: A, size: Size) {
    let mut numbers = Numbers::new(10);
    let (a, b) = (numbers.vector(size.m * size.k), numbers.vector(size.k * size.n));
    for level in levels::all() {
        let mut expected = product(level.arithmetic(), Form::Nn, size, &a, &b, &vec![0.0; size.m * size.n]);
        forward_slice(level, activation, &mut expected);
        let mut c = vec![f32::NAN; size.m * size.n];
        matmul::nn(
            level,
            Matrix::new(&a, size.m, size.k, size.k).unwrap(),
            Matrix::new(&b, size.k, size.n, size.n).unwrap(),
            Start::Zero,
            activation,
            MatrixMut::new(&mut c, size.m, size.n, size.n).unwrap(),
        )
        .unwrap();
        assert!(bits(&c) == bits(&expected), "{activation:?} on {level} differs from the function after the product");
    }
}

#[test]
fn a_fused_activation_equals_the_function_applied_afterwards() {
    const SMALL: Size = Size { m: 19, k: 23, n: 37 };
    check_activation(Identity, SMALL);
    check_activation(Sign, SMALL);
    check_activation(Relu, SMALL);
    check_activation(LeakyRelu::<10>, SMALL);
    check_activation(Sigmoid, SMALL);
    check_activation(Tanh, SMALL);
    check_activation(Softplus, SMALL);
}

/// What is taken too early, of partial sums, is another number.
#[test]
fn an_activation_waits_for_the_last_panel() {
    const LARGE: Size = Size { m: 100, k: 300, n: 530 };
    check_activation(Relu, LARGE);
    check_activation(Tanh, LARGE);
}

#[test]
fn the_stride_of_a_single_row_is_never_used() {
    let mut numbers = Numbers::new(12);
    let (m, k) = (64, 300);
    let (a, b) = (numbers.vector(m * k), numbers.vector(k));
    for level in levels::all() {
        let far = |data| Matrix::new(data, 1, k, usize::MAX).unwrap();
        let (mut wide, mut tall) = (vec![0.0; m], vec![0.0; m]);
        let dense = Matrix::new(&a, m, k, k).unwrap();
        matmul::nt(level, far(&b), dense, Start::Zero, MatrixMut::new(&mut wide, 1, m, usize::MAX).unwrap()).unwrap();
        matmul::nt(level, dense, far(&b), Start::Zero, MatrixMut::new(&mut tall, m, 1, 1).unwrap()).unwrap();
        let expected = product(level.arithmetic(), Form::Nt, Size { m, k, n: 1 }, &a, &b, &vec![0.0; m]);
        assert!(bits(&tall) == bits(&expected) && bits(&wide) == bits(&expected), "{level}");
        // One step of k: single rows of both operands.
        let one = |data, columns| Matrix::new(data, 1, columns, usize::MAX).unwrap();
        let (mut nn, mut tn) = (vec![0.0; k], vec![0.0; k]);
        let to = |c| MatrixMut::new(c, 1, k, usize::MAX).unwrap();
        matmul::nn(level, one(&a[..1], 1), one(&b, k), Start::Zero, Identity, to(&mut nn)).unwrap();
        matmul::tn(level, one(&a[..1], 1), one(&b, k), Start::Zero, to(&mut tn)).unwrap();
        assert!(bits(&nn) == bits(&tn), "{level}: one step");
    }
}

#[test]
fn fixed_entries_equal_the_slice_entries() {
    const M: usize = 21;
    const K: usize = 70;
    const N: usize = 90;
    let mut numbers = Numbers::new(11);
    let mut fill = |xs: &mut [f32]| xs.iter_mut().for_each(|x| *x = numbers.unit());
    let (mut a, mut b) = ([[0.0; K]; M], [[0.0; N]; K]);
    let (mut a_t, mut b_t, mut bias) = ([[0.0; M]; K], [[0.0; K]; N], [0.0; N]);
    fill(a.as_flattened_mut());
    fill(b.as_flattened_mut());
    fill(a_t.as_flattened_mut());
    fill(b_t.as_flattened_mut());
    fill(&mut bias);
    for level in levels::all() {
        let (mut fixed, mut slice) = ([[0.0; N]; M], [[0.0; N]; M]);
        matmul::nn_fixed(level, &a, &b, Start::Bias(&bias), Relu, &mut fixed);
        let out = MatrixMut::from(&mut slice[..]);
        matmul::nn(level, Matrix::from(&a[..]), Matrix::from(&b[..]), Start::Bias(&bias), Relu, out).unwrap();
        assert!(bits(fixed.as_flattened()) == bits(slice.as_flattened()), "NN on {level}");
        matmul::tn_fixed(level, &a_t, &b, Start::Existing, &mut fixed);
        let out = MatrixMut::from(&mut slice[..]);
        matmul::tn(level, Matrix::from(&a_t[..]), Matrix::from(&b[..]), Start::Existing, out).unwrap();
        assert!(bits(fixed.as_flattened()) == bits(slice.as_flattened()), "TN on {level}");
        matmul::nt_fixed(level, &a, &b_t, Start::Zero, &mut fixed);
        let out = MatrixMut::from(&mut slice[..]);
        matmul::nt(level, Matrix::from(&a[..]), Matrix::from(&b_t[..]), Start::Zero, out).unwrap();
        assert!(bits(fixed.as_flattened()) == bits(slice.as_flattened()), "NT on {level}");
    }
}

#[test]
fn operands_that_do_not_fit_are_named_and_nothing_is_written() {
    let (a, b) = ([0.0; 6], [0.0; 12]);
    let mut c = [7.0; 8];
    let wide = |data, rows, columns| Matrix::new(data, rows, columns, columns).unwrap();
    for level in levels::all() {
        let error = matmul::nn(
            level,
            wide(&a, 2, 3),
            wide(&b, 4, 3),
            Start::Zero,
            Identity,
            MatrixMut::new(&mut c, 2, 3, 3).unwrap(),
        );
        assert_eq!(error, Err(ShapeError::Operand { operand: "b", expected: (3, 3), found: (4, 3) }), "b");
        let error =
            matmul::tn(level, wide(&a, 3, 2), wide(&b, 3, 4), Start::Zero, MatrixMut::new(&mut c, 4, 2, 2).unwrap());
        assert_eq!(error, Err(ShapeError::Operand { operand: "c", expected: (2, 4), found: (4, 2) }), "c");
        let bias = [0.0; 3];
        let out = MatrixMut::new(&mut c, 2, 4, 4).unwrap();
        let error = matmul::nt(level, wide(&a, 2, 3), wide(&b, 4, 3), Start::Bias(&bias), out);
        assert_eq!(error, Err(ShapeError::Length { operand: "bias", expected: 4, found: 3 }), "bias");
        assert_eq!(c, [7.0; 8], "an output was written although the shapes do not fit");
    }
}

#[test]
fn matrices_that_do_not_fit_their_slice_are_refused() {
    let data = [0.0; 10];
    let fits = |rows, columns, stride| Matrix::new(&data, rows, columns, stride).is_ok();
    assert!(fits(3, 2, 4), "2 * 4 + 2 numbers are all there");
    assert!(fits(1, 10, 0), "the stride of a single row is never used");
    assert!(fits(0, 100, 0), "no rows need no numbers");
    assert!(!fits(3, 3, 4), "one number short");
    assert!(!fits(2, 5, 4), "rows overlap");
    assert!(!fits(usize::MAX, 1, usize::MAX), "the size overflows");
    assert!(!fits(2, usize::MAX, usize::MAX), "the size overflows");
}
