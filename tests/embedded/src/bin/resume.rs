//! Takes up trainings where a desktop left them after 500 steps, makes 500 more, and ends in the bits of 1,000 steps on
//! either machine alone: those of the committed hashes.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use femto::Level;
use femto::optimizer::{Adam, Momentum, Rule, Sgd};
use femto_bits::committed;
use femto_bits::training::{STEPS, Training};
use femto_firmware::exit::exit;
use femto_firmware::println;
use panic_semihosting as _;

/// True where the training ends in the committed bits.
fn resumed<R: Rule<MOMENTS>, const MOMENTS: usize>(
    name: &str,
    training: &mut Training<R, MOMENTS>,
    checkpoint: &[u8],
) -> bool {
    // The desktop trained unfused, the class that every processor has.
    let level = Level::detect().unfused();
    if !training.resume(checkpoint) || training.steps() != STEPS / 2 {
        println!("{name}: not a checkpoint of {} steps", STEPS / 2);
        return false;
    }
    training.run(level, STEPS / 2);
    let hash = training.hash();
    let same = committed(level.arithmetic()).any(|line| line == (name, hash));
    println!("{name}: {hash:016x} {}", if same { "as committed" } else { "is not the committed hash" });
    same
}

#[entry]
fn main() -> ! {
    static mut SGD: Training<Sgd, 0> = Training::SGD;
    static mut MOMENTUM: Training<Momentum<true>, 1> = Training::MOMENTUM;
    static mut ADAM: Training<Adam, 2> = Training::ADAM;

    let sgd = resumed("training.sgd", SGD, include_bytes!("../../nets/checkpoint-sgd.bin"));
    let momentum = resumed("training.momentum", MOMENTUM, include_bytes!("../../nets/checkpoint-momentum.bin"));
    let adam = resumed("training.adam", ADAM, include_bytes!("../../nets/checkpoint-adam.bin"));
    exit(sgd & momentum & adam)
}
