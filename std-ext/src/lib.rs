//! What small neural networks need of a desktop, around the [`femto`] kernels.

pub mod data;
pub mod metrics;
