//! One training step: forward, loss, backward, and the gradient into a sink.
//!
//! A step has two phases. The first is row-local: each row goes forward, gets its loss and its deltas back to the first
//! layer. The second sums over all rows, in order, into the gradient, or into the parameters at once. Between the two
//! nothing but the tape is needed, so the parameters that the first phase reads are those of the step's beginning in
//! both routes, and both give the same bits.

mod objective;
mod phases;
mod workers;

use core::task::Poll;

pub use objective::{BatchError, Objective};
pub use workers::Workers;

use self::phases::{Batch, Losses, first_phase, second_phase, value};
use crate::flat::Flat;
use crate::layer::{Layer, Net, Pass, TapeOf};
use crate::loss::Loss;
use crate::matmul::Accumulate;
use crate::optimizer::{Optimizer, Rule};
use crate::rng::Noise;
use crate::rows::{Rows, RowsMut};
use crate::simd::{Level, VIRTUAL_LANES, dispatch};
use crate::work::{All, Slices};

impl<L: Layer> Net<L> {
    /// The objective over a batch; nothing is changed but the tape, whose rows keep the losses of the last ones. Works
    /// on as many rows at a time as there is tape; the bits do not depend on how many that is.
    ///
    /// # Errors
    /// [`BatchError`] where the batch is empty, the tape is, targets are missing, or one makes no sense.
    pub fn evaluate<T, F: Loss<T>>(
        &self,
        level: Level,
        objective: &Objective<F>,
        inputs: &[L::In],
        targets: &[T],
        tape: &mut [TapeOf<L>],
    ) -> Result<f32, BatchError> {
        check::<L, T, F>(inputs.len(), targets, if tape.is_empty() { 0 } else { inputs.len() })?;
        Ok(dispatch!(level, s => {
            let mut losses = Losses::NONE;
            // Never 0, as was checked; said again where the compiler sees it, for `chunks` would panic.
            let block = tape.len().max(1);
            for (inputs, targets) in inputs.chunks(block).zip(targets.chunks(block)) {
                let (row_losses, mut layers) = RowsMut::new(tape).split();
                self.layers.forward(s, &mut All, Pass::INFERENCE, Rows::new(inputs), layers.reborrow());
                let (y, _) = L::ends(layers);
                for ((y, target), loss) in y.into_rows().iter().zip(targets).zip(row_losses.into_iter_mut()) {
                    *loss = objective.loss.value(s, y.as_slice(), target);
                    losses.add(*loss);
                }
            }
            let (penalty, mut penalty_lanes) = (objective.penalty(), [0.0; VIRTUAL_LANES]);
            if !penalty.is_none() {
                self.layers.add_penalty(s, &mut All, penalty, &mut penalty_lanes);
            }
            losses.total(s, objective.reduction) + penalty.total(s, &penalty_lanes)
        }))
    }

    /// The objective over a batch, and its gradient added to `gradient`.
    ///
    /// A batch that is too large for the tape can be given in parts, one after the other in order, into the same
    /// gradient: with [`Objective::sum`] or [`Objective::mean_of`] the sum has the bits of the whole batch's gradient. A
    /// penalty would be added with each part: give the last part alone an objective with one. The objectives of the
    /// parts add up to that of the whole but for rounding. A non-finite loss is returned as it is.
    ///
    /// Where the network has dropout, the objective says which step this is ([`Objective::at_step`]), and of a part which
    /// rows these are ([`Objective::at_row`]).
    ///
    /// # Errors
    /// [`BatchError`]; nothing is changed then.
    ///
    /// ```
    /// use femto::layer::Dense;
    /// use femto::loss::MeanSquaredError;
    /// use femto::optimizer::{Optimizer, Sgd};
    /// use femto::train::Objective;
    /// use femto::{Flat, Level, net};
    ///
    /// type Line = net![Dense<1, 1>];
    /// let (line, mut gradient) = (Line::ZERO, Line::ZERO);
    /// let mut tape = [Line::TAPE; 4];
    /// let (x, y) = ([[1.0], [2.0], [3.0], [4.0]], [[2.0], [4.0], [6.0], [8.0]]);
    /// let objective = Objective::mean(MeanSquaredError);
    /// let loss = line.gradient(Level::detect(), &objective, &x, &y, &mut tape, &mut gradient)?;
    /// assert_eq!(loss, 30.0);
    /// assert_eq!(gradient.as_slice(), [-30.0, -10.0]);
    ///
    /// // The same in two parts, on a tape for the larger one; then a step with it.
    /// let (mut in_parts, mut net) = (Line::ZERO, line.clone());
    /// let part = Objective::mean_of(MeanSquaredError, 4);
    /// line.gradient(Level::detect(), &part, &x[..3], &y[..3], &mut tape[..3], &mut in_parts)?;
    /// line.gradient(Level::detect(), &part, &x[3..], &y[3..], &mut tape[..3], &mut in_parts)?;
    /// assert_eq!(in_parts, gradient);
    /// Optimizer::new(Sgd::new(0.01)).apply(Level::detect(), &mut net, &in_parts);
    /// # Ok::<(), femto::train::BatchError>(())
    /// ```
    pub fn gradient<T, F: Loss<T>>(
        &self,
        level: Level,
        objective: &Objective<F>,
        inputs: &[L::In],
        targets: &[T],
        tape: &mut [TapeOf<L>],
        gradient: &mut Self,
    ) -> Result<f32, BatchError> {
        let mut batch = batch::<L, T, F>(inputs, targets, tape)?;
        Ok(dispatch!(level, s => {
            let mut penalty_lanes = [0.0; VIRTUAL_LANES];
            let pass = Pass::training(objective.noise);
            first_phase(s, &mut All, self, objective, pass, &mut batch, &mut penalty_lanes);
            second_phase(s, &mut All, &batch, Accumulate::part(gradient, self, objective.penalty()));
            value::<_, L, F>(s, objective, batch.tape, &penalty_lanes)
        }))
    }

    /// One step of an optimizer on a batch, in place: each piece of the gradient changes the parameters the moment it
    /// is finished, and no gradient is stored. Returns the objective before the step.
    ///
    /// The bits are those of [`Self::gradient`] into a zero gradient followed by [`Optimizer::apply`]. A batch of one
    /// row is stochastic gradient descent, a batch of all rows plain gradient descent. A non-finite loss is returned as
    /// it is, and the step is made. Where the network has dropout, the number of the step is that of the optimizer,
    /// whatever the objective says.
    ///
    /// # Errors
    /// [`BatchError`]; nothing is changed then.
    ///
    /// ```
    /// use femto::layer::Dense;
    /// use femto::loss::MeanSquaredError;
    /// use femto::optimizer::{Optimizer, Sgd};
    /// use femto::train::Objective;
    /// use femto::{Flat, Level, net};
    ///
    /// type Line = net![Dense<1, 1>];
    /// let mut line = Line::ZERO;
    /// let mut sgd = Optimizer::new(Sgd::new(0.01));
    /// let mut tape = [Line::TAPE; 4];
    /// let (x, y) = ([[1.0], [2.0], [3.0], [4.0]], [[2.0], [4.0], [6.0], [8.0]]);
    /// line.step(Level::detect(), &Objective::mean(MeanSquaredError), &x, &y, &mut tape, &mut sgd)?;
    /// let [w, b] = [line.as_slice()[0], line.as_slice()[1]];
    /// assert!((w - 0.3).abs() < 1e-6 && (b - 0.1).abs() < 1e-6);
    /// # Ok::<(), femto::train::BatchError>(())
    /// ```
    pub fn step<T, F: Loss<T>, R: Rule<MOMENTS>, const MOMENTS: usize>(
        &mut self,
        level: Level,
        objective: &Objective<F>,
        inputs: &[L::In],
        targets: &[T],
        tape: &mut [TapeOf<L>],
        optimizer: &mut Optimizer<Self, R, MOMENTS>,
    ) -> Result<f32, BatchError> {
        let mut batch = batch::<L, T, F>(inputs, targets, tape)?;
        Ok(dispatch!(level, s => {
            let mut penalty_lanes = [0.0; VIRTUAL_LANES];
            let pass = Pass::training(Noise { step: optimizer.steps(), ..objective.noise });
            first_phase(s, &mut All, self, objective, pass, &mut batch, &mut penalty_lanes);
            second_phase(s, &mut All, &batch, optimizer.sink(self, objective.penalty()));
            value::<_, L, F>(s, objective, batch.tape, &penalty_lanes)
        }))
    }

    /// [`Self::step`] in slices: does a part of the step and returns [`Poll::Pending`] until it is complete, then the
    /// objective before the step. The bits are those of one go.
    ///
    /// The weights change during the last slices only, those that sum the gradient; from then on predictions of this
    /// network are of no use until the step is complete.
    ///
    /// # Errors
    /// [`BatchError`]; nothing is changed then.
    ///
    /// ```
    /// use core::task::Poll;
    /// use femto::layer::Dense;
    /// use femto::loss::MeanSquaredError;
    /// use femto::optimizer::{Optimizer, Sgd};
    /// use femto::train::Objective;
    /// use femto::work::Slices;
    /// use femto::{Flat, Level, net};
    ///
    /// type Line = net![Dense<1, 1>];
    /// let mut line = Line::ZERO;
    /// let mut sgd = Optimizer::new(Sgd::new(0.01));
    /// let mut tape = [Line::TAPE; 4];
    /// let (x, y) = ([[1.0], [2.0], [3.0], [4.0]], [[2.0], [4.0], [6.0], [8.0]]);
    /// let objective = Objective::mean(MeanSquaredError);
    /// let mut slices = Slices::new(Level::detect(), 4);
    /// let loss = loop {
    ///     match line.step_slice(&mut slices, &objective, &x, &y, &mut tape, &mut sgd)? {
    ///         Poll::Ready(loss) => break loss,
    ///         Poll::Pending => {} // time for other things
    ///     }
    /// };
    /// assert_eq!(loss, 30.0);
    /// # Ok::<(), femto::train::BatchError>(())
    /// ```
    pub fn step_slice<T, F: Loss<T>, R: Rule<MOMENTS>, const MOMENTS: usize>(
        &mut self,
        slices: &mut Slices,
        objective: &Objective<F>,
        inputs: &[L::In],
        targets: &[T],
        tape: &mut [TapeOf<L>],
        optimizer: &mut Optimizer<Self, R, MOMENTS>,
    ) -> Result<Poll<f32>, BatchError> {
        let mut batch = batch::<L, T, F>(inputs, targets, tape)?;
        let mut part = slices.begin();
        Ok(dispatch!(slices.level, s => {
            let pass = Pass::training(Noise { step: optimizer.steps(), ..objective.noise });
            first_phase(s, &mut part, self, objective, pass, &mut batch, &mut slices.penalty_lanes);
            // The rule's constants for a step are in no budget: a thousand instructions for Adam on a small processor, some
            // ten thousand for NAdam.
            if !part.is_spent() {
                second_phase(s, &mut part, &batch, optimizer.sink_of_next(self, objective.penalty()));
            }
            if slices.end(part) {
                optimizer.count_step();
                Poll::Ready(value::<_, L, F>(s, objective, batch.tape, &slices.penalty_lanes))
            } else {
                Poll::Pending
            }
        }))
    }
}

/// The batch with as many rows of tape as it has, if it fits.
#[inline]
fn batch<'a, L: Layer, T, F: Loss<T>>(
    inputs: &'a [L::In],
    targets: &'a [T],
    tape: &'a mut [TapeOf<L>],
) -> Result<Batch<'a, L, T>, BatchError> {
    check::<L, T, F>(inputs.len(), targets, tape.len())?;
    Ok(Batch { inputs, targets, tape: tape.get_mut(..inputs.len()).unwrap_or_default() })
}

/// Refuses a batch that does not fit, before anything is changed.
fn check<L: Layer, T, F: Loss<T>>(inputs: usize, targets: &[T], tape: usize) -> Result<(), BatchError> {
    if inputs == 0 {
        return Err(BatchError::Empty);
    }
    if inputs != targets.len() {
        return Err(BatchError::Targets { inputs, targets: targets.len() });
    }
    if tape < inputs {
        return Err(BatchError::Tape { inputs, tape });
    }
    let outputs = L::Out::LEN;
    match targets.iter().position(|target| !F::accepts(target, outputs)) {
        Some(row) => Err(BatchError::Target { row, outputs }),
        None => Ok(()),
    }
}
