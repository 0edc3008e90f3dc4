//! L-BFGS.

mod line_search;
mod settings;

use std::collections::VecDeque;
use std::marker::PhantomData;

use femto::{Flat, Level, vector};
pub use settings::{LbfgsError, LbfgsReport, LbfgsSettings, LineSearch, Stop};

use self::line_search::{Limits, Point, strong_wolfe};
use crate::heap::boxed;

/// The least product of a step and the change of the gradient along it that is remembered.
const LEAST_CURVATURE: f64 = 1e-10;

/// L-BFGS (Liu and Nocedal, 1989) as PyTorch has it: Newton's method with what former steps told of the curvature. For
/// losses that are the same function at every call: whole sets, not random batches.
///
/// A direction is `d = -H g`, H the inverse Hessian that the last `history_size` steps s and changes y of the gradient
/// imply, beginning with `s y / y y` of the last of them (two loops; pairs with `s y` up to 1e-10 are passed over). A
/// step is `lr d`, the very first `min(1, 1 / |g|_1) lr d`, or what a line search finds from there on. One call makes
/// several iterations; later calls go on with what was learnt.
///
/// The parameters are any flat value: a network, or an array. The state takes 8 bytes for each parameter, and 8 more for
/// each step remembered, up to `8 * (history_size + 1)`; a call takes up to 28 more for a while.
///
/// ```
/// use femto::activation::Tanh;
/// use femto::init::Init;
/// use femto::layer::Dense;
/// use femto::loss::MeanSquaredError;
/// use femto::train::Objective;
/// use femto::{Flat, Level, net};
/// use femto_std::optimizer::{Lbfgs, LbfgsSettings, LineSearch};
///
/// type Net = net![Dense<1, 6, Tanh>, Dense<6, 1>];
/// let inputs: Vec<[f32; 1]> = (0..20).map(|i| [i as f32 / 10.0 - 1.0]).collect();
/// let targets: Vec<[f32; 1]> = inputs.iter().map(|[x]| [x * x]).collect();
///
/// let level = Level::detect();
/// let objective = Objective::mean(MeanSquaredError);
/// let mut net = Net::ZERO;
/// net.init(Init::GlorotUniform, 1);
/// let mut tape = vec![Net::TAPE; 20];
/// let settings = LbfgsSettings { line_search: LineSearch::StrongWolfe, ..LbfgsSettings::default() };
/// let mut lbfgs = Lbfgs::new(settings);
/// for _ in 0..5 {
///     lbfgs.step(level, &mut net, |net, gradient| {
///         net.gradient(level, &objective, &inputs, &targets, &mut tape, gradient).unwrap_or(f32::NAN)
///     });
/// }
/// let loss = net.evaluate(level, &objective, &inputs, &targets, &mut tape)?;
/// assert!(loss < 1e-4, "{loss}");
/// # Ok::<(), femto::train::BatchError>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Lbfgs<P> {
    /// The settings; they may be changed between calls.
    pub settings: LbfgsSettings,
    iterations: u32,
    evaluations: u32,
    /// The scale of the first approximation, then the curvature `s y` of each pair.
    scalars: Vec<f32>,
    last_step: Vec<f32>,
    last_gradient: Vec<f32>,
    pairs: VecDeque<Pair>,
    parameters: PhantomData<fn() -> P>,
}

/// A step, and what it did to the gradient.
#[derive(Clone, PartialEq, Debug)]
struct Pair {
    step: Vec<f32>,
    change: Vec<f32>,
}

impl<P: Flat> Lbfgs<P> {
    /// Starts with nothing known of the curvature.
    #[must_use]
    pub fn new(settings: LbfgsSettings) -> Self {
        Self {
            settings,
            iterations: 0,
            evaluations: 0,
            scalars: vec![1.0],
            last_step: Vec::new(),
            last_gradient: Vec::new(),
            pairs: VecDeque::new(),
            parameters: PhantomData,
        }
    }

    /// How many iterations were made, in all calls.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// How many times the closure was called, in all calls.
    #[must_use]
    pub const fn evaluations(&self) -> u32 {
        self.evaluations
    }

    /// What is remembered between calls: some scalars, the last step, the gradient before it, then the change of the
    /// gradient and the step of each pair, the oldest first. Nothing before the first iteration.
    #[must_use]
    pub fn state(&self) -> Vec<&[f32]> {
        if self.iterations == 0 {
            return Vec::new();
        }
        let pairs = self.pairs.iter().flat_map(|pair| [pair.change.as_slice(), &pair.step]);
        [self.scalars.as_slice(), &self.last_step, &self.last_gradient].into_iter().chain(pairs).collect()
    }

    /// Goes on from where another optimizer was: its counts and its [`Self::state`].
    ///
    /// # Errors
    /// [`LbfgsError`] where the slices are not those of a state for these parameters; nothing is changed then.
    pub fn resume(&mut self, iterations: u32, evaluations: u32, state: &[&[f32]]) -> Result<(), LbfgsError> {
        let fresh = Self { iterations, evaluations, ..Self::new(self.settings) };
        let (scalars, step, gradient, pairs) = match state {
            [] if iterations == 0 => {
                *self = fresh;
                return Ok(());
            }
            [scalars, step, gradient, pairs @ ..] if iterations > 0 && pairs.len() % 2 == 0 => {
                (scalars, step, gradient, pairs)
            }
            _ => return Err(LbfgsError::Slices { found: state.len() }),
        };
        for (slice, numbers) in state.iter().enumerate() {
            let expected = if slice == 0 { 1 + pairs.len() / 2 } else { P::LEN };
            if numbers.len() != expected {
                return Err(LbfgsError::Length { slice, expected, found: numbers.len() });
            }
        }
        let pair = |pair: &[&[f32]; 2]| Pair { change: pair[0].to_vec(), step: pair[1].to_vec() };
        *self = Self {
            scalars: scalars.to_vec(),
            last_step: step.to_vec(),
            last_gradient: gradient.to_vec(),
            pairs: pairs.as_chunks().0.iter().map(pair).collect(),
            ..fresh
        };
        Ok(())
    }

    /// Makes up to [`LbfgsSettings::max_iterations`] iterations.
    ///
    /// The closure returns the loss for parameters and *adds* their gradient to its second argument, which is 0 before:
    /// what [`femto::Net::gradient`] does. It is called for places that the search gives up again, too.
    pub fn step(&mut self, level: Level, parameters: &mut P, closure: impl FnMut(&P, &mut P) -> f32) -> LbfgsReport {
        let settings = self.settings;
        let mut place = boxed();
        let mut problem = Problem { level, parameters, place: &mut place, closure, evaluations: 0 };
        let mut here = problem.evaluate();
        let loss_before = here.loss as f32;
        let mut made = 0;
        let stop = loop {
            if is_within(level, &here.gradient, settings.tolerance_gradient) {
                break Stop::Gradient;
            }
            if made >= settings.max_iterations {
                break Stop::Iterations;
            }
            made += 1;
            self.iterations = self.iterations.saturating_add(1);
            let mut direction = self.direction(level, &here.gradient);
            self.last_gradient.clone_from(&here.gradient);
            here.step = 0.0;
            here.slope = dot(level, &here.gradient, &direction);
            if !here.slope.is_finite() || here.slope > -f64::from(settings.tolerance_change) {
                // No step: a pair made of it would be of no use.
                self.last_step = vec![0.0; P::LEN];
                break if here.slope.is_finite() { Stop::Slope } else { Stop::NotFinite };
            }
            let first_step = self.first_step(level, &here.gradient);
            let last_loss = here.loss;
            let is_last = made == settings.max_iterations;
            here = match settings.line_search {
                LineSearch::StrongWolfe => problem.search(&here, first_step, &direction, &settings),
                LineSearch::Fixed => problem.move_by(here, first_step, &direction, is_last),
            };
            vector::scale(level, here.step as f32, &mut direction);
            self.last_step = direction;
            if is_last {
                break Stop::Iterations;
            }
            if problem.evaluations >= settings.evaluations() {
                break Stop::Evaluations;
            }
            if is_within(level, &here.gradient, settings.tolerance_gradient) {
                break Stop::Gradient;
            }
            if is_within(level, &self.last_step, settings.tolerance_change) {
                break Stop::Step;
            }
            if (here.loss - last_loss).abs() < f64::from(settings.tolerance_change) {
                break Stop::Loss;
            }
        };
        let evaluations = problem.evaluations;
        self.evaluations = self.evaluations.saturating_add(evaluations);
        LbfgsReport { loss_before, loss: here.loss as f32, iterations: made, evaluations, stop }
    }

    /// The length of a step, or the first to try.
    fn first_step(&self, level: Level, gradient: &[f32]) -> f64 {
        let rate = f64::from(self.settings.learning_rate);
        if self.iterations == 1 { rate * (1.0 / f64::from(vector::sum_abs(level, gradient))).min(1.0) } else { rate }
    }

    /// Minus the approximate inverse Hessian times the gradient, with the last step taken into the approximation.
    fn direction(&mut self, level: Level, gradient: &[f32]) -> Vec<f32> {
        let mut direction = gradient.to_vec();
        vector::scale(level, -1.0, &mut direction);
        if self.iterations == 1 {
            return direction;
        }
        self.remember(level, gradient);
        let curvatures = self.scalars.get(1..).unwrap_or_default();
        let mut factors: Vec<f64> = Vec::with_capacity(self.pairs.len());
        for (pair, curvature) in self.pairs.iter().zip(curvatures).rev() {
            let factor = dot(level, &pair.step, &direction) / f64::from(*curvature);
            add(level, -factor, &pair.change, &mut direction);
            factors.push(factor);
        }
        vector::scale(level, self.scalars.first().copied().unwrap_or(1.0), &mut direction);
        for ((pair, curvature), factor) in self.pairs.iter().zip(curvatures).zip(factors.iter().rev()) {
            let other = dot(level, &pair.change, &direction) / f64::from(*curvature);
            add(level, factor - other, &pair.step, &mut direction);
        }
        direction
    }

    /// Makes a pair of the last step and the change of the gradient since, where the loss curves upwards along it.
    fn remember(&mut self, level: Level, gradient: &[f32]) {
        let mut change = gradient.to_vec();
        add(level, -1.0, &self.last_gradient, &mut change);
        let curvature = dot(level, &change, &self.last_step);
        let scale = (curvature / dot(level, &change, &change)) as f32;
        // Where squares overflow, a pair would make every later direction infinite or NaN.
        if curvature > LEAST_CURVATURE && scale > 0.0 && scale.is_finite() {
            while self.pairs.len() >= self.settings.history_size.max(1) {
                self.pairs.pop_front();
                self.scalars.remove(1);
            }
            self.scalars[0] = scale;
            self.scalars.push(curvature as f32);
            self.pairs.push_back(Pair { step: std::mem::take(&mut self.last_step), change });
        }
    }
}

/// A loss, and the parameters that it is to be made small by.
struct Problem<'a, P, F> {
    level: Level,
    parameters: &'a mut P,
    place: &'a mut P,
    closure: F,
    evaluations: u32,
}

impl<P: Flat, F: FnMut(&P, &mut P) -> f32> Problem<'_, P, F> {
    /// The loss and the gradient of the parameters as they are.
    fn evaluate(&mut self) -> Point {
        self.place.as_mut_slice().fill(0.0);
        self.evaluations = self.evaluations.saturating_add(1);
        let loss = f64::from((self.closure)(self.parameters, self.place));
        Point { step: 0.0, loss, slope: f64::NAN, gradient: self.place.as_slice().to_vec() }
    }

    /// Moves the parameters. Where it is the last time, the loss there is not asked for.
    fn move_by(&mut self, here: Point, step: f64, direction: &[f32], is_last: bool) -> Point {
        add(self.level, step, direction, self.parameters.as_mut_slice());
        if is_last { Point { step, ..here } } else { Point { step, ..self.evaluate() } }
    }

    /// Moves the parameters to what a line search finds.
    fn search(&mut self, here: &Point, first_step: f64, direction: &[f32], settings: &LbfgsSettings) -> Point {
        let start = self.parameters.as_slice().to_vec();
        let limits = Limits {
            evaluations: settings.evaluations().saturating_sub(self.evaluations),
            tolerance: f64::from(settings.tolerance_change),
            largest: f64::from(vector::max_abs(self.level, direction)),
        };
        let found = strong_wolfe(here, first_step, limits, |step| {
            self.parameters.as_mut_slice().copy_from_slice(&start);
            add(self.level, step, direction, self.parameters.as_mut_slice());
            let point = self.evaluate();
            Point { step, slope: dot(self.level, &point.gradient, direction), ..point }
        });
        self.parameters.as_mut_slice().copy_from_slice(&start);
        add(self.level, found.step, direction, self.parameters.as_mut_slice());
        found
    }
}

/// Whether no number is larger than the tolerance, nor NaN.
fn is_within(level: Level, numbers: &[f32], tolerance: f32) -> bool {
    vector::max_abs(level, numbers) <= tolerance
}

fn dot(level: Level, a: &[f32], b: &[f32]) -> f64 {
    let dot = vector::dot(level, a, b);
    debug_assert!(dot.is_ok(), "both have the length of the parameters");
    f64::from(dot.unwrap_or(f32::NAN))
}

fn add(level: Level, factor: f64, x: &[f32], y: &mut [f32]) {
    let done = vector::axpy(level, factor as f32, x, y);
    debug_assert!(done.is_ok(), "both have the length of the parameters");
}
