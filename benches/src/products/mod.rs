//! The contests of matrix products: `relu(a b + bias)`, and the two products of a backward pass, for row-major operands.
//!
//! Beside femto's entries with sizes in types stand its entries over slices, which other crates link, and the plain
//! loops of a textbook.

mod rivals;

use std::hint::black_box;

use femto::activation::Relu;
use femto::matmul::{self, Matrix, MatrixMut, Start};
use femto::{Flat, Level, ShapeError};

use crate::contest::{Contender, Contest, FEMTO, Settings, Unit};
use crate::inputs::{Aligned, Lines, random, random_lines, zeroed};

/// Which of the operands is transposed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// `relu(a b + bias)`.
    Nn,
    /// `a^T b`, the gradient of weights.
    Tn,
    /// `a b^T`, the gradient of inputs.
    Nt,
}

/// A product of m x k by k x n.
#[derive(Clone, Copy, Debug)]
struct Shape {
    form: Form,
    m: usize,
    k: usize,
    n: usize,
}

impl Shape {
    /// Rows and columns of `a` and of `b` as they lie in memory.
    const fn stored(self) -> ((usize, usize), (usize, usize)) {
        let Self { form, m, k, n } = self;
        match form {
            Form::Nn => ((m, k), (k, n)),
            Form::Tn => ((k, m), (k, n)),
            Form::Nt => ((m, k), (n, k)),
        }
    }

    fn case(self) -> String {
        let Self { form, m, k, n } = self;
        let form = match form {
            Form::Nn => "",
            Form::Tn => "TN ",
            Form::Nt => "NT ",
        };
        format!("{form}{m}x{k}x{n}")
    }
}

/// Operands at cache lines.
struct Operands {
    shape: Shape,
    a: Lines,
    b: Lines,
    bias: Lines,
    c: Lines,
}

impl Operands {
    fn new(shape: Shape) -> Self {
        let Shape { m, k, n, .. } = shape;
        let (a, b, bias) = (random_lines(m * k, 1), random_lines(k * n, 2), random_lines(n, 3));
        Self { shape, a, b, bias, c: Lines::zeros(m * n) }
    }

    fn result(&self) -> Vec<f32> {
        self.c.to_vec()
    }

    /// The entries over slices.
    fn by_slices(&mut self, level: Level) -> Result<(), ShapeError> {
        let Self { shape, a, b, bias, c } = self;
        let ((a_rows, a_columns), (b_rows, b_columns)) = shape.stored();
        let a = Matrix::new(a, a_rows, a_columns, a_columns)?;
        let b = Matrix::new(b, b_rows, b_columns, b_columns)?;
        let c = MatrixMut::new(c, shape.m, shape.n, shape.n)?;
        match shape.form {
            Form::Nn => matmul::nn(level, a, b, Start::Bias(bias), Relu, c),
            Form::Tn => matmul::tn(level, a, b, Start::Zero, c),
            Form::Nt => matmul::nt(level, a, b, Start::Zero, c),
        }
    }

    /// Three loops around `c[i][j] += a[i][k] * b[k][j]`, as a textbook has them: the sum of products of a row and a
    /// column, which no compiler vectorises without changing its rounding.
    fn by_plain_loops(&mut self) {
        let Self { shape: Shape { form, m, k, n }, a, b, bias, c } = self;
        let (m, k, n) = (*m, *k, *n);
        for i in 0..m {
            for j in 0..n {
                let mut sum = if *form == Form::Nn { bias[j] } else { 0.0 };
                for step in 0..k {
                    sum += match form {
                        Form::Nn => a[i * k + step] * b[step * n + j],
                        Form::Tn => a[step * m + i] * b[step * n + j],
                        Form::Nt => a[i * k + step] * b[j * k + step],
                    };
                }
                c[i * n + j] = if *form == Form::Nn { sum.max(0.0) } else { sum };
            }
        }
    }
}

/// `ROWS` x `COLUMNS` numbers.
type Rows<const ROWS: usize, const COLUMNS: usize> = [[f32; COLUMNS]; ROWS];

/// Operands of a product whose sizes are types.
struct Fixed<A, B, const M: usize, const N: usize> {
    a: Box<Aligned<A>>,
    b: Box<Aligned<B>>,
    bias: Box<Aligned<[f32; N]>>,
    c: Box<Aligned<Rows<M, N>>>,
}

/// A contender of femto's own, over an entry with sizes in types.
fn femto<A: Flat + 'static, B: Flat + 'static, const M: usize, const N: usize>(
    call: impl Fn(&mut Fixed<A, B, M, N>) + Copy + 'static,
) -> Contender {
    Contender::new(
        FEMTO,
        || Fixed { a: random(1), b: random(2), bias: random(3), c: zeroed() },
        move |fixed| call(black_box(fixed)),
        |Fixed { c, .. }| c.as_flattened().to_vec(),
    )
}

fn contest(shape: Shape, settings: Settings, femto: Contender) -> Contest {
    let Shape { m, k, n, .. } = shape;
    let level = settings.level;
    let slices = Contender::new(
        "slices",
        move || Operands::new(shape),
        move |operands| {
            let _ = black_box(operands).by_slices(level);
        },
        Operands::result,
    );
    let mut beside = vec![slices];
    // Far too slow beyond.
    if m * k * n <= 1 << 25 {
        beside.push(Contender::new(
            PLAIN,
            move || Operands::new(shape),
            |operands| black_box(operands).by_plain_loops(),
            Operands::result,
        ));
    }
    Contest {
        group: "matmul",
        case: shape.case(),
        unit: Unit::Microseconds,
        multiply_accumulates: (m * k * n) as u64,
        tolerance: 1e-5 * k as f32,
        femto,
        beside,
        rivals: rivals::all(shape, settings),
    }
}

/// The name of the plain loops among contenders.
pub const PLAIN: &str = "plain loops";

fn nn<const M: usize, const K: usize, const N: usize>(settings: Settings) -> Contest {
    let (shape, level) = (Shape { form: Form::Nn, m: M, k: K, n: N }, settings.level);
    let fixed = femto(move |Fixed { a, b, bias, c }: &mut Fixed<Rows<M, K>, Rows<K, N>, M, N>| {
        matmul::nn_fixed(level, a, b, Start::Bias(bias), Relu, c);
    });
    let mut contest = contest(shape, settings, fixed);
    // Beyond, its loops unroll for minutes of compilation and it is far behind already.
    if const { M * K * N <= 32 * 64 * 32 } {
        contest.rivals.push(rivals::nalgebra_static::<M, K, N>());
    }
    contest
}

fn tn<const M: usize, const K: usize, const N: usize>(settings: Settings) -> Contest {
    let (shape, level) = (Shape { form: Form::Tn, m: M, k: K, n: N }, settings.level);
    let fixed = femto(move |Fixed { a, b, c, .. }: &mut Fixed<Rows<K, M>, Rows<K, N>, M, N>| {
        matmul::tn_fixed(level, a, b, Start::Zero, c);
    });
    contest(shape, settings, fixed)
}

fn nt<const M: usize, const K: usize, const N: usize>(settings: Settings) -> Contest {
    let (shape, level) = (Shape { form: Form::Nt, m: M, k: K, n: N }, settings.level);
    let fixed = femto(move |Fixed { a, b, c, .. }: &mut Fixed<Rows<M, K>, Rows<N, K>, M, N>| {
        matmul::nt_fixed(level, a, b, Start::Zero, c);
    });
    contest(shape, settings, fixed)
}

/// All contests, small shapes first.
#[must_use]
pub fn contests(settings: Settings) -> Vec<Contest> {
    let s = settings;
    let mut all = vec![
        nn::<4, 4, 4>(s),
        nn::<8, 8, 8>(s),
        nn::<16, 16, 16>(s),
        nn::<24, 24, 24>(s),
        nn::<32, 32, 32>(s),
        nn::<48, 48, 48>(s),
        nn::<64, 64, 64>(s),
        nn::<96, 96, 96>(s),
        nn::<128, 128, 128>(s),
        nn::<192, 192, 192>(s),
        nn::<256, 256, 256>(s),
        nn::<3, 5, 7>(s),
        nn::<1, 32, 10>(s),
        nn::<1, 64, 32>(s),
        nn::<1, 256, 256>(s),
        nn::<1, 784, 128>(s),
        nn::<4, 256, 256>(s),
        nn::<16, 128, 64>(s),
        nn::<17, 129, 33>(s),
        nn::<32, 64, 32>(s),
        nn::<32, 128, 10>(s),
        nn::<64, 32, 10>(s),
        nn::<64, 128, 10>(s),
        nn::<64, 784, 128>(s),
        nn::<100, 300, 50>(s),
        nn::<256, 784, 256>(s),
        nn::<256, 784, 512>(s),
        tn::<64, 32, 32>(s),
        tn::<784, 64, 128>(s),
        tn::<784, 256, 512>(s),
        nt::<32, 10, 32>(s),
        nt::<32, 128, 784>(s),
        nt::<64, 128, 784>(s),
        nt::<256, 256, 512>(s),
    ];
    if !settings.quick {
        all.extend([nn::<384, 384, 384>(s), nn::<512, 512, 512>(s), nn::<768, 768, 768>(s), nn::<1024, 1024, 1024>(s)]);
    }
    all
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn all_contenders_agree_on_small_products() {
        // Matrices of nalgebra are made on the stack, without optimisation several times.
        let large = thread::Builder::new().stack_size(16 << 20).spawn(small_products_agree).unwrap();
        large.join().unwrap();
    }

    fn small_products_agree() {
        let settings = Settings { level: Level::detect(), threads: 1, quick: true };
        let contests = contests(settings);
        let small: Vec<_> = contests.iter().filter(|contest| contest.multiply_accumulates <= 1 << 17).collect();
        assert!(small.len() > 15, "{} are small", small.len());
        for contest in small {
            contest.compare().unwrap_or_else(|disagreement| panic!("{disagreement}"));
        }
    }
}
