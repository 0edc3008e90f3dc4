//! What fraction of the FMA peak the kernels reach, peak and kernel measured in turns by one process.
//!
//! Runs on the fastest level of the machine, or on the fused level of the instruction set that is named:
//! `cargo run --release -p femto-benches --bin peak -- avx2`.

use std::error::Error;
use std::hint::black_box;
use std::time::Duration;

use femto::activation::Relu;
use femto::layer::Layer;
use femto::matmul::{self, Start};
use femto::optimizer::{Adam, Momentum, Rule, Sgd};
use femto::{Arithmetic, Isa, Level};
use femto_benches::inputs::{random, zeroed};
use femto_benches::networks::{Digits, Layered, LayersOf, Pictures, Predicting, RATE, Training};
use femto_benches::peak::{self, Width};
use femto_benches::rounds::Kernel;

const ROUNDS: u32 = 60;
const ROUND: Duration = Duration::from_millis(2);

fn main() -> Result<(), Box<dyn Error>> {
    let level = match std::env::args().nth(1) {
        None => Level::detect(),
        Some(name) => {
            let isa: Isa = name.parse().map_err(|error| format!("{name}: {error}"))?;
            Level::new(isa, Arithmetic::Fused)
                .ok_or_else(|| format!("{name}: this machine has no fused arithmetic in that instruction set"))?
        }
    };
    peak::print_all();
    println!("\nlevel {level}, best of {ROUNDS} rounds\n");
    println!("{:<38} {:>11} {:>9} {:>9} {:>8} {:>8}", "kernel", "time", "GFLOP/s", "peak", "best", "median");
    for kernel in &mut kernels(level) {
        let found = kernel.compare(Width::of(level), ROUNDS, ROUND);
        println!(
            "{:<38} {:>8.3} us {:>9.1} {:>9} {:>8} {:>8}",
            kernel.name,
            found.seconds * 1e6,
            found.gflops,
            found.peak.map_or_else(|| "-".into(), |peak| format!("{peak:.1}")),
            percent(found.best_of_peak()),
            percent(found.median_of_peak),
        );
    }
    Ok(())
}

fn percent(fraction: Option<f64>) -> String {
    fraction.map_or_else(|| "-".into(), |fraction| format!("{:.1} %", 100.0 * fraction))
}

fn kernels(level: Level) -> Vec<Kernel> {
    vec![
        nn::<64, 784, 128>(level),
        nn::<32, 64, 32>(level),
        nn::<64, 64, 64>(level),
        nn::<256, 784, 256>(level),
        tn::<784, 64, 128>(level),
        nt::<64, 128, 784>(level),
        step::<Digits, _, 1, 32>("64-32-10, Momentum", level, Momentum::new(RATE)),
        step::<Digits, _, 2, 32>("64-32-10, Adam", level, Adam::new(RATE)),
        step::<Pictures, _, 0, 64>("784-128-10, Sgd", level, Sgd::new(RATE)),
        step::<Pictures, _, 2, 64>("784-128-10, Adam", level, Adam::new(RATE)),
        predict::<Digits>("64-32-10", level),
        predict::<Pictures>("784-128-10", level),
    ]
}

fn nn<const M: usize, const K: usize, const N: usize>(level: Level) -> Kernel {
    let (a, b, bias) = (random::<[[f32; K]; M]>(1), random::<[[f32; N]; K]>(2), random::<[f32; N]>(3));
    let mut c = zeroed::<[[f32; N]; M]>();
    Kernel::new(format!("NN, bias, ReLU {M} x {K} x {N}"), (M * K * N) as u64, move || {
        let (a, b, c) = (black_box(&**a), black_box(&**b), black_box(&mut **c));
        matmul::nn_fixed(level, a, b, Start::Bias(&**bias), Relu, c);
    })
}

fn tn<const M: usize, const K: usize, const N: usize>(level: Level) -> Kernel {
    let (a, b) = (random::<[[f32; M]; K]>(1), random::<[[f32; N]; K]>(2));
    let mut c = zeroed::<[[f32; N]; M]>();
    Kernel::new(format!("TN {M} x {K} x {N}"), (M * K * N) as u64, move || {
        matmul::tn_fixed(level, black_box(&**a), black_box(&**b), Start::Zero, black_box(&mut **c));
    })
}

fn nt<const M: usize, const K: usize, const N: usize>(level: Level) -> Kernel {
    let (a, b) = (random::<[[f32; K]; M]>(1), random::<[[f32; K]; N]>(2));
    let mut c = zeroed::<[[f32; N]; M]>();
    Kernel::new(format!("NT {M} x {K} x {N}"), (M * K * N) as u64, move || {
        matmul::nt_fixed(level, black_box(&**a), black_box(&**b), Start::Zero, black_box(&mut **c));
    })
}

/// A step of learning, in place.
fn step<N: Layered, R: Rule<MOMENTS> + 'static, const MOMENTS: usize, const B: usize>(
    name: &str,
    level: Level,
    rule: R,
) -> Kernel {
    type Of<N, R, const MOMENTS: usize, const B: usize> = Training<LayersOf<N>, R, MOMENTS, B>;
    let mut training = Of::<N, R, MOMENTS, B>::new(level, rule);
    let work = Of::<N, R, MOMENTS, B>::multiply_accumulates();
    Kernel::new(format!("step {name}, batch {B}"), work, move || {
        let _ = black_box(black_box(&mut training).step());
    })
}

/// The outputs for one row.
fn predict<N: Layered>(name: &str, level: Level) -> Kernel {
    let net = Predicting::<LayersOf<N>, 1>::new(level);
    let work = LayersOf::<N>::MULTIPLY_ACCUMULATES as u64;
    Kernel::new(format!("predict {name}, batch 1"), work, move || {
        black_box(black_box(&net).one());
    })
}
