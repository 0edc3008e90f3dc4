//! What a training tells of itself.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

use serde::{Deserialize, Deserializer, Serialize};

use super::{Diagnosis, Divergence};

/// What one epoch came to: what callbacks get, and a line of the log.
///
/// Where numbers are NaN or infinite, the log has `null`.
///
/// ```
/// use femto_std::trainer::EpochRecord;
///
/// fn print(record: &EpochRecord) {
///     println!("epoch {}: train loss {:.4}", record.epoch, record.train_loss);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EpochRecord {
    /// The run, from 0 up; 0 where there is only one.
    pub run: u32,
    /// The epoch, from 0 up.
    pub epoch: u64,
    /// How many steps the optimizer has made at its end.
    pub step: u32,
    /// The learning rate of its last step.
    pub rate: f32,
    /// The mean loss of its samples, each as it was before the step of its batch, without penalty, in the unit of the loss.
    pub train_loss: f64,
    /// The mean loss of the validation set with the weights to predict with; none without such a set.
    pub validation_loss: Option<f64>,
    /// The metrics of the validation set, by their names.
    #[serde(deserialize_with = "null_is_nan")]
    pub metrics: BTreeMap<String, f64>,
    /// The mean norm of its gradients before they were clipped; none where no gradient is in memory or its norm was not
    /// asked for ([`Trainer::gradient_norms`](super::Trainer::gradient_norms)).
    pub gradient_norm: Option<f64>,
    /// How many samples were learnt from in a second.
    pub samples_per_second: f64,
    /// How long its steps took, with what is called after each of them, without validation, diagnoses, checkpoints and what
    /// is called after an epoch, in seconds.
    pub seconds: f64,
}

fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, f64>, D::Error> {
    let metrics = BTreeMap::<String, Option<f64>>::deserialize(deserializer)?;
    Ok(metrics.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
}

/// What one step came to: what callbacks get.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StepRecord {
    /// The run, from 0 up.
    pub run: u32,
    /// The epoch, from 0 up.
    pub epoch: u64,
    /// How many steps the optimizer has made, this one included.
    pub step: u32,
    /// Its learning rate.
    pub rate: f32,
    /// The objective of its batch before the step, with penalty.
    pub loss: f32,
    /// The norm of its gradient before it was clipped; none as in [`EpochRecord::gradient_norm`].
    pub gradient_norm: Option<f32>,
}

/// What ended a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// All epochs are made.
    Epochs,
    /// The largest number of steps is made.
    Steps,
    /// No step of an epoch changed a parameter by as much as [`Trainer::min_change`](super::Trainer::min_change) says.
    Converged,
    /// The watched number did not become better for a while.
    EarlyStopping,
    /// A callback asked for the end ([`Request::End`]).
    Callback,
    /// A callback asked for a pause ([`Request::Pause`]).
    Paused,
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// The last of several runs diverged; where all of them do, it is an error.
    Diverged,
}

impl Stop {
    /// Of reasons at a time the one that reaches furthest, or the first of those.
    pub(super) fn of_all(reasons: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let reach = |stop: Self| match stop {
            Self::Epochs | Self::Steps | Self::Diverged => 0,
            Self::Converged | Self::EarlyStopping => 1,
            Self::Paused | Self::Interrupted => 2,
            Self::Callback => 3,
        };
        reasons.into_iter().flatten().reduce(|first, second| if reach(second) > reach(first) { second } else { first })
    }

    /// The other runs are not made.
    pub(super) const fn ends_all(self) -> bool {
        self.goes_on() || matches!(self, Self::Callback)
    }

    /// The training goes on where it is taken up again.
    pub(super) const fn goes_on(self) -> bool {
        matches!(self, Self::Paused | Self::Interrupted)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Epochs => "all epochs are made",
            Self::Steps => "the largest number of steps is made",
            Self::Converged => "the parameters hardly change any more",
            Self::EarlyStopping => "it does not become better any more",
            Self::Callback => "a callback asked for the end",
            Self::Paused => "a callback asked for a pause",
            Self::Interrupted => "it was interrupted",
            Self::Diverged => "the last run diverged",
        })
    }
}

/// What [`Trainer::fit`](super::Trainer::fit) did.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// What ended the training; of several runs, what ended the last one.
    pub stop: Stop,
    /// The run whose weights were kept, from 0 up.
    pub run: u32,
    /// The epoch whose weights were kept, from 0 up, by early stopping; without it none, for the last weights were kept.
    pub best_epoch: Option<u64>,
    /// Steps of the optimizer in the last run.
    pub steps: u32,
    /// How long all steps took, those before the training was taken up again included, in seconds.
    pub seconds: f64,
    /// Steps of the run that was being made when the training was taken up again from a checkpoint, made before; none where
    /// it began anew.
    pub resumed_at: Option<u32>,
    /// All epochs since the training began or was taken up again, of all runs. [`read_log`](super::read_log) gives those
    /// before, too.
    pub records: Vec<EpochRecord>,
    /// Of several runs those that diverged, and where. Best weights that early stopping kept in such a run still take
    /// part in the comparison.
    pub diverged: Vec<Divergence>,
    /// The diagnoses that were asked for, since the training began or was taken up again.
    pub diagnoses: Vec<Diagnosis>,
}

/// What a callback may ask for. Either ends the training after what is being done, all its runs, with a checkpoint where
/// there are any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// The training is over: taken up again from its checkpoint, it makes no more steps. For what its numbers say.
    End,
    /// The training stops for now and goes on where it is taken up again. For what its numbers do not say: the time, a
    /// button.
    Pause,
}

impl Request {
    /// What an answer stops.
    pub(super) fn stop(answer: ControlFlow<Self>) -> Option<Stop> {
        answer.break_value().map(|request| match request {
            Self::End => Stop::Callback,
            Self::Pause => Stop::Paused,
        })
    }
}

/// What a callback says: nothing, which means to go on, or a [`ControlFlow`] that may ask for the end, or for a pause.
///
/// ```
/// use std::ops::ControlFlow;
/// use std::time::{Duration, Instant};
///
/// use femto::layer::Dense;
/// use femto_std::trainer::{Request, Trainer};
///
/// let start = Instant::now();
/// let trainer = Trainer::<femto::net![Dense<1, 1>], [f32; 1]>::new()
///     .on_epoch(|record| if record.train_loss < 0.01 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
///     .on_epoch(move |_| match start.elapsed() {
///         elapsed if elapsed > Duration::from_secs(3600) => ControlFlow::Break(Request::Pause),
///         _ => ControlFlow::Continue(()),
///     });
/// # let _ = trainer;
/// ```
pub trait Answer {
    /// What is asked for.
    fn into_flow(self) -> ControlFlow<Request>;
}

impl Answer for () {
    fn into_flow(self) -> ControlFlow<Request> {
        ControlFlow::Continue(())
    }
}

/// Asks for the end.
impl Answer for ControlFlow<()> {
    fn into_flow(self) -> ControlFlow<Request> {
        self.map_break(|()| Request::End)
    }
}

impl Answer for ControlFlow<Request> {
    fn into_flow(self) -> Self {
        self
    }
}
