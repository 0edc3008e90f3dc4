//! Safetensors, the format in which PyTorch, JAX and others share weights (feature `safetensors`).
//!
//! A file is the length of its header, the header in JSON with the type, shape and place of each tensor, and their
//! little-endian bytes (<https://huggingface.co/docs/safetensors>). It can hold no code.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto::layer::Dense;
//! use femto::{Flat, net};
//! use femto_std::interchange::{Names, safetensors};
//!
//! type Line = net![Dense<2, 1>];
//! let mut line = Line::ZERO;
//! line.layers.weights = [[2.0], [3.0]];
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("line.safetensors");
//! safetensors::save(&path, &line, &Names::layers(["line"]))?; // line.weight [1, 2], line.bias [1]
//! let mut loaded = Line::ZERO;
//! safetensors::load(&path, &mut loaded, &Names::layers(["line"]))?;
//! assert_eq!(loaded, line);
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use ::safetensors::tensor::{Dtype, Metadata, TensorInfo, TensorView, serialize};
use femto::layer::{Layer, Net};
use femto::{Flat, layer::TensorName};

use super::arrays::{Arrays, load_net, shape_in_file, tensors, transposed};
use super::number::Kind;
use super::{InterchangeError, Names, read};
use crate::files::replace;

/// The longest header that is read: enough for ten thousand tensors.
const MAX_HEADER: usize = 1 << 20;

/// Saves the weights of a network as F32.
///
/// The file appears whole or not at all, as that of [`weights::save`](crate::weights::save).
///
/// # Errors
///
/// [`InterchangeError::WrongLayers`] and [`InterchangeError::NameTwice`] where the names do not fit the network,
/// [`InterchangeError::Save`] when the system refuses.
pub fn save<L: Layer>(path: impl AsRef<Path>, net: &Net<L>, names: &Names) -> Result<(), InterchangeError> {
    let path = path.as_ref();
    let save_error = |source| InterchangeError::Save { path: path.to_owned(), source };
    let tensors = tensors(net);
    let names_in_file = names.of(&tensors)?;
    let parts: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .zip(names_in_file)
        .map(|(tensor, name)| {
            let numbers = net.as_slice().get(tensor.range()).unwrap_or_default();
            let bytes = if tensor.name != TensorName::Bias && names.is_outputs_first() {
                transposed(numbers, tensor.columns).flat_map(f32::to_le_bytes).collect()
            } else {
                numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
            };
            (name, shape_in_file(tensor, names.is_outputs_first()), bytes)
        })
        .collect();
    let views = parts
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, ::safetensors::SafeTensorError>>();
    let bytes = views.and_then(|views| serialize(views, None)).map_err(|error| save_error(io::Error::other(error)))?;
    replace(path, |to| to.write_all(&bytes)).map_err(save_error)
}

/// Loads the weights of a network from F32, F16, BF16 or F64.
///
/// # Errors
///
/// [`InterchangeError::Load`], [`InterchangeError::TooLarge`] and [`InterchangeError::Malformed`] for files that cannot
/// be read; [`InterchangeError::WrongLayers`], [`InterchangeError::NameTwice`], [`InterchangeError::WrongNames`],
/// [`InterchangeError::WrongShape`], [`InterchangeError::Unsupported`] and [`InterchangeError::NotRepresentable`] for
/// those of another network. The network is unchanged then.
pub fn load<L: Layer>(path: impl AsRef<Path>, net: &mut Net<L>, names: &Names) -> Result<(), InterchangeError> {
    let path = path.as_ref();
    let bytes = read(path)?;
    let file = Safetensors::parse(path, &bytes)?;
    load_net(path, &file, net, names)
}

struct Safetensors<'a> {
    path: &'a Path,
    infos: BTreeMap<String, TensorInfo>,
    data: &'a [u8],
}

impl<'a> Safetensors<'a> {
    /// Reads the header; the crate's own way in sums offsets that a file claims, without a check for overflow.
    fn parse(path: &'a Path, bytes: &'a [u8]) -> Result<Self, InterchangeError> {
        let malformed = |reason| InterchangeError::Malformed { path: path.to_owned(), name: None, reason };
        let Some((len, rest)) = bytes.split_first_chunk() else {
            return Err(malformed("it ends before its header".to_owned()));
        };
        let len = u64::from_le_bytes(*len);
        let header_len = usize::try_from(len).ok().filter(|len| *len <= MAX_HEADER);
        // A file of another kind says nearly always something like this.
        let header_len = header_len.ok_or_else(|| {
            malformed(format!(
                "it is no safetensors file: its header would have {len} bytes, and at most {MAX_HEADER} are read"
            ))
        })?;
        let Some((header, data)) = rest.split_at_checked(header_len) else {
            return Err(malformed(format!("it ends within its header of {len} bytes")));
        };
        let metadata: Metadata = serde_json::from_slice(header).map_err(|error| malformed(error.to_string()))?;
        if metadata.data_len() != data.len() {
            let reason = format!("its tensors take {} bytes, but it has {} for them", metadata.data_len(), data.len());
            return Err(malformed(reason));
        }
        let infos = metadata.tensors().into_iter().map(|(name, info)| (name, info.clone())).collect();
        Ok(Self { path, infos, data })
    }
}

impl Arrays for Safetensors<'_> {
    fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        self.infos.iter().map(|(name, info)| (name.clone(), info.shape.clone())).collect()
    }

    fn numbers(&self, name: &str) -> Result<Vec<f32>, InterchangeError> {
        let (path, name) = (self.path.to_owned(), name.to_owned());
        let kind = |info: &TensorInfo| match info.dtype {
            Dtype::F64 => Some(Kind::F64),
            Dtype::F32 => Some(Kind::F32),
            Dtype::F16 => Some(Kind::F16),
            Dtype::BF16 => Some(Kind::Bf16),
            _ => None,
        };
        let info = self.infos.get(&name);
        let bytes = info.and_then(|info| self.data.get(info.data_offsets.0..info.data_offsets.1));
        let (Some(info), Some(bytes)) = (info, bytes) else {
            let reason = "its place is not in the file".to_owned();
            return Err(InterchangeError::Malformed { path, name: Some(name), reason });
        };
        let Some(kind) = kind(info) else {
            return Err(InterchangeError::Unsupported { path, name, kind: info.dtype.to_string() });
        };
        kind.read(bytes).map_err(|error| InterchangeError::NotRepresentable {
            path,
            name,
            index: error.index,
            value: error.value,
            wanted: "f32",
        })
    }
}
