//! Whole networks: a step of learning with each optimizer and on both routes, and predictions.
//!
//! Identifiers are `op/network x batch/level`; the throughput counts multiply-accumulates, so 1 Gelem/s is 2 GFLOP/s.
//! For a step these are the ones of the three products; losses and updates are in the time but not in the count.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use femto::Level;
use femto::layer::Layer;
use femto::optimizer::{Adam, Momentum, Rule, Sgd};
use femto_benches::networks::{Digits, Layered, LayersOf, Pictures, Predicting, RATE, Training};
use femto_benches::word;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let c = &mut criterion;

    step::<Digits, _, 0, 32>(c, "sgd", "64-32-10", Sgd::new(RATE));
    step::<Digits, _, 1, 32>(c, "momentum", "64-32-10", Momentum::new(RATE));
    step::<Digits, _, 2, 32>(c, "adam", "64-32-10", Adam::new(RATE));
    step::<Pictures, _, 2, 64>(c, "adam", "784-128-10", Adam::new(RATE));
    predict::<Digits>(c, "64-32-10");
    predict::<Pictures>(c, "784-128-10");
    criterion.final_summary();
}

fn bench<R>(c: &mut Criterion, op: &str, shape: &str, level: Level, work: u64, mut call: impl FnMut() -> R) {
    let mut group = c.benchmark_group(op);
    group.throughput(Throughput::Elements(work));
    group.bench_function(BenchmarkId::new(shape, word(level)), |b| b.iter(&mut call));
    group.finish();
}

fn step<N: Layered, R: Rule<MOMENTS>, const MOMENTS: usize, const B: usize>(
    c: &mut Criterion,
    rule_name: &str,
    network: &str,
    rule: R,
) {
    type Of<N, R, const MOMENTS: usize, const B: usize> = Training<LayersOf<N>, R, MOMENTS, B>;
    let level = Level::detect();
    let work = Of::<N, R, MOMENTS, B>::multiply_accumulates();
    let shape = format!("{network}x{B}");
    let mut training = Of::<N, R, MOMENTS, B>::new(level, rule);
    bench(c, &format!("step_{rule_name}_in_place"), &shape, level, work, || black_box(&mut training).step());
    let mut training = Of::<N, R, MOMENTS, B>::new(level, rule);
    bench(c, &format!("step_{rule_name}_buffered"), &shape, level, work, || {
        black_box(&mut training).step_through_buffer()
    });
}

fn predict<N: Layered>(c: &mut Criterion, network: &str) {
    const ROWS: usize = 64;
    let level = Level::detect();
    let work = LayersOf::<N>::MULTIPLY_ACCUMULATES as u64;
    let mut net = Predicting::<LayersOf<N>, ROWS>::new(level);
    bench(c, "predict", &format!("{network}x1"), level, work, || black_box(&net).one());
    bench(c, "predict_batch", &format!("{network}x{ROWS}"), level, ROWS as u64 * work, || {
        black_box(black_box(&mut net).all()).is_ok()
    });
}
