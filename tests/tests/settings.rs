//! Rules, objectives and shapes as data, with the feature `serde`.

use femto::average::{Ema, RunningMean};
use femto::early_stopping::{Best, Better, EarlyStopping, Progress, Verdict};
use femto::init::{Init, Initializer};
use femto::layer::{Dense, Tensor};
use femto::loss::{CrossEntropy, Reduction};
use femto::optimizer::{Adam, Momentum};
use femto::train::Objective;
use femto::{Arithmetic, Flat, Isa, net};

fn round_trip<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, json: &str) {
    assert_eq!(serde_json::to_string(value).expect("data"), json, "written");
    assert_eq!(&serde_json::from_str::<T>(json).expect("the text just written"), value, "read");
}

#[test]
fn settings_come_back_as_they_were() {
    round_trip(&Momentum::nesterov(0.5), r#"{"learning_rate":0.5,"momentum":0.9,"dampening":0.0}"#);
    round_trip(&Adam::new(0.25), r#"{"learning_rate":0.25,"beta1":0.9,"beta2":0.999,"epsilon":1e-8}"#);
    round_trip(&Initializer::from(Init::Normal(0.5)), r#"{"weights":{"Normal":0.5},"biases":"Zeros"}"#);
    let objective = Objective { loss: CrossEntropy, reduction: Reduction::Sum, l2: 0.5 };
    round_trip(&objective, r#"{"loss":null,"reduction":"Sum","l2":0.5}"#);
    round_trip(&(Isa::Avx2, Arithmetic::Unfused), r#"["Avx2","Unfused"]"#);
}

#[test]
fn what_goes_on_later_comes_back_as_it_was() {
    round_trip(&Ema { decay: 0.5, updates: 7 }, r#"{"decay":0.5,"updates":7}"#);
    round_trip(&RunningMean { updates: 7 }, r#"{"updates":7}"#);
    let progress = Progress { observed: 9, waited: 2, best: Some(Best { value: 0.25, at: 6 }) };
    round_trip(
        &EarlyStopping { better: Better::Higher, progress, ..EarlyStopping::new(3) },
        concat!(
            r#"{"patience":3,"min_delta":0.0,"better":"Higher","#,
            r#""progress":{"observed":9,"waited":2,"best":{"value":0.25,"at":6}}}"#
        ),
    );
    round_trip(&Progress::default(), r#"{"observed":0,"waited":0,"best":null}"#);
    round_trip(&Verdict::Improved, r#""Improved""#);
}

#[test]
fn a_wrong_field_is_refused() {
    assert!(serde_json::from_str::<Adam>(r#"{"learning_rate":0.25}"#).is_err(), "missing fields");
}

#[test]
fn shapes_come_back_as_they_were() {
    let mut shapes: Vec<Tensor> = Vec::new();
    <net![Dense<3, 2>]>::ZERO.for_each_tensor(|tensor, _| shapes.push(tensor));
    round_trip(
        &shapes,
        concat!(
            r#"[{"layer":0,"name":"Weight","rows":3,"columns":2,"offset":0},"#,
            r#"{"layer":0,"name":"Bias","rows":1,"columns":2,"offset":6}]"#
        ),
    );
}
