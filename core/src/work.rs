//! Work in slices: a prediction or a training step divided among calls, for programs that have other things to do.
//!
//! Everything a network computes is a sequence of units that do not depend on how they are grouped: an output of a
//! layer for all rows, the loss of a row, the delta of an input, the gradient of a row of weights. So a call can stop
//! after any unit, and the bits are those of one go.

use core::ops::Range;

use crate::simd::{Level, VIRTUAL_LANES};

/// Says how much of the work is to be done now.
pub trait Work {
    /// Which of the next `units` of work, each of `cost` multiply-accumulates, are to be done now: a part of
    /// `0..units`, and each unit once in all.
    fn take(&mut self, units: usize, cost: usize) -> Range<usize>;
}

/// All of it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct All;

impl Work for All {
    #[inline(always)]
    fn take(&mut self, units: usize, _cost: usize) -> Range<usize> {
        0..units
    }
}

/// As many units as a budget allows, behind those that earlier calls did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// Units to pass over, because they were done before.
    skip: usize,
    /// Multiply-accumulates that may still be spent.
    budget: usize,
    /// Units done in this call.
    done: usize,
    /// There were units that the budget did not allow.
    is_spent: bool,
}

impl Part {
    /// The budget did not allow all; nothing more is done in this call.
    pub(crate) const fn is_spent(&self) -> bool {
        self.is_spent
    }
}

impl Work for Part {
    #[inline]
    fn take(&mut self, units: usize, cost: usize) -> Range<usize> {
        let from = self.skip.min(units);
        self.skip -= from;
        if self.is_spent {
            return 0..0;
        }
        let left = units - from;
        let affordable = self.budget.checked_div(cost).unwrap_or(left);
        // At least one in each call, or there would be no end.
        let now = left.min(if self.done == 0 { affordable.max(1) } else { affordable });
        self.budget = self.budget.saturating_sub(now.saturating_mul(cost));
        self.done += now;
        self.is_spent = now < left;
        from..from + now
    }
}

/// Where a prediction or a training step that is made in slices stands.
///
/// Each call of [`crate::Net::predict_slice`] or [`crate::Net::step_slice`] spends the budget at the most, or makes one
/// unit where that is more: an output of a layer for all rows of the batch, the loss of a row, the delta of an input,
/// the gradient of a row of weights. The account is one of multiply-accumulates: losses and rules are counted as some
/// of them, activations are not. Between the calls nothing else may change the network, the inputs, the tape and so on;
/// whoever does gets numbers without a meaning, and no worse.
///
/// ```
/// use core::task::Poll;
/// use femto::layer::Dense;
/// use femto::work::Slices;
/// use femto::{Flat, Level, net};
///
/// type Line = net![Dense<4, 8>, Dense<8, 1>];
/// let (line, mut scratch, mut y) = (Line::ZERO, Line::SCRATCH, [1.0]);
/// let mut slices = Slices::new(Level::detect(), 8); // two outputs of the first layer in a call
/// let mut calls = 1;
/// while line.predict_slice(&mut slices, &[0.0; 4], &mut scratch, &mut y) == Poll::Pending {
///     calls += 1; // time for other things
/// }
/// assert_eq!((y, calls), ([0.0], 5));
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Slices {
    pub(crate) level: Level,
    /// Multiply-accumulates for one call; may be changed between calls.
    pub budget: usize,
    /// Units done in earlier calls; 0 where the next call begins anew.
    position: usize,
    /// The sums of the penalty so far.
    pub(crate) penalty_lanes: [f32; VIRTUAL_LANES],
}

impl Slices {
    /// Slices of at most `budget` multiply-accumulates each, at the beginning.
    #[must_use]
    pub const fn new(level: Level, budget: usize) -> Self {
        Self { level, budget, position: 0, penalty_lanes: [0.0; VIRTUAL_LANES] }
    }

    /// Whether the next call begins anew.
    #[must_use]
    pub const fn is_at_start(&self) -> bool {
        self.position == 0
    }

    /// Gives up what was begun. A training step that is given up leaves some weights changed and some not if it has
    /// come to its gradients.
    pub const fn restart(&mut self) {
        self.position = 0;
    }

    pub(crate) const fn begin(&mut self) -> Part {
        if self.position == 0 {
            self.penalty_lanes = [0.0; VIRTUAL_LANES];
        }
        Part { skip: self.position, budget: self.budget, done: 0, is_spent: false }
    }

    /// Keeps where the work stands; true where it is done.
    pub(crate) const fn end(&mut self, part: Part) -> bool {
        self.position = if part.is_spent { self.position + part.done } else { 0 };
        !part.is_spent
    }
}

#[cfg(test)]
mod tests {
    use super::{Slices, Work};
    use crate::simd::Level;

    #[test]
    fn every_unit_is_done_once_and_in_order() {
        for budget in 0..60 {
            let mut slices = Slices::new(Level::detect().unfused(), budget);
            let mut done = [0; 3];
            for call in 0.. {
                assert!(call < 40, "budget {budget}: no end");
                let mut part = slices.begin();
                let mut spent = 0;
                for (units, done) in [7, 0, 12].into_iter().zip(&mut done) {
                    let range = part.take(units, 3);
                    assert!(range.is_empty() || range.start == *done, "budget {budget}: {range:?} behind {done}");
                    *done += range.len();
                    spent += 3 * range.len();
                }
                assert!(spent <= budget.max(3), "budget {budget}: {spent} spent");
                if slices.end(part) {
                    break;
                }
            }
            assert_eq!(done, [7, 0, 12], "budget {budget}");
            assert!(slices.is_at_start(), "budget {budget}: ready for the next");
        }
    }
}
