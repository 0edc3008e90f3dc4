//! The contests of matrix products: `relu(a b + bias)` for row-major operands, single-threaded.
//!
//! Rivals have no such epilogue; after their product a plain loop adds the bias and rectifies, which the compiler
//! vectorises. Each has its fast path on: `gemm`, `matrixmultiply` and `faer` find the instruction set when they run;
//! `nalgebra` (dynamic) and `ndarray` call `matrixmultiply`.

use std::hint::black_box;

use faer::linalg::matmul::matmul as faer_matmul;
use faer::{Accum, MatMut, MatRef, Par};
use femto::Level;
use femto::activation::Relu;
use femto::matmul::{self, Start};
use nalgebra::DMatrix;
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

use crate::contest::{Contender, Contest, FEMTO, Settings, Unit};
use crate::inputs::{Aligned, random, zeroed};

/// Operands at cache lines.
struct Operands<const M: usize, const K: usize, const N: usize> {
    a: Box<Aligned<[[f32; K]; M]>>,
    b: Box<Aligned<[[f32; N]; K]>>,
    bias: Box<Aligned<[f32; N]>>,
    c: Box<Aligned<[[f32; N]; M]>>,
}

impl<const M: usize, const K: usize, const N: usize> Operands<M, K, N> {
    fn new() -> Self {
        Self { a: random(1), b: random(2), bias: random(3), c: zeroed() }
    }

    fn result(&self) -> Vec<f32> {
        self.c.as_flattened().to_vec()
    }

    /// A contender that fills `c` by `product`; bias and ReLU follow.
    fn rival(name: &'static str, product: impl Fn(&mut Self) + Copy + 'static) -> Contender {
        Contender::new(
            name,
            Self::new,
            move |operands| {
                let operands = black_box(operands);
                product(operands);
                add_bias_and_rectify(operands.c.as_flattened_mut(), &operands.bias);
            },
            Self::result,
        )
    }
}

/// What femto does while the product is in registers.
fn add_bias_and_rectify<const N: usize>(c: &mut [f32], bias: &[f32; N]) {
    for row in c.chunks_exact_mut(N) {
        for (x, bias) in row.iter_mut().zip(bias) {
            *x = (*x + bias).max(0.0);
        }
    }
}

/// The contest of a product of M x K by K x N.
fn nn<const M: usize, const K: usize, const N: usize>(level: Level) -> Contest {
    let fixed = Contender::new(
        FEMTO,
        Operands::<M, K, N>::new,
        move |operands| {
            let Operands { a, b, bias, c } = black_box(operands);
            matmul::nn_fixed(level, a, b, Start::Bias(bias), Relu, c);
        },
        Operands::result,
    );
    Contest {
        group: "matmul",
        case: format!("{M}x{K}x{N}"),
        unit: Unit::Microseconds,
        multiply_accumulates: (M * K * N) as u64,
        tolerance: 1e-5 * K as f32,
        femto: fixed,
        rivals: vec![
            Operands::<M, K, N>::rival("gemm", |o| {
                let (c, a, b) = (o.c.as_mut_ptr().cast(), o.a.as_ptr().cast(), o.b.as_ptr().cast());
                // SAFETY: the matrices have these sizes and strides, and are three allocations.
                unsafe {
                    gemm::gemm(
                        M,
                        N,
                        K,
                        c,
                        1,
                        N as isize,
                        false,
                        a,
                        1,
                        K as isize,
                        b,
                        1,
                        N as isize,
                        0.0_f32,
                        1.0,
                        false,
                        false,
                        false,
                        gemm::Parallelism::None,
                    );
                }
            }),
            Operands::<M, K, N>::rival("matrixmultiply", |o| {
                let (c, a, b) = (o.c.as_mut_ptr().cast(), o.a.as_ptr().cast(), o.b.as_ptr().cast());
                let (k, n) = (K as isize, N as isize);
                // SAFETY: the matrices have these sizes and strides, and are three allocations.
                unsafe { matrixmultiply::sgemm(M, K, N, 1.0, a, k, 1, b, n, 1, 0.0, c, n, 1) }
            }),
            Operands::<M, K, N>::rival("faer", |o| {
                let c = MatMut::from_row_major_slice_mut(o.c.as_flattened_mut(), M, N);
                let a = MatRef::from_row_major_slice(o.a.as_flattened(), M, K);
                let b = MatRef::from_row_major_slice(o.b.as_flattened(), K, N);
                faer_matmul(c, Accum::Replace, a, b, 1.0, Par::Seq);
            }),
            Operands::<M, K, N>::rival("ndarray", |o| {
                let a = ArrayView2::from_shape((M, K), o.a.as_flattened());
                let b = ArrayView2::from_shape((K, N), o.b.as_flattened());
                let c = ArrayViewMut2::from_shape((M, N), o.c.as_flattened_mut());
                if let (Ok(a), Ok(b), Ok(mut c)) = (a, b, c) {
                    general_mat_mul(1.0, &a, &b, 0.0, &mut c);
                }
            }),
            nalgebra_dynamic::<M, K, N>(),
        ],
    }
}

/// Its matrices are column-major, so the transposed product is computed on the same numbers.
fn nalgebra_dynamic<const M: usize, const K: usize, const N: usize>() -> Contender {
    struct State<const N: usize> {
        a: DMatrix<f32>,
        b: DMatrix<f32>,
        c: DMatrix<f32>,
        bias: Box<Aligned<[f32; N]>>,
    }
    Contender::new(
        "nalgebra",
        || {
            let Operands { a, b, bias, .. } = Operands::<M, K, N>::new();
            State {
                a: DMatrix::from_column_slice(K, M, a.as_flattened()),
                b: DMatrix::from_column_slice(N, K, b.as_flattened()),
                c: DMatrix::zeros(N, M),
                bias,
            }
        },
        |state| {
            let State { a, b, c, bias } = black_box(state);
            c.gemm(1.0, b, a, 0.0);
            add_bias_and_rectify(c.as_mut_slice(), bias);
        },
        |state| state.c.as_slice().to_vec(),
    )
}

/// All contests, small shapes first.
#[must_use]
pub fn contests(settings: Settings) -> Vec<Contest> {
    let Settings { level, quick, .. } = settings;
    let mut all = vec![
        nn::<4, 4, 4>(level),
        nn::<8, 8, 8>(level),
        nn::<16, 16, 16>(level),
        nn::<24, 24, 24>(level),
        nn::<32, 32, 32>(level),
        nn::<48, 48, 48>(level),
        nn::<64, 64, 64>(level),
        nn::<96, 96, 96>(level),
        nn::<128, 128, 128>(level),
        nn::<192, 192, 192>(level),
        nn::<256, 256, 256>(level),
        nn::<3, 5, 7>(level),
        nn::<1, 32, 10>(level),
        nn::<1, 64, 32>(level),
        nn::<1, 256, 256>(level),
        nn::<1, 784, 128>(level),
        nn::<4, 256, 256>(level),
        nn::<16, 128, 64>(level),
        nn::<17, 129, 33>(level),
        nn::<32, 64, 32>(level),
        nn::<32, 128, 10>(level),
        nn::<64, 32, 10>(level),
        nn::<64, 128, 10>(level),
        nn::<64, 784, 128>(level),
        nn::<100, 300, 50>(level),
        nn::<256, 784, 256>(level),
        nn::<256, 784, 512>(level),
    ];
    if !quick {
        all.extend([
            nn::<384, 384, 384>(level),
            nn::<512, 512, 512>(level),
            nn::<768, 768, 768>(level),
            nn::<1024, 1024, 1024>(level),
        ]);
    }
    all
}
