//! What a rule is, and one step of it over slices.

use crate::matmul::ShapeError;
use crate::simd::{self, Level, Simd, dispatch};

/// A rule that changes each parameter by its gradient and `MOMENTS` numbers of its own.
pub trait Rule<const MOMENTS: usize>: Copy + Send + Sync {
    /// The rule with all that depends on the step alone worked out.
    type Update: Update<MOMENTS>;

    /// The rule at step `step`, counted from 1.
    fn at(&self, step: u32) -> Self::Update;
}

/// What a [`Rule`] does at one step.
pub trait Update<const MOMENTS: usize>: Copy + Send + Sync {
    /// What the update of one parameter costs, in multiply-accumulates; by this, work in slices keeps to its budget.
    const COST: usize = 4;

    /// Whether [`Self::keeps_at_zero_gradient`] can be true.
    const MAY_KEEP: bool = false;

    /// Whether [`Self::of`] makes a difference; where not, a whole value is updated in one go.
    const GROUPED: bool = false;

    /// Whether [`Self::average`] makes a difference; where not, predictions are made with the parameters themselves.
    const AVERAGES: bool = false;

    /// What is done to the tensor that the parameter `index` of the flat view is part of; `penalised` tensors are those
    /// that the L2 penalty counts: weights, not biases. Without a call it is what is done to weights at the start.
    #[inline(always)]
    fn of(self, _index: usize, _penalised: bool) -> Self {
        self
    }

    /// Whether a gradient of +0 leaves every bit of parameters and moments as it is; such updates may be left out.
    #[inline(always)]
    fn keeps_at_zero_gradient(self) -> bool {
        false
    }

    /// The new parameters and moments.
    fn update<S: Simd>(
        self,
        s: S,
        parameters: S::Vector,
        moments: [S::Vector; MOMENTS],
        gradient: S::Vector,
    ) -> (S::Vector, [S::Vector; MOMENTS]);

    /// What predictions are made with in place of these parameters, after the update.
    #[inline(always)]
    fn average<S: Simd>(self, _s: S, parameters: S::Vector, _moments: [S::Vector; MOMENTS]) -> S::Vector {
        parameters
    }
}

/// One step of a rule over slices, for parameters that others own. `step` counts from 1; the moments begin at 0.
///
/// # Errors
/// [`ShapeError::Length`] where a moment or the gradient has another length than the parameters; nothing is changed
/// then.
///
/// ```
/// use femto::optimizer::{Momentum, update_slice};
///
/// let (mut weights, mut velocity) = ([1.0, 2.0], [0.0, 0.0]);
/// let rule = Momentum::new(0.5);
/// update_slice(femto::Level::detect(), &rule, 1, &mut weights, [&mut velocity], &[1.0, -1.0])?;
/// assert_eq!(weights, [0.5, 2.5]);
/// # Ok::<(), femto::ShapeError>(())
/// ```
pub fn update_slice<R: Rule<MOMENTS>, const MOMENTS: usize>(
    level: Level,
    rule: &R,
    step: u32,
    parameters: &mut [f32],
    mut moments: [&mut [f32]; MOMENTS],
    gradient: &[f32],
) -> Result<(), ShapeError> {
    let expected = parameters.len();
    if gradient.len() != expected {
        return Err(ShapeError::Length { operand: "gradient", expected, found: gradient.len() });
    }
    if let Some(moment) = moments.iter().find(|moment| moment.len() != expected) {
        return Err(ShapeError::Length { operand: "moment", expected, found: moment.len() });
    }
    update_pieces(level, rule.at(step), parameters, &mut moments, gradient);
    Ok(())
}

/// The update of as many parameters as the shortest slice has.
#[inline(always)]
pub(super) fn update_pieces<U: Update<MOMENTS>, const MOMENTS: usize>(
    level: Level,
    update: U,
    parameters: &mut [f32],
    moments: &mut [&mut [f32]; MOMENTS],
    gradient: &[f32],
) {
    dispatch!(level, s => simd::update(
        s,
        parameters,
        moments,
        [gradient],
        #[inline(always)]
        |w, m, [g]| update.update(s, w, m, g),
    ));
}
