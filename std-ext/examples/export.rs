//! From PyTorch to a microcontroller: takes a network that PyTorch trained, shows that it reads digits here as well as
//! there, and writes it for flash.
//!
//! ```sh
//! cargo run --release --example export -- FOLDER
//! ```
//!
//! The folder then has `digits.rs`, a module that compiles in firmware as it is, `digits.bin`, which it includes, and
//! `digits.hash`, by which the firmware of `tests/embedded` shows that it computes the same bits. The network is that of
//! `tests/golden/export.py`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use femto::activation::Relu;
use femto::layer::Dense;
use femto::{Flat, Level, net};
use femto_std::data::{DIGITS_CLASSES, DIGITS_PIXELS, Dataset, digits};
use femto_std::evaluate::{predict_all, predict_classes};
use femto_std::export;
use femto_std::interchange::{Names, safetensors};
use femto_std::metrics::accuracy;
use femto_std::weights::weights_hash;

#[path = "common/ending.rs"]
mod ending;

use ending::end;

/// `nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))`
type Digits = net![Dense<DIGITS_PIXELS, 16, Relu>, Dense<16, DIGITS_CLASSES>];

/// The digits that were not learnt: these, beginning with the first, as far apart as `STEP` says.
const TESTED: usize = 256;
const STEP: usize = 7;

/// Writes a network of PyTorch for the flash of a microcontroller.
#[derive(Parser, Debug)]
#[command(name = "export")]
struct Options {
    /// Where to write digits.rs, digits.bin and digits.hash; made where it does not exist.
    folder: PathBuf,
    /// The file that PyTorch wrote.
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/export/digits.safetensors"))]
    weights: PathBuf,
}

fn main() -> ExitCode {
    end(export_digits(&Options::parse()))
}

fn export_digits(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut reader = Digits::ZERO;
    safetensors::load(&options.weights, &mut reader, &Names::sequential::<Digits>())?;
    println!("loaded {}: {} parameters", options.weights.display(), Digits::PARAMETERS);

    let test = tested()?;
    // As most microcontrollers compute: their outputs have the same bits then.
    let level = Level::detect().unfused();
    let classes = predict_classes(&reader, level, test.inputs());
    println!("test accuracy: {:.3} on {} digits", accuracy(&classes, test.targets())?, test.len());
    let outputs: &[[f32; DIGITS_CLASSES]] = &predict_all(&reader, level, test.inputs());
    let outputs: &[[f32; DIGITS_CLASSES]; TESTED] = outputs.try_into()?;
    let hash = weights_hash(outputs);

    fs::create_dir_all(&options.folder).map_err(|error| format!("{}: {error}", options.folder.display()))?;
    let [rust, bytes, hashed] = ["digits.rs", "digits.bin", "digits.hash"].map(|name| options.folder.join(name));
    export::rust(&rust, "DIGITS", &reader, "digits.bin")?;
    fs::write(&hashed, hash.to_le_bytes()).map_err(|error| format!("{}: {error}", hashed.display()))?;
    println!("wrote {} and {}: hash of the weights {:016x}", rust.display(), bytes.display(), weights_hash(&reader));
    println!("wrote {}: hash of the outputs, unfused {hash:016x}", hashed.display());
    Ok(())
}

fn tested() -> Result<Dataset<[f32; DIGITS_PIXELS], u8>, Box<dyn Error>> {
    let indices: Vec<usize> = (0..TESTED).map(|index| STEP * index).collect();
    Ok(digits().select(&indices)?)
}
