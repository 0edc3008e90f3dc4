//! What goes on inside a network while it learns: gradients, outputs, dead and saturated units, layer by layer.

use std::fmt;

use femto::activation::{Activation, backward_slice, forward_slice};
use femto::layer::{Layer, VisitOutputs};
use femto::loss::{Loss, Reduction};
use femto::rows::Rows;
use femto::train::Objective;
use femto::vector;
use femto::{Flat, Level, Net};

use crate::data::Dataset;
use crate::epoch::{EpochError, Gathered, check_set};
use crate::heap::boxed;

/// Rows that are looked at a time.
const ROWS: usize = 64;

/// A unit is saturated where the slope of its activation is below this part of the largest.
const SATURATED_SLOPE: f32 = 0.05;

/// How a layer does, over the samples that were looked at. Norms are Euclidean, in the unit of what they are of: of
/// parameters, of the loss for each of their units, of outputs.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LayerDiagnosis {
    /// The number of the layer, from 0 up.
    pub layer: usize,
    /// How many units it has.
    pub units: usize,
    /// The norm of its weights and biases; 0 where it has none.
    pub parameter_norm: f64,
    /// The norm of their gradient.
    pub gradient_norm: f64,
    /// How many weights and biases.
    pub parameters: usize,
    /// The norm of its outputs for a sample, the root of the mean square over the samples.
    pub output_norm: f64,
    /// The mean of its outputs.
    pub mean: f64,
    /// The standard deviation of its outputs.
    pub deviation: f64,
    /// The share of units that were 0 for all samples; none where the activation has no side on which it is flat and 0, as
    /// [`Relu`](femto::activation::Relu) has.
    pub dead: Option<f64>,
    /// The share of outputs whose slope is below a twentieth of the activation's largest; none where the activation does
    /// not flatten out, as [`Sigmoid`](femto::activation::Sigmoid) and [`Tanh`](femto::activation::Tanh) do.
    pub saturated: Option<f64>,
}

/// How a network does on some samples; [`diagnose`] makes it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The run, from 0 up; 0 outside of a trainer.
    pub run: u32,
    /// Steps that were made before; 0 outside of a trainer.
    pub step: u32,
    /// The layers, the first one first.
    pub layers: Vec<LayerDiagnosis>,
}

/// What is wrong with a layer. Displays as a sentence with a remedy. The limits are rules of thumb of this crate, from
/// no paper.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Its gradient, for each parameter, is less than a thousandth of that of a later layer.
    Vanishing {
        /// The layer.
        layer: usize,
        /// The root of the mean square of its gradient, by the largest of later layers.
        ratio: f64,
    },
    /// Its gradient is more than a hundred times as long as its parameters, or not finite.
    Exploding {
        /// The layer.
        layer: usize,
        /// The norm of the gradient by that of the parameters.
        ratio: f64,
    },
    /// More than a third of its units is dead.
    Dead {
        /// The layer.
        layer: usize,
        /// Their share.
        share: f64,
    },
    /// More than half of its outputs is saturated.
    Saturated {
        /// The layer.
        layer: usize,
        /// Their share.
        share: f64,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vanishing { layer, ratio } => write!(
                formatter,
                "the gradient vanishes on its way to layer {layer}, where it is {ratio:.1e} of that of a later layer: use \
                 ReLU, He or Glorot initial weights, or fewer layers"
            ),
            Self::Exploding { layer, ratio } if !ratio.is_finite() => {
                write!(
                    formatter,
                    "the gradient of layer {layer} is not finite: use a smaller learning rate or clip gradients"
                )
            }
            Self::Exploding { layer, ratio } => write!(
                formatter,
                "the gradient of layer {layer} explodes: it is {ratio:.1e} times as long as the parameters; scale inputs \
                 and targets, clip gradients, or use a smaller learning rate"
            ),
            Self::Dead { layer, share } => write!(
                formatter,
                "{:.0} % of the units of layer {layer} are dead, 0 for every sample: use a smaller learning rate, He \
                 initial weights, or LeakyRelu",
                100.0 * share
            ),
            Self::Saturated { layer, share } => write!(
                formatter,
                "{:.0} % of the outputs of layer {layer} are saturated, where the slope is near 0: use smaller initial \
                 weights, standardise the inputs, or use ReLU",
                100.0 * share
            ),
        }
    }
}

impl Diagnosis {
    /// What is wrong, layer by layer; nothing where all is well.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let size = |layer: &LayerDiagnosis| layer.gradient_norm / (layer.parameters as f64).sqrt();
        let mut warnings = Vec::new();
        for (index, of) in self.layers.iter().enumerate() {
            let layer = of.layer;
            if of.parameters > 0 {
                let later = self.layers[index + 1..].iter().filter(|layer| layer.parameters > 0);
                let ratio = size(of) / later.map(size).fold(0.0, f64::max);
                if ratio < 1e-3 {
                    warnings.push(Warning::Vanishing { layer, ratio });
                }
                let ratio = of.gradient_norm / of.parameter_norm;
                if !of.gradient_norm.is_finite() || (of.parameter_norm > 0.0 && ratio > 100.0) {
                    warnings.push(Warning::Exploding { layer, ratio });
                }
            }
            if let Some(share) = of.dead
                && share > 1.0 / 3.0
            {
                warnings.push(Warning::Dead { layer, share });
            }
            if let Some(share) = of.saturated
                && share > 0.5
            {
                warnings.push(Warning::Saturated { layer, share });
            }
        }
        warnings
    }
}

/// Looks at a network on up to `samples` samples of a set, evenly spread, as a training step would see them.
///
/// Nothing is changed. Gradients are those of the objective over these samples without its penalty, outputs those of
/// the same pass, with dropout where the network has some. Allocates a gradient and a tape of up to 64 rows.
///
/// # Errors
///
/// [`EpochError::NoSamples`] for an empty set or 0 samples, and [`EpochError::Set`] where a target makes no sense for the
/// network.
///
/// ```
/// use femto::activation::Relu;
/// use femto::init::Init;
/// use femto::layer::Dense;
/// use femto::loss::CrossEntropy;
/// use femto::train::Objective;
/// use femto::{Flat, Level};
/// use femto_std::data::digits;
/// use femto_std::trainer::diagnose;
///
/// type Digits = femto::net![Dense<64, 32, Relu>, Dense<32, 10>];
/// let mut net = Digits::ZERO;
/// net.init(Init::HeUniform, 1);
/// let diagnosis = diagnose(&net, Level::detect(), &Objective::mean(CrossEntropy), &digits(), 256)?;
/// assert!(diagnosis.warnings().is_empty());
///
/// net.layers.head.biases = [-100.0; 32];
/// let diagnosis = diagnose(&net, Level::detect(), &Objective::mean(CrossEntropy), &digits(), 256)?;
/// assert_eq!(diagnosis.layers[0].dead, Some(1.0));
/// println!("{}", diagnosis.warnings()[0]);
/// # Ok::<(), femto_std::epoch::EpochError>(())
/// ```
pub fn diagnose<L: Layer, T: Clone, F: Loss<T>>(
    net: &Net<L>,
    level: Level,
    objective: &Objective<F>,
    set: &Dataset<L::In, T>,
    samples: usize,
) -> Result<Diagnosis, EpochError> {
    check_set::<L, T, F>(set)?;
    let count = samples.min(set.len());
    if count == 0 {
        return Err(EpochError::NoSamples);
    }
    // In 128 bits, for the product of two lengths.
    let spread = |i: usize| (i as u128 * set.len() as u128 / count as u128) as usize;
    let picked: Vec<usize> = (0..count).map(spread).collect();
    let reduction = match objective.reduction {
        Reduction::Mean => Reduction::MeanOf(count),
        other => other,
    };
    let (mut gathered, mut gradient) = (Gathered::<L, T>::new(), boxed::<Net<L>>());
    let mut seen = Seen { level, layers: Vec::new() };
    for (part, samples) in picked.chunks(ROWS).enumerate() {
        let first = part * ROWS;
        // What comes back through the layers; a penalty would hide that nothing does.
        let objective = Objective { reduction, l1: 0.0, l2: 0.0, ..*objective }.at_row(first as u32);
        let batch = gathered.gather(set, samples, ROWS.min(count));
        net.gradient(level, &objective, batch.inputs, batch.targets, batch.tape, &mut gradient)
            .map_err(EpochError::Set)?;
        Net::<L>::visit_outputs(gathered.tape(), &mut seen);
    }
    Ok(Diagnosis { run: 0, step: 0, layers: layers_of(level, net, &gradient, &seen) })
}

/// What was seen of each layer, with what its tensors say.
fn layers_of<L: Layer>(level: Level, net: &Net<L>, gradient: &Net<L>, seen: &Seen) -> Vec<LayerDiagnosis> {
    let mut layers: Vec<_> = seen.layers.iter().map(SeenLayer::diagnosis).collect();
    let gradient = gradient.as_slice();
    net.for_each_tensor(|tensor, numbers| {
        if let (Some(of), Some(gradient)) = (layers.get_mut(tensor.layer), gradient.get(tensor.range())) {
            // The norm of norms.
            let with = |norm: f64, of: &[f32]| norm.hypot(f64::from(vector::norm(level, of)));
            of.parameter_norm = with(of.parameter_norm, numbers);
            of.gradient_norm = with(of.gradient_norm, gradient);
            of.parameters += numbers.len();
        }
    });
    layers
}

/// What kind of activation it is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Flat and 0 on one side.
    Rectifier,
    /// Flattens out; with its largest slope.
    Saturating(f32),
    Other,
}

impl Kind {
    fn of<A: Activation>(level: Level) -> Self {
        // From far left over 0 to the right.
        let mut outputs = [-1000.0, -1.0, 0.0, 1.0];
        forward_slice(level, A::default(), &mut outputs);
        let mut slopes = [1.0; 4];
        backward_slice(level, A::default(), &outputs, &mut slopes);
        let [far, left, middle, right] = slopes;
        let largest = middle.max(right).max(left);
        if left == 0.0 && right > 0.0 && outputs[1] == 0.0 {
            Self::Rectifier
        } else if far < 1e-6 * largest {
            Self::Saturating(largest)
        } else {
            Self::Other
        }
    }
}

#[derive(Debug)]
struct SeenLayer {
    layer: usize,
    kind: Kind,
    outputs: usize,
    sum: f64,
    squares: f64,
    saturated: usize,
    /// Which units were ever other than 0.
    is_alive: Vec<bool>,
}

impl SeenLayer {
    fn diagnosis(&self) -> LayerDiagnosis {
        let count = self.outputs.max(1) as f64;
        let mean = self.sum / count;
        let units = self.is_alive.len();
        let dead = || self.is_alive.iter().filter(|is_alive| !**is_alive).count() as f64 / units.max(1) as f64;
        LayerDiagnosis {
            layer: self.layer,
            units,
            parameter_norm: 0.0,
            gradient_norm: 0.0,
            parameters: 0,
            output_norm: (self.squares / count * units as f64).sqrt(),
            mean,
            deviation: (self.squares / count - mean * mean).max(0.0).sqrt(),
            dead: matches!(self.kind, Kind::Rectifier).then(dead),
            saturated: matches!(self.kind, Kind::Saturating(_)).then(|| self.saturated as f64 / count),
        }
    }
}

struct Seen {
    level: Level,
    layers: Vec<SeenLayer>,
}

impl VisitOutputs for Seen {
    fn visit<A: Activation, Y: Flat>(&mut self, layer: usize, outputs: Rows<'_, Y>) {
        if layer == self.layers.len() {
            let (kind, is_alive) = (Kind::of::<A>(self.level), vec![false; Y::LEN]);
            self.layers.push(SeenLayer { layer, kind, outputs: 0, sum: 0.0, squares: 0.0, saturated: 0, is_alive });
        }
        let Some(seen) = self.layers.get_mut(layer) else { return };
        let mut slopes = vec![0.0; Y::LEN];
        for row in outputs.iter() {
            let row = row.as_slice();
            seen.outputs += row.len();
            seen.sum += row.iter().map(|y| f64::from(*y)).sum::<f64>();
            seen.squares += row.iter().map(|y| f64::from(*y) * f64::from(*y)).sum::<f64>();
            for (is_alive, y) in seen.is_alive.iter_mut().zip(row) {
                *is_alive |= *y != 0.0;
            }
            if let Kind::Saturating(largest) = seen.kind {
                slopes.fill(1.0);
                backward_slice(self.level, A::default(), row, &mut slopes);
                seen.saturated += slopes.iter().filter(|slope| **slope < SATURATED_SLOPE * largest).count();
            }
        }
    }
}
