//! What comes back, and what bytes that are no checkpoint do.

use std::error::Error;
use std::fs;

use femto::activation::Tanh;
use femto::init::Init;
use femto::layer::{Dense, Maxout};
use femto::net;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Deserialize;

use super::*;

type Small = net![Dense<3, 2, Tanh>, Dense<2, 1>];

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct State {
    step: u64,
    rate: f32,
    loss: f64,
    seeds: Vec<u64>,
}

fn state() -> State {
    State { step: u64::MAX, rate: 0.1, loss: 0.1 + 0.2, seeds: vec![1, 1 << 63] }
}

fn small(seed: u64) -> Small {
    let mut net = Small::ZERO;
    net.init(Init::HeNormal, seed);
    net
}

/// A folder, a checkpoint in it, and its bytes.
fn saved() -> Result<(tempfile::TempDir, PathBuf, Vec<u8>), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("small.femto");
    save(&path, &small(1), &state(), &[("adam.0", &[1.5, -2.5]), ("none", &[])])?;
    let bytes = fs::read(&path)?;
    Ok((folder, path, bytes))
}

/// What [`load`] makes of bytes.
fn load_bytes(path: &Path, bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
    let preamble = Preamble::parse(path, &bytes[..bytes.len().min(PREAMBLE)], bytes.len() as u64)?;
    Checkpoint::parse(path, bytes.to_vec(), &preamble)
}

/// `bytes` with the length and the checksum that belong to them.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let len = bytes.len();
    bytes[16..24].copy_from_slice(&(len as u64).to_le_bytes());
    let sum = CRC.checksum(&bytes[..len - CHECKSUM]);
    bytes[len - CHECKSUM..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// A whole file around a description and bytes of numbers.
fn around(description: &str, numbers: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((description.len() as u32).to_le_bytes());
    bytes.extend([0; 8]);
    bytes.extend(description.as_bytes());
    bytes.extend(numbers);
    bytes.extend([0; CHECKSUM]);
    sealed(bytes)
}

#[test]
fn everything_comes_back_bit_by_bit() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("small.femto");
    let mut net = small(1);
    let specials = [-0.0, f32::INFINITY, f32::from_bits(0x7fc0_1234), f32::from_bits(1)];
    net.as_mut_slice()[..4].copy_from_slice(&specials);
    save(&path, &net, &state(), &[("adam.0", &specials), ("none", &[])])?;
    assert_eq!(fs::read_dir(folder.path())?.count(), 1, "no temporary file is left");

    let file = load(&path)?;
    assert_eq!(file.header::<State>()?, state(), "the header");
    let mut loaded = small(2);
    file.read_net(&mut loaded)?;
    let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(loaded.as_slice()), bits(net.as_slice()), "the network, NaN and -0 too");
    let mut part = [0.0; 4];
    file.read_part("adam.0", &mut part)?;
    assert_eq!(bits(&part), bits(&specials), "the part");
    assert_eq!(file.parts().collect::<Vec<_>>(), [("adam.0", 4), ("none", 0)], "their order");
    Ok(())
}

#[test]
fn the_format_is_the_documented_one() -> Result<(), Box<dyn Error>> {
    let (_folder, _path, bytes) = saved()?;
    assert_eq!(bytes[..8], [0x89, 0x66, 0x65, 0x6d, 0x74, 0x6f, 0x0d, 0x0a], "the first bytes");
    assert_eq!(bytes[8..12], [1, 0, 0, 0], "the version");
    assert_eq!(bytes[16..24], (bytes.len() as u64).to_le_bytes(), "the length");
    let description = &bytes[24..24 + u32::from_le_bytes(bytes[12..16].try_into()?) as usize];
    let description: serde_json::Value = serde_json::from_slice(description)?;
    let first = serde_json::json!({ "layer": 0, "name": "weight", "rows": 3, "columns": 2 });
    assert_eq!(description["tensors"][0], first, "the first tensor");
    assert_eq!(description["numbers"], 11, "numbers of the network");
    let mut numbers = small(1).as_slice().to_vec();
    numbers.extend([1.5, -2.5]);
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    assert_eq!(bytes[bytes.len() - 8 - numbers.len()..bytes.len() - 8], numbers, "the numbers");
    // The check value of CRC-64/XZ in the catalogue of parametrised CRC algorithms.
    assert_eq!(CRC.checksum(b"123456789"), 0x995d_c9bb_df19_39fa, "the checksum is the named one");
    Ok(())
}

#[test]
fn whatever_is_cut_off_is_an_error() -> Result<(), Box<dyn Error>> {
    let (_folder, path, bytes) = saved()?;
    for len in 0..bytes.len() {
        fs::write(&path, &bytes[..len])?;
        let error = load(&path).expect_err("a part of a file is no checkpoint");
        match error {
            CheckpointError::NotACheckpoint { .. } => assert_eq!(len, 0, "an empty file has no first byte"),
            CheckpointError::WrongLength { found, .. } => assert_eq!(found, len as u64, "the length in the message"),
            error => panic!("{len} bytes: {error}"),
        }
    }
    fs::write(&path, [&bytes[..], &[0]].concat())?;
    assert!(matches!(load(&path), Err(CheckpointError::WrongLength { .. })), "a byte too many");
    Ok(())
}

#[test]
fn every_flipped_bit_is_an_error() -> Result<(), Box<dyn Error>> {
    let (_folder, path, bytes) = saved()?;
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = load_bytes(&path, &flipped).err();
        assert!(error.is_some_and(|error| error.to_string().contains("small.femto")), "bit {bit}");
    }
    assert!(load_bytes(&path, &bytes).is_ok(), "the file itself is one");
    Ok(())
}

#[test]
fn mutated_bytes_are_errors() -> Result<(), Box<dyn Error>> {
    let (_folder, path, bytes) = saved()?;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    for round in 0..20_000 {
        let mutated = mutate(&bytes, &mut random);
        if mutated != bytes {
            assert!(load_bytes(&path, &mutated).is_err(), "round {round}");
        }
    }
    Ok(())
}

/// A checksum that is right for wrong bytes: nothing may panic, and no number may be taken that is not there.
#[test]
fn mutated_bytes_with_their_checksum_do_no_harm() -> Result<(), Box<dyn Error>> {
    let (_folder, path, bytes) = saved()?;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(2);
    let (mut errors, mut nets) = (0, 0);
    for _ in 0..20_000 {
        let mutated = mutate(&bytes, &mut random);
        if mutated.len() < PREAMBLE + CHECKSUM {
            continue;
        }
        let Ok(file) = load_bytes(&path, &sealed(mutated)) else {
            errors += 1;
            continue;
        };
        let mut net = small(3);
        match file.read_net(&mut net) {
            Ok(()) => nets += 1,
            Err(_) => assert_eq!(net, small(3), "an error changes nothing"),
        }
        let _ = file.header::<State>();
        let _ = file.read_part("adam.0", &mut [0.0; 2]);
    }
    assert!(errors > 1000 && nets > 500, "mutations reach what lies behind the checksum: {errors}, {nets}");
    Ok(())
}

fn mutate(bytes: &[u8], random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.next_u64() % 3 {
        let at = (random.next_u64() % bytes.len().max(1) as u64) as usize;
        match random.next_u64() % 5 {
            0 if !bytes.is_empty() => bytes[at] = random.next_u64() as u8,
            1 if !bytes.is_empty() => bytes[at] ^= 1 << (random.next_u64() % 8),
            2 => bytes.truncate(at),
            3 => bytes.insert(at.min(bytes.len()), random.next_u64() as u8),
            _ => {
                let end = bytes.len().min(at + (random.next_u64() % 9) as usize);
                drop(bytes.drain(at.min(end)..end));
            }
        }
    }
    bytes
}

#[test]
fn sizes_that_no_file_holds_are_errors() {
    let path = Path::new("made.femto");
    for (description, reason) in [
        (r#"{"header":0,"tensors":[],"numbers":18446744073709551615,"parts":[]}"#, "18446744073709551615 numbers"),
        (r#"{"header":0,"tensors":[],"numbers":4611686018427387904,"parts":[]}"#, "4611686018427387904 numbers"),
        (r#"{"header":0,"tensors":[],"numbers":0,"parts":[{"name":"x","numbers":2}]}"#, "2 numbers of x"),
        (r#"{"header":0,"tensors":[],"numbers":0,"parts":[]}"#, "4 bytes behind"),
        (r#"{"header":0,"tensors":[],"numbers":-1,"parts":[]}"#, "-1"),
        (r#"{"header":0}"#, "tensors"),
    ] {
        let error = load_bytes(path, &around(description, &[0; 4])).expect_err(description).to_string();
        assert!(error.contains(reason), "{error:?} does not say {reason:?}");
    }
    let deep = "[".repeat(100_000);
    assert!(load_bytes(path, &around(&deep, &[])).is_err(), "deep nesting");
    let mut long = around("{}", &[]);
    long[12..16].fill(0xff);
    let error = load_bytes(path, &sealed(long)).map(|_| ()).map_err(|error| error.to_string());
    assert!(error.is_err_and(|error| error.contains("4294967295 bytes does not fit")), "a long description");
}

#[test]
fn a_newer_version_is_named() -> Result<(), Box<dyn Error>> {
    let (_folder, path, mut bytes) = saved()?;
    bytes[8] = 2;
    let error = load_bytes(&path, &sealed(bytes)).expect_err("version 2 is not known").to_string();
    assert!(error.contains("version 2") && error.contains("up to 1"), "{error}");
    Ok(())
}

#[test]
fn another_network_is_refused_by_its_first_different_tensor() -> Result<(), Box<dyn Error>> {
    let (_folder, path, _) = saved()?;
    let file = load(&path)?;
    fn check<L: Layer>(file: &Checkpoint, mut net: Net<L>, parts: [&str; 3]) {
        net.as_mut_slice().fill(7.0);
        let error = file.read_net(&mut net).expect_err("another network").to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error:?} does not say {parts:?}");
        assert!(net.as_slice().iter().all(|number| *number == 7.0), "an error changes nothing");
    }
    check(&file, <net![Dense<3, 2>, Dense<2, 2>]>::ZERO, ["tensor 2", "1.weight, 2 x 1", "1.weight, 2 x 2"]);
    check(&file, <net![Dense<3, 2>]>::ZERO, ["tensor 2", "is 1.weight, 2 x 1", "network is missing"]);
    type Deeper = net![Dense<3, 2>, Dense<2, 1>, Dense<1, 1>];
    check(&file, Deeper::ZERO, ["tensor 4", "is missing", "2.weight, 1 x 1"]);
    check(&file, <net![Maxout<2, 1, 2>]>::ZERO, ["tensor 0", "3 x 2", "2 x 2"]);
    Ok(())
}

#[test]
fn headers_and_parts_that_are_not_there_are_named() -> Result<(), Box<dyn Error>> {
    let (folder, path, _) = saved()?;
    let file = load(&path)?;
    let error = file.header::<u64>().expect_err("the header is a struct");
    assert!(error.source().is_some(), "what differs is kept: {error:?}");
    let mut numbers = [7.0; 3];
    let error = file.read_part("adam.1", &mut numbers).expect_err("there is no such part").to_string();
    assert!(error.contains(r#"no part "adam.1""#) && error.contains(r#"["adam.0", "none"]"#), "{error}");
    let error = file.read_part("adam.0", &mut numbers).expect_err("two numbers, not three").to_string();
    assert!(error.contains("has 2 numbers, but 3"), "{error}");
    assert_eq!(numbers, [7.0; 3], "an error changes nothing");

    let twice = save(&path, &small(1), &0, &[("x", &[]), ("y", &[]), ("x", &[1.0])]);
    assert!(matches!(twice, Err(CheckpointError::PartTwice { name, .. }) if name == "x"), "one name for two parts");
    let keys = std::collections::BTreeMap::from([(vec![1], 1)]);
    assert!(matches!(save(&path, &small(1), &keys, &[]), Err(CheckpointError::Unwritable { .. })), "keys of lists");
    let missing = folder.path().join("missing").join("small.femto");
    assert!(matches!(save(&missing, &small(1), &0, &[]), Err(CheckpointError::Save { .. })), "no such folder");
    assert!(matches!(load(folder.path()), Err(CheckpointError::Load { .. })), "a folder is no file");
    assert!(load(&path)?.header::<State>().is_ok(), "the former checkpoint is still there");
    Ok(())
}
