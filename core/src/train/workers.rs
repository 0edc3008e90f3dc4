//! A training step divided among workers that run at the same time, with the bits of one that runs alone.
//!
//! The first phase is divided by rows of the batch, the second by rows of the weights: every number has one worker, who
//! computes it as a lone one would. Between the phases all wait for each other, once. There is no gradient of each
//! worker and no sum over workers. The value of a penalty is computed between the phases by the caller alone.

use super::phases::{Batch, first_phase, second_phase, value};
use super::{BatchError, Objective, batch};
use crate::layer::{Layer, Net, Pass, TapeOf};
use crate::loss::{Loss, Reduction};
use crate::matmul::{Accumulate, Sink, SinkPart};
use crate::optimizer::{Optimizer, Rule};
use crate::simd::{Level, VIRTUAL_LANES, dispatch};
use crate::work::All;

/// Who does the work of a step: threads, the cores of a microcontroller, or the caller alone, which is what a [`Level`]
/// stands for.
///
/// The bits of a result do not depend on the implementation, as long as it runs every job: whose job it is, and when it
/// is run, is nowhere looked at.
///
/// ```
/// use femto::Level;
/// use femto::train::Workers;
///
/// /// A thread for each share; a pool of threads is faster.
/// struct Threads(Level);
///
/// impl Workers for &Threads {
///     fn level(self) -> Level {
///         self.0
///     }
///     fn shares(self, multiply_accumulates: usize) -> usize {
///         if multiply_accumulates < 10_000_000 { 1 } else { 4 }
///     }
///     fn run<J: Send>(self, jobs: impl ExactSizeIterator<Item = J>, work: impl Fn(J) + Sync) {
///         std::thread::scope(|scope| {
///             for job in jobs {
///                 let work = &work;
///                 scope.spawn(move || work(job));
///             }
///         });
///     }
/// }
/// # let _ = &Threads(Level::detect());
/// ```
pub trait Workers: Copy + Send + Sync {
    /// There is never more than one share, so that no code for others is compiled.
    const ALONE: bool = false;

    /// What the work is done with.
    fn level(self) -> Level;

    /// Into how many shares work of so many multiply-accumulates is divided; 0 and 1 mean that the caller does it alone.
    fn shares(self, multiply_accumulates: usize) -> usize;

    /// Calls `work` with every job, in any order and on any thread, and returns when all calls have.
    ///
    /// A job that is not run, or that a panic of the implementation ends, leaves a step that is counted and half made.
    fn run<J: Send>(self, jobs: impl ExactSizeIterator<Item = J>, work: impl Fn(J) + Sync);

    /// Calls `steps`, in which [`Self::run`] will be called again and again: workers may stay awake in between.
    fn attend<R: Send>(self, steps: impl FnOnce() -> R + Send) -> R {
        steps()
    }
}

impl Workers for Level {
    const ALONE: bool = true;

    #[inline(always)]
    fn level(self) -> Level {
        self
    }

    #[inline(always)]
    fn shares(self, _multiply_accumulates: usize) -> usize {
        1
    }

    #[inline(always)]
    fn run<J: Send>(self, jobs: impl ExactSizeIterator<Item = J>, work: impl Fn(J) + Sync) {
        jobs.for_each(work);
    }
}

impl<L: Layer> Net<L> {
    /// [`Self::step`] by workers, with the same bits.
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
    /// // A level is a worker who is alone; femto-std has threads.
    /// let loss = line.step_on(Level::detect(), &Objective::mean(MeanSquaredError), &x, &y, &mut tape, &mut sgd)?;
    /// assert_eq!(loss, 30.0);
    /// # Ok::<(), femto::train::BatchError>(())
    /// ```
    pub fn step_on<W, T, F, R, const MOMENTS: usize>(
        &mut self,
        workers: W,
        objective: &Objective<F>,
        inputs: &[L::In],
        targets: &[T],
        tape: &mut [TapeOf<L>],
        optimizer: &mut Optimizer<Self, R, MOMENTS>,
    ) -> Result<f32, BatchError>
    where
        W: Workers,
        T: Sync,
        F: Loss<T> + Sync,
        R: Rule<MOMENTS>,
    {
        // A constant, so that nothing else is compiled for those who are alone.
        if W::ALONE {
            return self.step(workers.level(), objective, inputs, targets, tape, optimizer);
        }
        let shares = workers.shares(work_of::<L>(inputs.len()));
        if shares < 2 {
            return self.step(workers.level(), objective, inputs, targets, tape, optimizer);
        }
        let mut batch = batch::<L, T, F>(inputs, targets, tape)?;
        let penalty = workers.attend(|| {
            let objective = objective.at_step(optimizer.steps());
            let penalty = run_rows(workers, shares, self, &objective, &mut batch);
            run_gradient(workers, shares, &batch, optimizer.sink(self, objective.penalty()));
            penalty
        });
        let tape = &*batch.tape;
        Ok(dispatch!(workers.level(), s => value::<_, L, F>(s, objective, tape, &penalty)))
    }

    /// [`Self::gradient`] by workers, with the same bits.
    ///
    /// # Errors
    /// [`BatchError`]; nothing is changed then.
    pub fn gradient_on<W, T, F>(
        &self,
        workers: W,
        objective: &Objective<F>,
        inputs: &[L::In],
        targets: &[T],
        tape: &mut [TapeOf<L>],
        gradient: &mut Self,
    ) -> Result<f32, BatchError>
    where
        W: Workers,
        T: Sync,
        F: Loss<T> + Sync,
    {
        if W::ALONE {
            return self.gradient(workers.level(), objective, inputs, targets, tape, gradient);
        }
        let shares = workers.shares(work_of::<L>(inputs.len()));
        if shares < 2 {
            return self.gradient(workers.level(), objective, inputs, targets, tape, gradient);
        }
        let mut batch = batch::<L, T, F>(inputs, targets, tape)?;
        let penalty = workers.attend(|| {
            let penalty = run_rows(workers, shares, self, objective, &mut batch);
            run_gradient(workers, shares, &batch, Accumulate::part(gradient, self, objective.penalty()));
            penalty
        });
        let tape = &*batch.tape;
        Ok(dispatch!(workers.level(), s => value::<_, L, F>(s, objective, tape, &penalty)))
    }
}

/// The multiply-accumulates of a step on so many rows, each of which goes through the weights about three times: forward,
/// back, and into the gradient.
#[inline(always)]
const fn work_of<L: Layer>(rows: usize) -> usize {
    L::MULTIPLY_ACCUMULATES.saturating_mul(3).saturating_mul(rows)
}

/// The first phase, each share some of the rows, and the lanes of the penalty.
fn run_rows<L: Layer, T: Sync, F: Loss<T> + Sync>(
    workers: impl Workers,
    shares: usize,
    net: &Net<L>,
    objective: &Objective<F>,
    batch: &mut Batch<'_, L, T>,
) -> [f32; VIRTUAL_LANES] {
    let (level, rows, penalty) = (workers.level(), batch.inputs.len(), objective.penalty());
    // A part's mean is that of the whole; the penalty is counted once.
    let reduction = match objective.reduction {
        Reduction::Mean => Reduction::MeanOf(rows),
        other => other,
    };
    let objective = Objective { reduction, l1: 0.0, l2: 0.0, ..*objective };
    let block = rows.div_ceil(shares.max(1)).max(1);
    let blocks = batch.inputs.chunks(block).zip(batch.targets.chunks(block)).zip(batch.tape.chunks_mut(block));
    workers.run(blocks.enumerate(), |(index, ((inputs, targets), tape))| {
        let mut batch = Batch { inputs, targets, tape };
        let pass = Pass::training(objective.noise).behind_rows(index.saturating_mul(block));
        dispatch!(level, s => first_phase(s, &mut All, net, &objective, pass, &mut batch, &mut [0.0; VIRTUAL_LANES]));
    });
    let mut lanes = [0.0; VIRTUAL_LANES];
    if !penalty.is_none() {
        dispatch!(level, s => net.layers.add_penalty(s, &mut All, penalty, &mut lanes));
    }
    lanes
}

/// The second phase, each share some of the rows of each layer's weights.
fn run_gradient<L: Layer, T: Sync, K: Sink>(
    workers: impl Workers,
    shares: usize,
    batch: &Batch<'_, L, T>,
    part: SinkPart<'_, K, Net<L>>,
) {
    let level = workers.level();
    workers.run(part.shares(shares), |part| {
        dispatch!(level, s => second_phase(s, &mut All, batch, part));
    });
}
