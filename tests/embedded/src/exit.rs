//! The end of a run under QEMU, with an exit status that a script can check.

use cortex_m_rt::{ExceptionFrame, exception};
use cortex_m_semihosting::{debug, hprintln};

/// Ends the run: QEMU exits with status 0 where `ok`, else 1.
pub fn exit(ok: bool) -> ! {
    debug::exit(if ok { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    // Reached only without a debugger that ends the program: there is nothing left to do.
    loop {
        cortex_m::asm::wfi();
    }
}

/// A fault ends the run too, and says where it happened; on its own the processor would hang.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    hprintln!("hard fault at {:#010x}", frame.pc());
    exit(false)
}
