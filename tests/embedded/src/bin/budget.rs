//! What a network needs is known before it is flashed: all sizes are constants, and a product asserts its own.
//!
//! Only the depth of the stack is for the run to tell; it is measured against the figure stated here.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::mem::MaybeUninit;

use cortex_m_rt::entry;
use femto::activation::Relu;
use femto::flat::Split;
use femto::layer::{Dense, TapeOf};
use femto::loss::CrossEntropy;
use femto::optimizer::{Adam, Momentum, Optimizer, Sgd};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_bits::digits;
use femto_firmware::exit::exit;
use femto_firmware::{println, stack};
use panic_semihosting as _;

type Net = net![Dense<64, 16, Relu>, Dense<16, 10>];
type Tape = TapeOf<<Net as Split>::First>;

static FACTORY: Net = Net::from_le_bytes(include_bytes!("../../nets/digits-64-16-10.bin"));

const BATCH: usize = 4;

/// Flash for the parameters.
const FLASH: usize = Net::PARAMETER_BYTES;
/// Stack of one prediction, its scratch and outputs included.
const PREDICT_STACK: usize = 1024;
/// Stack of one step, whatever the batch.
const STEP_STACK: usize = 1024;
/// RAM of training: parameters, tape, the optimizer with its moments, stack.
const fn training(optimizer: usize) -> usize {
    Net::PARAMETER_BYTES + BATCH * Net::TAPE_BYTES_PER_ROW + optimizer + STEP_STACK
}
const SGD: usize = training(size_of::<Optimizer<Net, Sgd, 0>>());
const MOMENTUM: usize = training(size_of::<Optimizer<Net, Momentum, 1>>());
const ADAM: usize = training(size_of::<Optimizer<Net, Adam, 2>>());

// What the product promises. A larger network, batch or rule does not compile.
const _: () = {
    assert!(Net::MULTIPLY_ACCUMULATES == 64 * 16 + 16 * 10);
    assert!(FLASH <= 5 * 1024);
    assert!(Net::SCRATCH_BYTES_PER_ROW <= 128);
    assert!(SGD <= 7 * 1024, "trains in 8 KB with a kilobyte to spare");
    assert!(MOMENTUM <= 12 * 1024);
    assert!(ADAM <= 17 * 1024);
};

/// Prints a measured depth; true where it is within the stated one.
fn within(name: &str, measured: Option<usize>, stated: usize) -> bool {
    match measured {
        Some(bytes) => println!("stack of {name}: {bytes} of {stated} B"),
        None => println!("stack of {name}: more than was painted"),
    }
    measured.is_some_and(|bytes| bytes <= stated)
}

#[entry]
fn main() -> ! {
    static mut NET: Net = Net::ZERO;
    static mut INPUTS: [[f32; 64]; BATCH] = [[0.0; 64]; BATCH];
    static mut TAPE: [Tape; BATCH] = [Net::TAPE; BATCH];
    // Without an initial value: else the zeros of the moments would lie in flash, beside the rule, to be copied.
    static mut OPTIMIZER: MaybeUninit<Optimizer<Net, Momentum, 1>> = MaybeUninit::uninit();

    println!("flash: {FLASH} B of parameters, {} multiply-accumulates", Net::MULTIPLY_ACCUMULATES);
    println!("inference: {} B of scratch a row", Net::SCRATCH_BYTES_PER_ROW);
    println!("training: {} B of tape a row", Net::TAPE_BYTES_PER_ROW);
    println!("training with a batch of {BATCH}: sgd {SGD} B, momentum {MOMENTUM} B, adam {ADAM} B");

    let level = Level::detect();
    let mut labels = [0; BATCH];
    for (i, (pixels, label)) in INPUTS.iter_mut().zip(&mut labels).enumerate() {
        *label = digits::read(i, pixels);
    }
    let (_, predicted) = stack::measure(|| black_box(&FACTORY).predict(level, &INPUTS[0]));
    let mut ok = within("predict", predicted, PREDICT_STACK);

    let objective = Objective::mean(CrossEntropy);
    NET.as_mut_slice().copy_from_slice(FACTORY.as_slice());
    let mut sgd = Optimizer::new(Sgd::new(0.1));
    let (stepped, depth) = stack::measure(|| NET.step(level, &objective, INPUTS, &labels, TAPE, &mut sgd));
    ok &= stepped.is_ok() & within("step with sgd", depth, STEP_STACK);

    let momentum = Optimizer::new_in(OPTIMIZER, Momentum::new(0.01));
    let (stepped, depth) = stack::measure(|| NET.step(level, &objective, INPUTS, &labels, TAPE, momentum));
    ok &= stepped.is_ok() & within("step with momentum", depth, STEP_STACK);
    exit(ok)
}
