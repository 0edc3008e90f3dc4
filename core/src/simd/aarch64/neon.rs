//! AArch64 NEON: 4 lanes, 32 registers.

use core::arch::aarch64::*;
use core::marker::PhantomData;

use crate::simd::{Arithmetic, Class, Level, Sealed, Simd, Token, feature_entries, token_ops};

/// Proof that NEON can be run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Neon<C>(PhantomData<C>);

impl<C: Class> Sealed for Neon<C> {}

impl<C: Class> Simd for Neon<C> {
    type Class = C;
    type Vector = float32x4_t;
    type Mask = uint32x4_t;
    type Tail = usize;
    type Wide = [float32x4_t; 4];
    type Stage = [f32; 96];

    const LANES: usize = 4;
    const ACCUMULATORS: usize = 24;
    const TALLEST: usize = 16;
    const STRIP_VECTORS: usize = 4;
    const WIDEST: usize = 8;
    const UNROLL: usize = 1;
    const FEW_BODIES: bool = false;
    const FREE_TAILS: bool = false;

    #[inline(always)]
    unsafe fn assume_supported() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn level(self) -> Level {
        Level(match C::ARITHMETIC {
            Arithmetic::Fused => Token::NeonFused(Neon(PhantomData)),
            Arithmetic::Unfused => Token::NeonUnfused(Neon(PhantomData)),
        })
    }

    feature_entries!("neon");

    token_ops! {
        fn splat(self, x: f32) -> float32x4_t { vdupq_n_f32(x) }
        fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t { vaddq_f32(a, b) }
        fn sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t { vsubq_f32(a, b) }
        fn mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t { vmulq_f32(a, b) }
        fn div(self, a: float32x4_t, b: float32x4_t) -> float32x4_t { vdivq_f32(a, b) }
        fn sqrt(self, a: float32x4_t) -> float32x4_t { vsqrtq_f32(a) }
        fn mac(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
            match C::ARITHMETIC {
                Arithmetic::Fused => vfmaq_f32(c, a, b),
                Arithmetic::Unfused => vaddq_f32(vmulq_f32(a, b), c),
            }
        }
        fn neg(self, a: float32x4_t) -> float32x4_t { vnegq_f32(a) }
        fn abs(self, a: float32x4_t) -> float32x4_t { vabsq_f32(a) }
        fn copy_sign(self, magnitude: float32x4_t, sign: float32x4_t) -> float32x4_t {
            vbslq_f32(vdupq_n_u32(0x8000_0000), sign, magnitude)
        }
        fn lt(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t { vcltq_f32(a, b) }
        fn select(self, mask: uint32x4_t, yes: float32x4_t, no: float32x4_t) -> float32x4_t {
            vbslq_f32(mask, yes, no)
        }
        fn exp2_of_shifted(self, t: float32x4_t) -> float32x4_t {
            let exponent = vshlq_n_s32::<23>(vreinterpretq_s32_f32(t));
            vreinterpretq_f32_s32(vaddq_s32(exponent, vdupq_n_s32(0x3f80_0000)))
        }
        fn mantissa_exponent(self, a: float32x4_t) -> (float32x4_t, float32x4_t) {
            let root = vdupq_n_s32(0x3f35_04f3);
            let above = vsubq_s32(vreinterpretq_s32_f32(a), root);
            let mantissa = vaddq_s32(vandq_s32(above, vdupq_n_s32(0x007f_ffff)), root);
            (vreinterpretq_f32_s32(mantissa), vcvtq_f32_s32(vshrq_n_s32::<23>(above)))
        }
        fn wide(self, v: float32x4_t) -> [float32x4_t; 4] { [v; 4] }
        fn stage(self) -> [f32; 96] { [0.0; 96] }
        fn fold_lanes(self, v: float32x4_t, f: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) -> f32 {
            let v = f(v, vextq_f32::<2>(v, v));
            vgetq_lane_f32::<0>(f(v, vrev64q_f32(v)))
        }
        fn tail(self, n: usize) -> usize { n }
        fn tail_mask(self, tail: usize) -> uint32x4_t {
            vcltq_u32(vcombine_u32(vcreate_u32(0x1_0000_0000), vcreate_u32(0x3_0000_0002)), vdupq_n_u32(tail as u32))
        }
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> float32x4_t {
        // SAFETY: the token proves the instruction, the caller the memory.
        unsafe { vld1q_f32(p) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: float32x4_t) {
        // SAFETY: the token proves the instruction, the caller the memory.
        unsafe { vst1q_f32(p, v) }
    }

    #[inline(always)]
    unsafe fn load_tail(self, p: *const f32, tail: usize) -> float32x4_t {
        let zero = self.splat(0.0);
        // SAFETY: the token proves the instruction; the caller proves `tail` numbers and each arm reads no more.
        unsafe {
            match tail {
                1 => vld1q_lane_f32::<0>(p, zero),
                2 => vcombine_f32(vld1_f32(p), vdup_n_f32(0.0)),
                3 => vld1q_lane_f32::<2>(p.add(2), vcombine_f32(vld1_f32(p), vdup_n_f32(0.0))),
                _ => vld1q_f32(p),
            }
        }
    }

    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f32, tail: usize, v: float32x4_t) {
        // SAFETY: the token proves the instruction; the caller proves `tail` numbers and each arm writes no more.
        unsafe {
            match tail {
                1 => vst1q_lane_f32::<0>(p, v),
                2 => vst1_f32(p, vget_low_f32(v)),
                3 => {
                    vst1_f32(p, vget_low_f32(v));
                    vst1q_lane_f32::<2>(p.add(2), v);
                }
                _ => vst1q_f32(p, v),
            }
        }
    }

    #[inline(always)]
    unsafe fn transpose(
        self,
        src: *const f32,
        src_stride: usize,
        rows: usize,
        columns: usize,
        dst: *mut f32,
        dst_stride: usize,
    ) {
        let mut row = [self.splat(0.0); 4];
        for (r, v) in row.iter_mut().enumerate().take(rows) {
            // SAFETY: the caller promises `columns` numbers in each of `rows` rows.
            *v = unsafe { self.load_tail(src.add(r * src_stride), columns) };
        }
        let [r0, r1, r2, r3] = row;
        // SAFETY: the token proves the instructions; no memory is touched.
        let column = unsafe {
            let (even, odd) = (vzip1q_f32(r0, r2), vzip1q_f32(r1, r3));
            let (even_high, odd_high) = (vzip2q_f32(r0, r2), vzip2q_f32(r1, r3));
            [
                vzip1q_f32(even, odd),
                vzip2q_f32(even, odd),
                vzip1q_f32(even_high, odd_high),
                vzip2q_f32(even_high, odd_high),
            ]
        };
        for (c, v) in column.iter().enumerate().take(columns) {
            // SAFETY: the caller promises LANES numbers in each of `columns` rows.
            unsafe { self.store(dst.add(c * dst_stride), *v) };
        }
    }
}
