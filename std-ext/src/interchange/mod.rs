//! Weights and arrays in the files of other frameworks: safetensors both ways, NumPy's `.npy` and `.npz` in.
//!
//! | module | files | feature |
//! |---|---|---|
//! | `safetensors` | `.safetensors`: PyTorch, JAX, candle, burn | `safetensors` |
//! | `npy` | `.npy`, `.npz`: NumPy, Keras | `npy` |
//!
//! [`Names`] says what the tensors of a network are called in a file, and whether its weights are inputs x outputs, as
//! femto has them, or outputs x inputs, as PyTorch's `Linear` does. A network is loaded whole or not at all, by an error
//! that lists what the file has.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # #[cfg(feature = "safetensors")] {
//! use femto::activation::Relu;
//! use femto::init::Init;
//! use femto::layer::Dense;
//! use femto::{Flat, net};
//! use femto_std::interchange::{Names, safetensors};
//!
//! type Digits = net![Dense<64, 16, Relu>, Dense<16, 10>];
//! // nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10)): 0.weight, 0.bias, 2.weight, 2.bias.
//! let names = Names::sequential::<Digits>();
//!
//! let mut digits = Digits::ZERO;
//! digits.init(Init::HeUniform, 1);
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("digits.safetensors");
//! safetensors::save(&path, &digits, &names)?; // for model.load_state_dict(load_file(path))
//! let mut loaded = Digits::ZERO;
//! safetensors::load(&path, &mut loaded, &names)?;
//! assert_eq!(loaded, digits);
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! # Numbers
//!
//! F32 comes as it is; F16 and BF16 are widened exactly; F64 is rounded to the nearest f32, and one that is too large
//! for it is an error. Whether a file claims more than it holds is checked before memory is taken for it, and files of
//! more than [`MAX_BYTES`] are refused.

use std::fs::File;
use std::io::Read;
use std::path::Path;

mod arrays;
mod error;
mod names;
#[cfg(feature = "npy")]
pub mod npy;
#[cfg_attr(
    not(all(feature = "npy", feature = "safetensors")),
    expect(dead_code, reason = "neither format has all types")
)]
mod number;
#[cfg(feature = "safetensors")]
pub mod safetensors;

pub use error::InterchangeError;
pub use names::{Names, Sequential};

/// The largest file, and the largest array in a compressed one, that is read: 1 GiB, 268 million numbers of f32.
pub const MAX_BYTES: u64 = 1 << 30;

/// The bytes of a file.
fn read(path: &Path) -> Result<Vec<u8>, InterchangeError> {
    let load_error = |source| InterchangeError::Load { path: path.to_owned(), source };
    let file = File::open(path).map_err(load_error)?;
    let found = file.metadata().map_err(load_error)?.len();
    if found > MAX_BYTES {
        return Err(InterchangeError::TooLarge { path: path.to_owned(), name: None, found });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found).unwrap_or_default());
    // A file may grow meanwhile, and a device has no length at all.
    file.take(MAX_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(load_error)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(InterchangeError::TooLarge { path: path.to_owned(), name: None, found: bytes.len() as u64 });
    }
    Ok(bytes)
}
