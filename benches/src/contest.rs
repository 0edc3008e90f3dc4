//! Femto and its rivals on the same data, in turns: results compared first, then times.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use femto::Level;

use crate::peak::{self, Width};
use crate::rounds::Calls;

/// The name of femto among contenders.
pub const FEMTO: &str = "femto";

/// What all contests of a run have in common.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The level of femto.
    pub level: Level,
    /// Threads of the rivals that have any; femto uses one.
    pub threads: usize,
    /// Leaves out what takes long.
    pub quick: bool,
}

/// One way to do the work of a case.
pub struct Contender {
    /// What it is.
    pub name: &'static str,
    calls: Calls,
    result: Box<dyn Fn() -> Vec<f32>>,
    worst_ulp: Option<Box<dyn Fn() -> f64>>,
}

impl Contender {
    /// A contender that works on `state` by `call`; `result` takes what it computed out of the state of a fresh call.
    pub fn new<T: 'static>(
        name: &'static str,
        make: impl Fn() -> T + 'static,
        call: impl Fn(&mut T) + Copy + 'static,
        result: impl Fn(&T) -> Vec<f32> + 'static,
    ) -> Self {
        let mut state = make();
        Self {
            name,
            calls: Calls::new(move || call(&mut state)),
            result: Box::new(move || {
                let mut state = make();
                call(&mut state);
                result(&state)
            }),
            worst_ulp: None,
        }
    }

    /// A contender whose `result` is not that of a timed call.
    pub fn with_result(name: &'static str, result: Vec<f32>, call: impl FnMut() + 'static) -> Self {
        Self { name, calls: Calls::new(call), result: Box::new(move || result.clone()), worst_ulp: None }
    }

    /// [`Self::with_result`] for a loop of as many calls as it is told to make.
    pub fn with_loop(name: &'static str, result: Vec<f32>, calls: impl FnMut(u32) + 'static) -> Self {
        Self { name, calls: Calls::looping(calls), result: Box::new(move || result.clone()), worst_ulp: None }
    }

    /// The same with a measure of its accuracy: the worst error in ulp.
    #[must_use]
    pub fn with_worst_ulp(mut self, measure: impl Fn() -> f64 + 'static) -> Self {
        self.worst_ulp = Some(Box::new(measure));
        self
    }

    /// The worst error in ulp, measured now; none without a measure.
    #[must_use]
    pub fn worst_ulp(&self) -> Option<f64> {
        self.worst_ulp.as_ref().map(|measure| measure())
    }
}

/// What a time is stated in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Microseconds of a call.
    Microseconds,
    /// Nanoseconds of one of so many elements of a call.
    NanosecondsPerElement(usize),
}

impl Unit {
    /// The symbol of the unit.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Microseconds => "us",
            Self::NanosecondsPerElement(_) => "ns",
        }
    }

    /// The time of a call in this unit.
    fn of(self, seconds: f64) -> f64 {
        match self {
            Self::Microseconds => seconds * 1e6,
            Self::NanosecondsPerElement(elements) => seconds * 1e9 / elements as f64,
        }
    }
}

/// Work that is done in several ways.
pub struct Contest {
    /// The kind of work.
    pub group: &'static str,
    /// Its shape.
    pub case: String,
    /// What times are stated in.
    pub unit: Unit,
    /// Multiply-accumulates of a call, of two FLOP each; 0 for work that is not made of them, which has no peak.
    pub multiply_accumulates: u64,
    /// The largest difference between results that rounding explains, where they are above 1 relative to them.
    pub tolerance: f32,
    /// Femto.
    pub femto: Contender,
    /// Other ways of femto's, and what is nobody's: they are timed, too, and are no rivals.
    pub beside: Vec<Contender>,
    /// The others.
    pub rivals: Vec<Contender>,
}

/// What a contest has shown.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    /// The kind of work.
    pub group: &'static str,
    /// Its shape.
    pub case: String,
    /// What the values are.
    pub unit: &'static str,
    /// The time of femto, best round.
    pub femto: f64,
    /// The same of what is no rival: other ways of femto's, plain loops.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub beside: Map<String, Value>,
    /// The same of each rival.
    pub rivals: Map<String, Value>,
    /// The time of the best rival that [counts](Self::counts) by femto's; above 1 femto is ahead.
    pub ratio: Option<f64>,
    /// The part of the FMA peak that femto reaches, in the best of its rounds; the peak of a round is the better one of
    /// those measured just before and just after it, for the clock of a busy machine changes within a run.
    pub peak_fraction: Option<f64>,
    /// The worst error of each contender in ulp, where it is measured.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub worst_ulp: Map<String, Value>,
}

impl Score {
    /// Whether a rival is as accurate as femto: its worst error is at most femto's, rounded up to a tenth of an ulp.
    /// All count where no errors are measured.
    #[must_use]
    pub fn counts(&self, rival: &str) -> bool {
        let of = |name| self.worst_ulp.get(name).and_then(Value::as_f64);
        self.worst_ulp.is_empty()
            || matches!((of(rival), of(FEMTO)), (Some(rival), Some(femto)) if rival <= (10.0 * femto).ceil() / 10.0)
    }

    /// The time of the fastest rival by femto's, whatever its accuracy.
    #[must_use]
    pub fn ratio_to_fastest(&self) -> Option<f64> {
        self.rivals.keys().filter_map(|rival| self.ratio_to(rival)).reduce(f64::min)
    }

    /// The time of a rival by femto's.
    #[must_use]
    pub fn ratio_to(&self, rival: &str) -> Option<f64> {
        self.rivals.get(rival).and_then(Value::as_f64).map(|time| time / self.femto)
    }
}

/// Results that rounding does not explain.
#[derive(Debug)]
pub struct Disagreement {
    /// The case.
    pub case: String,
    /// Who disagrees with femto.
    pub rival: &'static str,
    /// By how much at the most.
    pub difference: f32,
}

impl std::fmt::Display for Disagreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { case, rival, difference } = self;
        write!(f, "{case}: {rival} and femto differ by {difference}; one of them computes something else")
    }
}

impl std::error::Error for Disagreement {}

impl Contest {
    /// Compares the results.
    ///
    /// # Errors
    /// [`Disagreement`] where another contender computes something else than femto.
    pub fn compare(&self) -> Result<(), Disagreement> {
        let expected = (self.femto.result)();
        for contender in self.beside.iter().chain(&self.rivals) {
            let result = (contender.result)();
            let differences = result.iter().zip(&expected).map(|(a, b)| (a - b).abs() / b.abs().max(1.0));
            // A NaN stays: `max` would pass over it.
            let difference = differences.fold(0.0_f32, |most, d| if most.is_nan() || d <= most { most } else { d });
            if result.len() != expected.len() || difference.is_nan() || difference > self.tolerance {
                return Err(Disagreement { case: self.case.clone(), rival: contender.name, difference });
            }
        }
        Ok(())
    }

    /// Compares the results, then times all contenders and the peak in turns, each round beginning with another one.
    ///
    /// # Errors
    /// [`Disagreement`] where a rival computes something else; nothing is timed then.
    pub fn hold(self, width: Option<Width>, rounds: u32, round: Duration) -> Result<Score, Disagreement> {
        self.compare()?;
        let Self { group, case, unit, multiply_accumulates, femto, beside, rivals, .. } = self;
        let first_rival = 1 + beside.len();
        let mut all: Vec<Contender> = std::iter::once(femto).chain(beside).chain(rivals).collect();
        let worst_ulp = all.iter().filter_map(|c| Some((c.name.to_owned(), Value::from(c.worst_ulp()?)))).collect();
        let width = width.filter(|_| multiply_accumulates > 0);
        let calls: Vec<u32> = all.iter_mut().map(|contender| contender.calls.at_once(round)).collect();
        let mut best = vec![f64::INFINITY; all.len()];
        let mut peak_fraction = None;
        for turn in 0..rounds as usize {
            for i in 0..all.len() {
                let i = (i + turn) % all.len();
                let before = if i == 0 { width.and_then(peak::round) } else { None };
                let seconds = all[i].calls.time(calls[i]) / f64::from(calls[i]);
                best[i] = best[i].min(seconds);
                if let Some(peak) = peak::better(before, before.and(width).and_then(peak::round)) {
                    let fraction = 2.0 * multiply_accumulates as f64 / seconds * 1e-9 / peak;
                    peak_fraction = peak::better(peak_fraction, Some(fraction));
                }
            }
        }
        let times = |contenders: std::ops::Range<usize>| {
            all[contenders.clone()]
                .iter()
                .zip(&best[contenders])
                .map(|(contender, seconds)| (contender.name.to_owned(), Value::from(unit.of(*seconds))))
                .collect()
        };
        let mut score = Score {
            group,
            case,
            unit: unit.symbol(),
            femto: unit.of(best[0]),
            beside: times(1..first_rival),
            rivals: times(first_rival..all.len()),
            ratio: None,
            peak_fraction,
            worst_ulp,
        };
        let counting = score.rivals.keys().filter(|rival| score.counts(rival));
        score.ratio = counting.filter_map(|rival| score.ratio_to(rival)).reduce(f64::min);
        Ok(score)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(name: &'static str, millis: u64, value: f32) -> Contender {
        let sleep = move |_: &mut ()| std::thread::sleep(Duration::from_millis(millis));
        Contender::new(name, || (), sleep, move |()| vec![value])
    }

    fn contest(value: f32) -> Contest {
        Contest {
            group: "sleep",
            case: "short".to_owned(),
            unit: Unit::Microseconds,
            multiply_accumulates: 1,
            tolerance: 0.1,
            femto: sleeper(FEMTO, 1, 1.0),
            beside: vec![sleeper("slow", 2, 1.0)],
            rivals: vec![sleeper("long", 4, value)],
        }
    }

    #[test]
    fn the_faster_one_is_ahead() {
        let score = contest(1.05).hold(None, 2, Duration::from_millis(1)).expect("they agree");
        let ratio = score.ratio.expect("there is a rival");
        assert!(ratio > 1.5 && score.femto >= 1000.0, "{score:?}");
        assert!(score.ratio == score.ratio_to("long"), "what stands beside is no rival: {score:?}");
        assert!(score.beside["slow"].as_f64() >= Some(2000.0) && score.rivals.len() == 1, "{score:?}");
    }

    #[test]
    fn who_computes_something_else_is_not_timed() {
        for value in [2.0, f32::NAN] {
            let refused = contest(value).hold(None, 1, Duration::from_millis(1));
            assert!(matches!(refused, Err(Disagreement { rival: "long", .. })), "{value}");
        }
    }

    #[test]
    fn one_wrong_number_among_many_is_seen() {
        let numbers = |result: Vec<f32>| Contender::with_result("long", result, || {});
        for result in [[2.0, f32::NAN, 1.0], [1.0, f32::NAN, 1.0], [1.0, 2.0, 1.0], [f32::NAN, 2.0, 1.0]] {
            let mut contest = contest(1.0);
            contest.femto = Contender::with_result(FEMTO, vec![1.0; 3], || {});
            contest.beside.clear();
            contest.rivals = vec![numbers(result.to_vec())];
            assert!(contest.compare().is_err(), "{result:?}");
            contest.rivals = vec![numbers(vec![1.0; 3])];
            assert!(contest.compare().is_ok(), "the same numbers");
        }
    }

    #[test]
    fn large_results_are_compared_relative_to_their_size() {
        for (value, agrees) in [(1050.0, true), (1200.0, false)] {
            let mut contest = contest(value);
            contest.femto = sleeper(FEMTO, 1, 1000.0);
            contest.beside.clear();
            assert_eq!(contest.hold(None, 1, Duration::from_millis(1)).is_ok(), agrees, "{value}");
        }
    }

    #[test]
    fn the_ratio_is_that_to_rivals_as_accurate_as_femto() {
        let mut contest = contest(1.0);
        contest.femto = contest.femto.with_worst_ulp(|| 0.81);
        contest.rivals = vec![
            sleeper("inaccurate", 1, 1.0).with_worst_ulp(|| 0.91),
            sleeper("accurate", 4, 1.0).with_worst_ulp(|| 0.9),
            sleeper("wrong", 1, 1.0).with_worst_ulp(|| f64::INFINITY),
        ];
        let score = contest.hold(None, 2, Duration::from_millis(1)).expect("they agree");
        let counting = ["inaccurate", "accurate", "wrong"].map(|rival| score.counts(rival));
        assert_eq!(counting, [false, true, false], "{score:?}");
        assert_eq!(score.ratio, score.ratio_to("accurate"), "{score:?}");
    }

    #[test]
    fn times_are_stated_in_their_unit() {
        assert_eq!(Unit::Microseconds.of(0.5), 5e5, "a call");
        assert_eq!(Unit::NanosecondsPerElement(1000).of(1e-6), 1.0, "an element");
    }
}
