//! Where numbers became infinite or NaN.

use femto::activation::Activation;
use femto::layer::{Layer, TapeOf, VisitOutputs};
use femto::rows::Rows;
use femto::{Flat, Net};

use super::Place;

fn is_finite(numbers: &[f32]) -> bool {
    numbers.iter().all(|number| number.is_finite())
}

/// Where a loss that is not finite comes from: the samples of the batch, their inputs, and the tape of the step.
pub(super) fn place_of_loss<L: Layer>(samples: &[usize], inputs: &[L::In], tape: &[TapeOf<L>]) -> Place {
    let wrong = inputs.iter().position(|inputs| !is_finite(inputs.as_slice()));
    if let Some(&sample) = wrong.and_then(|row| samples.get(row)) {
        return Place::Inputs { sample };
    }
    let mut first = First(None);
    Net::<L>::visit_outputs(tape, &mut first);
    first.0.map_or(Place::Loss, |layer| Place::Outputs { layer })
}

/// Where weights are not finite: in the last layer of those, for gradients go from the last to the first.
pub(super) fn place_in_weights<L: Layer>(net: &Net<L>) -> Option<Place> {
    let mut last = None;
    net.for_each_tensor(|tensor, numbers| {
        if !is_finite(numbers) {
            last = Some(Place::Weights { layer: tensor.layer });
        }
    });
    last
}

/// The first layer with outputs that are not finite.
struct First(Option<usize>);

impl VisitOutputs for First {
    fn visit<A: Activation, Y: Flat>(&mut self, layer: usize, outputs: Rows<'_, Y>) {
        if self.0.is_none() && !outputs.iter().all(|row| is_finite(row.as_slice())) {
            self.0 = Some(layer);
        }
    }
}
