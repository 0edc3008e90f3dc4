//! Which levels a test run covers, and the demand that one of them must be covered.

use std::sync::Once;

use femto::simd::UnknownIsa;
use femto::{Arithmetic, Isa, Level};

use crate::log::say;

/// The environment variable with a comma-separated list of instruction sets that must be tested, such as
/// `avx2,avx512`. Without it a machine tests what it has.
pub const REQUIRE: &str = "FEMTO_REQUIRE";

/// Every level of this machine.
///
/// # Panics
/// Where [`REQUIRE`] names an instruction set that this machine lacks or femto does not know: a test must not pass
/// because it ran nothing.
#[must_use]
pub fn all() -> Vec<Level> {
    let levels: Vec<Level> = Level::supported().collect();
    static REPORT: Once = Once::new();
    REPORT.call_once(|| {
        let names: Vec<String> = levels.iter().map(ToString::to_string).collect();
        say(&format!("levels under test: {}", names.join(", ")));
    });
    if let Ok(required) = std::env::var(REQUIRE) {
        for name in required.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let isa = name.parse::<Isa>();
            assert!(isa.is_ok(), "{REQUIRE}={required}: {name}: {}", UnknownIsa);
            assert!(
                levels.iter().any(|level| Ok(level.isa()) == isa),
                "{REQUIRE}={required}: this machine cannot run {name}, so it would not be tested"
            );
        }
    }
    levels
}

/// The levels of one class; the first is the scalar one, the reference of the class, where the machine has it.
#[must_use]
pub fn of_class(arithmetic: Arithmetic) -> Vec<Level> {
    all().into_iter().filter(|level| level.arithmetic() == arithmetic).collect()
}

/// Both classes.
pub const CLASSES: [Arithmetic; 2] = [Arithmetic::Fused, Arithmetic::Unfused];
