//! Links only where no panic can be reached.
//!
//! Its panic handler calls a function that does not exist. It computes all that is hashed for the comparison of
//! targets: functions, products, losses, whole trainings, on lengths that the compiler does not know; so that it links
//! is the proof. With the feature `plant` it does not.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use cortex_m_semihosting::debug;
use femto::Level;
use femto_bits::{Workspace, all};

unsafe extern "C" {
    /// Defined nowhere.
    fn femto_must_not_panic() -> !;
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: no program that contains this call links.
    unsafe { femto_must_not_panic() }
}

#[entry]
fn main() -> ! {
    static mut WORKSPACE: Workspace = Workspace::NEW;

    let mut computed = 0_u32;
    for level in Level::supported() {
        all(level, black_box(WORKSPACE), &mut |_, _| computed += 1);
    }
    #[cfg(feature = "plant")]
    assert!(black_box(true), "a panic that can be reached");
    debug::exit(if computed > 0 { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    loop {
        cortex_m::asm::wfi();
    }
}
