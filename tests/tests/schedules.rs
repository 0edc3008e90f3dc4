//! Learning rates against PyTorch's schedulers, and a rule that follows one through a stop.

#![expect(clippy::unwrap_used, reason = "the helpers of tests unwrap as tests do")]

use std::collections::BTreeMap;

use femto::early_stopping::Better;
use femto::optimizer::{Adam, AdamW, ByKind, Frozen, Groups, LearningRate, Optimizer, Rule, Scheduled, Sgd};
use femto::schedule::{
    Constant, Cosine, CosineRestarts, Exponential, InverseTime, Linear, Milestones, OneCycle, Polynomial,
    ReduceOnPlateau, Schedule, Sequence, Staircase, Warmup,
};
use femto_tests::levels;
use femto_tests::log::say;
use femto_tests::numbers::{Numbers, bits};
use serde::Deserialize;

/// What `tests/golden/schedules.py` wrote.
#[derive(Deserialize)]
struct File {
    torch: String,
    /// What the plateaus look at; none is NaN.
    metrics: Vec<Option<f32>>,
    /// By name, then by step.
    schedules: BTreeMap<String, BTreeMap<u32, f64>>,
    plateaus: BTreeMap<String, Vec<f64>>,
}

impl File {
    fn load() -> Self {
        serde_json::from_str(include_str!("../golden/schedules.json")).unwrap()
    }

    /// The largest difference, relative to the rate, and the step where it is.
    fn worst(&self, name: &str, schedule: impl Schedule) -> (f64, u32) {
        let rates = self.schedules[name].iter();
        let differences = rates.map(|(&step, &exact)| (relative(schedule.rate(step), exact), step));
        differences.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
    }
}

/// Rates below 1e-10 are compared as zeros are: PyTorch's recurrences end there, not at 0.
fn relative(found: f32, exact: f64) -> f64 {
    (f64::from(found) - exact).abs() / exact.abs().max(1e-10)
}

const ONE_CYCLE: OneCycle = OneCycle { peak: 0.2, steps: 1999, rise: 0.15, first: 10.0, last: 100.0 };
const FALL: Exponential = Exponential { rate: 0.1, factor: 255.0 / 256.0 };

#[test]
fn rates_are_those_of_pytorch() {
    let file = File::load();
    assert!(file.torch.starts_with("2."), "PyTorch {}", file.torch);
    let mut seen = Vec::new();
    macro_rules! check {
        ($name:literal, $schedule:expr) => {
            let (worst, step) = file.worst($name, $schedule);
            say(&format!("{}: {worst:.1e} away from PyTorch", $name));
            assert!(worst < 1e-6, "{}, step {step}: {worst:.1e} away from PyTorch", $name);
            seen.push($name);
        };
    }
    check!("constant", Constant { rate: 0.1 });
    check!("linear", Linear { from: 0.025, to: 0.075, steps: 300 });
    check!("polynomial", Polynomial { rate: 0.1, end: 0.0, steps: 1000, power: 2.0 });
    check!("polynomial with end", Polynomial { rate: 0.1, end: 0.01, steps: 700, power: 1.5 });
    check!("inverse time", InverseTime { rate: 0.1, decay: 0.01 });
    check!("exponential", FALL);
    check!("staircase", Staircase { rate: 0.1, factor: 0.3, every: 150 });
    check!("milestones", Milestones { rate: 0.1, factor: 0.3, milestones: [10, 100, 700] });
    check!("cosine", Cosine { rate: 0.1, end: 0.001, steps: 1000 });
    check!("cosine to zero", Cosine { rate: 0.1, end: 0.0, steps: 1500 });
    check!("cosine restarts", CosineRestarts { rate: 0.1, end: 0.001, steps: 100, factor: 1 });
    check!("longer restarts", CosineRestarts { rate: 0.1, end: 0.0, steps: 100, factor: 2 });
    check!("one cycle", OneCycle::new(0.1, 1000));
    check!("one cycle with settings", ONE_CYCLE);
    check!("warm-up", Warmup { steps: 30, start: 0.25, then: FALL });
    let then = Linear { from: 0.1, to: 0.0, steps: 600 };
    check!("sequence", Sequence { first: Constant { rate: 0.1 }, steps: 100, then });
    seen.sort_unstable();
    assert_eq!(seen, file.schedules.keys().collect::<Vec<_>>(), "every schedule of the file was compared");
}

#[test]
fn a_wrong_schedule_is_seen() {
    let file = File::load();
    macro_rules! wrong {
        ($name:literal, $schedule:expr) => {
            let (worst, _) = file.worst($name, $schedule);
            assert!(worst > 1e-3, "{}: {worst:.1e} away from PyTorch", $name);
        };
    }
    wrong!("constant", Constant { rate: 0.101 });
    wrong!("linear", Linear { from: 0.025, to: 0.075, steps: 301 });
    wrong!("polynomial", Polynomial { rate: 0.1, end: 0.0, steps: 1000, power: 1.9 });
    wrong!("polynomial with end", Polynomial { rate: 0.1, end: 0.0, steps: 700, power: 1.5 });
    wrong!("inverse time", InverseTime { rate: 0.1, decay: 0.011 });
    wrong!("exponential", Exponential { rate: 0.1, factor: 0.9962 });
    wrong!("staircase", Staircase { rate: 0.1, factor: 0.3, every: 151 });
    wrong!("milestones", Milestones { rate: 0.1, factor: 0.3, milestones: [11, 100, 700] });
    wrong!("cosine", Cosine { rate: 0.1, end: 0.001, steps: 1001 });
    wrong!("cosine to zero", Cosine { rate: 0.1, end: 1e-5, steps: 1500 });
    wrong!("cosine restarts", CosineRestarts { rate: 0.1, end: 0.001, steps: 100, factor: 2 });
    wrong!("longer restarts", CosineRestarts { rate: 0.1, end: 0.0, steps: 100, factor: 3 });
    wrong!("one cycle", OneCycle { rise: 0.31, ..OneCycle::new(0.1, 1000) });
    wrong!("one cycle with settings", OneCycle { last: 101.0, ..ONE_CYCLE });
    wrong!("warm-up", Warmup { steps: 30, start: 0.26, then: FALL });
    wrong!("sequence", Sequence { first: Constant { rate: 0.1 }, steps: 99, then: Constant { rate: 0.1 } });
}

#[test]
fn plateaus_are_those_of_pytorch() {
    let file = File::load();
    let half = ReduceOnPlateau { factor: 0.5, ..ReduceOnPlateau::new(0.5) };
    let mut settings = BTreeMap::from([
        ("defaults", ReduceOnPlateau::new(0.5)),
        ("patience 2", ReduceOnPlateau { patience: 2, ..half }),
        ("cooldown", ReduceOnPlateau { patience: 1, cooldown: 3, smallest: 0.02, ..half }),
        ("threshold", ReduceOnPlateau { patience: 1, threshold: 0.1, ..half }),
        ("largest", ReduceOnPlateau { better: Better::Higher, patience: 3, factor: 0.25, ..half }),
    ]);
    assert!(settings.keys().eq(file.plateaus.keys()), "every plateau of the file is compared");
    for (name, plateau) in &mut settings {
        let expected = &file.plateaus[*name];
        assert!(expected.iter().any(|rate| *rate < 0.3), "{name}: the rate falls in the file");
        for (i, (metric, exact)) in file.metrics.iter().zip(expected).enumerate() {
            // A run that is stopped after each value goes on from the text.
            let text = serde_json::to_string(plateau).unwrap();
            *plateau = serde_json::from_str(&text).unwrap();
            let metric = metric.unwrap_or(f32::NAN);
            let rate = plateau.observe(if plateau.better == Better::Higher { 1.0 - metric } else { metric });
            assert!(relative(rate, *exact) < 1e-6, "{name}, value {i}: {rate} is not {exact}");
        }
    }
}

#[test]
fn settings_without_steps_give_rates() {
    for step in [0, 1, 7, u32::MAX] {
        let rates = [
            Linear { from: 0.5, to: 0.25, steps: 0 }.rate(step),
            Polynomial { rate: 0.5, end: 0.25, steps: 0, power: 1.0 }.rate(step),
            Staircase { rate: 0.25, factor: 0.5, every: 0 }.rate(step),
            Milestones { rate: 0.25, factor: 0.5, milestones: [] }.rate(step),
            Warmup { steps: 0, start: 0.0, then: Constant { rate: 0.25 } }.rate(step),
            CosineRestarts { rate: 0.25, end: 0.0, steps: 0, factor: 0 }.rate(step),
        ];
        assert_eq!(rates, [0.25; 6], "step {step}");
        for rate in [
            Cosine { rate: 0.5, end: 0.25, steps: 0 }.rate(step),
            CosineRestarts { rate: 0.5, end: 0.25, steps: 1, factor: u32::MAX }.rate(step),
            OneCycle::new(0.5, 0).rate(step),
            OneCycle::new(0.5, 1).rate(step),
        ] {
            assert!((0.0..=0.5).contains(&rate), "step {step}: {rate}");
        }
    }
}

const PARAMETERS: usize = 37;
const STEPS: u32 = 60;
type Parameters = [f32; PARAMETERS];

/// A run of [`STEPS`] steps that is saved and goes on after step `stop`: with the same rule, read back from text.
fn run<R, const MOMENTS: usize>(level: femto::Level, rule: R, stop: u32) -> Vec<u32>
where
    R: Rule<MOMENTS> + serde::Serialize + serde::de::DeserializeOwned,
{
    let mut numbers = Numbers::new(60);
    let mut parameters: Parameters = std::array::from_fn(|_| numbers.unit());
    let mut optimizer = Optimizer::<Parameters, R, MOMENTS>::new(rule);
    for step in 0..STEPS {
        if step == stop {
            let text = serde_json::to_string(&optimizer.rule).unwrap();
            let rule = serde_json::from_str(&text).unwrap();
            optimizer = Optimizer::from_parts(rule, optimizer.steps(), *optimizer.moments());
        }
        let gradient: Parameters = std::array::from_fn(|_| numbers.unit());
        optimizer.apply(level, &mut parameters, &gradient);
    }
    bits(&parameters)
}

#[test]
fn a_run_that_goes_on_has_the_bits_of_one_that_never_stopped() {
    let then = Milestones { rate: 0.05, factor: 0.5, milestones: [20, 30] };
    let schedule = Warmup { steps: 10, start: 0.1, then };
    for level in levels::all() {
        for stop in [1, 5, 10, 11, 30, 59] {
            let scheduled = Scheduled { rule: AdamW::new(1.0), schedule };
            assert!(run(level, scheduled, STEPS) == run(level, scheduled, stop), "{level}, stopped after {stop}");
            let scheduled = Scheduled { rule: Sgd::new(1.0), schedule: OneCycle::new(0.1, STEPS) };
            assert!(run(level, scheduled, STEPS) == run(level, scheduled, stop), "{level}, stopped after {stop}");
        }
    }
}

#[test]
fn a_rule_that_follows_a_schedule_is_the_rule_with_those_rates() {
    let schedule = Warmup { steps: 10, start: 0.1, then: Cosine { rate: 0.05, end: 0.0, steps: 50 } };
    for level in levels::all() {
        let mut numbers = Numbers::new(61);
        let start: Parameters = std::array::from_fn(|_| numbers.unit());
        let (mut by_schedule, mut by_hand) = (start, start);
        let mut a = Optimizer::new(Scheduled { rule: Adam::new(1.0), schedule });
        let mut b = Optimizer::new(Adam::new(1.0));
        for step in 0..STEPS {
            let gradient: Parameters = std::array::from_fn(|_| numbers.unit());
            a.apply(level, &mut by_schedule, &gradient);
            b.rule = b.rule.with_learning_rate(schedule.rate(step));
            assert_eq!(b.rule.learning_rate(), schedule.rate(step));
            b.apply(level, &mut by_hand, &gradient);
            assert_eq!(bits(&by_schedule), bits(&by_hand), "{level}, step {step}");
        }
        assert_ne!(bits(&by_schedule), bits(&start), "{level}: something was learnt");
    }
}

#[test]
fn milestones_are_read_by_their_number() {
    let schedule = Milestones { rate: 0.5, factor: 0.25, milestones: [10, 15] };
    let text = r#"{"rate":0.5,"factor":0.25,"milestones":[10,15]}"#;
    assert_eq!(serde_json::to_string(&schedule).unwrap(), text);
    assert_eq!(serde_json::from_str::<Milestones<2>>(text).unwrap(), schedule);
    let error = serde_json::from_str::<Milestones<3>>(text).unwrap_err().to_string();
    assert!(error.contains("expected 3 whole numbers"), "{error}");
    assert!(serde_json::from_str::<Milestones<1>>(text).is_err(), "too many");
}

#[test]
fn groups_keep_the_proportion_of_their_rates() {
    let rule = ByKind { weights: Sgd::new(0.5), biases: Sgd::new(1.0) }.with_learning_rate(0.25);
    assert_eq!(rule, ByKind { weights: Sgd::new(0.25), biases: Sgd::new(0.5) });
    let rule = Groups { from: 3, before: Sgd::new(0.125), rest: rule }.with_learning_rate(0.5);
    assert_eq!((rule.before, rule.rest.weights, rule.rest.biases), (Sgd::new(0.25), Sgd::new(0.5), Sgd::new(1.0)));
    let frozen = Groups { from: 3, before: Frozen, rest: Adam::new(0.1) }.with_learning_rate(0.2);
    assert_eq!(frozen, Groups { from: 3, before: Frozen, rest: Adam::new(0.2) });
    let from_zero = ByKind { weights: Sgd::new(0.0), biases: Sgd::new(0.0) }.with_learning_rate(0.25);
    assert_eq!(from_zero, ByKind { weights: Sgd::new(0.25), biases: Sgd::new(0.25) });
}
