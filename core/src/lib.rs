//! Numeric kernels that small neural networks run *and learn* on: `no_std`, no allocator, no panic, and the same bits
//! on every target.
//!
//! A network is a type, its value is its parameters, and all its sizes are constants. The same source runs inference
//! and training on a microcontroller without floating-point hardware and on a server with AVX-512.
//!
//! ```
//! use femto::activation::Tanh;
//! use femto::init::Init;
//! use femto::layer::Dense;
//! use femto::loss::BinaryCrossEntropy;
//! use femto::optimizer::{Adam, Optimizer};
//! use femto::train::Objective;
//! use femto::{Flat, Level, net};
//!
//! type Xor = net![Dense<2, 4, Tanh>, Dense<4, 1>];
//!
//! let inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
//! let targets = [[0.0], [1.0], [1.0], [0.0]];
//!
//! let level = Level::detect(); // the fastest instruction set of this machine
//! let mut xor = Xor::ZERO;
//! xor.init(Init::GlorotUniform, 1);
//! let mut adam = Optimizer::new(Adam::new(0.05));
//! let mut tape = [Xor::TAPE; 4];
//!
//! let objective = Objective::mean(BinaryCrossEntropy);
//! for _ in 0..300 {
//!     xor.step(level, &objective, &inputs, &targets, &mut tape, &mut adam)?;
//! }
//! for (x, t) in inputs.iter().zip(&targets) {
//!     let [logit] = xor.predict(level, x);
//!     assert_eq!(logit > 0.0, t[0] > 0.5);
//! }
//! # Ok::<(), femto::train::BatchError>(())
//! ```
//!
//! # The bit contract
//!
//! There are two classes of arithmetic ([`Arithmetic`]): *fused*, where a multiply-accumulate is one correctly rounded
//! fma, and *unfused*, where it is a rounded product and a rounded sum. [`Level::detect`] takes fused where there is
//! such a level (x86-64 with AVX2 or AVX-512, AArch64); [`Level::unfused`] gives the other, which every target has.
//! Within a class, every result is bit-identical on every target, vector width and batch size. That follows from five
//! rules:
//!
//! 1. one output is one chain of multiply-accumulates, k ascending, that begins with its start value; a later block of
//!    k begins with what the earlier one left;
//! 2. vectors run across outputs, never across k;
//! 3. sums across a row use 16 virtual lanes and a fixed tree, whatever the width of real vectors;
//! 4. only correctly rounded operations, one coefficient table, no branch on a neighbour;
//! 5. random numbers come from a counter.
//!
//! The payload and sign of NaN are outside the contract, and so are flush-to-zero modes and the x87 unit.
//!
//! # Memory, panics
//!
//! Nothing allocates, and nothing is static but one byte: what the processor says of itself. What a call needs is a
//! type whose size is a constant ([`Net::PARAMETER_BYTES`], [`Net::TAPE_BYTES_PER_ROW`],
//! [`Net::SCRATCH_BYTES_PER_ROW`]); products of the NT form, and large ones of matrices whose rows lie 2 KiB or
//! more apart, use 32 KiB of stack on vector levels, none on the scalar one; steps in place hold one tile of a gradient
//! there, 1.5 KiB at the most. No call panics: sizes are in the types, and entries over slices return what does not fit.
//!
//! # Features
//!
//! On by default: `avx2` and `avx512`, the levels of x86-64 that are compiled in beside [`Isa::Sse2`] and
//! [`Isa::Scalar`] and found when the program runs; elsewhere they mean nothing. The code of a network is there once for
//! each level, so programs are smaller without. Mind that [`Level::detect`] is unfused where only SSE2 is left, so that
//! results are those of the other class; and that features are united over all crates of a program: who needs certain
//! bits names the level ([`Level::new`]). Scalar fused is there without either.
//!
//! Off by default: `serde`: rules, objectives, initialisers, tensors and the names of instruction sets and classes as
//! data (parameters are bytes: [`Flat::write_le_bytes`]). `defmt`: the same, levels and all errors in messages.
//!
//! # Map
//!
//! [`layer`] and [`train`] are what a user of networks needs, with [`activation`], [`loss`], [`optimizer`] and
//! [`init`]; a learning rate may follow a [`schedule`]. [`scaling`] prepares inputs, [`clip`], [`average`] and
//! [`early_stopping`] go between steps; [`perceptron`] learns by a rule of its own. [`matmul`], [`math`], [`vector`] and
//! [`mod@softmax`] are kernels over slices that other crates can link. [`simd`] is what all kernels are written in.

#![no_std]
#![deny(unsafe_code)]

pub mod activation;
pub mod average;
pub mod clip;
pub mod early_stopping;
#[allow(unsafe_code, reason = "the flat view of values")]
pub mod flat;
pub mod init;
pub mod layer;
pub mod loss;
pub mod math;
#[allow(unsafe_code, reason = "operands and outputs as places in memory")]
pub mod matmul;
#[allow(unsafe_code, reason = "parameters and moments behind a sink, moments made in place")]
pub mod optimizer;
pub mod perceptron;
pub mod rng;
#[allow(unsafe_code, reason = "rows of a batch or a tape at a stride")]
pub mod rows;
pub mod scaling;
pub mod schedule;
#[allow(unsafe_code, reason = "instructions behind tokens, and loops over slices")]
pub mod simd;
pub mod softmax;
pub mod train;
pub mod vector;
pub mod work;

pub use flat::Flat;
pub use layer::Net;
pub use matmul::ShapeError;
pub use simd::{Arithmetic, Isa, Level};
