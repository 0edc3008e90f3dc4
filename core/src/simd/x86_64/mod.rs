//! x86-64: SSE2 is the baseline; AVX2 with FMA and AVX-512 are found by CPUID and XGETBV, without std. The features of
//! the crate say which of them are compiled in.

use core::arch::x86_64::{__cpuid, __cpuid_count, __get_cpuid_max, _xgetbv};
use core::sync::atomic::{AtomicU8, Ordering};

use super::{Arithmetic, Class, Fused, Isa, Scalar, Simd, Unfused};

#[cfg(feature = "avx2")]
mod avx2;
#[cfg(feature = "avx512")]
mod avx512;
mod sse2;

#[cfg(feature = "avx2")]
use self::avx2::Avx2;
#[cfg(feature = "avx512")]
use self::avx512::Avx512;
use self::sse2::Sse2;

/// The token behind a [`Level`](super::Level); built only where its instructions can be run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    ScalarUnfused(Scalar<Unfused>),
    ScalarFused(Scalar<Fused>),
    Sse2(Sse2),
    #[cfg(feature = "avx2")]
    Avx2Unfused(Avx2<Unfused>),
    #[cfg(feature = "avx2")]
    Avx2Fused(Avx2<Fused>),
    #[cfg(feature = "avx512")]
    Avx512Unfused(Avx512<Unfused>),
    #[cfg(feature = "avx512")]
    Avx512Fused(Avx512<Fused>),
}

/// A stage at a cache line: every vector of 64 bytes elsewhere would lie in two.
#[cfg(any(feature = "avx2", feature = "avx512"))]
#[repr(C, align(64))]
pub(crate) struct Stage<const N: usize>([f32; N]);

#[cfg(any(feature = "avx2", feature = "avx512"))]
impl<const N: usize> AsMut<[f32]> for Stage<N> {
    #[inline(always)]
    fn as_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

/// Runs `$body` with `$s` bound to the token of `$level`, inside a function compiled for its instruction set.
///
/// The body is compiled once for each level of the target, so this stands at the outermost entry of a call: once per
/// network or slice call. Only the choice of a tile's body, once for each size of tile in a strip, dispatches again.
macro_rules! dispatch {
    ($level:expr, $s:ident => $body:expr) => {
        $crate::simd::dispatch!(@ $level, $s => $body;
            ScalarUnfused ScalarFused Sse2;
            "avx2": Avx2Unfused Avx2Fused;
            "avx512": Avx512Unfused Avx512Fused)
    };
    (@ $level:expr, $s:ident => $body:expr; $($variant:ident)*; $($feature:literal: $($wide:ident)*);*) => {
        match $level.0 {
            $($crate::simd::Token::$variant($s) => $crate::simd::Simd::vectorize($s, #[inline(always)] || $body),)*
            $($(
                #[cfg(feature = $feature)]
                $crate::simd::Token::$wide($s) => $crate::simd::Simd::vectorize($s, #[inline(always)] || $body),
            )*)*
        }
    };
}
pub(crate) use dispatch;

impl Token {
    pub(super) fn new(isa: Isa, arithmetic: Arithmetic) -> Option<Self> {
        let has = |feature| features() & feature != 0;
        // SAFETY: each token is built behind the test for the features that it stands for.
        Some(unsafe {
            match (isa, arithmetic) {
                (Isa::Scalar, Arithmetic::Unfused) => Self::ScalarUnfused(Scalar::new()),
                (Isa::Scalar, Arithmetic::Fused) if has(AVX2) => Self::ScalarFused(Scalar::assume_supported()),
                (Isa::Sse2, Arithmetic::Unfused) => Self::Sse2(Sse2::new()),
                #[cfg(feature = "avx2")]
                (Isa::Avx2, Arithmetic::Unfused) if has(AVX2) => Self::Avx2Unfused(Avx2::assume_supported()),
                #[cfg(feature = "avx2")]
                (Isa::Avx2, Arithmetic::Fused) if has(AVX2) => Self::Avx2Fused(Avx2::assume_supported()),
                #[cfg(feature = "avx512")]
                (Isa::Avx512, Arithmetic::Unfused) if has(AVX512) => Self::Avx512Unfused(Avx512::assume_supported()),
                #[cfg(feature = "avx512")]
                (Isa::Avx512, Arithmetic::Fused) if has(AVX512) => Self::Avx512Fused(Avx512::assume_supported()),
                _ => return None,
            }
        })
    }

    pub(super) fn fastest() -> Self {
        Self::new(Isa::Avx512, Arithmetic::Fused)
            .or_else(|| Self::new(Isa::Avx2, Arithmetic::Fused))
            .unwrap_or(Self::Sse2(Sse2::new()))
    }

    pub(super) fn unfused(self) -> Self {
        // Whatever runs fused runs unfused, so the last resort is never taken.
        Self::new(self.parts().0, Arithmetic::Unfused).unwrap_or(Self::Sse2(Sse2::new()))
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
            Self::Sse2(_) => (Isa::Sse2, Arithmetic::Unfused),
            #[cfg(feature = "avx2")]
            Self::Avx2Unfused(_) => (Isa::Avx2, Arithmetic::Unfused),
            #[cfg(feature = "avx2")]
            Self::Avx2Fused(_) => (Isa::Avx2, Arithmetic::Fused),
            #[cfg(feature = "avx512")]
            Self::Avx512Unfused(_) => (Isa::Avx512, Arithmetic::Unfused),
            #[cfg(feature = "avx512")]
            Self::Avx512Fused(_) => (Isa::Avx512, Arithmetic::Fused),
        }
    }
}

const KNOWN: u8 = 1;
const AVX2: u8 = 2;
const AVX512: u8 = 4;

/// The crate's only static: what the processor said. Plain loads and stores; threads that race write the same byte.
static FEATURES: AtomicU8 = AtomicU8::new(0);

#[inline]
fn features() -> u8 {
    if cfg!(all(
        target_feature = "avx512f",
        target_feature = "avx512vl",
        target_feature = "avx512bw",
        target_feature = "avx512dq",
        target_feature = "fma"
    )) {
        return KNOWN | AVX2 | AVX512;
    }
    match FEATURES.load(Ordering::Relaxed) {
        0 => {
            let found = KNOWN | ask_processor();
            FEATURES.store(found, Ordering::Relaxed);
            found
        }
        known => known,
    }
}

#[cold]
fn ask_processor() -> u8 {
    // Without an operating system nobody may have enabled the wide registers for good, and CPUID traps in SGX.
    if cfg!(any(target_os = "none", target_os = "uefi", target_env = "sgx")) {
        return if cfg!(all(target_feature = "avx2", target_feature = "fma")) { AVX2 } else { 0 };
    }
    #[allow(unused_unsafe, reason = "CPUID became a safe function after the minimum supported Rust version")]
    // SAFETY: every x86-64 processor has CPUID; XGETBV is run only where OSXSAVE says that it may be.
    unsafe {
        let (max_leaf, _) = __get_cpuid_max(0);
        if max_leaf < 7 {
            return 0;
        }
        let basic = __cpuid(1).ecx;
        let extended = __cpuid_count(7, 0).ebx;
        let has = |register: u32, bits: &[u32]| bits.iter().all(|bit| register >> bit & 1 == 1);
        let (fma, osxsave, avx) = (12, 27, 28);
        if !has(basic, &[fma, osxsave, avx]) {
            return 0;
        }
        // What the operating system saves: bits 1 and 2 the 128- and 256-bit registers, 5 to 7 masks and 512 bits.
        let saved = xcr0();
        let (avx2, avx512f, avx512dq, avx512bw, avx512vl) = (5, 16, 17, 30, 31);
        let mut found = 0;
        if saved & 0b110 == 0b110 && has(extended, &[avx2]) {
            found |= AVX2;
            if saved & 0b1110_0110 == 0b1110_0110 && has(extended, &[avx512f, avx512dq, avx512bw, avx512vl]) {
                found |= AVX512;
            }
        }
        found
    }
}

/// # Safety
/// * CPUID reports OSXSAVE.
#[target_feature(enable = "xsave")]
unsafe fn xcr0() -> u64 {
    // SAFETY: the caller proves that the operating system has enabled the instruction.
    unsafe { _xgetbv(0) }
}

/// What [`Scalar`] needs of the hardware.
pub(super) mod hardware {
    use core::arch::x86_64::*;

    /// # Safety
    /// * The processor has FMA.
    #[inline(always)]
    pub(crate) unsafe fn fma(a: f32, b: f32, c: f32) -> f32 {
        // SAFETY: the caller proves FMA.
        unsafe { _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c))) }
    }

    #[inline(always)]
    pub(crate) fn sqrt(a: f32) -> f32 {
        // SAFETY: SSE2 is on for the whole target.
        unsafe { _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a))) }
    }

    /// # Safety
    /// * The processor has FMA.
    #[inline]
    #[target_feature(enable = "fma")]
    pub(crate) unsafe fn with_fma<R>(f: impl FnOnce() -> R) -> R {
        f()
    }

    /// # Safety
    /// * The processor has FMA.
    #[inline(never)]
    #[target_feature(enable = "fma")]
    pub(crate) unsafe fn with_fma_outline<R>(f: impl FnOnce() -> R) -> R {
        f()
    }
}
