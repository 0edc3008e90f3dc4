//! Compares all that femto computes on this processor with the committed hashes.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use femto::Level;
use femto_bits::{Workspace, check, class_name, committed};
use femto_firmware::exit::exit;
use femto_firmware::println;
use panic_semihosting as _;

#[entry]
fn main() -> ! {
    static mut WORKSPACE: Workspace = Workspace::NEW;

    let (mut levels, mut ok) = (0, true);
    for level in Level::supported() {
        levels += 1;
        let agree = check(level, WORKSPACE, &mut |wrong| {
            let (expected, found) = (wrong.committed.unwrap_or(0), wrong.found.unwrap_or(0));
            println!("{}: committed {expected:016x}, found {found:016x}", wrong.name);
        });
        let all = committed(level.arithmetic()).count();
        println!("scalar {}: {agree} of {all} hashes agree", class_name(level.arithmetic()));
        ok &= agree == all;
    }
    exit(ok && levels > 0)
}
