//! From named arrays to a network, the same for all formats.

use std::path::Path;

use femto::Flat;
use femto::layer::{Layer, Net, Tensor, TensorName};

use super::{InterchangeError, Names};

/// A file of named arrays.
pub(super) trait Arrays {
    /// The names and shapes of all arrays.
    fn shapes(&self) -> Vec<(String, Vec<usize>)>;
    /// The numbers of an array, in C order: the last index moves fastest. Called where the shape is as expected.
    fn numbers(&self, name: &str) -> Result<Vec<f32>, InterchangeError>;
}

/// All tensors of a network, in memory order.
pub(super) fn tensors<L: Layer>(net: &Net<L>) -> Vec<Tensor> {
    let mut tensors = Vec::new();
    net.for_each_tensor(|tensor, _| tensors.push(tensor));
    tensors
}

/// The shape of a tensor in a file.
pub(super) fn shape_in_file(tensor: &Tensor, outputs_first: bool) -> Vec<usize> {
    match (tensor.name, outputs_first) {
        (TensorName::Bias, _) => vec![tensor.columns],
        (_, false) => vec![tensor.rows, tensor.columns],
        (_, true) => vec![tensor.columns, tensor.rows],
    }
}

/// `numbers`, a matrix whose rows have `columns` numbers, by columns.
pub(super) fn transposed(numbers: &[f32], columns: usize) -> impl Iterator<Item = f32> {
    (0..columns).flat_map(move |column| numbers.iter().skip(column).step_by(columns).copied())
}

/// Sets all tensors of a network, or none.
pub(super) fn load_net<L: Layer>(
    path: &Path,
    file: &impl Arrays,
    net: &mut Net<L>,
    names: &Names,
) -> Result<(), InterchangeError> {
    let tensors = tensors(net);
    let wanted = names.of(&tensors)?;
    let shapes = file.shapes();
    let found = |name: &str| shapes.iter().find(|(found, _)| found == name).map(|(_, shape)| shape);

    let missing: Vec<String> = wanted.iter().filter(|name| found(name).is_none()).cloned().collect();
    let others = shapes.iter().map(|(name, _)| name).filter(|name| !wanted.contains(name));
    let extra: Vec<String> = others.filter(|_| !names.are_others_ignored()).cloned().collect();
    if !missing.is_empty() || !extra.is_empty() {
        let found = shapes.iter().map(|(name, shape)| format!("{name} {shape:?}")).collect();
        return Err(InterchangeError::WrongNames { path: path.to_owned(), missing, extra, found });
    }
    for (tensor, name) in tensors.iter().zip(&wanted) {
        let expected = shape_in_file(tensor, names.is_outputs_first());
        let found = found(name).cloned().unwrap_or_default();
        // A vector may be a matrix of one row.
        let is_row = tensor.name == TensorName::Bias && found == [1, tensor.columns];
        if found != expected && !is_row {
            return Err(InterchangeError::WrongShape { path: path.to_owned(), name: name.clone(), expected, found });
        }
    }

    let mut numbers = vec![0.0; net.as_slice().len()];
    for (tensor, name) in tensors.iter().zip(&wanted) {
        let from = file.numbers(name)?;
        let to = numbers.get_mut(tensor.range()).unwrap_or_default();
        if tensor.name != TensorName::Bias && names.is_outputs_first() {
            to.iter_mut().zip(transposed(&from, tensor.rows)).for_each(|(to, from)| *to = from);
        } else {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = from);
        }
    }
    net.as_mut_slice().copy_from_slice(&numbers);
    Ok(())
}
