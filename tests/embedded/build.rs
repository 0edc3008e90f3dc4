//! Gives the linker the memory map of the board: that named by `FEMTO_BOARD`, else the usual one of the target.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let variable = |name| env::var(name).map_err(io::Error::other);
    let board = env::var("FEMTO_BOARD").or_else(|_| {
        let target = variable("TARGET")?;
        let usual = match target.split('-').next() {
            Some("thumbv6m" | "thumbv7m" | "thumbv7em") => "mps2",
            Some("thumbv8m.main") => "mps2-an505",
            _ => return Err(io::Error::other(format!("no board for {target}: set FEMTO_BOARD to a file of boards/"))),
        };
        Ok(usual.to_owned())
    })?;
    let map = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("boards").join(format!("{board}.x"));
    let out = PathBuf::from(variable("OUT_DIR")?);
    fs::copy(&map, out.join("memory.x"))
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", map.display())))?;

    println!("cargo:rustc-link-search={}", out.display());
    // Before link.x, which includes memory.x: sections at multiples of four are what lld and cortex-m-rt agree upon.
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-env-changed=FEMTO_BOARD");
    println!("cargo:rerun-if-changed=boards");
    Ok(())
}
