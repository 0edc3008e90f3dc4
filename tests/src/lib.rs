//! What the tests of femto share: the levels under test, plain reference arithmetic, reproducible numbers.

pub mod emulation;
pub mod levels;
pub mod log;
pub mod numbers;
pub mod ui;

pub use femto_reference as reference;

/// The README's code, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
