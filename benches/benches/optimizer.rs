//! Updates of 101,770 parameters by each optimizer, and copies of as many bytes as they write; the throughput counts
//! parameters. And steps on one thread and on two.
//!
//! Identifiers are `update/optimizer`, `copy/numbers for each parameter` and `step_on_threads/network x batch/threads`.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use femto::Level;
use femto::optimizer::Momentum;
use femto::train::Workers;
use femto_benches::networks::{Deep, Digits, Layered, LayersOf, Pictures, RATE, Training};
use femto_benches::optimizers::Updating;
use femto_std::optimizer::OptimizerName;
use femto_std::threads::Threads;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let c = &mut criterion;
    updates(c);
    step::<Digits, 32>(c, "64-32-10");
    step::<Pictures, 64>(c, "784-128-10");
    step::<Deep, 256>(c, "784-512-256-10");
    criterion.final_summary();
}

fn updates(c: &mut Criterion) {
    let mut group = c.benchmark_group("update");
    group.throughput(Throughput::Elements(Updating::PARAMETERS as u64));
    for name in OptimizerName::ALL {
        let mut updating = Updating::new(Level::detect(), *name);
        group.bench_function(BenchmarkId::from_parameter(name), |b| b.iter(|| updating.step()));
    }
    group.finish();
    let mut group = c.benchmark_group("copy");
    group.throughput(Throughput::Elements(Updating::PARAMETERS as u64));
    for numbers in 1..=4 {
        let from = vec![1.0_f32; numbers * Updating::PARAMETERS];
        let mut to = from.clone();
        group.bench_function(BenchmarkId::from_parameter(numbers), |b| b.iter(|| to.copy_from_slice(&from)));
    }
    group.finish();
}

fn step<N: Layered, const B: usize>(c: &mut Criterion, network: &str) {
    let mut group = c.benchmark_group("step_on_threads");
    group.throughput(Throughput::Elements(Training::<LayersOf<N>, Momentum, 1, B>::multiply_accumulates()));
    for count in [1, 2] {
        let Ok(threads) = Threads::new(Level::detect(), count) else { continue };
        let mut training = Training::<LayersOf<N>, _, 1, B>::new(Level::detect(), Momentum::new(RATE));
        group.bench_function(BenchmarkId::new(format!("{network}x{B}"), count), |b| {
            b.iter_custom(|times| {
                // Threads stay awake between steps, as in an epoch.
                (&threads).attend(|| {
                    let start = Instant::now();
                    for _ in 0..times {
                        let _ = training.step_on(&threads);
                    }
                    start.elapsed()
                })
            });
        });
    }
    group.finish();
}
