//! One number at a time: the reference, and the only token of targets without a vector unit that this crate knows.

use core::marker::PhantomData;

use super::target::hardware;
use super::{Arithmetic, Class, Level, Sealed, Simd, Token};

/// Whether the target computes f32 in hardware.
const HAS_FPU: bool = !cfg!(any(
    all(target_arch = "arm", target_os = "none", not(target_abi = "eabihf")),
    all(any(target_arch = "riscv32", target_arch = "riscv64"), not(target_feature = "f"))
));

/// Proof that single numbers can be multiplied and added in class `C`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scalar<C>(PhantomData<C>);

impl Scalar<super::Unfused> {
    /// The token: every target can multiply and add.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl Default for Scalar<super::Unfused> {
    fn default() -> Self {
        Self::new()
    }
}

/// What the token needs of hardware without fused multiply-add.
#[allow(dead_code, reason = "targets that have it use their own")]
pub(super) mod no_fma {
    /// Never reached: `Scalar<Fused>` has no value on such a target. Fused arithmetic is not emulated.
    ///
    /// # Safety
    /// * None; unsafe because its twins on other targets are.
    #[inline(always)]
    pub(crate) unsafe fn fma(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }

    /// The instruction of the floating-point unit, which no stable function reaches on Arm.
    #[cfg(all(target_arch = "arm", target_os = "none", target_abi = "eabihf"))]
    #[inline(always)]
    pub(crate) fn sqrt(a: f32) -> f32 {
        let mut bits = a.to_bits();
        // SAFETY: this ABI passes numbers in the registers of the unit, so there is one. Registers of the unit cannot
        // be operands for all processors of the target; the one that is borrowed gets its number back.
        unsafe {
            core::arch::asm!(
                "vmov {saved}, s0",
                "vmov s0, {bits}",
                "vsqrt.f32 s0, s0",
                "vmov {bits}, s0",
                "vmov s0, {saved}",
                bits = inout(reg) bits,
                saved = out(reg) _,
                options(pure, nomem, nostack),
            );
        }
        f32::from_bits(bits)
    }

    #[cfg(not(all(target_arch = "arm", target_os = "none", target_abi = "eabihf")))]
    #[inline(always)]
    pub(crate) fn sqrt(a: f32) -> f32 {
        libm::sqrtf(a)
    }

    /// # Safety
    /// * None; unsafe because its twins on other targets are.
    #[inline(always)]
    pub(crate) unsafe fn with_fma<R>(f: impl FnOnce() -> R) -> R {
        f()
    }

    /// # Safety
    /// * None; unsafe because its twins on other targets are.
    #[inline(always)]
    pub(crate) unsafe fn with_fma_outline<R>(f: impl FnOnce() -> R) -> R {
        f()
    }
}

impl<C: Class> Sealed for Scalar<C> {}

impl<C: Class> Simd for Scalar<C> {
    type Class = C;
    type Vector = f32;
    type Mask = bool;
    type Tail = ();
    type Wide = [f32; 16];
    type Stage = [f32; 16];

    const LANES: usize = 1;
    // Where every operation is a call, a tile has nothing to hold in registers, and the smallest code is as fast.
    const ACCUMULATORS: usize = if HAS_FPU { 16 } else { 1 };
    const TALLEST: usize = if HAS_FPU { 4 } else { 1 };
    const STRIP_VECTORS: usize = if HAS_FPU { 4 } else { 1 };
    const WIDEST: usize = if HAS_FPU { 16 } else { 1 };
    const UNROLL: usize = 1;
    const FEW_BODIES: bool = true;
    const FREE_TAILS: bool = true;

    #[inline(always)]
    unsafe fn assume_supported() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn level(self) -> Level {
        Level(Token::of_scalar(self))
    }

    #[inline(always)]
    fn vectorize<R>(self, f: impl FnOnce() -> R) -> R {
        match C::ARITHMETIC {
            // SAFETY: the token of this class exists only where the instruction does.
            Arithmetic::Fused => unsafe { hardware::with_fma(f) },
            Arithmetic::Unfused => f(),
        }
    }

    #[inline(always)]
    fn outline<R>(self, f: impl FnOnce() -> R) -> R {
        #[inline(never)]
        fn inner<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        match C::ARITHMETIC {
            // SAFETY: the token of this class exists only where the instruction does.
            Arithmetic::Fused => unsafe { hardware::with_fma_outline(f) },
            Arithmetic::Unfused => inner(f),
        }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> f32 {
        x
    }

    #[inline(always)]
    fn add(self, a: f32, b: f32) -> f32 {
        a + b
    }

    #[inline(always)]
    fn sub(self, a: f32, b: f32) -> f32 {
        a - b
    }

    #[inline(always)]
    fn mul(self, a: f32, b: f32) -> f32 {
        a * b
    }

    #[inline(always)]
    fn div(self, a: f32, b: f32) -> f32 {
        a / b
    }

    #[inline(always)]
    fn sqrt(self, a: f32) -> f32 {
        hardware::sqrt(a)
    }

    #[inline(always)]
    fn mac(self, a: f32, b: f32, c: f32) -> f32 {
        match C::ARITHMETIC {
            // SAFETY: the token of this class exists only where the instruction does.
            Arithmetic::Fused => unsafe { hardware::fma(a, b, c) },
            Arithmetic::Unfused => a * b + c,
        }
    }

    #[inline(always)]
    fn neg(self, a: f32) -> f32 {
        -a
    }

    #[inline(always)]
    fn abs(self, a: f32) -> f32 {
        f32::from_bits(a.to_bits() & 0x7fff_ffff)
    }

    #[inline(always)]
    fn copy_sign(self, magnitude: f32, sign: f32) -> f32 {
        f32::from_bits(magnitude.to_bits() & 0x7fff_ffff | sign.to_bits() & 0x8000_0000)
    }

    #[inline(always)]
    fn lt(self, a: f32, b: f32) -> bool {
        a < b
    }

    #[inline(always)]
    fn select(self, mask: bool, yes: f32, no: f32) -> f32 {
        if mask { yes } else { no }
    }

    #[inline(always)]
    fn exp2_of_shifted(self, t: f32) -> f32 {
        f32::from_bits((t.to_bits() << 23).wrapping_add(0x3f80_0000))
    }

    #[inline(always)]
    fn mantissa_exponent(self, a: f32) -> (f32, f32) {
        let above = a.to_bits().wrapping_sub(0x3f35_04f3);
        let mantissa = (above & 0x007f_ffff).wrapping_add(0x3f35_04f3);
        (f32::from_bits(mantissa), (above.cast_signed() >> 23) as f32)
    }

    #[inline(always)]
    fn wide(self, v: f32) -> [f32; 16] {
        [v; 16]
    }

    #[inline(always)]
    fn stage(self) -> [f32; 16] {
        [0.0; 16]
    }

    #[inline(always)]
    fn fold_lanes(self, v: f32, _f: impl Fn(f32, f32) -> f32) -> f32 {
        v
    }

    #[inline(always)]
    fn tail(self, _n: usize) {}

    #[inline(always)]
    fn tail_mask(self, _tail: ()) -> bool {
        true
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> f32 {
        // SAFETY: the caller proves the memory.
        unsafe { p.read() }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: f32) {
        // SAFETY: the caller proves the memory.
        unsafe { p.write(v) }
    }

    #[inline(always)]
    unsafe fn load_tail(self, p: *const f32, _tail: ()) -> f32 {
        // SAFETY: the caller proves the memory.
        unsafe { p.read() }
    }

    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f32, _tail: (), v: f32) {
        // SAFETY: the caller proves the memory.
        unsafe { p.write(v) }
    }

    #[inline(always)]
    unsafe fn transpose(
        self,
        src: *const f32,
        _src_stride: usize,
        _rows: usize,
        _columns: usize,
        dst: *mut f32,
        _dst_stride: usize,
    ) {
        // SAFETY: a block of one number; the caller proves both places.
        unsafe { dst.write(src.read()) };
    }
}
