//! Goes on training on the device: a network from flash learns to read digits that are mirrored.
//!
//! The parameters are copied to RAM once and changed there in place; there is no gradient buffer. All memory is static.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use femto::activation::Relu;
use femto::flat::Split;
use femto::layer::{Dense, TapeOf};
use femto::loss::CrossEntropy;
use femto::optimizer::{Optimizer, Sgd};
use femto::train::{BatchError, Objective};
use femto::{Flat, Level, net};
use femto_bits::digits;
use femto_firmware::exit::exit;
use femto_firmware::{largest, println};
use panic_semihosting as _;

type Net = net![Dense<64, 16, Relu>, Dense<16, 10>];
type Tape = TapeOf<<Net as Split>::First>;

static FACTORY: Net = Net::from_le_bytes(include_bytes!("../../nets/digits-64-16-10.bin"));

const BATCH: usize = 8;
const EPOCHS: usize = 30;

/// Every fourth digit is kept for the test.
const TESTED: usize = digits::COUNT / 4;

/// Digit `index` as a camera that sees it from behind would give it.
fn mirrored(index: usize, pixels: &mut [f32; 64]) -> u8 {
    let label = digits::read(index, pixels);
    pixels.as_chunks_mut::<8>().0.iter_mut().for_each(|row| row.reverse());
    label
}

/// How many of the mirrored test digits are recognised.
fn test(net: &Net, level: Level) -> usize {
    let mut pixels = [0.0; digits::PIXELS];
    (0..TESTED)
        .filter(|i| {
            let label = mirrored(4 * i + 3, &mut pixels);
            largest(&net.predict(level, &pixels)) == label
        })
        .count()
}

/// Learns the mirrored digits that are not tested, again and again.
fn adapt(
    net: &mut Net,
    level: Level,
    inputs: &mut [[f32; 64]; BATCH],
    tape: &mut [Tape; BATCH],
) -> Result<(), BatchError> {
    let objective = Objective::mean(CrossEntropy);
    let mut sgd = Optimizer::new(Sgd::new(0.2));
    let mut labels = [0; BATCH];
    for first in (0..EPOCHS * (digits::COUNT - TESTED)).step_by(BATCH) {
        for (i, (pixels, label)) in inputs.iter_mut().zip(&mut labels).enumerate() {
            // 0, 1, 2, 4, 5, 6, 8 ...: all but every fourth.
            *label = mirrored((first + i) / 3 * 4 + (first + i) % 3, pixels);
        }
        net.step(level, &objective, inputs, &labels, tape, &mut sgd)?;
    }
    Ok(())
}

#[entry]
fn main() -> ! {
    // `entry` makes these locals `&'static mut`: no other code can reach them.
    static mut NET: Net = Net::ZERO;
    static mut INPUTS: [[f32; 64]; BATCH] = [[0.0; 64]; BATCH];
    static mut TAPE: [Tape; BATCH] = [Net::TAPE; BATCH];

    let level = Level::detect();
    NET.as_mut_slice().copy_from_slice(FACTORY.as_slice());
    let before = test(NET, level);
    println!("mirrored digits before: {before} of {TESTED}");
    if let Err(error) = adapt(NET, level, INPUTS, TAPE) {
        println!("training refused: {error}");
        exit(false);
    }
    let after = test(NET, level);
    println!("mirrored digits after: {after} of {TESTED}");
    exit(after >= TESTED * 9 / 10 && after > before)
}
