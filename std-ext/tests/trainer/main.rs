//! What a trainer does: the steps one would write by hand, the rules that end it, and what it tells.

mod divergence;
mod ends;
mod reports;
mod settings;
mod steps;

use std::error::Error;
use std::ops::ControlFlow;

use femto::activation::{Relu, Sigmoid};
use femto::clip::{clip_norm, clip_tensor_norms, clip_value};
use femto::early_stopping::{Best, Better, EarlyStopping, Progress};
use femto::flat::Split;
use femto::init::Init;
use femto::layer::{Dense, Dropout};
use femto::loss::{CrossEntropy, MeanSquaredError};
use femto::optimizer::{Adam, Optimizer, ScheduleFreeAdamW, Scheduled, Sgd};
use femto::rng::{generator, uniform};
use femto::schedule::{Linear, ReduceOnPlateau, Warmup};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_std::data::{Dataset, permutation};
use femto_std::epoch::Epochs;
use femto_std::evaluate::mean_loss;
use femto_std::optimizer::{Muon, NetOptimizer, RatedOptimizer, TensorOptimizer};
use femto_std::threads::Threads;
use femto_std::trainer::{
    Clip, Every, Place, Request, SettingsError, Stop, TrainError, Trainer, Warning, Watch, accuracy, diagnose,
    read_log, seed_of_run,
};

type Small = net![Dense<2, 8, Relu>, Dropout<8, 25>, Dense<8, 3>];
type Layers = <Small as Split>::First;
type Boxed = Box<dyn RatedOptimizer<Layers> + Send>;
type Points = Dataset<[f32; 2], u8>;
type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const OBJECTIVE: Objective<CrossEntropy> = Objective { l2: 1e-3, ..Objective::mean(CrossEntropy).seeded(5) };

fn small() -> Small {
    let mut net = Small::ZERO;
    net.init(Init::HeUniform, 1);
    net
}

/// Points in a square, whose class is a third of it; with `noise`, the classes are drawn.
fn points(len: usize, seed: u64, noise: bool) -> Result<Points> {
    let mut rng = generator(seed, 0);
    let inputs: Vec<[f32; 2]> = (0..len).map(|_| [uniform(&mut rng), uniform(&mut rng)]).collect();
    let class = |[x, _]: &[f32; 2]| (3.0 * x) as u8;
    let classes = inputs.iter().map(|point| if noise { class(&[uniform(&mut rng), 0.0]) } else { class(point) });
    let classes = classes.collect();
    Ok(Dataset::new(inputs, classes)?)
}

fn trainer<'a>() -> Trainer<'a, Small, u8> {
    Trainer::new().batch_size(8).epochs(4).seed(9)
}

// In boxes, so that one trainer is compiled for all.

fn adam() -> Boxed {
    Box::new(Optimizer::new(Adam::new(3e-3)))
}

fn sgd(rate: f32) -> Boxed {
    Box::new(Optimizer::new(Sgd::new(rate)))
}
