//! The checkpoint of a training, and whether it is one of this training.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use femto::early_stopping::{Best, Progress};
use femto::init::Init;
use femto::layer::Layer;
use femto::loss::Loss;
use femto::train::{Objective, Workers};
use femto::{Flat, Net};
use serde::{Deserialize, Serialize};

use super::log::{Log, Logged};
use super::settings::Settings;
use super::state::{Kept, State, Sums};
use super::{Divergence, Stop, TrainError, seed_of_run};
use crate::checkpoint::{self, Checkpoint};
use crate::data::Dataset;
use crate::evaluate::mean_loss;
use crate::heap::boxed;
use crate::optimizer::RatedOptimizer;
use crate::type_names::short_type_name;
use crate::weights::fnv_1a;

const BEST: &str = "best";
const KEPT: &str = "kept";

/// The header of a checkpoint.
#[derive(Serialize, Deserialize)]
struct Header {
    trainer: Vec<(String, String)>,
    progress: Saved,
}

/// [`State`] and the steps of the optimizer. Numbers that may be NaN are bits.
#[derive(Serialize, Deserialize)]
struct Saved {
    run: u32,
    epoch: u64,
    batch: usize,
    steps: u32,
    optimizer_steps: u32,
    sums: [u64; 3],
    measured: u64,
    change: Option<u32>,
    seconds: u64,
    log_bytes: Option<u64>,
    stopping: Option<SavedStopping>,
    plateau: Option<SavedPlateau>,
    kept: Option<SavedKept>,
    diverged: Vec<Divergence>,
    ended: Option<SavedStop>,
}

#[derive(Serialize, Deserialize)]
struct SavedStopping {
    observed: u32,
    waited: u32,
    best: Option<(u32, u32)>,
}

#[derive(Serialize, Deserialize)]
struct SavedPlateau {
    rate: u32,
    best: Option<u32>,
    waited: u32,
    cooling: u32,
}

#[derive(Serialize, Deserialize)]
struct SavedKept {
    run: u32,
    value: u64,
    best_epoch: Option<u64>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum SavedStop {
    Converged,
    EarlyStopping,
    Callback,
}

/// What a training is: names and values of all that its bits depend on. A checkpoint of another one is refused.
pub(super) struct Identity(Vec<(String, String)>);

impl Identity {
    /// Of the network, the objective and the data.
    pub(super) fn new<L: Layer, T: Clone + Sync, F: Loss<T> + Sync>(
        workers: impl Workers,
        objective: &Objective<F>,
        train: &Dataset<L::In, T>,
        validation: Option<&Dataset<L::In, T>>,
    ) -> Result<Self, TrainError> {
        let mut this = Self(Vec::new());
        this.add("network", &short_type_name::<L>());
        this.add("class of arithmetic", &workers.level().arithmetic());
        this.add("loss", &format_args!("{} ({:?})", short_type_name::<F>(), objective.reduction));
        this.add("L1 penalty", &objective.l1);
        this.add("L2 penalty", &objective.l2);
        this.add("seed of dropout", &objective.noise.seed);
        this.add("training set", &Self::set(train));
        this.add("validation set", &validation.map_or_else(|| "none".to_owned(), Self::set));
        // Targets and losses are of any type: what they come to for a fixed network tells them apart.
        let mut net = boxed::<Net<L>>();
        net.init(Init::GlorotUniform, 0);
        let sets = [("training", Some(train)), ("validation", validation)];
        for (name, set) in sets.into_iter().filter_map(|(name, set)| Some((name, set?))) {
            let loss = mean_loss(&net, workers, objective.loss, set)
                .map_err(|source| TrainError::Set { set: name, source })?;
            let what = format!("hash of the loss on the {name} set, and so of its targets");
            this.add(&what, &format_args!("{:016x}", loss.to_bits()));
        }
        Ok(this)
    }

    fn add(&mut self, what: &str, value: &dyn ToString) {
        self.0.push((what.to_owned(), value.to_string()));
    }

    fn set<X: Flat, T>(set: &Dataset<X, T>) -> String {
        let numbers = set.inputs().iter().flat_map(Flat::as_slice);
        format!("{} samples with hash {:016x}", set.len(), fnv_1a(numbers.flat_map(|x| x.to_le_bytes())))
    }

    /// Adds the settings and the optimizer.
    pub(super) fn with_settings<L: Layer>(
        mut self,
        settings: &Settings<'_>,
        has_validation: bool,
        optimizer: &(impl RatedOptimizer<L> + ?Sized),
    ) -> Self {
        let debug = |value: &dyn Debug| format!("{value:?}");
        self.add("optimizer", &optimizer.description());
        self.add("number of moments", &optimizer.state().len());
        self.add("batch size", &settings.batch_size);
        self.add("seed", &settings.seed);
        self.add("way of drawing weights", &debug(&settings.init));
        self.add("clipping", &debug(&settings.clip));
        self.add("schedule", &settings.schedule.as_ref().map_or("none", |schedule| schedule.description.as_str()));
        self.add("plateau", &debug(&settings.falling()));
        self.add("early stopping", &debug(&settings.stopping()));
        let watches = settings.early_stopping.is_some() || settings.plateau.is_some() || settings.runs > 1;
        self.add("watched number", &debug(&watches.then(|| settings.watched(has_validation))));
        self.add("least change", &debug(&settings.min_change));
        self.add("number of runs", &settings.runs);
        if settings.runs > 1 {
            // The next run begins where these end.
            self.add("number of epochs", &settings.epochs);
            self.add("largest number of steps", &debug(&settings.max_steps));
        }
        self
    }

    fn check(&self, path: &Path, saved: &[(String, String)]) -> Result<(), TrainError> {
        for (what, here) in &self.0 {
            let saved = saved.iter().find(|(saved, _)| saved == what).map_or("unknown", |(_, value)| value);
            if saved != here {
                let (what, saved, here) = (what.clone(), saved.to_owned(), here.clone());
                return Err(TrainError::OtherTraining { path: path.to_owned(), what, saved, here });
            }
        }
        Ok(())
    }
}

/// Where checkpoints go.
pub(super) struct Saver {
    pub(super) path: PathBuf,
    pub(super) identity: Identity,
}

impl Saver {
    pub(super) fn save<L: Layer>(
        &self,
        net: &Net<L>,
        optimizer: &(impl RatedOptimizer<L> + ?Sized),
        state: &State<L>,
        log_bytes: Option<u64>,
    ) -> Result<(), TrainError> {
        let header =
            Header { trainer: self.identity.0.clone(), progress: Saved::new(state, optimizer.steps(), log_bytes) };
        let names: Vec<String> = (0..optimizer.state().len()).map(optimizer_part).collect();
        let mut parts: Vec<(&str, &[f32])> = names.iter().map(String::as_str).zip(optimizer.state()).collect();
        if let Some(best) = &state.best {
            parts.push((BEST, best.as_slice()));
        }
        if let Some(kept) = &state.kept {
            parts.push((KEPT, kept.weights.as_slice()));
        }
        Ok(checkpoint::save(&self.path, net, &header, &parts)?)
    }

    /// Takes up the training where the file says it was, and gives what was in its log then; `None` where there is no file.
    /// Nothing is changed where the file is not one of this training.
    pub(super) fn load<L: Layer>(
        &self,
        net: &mut Net<L>,
        optimizer: &mut (impl RatedOptimizer<L> + ?Sized),
        state: &mut State<L>,
    ) -> Result<Option<Logged>, TrainError> {
        if !self.path.try_exists().unwrap_or(true) {
            return Ok(None);
        }
        let file = checkpoint::load(&self.path)?;
        let Header { trainer, progress } = file.header()?;
        self.identity.check(&self.path, &trainer)?;
        let loaded = Loaded::new(&file, optimizer, &progress)?;
        file.read_net(net)?;
        for (state, loaded) in optimizer.resume(progress.optimizer_steps).into_iter().zip(&loaded.optimizer) {
            state.copy_from_slice(loaded);
        }
        progress.restore(state, loaded);
        Ok(Some(Logged { bytes: progress.log_bytes, before: (progress.run, progress.epoch) }))
    }
}

/// Where a training begins.
pub(super) struct Begun<L: Layer> {
    pub(super) state: State<L>,
    pub(super) log: Option<Log>,
    /// The checkpoint holds all of it.
    pub(super) is_saved: bool,
    /// Steps of the optimizer, where the training is taken up again.
    pub(super) resumed_at: Option<u32>,
}

/// Takes a training up again where there is a checkpoint, else begins anew. Changes nothing where it refuses to, but for a
/// log that cannot be opened behind a checkpoint that was loaded.
pub(super) fn begin<L: Layer>(
    settings: &Settings<'_>,
    saver: Option<&Saver>,
    net: &mut Net<L>,
    optimizer: &mut (impl RatedOptimizer<L> + ?Sized),
) -> Result<Begun<L>, TrainError> {
    let mut state = State::new(settings);
    let resumed = match saver {
        Some(saver) => saver.load(net, optimizer, &mut state)?,
        None => None,
    };
    if resumed.is_none() {
        settings.check_beginning(net, optimizer.steps())?;
        if let (Some((checkpoint, _)), Some(log)) = (&settings.checkpoint, &settings.log)
            && fs::metadata(log).is_ok_and(|log| log.len() > 0)
        {
            return Err(TrainError::OldLog { log: log.clone(), checkpoint: checkpoint.clone() });
        }
    }
    let log = settings.log.as_ref().map(|path| Log::open(path, resumed)).transpose()?;
    if let (None, Some(init)) = (resumed, settings.init) {
        net.init(init, seed_of_run(settings.seed, 0));
    }
    // A log that is another one than it was has another length to be noted.
    let is_saved = resumed.is_some_and(|resumed| resumed.bytes == log.as_ref().map(Log::len));
    Ok(Begun { state, log, is_saved, resumed_at: resumed.map(|_| optimizer.steps()) })
}

fn optimizer_part(index: usize) -> String {
    format!("optimizer.{index}")
}

/// The parts of a file, complete before anything is changed.
struct Loaded<L: Layer> {
    optimizer: Vec<Vec<f32>>,
    best: Option<Box<Net<L>>>,
    kept: Option<Box<Net<L>>>,
}

impl<L: Layer> Loaded<L> {
    fn new(
        file: &Checkpoint,
        optimizer: &(impl RatedOptimizer<L> + ?Sized),
        progress: &Saved,
    ) -> Result<Self, TrainError> {
        let mut states = Vec::new();
        for (index, state) in optimizer.state().into_iter().enumerate() {
            let mut loaded = vec![0.0; state.len()];
            file.read_part(&optimizer_part(index), &mut loaded)?;
            states.push(loaded);
        }
        let weights = |name: &str, is_there: bool| -> Result<Option<Box<Net<L>>>, TrainError> {
            if !is_there {
                return Ok(None);
            }
            let mut weights = boxed::<Net<L>>();
            file.read_part(name, weights.as_mut_slice())?;
            Ok(Some(weights))
        };
        let has_best = progress.stopping.as_ref().is_some_and(|stopping| stopping.best.is_some());
        Ok(Self { optimizer: states, best: weights(BEST, has_best)?, kept: weights(KEPT, progress.kept.is_some())? })
    }
}

impl Saved {
    fn new<L: Layer>(state: &State<L>, optimizer_steps: u32, log_bytes: Option<u64>) -> Self {
        let Sums { loss, gradient_norms, measured, change, seconds } = state.sums;
        Self {
            run: state.run,
            epoch: state.epoch,
            batch: state.batch,
            steps: state.steps,
            optimizer_steps,
            sums: [loss, gradient_norms, seconds].map(f64::to_bits),
            measured,
            change: change.map(f32::to_bits),
            seconds: state.seconds.to_bits(),
            log_bytes,
            stopping: state.stopping.map(|stopping| {
                let Progress { observed, waited, best } = stopping.progress;
                SavedStopping { observed, waited, best: best.map(|best| (best.value.to_bits(), best.at)) }
            }),
            plateau: state.plateau.map(|plateau| SavedPlateau {
                rate: plateau.rate.to_bits(),
                best: plateau.best.map(f32::to_bits),
                waited: plateau.waited,
                cooling: plateau.cooling,
            }),
            kept: state.kept.as_ref().map(|kept| SavedKept {
                run: kept.run,
                value: kept.value.to_bits(),
                best_epoch: kept.best_epoch,
            }),
            diverged: state.diverged.clone(),
            ended: state.ended.and_then(|ended| match ended {
                Stop::Converged => Some(SavedStop::Converged),
                Stop::EarlyStopping => Some(SavedStop::EarlyStopping),
                Stop::Callback => Some(SavedStop::Callback),
                _ => None,
            }),
        }
    }

    fn restore<L: Layer>(&self, state: &mut State<L>, loaded: Loaded<L>) {
        let [loss, gradient_norms, seconds] = self.sums.map(f64::from_bits);
        (state.run, state.epoch, state.batch, state.steps) = (self.run, self.epoch, self.batch, self.steps);
        let change = self.change.map(f32::from_bits);
        state.sums = Sums { loss, gradient_norms, measured: self.measured, change, seconds };
        state.seconds = f64::from_bits(self.seconds);
        if let (Some(stopping), Some(saved)) = (&mut state.stopping, &self.stopping) {
            let best = saved.best.map(|(value, at)| Best { value: f32::from_bits(value), at });
            stopping.progress = Progress { observed: saved.observed, waited: saved.waited, best };
        }
        if let (Some(plateau), Some(saved)) = (&mut state.plateau, &self.plateau) {
            plateau.rate = f32::from_bits(saved.rate);
            plateau.best = saved.best.map(f32::from_bits);
            (plateau.waited, plateau.cooling) = (saved.waited, saved.cooling);
        }
        state.best = loaded.best;
        state.kept = self.kept.as_ref().zip(loaded.kept).map(|(saved, weights)| Kept {
            weights,
            value: f64::from_bits(saved.value),
            run: saved.run,
            best_epoch: saved.best_epoch,
        });
        state.diverged.clone_from(&self.diverged);
        state.ended = self.ended.map(|ended| match ended {
            SavedStop::Converged => Stop::Converged,
            SavedStop::EarlyStopping => Stop::EarlyStopping,
            SavedStop::Callback => Stop::Callback,
        });
    }
}
