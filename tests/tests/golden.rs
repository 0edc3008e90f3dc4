//! Optimizers against PyTorch: the parameters of a small network after up to 100 steps, from `tests/golden`.

#![expect(clippy::unwrap_used, reason = "the helpers of tests unwrap as tests do")]

use std::collections::BTreeMap;

use femto::activation::Tanh;
use femto::layer::Dense;
use femto::loss::CrossEntropy;
use femto::optimizer::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, AmsGrad, Asgd, ByKind, Decoupled, Groups, Lion, Momentum, NAdam, Optimizer,
    RAdam, RmsProp, Rprop, Rule, ScheduleFreeAdamW, Sgd,
};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_tests::levels;
use femto_tests::log::say;
use serde::Deserialize;

type Golden = net![Dense<4, 6, Tanh>, Dense<6, 3>];

/// What `tests/golden/optimizers.py` wrote.
#[derive(Deserialize)]
struct File {
    /// The version of PyTorch that made the runs.
    torch: String,
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

    /// The largest difference from what PyTorch found, relative to 1 or to the number, over all steps that it noted:
    /// differences of the parameters, or of what `seen` finds instead.
    ///
    /// Steps are made from whole gradients; that steps in place have the same bits, other tests show.
    fn worst_seen<R: Rule<MOMENTS>, const MOMENTS: usize>(
        &self,
        level: Level,
        name: &str,
        rule: R,
        seen: impl Fn(&Optimizer<Golden, R, MOMENTS>, &Golden) -> Golden,
    ) -> f64 {
        let expected = &self.runs[name];
        let mut net = Golden::ZERO;
        net.as_mut_slice().copy_from_slice(&self.initial);
        let mut optimizer = Optimizer::<Golden, R, MOMENTS>::new(rule);
        let mut worst = 0.0_f64;
        for step in 1..=*expected.keys().max().unwrap() {
            let gradient = self.gradient(level, &net);
            optimizer.apply(level, &mut net, &gradient);
            if let Some(expected) = expected.get(&step) {
                let found = seen(&optimizer, &net);
                assert_eq!(found.as_slice().len(), expected.len(), "{name}");
                for (found, exact) in found.as_slice().iter().zip(expected) {
                    worst = worst.max((f64::from(*found) - exact).abs() / exact.abs().max(1.0));
                }
            }
        }
        worst
    }

    fn gradient(&self, level: Level, net: &Golden) -> Golden {
        let (mut gradient, mut tape) = (Golden::ZERO, vec![Golden::TAPE; self.inputs.len()]);
        let objective = Objective::mean(CrossEntropy);
        net.gradient(level, &objective, &self.inputs, &self.classes, &mut tape, &mut gradient).unwrap();
        gradient
    }

    fn worst<R: Rule<MOMENTS>, const MOMENTS: usize>(&self, level: Level, name: &str, rule: R) -> f64 {
        self.worst_seen(level, name, rule, |_, net| net.clone())
    }

    fn worst_average(&self, level: Level, name: &str, rule: ScheduleFreeAdamW) -> f64 {
        self.worst_seen(level, name, rule, |optimizer, net| {
            let mut average = Golden::ZERO;
            optimizer.averaged(level, net, &mut average);
            average
        })
    }
}

fn by_kind() -> ByKind<AdamW> {
    let weights = AdamW { weight_decay: 0.1, ..AdamW::new(0.01) };
    ByKind { weights, biases: AdamW { weight_decay: 0.0, ..AdamW::new(0.02) } }
}

fn by_layer() -> Groups<Momentum, Momentum> {
    let rest = Momentum { momentum: 0.5, ..Momentum::new(0.05) };
    Groups { from: Golden::offset_of_layer(1), before: Momentum::new(0.02), rest }
}

#[test]
fn a_hundred_steps_are_those_of_pytorch() {
    let file = File::load();
    assert!(file.torch.starts_with("2."), "PyTorch {}", file.torch);
    for level in levels::all() {
        let mut seen = Vec::new();
        let mut check = |name: &'static str, worst: f64| {
            seen.push(name);
            say(&format!("{level}, {name}: {worst:.1e} away from PyTorch"));
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
        // To step 30: later the signs of gradients are those of rounding errors, in the file as here.
        run!("rprop", Rprop::new(0.01));
        run!("adam", Adam::new(0.01));
        run!("amsgrad", AmsGrad::new(0.01));
        run!("adamw", AdamW { weight_decay: 0.1, ..AdamW::new(0.01) });
        run!("adamax", Adamax::new(0.01));
        run!("lion", Lion { weight_decay: 0.1, ..Lion::new(0.003) });
        run!("nadam", NAdam::new(0.01));
        run!("nadam fast", NAdam { momentum_decay: 1.0, ..NAdam::new(0.01) });
        run!("radam", RAdam::new(0.02));
        run!("radam short", RAdam { adam: Adam { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, ..Adam::new(0.02) } });
        run!("nadam decoupled", Decoupled { rule: NAdam::new(0.01), weight_decay: 0.1 });
        run!("radam decoupled", Decoupled { rule: RAdam::new(0.02), weight_decay: 0.1 });
        run!("amsgrad decoupled", Decoupled { rule: AmsGrad::new(0.01), weight_decay: 0.1 });
        let asgd = Asgd { decay: 0.05, averaging_start: 20, ..Asgd::new(0.2) };
        run!("asgd", asgd);
        check("asgd average", file.worst_seen(level, "asgd average", asgd, |asgd, _| asgd.moments()[0].clone()));
        let schedule_free = ScheduleFreeAdamW { weight_decay: 0.1, ..ScheduleFreeAdamW::new(0.01) };
        run!("schedule free", schedule_free);
        check("schedule free average", file.worst_average(level, "schedule free average", schedule_free));
        let warm = ScheduleFreeAdamW { warmup: 40, ..ScheduleFreeAdamW::new(0.02) };
        run!("schedule free with warm-up", warm);
        let name = "schedule free with warm-up average";
        check(name, file.worst_average(level, name, warm));
        run!("adamw by kind", by_kind());
        run!("momentum by layer", by_layer());
        seen.sort_unstable();
        assert_eq!(seen, file.runs.keys().collect::<Vec<_>>(), "every run of the file was compared");
    }
}

/// A setting or a rule that is not that of the run is farther away than the tolerance, tenfold.
#[test]
fn a_wrong_setting_is_seen() {
    let file = File::load();
    let level = Level::detect();
    macro_rules! wrong {
        ($name:literal, $rule:expr) => {{
            let worst = file.worst(level, $name, $rule);
            assert!(worst > 1e-4, "{}: {worst:.1e} away from PyTorch with {:?}", $name, $rule);
        }};
    }
    wrong!("sgd", Sgd::new(0.101));
    wrong!("momentum", Momentum::nesterov(0.05));
    wrong!("dampened", Momentum { dampening: 0.49, ..Momentum::new(0.05) });
    wrong!("nesterov", Momentum::new(0.05));
    wrong!("adagrad", Adagrad { learning_rate_decay: 0.001, ..Adagrad::new(0.05) });
    wrong!("adagrad with decay", Adagrad { learning_rate_decay: 0.021, ..Adagrad::new(0.05) });
    wrong!("adadelta", Adadelta { epsilon: 1.1e-6, ..Adadelta::new(1.0) });
    wrong!("rmsprop", RmsProp::<true>::new(0.005));
    wrong!("rmsprop centered", RmsProp::<false>::new(0.005));
    wrong!("rmsprop momentum", RmsProp::<true>::new(0.002).with_momentum(0.9));
    wrong!("rmsprop centered momentum", RmsProp::<true>::new(0.002).with_momentum(0.91));
    wrong!("rprop", Rprop { growth: 1.21, ..Rprop::new(0.01) });
    wrong!("adam", Adam { beta2: 0.99, ..Adam::new(0.01) });
    wrong!("amsgrad", Adam::new(0.01));
    wrong!("adamw", AdamW { weight_decay: 0.09, ..AdamW::new(0.01) });
    wrong!("adamax", Adamax { beta2: 0.99, ..Adamax::new(0.01) });
    wrong!("lion", Lion { weight_decay: 0.09, ..Lion::new(0.003) });
    wrong!("nadam", NAdam { momentum_decay: 5e-3, ..NAdam::new(0.01) });
    wrong!("nadam fast", NAdam { momentum_decay: 0.9, ..NAdam::new(0.01) });
    wrong!("radam", Adam::new(0.02));
    wrong!("radam short", RAdam { adam: Adam { beta1: 0.8, beta2: 0.95, ..Adam::new(0.02) } });
    wrong!("nadam decoupled", NAdam::new(0.01));
    wrong!("radam decoupled", Decoupled { rule: RAdam::new(0.02), weight_decay: 0.09 });
    wrong!("amsgrad decoupled", Decoupled { rule: Adam::new(0.01), weight_decay: 0.1 });
    let asgd = Asgd { decay: 0.05, averaging_start: 20, ..Asgd::new(0.2) };
    wrong!("asgd", Asgd { power: 0.8, ..asgd });
    wrong!("schedule free", ScheduleFreeAdamW { weight_decay: 0.09, ..ScheduleFreeAdamW::new(0.01) });
    wrong!("schedule free with warm-up", ScheduleFreeAdamW { warmup: 41, ..ScheduleFreeAdamW::new(0.02) });
    wrong!("adamw by kind", by_kind().weights);
    wrong!("adamw by kind", ByKind { weights: by_kind().biases, biases: by_kind().weights });
    wrong!("momentum by layer", by_layer().rest);
    wrong!("momentum by layer", Groups { from: Golden::offset_of_layer(0), ..by_layer() });
    let late = Asgd { averaging_start: 21, ..asgd };
    let worst = file.worst_seen(level, "asgd average", late, |asgd, _| asgd.moments()[0].clone());
    assert!(worst > 1e-4, "the average of ASGD from another step on: {worst:.1e}");
    let warm = ScheduleFreeAdamW { warmup: 40, ..ScheduleFreeAdamW::new(0.02) };
    let worst = file.worst(level, "schedule free with warm-up average", warm);
    assert!(worst > 1e-4, "y in place of x: {worst:.1e}");
}
