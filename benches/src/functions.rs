//! The contests of elementary functions over 4,096 numbers, and of softmax over short and long rows.
//!
//! All contenders work in place on numbers in a first-level cache. Fresh inputs are copied in before each call, in the
//! same way for all, and the copy is in the times: it favours who is slower.
//!
//! The rivals, on their fast paths:
//!
//! * `rten-vecmath` finds AVX-512, AVX2 or NEON when it runs; it has neither a logarithm nor softplus;
//! * `mathfun` finds AVX2 when it runs (its AVX-512 is switched off in its source); without its feature `std`, which asks
//!   the system for processors and environment in every call;
//! * `std` and `libm` go number by number through `f32` methods (on Linux those of the C library) and the functions of
//!   the crate `libm`; `std-f64` goes through `f64` methods and rounds at the end, which is slower but as accurate as can
//!   be: no other rival computes tanh, the sigmoid or softmax as accurately as femto.
//!
//! Looked at and not in: `sleef` needs nightly Rust (portable SIMD), `sleef-sys` a C build of its own and an old
//! bindgen; `wide` and `simd_vector` choose their instruction set when they are compiled, so on x86-64 they would run
//! with SSE2; `simdeez` computes exp and ln number by number with those of `std`, and states 35 ulp for tanh; `pulp` and
//! `fearless_simd` have no elementary functions.
//!
//! Speed is had cheaply by giving up accuracy, so the worst error of each contender is measured before its time. For an
//! elementary function it is taken over a dense sample of all bit patterns whose exact result is normal; for softmax
//! over random rows, each probability against that of an f64 softmax of the same logits.

use std::hint::black_box;

use femto::{Level, math, softmax};
use rten_simd::{SimdOp, SimdUnaryOp};
use rten_vecmath::{Exp, Sigmoid, Softmax, Tanh};

use crate::contest::{Contender, Contest, FEMTO, Settings, Unit};
use crate::inputs::{Aligned, fill, random, zeroed};
use crate::ulp::{Sample, worst_of};

/// Inputs and results together are 32 KiB: no more than the smallest first-level caches of desktop processors.
const LENGTH: usize = 4096;

/// A function and the numbers that it is tried and timed on.
#[derive(Clone, Copy)]
struct Function {
    name: &'static str,
    exact: fn(f64) -> f64,
    /// The input that is timed, made from a number in -1..1.
    input: fn(f32) -> f32,
    stride: usize,
}

/// Numbers at cache lines: inputs, and the place where a contender works.
struct Places {
    inputs: Box<Aligned<[f32; LENGTH]>>,
    numbers: Box<Aligned<[f32; LENGTH]>>,
    len: usize,
}

impl Places {
    fn new(len: usize, input: fn(f32) -> f32) -> Self {
        let mut inputs = random::<[f32; LENGTH]>(1);
        inputs.iter_mut().for_each(|x| *x = input(*x));
        Self { inputs, numbers: zeroed(), len }
    }
}

/// A contender that replaces `len` numbers by `in_place`.
fn contender(
    name: &'static str,
    len: usize,
    input: fn(f32) -> f32,
    in_place: impl Fn(&mut [f32]) + Copy + 'static,
) -> Contender {
    Contender::new(
        name,
        move || Places::new(len, input),
        move |places| {
            let Places { inputs, numbers, len } = black_box(places);
            let numbers = &mut numbers[..*len];
            numbers.copy_from_slice(&inputs[..*len]);
            in_place(numbers);
        },
        |places| places.numbers[..places.len].to_vec(),
    )
}

impl Function {
    fn contender(self, name: &'static str, in_place: impl Fn(&mut [f32]) + Copy + 'static) -> Contender {
        let sample = Sample { patterns: 0..=u32::MAX, stride: self.stride };
        contender(name, LENGTH, self.input, in_place).with_worst_ulp(move || sample.worst_ulp(in_place, self.exact))
    }

    /// A contender that goes number by number.
    fn scalar(self, name: &'static str, function: impl Fn(f32) -> f32 + Copy + 'static) -> Contender {
        self.contender(name, move |xs| xs.iter_mut().for_each(|x| *x = function(*x)))
    }

    fn exactly(self) -> Contender {
        self.scalar("std-f64", move |x| (self.exact)(f64::from(x)) as f32)
    }

    fn rten<F: SimdUnaryOp<f32> + Default>(self) -> Contender {
        self.contender("rten-vecmath", |xs| F::default().map_mut(xs))
    }

    fn mathfun(self, function: unsafe fn(usize, *const f32, *mut f32)) -> Contender {
        self.contender("mathfun", move |xs| {
            let place = xs.as_mut_ptr();
            // SAFETY: the place has so many numbers, and nobody else uses it; each is read before it is written.
            unsafe { function(xs.len(), place, place) }
        })
    }

    fn contest(self, femto: impl Fn(&mut [f32]) + Copy + 'static, rivals: Vec<Contender>) -> Contest {
        Contest {
            group: "math",
            case: self.name.to_owned(),
            unit: Unit::NanosecondsPerElement(LENGTH),
            multiply_accumulates: 0,
            tolerance: 1e-5,
            femto: self.contender(FEMTO, femto),
            beside: Vec::new(),
            rivals,
        }
    }
}

fn elementary(level: Level, quick: bool) -> Vec<Contest> {
    let stride = if quick { 9973 } else { 211 };
    // Where the functions do their work: neither saturated nor a special case.
    let around_zero = |x: f32| 10.0 * x;
    let positive = |x: f32| 10.0 * x.abs() + 1e-3;
    let of = |name, exact, input| Function { name, exact, input, stride };
    let exp = of("exp", f64::exp, around_zero);
    let ln = of("ln", f64::ln, positive);
    let tanh = of("tanh", f64::tanh, around_zero);
    let sigmoid = of("sigmoid", |x| 1.0 / (1.0 + (-x).exp()), around_zero);
    let softplus = of("softplus", |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), around_zero);
    vec![
        exp.contest(
            move |xs| math::exp_slice(level, xs),
            vec![
                exp.rten::<Exp>(),
                exp.mathfun(mathfun::vs_exp),
                exp.scalar("std", f32::exp),
                exp.exactly(),
                exp.scalar("libm", libm::expf),
            ],
        ),
        ln.contest(
            move |xs| math::ln_slice(level, xs),
            vec![ln.mathfun(mathfun::vs_ln), ln.scalar("std", f32::ln), ln.exactly(), ln.scalar("libm", libm::logf)],
        ),
        tanh.contest(
            move |xs| math::tanh_slice(level, xs),
            vec![
                tanh.rten::<Tanh>(),
                tanh.mathfun(mathfun::vs_tanh),
                tanh.scalar("std", f32::tanh),
                tanh.exactly(),
                tanh.scalar("libm", libm::tanhf),
            ],
        ),
        sigmoid.contest(
            move |xs| math::sigmoid_slice(level, xs),
            vec![
                sigmoid.rten::<Sigmoid>(),
                sigmoid.scalar("std", |x| 1.0 / (1.0 + (-x).exp())),
                sigmoid.exactly(),
                sigmoid.scalar("libm", |x| 1.0 / (1.0 + libm::expf(-x))),
            ],
        ),
        softplus.contest(
            move |xs| math::softplus_slice(level, xs),
            vec![
                softplus.scalar("std", |x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
                softplus.exactly(),
                softplus.scalar("libm", |x| x.max(0.0) + libm::log1pf(libm::expf(-x.abs()))),
            ],
        ),
    ]
}

/// Softmax number by number.
fn scalar_softmax(row: &mut [f32], exp: impl Fn(f32) -> f32) {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for x in row.iter_mut() {
        *x = exp(*x - max);
        sum += *x;
    }
    row.iter_mut().for_each(|x| *x /= sum);
}

/// The same in f64, rounded at the end.
fn scalar_softmax_f64<const N: usize>(row: &mut [f32]) {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut exps = [0.0; N];
    let mut sum = 0.0;
    for (e, x) in exps.iter_mut().zip(row.iter()) {
        *e = (f64::from(*x) - f64::from(max)).exp();
        sum += *e;
    }
    for (x, e) in row.iter_mut().zip(&exps) {
        *x = (e / sum) as f32;
    }
}

/// The worst error in ulp over random rows of logits in -10..10.
///
/// All contenders subtract the largest logit first, and the rounding of that difference alone can be worth 20 ulp. The
/// logits are whole multiples of 2^-16, so that differences are exact and what is measured is what contenders do
/// differently.
fn worst_ulp_of_softmax(columns: usize, rows: u64, of_row: impl Fn(&mut [f32])) -> f64 {
    const STEPS: f32 = 65_536.0;
    let mut row = vec![0.0; columns];
    (0..rows)
        .map(|seed| {
            fill(&mut row, seed);
            row.iter_mut().for_each(|x| *x = (*x * 10.0 * STEPS).round() / STEPS);
            let exps: Vec<f64> = row.iter().map(|x| f64::from(*x).exp()).collect();
            let sum: f64 = exps.iter().sum();
            let exacts: Vec<f64> = exps.iter().map(|e| e / sum).collect();
            of_row(&mut row);
            worst_of(&row, &exacts)
        })
        .fold(0.0, f64::max)
}

/// Rows of `N` logits, one call each: no contender has an entry for several.
fn softmax_of_rows<const N: usize>(level: Level, quick: bool) -> Contest {
    let len = LENGTH / N * N;
    let rows = if quick { 10_000 } else { 1_000_000 } / N as u64;
    let of = |name, of_row: fn(Level, &mut [f32])| {
        let of_row = move |row: &mut [f32]| of_row(level, row);
        contender(name, len, |x| 10.0 * x, move |xs| xs.chunks_exact_mut(N).for_each(of_row))
            .with_worst_ulp(move || worst_ulp_of_softmax(N, rows, of_row))
    };
    Contest {
        group: "math",
        case: format!("softmax {N}"),
        unit: Unit::NanosecondsPerElement(len),
        multiply_accumulates: 0,
        tolerance: 1e-5,
        femto: of(FEMTO, softmax::softmax),
        beside: Vec::new(),
        rivals: vec![
            of("rten-vecmath", |_, row| {
                Softmax::new_mut(row).dispatch();
            }),
            of("std", |_, row| scalar_softmax(row, f32::exp)),
            of("std-f64", |_, row| scalar_softmax_f64::<N>(row)),
            of("libm", |_, row| scalar_softmax(row, libm::expf)),
        ],
    }
}

/// All contests of elementary functions, then softmax.
#[must_use]
pub fn contests(settings: Settings) -> Vec<Contest> {
    let Settings { level, quick, .. } = settings;
    let mut all = elementary(level, quick);
    all.extend([softmax_of_rows::<10>(level, quick), softmax_of_rows::<1000>(level, quick)]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmaxes_are_those_of_the_formula() {
        for of_row in [|row: &mut [f32]| scalar_softmax(row, f32::exp), scalar_softmax_f64::<3>] {
            let mut row = [0.0, 2.0_f32.ln(), f32::NEG_INFINITY];
            of_row(&mut row);
            let exact = [1.0 / 3.0, 2.0 / 3.0, 0.0];
            assert!(row.iter().zip(exact).all(|(p, exact)| (p - exact).abs() < 1e-7), "{row:?}");
        }
    }

    #[test]
    fn contenders_are_as_accurate_as_their_crates_say() {
        let level = Level::detect();
        let errors = |name, contests: Vec<Contest>| -> Vec<f64> {
            let contenders = contests.into_iter().flat_map(|contest| contest.rivals.into_iter().chain([contest.femto]));
            contenders.filter(|contender| contender.name == name).filter_map(|c| c.worst_ulp()).collect()
        };
        for (name, cases, bound) in [(FEMTO, 5, 2.8), ("std", 5, 3.0), ("std-f64", 5, 0.51), ("rten-vecmath", 3, 4.0)] {
            let found = errors(name, elementary(level, true));
            assert!(found.len() == cases && found.iter().all(|error| *error <= bound), "{name}: {found:?}");
        }
    }

    #[test]
    fn contenders_agree() {
        for contest in contests(Settings { level: Level::detect(), threads: 1, quick: true }) {
            let case = contest.case.clone();
            assert!(contest.hold(None, 0, std::time::Duration::ZERO).is_ok(), "{case}");
        }
    }
}
