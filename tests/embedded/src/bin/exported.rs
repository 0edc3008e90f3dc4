//! Runs a network that PyTorch trained, from the two files that `femto_std::export` wrote, and compares all of its
//! outputs with those of the desktop that exported it.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use femto::Level;
use femto_bits::{Hash, digits};
use femto_firmware::exit::exit;
use femto_firmware::{largest, println};
use panic_semihosting as _;

use crate::exported::DIGITS;

#[path = "../../nets/exported/digits.rs"]
mod exported;

/// The hash of the outputs for all digits as the desktop computed them.
const EXPECTED: u64 = u64::from_le_bytes(*include_bytes!("../../nets/exported/digits.hash"));

#[entry]
fn main() -> ! {
    // The class that every machine has.
    let level = Level::detect().unfused();
    let mut pixels = [0.0; digits::PIXELS];
    let (mut right, mut hash) = (0, Hash::EMPTY);
    for index in 0..digits::COUNT {
        let label = digits::read(index, &mut pixels);
        let outputs = DIGITS.predict(level, &pixels);
        let class = largest(&outputs);
        if index < 10 {
            println!("digit {index}: a {label}, recognised as {class}");
        }
        right += usize::from(class == label);
        hash = hash.with(&outputs);
    }
    let found = hash.value();
    println!("accuracy: {right} of {}", digits::COUNT);
    println!("outputs: hash {found:016x}, on the desktop {EXPECTED:016x}");
    exit(found == EXPECTED)
}
