//! Runs under an emulator, which is some twenty times as slow as a machine.

use std::env;
use std::sync::Once;

use crate::log::say;

/// The environment variable that says that the processor is emulated.
pub const EMULATED: &str = "FEMTO_EMULATED";

/// Whether sweeps are to be thinned out, because the processor is emulated. The log says so.
#[must_use]
pub fn is_emulated() -> bool {
    let emulated = env::var_os(EMULATED).is_some();
    static REPORT: Once = Once::new();
    if emulated {
        REPORT.call_once(|| say(&format!("{EMULATED} is set: sweeps over shapes are thinned out")));
    }
    emulated
}
