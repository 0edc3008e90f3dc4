//! Networks for the flash of a device: a byte file and the Rust file that includes it.
//!
//! [`weights::save`] writes the bytes alone. [`rust`] writes a Rust file beside them, which firmware takes as a module
//! as it is: the type of the network, a static that stays in flash, and assertions that the compiler checks. It needs
//! `femto` without features, no allocator and no code that runs at the start.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto::activation::Relu;
//! use femto::init::Init;
//! use femto::layer::Dense;
//! use femto::{Flat, net};
//! use femto_std::export;
//!
//! type Digits = net![Dense<64, 16, Relu>, Dense<16, 10>];
//! let mut digits = Digits::ZERO;
//! digits.init(Init::HeUniform, 1);
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("digits.rs");
//! export::rust(&path, "DIGITS", &digits, "digits.bin")?; // and `mod digits;` in the firmware
//! let code = std::fs::read_to_string(&path)?;
//! assert!(code.contains("static DIGITS: Digits = Digits::from_le_bytes(include_bytes!(\"digits.bin\"));"));
//! assert_eq!(std::fs::read(path.with_file_name("digits.bin"))?.len(), Digits::PARAMETER_BYTES);
//! # Ok(())
//! # }
//! ```

use std::io;
use std::path::{Path, PathBuf};

use femto::activation::{Identity, LeakyRelu, Relu, Sigmoid, Sign, Softplus, Tanh};
use femto::layer::{Chain, Dense, Dropout, Layer, Maxout, Net};
use femto::{Flat, activation::Activation};
use thiserror::Error;

use crate::files::replace;
use crate::weights::{self, WeightsError, weights_hash};

/// Why a network was not exported.
///
/// ```
/// use femto::Flat;
/// use femto_std::export::{ExportError, rust};
///
/// type Line = femto::net![femto::layer::Dense<1, 1>];
/// let error = rust("line.rs", "my line", &Line::ZERO, "line.bin");
/// assert!(matches!(error, Err(ExportError::Name { .. })));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The static cannot be called so.
    #[error("{name:?} is no name of a static: use capital letters, digits and single underscores, such as DIGITS_2")]
    Name {
        /// The name that was passed.
        name: String,
    },
    /// The byte file would not lie beside the Rust file, or would be it.
    #[error("{bytes_name:?} is not the name of a second file beside {}: pass a name without a folder", path.display())]
    BytesName {
        /// The path of the Rust file.
        path: PathBuf,
        /// The name that was passed.
        bytes_name: String,
    },
    /// The byte file could not be written; there is no new Rust file then.
    #[error(transparent)]
    Bytes(#[from] WeightsError),
    /// The Rust file could not be written. The byte file was.
    #[error("{} could not be saved: check that its folder exists, can be written to and has room", path.display())]
    Save {
        /// The path of the Rust file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Writes a network as a byte file and a Rust file beside it: `path`, and `bytes_name` in the same folder.
///
/// The Rust file declares `static NAME: Name` and its type, called as `name` is, in camel case; both are `pub(crate)`. It
/// does not compile where the bytes are too few or too many, or where layers of that version of `femto` have other
/// inputs, outputs or numbers of parameters. It states the hash of the weights ([`weights_hash`]).
///
/// Each file appears whole or not at all, the bytes first.
///
/// # Errors
///
/// [`ExportError::Name`] where `name` is not in capital letters, [`ExportError::BytesName`] where the byte file is not
/// beside the Rust file, [`ExportError::Bytes`] and [`ExportError::Save`] when the system refuses.
pub fn rust<L: Layer + RustType>(
    path: impl AsRef<Path>,
    name: &str,
    net: &Net<L>,
    bytes_name: &str,
) -> Result<(), ExportError> {
    let path = path.as_ref();
    let type_name = camel_case(name).ok_or_else(|| ExportError::Name { name: name.to_owned() })?;
    let is_name = Path::new(bytes_name).file_name().is_some_and(|file_name| file_name == bytes_name);
    if !is_name || path.file_name().is_none_or(|file_name| file_name == bytes_name) {
        return Err(ExportError::BytesName { path: path.to_owned(), bytes_name: bytes_name.to_owned() });
    }
    let code = code(name, &type_name, net, bytes_name);
    weights::save(path.with_file_name(bytes_name), net)?;
    replace(path, |to| to.write_all(code.as_bytes()))
        .map_err(|source| ExportError::Save { path: path.to_owned(), source })
}

/// A layer or an activation that can be written as Rust.
///
/// Implement it for layers and activations of your own by their full path.
///
/// ```
/// use femto::activation::LeakyRelu;
/// use femto::layer::{Chain, Dense};
/// use femto_std::export::RustType;
///
/// assert_eq!(LeakyRelu::<200>::rust_type(), "femto::activation::LeakyRelu<200>");
/// type Both = Chain<Dense<2, 3, LeakyRelu>, Dense<3, 1>>;
/// assert_eq!(
///     Both::rust_type(),
///     "femto::layer::Dense<2, 3, femto::activation::LeakyRelu<10>>, femto::layer::Dense<3, 1>"
/// );
/// ```
pub trait RustType {
    /// The type; for a chain, its layers separated by commas, as [`femto::net`] takes them.
    fn rust_type() -> String;
}

macro_rules! activations {
    ($($name:ident),*) => {
        $(impl RustType for $name {
            fn rust_type() -> String {
                concat!("femto::activation::", stringify!($name)).to_owned()
            }
        })*
    };
}

activations!(Identity, Sign, Relu, Sigmoid, Tanh, Softplus);

impl<const THOUSANDTHS: u16> RustType for LeakyRelu<THOUSANDTHS> {
    fn rust_type() -> String {
        format!("femto::activation::LeakyRelu<{THOUSANDTHS}>")
    }
}

impl<A: Layer + RustType, B: Layer<In = A::Out> + RustType> RustType for Chain<A, B> {
    fn rust_type() -> String {
        format!("{}, {}", A::rust_type(), B::rust_type())
    }
}

impl<const IN: usize, const OUT: usize, A: Activation + RustType> RustType for Dense<IN, OUT, A> {
    fn rust_type() -> String {
        if A::IS_IDENTITY {
            format!("femto::layer::Dense<{IN}, {OUT}>")
        } else {
            format!("femto::layer::Dense<{IN}, {OUT}, {}>", A::rust_type())
        }
    }
}

impl<const IN: usize, const OUT: usize, const PIECES: usize> RustType for Maxout<IN, OUT, PIECES> {
    fn rust_type() -> String {
        format!("femto::layer::Maxout<{IN}, {OUT}, {PIECES}>")
    }
}

impl<const N: usize, const PERCENT: u8> RustType for Dropout<N, PERCENT> {
    fn rust_type() -> String {
        format!("femto::layer::Dropout<{N}, {PERCENT}>")
    }
}

/// The Rust file.
fn code<L: Layer + RustType>(name: &str, type_name: &str, net: &Net<L>, bytes_name: &str) -> String {
    let (inputs, outputs, parameters) = (L::In::LEN, L::Out::LEN, Net::<L>::PARAMETERS);
    let layers = L::rust_type();
    let hash = weights_hash(net);
    // In full, for a name that is brought in could be that of the network.
    let len_of = |row| {
        format!("<<<{type_name} as femto::flat::Split>::First as femto::layer::Layer>::{row} as femto::Flat>::LEN")
    };
    let (inputs_of, outputs_of) = (len_of("In"), len_of("Out"));
    format!(
        "// Written by femto_std::export::rust. Do not edit: export the network again.

/// The network {name}: {inputs} inputs, {outputs} outputs, {parameters} parameters.
#[rustfmt::skip]
pub(crate) type {type_name} = femto::net![{layers}];

/// The weights whose hash is {hash:016x}, in flash.
#[rustfmt::skip]
pub(crate) static {name}: {type_name} = {type_name}::from_le_bytes(include_bytes!({bytes_name:?}));

#[rustfmt::skip]
const _: () = {{
    assert!({type_name}::PARAMETERS == {parameters}, \"{name} was exported with {parameters} parameters\");
    assert!({inputs_of} == {inputs}, \"{name} was exported with {inputs} inputs\");
    assert!({outputs_of} == {outputs}, \"{name} was exported with {outputs} outputs\");
}};
"
    )
}

/// `DIGITS_2` as `Digits2`; nothing where it is no name of a static.
fn camel_case(name: &str) -> Option<String> {
    let words = name.split('_').map(|word| {
        let (first, rest) = word.split_at_checked(1)?;
        let is_word = word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        is_word.then(|| format!("{first}{}", rest.to_ascii_lowercase()))
    });
    let starts_well = name.starts_with(|c: char| c.is_ascii_uppercase());
    // The only word of Rust that begins with a capital letter.
    words.collect::<Option<String>>().filter(|name| starts_well && name != "Self")
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fs;

    use femto::net;

    use super::*;

    type Line = net![Dense<1, 1>];

    #[test]
    fn names_are_those_of_statics() {
        for (name, expected) in [("DIGITS", "Digits"), ("MY_NET_2", "MyNet2"), ("X", "X"), ("XOR8", "Xor8")] {
            assert_eq!(camel_case(name).as_deref(), Some(expected), "{name}");
        }
        for name in ["", "digits", "DIGITs", "2X", "_X", "X_", "X__Y", "A B", "A-B", "Ä", "A\";", "SELF"] {
            assert_eq!(camel_case(name), None, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_exported_leaves_no_file() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("line.rs");
        for bytes_name in ["", "..", "a/b.bin", "/b.bin", "b.bin/", "line.rs"] {
            let error = rust(&path, "LINE", &Line::ZERO, bytes_name).expect_err(bytes_name);
            assert!(matches!(error, ExportError::BytesName { .. }), "{bytes_name:?}: {error}");
        }
        assert!(matches!(rust(&path, "line", &Line::ZERO, "b.bin"), Err(ExportError::Name { .. })), "lower case");
        assert_eq!(fs::read_dir(folder.path())?.count(), 0, "nothing was written");
        let missing = folder.path().join("missing").join("line.rs");
        let error = rust(&missing, "LINE", &Line::ZERO, "b.bin").expect_err("there is no such folder");
        assert!(matches!(error, ExportError::Bytes(_)) && error.to_string().contains("missing"), "{error}");
        Ok(())
    }

    #[test]
    fn every_layer_can_be_written() {
        type All = net![
            Dense<4, 6, Relu>,
            Dropout<6, 50>,
            Dense<6, 5, LeakyRelu<200>>,
            Maxout<5, 4, 3>,
            Dense<4, 4, Tanh>,
            Dense<4, 4, Sigmoid>,
            Dense<4, 4, Softplus>,
            Dense<4, 1, Sign>,
        ];
        let code = code("ALL", "All", &All::ZERO, "a \"name\".bin");
        for part in [
            "femto::layer::Dense<4, 6, femto::activation::Relu>, femto::layer::Dropout<6, 50>,",
            "femto::layer::Dense<6, 5, femto::activation::LeakyRelu<200>>, femto::layer::Maxout<5, 4, 3>",
            "femto::activation::Tanh>, femto::layer::Dense<4, 4, femto::activation::Sigmoid>",
            "femto::layer::Dense<4, 4, femto::activation::Softplus>, femto::layer::Dense<4, 1, femto::activation::Sign>]",
            r#"include_bytes!("a \"name\".bin")"#,
            "assert!(All::PARAMETERS == 202,",
        ] {
            assert!(code.contains(part), "no {part} in {code}");
        }
        assert_eq!(All::PARAMETERS, 202, "as in the code");
    }
}
