//! Compares what femto computes in WebAssembly with the committed hashes; `check.mjs` runs it in Node.js.
//!
//! Compiled with `-C target-feature=+simd128` it has the levels scalar and simd128, else scalar alone.

#![no_std]

use femto::Level;
use femto_bits::{Workspace, check, committed};

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    /// Tells the host of a hash that differs; 0 stands for one that is missing.
    fn mismatch(name: *const u8, len: usize, committed: u64, found: u64);
    /// Tells the host how many hashes of a level agree.
    fn level(isa: *const u8, len: usize, agree: usize, all: usize);
}

/// Compares all levels.
#[unsafe(no_mangle)]
pub extern "C" fn check_all() {
    let mut workspace = Workspace::NEW;
    for tested in Level::supported() {
        let agree = check(tested, &mut workspace, &mut |wrong| {
            let (expected, found) = (wrong.committed.unwrap_or(0), wrong.found.unwrap_or(0));
            // SAFETY: the host reads the name before it returns.
            unsafe { mismatch(wrong.name.as_ptr(), wrong.name.len(), expected, found) };
        });
        let (isa, all) = (tested.isa().name(), committed(tested.arithmetic()).count());
        // SAFETY: as above.
        unsafe { level(isa.as_ptr(), isa.len(), agree, all) };
    }
}
