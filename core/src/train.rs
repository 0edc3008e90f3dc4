//! One training step: forward, loss, backward, and the gradient into a sink.
//!
//! A step has two phases. The first is row-local: each row goes forward, gets its loss and its deltas back to the first
//! layer. The second sums over all rows, in order, into the gradient, or into the parameters at once. Between the two
//! nothing but the tape is needed, so the parameters that the first phase reads are those of the step's beginning in
//! both routes, and both give the same bits.

use core::fmt;

use crate::activation::Activation;
use crate::flat::Flat;
use crate::layer::{Layer, Net, TapeOf};
use crate::loss::{Loss, Reduction};
use crate::matmul::{Accumulate, Sink, SinkPart};
use crate::optimizer::{Optimizer, Rule};
use crate::rows::{Rows, RowsMut};
use crate::simd::{self, Level, Simd, VIRTUAL_LANES, dispatch};

/// What is minimised: the loss of a batch, and a penalty on the weights, `J = L + l2/2 * sum w^2`.
///
/// ```
/// use femto::loss::CrossEntropy;
/// use femto::train::Objective;
///
/// let plain = Objective::mean(CrossEntropy);
/// let decayed = Objective { l2: 1e-4, ..plain };
/// assert_eq!(plain.l2, 0.0);
/// # let _ = decayed;
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Objective<F> {
    /// The loss of a row.
    pub loss: F,
    /// How rows become one number.
    pub reduction: Reduction,
    /// The factor of the penalty on weights (biases are free); 0 is none.
    pub l2: f32,
}

impl<F> Objective<F> {
    /// The mean loss of the rows, without penalty.
    #[must_use]
    pub const fn mean(loss: F) -> Self {
        Self { loss, reduction: Reduction::Mean, l2: 0.0 }
    }

    /// The summed loss of the rows, without penalty.
    #[must_use]
    pub const fn sum(loss: F) -> Self {
        Self { loss, reduction: Reduction::Sum, l2: 0.0 }
    }
}

/// A batch that cannot be learnt from. Nothing is changed then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BatchError {
    /// There is no row.
    Empty,
    /// Inputs and targets differ in number.
    Targets {
        /// Rows of inputs.
        inputs: usize,
        /// Targets.
        targets: usize,
    },
    /// The tape has fewer rows than the batch.
    Tape {
        /// Rows of inputs.
        inputs: usize,
        /// Rows of tape.
        tape: usize,
    },
    /// A target makes no sense for the network: a class that has no output.
    Target {
        /// The row.
        row: usize,
        /// Outputs of the network.
        outputs: usize,
    },
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the batch has no row"),
            Self::Targets { inputs, targets } => {
                write!(f, "the batch has {inputs} rows of inputs but {targets} targets; give one target for each row")
            }
            Self::Tape { inputs, tape } => {
                write!(f, "the batch has {inputs} rows but the tape only {tape}; give a longer tape or a smaller batch")
            }
            Self::Target { row, outputs } => {
                write!(f, "the target of row {row} does not fit the {outputs} outputs; classes count from 0")
            }
        }
    }
}

impl core::error::Error for BatchError {}

impl<L: Layer> Net<L> {
    /// The objective over a batch; nothing is changed but the tape, whose rows keep the losses of the last ones. Works on
    /// as many rows at a time as there is tape; the bits do not depend on how many that is.
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
                self.layers.forward(s, Rows::new(inputs), layers.reborrow());
                let (y, _) = L::ends(layers);
                for ((y, target), loss) in y.into_rows().iter().zip(targets).zip(row_losses.into_iter_mut()) {
                    *loss = objective.loss.value(s, y.as_slice(), target);
                    losses.add(*loss);
                }
            }
            losses.total(s, objective.reduction) + penalty(s, self, objective.l2)
        }))
    }

    /// The objective over a batch, and its gradient added to `gradient`.
    ///
    /// With [`Reduction::Sum`] and no penalty the gradients of several batches add up to the bits of the one large batch
    /// (a penalty would be added with each). A non-finite loss is returned as it is.
    ///
    /// # Errors
    /// [`BatchError`]; nothing is changed then.
    ///
    /// ```
    /// use femto::layer::Dense;
    /// use femto::loss::MeanSquaredError;
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
        check::<L, T, F>(inputs.len(), targets, tape.len())?;
        let tape = tape.get_mut(..inputs.len()).unwrap_or_default();
        Ok(dispatch!(level, s => {
            let value = self.first_phase(s, objective, inputs, targets, tape);
            second_phase(s, inputs, tape, Accumulate::part(gradient, self, objective.l2));
            value
        }))
    }

    /// One step of an optimizer on a batch, in place: each piece of the gradient changes the parameters the moment it
    /// is finished, and no gradient is stored. Returns the objective before the step.
    ///
    /// The bits are those of [`Self::gradient`] into a zero gradient followed by [`Optimizer::apply`]. A batch of one
    /// row is stochastic gradient descent, a batch of all rows plain gradient descent. A non-finite loss is returned as
    /// it is, and the step is made.
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
        check::<L, T, F>(inputs.len(), targets, tape.len())?;
        let tape = tape.get_mut(..inputs.len()).unwrap_or_default();
        Ok(dispatch!(level, s => {
            let value = self.first_phase(s, objective, inputs, targets, tape);
            second_phase(s, inputs, tape, optimizer.sink(self, objective.l2));
            value
        }))
    }

    /// The row-local half of a step: outputs, losses and deltas of all rows into the tape. Returns the objective.
    #[inline(always)]
    fn first_phase<S: Simd, T, F: Loss<T>>(
        &self,
        s: S,
        objective: &Objective<F>,
        inputs: &[L::In],
        targets: &[T],
        tape: &mut [TapeOf<L>],
    ) -> f32 {
        let rows = inputs.len();
        let scale = match objective.reduction {
            Reduction::Mean => 1.0 / rows as f32,
            Reduction::Sum => 1.0,
        };
        let (losses, mut layers) = RowsMut::new(tape).split();
        self.layers.forward(s, Rows::new(inputs), layers.reborrow());
        let mut total = Losses::NONE;
        let (y, delta) = L::ends(layers.reborrow());
        let outputs = y.into_rows().iter().zip(delta.into_iter_mut());
        for (((y, delta), target), loss) in outputs.zip(targets).zip(losses.into_iter_mut()).take(rows) {
            let (y, delta) = (y.as_slice(), delta.as_mut_slice());
            *loss = objective.loss.gradient(s, y, target, scale, delta);
            total.add(*loss);
            if !L::Activation::IS_IDENTITY {
                simd::zip(
                    s,
                    delta,
                    [y],
                    #[inline(always)]
                    |d, [y]| L::Activation::backward(s, y, d),
                );
            }
        }
        self.layers.backward(s, layers);
        total.total(s, objective.reduction) + penalty(s, self, objective.l2)
    }
}

/// The half of a step that sums over rows: the gradient of all layers into the sink.
#[inline(always)]
fn second_phase<S: Simd, L: Layer, K: Sink>(s: S, inputs: &[L::In], tape: &[TapeOf<L>], part: SinkPart<'_, K, Net<L>>) {
    let (_losses, layers) = Rows::new(tape).split();
    let (part, _) = part.split();
    L::gradient(s, Rows::new(inputs), layers, part);
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

/// `l2 / 2 * sum w^2`; exactly 0 where there is no penalty, whatever the weights are.
#[inline(always)]
fn penalty<S: Simd, L: Layer>(s: S, net: &Net<L>, l2: f32) -> f32 {
    if l2 == 0.0 { 0.0 } else { 0.5 * l2 * net.layers.sum_of_squares(s) }
}

/// The losses of rows, summed in 16 virtual lanes by the number of the row.
struct Losses {
    lanes: [f32; VIRTUAL_LANES],
    rows: usize,
}

impl Losses {
    const NONE: Self = Self { lanes: [0.0; VIRTUAL_LANES], rows: 0 };

    #[inline(always)]
    fn add(&mut self, loss: f32) {
        self.lanes[self.rows % VIRTUAL_LANES] += loss;
        self.rows += 1;
    }

    #[inline(always)]
    fn total<S: Simd>(self, s: S, reduction: Reduction) -> f32 {
        let sum = simd::sum(s, &self.lanes);
        match reduction {
            Reduction::Mean => sum / self.rows as f32,
            Reduction::Sum => sum,
        }
    }
}
