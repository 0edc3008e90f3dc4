//! Optimizers against PyTorch: the parameters of a small network after up to 100 steps, from `tests/golden`.

#![expect(clippy::unwrap_used, reason = "the helpers of tests unwrap as tests do")]

use std::collections::BTreeMap;

use femto::activation::Tanh;
use femto::layer::Dense;
use femto::loss::CrossEntropy;
use femto::optimizer::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, AmsGrad, Lion, Momentum, Optimizer, RmsProp, Rprop, Rule, Sgd,
};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_tests::levels;
use serde::Deserialize;

type Golden = net![Dense<4, 6, Tanh>, Dense<6, 3>];

/// What `tests/golden/optimizers.py` wrote.
#[derive(Deserialize)]
struct File {
    inputs: Vec<[f32; 4]>,
    classes: Vec<u8>,
    initial: Vec<f32>,
    /// By name, then by step.
    runs: BTreeMap<String, BTreeMap<u32, Vec<f64>>>,
}

impl File {
    fn load() -> Self {
        serde_json::from_str(include_str!("../golden/optimizers.json")).unwrap()
    }

    /// The largest difference from what PyTorch found, relative to 1 or to the number, over all steps that it noted.
    fn worst<R: Rule<MOMENTS>, const MOMENTS: usize>(&self, level: Level, name: &str, rule: R) -> f64 {
        let expected = &self.runs[name];
        let mut net = Golden::ZERO;
        net.as_mut_slice().copy_from_slice(&self.initial);
        let mut optimizer = Optimizer::<Golden, R, MOMENTS>::new(rule);
        let mut tape = vec![Golden::TAPE; self.inputs.len()];
        let objective = Objective::mean(CrossEntropy);
        let mut worst = 0.0_f64;
        for step in 1..=*expected.keys().max().unwrap() {
            net.step(level, &objective, &self.inputs, &self.classes, &mut tape, &mut optimizer).unwrap();
            for (found, exact) in net.as_slice().iter().zip(expected.get(&step).into_iter().flatten()) {
                worst = worst.max((f64::from(*found) - exact).abs() / exact.abs().max(1.0));
            }
        }
        worst
    }
}

#[test]
fn a_hundred_steps_are_those_of_pytorch() {
    let file = File::load();
    let mut seen = 0;
    for level in levels::all() {
        seen = 0;
        let mut check = |name: &str, worst: f64| {
            seen += 1;
            assert!(worst < 1e-5, "{level}, {name}: {worst:.1e} away from PyTorch");
        };
        macro_rules! run {
            ($name:literal, $rule:expr) => {
                check($name, file.worst(level, $name, $rule))
            };
        }
        run!("sgd", Sgd::new(0.1));
        run!("momentum", Momentum::new(0.05));
        run!("dampened", Momentum { dampening: 0.5, ..Momentum::new(0.05) });
        run!("nesterov", Momentum::nesterov(0.05));
        run!("adagrad", Adagrad::new(0.05));
        run!("adagrad with decay", Adagrad { learning_rate_decay: 0.02, ..Adagrad::new(0.05) });
        run!("adadelta", Adadelta::new(1.0));
        run!("rmsprop", RmsProp::<false>::new(0.005));
        run!("rmsprop centered", RmsProp::<true>::new(0.005));
        run!("rmsprop momentum", RmsProp::<false>::new(0.002).with_momentum(0.9));
        run!("rmsprop centered momentum", RmsProp::<true>::new(0.002).with_momentum(0.9));
        run!("rprop", Rprop::new(0.01));
        run!("adam", Adam::new(0.01));
        run!("amsgrad", AmsGrad::new(0.01));
        run!("adamw", AdamW { weight_decay: 0.1, ..AdamW::new(0.01) });
        run!("adamax", Adamax::new(0.01));
        run!("lion", Lion { weight_decay: 0.1, ..Lion::new(0.003) });
    }
    assert_eq!(seen, file.runs.len(), "every run of the file was compared");
}

#[test]
fn a_wrong_setting_is_seen() {
    let file = File::load();
    let level = Level::detect();
    assert!(file.worst(level, "adam", Adam { beta2: 0.99, ..Adam::new(0.01) }) > 1e-4, "a decay");
    assert!(file.worst(level, "adamw", AdamW { weight_decay: 0.09, ..AdamW::new(0.01) }) > 1e-4, "a weight decay");
    assert!(file.worst(level, "momentum", Momentum::nesterov(0.05)) > 1e-4, "another rule");
}
