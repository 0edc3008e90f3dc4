//! Counts the instructions of inference and training steps of 784-32-10 with a batch of one, and of matrix products.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::{entry, exception};
use femto::activation::{Identity, Relu};
use femto::init::Init;
use femto::layer::{Dense, TapeOf};
use femto::loss::CrossEntropy;
use femto::matmul::{self, Start};
use femto::optimizer::{Adam, Momentum, Optimizer, Sgd};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_firmware::counter::{self, Counter};
use femto_firmware::exit::exit;
use femto_firmware::{println, stack};
use panic_semihosting as _;

type Net = net![Dense<784, 32, Relu>, Dense<32, 10>];
type Tape = TapeOf<<Net as femto::flat::Split>::First>;
type Square = [[f32; 32]; 32];

#[exception]
fn SysTick() {
    counter::on_wrap();
}

/// Prints what a call costs: instructions, per multiply-accumulate, and stack.
fn report(counter: &Counter, name: &str, macs: usize, mut f: impl FnMut()) {
    let ((), instructions) = counter.measure(&mut f);
    let ((), bytes) = stack::measure(&mut f);
    let hundredths = instructions * 100 / macs as u64;
    let (whole, part) = (hundredths / 100, hundredths % 100);
    println!("{name}: {instructions} instructions, {whole}.{part:02} per mac, {} B stack", bytes.unwrap_or(usize::MAX));
}

#[entry]
fn main() -> ! {
    static mut NET: Net = Net::ZERO;
    static mut INPUT: [[f32; 784]; 1] = [[0.0; 784]];
    static mut TAPE: [Tape; 1] = [Net::TAPE];
    static mut SGD: Optimizer<Net, Sgd, 0> = Optimizer::new(Sgd::new(0.01));
    static mut MOMENTUM: Optimizer<Net, Momentum, 1> = Optimizer::new(Momentum::new(0.01));
    static mut ADAM: Optimizer<Net, Adam, 2> = Optimizer::new(Adam::new(0.001));
    static mut A: Square = [[0.0; 32]; 32];
    static mut B: Square = [[0.0; 32]; 32];
    static mut C: Square = [[0.0; 32]; 32];

    let Some(peripherals) = cortex_m::Peripherals::take() else { exit(false) };
    let counter = Counter::new(peripherals.SYST);
    let (instructions, ticks) = counter.calibration();
    println!("calibration: {instructions} instructions, {ticks} ticks");

    let level = Level::detect();
    let (net, input, tape) = (NET, INPUT, TAPE);
    net.init(Init::HeUniform, 1);
    for (i, x) in input.as_flattened_mut().iter_mut().enumerate() {
        *x = (i * 7 % 17) as f32 / 16.0;
    }
    let macs = Net::MULTIPLY_ACCUMULATES;
    let objective = Objective::mean(CrossEntropy);
    let mut ok = true;
    report(&counter, "inference", macs, || {
        black_box(net.predict(black_box(level), black_box(&input[0])));
    });
    report(&counter, "sgd step", macs, || {
        ok &= net.step(black_box(level), &objective, black_box(input), black_box(&[3_u8]), tape, SGD).is_ok();
    });
    report(&counter, "momentum step", macs, || {
        ok &= net.step(black_box(level), &objective, black_box(input), black_box(&[3_u8]), tape, MOMENTUM).is_ok();
    });
    report(&counter, "adam step", macs, || {
        ok &= net.step(black_box(level), &objective, black_box(input), black_box(&[3_u8]), tape, ADAM).is_ok();
    });
    for (i, (a, b)) in A.as_flattened_mut().iter_mut().zip(B.as_flattened_mut()).enumerate() {
        (*a, *b) = ((i % 13) as f32 - 6.0, (i % 11) as f32 * 0.25);
    }
    let (a, b, c) = (A, B, C);
    report(&counter, "matmul nn 32^3", 32 * 32 * 32, || {
        matmul::nn_fixed(black_box(level), black_box(a), black_box(b), Start::Zero, Identity, black_box(c));
    });
    report(&counter, "matmul tn 32^3", 32 * 32 * 32, || {
        matmul::tn_fixed(black_box(level), black_box(a), black_box(b), Start::Zero, black_box(c));
    });
    report(&counter, "matmul nt 32^3", 32 * 32 * 32, || {
        matmul::nt_fixed(black_box(level), black_box(a), black_box(b), Start::Zero, black_box(c));
    });
    exit(ok)
}
