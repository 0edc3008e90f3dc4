//! Every other target: single numbers, unfused.

use super::{Arithmetic, Class, Isa, Scalar, Unfused};

pub(super) use super::scalar::no_fma as hardware;

/// The token behind a [`Level`](super::Level).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    ScalarUnfused(Scalar<Unfused>),
}

/// Runs `$body` with `$s` bound to the token of `$level`.
macro_rules! dispatch {
    ($level:expr, $s:ident => $body:expr) => {
        match $level.0 {
            $crate::simd::Token::ScalarUnfused($s) => $crate::simd::Simd::vectorize(
                $s,
                #[inline(always)]
                || $body,
            ),
        }
    };
}
pub(crate) use dispatch;

impl Token {
    pub(super) fn new(isa: Isa, arithmetic: Arithmetic) -> Option<Self> {
        match (isa, arithmetic) {
            (Isa::Scalar, Arithmetic::Unfused) => Some(Self::ScalarUnfused(Scalar::new())),
            _ => None,
        }
    }

    pub(super) fn fastest() -> Self {
        Self::ScalarUnfused(Scalar::new())
    }

    pub(super) fn unfused(self) -> Self {
        self
    }

    /// The token of a scalar one; there is none of the fused class here.
    pub(super) fn of_scalar<C: Class>(_token: Scalar<C>) -> Self {
        Self::ScalarUnfused(Scalar::new())
    }

    pub(super) const fn parts(self) -> (Isa, Arithmetic) {
        (Isa::Scalar, Arithmetic::Unfused)
    }
}
