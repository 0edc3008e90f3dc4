//! Gradient descent worked by hand, step by step: a line `w x + b` learns `y = 2 x` from `w = b = 0`.
//!
//! ```sh
//! cargo run --example gradient_descent
//! ```
//!
//! The loss is the mean squared error of a batch, `J = 1/m sum (w x + b - y)^2`.

use std::error::Error;
use std::io::{self, Write};

use femto::layer::Dense;
use femto::loss::MeanSquaredError;
use femto::optimizer::{Momentum, Optimizer, Rule, Sgd};
use femto::train::{BatchError, Objective};
use femto::{Flat, Level, net};

type Line = net![Dense<1, 1>];

/// What one step did. Parameters and their gradient are w, then b.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// The inputs of the batch.
    pub(crate) x: Vec<f32>,
    /// The loss before the step.
    pub(crate) loss: f32,
    /// The gradient of the batch.
    pub(crate) gradient: [f32; 2],
    /// The parameters after the step.
    pub(crate) parameters: [f32; 2],
}

/// x = 1, 2, 3 ..., and y = 2 x.
fn doubled(samples: u8) -> (Vec<[f32; 1]>, Vec<[f32; 1]>) {
    (1..=samples).map(|x| ([f32::from(x)], [2.0 * f32::from(x)])).unzip()
}

/// The part that each sample has in the gradient of the batch at `w = b = 0`.
pub(crate) fn parts_of_samples(level: Level, samples: u8) -> Result<Vec<[f32; 2]>, BatchError> {
    let (x, y) = doubled(samples);
    let objective = Objective::mean(MeanSquaredError);
    let mut tape = [Line::TAPE];
    x.iter()
        .zip(&y)
        .map(|(x, y)| {
            let mut gradient = Line::ZERO;
            Line::ZERO.gradient(level, &objective, &[*x], &[*y], &mut tape, &mut gradient)?;
            Ok(gradient.to_array().map(|of_one| of_one / f32::from(samples)))
        })
        .collect()
}

/// Goes over the samples so often, in batches in their order.
pub(crate) fn descend<R: Rule<MOMENTS>, const MOMENTS: usize>(
    level: Level,
    rule: R,
    samples: u8,
    batch: usize,
    epochs: usize,
) -> Result<Vec<Step>, BatchError> {
    let (x, y) = doubled(samples);
    let objective = Objective::mean(MeanSquaredError);
    let (mut line, mut optimizer) = (Line::ZERO, Optimizer::new(rule));
    let mut tape = vec![Line::TAPE; batch];
    let mut steps = Vec::new();
    for _ in 0..epochs {
        for (x, y) in x.chunks(batch).zip(y.chunks(batch)) {
            let mut gradient = Line::ZERO;
            let loss = line.gradient(level, &objective, x, y, &mut tape, &mut gradient)?;
            optimizer.apply(level, &mut line, &gradient);
            let x = x.as_flattened().to_vec();
            steps.push(Step { x, loss, gradient: gradient.to_array(), parameters: line.to_array() });
        }
    }
    Ok(steps)
}

/// The two numbers of a line.
trait ToArray {
    fn to_array(&self) -> [f32; 2];
}

impl ToArray for Line {
    fn to_array(&self) -> [f32; 2] {
        [self.layers.weights[0][0], self.layers.biases[0]]
    }
}

/// Runs the example; a module of tests has its other functions alone.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let level = Level::detect();
    let mut out = io::stdout();
    writeln!(out, "x = 1, 2, 3, 4, y = 2 x, w = b = 0: the parts of the samples in the gradient")?;
    writeln!(out, "{:>4}{:>10}{:>10}", "x", "of w", "of b")?;
    let parts = parts_of_samples(level, 4)?;
    for (x, [w, b]) in (1..).zip(&parts) {
        writeln!(out, "{x:>4}{w:>10}{b:>10}")?;
    }
    let [w, b] = parts.iter().fold([0.0; 2], |[w, b], part| [w + part[0], b + part[1]]);
    writeln!(out, "{:>4}{w:>10}{b:>10}", "sum")?;

    let sgd = Sgd::new(0.01);
    print(&mut out, "learning rate 0.01, all of x = 1..4 in each step", &descend(level, sgd, 4, 4, 4)?)?;
    print(&mut out, "x = 1..8 in two mini-batches", &descend(level, sgd, 8, 4, 2)?)?;
    print(&mut out, "one sample at a time, with gradient 2 (w x + b - y) x", &descend(level, sgd, 4, 1, 1)?)?;
    print(&mut out, "all of x = 1..4 with momentum 0.9", &descend(level, Momentum::new(0.01), 4, 4, 4)?)?;
    let last = descend(level, sgd, 4, 4, 2000)?.pop();
    if let Some(Step { parameters: [w, b], .. }) = last {
        writeln!(out, "\nafter 2,000 steps on all of x = 1..4: w = {w:.5}, b = {b:.5}")?;
    }
    Ok(())
}

fn print(out: &mut impl Write, title: &str, steps: &[Step]) -> io::Result<()> {
    writeln!(out, "\n{title}")?;
    writeln!(out, "{:>4}  {:<12}{:>10}{:>11}{:>11}{:>9}{:>9}", "step", "x", "J", "dJ/dw", "dJ/db", "w", "b")?;
    for (number, step) in (1..).zip(steps) {
        let names: Vec<String> = step.x.iter().map(f32::to_string).collect();
        let ([dw, db], [w, b]) = (step.gradient, step.parameters);
        let x = names.join(", ");
        writeln!(out, "{number:>4}  {x:<12}{:>10.4}{dw:>11.4}{db:>11.4}{w:>9.5}{b:>9.5}", step.loss)?;
    }
    Ok(())
}
