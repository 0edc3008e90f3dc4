//! Holds all that `../run` must find in an image: a panic, an allocator, double precision in software.
#![no_std]
#![no_main]

use core::ffi::c_void;
use core::hint::black_box;
use core::ptr;

use cortex_m_rt::entry;
use femto_firmware::exit::exit;
use panic_semihosting as _;

/// What an allocator's entry is called.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn malloc(bytes: usize) -> *mut c_void {
    black_box(bytes);
    ptr::null_mut()
}

#[entry]
fn main() -> ! {
    let table = black_box([1.5, 2.5, 3.5_f64]);
    let product = table[black_box(1)] * table[black_box(2)];
    exit(product > 1.0 && malloc(black_box(4)).is_null())
}
