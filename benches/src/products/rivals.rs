//! The matrix products of other crates.
//!
//! All have their fast path on. `gemm` (feature `x86-v4`), `faer` (feature `nightly`, which stable compilers have caught
//! up with), `matrixmultiply` (feature `avx512`) and `rten-gemm` find the instruction set when they run; `nalgebra` with
//! sizes at run time and `ndarray` call `matrixmultiply`. `rten-gemm` adds the bias itself; for the others a plain loop,
//! which the compiler vectorises, adds it and rectifies.

use std::hint::black_box;

use faer::linalg::matmul::matmul as faer_matmul;
use faer::{Accum, MatMut, MatRef, Par};
use gemm::Parallelism;
use nalgebra::{DMatrix, SMatrix};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};
use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_tensor::NdTensorView;

use super::{Form, Operands, Shape};
use crate::contest::{Contender, Settings};

/// All rivals that take sizes at run time.
pub(super) fn all(shape: Shape, settings: Settings) -> Vec<Contender> {
    let threads = settings.threads;
    vec![
        rival("faer", shape, true, move |o| faer_product(o, threads)),
        rival("gemm", shape, true, move |o| gemm_product(o, threads)),
        rten(shape),
        rival("matrixmultiply", shape, true, matrixmultiply_product),
        rival("ndarray", shape, true, ndarray_product),
        nalgebra_dynamic(shape),
    ]
}

/// A contender that fills `c` by `product`; in the form NN bias and ReLU follow unless it adds the bias itself.
pub(super) fn rival(
    name: &'static str,
    shape: Shape,
    needs_bias: bool,
    product: impl Fn(&mut Operands) + Copy + 'static,
) -> Contender {
    Contender::new(
        name,
        move || Operands::new(shape),
        move |operands| {
            let operands = black_box(operands);
            product(operands);
            if shape.form == Form::Nn {
                let Operands { c, bias, .. } = operands;
                if needs_bias { add_bias_and_rectify(c, bias) } else { rectify(c) }
            }
        },
        Operands::result,
    )
}

fn add_bias_and_rectify(c: &mut [f32], bias: &[f32]) {
    for row in c.chunks_exact_mut(bias.len()) {
        for (x, bias) in row.iter_mut().zip(bias) {
            *x = (*x + bias).max(0.0);
        }
    }
}

fn rectify(c: &mut [f32]) {
    for x in c {
        *x = x.max(0.0);
    }
}

/// The strides of rows and columns of `a` and `b` as they take part in the product.
fn strides(Shape { form, m, k, n }: Shape) -> ([usize; 2], [usize; 2]) {
    match form {
        Form::Nn => ([k, 1], [n, 1]),
        Form::Tn => ([1, m], [n, 1]),
        Form::Nt => ([k, 1], [1, k]),
    }
}

fn faer_product(o: &mut Operands, threads: usize) {
    let Shape { form, m, k, n } = o.shape;
    let (a, b) = match form {
        Form::Nn => (MatRef::from_row_major_slice(&o.a, m, k), MatRef::from_row_major_slice(&o.b, k, n)),
        Form::Tn => (MatRef::from_column_major_slice(&o.a, m, k), MatRef::from_row_major_slice(&o.b, k, n)),
        Form::Nt => (MatRef::from_row_major_slice(&o.a, m, k), MatRef::from_column_major_slice(&o.b, k, n)),
    };
    let par = if threads > 1 { Par::rayon(threads) } else { Par::Seq };
    faer_matmul(MatMut::from_row_major_slice_mut(&mut o.c, m, n), Accum::Replace, a, b, 1.0, par);
}

fn gemm_product(o: &mut Operands, threads: usize) {
    let Shape { m, k, n, .. } = o.shape;
    let ([a_row, a_column], [b_row, b_column]) = strides(o.shape);
    let parallelism = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
    let c = o.c.as_mut_ptr();
    // SAFETY: the matrices have these sizes and strides, and are three allocations. Its order: columns, then rows.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c,
            1,
            n as isize,
            false,
            o.a.as_ptr(),
            a_column as isize,
            a_row as isize,
            o.b.as_ptr(),
            b_column as isize,
            b_row as isize,
            0.0_f32,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

fn matrixmultiply_product(o: &mut Operands) {
    let Shape { m, k, n, .. } = o.shape;
    let (a, b) = strides(o.shape);
    let ([a_row, a_column], [b_row, b_column]) = (a.map(|s| s as isize), b.map(|s| s as isize));
    let (c, c_row) = (o.c.as_mut_ptr(), n as isize);
    // SAFETY: the matrices have these sizes and strides, and are three allocations.
    unsafe {
        matrixmultiply::sgemm(
            m,
            k,
            n,
            1.0,
            o.a.as_ptr(),
            a_row,
            a_column,
            o.b.as_ptr(),
            b_row,
            b_column,
            0.0,
            c,
            c_row,
            1,
        );
    }
}

fn ndarray_product(o: &mut Operands) {
    let Shape { m, k, n, .. } = o.shape;
    let (a, b) = strides(o.shape);
    let a = ArrayView2::from_shape((m, k).strides((a[0], a[1])), &o.a);
    let b = ArrayView2::from_shape((k, n).strides((b[0], b[1])), &o.b);
    let c = ArrayViewMut2::from_shape((m, n), &mut o.c);
    // None of them fails; an output of zeros would be found by the comparison.
    if let (Ok(a), Ok(b), Ok(mut c)) = (a, b, c) {
        general_mat_mul(1.0, &a, &b, 0.0, &mut c);
    }
}

fn rten(shape: Shape) -> Contender {
    thread_local! {
        static EXECUTOR: GemmExecutor<f32, f32, f32> = GemmExecutor::new();
    }
    let Shape { form, m, k, n } = shape;
    rival("rten-gemm", shape, false, move |o| {
        let Operands { a, b, bias, c, .. } = o;
        let (a, b) = match form {
            Form::Nn => (NdTensorView::from_data([m, k], &**a), NdTensorView::from_data([k, n], &**b)),
            Form::Tn => (NdTensorView::from_data([k, m], &**a).transposed(), NdTensorView::from_data([k, n], &**b)),
            Form::Nt => (NdTensorView::from_data([m, k], &**a), NdTensorView::from_data([n, k], &**b).transposed()),
        };
        let bias = (form == Form::Nn).then_some(BiasVector::Row(bias));
        let options = GemmOptions { bias, ..GemmOptions::default() };
        // It does not fail; an output of zeros would be found by the comparison.
        let _ = EXECUTOR.with(|gemm| gemm.gemm(c, GemmInputA::Unpacked(a), GemmInputB::Unpacked(b), options));
    })
}

/// Its matrices are column-major, so the transposed product is computed on the same numbers.
fn nalgebra_dynamic(shape: Shape) -> Contender {
    struct State {
        a: DMatrix<f32>,
        b: DMatrix<f32>,
        c: DMatrix<f32>,
        bias: Vec<f32>,
    }
    let Shape { form, m, k, n } = shape;
    Contender::new(
        "nalgebra",
        move || {
            let Operands { a, b, bias, .. } = Operands::new(shape);
            let ((a_rows, a_columns), (b_rows, b_columns)) = shape.stored();
            State {
                a: DMatrix::from_column_slice(a_columns, a_rows, &a),
                b: DMatrix::from_column_slice(b_columns, b_rows, &b),
                c: DMatrix::zeros(n, m),
                bias: bias.to_vec(),
            }
        },
        move |state| {
            let State { a, b, c, bias } = black_box(state);
            match form {
                Form::Nn => {
                    c.gemm(1.0, b, a, 0.0);
                    add_bias_and_rectify(c.as_mut_slice(), bias);
                }
                // It has no product with the transpose of the second operand: its user transposes first.
                Form::Tn => c.gemm(1.0, b, &a.transpose(), 0.0),
                Form::Nt => c.gemm_tr(1.0, b, a, 0.0),
            }
            debug_assert_eq!(c.len(), m * n, "{m} x {k} x {n}");
        },
        |state| state.c.as_slice().to_vec(),
    )
}

/// The same with sizes in types, for a product of the form NN.
pub(super) fn nalgebra_static<const M: usize, const K: usize, const N: usize>() -> Contender {
    struct State<const M: usize, const K: usize, const N: usize> {
        a: SMatrix<f32, K, M>,
        b: SMatrix<f32, N, K>,
        c: SMatrix<f32, N, M>,
        bias: Vec<f32>,
    }
    Contender::new(
        "nalgebra static",
        || {
            let Operands { a, b, bias, .. } = Operands::new(Shape { form: Form::Nn, m: M, k: K, n: N });
            Box::new(State::<M, K, N> {
                a: SMatrix::from_column_slice(&a),
                b: SMatrix::from_column_slice(&b),
                c: SMatrix::zeros(),
                bias: bias.to_vec(),
            })
        },
        |state| {
            let State { a, b, c, bias } = &mut **black_box(state);
            c.gemm(1.0, b, a, 0.0);
            add_bias_and_rectify(c.as_mut_slice(), bias);
        },
        |state| state.c.as_slice().to_vec(),
    )
}
