//! Early stopping: verdicts, what counts as an improvement, weights given back, and going on later.

use femto::early_stopping::{Best, BestWeights, Better, EarlyStopping, Progress, Verdict};
use femto::layer::Dense;
use femto::{Flat, net};
use femto_tests::numbers::Numbers;

use Verdict::{Improved, Stop, Waiting};

type Net = net![Dense<3, 2>];

#[track_caller]
fn check(mut stopping: EarlyStopping, observations: &[(f32, Verdict)]) -> EarlyStopping {
    for (at, (value, expected)) in observations.iter().enumerate() {
        assert_eq!(stopping.observe(*value), *expected, "observation {at}, {value}");
    }
    stopping
}

#[test]
fn patience_counts_observations_in_a_row() {
    let stopping = check(
        EarlyStopping::new(3),
        &[
            (1.0, Improved),
            (1.0, Waiting),
            (2.0, Waiting),
            (0.5, Improved),
            (0.5, Waiting),
            (0.6, Waiting),
            (0.7, Stop),
            (0.6, Stop),
            (0.4, Improved),
            (0.4, Waiting),
        ],
    );
    assert_eq!(stopping.best(), Some(Best { value: 0.4, at: 8 }), "best");
    assert_eq!(stopping.progress, Progress { observed: 10, waited: 1, best: stopping.best() }, "progress");
}

#[test]
fn a_patience_of_zero_is_as_one() {
    for patience in [0, 1] {
        let _ = check(EarlyStopping::new(patience), &[(1.0, Improved), (0.5, Improved), (0.5, Stop)]);
        let _ = check(EarlyStopping::new(patience), &[(f32::NAN, Stop), (0.5, Improved)]);
    }
}

#[test]
fn higher_is_better_where_it_is_said() {
    let stopping = EarlyStopping { better: Better::Higher, ..EarlyStopping::new(2) };
    let stopping =
        check(stopping, &[(-5.0, Improved), (-6.0, Waiting), (-4.0, Improved), (-4.0, Waiting), (-4.5, Stop)]);
    assert_eq!(stopping.best(), Some(Best { value: -4.0, at: 2 }), "best");
}

#[test]
fn an_improvement_is_larger_than_min_delta() {
    for min_delta in [0.25, -0.25] {
        let lower = EarlyStopping { min_delta, ..EarlyStopping::new(9) };
        let _ = check(lower, &[(1.0, Improved), (0.75, Waiting), (0.749, Improved), (0.5, Waiting), (0.25, Improved)]);
        let higher = EarlyStopping { better: Better::Higher, ..lower };
        let _ = check(higher, &[(1.0, Improved), (1.25, Waiting), (1.251, Improved), (1.5, Waiting), (1.75, Improved)]);
    }
    // No step of less than min_delta moves the mark: they add up.
    let slow = EarlyStopping { min_delta: 0.25, ..EarlyStopping::new(9) };
    let _ = check(slow, &[(1.0, Improved), (0.9, Waiting), (0.8, Waiting), (0.7, Improved)]);
    let nan = EarlyStopping { min_delta: f32::NAN, ..EarlyStopping::new(2) };
    let _ = check(nan, &[(1.0, Improved), (0.5, Waiting), (0.1, Stop)]);
}

#[test]
fn nan_and_the_worst_infinity_never_improve() {
    for (better, worst) in [(Better::Lower, f32::INFINITY), (Better::Higher, f32::NEG_INFINITY)] {
        let stopping = EarlyStopping { better, ..EarlyStopping::new(3) };
        let observations = [
            (f32::NAN, Waiting),
            (worst, Waiting),
            (3.0, Improved),
            (f32::NAN, Waiting),
            (worst, Waiting),
            (worst, Stop),
        ];
        let stopping = check(stopping, &observations);
        assert_eq!(stopping.best(), Some(Best { value: 3.0, at: 2 }), "{better:?}");
        // Nothing is better than the best infinity, itself included.
        let stopping =
            check(EarlyStopping { better, ..EarlyStopping::new(2) }, &[(-worst, Improved), (-worst, Waiting)]);
        assert_eq!(stopping.best(), Some(Best { value: -worst, at: 0 }), "{better:?}");
    }
}

#[test]
fn counters_stay_at_their_end() {
    let progress = Progress { observed: u32::MAX, waited: u32::MAX, best: None };
    let mut stopping = EarlyStopping { progress, ..EarlyStopping::new(u32::MAX) };
    assert_eq!(stopping.observe(f32::NAN), Stop, "patience is used up");
    assert_eq!(stopping.progress, progress, "no counter goes round");
    assert_eq!(stopping.observe(1.0), Improved, "and all goes on");
}

fn net(numbers: &mut Numbers) -> Net {
    let mut net = Net::ZERO;
    net.as_mut_slice().copy_from_slice(&numbers.vector(Net::LEN));
    net
}

#[test]
fn the_best_weights_come_back() {
    let mut numbers = Numbers::new(500);
    let nets: Vec<Net> = (0..6).map(|_| net(&mut numbers)).collect();
    let values = [0.9, f32::NAN, 0.5, 0.7, 0.5, 0.6];
    let mut place = net(&mut numbers);
    let mut best = BestWeights::new(EarlyStopping::new(3), &mut place);

    let mut weights = nets[5].clone();
    assert!(best.weights().is_none() && !best.restore(&mut weights), "there is nothing yet");
    assert_eq!(weights, nets[5], "what was in the place is no best");
    assert_eq!(best.observe(f32::NAN, &nets[0]), Waiting, "no weights are kept for NaN");
    assert!(best.weights().is_none(), "still nothing");

    let kept = [0, 0, 2, 2, 2, 2];
    for ((net, value), kept) in nets.iter().zip(values).zip(kept) {
        let _ = best.observe(value, net);
        assert_eq!(best.weights(), Some(&nets[kept]), "after {value}");
    }
    assert_eq!(best.stopping().best(), Some(Best { value: 0.5, at: 3 }), "best");
    assert!(best.restore(&mut weights), "there is a best");
    assert_eq!(weights, nets[2], "restored");
    assert_eq!(place, nets[2], "and left where the owner has it");
}

#[test]
fn it_goes_on_where_it_was() {
    let mut numbers = Numbers::new(501);
    let nets: Vec<Net> = (0..30).map(|_| net(&mut numbers)).collect();
    let values: Vec<f32> = (0..30).map(|_| numbers.unit()).collect();
    for cut in 0..30 {
        let (mut whole_place, mut place) = (Net::ZERO, Net::ZERO);
        let mut whole = BestWeights::new(EarlyStopping::new(4), &mut whole_place);
        let verdicts: Vec<Verdict> = nets.iter().zip(&values).map(|(net, value)| whole.observe(*value, net)).collect();
        assert!(verdicts.contains(&Stop), "the patience is used up once");

        let mut first = BestWeights::new(EarlyStopping::new(4), &mut place);
        let mut found: Vec<Verdict> = Vec::new();
        found.extend(nets[..cut].iter().zip(&values[..cut]).map(|(net, value)| first.observe(*value, net)));
        let json = serde_json::to_string(first.stopping()).unwrap();
        let mut bytes = [0; Net::PARAMETER_BYTES];
        place.write_le_bytes(&mut bytes).unwrap();

        let mut place = Net::from_le_bytes(&bytes);
        let mut second = BestWeights::new(serde_json::from_str(&json).unwrap(), &mut place);
        found.extend(nets[cut..].iter().zip(&values[cut..]).map(|(net, value)| second.observe(*value, net)));
        assert_eq!(found, verdicts, "cut at {cut}");
        assert_eq!(second, whole, "cut at {cut}: settings, progress and weights");
    }
}
