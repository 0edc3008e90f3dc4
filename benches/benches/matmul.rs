//! Products: entries over arrays (`fixed`) and over slices, all three forms.
//!
//! Identifiers are `form_entry/m x k x n/level`; the throughput counts multiply-accumulates, m k n of them, so
//! 1 Gelem/s is 2 GFLOP/s. The size is that of the product in all forms: TN reads `a` as k x m, NT reads `b` as n x k.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use femto::activation::Relu;
use femto::matmul::{self, Matrix, MatrixMut, Start};
use femto::{Level, ShapeError};
use femto_benches::inputs::{random, zeroed};
use femto_benches::word;

fn main() -> Result<(), ShapeError> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let c = &mut criterion;
    let fastest = Level::detect();

    nn_fixed::<64, 784, 128>(c, fastest);
    for level in Level::supported().filter(|level| *level != fastest) {
        nn_fixed::<64, 784, 128>(c, level);
    }
    nn_fixed::<32, 64, 32>(c, fastest);
    nn_fixed::<32, 32, 10>(c, fastest);
    nn_fixed::<64, 64, 64>(c, fastest);
    nn_fixed::<256, 256, 256>(c, fastest);
    nn_fixed::<1, 784, 128>(c, fastest);

    tn_fixed::<64, 784, 128>(c, fastest);
    tn_fixed::<32, 64, 32>(c, fastest);
    tn_fixed::<32, 32, 10>(c, fastest);
    tn_fixed::<64, 64, 64>(c, fastest);
    tn_fixed::<256, 256, 256>(c, fastest);
    tn_fixed::<1, 784, 128>(c, fastest);

    nt_fixed::<64, 784, 128>(c, fastest);
    nt_fixed::<32, 64, 32>(c, fastest);
    nt_fixed::<32, 32, 10>(c, fastest);
    nt_fixed::<64, 64, 64>(c, fastest);
    nt_fixed::<256, 256, 256>(c, fastest);
    nt_fixed::<1, 784, 128>(c, fastest);

    slices::<64, 784, 128>(c, fastest)?;
    slices::<32, 64, 32>(c, fastest)?;
    slices::<32, 32, 10>(c, fastest)?;
    slices::<64, 64, 64>(c, fastest)?;
    slices::<256, 256, 256>(c, fastest)?;
    slices::<1, 784, 128>(c, fastest)?;

    criterion.final_summary();
    Ok(())
}

/// One bench: `call` does m k n multiply-accumulates.
fn bench<R>(c: &mut Criterion, op: &str, [m, k, n]: [usize; 3], level: Level, mut call: impl FnMut() -> R) {
    let mut group = c.benchmark_group(op);
    group.throughput(Throughput::Elements((m * k * n) as u64));
    group.bench_function(BenchmarkId::new(format!("{m}x{k}x{n}"), word(level)), |b| b.iter(&mut call));
    group.finish();
}

fn nn_fixed<const M: usize, const K: usize, const N: usize>(c: &mut Criterion, level: Level) {
    let (a, b, bias) = (random::<[[f32; K]; M]>(1), random::<[[f32; N]; K]>(2), random::<[f32; N]>(3));
    let mut out = zeroed::<[[f32; N]; M]>();
    bench(c, "nn_bias_relu_fixed", [M, K, N], level, || {
        let (a, b, out) = (black_box(&**a), black_box(&**b), black_box(&mut **out));
        matmul::nn_fixed(level, a, b, Start::Bias(&**bias), Relu, out);
    });
}

fn tn_fixed<const M: usize, const K: usize, const N: usize>(c: &mut Criterion, level: Level) {
    let (a, b) = (random::<[[f32; M]; K]>(1), random::<[[f32; N]; K]>(2));
    let mut out = zeroed::<[[f32; N]; M]>();
    bench(c, "tn_fixed", [M, K, N], level, || {
        matmul::tn_fixed(level, black_box(&**a), black_box(&**b), Start::Zero, black_box(&mut **out));
    });
}

fn nt_fixed<const M: usize, const K: usize, const N: usize>(c: &mut Criterion, level: Level) {
    let (a, b) = (random::<[[f32; K]; M]>(1), random::<[[f32; K]; N]>(2));
    let mut out = zeroed::<[[f32; N]; M]>();
    bench(c, "nt_fixed", [M, K, N], level, || {
        matmul::nt_fixed(level, black_box(&**a), black_box(&**b), Start::Zero, black_box(&mut **out));
    });
}

/// All three forms over slices. The sizes are constants only here: the entries get them at run time, and check them.
fn slices<const M: usize, const K: usize, const N: usize>(c: &mut Criterion, level: Level) -> Result<(), ShapeError> {
    let [m, k, n] = black_box([M, K, N]);
    let (a, b, bias) = (random::<[[f32; K]; M]>(1), random::<[[f32; N]; K]>(2), random::<[f32; N]>(3));
    let (a, b) = (a.as_flattened(), b.as_flattened());
    let mut out = zeroed::<[[f32; N]; M]>();
    let out = out.as_flattened_mut();

    let mut nn = || {
        let a = Matrix::new(black_box(a), m, k, k)?;
        let b = Matrix::new(black_box(b), k, n, n)?;
        let out = MatrixMut::new(black_box(&mut *out), m, n, n)?;
        matmul::nn(level, a, b, Start::Bias(&**bias), Relu, out)
    };
    nn()?;
    bench(c, "nn_bias_relu_slices", [m, k, n], level, nn);

    let mut tn = || {
        let a = Matrix::new(black_box(a), k, m, m)?;
        let b = Matrix::new(black_box(b), k, n, n)?;
        let out = MatrixMut::new(black_box(&mut *out), m, n, n)?;
        matmul::tn(level, a, b, Start::Zero, out)
    };
    tn()?;
    bench(c, "tn_slices", [m, k, n], level, tn);

    let mut nt = || {
        let a = Matrix::new(black_box(a), m, k, k)?;
        let b = Matrix::new(black_box(b), n, k, k)?;
        let out = MatrixMut::new(black_box(&mut *out), m, n, n)?;
        matmul::nt(level, a, b, Start::Zero, out)
    };
    nt()?;
    bench(c, "nt_slices", [m, k, n], level, nt);
    Ok(())
}
