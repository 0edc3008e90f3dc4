//! Trains and runs networks and calls every kernel over slices with nothing but `core` and `femto`.
//!
//! There is no allocator, so a crate that allocates would not compile. The panic handler calls a function that does not
//! exist, so a program in which any panic can be reached does not link: linking is the proof that the layers, losses,
//! optimizers, kernels and entries that are called here cannot panic. The proof is for release builds, in which the
//! optimiser removes the panics that no input reaches; a debug build keeps them, and checks for overflow.

#![no_std]
#![no_main]

mod around;
mod kernels;
mod learning;
mod rules;

use core::ffi::c_int;
#[cfg(feature = "planted-panic")]
use core::hint::black_box;

use femto::Level;

// For its `main` convention and `memcpy`, `memset`; a firmware has its own.
#[link(name = "c")]
unsafe extern "C" {
    /// Defined nowhere.
    fn femto_must_not_panic() -> !;
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: no program that contains this call links.
    unsafe { femto_must_not_panic() }
}

/// 0 where every level of the machine learns, and computes what the kernels are said to.
#[unsafe(no_mangle)]
pub extern "C" fn main() -> c_int {
    #[cfg(feature = "planted-panic")]
    assert!(black_box(true), "a panic that can be reached");
    c_int::from(
        !Level::supported()
            .all(|level| learning::works(level) && kernels::work(level) && around::works(level) && rules::work(level)),
    )
}
