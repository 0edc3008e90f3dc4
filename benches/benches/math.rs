//! Elementary functions over slices, and softmax.
//!
//! Identifiers are `function/length/level`; the throughput counts elements. The functions work in place, so each call
//! is preceded by a copy of fresh inputs, which is timed too: `copy` is what that costs by itself. Inputs and their
//! copy lie in a first-level cache.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use femto::{Level, math};
use femto_benches::inputs::{random, zeroed};
use femto_benches::word;

/// Two times 16 KiB: no more than the smallest first-level caches of desktop processors.
const LENGTH: usize = 4096;

/// A function over a slice, in place.
type InPlace = fn(Level, &mut [f32]);

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let c = &mut criterion;
    let fastest = Level::detect();

    // Where the functions do their work: neither saturated nor a special case.
    let mut around_zero = random::<[f32; LENGTH]>(1);
    around_zero.iter_mut().for_each(|x| *x *= 10.0);
    let mut positive = around_zero.clone();
    positive.iter_mut().for_each(|x| *x = x.abs() + 1e-3);

    bench(c, "copy", fastest, &**around_zero, |_, _| {});
    for level in classes(fastest) {
        bench(c, "exp", level, &**around_zero, math::exp_slice);
        bench(c, "ln", level, &**positive, math::ln_slice);
        bench(c, "tanh", level, &**around_zero, math::tanh_slice);
        bench(c, "sigmoid", level, &**around_zero, math::sigmoid_slice);
        bench(c, "softplus", level, &**around_zero, math::softplus_slice);
    }
    for row in [10, 1000] {
        bench(c, "softmax", fastest, &around_zero[..row], femto::softmax::softmax);
    }
    criterion.final_summary();
}

/// Both arithmetic classes of an instruction set; where it has but one, that one.
fn classes(fastest: Level) -> impl Iterator<Item = Level> {
    let unfused = fastest.unfused();
    [Some(fastest), (unfused != fastest).then_some(unfused)].into_iter().flatten()
}

fn bench(c: &mut Criterion, op: &str, level: Level, inputs: &[f32], function: InPlace) {
    let mut place = zeroed::<[f32; LENGTH]>();
    let xs = &mut place[..inputs.len()];
    let mut group = c.benchmark_group(op);
    group.throughput(Throughput::Elements(inputs.len() as u64));
    group.bench_function(BenchmarkId::new(inputs.len().to_string(), word(level)), |b| {
        b.iter(|| {
            xs.copy_from_slice(black_box(inputs));
            function(level, black_box(xs));
        });
    });
    group.finish();
}
