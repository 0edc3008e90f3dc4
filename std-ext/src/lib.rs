//! What small neural networks need of a desktop, around the [`femto`] kernels: from a first network to one that was
//! trained, watched, stopped, taken up again, and built into a device.
//!
//! # Guide
//!
//! The parts, then all of them in one program; each works alone, too.
//!
//! **Data** are rows of inputs, each with its target. What a network is judged by must not be what it learnt from, nor what
//! its settings were chosen by: so there are three parts. Some sets come with the crate; [`data`] also reads tables, the
//! MNIST family and the generators' circles, moons and spirals.
//!
//! **A network** is a type, and a layer that does not fit the one before does not compile. A
//! [`trainer`](trainer/index.html) draws its weights, shuffles, steps, validates, and stops when nothing improves any more.
//!
//! **Stopped and taken up again**: killed at any moment, the same program goes on from its checkpoint when it is started
//! again, and ends with the same bits as if it had not been killed.
//!
//! **Watched**: a bar shows the progress on a terminal, each epoch is a line of the log,
//! [`plot`](plot/index.html) draws the curves, and [`metrics`] count what was taken for what.
//!
//! **Exported**: [`export`] writes a Rust file and a byte file that firmware includes,
//! [`interchange`](interchange/index.html) what PyTorch and others read.
//!
//! ```
//! # #[cfg(not(all(feature = "plot", feature = "safetensors", feature = "trainer")))]
//! # fn main() {}
//! # #[cfg(all(feature = "plot", feature = "safetensors", feature = "trainer"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto::activation::Relu;
//! use femto::early_stopping::{Better, EarlyStopping};
//! use femto::init::Init;
//! use femto::layer::Dense;
//! use femto::loss::CrossEntropy;
//! use femto::optimizer::{Adam, Optimizer};
//! use femto::train::Objective;
//! use femto::{Flat, Level, net};
//! use femto_std::data::{Fractions, digits, stratified_split};
//! use femto_std::evaluate::predict_classes;
//! use femto_std::export;
//! use femto_std::interchange::{Names, safetensors};
//! use femto_std::metrics::ConfusionMatrix;
//! use femto_std::plot::{Curves, Panel};
//! use femto_std::trainer::{Every, Trainer, accuracy, read_log};
//!
//! # let folder = tempfile::tempdir()?;
//! # let file = |name: &str| folder.path().join(name);
//! # #[cfg(any())]
//! let file = std::path::PathBuf::from;
//!
//! // Data: 1,797 images of 8 x 8 pixels, in three parts with as many of each digit.
//! let all = digits();
//! let split = stratified_split(all.targets(), Fractions::new(0.15, 0.2)?, 7)?;
//! let train = all.select(&split.train)?;
//! let (validation, test) = (all.select(&split.validation)?, all.select(&split.test)?);
//!
//! // A network, and how it learns.
//! type Digits = net![Dense<64, 32, Relu>, Dense<32, 10>];
//! let train_to = |epochs: u32, reader: &mut Digits| {
//!     let mut adam = Optimizer::new(Adam::new(3e-3));
//!     Trainer::new()
//!         .batch_size(32)
//!         .epochs(epochs)
//!         .seed(1)
//!         .init(Init::HeUniform)
//!         .metric("accuracy", accuracy)
//!         .early_stopping(EarlyStopping::new(5))
//!         .log(file("digits.jsonl"))
//!         .checkpoint(file("digits.run"), Every::Epochs(1)) // written, and gone on from where it is there
//!         .fit(reader, &mut adam, &Objective::mean(CrossEntropy), &train, Some(&validation))
//! };
//! train_to(5, &mut Digits::ZERO)?;
//!
//! // Stopped there; another start of the program goes on, with the bits of a training that was not stopped.
//! let mut reader = Digits::ZERO;
//! let outcome = train_to(12, &mut reader)?;
//! assert!(outcome.resumed_at.is_some());
//! println!("{}", outcome.stop); // why it ended
//!
//! // What it looked like, and how good it is.
//! let records = read_log(file("digits.jsonl"))?;
//! assert_eq!(records.len(), 12);
//! let losses: Vec<f64> = records.iter().map(|record| record.train_loss).collect();
//! let shares: Vec<f64> = records.iter().map(|record| record.metrics["accuracy"]).collect();
//! Curves::new("digits")
//!     .panel(Panel::new("loss").logarithmic().curve("training", &losses))
//!     .panel(Panel::new("accuracy").best(Better::Higher).curve("validation", &shares))
//!     .save(file("digits.svg"))?;
//! let classes = predict_classes(&reader, Level::detect(), test.inputs());
//! let matrix = ConfusionMatrix::<10>::from_pairs(test.targets().iter().copied().zip(classes))?;
//! println!("{matrix}");
//! assert!(matrix.accuracy() > Some(0.9));
//!
//! // Into firmware, and to others.
//! export::rust(file("digits.rs"), "DIGITS", &reader, "digits.bin")?;
//! safetensors::save(file("digits.safetensors"), &reader, &Names::sequential::<Digits>())?;
//! # Ok(())
//! # }
//! ```
//!
//! The firmware says `mod digits;` and `digits::DIGITS.predict(level, &pixels)`; the network stays in flash, and a file of
//! the wrong size does not compile.
//!
//! # Modules
//!
//! | module | what it has |
//! |---|---|
//! | [`data`] | data sets from files, made up, or in the crate; seeded splits, folds and shuffles |
//! | [`epoch`] | passes over a training set |
//! | [`evaluate`] | predictions and the mean loss for many rows |
//! | [`metrics`] | accuracy, top-k, the confusion matrix, precision, recall, F1, R2, errors of numbers |
//! | [`optimizer`] | optimizers that look at whole tensors or at several losses: LAMB, Adafactor, Muon, L-BFGS |
//! | [`plot`](plot/index.html) | learning curves, confusion matrices and decision boundaries as SVG and PNG (feature `plot`) |
//! | [`weights`] | saving, loading, a fingerprint |
//! | [`trainer`](trainer/index.html) | whole trainings: early stopping, schedules, logs, diagnoses, checkpoints (feature `trainer`) |
//! | [`checkpoint`](checkpoint/index.html) | a training in one file, to go on from (feature `checkpoint`) |
//! | [`export`] | networks as Rust and bytes, for the flash of a device |
//! | [`interchange`](interchange/index.html) | networks and arrays in the files of PyTorch and NumPy (features `safetensors`, `npy`) |
//! | [`heap`] | networks and optimizers that a stack cannot hold |
//! | [`threads`] | training on all cores, with the bits of one |
//!
//! # Features
//!
//! All are on by default; each brings the crates that it alone needs.
//!
//! | feature | what it adds |
//! |---|---|
//! | `avx2`, `avx512` | these levels of x86-64, as those of `femto` |
//! | `csv`, `gzip` | tables of text; compressed files of the MNIST family |
//! | `checkpoint`, `trainer` | trainings in one file; the trainer, which brings `checkpoint` |
//! | `progress`, `interrupt` | the trainer's progress bar; its end at Ctrl-C |
//! | `npy`, `safetensors` | files of NumPy; of PyTorch and others |
//! | `plot` | pictures |
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
mod type_names;
pub mod weights;
