//! The way from PyTorch to flash: the network that `tests/golden/export.py` trained predicts here what it did there, and
//! the files in `tests/embedded/nets/exported` are what comes of exporting it. The firmware shows the same outputs.

#![cfg(feature = "safetensors")]
#![expect(clippy::unwrap_used, reason = "the helpers of tests unwrap as tests do")]

use std::fs;
use std::path::PathBuf;

use femto::{Arithmetic, Level};
use femto_std::data::digits;
use femto_std::evaluate::predict_all;
use femto_std::export;
use femto_std::interchange::{Names, safetensors};
use femto_std::weights::weights_hash;
use femto_tests::levels;
use serde::Deserialize;

/// Compiled as in firmware.
#[path = "../../tests/embedded/nets/exported/digits.rs"]
mod exported;

use exported::{DIGITS, Digits};

/// What `tests/golden/export.py` wrote.
#[derive(Deserialize)]
struct Predictions {
    right: usize,
    logits: Vec<[f32; 10]>,
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests").join(name)
}

fn loaded() -> Digits {
    let mut net = DIGITS.clone();
    net.layers.head.biases.fill(f32::NAN);
    safetensors::load(path("golden/export/digits.safetensors"), &mut net, &Names::sequential::<Digits>()).unwrap();
    net
}

fn logits(level: Level) -> Vec<[f32; 10]> {
    let indices: Vec<usize> = (0..256).map(|index| 7 * index).collect();
    predict_all(&DIGITS, level, digits().select(&indices).unwrap().inputs())
}

#[test]
fn exported_files_are_those_of_the_trained_network() {
    let folder = tempfile::tempdir().unwrap();
    export::rust(folder.path().join("digits.rs"), "DIGITS", &loaded(), "digits.bin").unwrap();
    for name in ["digits.rs", "digits.bin"] {
        let committed = fs::read(path("embedded/nets/exported").join(name)).unwrap();
        assert!(fs::read(folder.path().join(name)).unwrap() == committed, "{name} is to be exported again");
    }
    assert_eq!(loaded(), DIGITS, "what the Rust file includes");
}

#[test]
fn exported_network_predicts_what_it_did_in_pytorch() {
    let golden: Predictions =
        serde_json::from_slice(&fs::read(path("golden/export/predictions.json")).unwrap()).unwrap();
    let found = logits(Level::detect());
    assert_eq!(golden.logits.len(), 5, "rows of the golden");
    for (found, expected) in found.iter().zip(&golden.logits) {
        for (found, expected) in found.iter().zip(expected) {
            // Logits are up to 20, where one bit is 2e-6: relative above 1.
            assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{found}, and PyTorch {expected}");
        }
    }
    let classes = found.iter().map(|logits| (0..10).rev().max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap());
    let all = digits();
    let labels = all.targets().iter().step_by(7);
    let right = classes.zip(labels).filter(|(class, label)| *class == usize::from(**label)).count();
    assert_eq!(right, golden.right, "digits recognised");
}

#[test]
fn outputs_have_the_bits_that_the_firmware_compares() {
    let committed = fs::read(path("embedded/nets/exported/digits.hash")).unwrap();
    let committed = u64::from_le_bytes(committed.try_into().unwrap());
    for level in levels::of_class(Arithmetic::Unfused) {
        let outputs: [[f32; 10]; 256] = logits(level).try_into().unwrap();
        assert_eq!(weights_hash(&outputs), committed, "{level}");
    }
}
