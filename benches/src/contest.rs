//! Femto and its rivals on the same data, in turns: results compared first, then times.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use femto::Level;

use crate::peak::{self, Width};
use crate::rounds::Calls;

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
        }
    }
}

/// Work that is done in several ways.
pub struct Contest {
    /// The kind of work.
    pub group: &'static str,
    /// Its shape.
    pub case: String,
    /// Multiply-accumulates of a call, of two FLOP each.
    pub multiply_accumulates: u64,
    /// The largest difference between results that rounding explains.
    pub tolerance: f32,
    /// Femto.
    pub femto: Contender,
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
    /// Microseconds of a call, best round.
    pub femto: f64,
    /// The same of each rival.
    pub rivals: Map<String, Value>,
    /// The best rival's time by femto's; above 1 femto is ahead.
    pub ratio: Option<f64>,
    /// The part of the FMA peak that femto reaches; the peak is measured in the same rounds.
    pub peak_fraction: Option<f64>,
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
    /// Compares the results, then times all contenders and the peak in turns, each round beginning with another one.
    ///
    /// # Errors
    /// [`Disagreement`] where a rival computes something else; nothing is timed then.
    pub fn hold(self, width: Option<Width>, rounds: u32, round: Duration) -> Result<Score, Disagreement> {
        let Self { group, case, multiply_accumulates, tolerance, femto, rivals } = self;
        let mut all: Vec<Contender> = std::iter::once(femto).chain(rivals).collect();
        let results: Vec<Vec<f32>> = all.iter().map(|contender| (contender.result)()).collect();
        for (contender, result) in all.iter().zip(&results).skip(1) {
            let differences = result.iter().zip(&results[0]).map(|(a, b)| (a - b).abs());
            let difference = differences.fold(0.0, |most, d| if d <= most { most } else { d });
            if result.len() != results[0].len() || difference.is_nan() || difference > tolerance {
                return Err(Disagreement { case, rival: contender.name, difference });
            }
        }
        let calls: Vec<u32> = all.iter_mut().map(|contender| contender.calls.at_once(round)).collect();
        let mut best = vec![f64::INFINITY; all.len()];
        let mut best_peak = None;
        for turn in 0..rounds as usize {
            best_peak = peak::better(best_peak, width.and_then(peak::round));
            for i in 0..all.len() {
                let i = (i + turn) % all.len();
                best[i] = best[i].min(all[i].calls.time(calls[i]) / f64::from(calls[i]));
            }
        }
        let fastest_rival = best.iter().skip(1).copied().reduce(f64::min);
        Ok(Score {
            group,
            case,
            unit: "us",
            femto: best[0] * 1e6,
            rivals: all.iter().zip(&best).skip(1).map(|(c, s)| (c.name.to_owned(), Value::from(s * 1e6))).collect(),
            ratio: fastest_rival.map(|rival| rival / best[0]),
            peak_fraction: best_peak.map(|peak| 2.0 * multiply_accumulates as f64 / best[0] * 1e-9 / peak),
        })
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
            multiply_accumulates: 1,
            tolerance: 0.1,
            femto: sleeper("femto", 1, 1.0),
            rivals: vec![sleeper("long", 4, value)],
        }
    }

    #[test]
    fn the_faster_one_is_ahead() {
        let score = contest(1.05).hold(None, 2, Duration::from_millis(1)).expect("they agree");
        let ratio = score.ratio.expect("there is a rival");
        assert!(ratio > 1.5 && score.femto >= 1000.0, "{score:?}");
    }

    #[test]
    fn who_computes_something_else_is_not_timed() {
        for value in [2.0, f32::NAN] {
            let refused = contest(value).hold(None, 1, Duration::from_millis(1));
            assert!(matches!(refused, Err(Disagreement { rival: "long", .. })), "{value}");
        }
    }
}
