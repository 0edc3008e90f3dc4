//! What a pass through the layers is for.

use crate::rng::{Noise, Streams};

/// Whether a pass through the layers is one of a training step, and where in the network it is.
///
/// Only layers with random numbers, such as [`super::Dropout`], look at it.
///
/// ```
/// use femto::layer::Pass;
/// use femto::rng::Noise;
///
/// assert!(Pass::INFERENCE.streams().is_none());
/// let pass = Pass::training(Noise { seed: 7, step: 0, row: 0 });
/// assert_ne!(pass.streams(), pass.behind(1).streams());
/// let row = |pass: Pass, row| pass.streams().map(|streams| streams.row(row));
/// assert_eq!(row(pass.behind_rows(3), 0), row(pass, 3));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pass {
    noise: Option<Noise>,
    layer: usize,
}

impl Pass {
    /// Outputs alone: nothing is random.
    pub const INFERENCE: Self = Self { noise: None, layer: 0 };

    /// A training step with these random numbers, at the first layer. Rows are numbered from `noise.row` on.
    #[inline(always)]
    #[must_use]
    pub const fn training(noise: Noise) -> Self {
        Self { noise: Some(noise), layer: 0 }
    }

    /// The same pass, so many layers further on.
    #[inline(always)]
    #[must_use]
    pub const fn behind(self, layers: usize) -> Self {
        Self { noise: self.noise, layer: self.layer.saturating_add(layers) }
    }

    /// The same pass over rows of which the first is so many behind that of this.
    #[inline(always)]
    #[must_use]
    pub fn behind_rows(self, rows: usize) -> Self {
        let noise = self.noise.map(|noise| Noise { row: noise.row.wrapping_add(rows as u32), ..noise });
        Self { noise, layer: self.layer }
    }

    /// The random streams of this layer, one for each row; none where nothing is random.
    #[inline(always)]
    #[must_use]
    pub fn streams(self) -> Option<Streams> {
        self.noise.map(|noise| noise.streams(self.layer))
    }
}
