//! Logistic regression, which is a single sigmoid neuron with cross-entropy: is a handwritten digit a 3 or an 8?
//!
//! ```sh
//! cargo run --release --example logistic_regression
//! ```

use std::error::Error;
use std::io::{self, Write};

use femto::layer::Dense;
use femto::loss::BinaryCrossEntropy;
use femto::optimizer::{Optimizer, Sgd};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_std::data::{DIGITS_PIXELS, Fractions, digits, stratified_split};
use femto_std::epoch::Epochs;
use femto_std::evaluate::predict_all;
use femto_std::metrics::{ConfusionMatrix, MetricsError};

/// The sigmoid is taken by the loss; the output is a logit.
type Neuron = net![Dense<DIGITS_PIXELS, 1>];

/// How it went: images of 3 are class 0, images of 8 class 1.
pub(crate) struct Outcome {
    /// The images learnt from.
    pub(crate) train: ConfusionMatrix<2>,
    /// Other images.
    pub(crate) test: ConfusionMatrix<2>,
}

/// Trains the neuron on 70 % of the images, drawn by `seed`, and tests it with the others.
pub(crate) fn learn(level: Level, seed: u64, epochs: u32) -> Result<Outcome, Box<dyn Error>> {
    let digits = digits();
    let pair: Vec<usize> = (0..digits.len()).filter(|i| [3, 8].contains(&digits.targets()[*i])).collect();
    let pair = digits.select(&pair)?;
    let split = stratified_split(pair.targets(), Fractions::new(0.0, 0.3)?, seed)?;
    let pair = pair.map_targets(|digit| [f32::from(u8::from(digit == 8))]);
    let (train, test) = (pair.select(&split.train)?, pair.select(&split.test)?);

    // The loss has one valley, so the neuron can begin with zeros.
    let mut neuron = Neuron::ZERO;
    let mut sgd = Optimizer::new(Sgd::new(0.1));
    let mut order = Epochs::new(16, seed)?;
    for _ in 0..epochs {
        order.run(&mut neuron, level, &Objective::mean(BinaryCrossEntropy), &mut sgd, &train)?;
    }
    let count = |inputs: &[[f32; DIGITS_PIXELS]], targets: &[[f32; 1]]| -> Result<_, MetricsError> {
        let logits = predict_all(&neuron, level, inputs);
        let pairs = targets.iter().zip(&logits).map(|([target], [logit])| (*target > 0.5, *logit > 0.0));
        ConfusionMatrix::from_pairs(pairs.map(|(target, prediction)| (u8::from(target), u8::from(prediction))))
    };
    Ok(Outcome { train: count(train.inputs(), train.targets())?, test: count(test.inputs(), test.targets())? })
}

/// Runs the example; a module of tests has its other functions alone.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let Outcome { train, test } = learn(Level::detect(), 1, 50)?;
    let mut out = io::stdout();
    writeln!(
        out,
        "3 (class 0) or 8 (class 1): one neuron, {} images to train with, {} to test",
        train.total(),
        test.total()
    )?;
    writeln!(out, "\n{test}\n")?;
    writeln!(out, "training accuracy: {:.4}", train.accuracy().unwrap_or(f64::NAN))?;
    writeln!(out, "test accuracy: {:.4}", test.accuracy().unwrap_or(f64::NAN))?;
    let [three, eight] = test.scores();
    for (name, scores) in [("3", three), ("8", eight)] {
        writeln!(out, "{name}: precision {:.3}, recall {:.3}, F1 {:.3}", scores.precision, scores.recall, scores.f1)?;
    }
    Ok(())
}
