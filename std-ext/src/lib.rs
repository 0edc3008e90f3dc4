//! What small neural networks need of a desktop, around the [`femto`] kernels: data in memory, epochs,
//! metrics and weights on disk.
//!
//! | module | what it has |
//! |---|---|
//! | [`data`] | data sets from files, made up, or in the crate; seeded splits, folds and shuffles |
//! | [`epoch`] | passes over a training set |
//! | [`evaluate`] | predictions and the mean loss for many rows |
//! | [`metrics`] | accuracy, top-k, the confusion matrix, precision, recall, F1, R2, errors of numbers |
//! | [`optimizer`] | optimizers that look at whole tensors or at several losses: LAMB, Adafactor, Muon, L-BFGS |
//! | `plot` | learning curves, confusion matrices and decision boundaries as SVG and PNG (feature `plot`) |
//! | [`weights`] | saving, loading, a fingerprint |
//! | `trainer` | whole trainings: early stopping, schedules, logs, diagnoses, checkpoints (feature `trainer`) |
//! | `checkpoint` | a training in one file, to go on from (feature `checkpoint`) |
//! | [`export`] | networks as Rust and bytes, for the flash of a device |
//! | `interchange` | networks and arrays in the files of PyTorch and NumPy (features `safetensors`, `npy`) |
//! | [`heap`] | networks and optimizers that a stack cannot hold |
//! | [`threads`] | training on all cores, with the bits of one |
//!
//! A network learns to read digits, is saved, and reads them again from the file:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto::activation::Relu;
//! use femto::init::Init;
//! use femto::layer::Dense;
//! use femto::loss::CrossEntropy;
//! use femto::optimizer::{Adam, Optimizer};
//! use femto::train::Objective;
//! use femto::{Flat, Level, net};
//! use femto_std::data::{Fractions, digits, stratified_split};
//! use femto_std::epoch::Epochs;
//! use femto_std::evaluate::predict_classes;
//! use femto_std::metrics::accuracy;
//! use femto_std::weights;
//!
//! type Digits = net![Dense<64, 32, Relu>, Dense<32, 10>];
//!
//! let digits = digits();
//! let split = stratified_split(digits.targets(), Fractions::new(0.0, 0.2)?, 1)?;
//! let (train, test) = (digits.select(&split.train)?, digits.select(&split.test)?);
//!
//! let level = Level::detect();
//! let objective = Objective::mean(CrossEntropy);
//! let mut reader = Digits::ZERO;
//! reader.init(Init::HeUniform, 1);
//! let mut adam = Optimizer::new(Adam::new(3e-3));
//! let mut epochs = Epochs::new(32, 1)?; // batches of 32 samples, seed 1
//! let report = epochs.run(&mut reader, level, &objective, &mut adam, &train)?; // again for more epochs
//! assert!(report.loss < 2.0);
//!
//! let classes = predict_classes(&reader, level, test.inputs());
//! assert!(accuracy(&classes, test.targets())? > 0.7);
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("digits.bin");
//! weights::save(&path, &reader)?;
//! let mut loaded = Digits::ZERO;
//! weights::load(&path, &mut loaded)?;
//! assert_eq!(predict_classes(&loaded, level, test.inputs()), classes);
//! # Ok(())
//! # }
//! ```
//!
//! # Results that repeat
//!
//! Splits, orders and initial weights are functions of their seeds, and the kernels give the same bits on
//! every machine within an arithmetic class ([`femto::Arithmetic`]). A training run therefore ends with the
//! same weights wherever it is repeated; [`weights::weights_hash`] shows it in a log.

#![deny(unsafe_code)]

#[cfg(feature = "checkpoint")]
pub mod checkpoint;
pub mod data;
pub mod epoch;
pub mod evaluate;
pub mod export;
mod files;
pub mod heap;
#[cfg(any(feature = "npy", feature = "safetensors"))]
pub mod interchange;
pub mod metrics;
pub mod optimizer;
#[cfg(feature = "plot")]
pub mod plot;
pub mod threads;
#[cfg(feature = "trainer")]
pub mod trainer;
pub mod weights;
