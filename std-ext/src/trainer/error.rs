//! Why a training was not begun, or ended before its time.

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::checkpoint::CheckpointError;
use crate::epoch::EpochError;

/// Settings of a [`Trainer`](super::Trainer) that make no sense, or none together. Nothing was changed.
///
/// ```
/// use femto_std::trainer::SettingsError;
///
/// assert!(SettingsError::NoEpochs.to_string().ends_with("at least 1"));
/// ```
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// No batch would ever be full.
    #[error("the batch size is 0: use at least 1, usually 16 to 256")]
    ZeroBatchSize,
    /// There is nothing to do.
    #[error("the number of epochs is 0: use at least 1")]
    NoEpochs,
    /// There is nothing to do.
    #[error("the largest number of steps is 0: use at least 1, or leave it out")]
    NoSteps,
    /// Something would be due all the time.
    #[error("{what} every 0 epochs or steps makes no sense: use at least 1")]
    NoInterval {
        /// What is due.
        what: &'static str,
    },
    /// A number that has to be above 0.
    #[error("{what} is {value}: use a finite number above 0")]
    NotAboveZero {
        /// Which number.
        what: &'static str,
        /// What it is.
        value: f32,
    },
    /// A learning rate that is negative or no number.
    #[error("the learning rate of {of} is {rate}: use a finite number of at least 0")]
    Rate {
        /// Whose rate: the optimizer's, or that of a schedule at a step.
        of: String,
        /// What it is.
        rate: f32,
    },
    /// Two that would set the learning rate.
    #[error("the learning rate has a schedule and falls at plateaus: leave one of the two out")]
    TwoRates,
    /// A number that cannot be watched without data to validate with.
    #[error("{what} is taken of the validation set, and there is none: pass one, or watch the training loss")]
    NoValidation {
        /// What is to be watched or shown.
        what: String,
    },
    /// A metric that is not there.
    #[error("there is no metric {name:?} to watch: add it to the trainer, which has {known:?}")]
    NoMetric {
        /// The name.
        name: String,
        /// The metrics that there are.
        known: Vec<String>,
    },
    /// Two metrics that a record could not tell apart.
    #[error("two metrics are called {name:?}: give each a name of its own")]
    MetricTwice {
        /// The name.
        name: String,
    },
    /// A loss of which the largest value would be kept.
    #[error("{what} takes high values of a loss for the better ones: watch a metric, or let lower be better")]
    HighLoss {
        /// Early stopping, or the plateau.
        what: &'static str,
    },
    /// No run at all.
    #[error("the number of runs is 0: use 1 for a single one")]
    NoRuns,
    /// Several runs of the same weights would be the same run.
    #[error("{runs} runs begin with weights of their own: say with Trainer::init how they are drawn")]
    NoInit {
        /// How many runs are to be made.
        runs: u32,
    },
    /// Drawn weights need an optimizer that begins with them.
    #[error("the optimizer has made {steps} steps before, but the weights are drawn anew: pass a new one")]
    UsedOptimizer {
        /// Steps that the optimizer has made.
        steps: u32,
    },
    /// The units of a layer would stay alike.
    #[error(
        "all weights are 0, and the units of a layer would stay alike: say with Trainer::init how they are drawn, or draw \
         them before"
    )]
    ZeroWeights,
    /// One file for two things.
    #[error("{} is to be both the checkpoint and the log: give each a file of its own", path.display())]
    SamePath {
        /// The file.
        path: PathBuf,
    },
    /// No rows to diagnose with.
    #[error("the diagnosis looks at 0 samples: use at least 1, usually some hundred")]
    NoSamples,
}

/// Why a training was not begun, or ended before its time.
///
/// ```
/// use femto_std::trainer::{Divergence, Place, TrainError};
///
/// let place = Place::Outputs { layer: 1 };
/// let error = TrainError::NotFinite(Divergence { run: 0, epoch: 3, step: 120, place });
/// let message = error.to_string();
/// assert!(message.contains("epoch 3, step 120") && message.contains("outputs of layer 1"));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// Settings that make no sense. Nothing was changed, but where a schedule gives no rate at a later step: then the
    /// network is as it was there.
    #[error("the settings of the trainer cannot be used")]
    Settings(#[from] SettingsError),
    /// A set that the network cannot work with. Nothing was changed.
    #[error("the {set} set cannot be used")]
    Set {
        /// `"training"` or `"validation"`.
        set: &'static str,
        /// What is wrong with it.
        source: EpochError,
    },
    /// Numbers became infinite or NaN. The network has the best weights where early stopping has kept some, else it is
    /// as it was then; the last checkpoint is from before.
    #[error("training diverged in {0}")]
    NotFinite(Divergence),
    /// The checkpoint could not be written or read.
    #[error("the checkpoint failed")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is one of another training. Nothing was changed.
    #[error(
        "{} is the checkpoint of another training: its {what} is {saved}, here it is {here}; train as it did, or remove \
         the file, and the log with it, to begin anew",
        path.display()
    )]
    OtherTraining {
        /// The checkpoint.
        path: PathBuf,
        /// What differs.
        what: String,
        /// What it was when the checkpoint was saved.
        saved: String,
        /// What it is here.
        here: String,
    },
    /// The log has epochs, but the checkpoint that they would belong to is not there. Nothing was changed.
    #[error(
        "the log {} has epochs of a training whose checkpoint {} is not there: remove the log, or give this training one of \
         its own",
        log.display(),
        checkpoint.display()
    )]
    OldLog {
        /// The log.
        log: PathBuf,
        /// The checkpoint.
        checkpoint: PathBuf,
    },
    /// The log could not be written.
    #[error("the log {} could not be written: check that its folder exists, can be written to and has room", path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system does not say when Ctrl-C is pressed.
    #[error("Ctrl-C cannot be listened to: train without")]
    Interrupt {
        /// What the system said.
        source: io::Error,
    },
}

/// When and where the numbers of a run became infinite or NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divergence {
    /// The run, from 0 up.
    pub run: u32,
    /// The epoch, from 0 up.
    pub epoch: u64,
    /// How many steps the optimizer had made before the step that shows it; weights that are looked at after an epoch may
    /// have become so in an earlier one.
    pub step: u32,
    /// Where it began.
    pub place: Place,
}

impl fmt::Display for Divergence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, epoch, step, place } = self;
        write!(formatter, "epoch {epoch}, step {step} of run {run} (all counted from 0): {place}")
    }
}

/// Where numbers became infinite or NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Place {
    /// In the data: the inputs of this sample of the training set.
    Inputs {
        /// The index of the sample.
        sample: usize,
    },
    /// In the outputs of this layer, whose inputs are finite.
    Outputs {
        /// The number of the layer, from 0 up.
        layer: usize,
    },
    /// In the loss alone: a target that is not finite, or a distance beyond the largest f32.
    Loss,
    /// In the weights of this layer, the last one of those whose weights are not finite: gradients go from the last layer
    /// to the first.
    Weights {
        /// The number of the layer, from 0 up.
        layer: usize,
    },
    /// In the mean loss of the validation set, where all weights are finite.
    Validation,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const REMEDY: &str = "use a smaller learning rate, a warm-up or clipped gradients";
        match self {
            Self::Inputs { sample } => {
                write!(formatter, "the inputs of sample {sample} are not all finite: correct or leave out the sample")
            }
            Self::Outputs { layer } => {
                write!(formatter, "the outputs of layer {layer} became infinite or NaN: {REMEDY}")
            }
            Self::Loss => formatter.write_str(
                "the loss became infinite or NaN while all outputs are finite: look for targets that are not finite, and \
                 scale large ones",
            ),
            Self::Weights { layer } => {
                write!(formatter, "the weights of layer {layer} became infinite or NaN: {REMEDY}")
            }
            Self::Validation => write!(
                formatter,
                "the loss of the validation set became infinite or NaN: look for inputs and targets of it that are not \
                 finite; else {REMEDY}"
            ),
        }
    }
}
