//! AArch64: NEON is the baseline and has fused multiply-add.

use super::{Arithmetic, Class, Fused, Isa, Scalar, Simd, Unfused};

mod neon;

use self::neon::Neon;

/// The token behind a [`Level`](super::Level); built only where its instructions can be run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    ScalarUnfused(Scalar<Unfused>),
    ScalarFused(Scalar<Fused>),
    NeonUnfused(Neon<Unfused>),
    NeonFused(Neon<Fused>),
}

/// Runs `$body` with `$s` bound to the token of `$level`, inside a function compiled for its instruction set.
///
/// The body is compiled once for each level of the target, so this stands at the outermost entry of a call: once per
/// network or slice call. Only the choice of a tile's body, once for each size of tile in a strip, dispatches again.
macro_rules! dispatch {
    ($level:expr, $s:ident => $body:expr) => {
        $crate::simd::dispatch!(@ $level, $s => $body; ScalarUnfused ScalarFused NeonUnfused NeonFused)
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
        // SAFETY: this file is compiled only where NEON is on for the whole target.
        Some(unsafe {
            match (isa, arithmetic) {
                (Isa::Scalar, Arithmetic::Unfused) => Self::ScalarUnfused(Scalar::new()),
                (Isa::Scalar, Arithmetic::Fused) => Self::ScalarFused(Scalar::assume_supported()),
                (Isa::Neon, Arithmetic::Unfused) => Self::NeonUnfused(Neon::assume_supported()),
                (Isa::Neon, Arithmetic::Fused) => Self::NeonFused(Neon::assume_supported()),
                _ => return None,
            }
        })
    }

    pub(super) fn fastest() -> Self {
        // SAFETY: as above.
        Self::NeonFused(unsafe { Neon::assume_supported() })
    }

    pub(super) fn unfused(self) -> Self {
        match self {
            Self::ScalarUnfused(_) | Self::ScalarFused(_) => Self::ScalarUnfused(Scalar::new()),
            // SAFETY: as above.
            Self::NeonUnfused(_) | Self::NeonFused(_) => Self::NeonUnfused(unsafe { Neon::assume_supported() }),
        }
    }

    /// The token of a scalar one.
    pub(super) fn of_scalar<C: Class>(_token: Scalar<C>) -> Self {
        match C::ARITHMETIC {
            // SAFETY: the argument proves it.
            Arithmetic::Fused => Self::ScalarFused(unsafe { Scalar::assume_supported() }),
            Arithmetic::Unfused => Self::ScalarUnfused(Scalar::new()),
        }
    }

    pub(super) const fn parts(self) -> (Isa, Arithmetic) {
        match self {
            Self::ScalarUnfused(_) => (Isa::Scalar, Arithmetic::Unfused),
            Self::ScalarFused(_) => (Isa::Scalar, Arithmetic::Fused),
            Self::NeonUnfused(_) => (Isa::Neon, Arithmetic::Unfused),
            Self::NeonFused(_) => (Isa::Neon, Arithmetic::Fused),
        }
    }
}

/// What [`Scalar`] needs of the hardware.
pub(super) mod hardware {
    use core::arch::aarch64::*;

    /// # Safety
    /// * The processor has NEON.
    #[inline(always)]
    pub(crate) unsafe fn fma(a: f32, b: f32, c: f32) -> f32 {
        #[allow(unused_unsafe, reason = "NEON is on for the whole target")]
        // SAFETY: the caller proves NEON.
        unsafe {
            vget_lane_f32::<0>(vfma_f32(vdup_n_f32(c), vdup_n_f32(a), vdup_n_f32(b)))
        }
    }

    #[inline(always)]
    pub(crate) fn sqrt(a: f32) -> f32 {
        #[allow(unused_unsafe, reason = "NEON is on for the whole target")]
        // SAFETY: this file is compiled only where NEON is on for the whole target.
        unsafe {
            vget_lane_f32::<0>(vsqrt_f32(vdup_n_f32(a)))
        }
    }

    /// # Safety
    /// * The processor has NEON.
    #[inline(always)]
    pub(crate) unsafe fn with_fma<R>(f: impl FnOnce() -> R) -> R {
        f()
    }

    /// # Safety
    /// * The processor has NEON.
    #[inline(never)]
    pub(crate) unsafe fn with_fma_outline<R>(f: impl FnOnce() -> R) -> R {
        f()
    }
}
