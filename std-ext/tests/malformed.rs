//! Bytes that are nearly files: none panics, none takes more memory than its length allows, none changes what it was to
//! be loaded into without having been whole.
//!
//! One test in a file of its own, for it counts what the whole program allocates.

#![cfg(all(feature = "checkpoint", feature = "npy", feature = "safetensors"))]

use std::fs;
use std::path::{Path, PathBuf};

use femto::activation::{Relu, Tanh};
use femto::layer::{Dense, Dropout};
use femto::{Flat, net};
use femto_std::interchange::npy::{Array, Npz};
use femto_std::interchange::{Names, npy, safetensors};
use femto_std::{checkpoint, weights};
use femto_tests::log::say;
use peak_alloc::PeakAlloc;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

type Deep = net![Dense<4, 6, Relu>, Dropout<6, 50>, Dense<6, 5, Tanh>, Dense<5, 3>];

/// Mutations of each file.
const ROUNDS: usize = 2000;
/// What a load may take beside what its file's length allows: buffers of the ZIP archive, and names in errors.
const AROUND: usize = 1 << 18;
/// Bytes of memory for each byte of a file; an archive's are deflated a thousandfold at the most.
const FOR_EACH: usize = 16;
const DEFLATED: usize = 1100;

/// Loads a file in every way there is and says whether one took it.
type Load = fn(&Path) -> bool;

fn load_checkpoint(path: &Path) -> bool {
    let mut part = [0.0; 2];
    checkpoint::load(path).is_ok_and(|file| {
        let _ = file.header::<Vec<u64>>();
        let _ = file.read_part("part", &mut part);
        keeps_on_error(|net| file.read_net(net).is_ok())
    })
}

fn load_safetensors(path: &Path) -> bool {
    keeps_on_error(|net| safetensors::load(path, net, &Names::sequential::<Deep>()).is_ok())
}

fn load_npz(path: &Path) -> bool {
    if let Ok(npz) = Npz::open(path) {
        let names: Vec<String> = npz.arrays().map(|(name, _)| name.to_owned()).collect();
        names.iter().for_each(|name| drop(npz.array(name)));
    }
    let inputs_first = Names::new(|tensor| format!("{}.{}", [0, 0, 3, 5][tensor.layer], tensor.name.as_str()));
    keeps_on_error(|net| npy::load_net(path, net, &Names::sequential::<Deep>()).is_ok())
        || keeps_on_error(|net| npy::load_net(path, net, &inputs_first).is_ok())
}

fn load_npy(path: &Path) -> bool {
    Array::load(path).is_ok_and(|array| {
        let _ = array.to_rows::<12>();
        let _ = array.to_classes();
        array.copy_to(&[2, 3, 4], &mut [0.0; 24]).is_ok()
    })
}

fn load_weights(path: &Path) -> bool {
    keeps_on_error(|net| weights::load(path, net).is_ok())
}

/// Whether `load` took it; where not, the network must be as it was.
fn keeps_on_error(load: impl FnOnce(&mut Deep) -> bool) -> bool {
    let mut net = Deep::ZERO;
    net.as_mut_slice().fill(7.0);
    let taken = load(&mut net);
    assert!(taken || net.as_slice().iter().all(|number| *number == 7.0), "an error changed the network");
    taken
}

/// A few changes, some of them to digits, lengths and signs: what sizes are written in.
fn mutate(bytes: &mut Vec<u8>, random: &mut Xoshiro256PlusPlus) {
    let mut below = |n: usize| (random.next_u64() % n.max(1) as u64) as usize;
    for _ in 0..=below(3) {
        let at = below(bytes.len());
        let len = below(9).min(bytes.len() - at);
        match below(9) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..at + len)),
            2 => bytes[at..at + len].fill(0xff),
            3 => bytes[at..at + len].fill(0),
            4 => bytes.insert(at, below(256) as u8),
            5 => {
                let again = bytes[at..at + len].to_vec();
                bytes.splice(at..at, again);
            }
            6 if len > 0 => bytes[at] ^= 1 << below(8),
            7 if len > 0 => {
                // In the text of a header, where there is one within reach.
                let digit = bytes[at..].iter().position(u8::is_ascii_digit).map_or(at, |digit| at + digit);
                bytes[digit] = b"0123456789-,[]{}'\""[below(18)];
            }
            8 => {
                let digit = bytes[at..].iter().position(u8::is_ascii_digit).map_or(at, |digit| at + digit);
                bytes.splice(digit..digit, b"99999999999999999999"[..1 + below(20)].iter().copied());
            }
            _ => {}
        }
    }
}

#[test]
fn mutated_files_do_no_harm() {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/interchange");
    let folder = tempfile::tempdir().unwrap();
    let (saved, raw) = (folder.path().join("saved"), folder.path().join("raw"));
    checkpoint::save(&saved, &Deep::ZERO, &[1_u64, 2], &[("part", &[1.0, 2.0])]).unwrap();
    weights::save(&raw, &Deep::ZERO).unwrap();
    let files: [(&str, PathBuf, Load, usize); 9] = [
        ("checkpoint", saved, load_checkpoint, FOR_EACH),
        ("weights", raw, load_weights, FOR_EACH),
        ("safetensors", golden.join("sequential.safetensors"), load_safetensors, FOR_EACH),
        ("safetensors, f16", golden.join("f16.safetensors"), load_safetensors, FOR_EACH),
        ("safetensors, f64", golden.join("f64.safetensors"), load_safetensors, FOR_EACH),
        ("npz", golden.join("sequential.npz"), load_npz, DEFLATED),
        ("npz, deflated", golden.join("inputs_first.npz"), load_npz, DEFLATED),
        ("npy", golden.join("c.npy"), load_npy, FOR_EACH),
        ("npy, Fortran order", golden.join("fortran.npy"), load_npy, FOR_EACH),
    ];
    let mutated = folder.path().join("mutated");
    for (seed, (what, path, load, for_each)) in (0..).zip(files) {
        let whole = fs::read(path).unwrap();
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let (mut taken, mut largest) = (0, 0);
        let mut check = |bytes: &[u8], round: &str| {
            fs::write(&mutated, bytes).unwrap();
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            taken += usize::from(load(&mutated));
            let memory = MEMORY.peak_usage().saturating_sub(before);
            let most = for_each * bytes.len() + AROUND;
            assert!(memory <= most, "{what}, {round}: {memory} bytes of memory for a file of {}", bytes.len());
            largest = largest.max(memory);
        };
        check(&whole, "the file itself");
        for len in 0..whole.len() {
            check(&whole[..len], "cut off");
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (random.next_u64() % 8);
            check(&bytes, "a bit flipped");
        }
        for round in 0..ROUNDS {
            let mut bytes = whole.clone();
            mutate(&mut bytes, &mut random);
            check(&bytes, &format!("mutation {round}"));
        }
        assert!(taken > 0, "{what}: the file itself is whole");
        say(&format!("{what}: {taken} taken, at most {largest} bytes of memory for {} of file", whole.len()));
    }
}
