//! Looking at what layers put out.

use crate::activation::Activation;
use crate::flat::Flat;
use crate::rows::Rows;

/// Somebody who looks at the outputs of layers: for diagnosis, and for whoever wants to see inside.
///
/// ```
/// use femto::activation::{Activation, Relu};
/// use femto::layer::{Dense, VisitOutputs};
/// use femto::loss::MeanSquaredError;
/// use femto::rows::Rows;
/// use femto::train::Objective;
/// use femto::{Flat, Level, net};
///
/// type Small = net![Dense<1, 3, Relu>, Dense<3, 1>];
///
/// /// How many outputs of each layer are 0.
/// struct Zeros(Vec<usize>);
///
/// impl VisitOutputs for Zeros {
///     fn visit<A: Activation, Y: Flat>(&mut self, _layer: usize, outputs: Rows<'_, Y>) {
///         let numbers = outputs.iter().flat_map(Flat::as_slice);
///         self.0.push(numbers.filter(|y| **y == 0.0).count());
///     }
/// }
///
/// let mut small = Small::ZERO;
/// small.layers.head.weights = [[1.0, -1.0, 2.0]];
/// let mut tape = [Small::TAPE; 2];
/// small.evaluate(Level::detect(), &Objective::mean(MeanSquaredError), &[[1.0], [-1.0]], &[[0.0]; 2], &mut tape)?;
/// let mut zeros = Zeros(Vec::new());
/// Small::visit_outputs(&tape, &mut zeros);
/// assert_eq!(zeros.0, [3, 2]); // -1, then 1 and 2 are rectified; the second layer has no weights yet
/// # Ok::<(), femto::train::BatchError>(())
/// ```
pub trait VisitOutputs {
    /// Takes the outputs of layer `layer`, counted from 0, which activation `A` made: a row for each row of the batch.
    fn visit<A: Activation, Y: Flat>(&mut self, layer: usize, outputs: Rows<'_, Y>);
}
