//! Matrix products in all forms, over shapes with ragged tails.

use femto::activation::{Activation, Identity, LeakyRelu, Relu, Tanh};
use femto::matmul::{self, Matrix, MatrixMut, Start};
use femto::{Level, ShapeError};

use crate::hash::Hash;
use crate::sample;

/// m, k, n: single numbers, rows of a layer, and what divides by no tile.
const SHAPES: [[usize; 3]; 10] = [
    [1, 1, 1],
    [1, 64, 16],
    [4, 16, 10],
    [2, 3, 5],
    [3, 7, 17],
    [5, 33, 9],
    [7, 5, 31],
    [8, 8, 8],
    [13, 4, 19],
    [1, 130, 3],
];

/// Numbers between the end of a row of the output and the next; they must stay what they are.
const GAP: usize = 3;

/// Room for the largest of the shapes.
#[derive(Debug)]
pub struct Workspace {
    a: [f32; 192],
    b: [f32; 1024],
    bias: [f32; 31],
    c: [f32; 320],
}

impl Workspace {
    /// Nothing but zeros, as a static begins.
    pub const ZERO: Self = Self { a: [0.0; 192], b: [0.0; 1024], bias: [0.0; 31], c: [0.0; 320] };

    /// Numbers that sums do not lose: of like size, of both signs.
    fn fill(&mut self) {
        let parts: [&mut [f32]; 4] = [&mut self.a, &mut self.b, &mut self.bias, &mut self.c];
        for (p, part) in parts.into_iter().enumerate() {
            for (i, x) in part.iter_mut().enumerate() {
                *x = sample::signed(10_000 * p + i);
            }
        }
    }
}

/// One form of product with one start; every shape in turn.
type Product = fn(Level, [usize; 3], &mut Workspace) -> Result<(), ShapeError>;

/// What the chains begin with, as a constant that a function pointer can be made for.
const ZERO: u8 = 0;
const BIAS: u8 = 1;
const EXISTING: u8 = 2;

fn start<const FROM: u8>(bias: &[f32]) -> Start<'_, [f32]> {
    match FROM {
        BIAS => Start::Bias(bias),
        EXISTING => Start::Existing,
        _ => Start::Zero,
    }
}

fn nn<const FROM: u8, A: Activation>(level: Level, [m, k, n]: [usize; 3], w: &mut Workspace) -> Result<(), ShapeError> {
    let bias = w.bias.get(..n).unwrap_or_default();
    let c = MatrixMut::new(&mut w.c, m, n, n + GAP)?;
    matmul::nn(level, Matrix::new(&w.a, m, k, k)?, Matrix::new(&w.b, k, n, n)?, start::<FROM>(bias), A::default(), c)
}

fn tn<const FROM: u8>(level: Level, [m, k, n]: [usize; 3], w: &mut Workspace) -> Result<(), ShapeError> {
    let bias = w.bias.get(..n).unwrap_or_default();
    let c = MatrixMut::new(&mut w.c, m, n, n + GAP)?;
    matmul::tn(level, Matrix::new(&w.a, k, m, m)?, Matrix::new(&w.b, k, n, n)?, start::<FROM>(bias), c)
}

fn nt<const FROM: u8>(level: Level, [m, k, n]: [usize; 3], w: &mut Workspace) -> Result<(), ShapeError> {
    let bias = w.bias.get(..n).unwrap_or_default();
    let c = MatrixMut::new(&mut w.c, m, n, n + GAP)?;
    matmul::nt(level, Matrix::new(&w.a, m, k, k)?, Matrix::new(&w.b, n, k, k)?, start::<FROM>(bias), c)
}

const PRODUCTS: [(&str, Product); 12] = [
    ("matmul.nn.zero", nn::<ZERO, Identity>),
    ("matmul.nn.bias", nn::<BIAS, Identity>),
    ("matmul.nn.existing", nn::<EXISTING, Identity>),
    ("matmul.nn.bias.relu", nn::<BIAS, Relu>),
    ("matmul.nn.bias.leaky-relu", nn::<BIAS, LeakyRelu>),
    ("matmul.nn.bias.tanh", nn::<BIAS, Tanh>),
    ("matmul.tn.zero", tn::<ZERO>),
    ("matmul.tn.bias", tn::<BIAS>),
    ("matmul.tn.existing", tn::<EXISTING>),
    ("matmul.nt.zero", nt::<ZERO>),
    ("matmul.nt.bias", nt::<BIAS>),
    ("matmul.nt.existing", nt::<EXISTING>),
];

/// Each form with each start, over slices; then each form over arrays.
pub fn products(level: Level, workspace: &mut Workspace, report: &mut dyn FnMut(&str, u64)) {
    for (name, product) in PRODUCTS {
        let mut hash = Hash::EMPTY;
        for shape in SHAPES {
            workspace.fill();
            // A refusal leaves the output as it was filled, and so another hash than that of a product.
            let _ = product(level, shape, workspace);
            hash = hash.with(&workspace.c);
        }
        report(name, hash.value());
    }
    fixed(level, report);
}

/// The entries whose sizes the compiler knows.
fn fixed(level: Level, report: &mut dyn FnMut(&str, u64)) {
    fn filled<const ROWS: usize, const COLUMNS: usize>(from: usize) -> [[f32; COLUMNS]; ROWS] {
        core::array::from_fn(|r| core::array::from_fn(|c| sample::signed(from + r * COLUMNS + c)))
    }
    let bias = filled::<1, 13>(9_000);
    let [bias] = &bias;
    let mut c = filled::<5, 13>(2_000);
    matmul::nn_fixed(level, &filled::<5, 7>(0), &filled::<7, 13>(1_000), Start::Bias(bias), Relu, &mut c);
    report("matmul.nn-fixed", Hash::EMPTY.with(c.as_flattened()).value());
    matmul::tn_fixed(level, &filled::<7, 5>(3_000), &filled::<7, 13>(4_000), Start::Existing, &mut c);
    report("matmul.tn-fixed", Hash::EMPTY.with(c.as_flattened()).value());
    matmul::nt_fixed(level, &filled::<5, 7>(5_000), &filled::<13, 7>(6_000), Start::Zero, &mut c);
    report("matmul.nt-fixed", Hash::EMPTY.with(c.as_flattened()).value());
}
