//! What the firmware here shares: a console over semihosting, an instruction counter, a measure of the stack.
//!
//! The programs are in `src/bin`; each reads as what one would copy into a product, with the console replaced by
//! whatever the product has. Nothing here allocates.

#![no_std]

pub mod counter;
pub mod exit;
pub mod stack;

#[doc(hidden)]
pub use cortex_m_semihosting::hprintln;

/// Prints a line on the console of the debugger, or of QEMU.
#[macro_export]
macro_rules! println {
    ($($arguments:tt)*) => { $crate::hprintln!("{}", ::core::format_args!($($arguments)*)) };
}

/// The class with the largest logit, the first of equals.
#[must_use]
pub fn largest<const N: usize>(logits: &[f32; N]) -> u8 {
    let (mut class, mut largest) = (0, f32::NEG_INFINITY);
    for (i, logit) in (0..).zip(logits) {
        if *logit > largest {
            (class, largest) = (i, *logit);
        }
    }
    class
}
