//! Hashes of what femto computes: each function over a sample, each form of product, whole trainings.
//!
//! `hashes.txt` beside this crate holds the committed ones of both arithmetic classes. Every target compares what it
//! computes with that one file, so targets that pass agree with each other, bit by bit. Nothing here allocates or needs
//! an operating system; what is large lies in workspaces that the caller provides.

#![no_std]
#![forbid(unsafe_code)]

mod committed;
pub mod digits;
pub mod functions;
mod hash;
pub mod networks;
pub mod products;
pub mod sample;
pub mod training;

use femto::Level;
use femto::optimizer::{Adam, Momentum, Sgd};

pub use committed::{Mismatch, check, class_name, committed};
pub use hash::Hash;

use crate::training::{STEPS, Training};

/// What [`all`] works in: 45 KiB, so a static, or on a heap.
#[derive(Debug)]
pub struct Workspace {
    products: products::Workspace,
    sgd: Training<Sgd, 0>,
    momentum: Training<Momentum<true>, 1>,
    adam: Training<Adam, 2>,
}

impl Workspace {
    /// Ready to use.
    pub const NEW: Self = Self {
        products: products::Workspace::ZERO,
        sgd: Training::SGD,
        momentum: Training::MOMENTUM,
        adam: Training::ADAM,
    };
}

/// Calls `report` with the name and the hash of everything.
pub fn all(level: Level, workspace: &mut Workspace, report: &mut dyn FnMut(&str, u64)) {
    functions::elementwise(level, report);
    functions::rules(level, report);
    functions::softmaxes(level, report);
    products::products(level, &mut workspace.products, report);
    networks::initial_values(report);
    networks::losses(level, report);
    let Workspace { sgd, momentum, adam, .. } = workspace;
    sgd.begin();
    sgd.run(level, STEPS);
    report("training.sgd", sgd.hash());
    momentum.begin();
    momentum.run(level, STEPS);
    report("training.momentum", momentum.hash());
    adam.begin();
    adam.run(level, STEPS);
    report("training.adam", adam.hash());
}
