//! Runs a trained network that stays in flash.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use femto::activation::Relu;
use femto::layer::Dense;
use femto::{Level, net};
use femto_bits::digits;
use femto_firmware::exit::exit;
use femto_firmware::{largest, println};
use panic_semihosting as _;

type Net = net![Dense<64, 16, Relu>, Dense<16, 10>];

/// Evaluated when the program is compiled: constants in flash, no code to load them, no RAM.
static NET: Net = Net::from_le_bytes(include_bytes!("../../nets/digits-64-16-10.bin"));

/// So many of the 256 digits must be recognised; the network has not learnt from them.
const EXPECTED: usize = 245;

#[entry]
fn main() -> ! {
    let level = Level::detect();
    let mut pixels = [0.0; digits::PIXELS];
    let mut right = 0;
    for index in 0..digits::COUNT {
        // In a product these come from a sensor.
        let label = digits::read(index, &mut pixels);
        let class = largest(&NET.predict(level, &pixels));
        if index < 10 {
            println!("digit {index}: a {label}, recognised as {class}");
        }
        right += usize::from(class == label);
    }
    println!("accuracy: {right} of {}", digits::COUNT);
    exit(right >= EXPECTED)
}
