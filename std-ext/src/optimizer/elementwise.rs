//! Formulas over slices, entered through the rules of `femto`: that is its way for other crates to run code on a level.

use femto::Level;
use femto::optimizer::{Rule, Update, update_slice};

/// A formula as the rule that it is at every step.
#[derive(Clone, Copy)]
struct Always<U>(U);

impl<U: Update<OTHERS>, const OTHERS: usize> Rule<OTHERS> for Always<U> {
    type Update = U;

    fn at(&self, _step: u32) -> U {
        self.0
    }
}

/// Replaces the elements of `out` and of `others` by what the formula makes of them and of those of `input`, all of one
/// length.
pub(super) fn update<U: Update<OTHERS>, const OTHERS: usize>(
    level: Level,
    formula: U,
    out: &mut [f32],
    others: [&mut [f32]; OTHERS],
    input: &[f32],
) {
    let done = update_slice(level, &Always(formula), 1, out, others, input);
    debug_assert!(done.is_ok(), "the slices are of one length");
}

/// `out = keep out + gain input`.
#[derive(Clone, Copy)]
pub(super) struct Mix {
    pub(super) keep: f32,
    pub(super) gain: f32,
}

impl Update<0> for Mix {
    #[inline(always)]
    fn update<S: femto::simd::Simd>(
        self,
        s: S,
        out: S::Vector,
        []: [S::Vector; 0],
        input: S::Vector,
    ) -> (S::Vector, [S::Vector; 0]) {
        (s.mac(s.splat(self.keep), out, s.mul(s.splat(self.gain), input)), [])
    }
}
