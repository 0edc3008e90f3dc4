//! Prints a fresh `hashes.txt`, each class computed on its fastest level:
//!
//! ```sh
//! cargo run --release -p femto-bits --example hashes > hashes.new && mv hashes.new tests/bits/hashes.txt
//! ```
//!
//! Needs a machine with both classes. A changed hash is a changed result of every user's training: say why in the
//! change log.

use std::process::ExitCode;

use femto::{Arithmetic, Level};
use femto_bits::{Workspace, all, class_name};

fn main() -> ExitCode {
    let fastest = Level::detect();
    if fastest.arithmetic() != Arithmetic::Fused {
        eprintln!("this machine has no fused multiply-add, so it cannot compute the hashes of that class");
        return ExitCode::FAILURE;
    }
    println!("# 64-bit FNV-1a hashes of what femto computes, by arithmetic class; see src/lib.rs.");
    println!("# Made by: cargo run --release -p femto-bits --example hashes");
    let mut workspace = Box::new(Workspace::NEW);
    for level in [fastest, fastest.unfused()] {
        let class = class_name(level.arithmetic());
        all(level, &mut workspace, &mut |name, hash| println!("{class} {name} {hash:016x}"));
    }
    ExitCode::SUCCESS
}
