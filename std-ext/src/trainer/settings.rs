//! What a trainer is told, as plain data, and whether it makes sense.

use std::path::{Path, PathBuf};

use femto::Net;
use femto::early_stopping::{Better, EarlyStopping, Progress};
use femto::init::Initializer;
use femto::layer::{Layer, TensorName};
use femto::schedule::ReduceOnPlateau;

use super::SettingsError;

/// How gradients are limited before a step; see [`femto::clip`].
///
/// ```
/// use femto_std::trainer::Clip;
///
/// assert_eq!(Clip::Norm(1.0).limit(), 1.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clip {
    /// The norm of the whole gradient is at most this.
    Norm(f32),
    /// The norm of each tensor of the gradient is at most this.
    TensorNorm(f32),
    /// Each number of the gradient lies between minus this and this.
    Value(f32),
}

impl Clip {
    /// The number that limits.
    #[must_use]
    pub const fn limit(self) -> f32 {
        match self {
            Self::Norm(limit) | Self::TensorNorm(limit) | Self::Value(limit) => limit,
        }
    }
}

/// When something is due again and again. Epochs and steps are counted from the start of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// After so many epochs.
    Epochs(u32),
    /// After so many steps.
    Steps(u32),
}

impl Every {
    /// After this many epochs it is due.
    pub(super) const fn is_due_after_epochs(self, epochs: u64) -> bool {
        matches!(self, Self::Epochs(every) if epochs.is_multiple_of(every as u64))
    }

    /// The first step behind this one after which it is due.
    pub(super) const fn next_step(self, steps: u32) -> Option<u32> {
        match self {
            Self::Epochs(_) => None,
            Self::Steps(every) => (steps / every + 1).checked_mul(every),
        }
    }

    fn check(self, what: &'static str) -> Result<(), SettingsError> {
        match self {
            Self::Epochs(0) | Self::Steps(0) => Err(SettingsError::NoInterval { what }),
            _ => Ok(()),
        }
    }
}

/// The number that early stopping and plateaus look at after each epoch, and by which several runs are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// The mean loss of the validation set.
    ValidationLoss,
    /// The mean loss of the training set, as the epoch saw it; of a whole run, with the weights at its end.
    TrainLoss,
    /// A metric of the validation set, by its name, of which high values are the better ones: an accuracy.
    Highest(&'static str),
    /// A metric of the validation set, by its name, of which low values are the better ones: an error.
    Lowest(&'static str),
}

impl Watch {
    /// The metric.
    pub(super) const fn metric(self) -> Option<&'static str> {
        match self {
            Self::Highest(name) | Self::Lowest(name) => Some(name),
            Self::ValidationLoss | Self::TrainLoss => None,
        }
    }
}

/// A learning rate as a function of the step, and its settings in words.
pub(super) struct Rates<'a> {
    pub(super) rate: Box<dyn Fn(u32) -> f32 + Send + Sync + 'a>,
    pub(super) description: String,
}

impl Rates<'_> {
    /// The rate after so many steps.
    pub(super) fn rate_at(&self, step: u32) -> Result<f32, SettingsError> {
        check_rate((self.rate)(step), || format!("{} at step {step}", self.description))
    }
}

fn check_rate(rate: f32, of: impl FnOnce() -> String) -> Result<f32, SettingsError> {
    match rate >= 0.0 && rate.is_finite() {
        true => Ok(rate),
        false => Err(SettingsError::Rate { of: of(), rate }),
    }
}

/// All settings of a trainer but what is generic in the network.
pub(super) struct Settings<'a> {
    pub(super) batch_size: usize,
    pub(super) epochs: u32,
    pub(super) max_steps: Option<u32>,
    pub(super) min_change: Option<f32>,
    pub(super) seed: u64,
    pub(super) runs: u32,
    pub(super) init: Option<Initializer>,
    pub(super) clip: Option<Clip>,
    pub(super) schedule: Option<Rates<'a>>,
    pub(super) plateau: Option<ReduceOnPlateau>,
    pub(super) early_stopping: Option<EarlyStopping>,
    pub(super) watch: Option<Watch>,
    pub(super) measures_gradients: bool,
    pub(super) diagnosis: Option<(Every, usize)>,
    pub(super) checkpoint: Option<(PathBuf, Every)>,
    pub(super) log: Option<PathBuf>,
    pub(super) shows_progress: bool,
    pub(super) listens_to_ctrl_c: bool,
}

impl Settings<'_> {
    pub(super) const DEFAULT: Self = Self {
        batch_size: 32,
        epochs: 10,
        max_steps: None,
        min_change: None,
        seed: 0,
        runs: 1,
        init: None,
        clip: None,
        schedule: None,
        plateau: None,
        early_stopping: None,
        watch: None,
        measures_gradients: false,
        diagnosis: None,
        checkpoint: None,
        log: None,
        shows_progress: false,
        listens_to_ctrl_c: false,
    };

    /// What early stopping and plateaus look at.
    pub(super) fn watched(&self, has_validation: bool) -> Watch {
        let usual = if has_validation { Watch::ValidationLoss } else { Watch::TrainLoss };
        self.watch.unwrap_or(usual)
    }

    /// Early stopping that has seen nothing, for the best weights of another training are not known. It looks for what the
    /// watched number says is better.
    pub(super) fn stopping(&self) -> Option<EarlyStopping> {
        let set = self.early_stopping?;
        Some(EarlyStopping { better: self.better(set.better), progress: Progress::default(), ..set })
    }

    /// The plateau, which looks for what the watched number says is better.
    pub(super) fn falling(&self) -> Option<ReduceOnPlateau> {
        let set = self.plateau?;
        Some(ReduceOnPlateau { better: self.better(set.better), ..set })
    }

    /// Which values of the watched number are better, where it says so; else as set.
    pub(super) const fn better(&self, set: Better) -> Better {
        match self.watch {
            Some(Watch::Highest(_)) => Better::Higher,
            Some(Watch::Lowest(_)) => Better::Lower,
            _ => set,
        }
    }

    /// Refuses what makes no sense. `rate` is that of the optimizer.
    pub(super) fn check(&self, rate: f32, metrics: &[&'static str], has_validation: bool) -> Result<(), SettingsError> {
        self.check_numbers()?;
        self.check_rates(rate)?;
        self.check_watched(metrics, has_validation)?;
        self.check_paths()?;
        match (self.runs, self.init) {
            (0, _) => Err(SettingsError::NoRuns),
            (2.., None) => Err(SettingsError::NoInit { runs: self.runs }),
            _ => Ok(()),
        }
    }

    /// Refuses what a training cannot begin with, that is not taken up again.
    pub(super) fn check_beginning<L: Layer>(&self, net: &Net<L>, optimizer_steps: u32) -> Result<(), SettingsError> {
        match self.init {
            Some(_) if optimizer_steps > 0 => Err(SettingsError::UsedOptimizer { steps: optimizer_steps }),
            None if has_layers_of_zeros(net) => Err(SettingsError::ZeroWeights),
            _ => Ok(()),
        }
    }

    fn check_paths(&self) -> Result<(), SettingsError> {
        if let (Some((checkpoint, _)), Some(log)) = (&self.checkpoint, &self.log)
            && place_of(checkpoint) == place_of(log)
        {
            return Err(SettingsError::SamePath { path: log.clone() });
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), SettingsError> {
        if self.batch_size == 0 {
            return Err(SettingsError::ZeroBatchSize);
        }
        if self.epochs == 0 {
            return Err(SettingsError::NoEpochs);
        }
        if self.max_steps == Some(0) {
            return Err(SettingsError::NoSteps);
        }
        let numbers = [("the limit of gradients", self.clip.map(Clip::limit)), ("the least change", self.min_change)];
        for (what, value) in numbers {
            if let Some(value) = value
                && !(value > 0.0 && value.is_finite())
            {
                return Err(SettingsError::NotAboveZero { what, value });
            }
        }
        if let Some((_, every)) = &self.checkpoint {
            every.check("a checkpoint")?;
        }
        if let Some((every, samples)) = self.diagnosis {
            every.check("a diagnosis")?;
            if samples == 0 {
                return Err(SettingsError::NoSamples);
            }
        }
        Ok(())
    }

    fn check_rates(&self, optimizer: f32) -> Result<(), SettingsError> {
        match (&self.schedule, &self.plateau) {
            (Some(_), Some(_)) => return Err(SettingsError::TwoRates),
            (Some(schedule), None) => schedule.rate_at(0)?,
            (None, Some(plateau)) => check_rate(plateau.rate, || "the plateau".to_owned())?,
            (None, None) => check_rate(optimizer, || "the optimizer".to_owned())?,
        };
        Ok(())
    }

    fn check_watched(&self, metrics: &[&'static str], has_validation: bool) -> Result<(), SettingsError> {
        for (index, name) in metrics.iter().enumerate() {
            if metrics.iter().take(index).any(|other| other == name) {
                return Err(SettingsError::MetricTwice { name: (*name).to_owned() });
            }
        }
        let watched = self.watched(has_validation);
        if !has_validation {
            let what = match (watched, metrics.first()) {
                (Watch::ValidationLoss, _) => Some("the validation loss".to_owned()),
                (_, Some(name)) => Some(format!("the metric {name:?}")),
                _ => None,
            };
            if let Some(what) = what {
                return Err(SettingsError::NoValidation { what });
            }
        }
        if let Some(name) = watched.metric() {
            if metrics.contains(&name) {
                return Ok(());
            }
            let known = metrics.iter().map(|&name| name.to_owned()).collect();
            return Err(SettingsError::NoMetric { name: name.to_owned(), known });
        }
        if self.early_stopping.is_some_and(|stopping| stopping.better == Better::Higher) {
            return Err(SettingsError::HighLoss { what: "early stopping" });
        }
        if self.plateau.is_some_and(|plateau| plateau.better == Better::Higher) {
            return Err(SettingsError::HighLoss { what: "the plateau" });
        }
        Ok(())
    }
}

/// Where a file lies or will lie, the same for all ways to write it.
fn place_of(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute.parent().and_then(|folder| folder.canonicalize().ok());
    folder.zip(absolute.file_name()).map_or_else(|| absolute.clone(), |(folder, name)| folder.join(name))
}

/// More than one layer has weights, and all of them are 0: units of a layer would stay alike.
fn has_layers_of_zeros<L: Layer>(net: &Net<L>) -> bool {
    let (mut layers, mut are_zero) = (Vec::new(), true);
    net.for_each_tensor(|tensor, numbers| {
        if tensor.name == TensorName::Weight && !numbers.is_empty() {
            layers.push(tensor.layer);
            are_zero &= numbers.iter().all(|weight| *weight == 0.0);
        }
    });
    layers.dedup();
    layers.len() > 1 && are_zero
}
