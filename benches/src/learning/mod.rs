//! The contests of networks: whole steps of learning, and predictions, on one batch over and over.
//!
//! All contenders begin with the same parameters and meet the same rows. Those that learn are compared by the loss and
//! the parameters after some steps at a rate that shows; timed are steps at [`RATE`], which is none.

#[cfg(feature = "rivals-ml")]
mod burn;
#[cfg(feature = "rivals-ml")]
mod candle;
mod plain;
mod rivals;

use std::hint::black_box;

use femto::layer::Layer;
use femto::optimizer::{Adam, Momentum, Rule, Sgd};
use femto::train::Workers;
use femto::{Flat, Level};
use femto_std::threads::Threads;

use self::plain::Plain;
pub use self::rivals::Failure;
use self::rivals::{Hyperparameters, Learner, Method, Predictor, Problem};
use crate::contest::{Contender, Contest, FEMTO, Settings, Unit};
use crate::networks::{Deep, Digits, Layered, LayersOf, Pictures, Predicting, RATE, Training};

/// Steps before results are compared.
const STEPS: usize = 3;

impl<L: Layer, R: Rule<MOMENTS>, const MOMENTS: usize, const B: usize> Learner for Training<L, R, MOMENTS, B> {
    fn step(&mut self) -> Result<f32, Failure> {
        Ok(Self::step(self)?)
    }

    fn parameters(&self) -> Result<Vec<f32>, Failure> {
        Ok(self.net().as_slice().to_vec())
    }
}

/// A contender that learns.
fn learner<T: Learner + 'static>(
    name: &'static str,
    method: Method,
    make: impl Fn(Hyperparameters) -> Result<T, Failure>,
) -> Result<Contender, Failure> {
    let mut learner = make(compared(method))?;
    let losses = (0..STEPS).map(|_| learner.step()).collect::<Result<Vec<_>, _>>()?;
    let result = learner.parameters()?.into_iter().chain(losses).collect();
    let mut learner = make(timed(method))?;
    // What could fail would have failed above.
    Ok(Contender::with_result(name, result, move || {
        let _ = black_box(black_box(&mut learner).step());
    }))
}

/// Femto on two threads, which stay awake between steps as they do in an epoch.
fn on_two_threads<L: Layer, R: Rule<MOMENTS> + 'static, const MOMENTS: usize, const B: usize>(
    method: Method,
    level: Level,
    make: impl Fn(Hyperparameters) -> Training<L, R, MOMENTS, B>,
) -> Result<Contender, Failure> {
    let threads = Threads::new(level, 2)?;
    let mut training = make(compared(method));
    let losses = (0..STEPS).map(|_| training.step_on(&threads)).collect::<Result<Vec<_>, _>>()?;
    let result = training.net().as_slice().iter().copied().chain(losses).collect();
    let mut training = make(timed(method));
    Ok(Contender::with_loop("two threads", result, move |calls| {
        (&threads).attend(|| {
            for _ in 0..calls {
                let _ = black_box(black_box(&mut training).step_on(&threads));
            }
        });
    }))
}

/// A contender that predicts.
fn predictor<T: Predictor + 'static>(name: &'static str, mut predictor: T) -> Result<Contender, Failure> {
    predictor.predict()?;
    Ok(Contender::with_result(name, predictor.outputs()?, move || {
        let _ = black_box(black_box(&mut predictor).predict());
    }))
}

/// For the steps whose results are compared.
///
/// Adam divides a gradient by its own size. With the usual epsilon, a unit that rounding opens or closes for one row
/// can change a parameter by a whole step; with this one a difference stays as small as it is.
const fn compared(method: Method) -> Hyperparameters {
    let rate = if matches!(method, Method::Adam) { 1e-3 } else { 0.05 };
    Hyperparameters { method, rate, epsilon: 1e-3 }
}

/// For the steps that are timed.
const fn timed(method: Method) -> Hyperparameters {
    Hyperparameters { method, rate: RATE, epsilon: 1e-8 }
}

/// The contest of steps of `N` on batches of `B` rows.
fn step<N: Layered, R: Rule<MOMENTS> + 'static, const MOMENTS: usize, const B: usize>(
    network: &str,
    method: Method,
    level: Level,
    rule: impl Fn(Hyperparameters) -> R,
) -> Result<Contest, Failure> {
    type Of<N, R, const MOMENTS: usize, const B: usize> = Training<LayersOf<N>, R, MOMENTS, B>;
    let make = |with| Of::<N, R, MOMENTS, B>::new(level, rule(with));
    let training = make(timed(method));
    let problem = Problem::new(training.net(), training.inputs(), training.labels());
    Ok(Contest {
        group: "train",
        case: format!("{network}x{B} {}", method.name()),
        unit: Unit::Microseconds,
        multiply_accumulates: Of::<N, R, MOMENTS, B>::multiply_accumulates(),
        tolerance: 1e-5,
        femto: learner(FEMTO, method, |with| Ok(make(with)))?,
        beside: vec![
            on_two_threads(method, level, make)?,
            learner("plain", method, |with| Ok(Plain::new(&problem, with)))?,
        ],
        rivals: vec![
            #[cfg(feature = "rivals-ml")]
            learner("candle", method, |with| Ok(candle::Learning::new(&problem, with)?))?,
            #[cfg(feature = "rivals-ml")]
            learner("burn", method, |with| Ok(burn::Learning::new(&problem, with)))?,
        ],
    })
}

/// The contest of predictions of `N` for `B` rows.
fn predict<N: Layered, const B: usize>(network: &str, level: Level) -> Result<Contest, Failure> {
    let mut net = Predicting::<LayersOf<N>, B>::new(level);
    let problem = Problem::new(net.net(), net.inputs(), &[]);
    let result = net.all()?.iter().flat_map(|row| row.as_slice()).copied().collect();
    // A row alone has an entry of its own.
    let femto = if B == 1 {
        Contender::with_result(FEMTO, result, move || {
            black_box(black_box(&net).one());
        })
    } else {
        Contender::with_result(FEMTO, result, move || {
            let _ = black_box(black_box(&mut net).all());
        })
    };
    Ok(Contest {
        group: "infer",
        case: format!("{network}x{B}"),
        unit: Unit::Microseconds,
        multiply_accumulates: (B * LayersOf::<N>::MULTIPLY_ACCUMULATES) as u64,
        tolerance: 1e-5,
        femto,
        beside: vec![predictor("plain", Plain::new(&problem, timed(Method::Sgd)))?],
        rivals: vec![
            #[cfg(feature = "rivals-ml")]
            predictor("candle", candle::Predicting::new(&problem)?)?,
            #[cfg(feature = "rivals-ml")]
            predictor("burn", burn::Predicting::new(&problem))?,
        ],
    })
}

fn sgd(with: Hyperparameters) -> Sgd {
    Sgd::new(with.rate)
}

fn momentum(with: Hyperparameters) -> Momentum {
    Momentum::new(with.rate)
}

fn adam(with: Hyperparameters) -> Adam {
    Adam { epsilon: with.epsilon, ..Adam::new(with.rate) }
}

/// All contests of learning, small networks first.
///
/// # Errors
/// Those of a rival that cannot be set up.
pub fn train(settings: Settings) -> Result<Vec<Contest>, Failure> {
    let level = settings.level;
    Ok(vec![
        step::<Digits, _, 1, 32>("64-32-10", Method::Momentum, level, momentum)?,
        step::<Digits, _, 2, 32>("64-32-10", Method::Adam, level, adam)?,
        step::<Pictures, _, 0, 64>("784-128-10", Method::Sgd, level, sgd)?,
        step::<Pictures, _, 2, 64>("784-128-10", Method::Adam, level, adam)?,
        step::<Deep, _, 0, 256>("784-512-256-10", Method::Sgd, level, sgd)?,
        step::<Deep, _, 2, 256>("784-512-256-10", Method::Adam, level, adam)?,
    ])
}

/// All contests of prediction, one row and then 32.
///
/// # Errors
/// Those of a rival that cannot be set up.
pub fn infer(settings: Settings) -> Result<Vec<Contest>, Failure> {
    let level = settings.level;
    Ok(vec![
        predict::<Digits, 1>("64-32-10", level)?,
        predict::<Pictures, 1>("784-128-10", level)?,
        predict::<Deep, 1>("784-512-256-10", level)?,
        predict::<Digits, 32>("64-32-10", level)?,
        predict::<Pictures, 32>("784-128-10", level)?,
        predict::<Deep, 32>("784-512-256-10", level)?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contest::Disagreement;

    #[test]
    fn all_contenders_learn_the_same() {
        let level = Level::detect();
        for contest in [
            step::<Digits, _, 0, 32>("64-32-10", Method::Sgd, level, sgd),
            step::<Digits, _, 1, 32>("64-32-10", Method::Momentum, level, momentum),
            step::<Digits, _, 2, 32>("64-32-10", Method::Adam, level, adam),
            step::<Deep, _, 2, 3>("784-512-256-10", Method::Adam, level, adam),
        ] {
            contest.unwrap().compare().unwrap();
        }
    }

    #[test]
    fn all_contenders_predict_the_same() {
        let level = Level::detect();
        for contest in [
            predict::<Digits, 1>("64-32-10", level),
            predict::<Digits, 32>("64-32-10", level),
            predict::<Deep, 3>("784-512-256-10", level),
        ] {
            contest.unwrap().compare().unwrap();
        }
    }

    #[test]
    fn another_rule_is_refused() {
        let level = Level::detect();
        let damped = |with: Hyperparameters| Momentum { dampening: 0.1, ..momentum(with) };
        let greedy = |with: Hyperparameters| Adam { epsilon: 0.9 * with.epsilon, ..adam(with) };
        for contest in [
            step::<Digits, _, 1, 32>("64-32-10", Method::Sgd, level, momentum),
            step::<Digits, _, 1, 32>("64-32-10", Method::Momentum, level, damped),
            step::<Digits, _, 2, 32>("64-32-10", Method::Adam, level, greedy),
        ] {
            let contest = contest.unwrap();
            assert!(matches!(contest.compare(), Err(Disagreement { rival: "plain", .. })), "{}", contest.case);
        }
    }
}
