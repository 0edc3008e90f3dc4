//! What the benches share: reproducible inputs, the networks that are timed, and an instrument for the
//! multiply-accumulate peak of the machine. The README next to this crate says which tool answers which question.

pub mod contest;
#[cfg(feature = "rivals")]
pub mod functions;
pub mod inputs;
pub mod learning;
pub mod networks;
pub mod optimizers;
pub mod peak;
#[cfg(feature = "rivals")]
pub mod products;
pub mod rounds;
pub mod table;
pub mod ulp;

use femto::Level;

/// A level as one word, such as `avx512-fused`: identifiers of benches are names of folders, too.
#[must_use]
pub fn word(level: Level) -> String {
    format!("{}-{}", level.isa(), level.arithmetic())
}
