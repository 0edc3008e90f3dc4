//! The optimizers that look at whole tensors: against PyTorch, the same bits on every level, and going on from a saved
//! state.

#![expect(clippy::unwrap_used, reason = "the helpers of tests unwrap as tests do")]

use std::collections::BTreeMap;

use femto::activation::Tanh;
use femto::layer::{Chain, Dense};
use femto::loss::CrossEntropy;
use femto::optimizer::{Adam, Momentum, Optimizer};
use femto::train::Objective;
use femto::{Flat, Level, Net, net};
use femto_std::optimizer::{
    Adafactor, AdjustRate, Lamb, Lars, Lbfgs, LbfgsSettings, LineSearch, Muon, NetOptimizer, TensorOptimizer,
    TensorRule,
};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};
use serde::Deserialize;

type GoldenLayers = Chain<Dense<4, 6, Tanh>, Dense<6, 3>>;
type Golden = Net<GoldenLayers>;

/// What `tests/golden/tensor_optimizers.py` wrote.
#[derive(Deserialize)]
struct File {
    inputs: Vec<[f32; 4]>,
    classes: Vec<u8>,
    initial: Vec<f32>,
    /// The penalty in the runs of L-BFGS.
    l2: f32,
    /// By name, then by step.
    runs: BTreeMap<String, BTreeMap<u32, Vec<f64>>>,
}

impl File {
    fn load() -> Self {
        serde_json::from_str(include_str!("../../tests/golden/tensor_optimizers.json")).unwrap()
    }

    fn net(&self) -> Golden {
        let mut net = Golden::ZERO;
        net.as_mut_slice().copy_from_slice(&self.initial);
        net
    }

    /// The largest difference from what the run found, relative to 1 or to the number, over the steps that it noted, up
    /// to step `most`.
    fn worst(&self, name: &str, most: u32, mut step: impl FnMut(&mut Golden)) -> f64 {
        let expected = &self.runs[name];
        assert!(expected.contains_key(&most), "{name}: step {most} was noted");
        let (mut net, mut worst) = (self.net(), 0.0_f64);
        for t in 1..=most {
            step(&mut net);
            for (found, exact) in net.as_slice().iter().zip(expected.get(&t).into_iter().flatten()) {
                // NaN is as far away as can be.
                let distance = (f64::from(*found) - exact).abs() / exact.abs().max(1.0);
                worst = if distance <= worst { worst } else { distance };
            }
        }
        worst
    }

    fn worst_of_rule<R: TensorRule>(&self, level: Level, name: &str, rule: R) -> f64 {
        let mut optimizer = TensorOptimizer::new(rule);
        let mut tape = vec![Golden::TAPE; self.inputs.len()];
        let objective = Objective::mean(CrossEntropy);
        self.worst(name, 100, |net| {
            let mut gradient = Golden::ZERO;
            net.gradient(level, &objective, &self.inputs, &self.classes, &mut tape, &mut gradient).unwrap();
            optimizer.apply(level, net, &gradient);
        })
    }

    fn worst_of_lbfgs(&self, level: Level, name: &str, most: u32, settings: LbfgsSettings) -> f64 {
        let mut optimizer = Lbfgs::new(settings);
        let mut tape = vec![Golden::TAPE; self.inputs.len()];
        let objective = Objective { l2: self.l2, ..Objective::mean(CrossEntropy) };
        self.worst(name, most, |net| {
            optimizer.step(level, net, |net: &Golden, gradient| {
                net.gradient(level, &objective, &self.inputs, &self.classes, &mut tape, gradient).unwrap()
            });
        })
    }
}

fn muon() -> Muon {
    Muon { vectors: Adam::new(0.01), ..Muon::new(0.02) }
}

fn lbfgs(line_search: LineSearch) -> LbfgsSettings {
    LbfgsSettings { max_iterations: 2, max_evaluations: Some(20), line_search, ..LbfgsSettings::default() }
}

#[test]
fn a_hundred_steps_are_those_of_double_precision() {
    let file = File::load();
    for level in levels::all() {
        let mut seen = 0;
        macro_rules! run {
            ($name:literal, $rule:expr, $tolerance:expr) => {
                let worst = file.worst_of_rule(level, $name, $rule);
                assert!(worst < $tolerance, "{level}, {}: {worst:.1e} away", $name);
                seen += 1;
            };
        }
        run!("lamb", Lamb::new(0.01), 1e-5);
        let rule = Lamb { beta1: 0.8, beta2: 0.99, epsilon: 1e-3, weight_decay: 0.1, ..Lamb::new(0.01) };
        run!("lamb with decay", rule, 1e-5);
        run!("lars", Lars::new(2.0), 1e-5);
        let rule = Lars { momentum: 0.8, weight_decay: 0.05, trust_coefficient: 0.02, ..Lars::new(0.5) };
        run!("lars with decay", rule, 1e-5);
        run!("adafactor", Adafactor::new(0.01), 1e-5);
        let rule =
            Adafactor { beta2_decay: -0.5, epsilon1: 0.1, epsilon2: 0.7, weight_decay: 0.02, ..Adafactor::new(0.3) };
        run!("adafactor with decay", rule, 1e-5);
        run!("muon", muon(), 1e-5);
        let rule = Muon {
            nesterov: false,
            momentum: 0.9,
            weight_decay: 0.2,
            adjust_rate: AdjustRate::MatchRmsAdamW,
            vectors_weight_decay: 0.1,
            ..muon()
        };
        run!("muon of AdamW's size", rule, 1e-5);
        let rule = Muon {
            coefficients: [2.0, -1.5, 0.5],
            iterations: 4,
            epsilon: 0.5,
            adjust_rate: AdjustRate::SpectralUnclamped,
            ..muon()
        };
        run!("muon unclamped", rule, 1e-5);
        // What PyTorch itself does, with eight bits of each number of the iteration: each step is 1 to 3 % another one, and
        // after a hundred the largest difference is 0.02, of a way of 2.
        run!("muon in bfloat16", muon(), 3e-2);
        let lbfgs = file.runs.keys().filter(|name| name.starts_with("lbfgs")).count();
        assert_eq!(seen + lbfgs, file.runs.len(), "every run of the file is compared, here or below");
    }
}

/// Each step goes to where the last one's rounding led, so differences grow tenfold in five iterations or so. Ten
/// iterations can be compared as closely as the others; twenty show that the history is used alike; the end shows that
/// it is the same.
#[test]
fn lbfgs_goes_the_way_of_double_precision() {
    let file = File::load();
    let fixed = LbfgsSettings { learning_rate: 0.5, history_size: 10, ..lbfgs(LineSearch::Fixed) };
    let searched = LbfgsSettings { learning_rate: 10.0, ..lbfgs(LineSearch::StrongWolfe) };
    let to_the_end = LbfgsSettings { learning_rate: 1.0, max_iterations: 1000, max_evaluations: None, ..searched };
    for level in levels::all() {
        for (calls, tolerance) in [(5, 1e-5), (10, 1e-4)] {
            for (name, settings) in [("lbfgs", fixed), ("lbfgs with line search", searched)] {
                let worst = file.worst_of_lbfgs(level, name, calls, settings);
                assert!(worst < tolerance, "{level}, {name}, {calls} calls: {worst:.1e} away");
            }
        }
        // A loss in f32 tells places from the minimum where it is 6e-8 above, 1e-3 away in the flattest direction.
        let worst = file.worst_of_lbfgs(level, "lbfgs to the end", 1, to_the_end);
        assert!(worst < 3e-3, "{level}, to the end: {worst:.1e} away");
    }
}

#[test]
fn a_wrong_setting_is_seen() {
    let (file, level) = (File::load(), Level::detect());
    macro_rules! seen {
        ($name:literal, $($rule:expr),+ $(,)?) => {
            $(
                let worst = file.worst_of_rule(level, $name, $rule);
                assert!(worst > 1e-4, "{}: {:?} is only {worst:.1e} away", $name, $rule);
            )+
        };
    }
    let right = Lamb { beta1: 0.8, beta2: 0.99, epsilon: 1e-3, weight_decay: 0.1, ..Lamb::new(0.01) };
    seen!(
        "lamb with decay",
        Lamb { learning_rate: 0.0101, ..right },
        Lamb { beta1: 0.81, ..right },
        Lamb { beta2: 0.98, ..right },
        Lamb { epsilon: 2e-3, ..right },
        Lamb { weight_decay: 0.11, ..right },
    );
    let right = Lars { momentum: 0.8, weight_decay: 0.05, trust_coefficient: 0.02, ..Lars::new(0.5) };
    seen!(
        "lars with decay",
        Lars { learning_rate: 0.51, ..right },
        Lars { momentum: 0.81, ..right },
        Lars { weight_decay: 0.06, ..right },
        Lars { trust_coefficient: 0.021, ..right },
    );
    let right =
        Adafactor { beta2_decay: -0.5, epsilon1: 0.1, epsilon2: 0.7, weight_decay: 0.02, ..Adafactor::new(0.3) };
    seen!(
        "adafactor with decay",
        Adafactor { learning_rate: 0.31, ..right },
        Adafactor { beta2_decay: -0.51, ..right },
        Adafactor { epsilon1: 0.11, ..right },
        Adafactor { epsilon2: 0.8, ..right },
        Adafactor { weight_decay: 0.03, ..right },
    );
    seen!("adafactor", Adafactor { clipping_threshold: 1.1, ..Adafactor::new(0.01) });
    let right = Muon {
        coefficients: [2.0, -1.5, 0.5],
        iterations: 4,
        epsilon: 0.5,
        adjust_rate: AdjustRate::SpectralUnclamped,
        ..muon()
    };
    seen!(
        "muon unclamped",
        Muon { learning_rate: 0.021, ..right },
        Muon { weight_decay: 0.11, ..right },
        Muon { momentum: 0.94, ..right },
        Muon { nesterov: false, ..right },
        Muon { coefficients: [2.0, -1.5, 0.51], ..right },
        Muon { epsilon: 0.6, ..right },
        Muon { iterations: 5, ..right },
        Muon { adjust_rate: AdjustRate::Original, ..right },
        Muon { adjust_rate: AdjustRate::MatchRmsAdamW, ..right },
        Muon { vectors: Adam::new(0.011), ..right },
        Muon { vectors_weight_decay: 0.1, ..right },
    );
    let right = LbfgsSettings { learning_rate: 10.0, ..lbfgs(LineSearch::StrongWolfe) };
    for wrong in [
        LbfgsSettings { learning_rate: 9.0, ..right },
        LbfgsSettings { max_iterations: 3, ..right },
        LbfgsSettings { max_evaluations: Some(2), ..right },
        LbfgsSettings { history_size: 3, ..right },
        LbfgsSettings { line_search: LineSearch::Fixed, ..right },
    ] {
        let worst = file.worst_of_lbfgs(level, "lbfgs with line search", 5, wrong);
        assert!(worst > 1e-3, "{wrong:?} is only {worst:.1e} away");
    }
}

/// Matrices of every kind: of one row, of one column, wide, tall, with ragged ends.
type Layers = Chain<Dense<19, 37, Tanh>, Chain<Dense<37, 1, Tanh>, Chain<Dense<1, 21, Tanh>, Dense<21, 5>>>>;
type Ragged = Net<Layers>;

fn ragged(seed: u64) -> Ragged {
    let mut net = Ragged::ZERO;
    net.as_mut_slice().copy_from_slice(&Numbers::new(seed).vector(Ragged::PARAMETERS));
    net
}

/// Every optimizer that is called with a whole gradient, by name.
fn optimizers() -> Vec<(&'static str, Box<dyn NetOptimizer<Layers>>)> {
    vec![
        ("lamb", Box::new(TensorOptimizer::new(Lamb { weight_decay: 0.1, ..Lamb::new(0.02) }))),
        ("lars", Box::new(TensorOptimizer::new(Lars { weight_decay: 0.1, ..Lars::new(2.0) }))),
        ("adafactor", Box::new(TensorOptimizer::new(Adafactor { weight_decay: 0.1, ..Adafactor::new(0.02) }))),
        ("muon", Box::new(TensorOptimizer::new(Muon { vectors_weight_decay: 0.1, ..muon() }))),
        ("sgd with momentum", Box::new(Optimizer::<Ragged, _, 1>::new(Momentum::new(0.01)))),
        ("adam", Box::new(Optimizer::<Ragged, _, 2>::new(Adam::new(0.01)))),
    ]
}

/// The parameters after steps on gradients that follow from the numbers `steps`.
fn apply(optimizer: &mut dyn NetOptimizer<Layers>, level: Level, net: &mut Ragged, steps: std::ops::Range<u64>) {
    for step in steps {
        optimizer.apply(level, net, &ragged(1000 + step));
    }
}

#[test]
fn all_levels_of_a_class_give_the_same_bits() {
    for arithmetic in levels::CLASSES {
        let mut first = Vec::new();
        for level in levels::of_class(arithmetic) {
            let run = |(name, mut optimizer): (_, Box<dyn NetOptimizer<Layers>>)| {
                let mut net = ragged(1);
                apply(optimizer.as_mut(), level, &mut net, 0..20);
                let state: Vec<_> = optimizer.state().into_iter().map(bits).collect();
                assert!(net.as_slice().iter().all(|w| w.is_finite()), "{level}, {name}: finite parameters");
                (name, bits(net.as_slice()), state)
            };
            let found: Vec<_> = optimizers().into_iter().map(run).collect();
            if first.is_empty() {
                first.clone_from(&found);
            }
            for (a, b) in first.iter().zip(&found) {
                assert!(a == b, "{level}, {}: other bits than those of the first level of {arithmetic}", a.0);
            }
        }
    }
}

#[test]
fn a_resumed_optimizer_goes_on_with_the_same_bits() {
    for level in levels::all() {
        for ((name, mut whole), (_, mut resumed)) in optimizers().into_iter().zip(optimizers()) {
            let mut net = ragged(1);
            apply(whole.as_mut(), level, &mut net, 0..5);
            assert_eq!(whole.steps(), 5, "{name}");
            let (mut copy, state) = (net.clone(), whole.state());
            let places = resumed.resume(whole.steps());
            assert_eq!(places.len(), state.len(), "{name}");
            for (place, numbers) in places.into_iter().zip(state) {
                assert!(numbers.iter().any(|x| *x != 0.0), "{name}: there is something to remember");
                place.copy_from_slice(numbers);
            }
            apply(whole.as_mut(), level, &mut net, 5..10);
            apply(resumed.as_mut(), level, &mut copy, 5..10);
            assert!(bits(net.as_slice()) == bits(copy.as_slice()), "{level}, {name}: resumed");
            // Without the state the way is another one.
            let (_, mut fresh) = optimizers().into_iter().find(|(other, _)| *other == name).unwrap();
            let mut other = ragged(1);
            apply(fresh.as_mut(), level, &mut other, 0..5);
            fresh.resume(5).into_iter().for_each(|place| place.fill(0.0));
            apply(fresh.as_mut(), level, &mut other, 5..10);
            assert!(bits(net.as_slice()) != bits(other.as_slice()), "{level}, {name}: the state matters");
        }
    }
}

#[test]
fn the_state_is_as_large_as_documented() {
    let (all, vectors) = (Ragged::PARAMETERS, 37 + 1 + 21 + 5 + 21);
    let factors = (19 + 37) + (37 + 1) + (21 + 5);
    let expected = [
        ("lamb", vec![2 * all]),
        ("lars", vec![all]),
        ("adafactor", vec![factors + vectors]),
        ("muon", vec![all + vectors]),
        ("sgd with momentum", vec![all]),
        ("adam", vec![all, all]),
    ];
    for ((name, optimizer), (same, expected)) in optimizers().into_iter().zip(expected) {
        let found: Vec<usize> = optimizer.state().iter().map(|slice| slice.len()).collect();
        assert_eq!((name, found), (same, expected));
    }
}

#[test]
fn one_call_serves_element_wise_optimizers_too() {
    let level = Level::detect();
    let (mut by_trait, mut directly) = (ragged(1), ragged(1));
    let mut optimizer = Optimizer::<Ragged, _, 2>::new(Adam::new(0.01));
    apply(&mut optimizer, level, &mut by_trait, 0..3);
    let mut optimizer = Optimizer::<Ragged, _, 2>::new(Adam::new(0.01));
    for step in 0..3 {
        optimizer.apply(level, &mut directly, &ragged(1000 + step));
    }
    assert_eq!(bits(by_trait.as_slice()), bits(directly.as_slice()));
}

#[test]
fn a_gradient_of_zero_at_the_start_changes_nothing_but_by_decay() {
    type Small = net![Dense<3, 4>];
    for level in levels::all() {
        let start: Small = {
            let mut net = Small::ZERO;
            net.as_mut_slice().copy_from_slice(&Numbers::new(3).vector(Small::PARAMETERS));
            net
        };
        let check = |name: &str, optimizer: &mut dyn NetOptimizer<_>| {
            for net in [start.clone(), Small::ZERO] {
                let mut changed = net.clone();
                optimizer.apply(level, &mut changed, &Small::ZERO);
                assert_eq!(changed.as_slice(), net.as_slice(), "{level}, {name}");
            }
        };
        check("lamb", &mut TensorOptimizer::new(Lamb::new(0.1)));
        check("lars", &mut TensorOptimizer::new(Lars::new(0.1)));
        check("adafactor", &mut TensorOptimizer::new(Adafactor::new(0.1)));
        check("muon", &mut TensorOptimizer::new(Muon { weight_decay: 0.0, ..Muon::new(0.1) }));
    }
}
