//! What does not fit does not compile, and the message names the sizes.
//!
//! The expected messages, beside the programs in `ui`, are those of the stable compiler that continuous integration
//! uses; `TRYBUILD=overwrite` writes them anew for another one.

// Other targets are built here but run elsewhere, where there is no compiler.
#![cfg(target_arch = "x86_64")]

#[test]
fn what_does_not_fit_does_not_compile() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
