//! Weights on disk: the numbers of a network as little-endian f32, nothing before, between or after them.
//!
//! The file is what [`Net::from_le_bytes`](femto::Net::from_le_bytes) reads: weights that a desktop saved are
//! built into the firmware of a device by `Net::from_le_bytes(include_bytes!("weights.bin"))`. The same bytes
//! mean the same weights on every platform.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto::init::Init;
//! use femto::layer::Dense;
//! use femto::{Flat, net};
//! use femto_std::weights;
//!
//! type Line = net![Dense<1, 1>];
//! let mut line = Line::ZERO;
//! line.init(Init::HeUniform, 1);
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("line.bin");
//! weights::save(&path, &line)?;
//! let mut loaded = Line::ZERO;
//! weights::load(&path, &mut loaded)?;
//! assert_eq!(loaded, line);
//! # Ok(())
//! # }
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use femto::Flat;
use thiserror::Error;

use crate::files::{replace, write_numbers};

/// Why weights were not saved or loaded.
///
/// ```
/// use femto::Flat;
/// use femto_std::weights::{WeightsError, load};
///
/// let error = load("no/such/weights.bin", &mut [0.0; 2]);
/// assert!(matches!(error, Err(WeightsError::Load { .. })));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file could not be written, or not be made to last: what was there before still is, or the whole new file.
    #[error(
        "the weights could not be saved to {}: check that its folder exists, can be written to and has room",
        path.display()
    )]
    Save {
        /// The path that was passed.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be read.
    #[error(
        "the weights could not be loaded from {}: check that the file exists and can be read",
        path.display()
    )]
    Load {
        /// The path that was passed.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not one of this network.
    #[error(
        "{} holds {found} bytes, but the weights of this network are {expected}: load the file into the \
         network type that saved it, or save it again if it was cut off",
        path.display()
    )]
    WrongLength {
        /// The path that was passed.
        path: PathBuf,
        /// The bytes of the network's weights: four for each number.
        expected: usize,
        /// The bytes of the file.
        found: usize,
    },
}

/// Saves the weights of a network, or the numbers of any other flat value, as a file of `4 * N::LEN` bytes.
///
/// The file appears whole or not at all: it is written beside `path` under another name, handed to the disk
/// and renamed. Whoever reads `path` meanwhile gets the former weights or the new ones, and a program that is
/// killed leaves the former ones. A symbolic link at `path` is replaced, not followed.
///
/// # Errors
///
/// [`WeightsError::Save`] when the system refuses, for example because the folder does not exist.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("weights.bin");
/// femto_std::weights::save(&path, &[1.0, -2.0])?;
/// assert_eq!(std::fs::read(&path)?, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
/// # Ok(())
/// # }
/// ```
pub fn save<N: Flat>(path: impl AsRef<Path>, net: &N) -> Result<(), WeightsError> {
    let path = path.as_ref();
    replace(path, |to| write_numbers(to, net.as_slice()))
        .map_err(|source| WeightsError::Save { path: path.to_owned(), source })
}

/// Loads the weights of a network from a file that [`save`] wrote.
///
/// Any bytes of the right number are weights: there is no header or checksum. Compare [`weights_hash`] where
/// the right weights matter.
///
/// # Errors
///
/// [`WeightsError::Load`] when the file cannot be read and [`WeightsError::WrongLength`] when it does not
/// hold exactly `4 * N::LEN` bytes; the network is unchanged then.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("weights.bin");
/// std::fs::write(&path, [0, 0, 0x80, 0x3f])?;
/// let mut weights = [0.0];
/// femto_std::weights::load(&path, &mut weights)?;
/// assert_eq!(weights, [1.0]);
/// # Ok(())
/// # }
/// ```
pub fn load<N: Flat>(path: impl AsRef<Path>, net: &mut N) -> Result<(), WeightsError> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(|source| WeightsError::Load { path: path.to_owned(), source })?;
    net.read_le_bytes(&bytes).map_err(|error| WeightsError::WrongLength {
        path: path.to_owned(),
        expected: error.expected,
        found: error.found,
    })
}

/// A fingerprint of the weights: the 64-bit FNV-1a hash of the bytes that [`save`] writes.
///
/// Two runs that print the same hash have, but for a chance of 2^-64, the same weights bit by bit: what a log
/// needs to show that a training run was reproduced. It is no protection against anyone who *wants* two
/// networks to have the same hash.
///
/// ```
/// use femto_std::weights::weights_hash;
///
/// assert_eq!(weights_hash(&[0.0_f32; 0]), 0xcbf2_9ce4_8422_2325);
/// assert_ne!(weights_hash(&[0.0]), weights_hash(&[-0.0]));
/// ```
#[must_use]
pub fn weights_hash<N: Flat>(net: &N) -> u64 {
    fnv_1a(net.as_slice().iter().flat_map(|number| number.to_le_bytes()))
}

/// The hash of Fowler, Noll and Vo, variant 1a, 64 bits wide: enough to notice a changed byte or a changed order.
pub(crate) fn fnv_1a(bytes: impl Iterator<Item = u8>) -> u64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    bytes.fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use femto::init::Init;
    use femto::layer::Dense;

    use super::*;

    type Small = femto::net![Dense<3, 2>];

    fn small(seed: u64) -> Small {
        let mut net = Small::ZERO;
        net.init(Init::HeNormal, seed);
        net
    }

    #[test]
    fn loaded_weights_are_the_saved_ones_bit_by_bit() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("weights.bin");
        fs::write(&path, "a former file, longer than the weights that take its place")?;
        let mut net = small(1);
        let specials = [-0.0, f32::INFINITY, f32::from_bits(0x7fc0_1234), f32::from_bits(1)];
        net.as_mut_slice()[..4].copy_from_slice(&specials);
        save(&path, &net)?;
        let mut loaded = Small::ZERO;
        load(&path, &mut loaded)?;
        let bits = |net: &Small| net.as_slice().iter().map(|w| w.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&loaded), bits(&net), "every pattern survives, those of NaN and -0 too");
        let mut expected = [0; Small::PARAMETER_BYTES];
        net.write_le_bytes(&mut expected)?;
        assert_eq!(fs::read(&path)?, expected, "the file is the little-endian bytes and nothing else");
        assert_eq!(fs::read_dir(folder.path())?.count(), 1, "no temporary file is left");
        Ok(())
    }

    #[test]
    fn a_file_of_another_length_is_refused_and_the_net_stays() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("cut off.bin");
        for len in [0, 31, 33, 36] {
            fs::write(&path, vec![7; len])?;
            let mut net = small(2);
            let message = load(&path, &mut net).map_err(|error| error.to_string());
            let message = message.expect_err("a wrong length must be refused");
            for part in [&path.display().to_string(), &format!("holds {len} bytes"), "network are 32"] {
                assert!(message.contains(part), "{message:?} does not say {part:?}");
            }
            assert_eq!(net, small(2), "a file of {len} bytes changed the net");
        }
        Ok(())
    }

    #[test]
    fn what_the_system_refuses_names_the_path_and_leaves_nothing() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let missing = folder.path().join("missing").join("weights.bin");
        for error in [save(&missing, &small(3)), load(&missing, &mut small(3))] {
            let error = error.expect_err("the folder does not exist");
            assert!(error.to_string().contains(&missing.display().to_string()), "no path in {error}");
            assert!(error.source().is_some(), "the cause is kept: {error:?}");
        }
        let occupied = folder.path().join("occupied");
        fs::create_dir(&occupied)?;
        assert!(save(&occupied, &small(3)).is_err(), "a folder is in the way");
        assert_eq!(fs::read_dir(folder.path())?.count(), 1, "a failed rename removes its temporary file");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn saved_files_are_as_readable_as_other_new_files() -> Result<(), Box<dyn Error>> {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir()?;
        let (saved, plain) = (folder.path().join("saved"), folder.path().join("plain"));
        save(&saved, &small(4))?;
        fs::write(&plain, "")?;
        let mode = |path| fs::metadata(path).map(|metadata| metadata.permissions().mode());
        assert_eq!(mode(saved)?, mode(plain)?, "the mode that the umask leaves of 666");
        Ok(())
    }

    #[test]
    fn hashes_are_the_published_ones() {
        // From the test vectors of the authors of the hash.
        assert_eq!(fnv_1a(b"a".iter().copied()), 0xaf63_dc4c_8601_ec8c, "one byte");
        assert_eq!(fnv_1a(b"foobar".iter().copied()), 0x8594_4171_f739_67e8, "six bytes");
        let words = [f32::from_le_bytes(*b"two "), f32::from_le_bytes(*b"word")];
        assert_eq!(weights_hash(&words), fnv_1a(b"two word".iter().copied()), "numbers are little-endian bytes");
    }
}
