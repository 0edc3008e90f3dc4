//! Names for the pieces of a network.

use core::fmt;
use core::ops::Range;

/// What a tensor is in its layer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum TensorName {
    /// Weights, inputs x outputs.
    Weight,
    /// Biases, 1 x outputs.
    Bias,
}

impl TensorName {
    /// The lower-case name: `weight`, `bias`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Bias => "bias",
        }
    }

    /// Whether the L2 penalty counts it, and rules that tell kinds apart take it for weights.
    #[must_use]
    pub const fn is_penalised(self) -> bool {
        match self {
            Self::Weight => true,
            Self::Bias => false,
        }
    }
}

/// Where a tensor lies among the numbers of a network, and its shape. Displays as `0.weight`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tensor {
    /// The number of its layer, counted from 0.
    pub layer: usize,
    /// What it is there.
    pub name: TensorName,
    /// Rows; 1 for a vector.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// The index of its first number in the flat view of the network.
    pub offset: usize,
}

impl Tensor {
    /// The indices of its numbers in the flat view of the network.
    #[must_use]
    pub const fn range(&self) -> Range<usize> {
        self.offset..self.offset.saturating_add(self.rows.saturating_mul(self.columns))
    }
}

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.layer, self.name.as_str())
    }
}
