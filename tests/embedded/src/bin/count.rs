//! Counts the instructions of inference and training steps of 784-32-10 with a batch of one, and of matrix products.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::mem::MaybeUninit;

use cortex_m_rt::{entry, exception};
use femto::activation::{Identity, Relu};
use femto::flat::Split;
use femto::layer::{Dense, TapeOf};
use femto::loss::CrossEntropy;
use femto::matmul::{self, Start};
use femto::optimizer::{Adam, Momentum, Optimizer, Sgd};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_bits::digits;
use femto_firmware::counter::{self, Counter};
use femto_firmware::exit::exit;
use femto_firmware::{largest, println, stack};
use panic_semihosting as _;

type Net = net![Dense<784, 32, Relu>, Dense<32, 10>];
type Tape = TapeOf<<Net as Split>::First>;
type Square = [[f32; 32]; 32];

static FACTORY: Net = Net::from_le_bytes(include_bytes!("../../nets/digits-784-32-10.bin"));

/// Multiply-accumulates of a product of two squares.
const SQUARE_MACS: usize = 32 * 32 * 32;

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
    // Without initial values: the zeros of the moments would lie in flash.
    static mut MOMENTUM: MaybeUninit<Optimizer<Net, Momentum, 1>> = MaybeUninit::uninit();
    static mut ADAM: MaybeUninit<Optimizer<Net, Adam, 2>> = MaybeUninit::uninit();
    static mut SQUARES: [Square; 3] = [[[0.0; 32]; 32]; 3];

    let Some(peripherals) = cortex_m::Peripherals::take() else { exit(false) };
    let counter = Counter::new(peripherals.SYST);
    let (instructions, ticks) = counter.calibration();
    println!("calibration: {instructions} instructions, {ticks} ticks");

    let level = Level::detect();
    let (net, input, tape) = (NET, INPUT, TAPE);
    let mut pixels = [0.0; digits::PIXELS];
    let label = [digits::read(5, &mut pixels)];
    let [image] = &mut *input;
    digits::enlarge(&pixels, image);

    let mut class = 0;
    report(&counter, "inference", Net::MULTIPLY_ACCUMULATES, || {
        class = largest(&black_box(&FACTORY).predict(black_box(level), black_box(image)));
    });
    let mut ok = [class] == label;

    let objective = Objective::mean(CrossEntropy);
    // Each rule begins with the weights of the factory.
    net.as_mut_slice().copy_from_slice(FACTORY.as_slice());
    let mut sgd = Optimizer::new(Sgd::new(0.01));
    report(&counter, "sgd step", Net::MULTIPLY_ACCUMULATES, || {
        ok &= net.step(black_box(level), &objective, black_box(input), black_box(&label), tape, &mut sgd).is_ok();
    });
    // An image has zeros, whose rows of weights do not change; here is an input that has none.
    let dense = [core::array::from_fn(|i| 0.1 + (i % 7) as f32 * 0.1)];
    net.as_mut_slice().copy_from_slice(FACTORY.as_slice());
    report(&counter, "sgd step without zeros", Net::MULTIPLY_ACCUMULATES, || {
        ok &= net.step(black_box(level), &objective, black_box(&dense), black_box(&label), tape, &mut sgd).is_ok();
    });
    net.as_mut_slice().copy_from_slice(FACTORY.as_slice());
    let momentum = Optimizer::new_in(MOMENTUM, Momentum::new(0.01));
    report(&counter, "momentum step", Net::MULTIPLY_ACCUMULATES, || {
        ok &= net.step(black_box(level), &objective, black_box(input), black_box(&label), tape, momentum).is_ok();
    });
    net.as_mut_slice().copy_from_slice(FACTORY.as_slice());
    let adam = Optimizer::new_in(ADAM, Adam::new(0.001));
    report(&counter, "adam step", Net::MULTIPLY_ACCUMULATES, || {
        ok &= net.step(black_box(level), &objective, black_box(input), black_box(&label), tape, adam).is_ok();
    });
    println!("tape: {} B", Net::TAPE_BYTES_PER_ROW);
    let adam_beyond_moments = size_of_val(adam) - 2 * Net::PARAMETER_BYTES;
    println!("optimizer beyond moments: sgd {} B, adam {adam_beyond_moments} B", size_of_val(&sgd));

    let [a, b, c] = SQUARES;
    for (i, (a, b)) in a.as_flattened_mut().iter_mut().zip(b.as_flattened_mut()).enumerate() {
        (*a, *b) = ((i % 13) as f32 - 6.0, (i % 11) as f32 * 0.25);
    }
    report(&counter, "matmul nn 32^3", SQUARE_MACS, || {
        matmul::nn_fixed(black_box(level), black_box(&*a), black_box(&*b), Start::Zero, Identity, black_box(c));
    });
    report(&counter, "matmul tn 32^3", SQUARE_MACS, || {
        matmul::tn_fixed(black_box(level), black_box(&*a), black_box(&*b), Start::Zero, black_box(c));
    });
    report(&counter, "matmul nt 32^3", SQUARE_MACS, || {
        matmul::nt_fixed(black_box(level), black_box(&*a), black_box(&*b), Start::Zero, black_box(c));
    });
    exit(ok)
}
