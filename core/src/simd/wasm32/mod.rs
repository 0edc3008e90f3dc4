//! WebAssembly with simd128 switched on at compile time; the engine decides nothing at run time.

use super::{Arithmetic, Class, Isa, Scalar, Unfused};

mod simd128;

use self::simd128::Simd128;

pub(super) use super::scalar::no_fma as hardware;

/// The token behind a [`Level`](super::Level); built only where its instructions can be run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    ScalarUnfused(Scalar<Unfused>),
    Simd128(Simd128),
}

/// Runs `$body` with `$s` bound to the token of `$level`.
///
/// The body is compiled once for each level of the target, so this stands at the outermost entry of a call: once
/// per network or slice call, never per tile.
macro_rules! dispatch {
    ($level:expr, $s:ident => $body:expr) => {
        $crate::simd::dispatch!(@ $level, $s => $body; ScalarUnfused Simd128)
    };
    (@ $level:expr, $s:ident => $body:expr; $($variant:ident)*) => {
        match $level.0 {
            $($crate::simd::Token::$variant($s) => $crate::simd::Simd::vectorize($s, #[inline(always)] || $body),)*
        }
    };
}
pub(crate) use dispatch;

impl Token {
    pub(super) fn new(isa: Isa, arithmetic: Arithmetic) -> Option<Self> {
        match (isa, arithmetic) {
            (Isa::Scalar, Arithmetic::Unfused) => Some(Self::ScalarUnfused(Scalar::new())),
            (Isa::Simd128, Arithmetic::Unfused) => Some(Self::Simd128(Simd128::new())),
            _ => None,
        }
    }

    pub(super) fn fastest() -> Self {
        Self::Simd128(Simd128::new())
    }

    pub(super) fn unfused(self) -> Self {
        self
    }

    /// The token of a scalar one; there is none of the fused class here.
    pub(super) fn of_scalar<C: Class>(_token: Scalar<C>) -> Self {
        Self::ScalarUnfused(Scalar::new())
    }

    pub(super) const fn parts(self) -> (Isa, Arithmetic) {
        match self {
            Self::ScalarUnfused(_) => (Isa::Scalar, Arithmetic::Unfused),
            Self::Simd128(_) => (Isa::Simd128, Arithmetic::Unfused),
        }
    }
}
