//! SSE2, the baseline of x86-64: 4 lanes, 16 registers, no fused multiply-add.

use core::arch::x86_64::*;

use crate::simd::{Level, Sealed, Simd, Token, Unfused, token_ops};

/// Proof that SSE2 can be run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sse2(());

impl Sse2 {
    /// The token: SSE2 is part of every target for which this file is compiled.
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl Sealed for Sse2 {}

impl Simd for Sse2 {
    type Class = Unfused;
    type Vector = __m128;
    type Mask = __m128;
    type Tail = usize;
    type Wide = [__m128; 4];
    type Stage = [f32; 32];

    const LANES: usize = 4;
    const ACCUMULATORS: usize = 8;
    const TALLEST: usize = 8;
    const STRIP_VECTORS: usize = 2;
    const WIDEST: usize = 8;
    const UNROLL: usize = 1;
    const FEW_BODIES: bool = false;
    const FREE_TAILS: bool = false;

    #[inline(always)]
    unsafe fn assume_supported() -> Self {
        Self(())
    }

    #[inline(always)]
    fn level(self) -> Level {
        Level(Token::Sse2(self))
    }

    #[inline(always)]
    fn vectorize<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }

    #[inline(always)]
    fn outline<R>(self, f: impl FnOnce() -> R) -> R {
        #[inline(never)]
        fn inner<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        inner(f)
    }

    token_ops! {
        fn splat(self, x: f32) -> __m128 { _mm_set1_ps(x) }
        fn add(self, a: __m128, b: __m128) -> __m128 { _mm_add_ps(a, b) }
        fn sub(self, a: __m128, b: __m128) -> __m128 { _mm_sub_ps(a, b) }
        fn mul(self, a: __m128, b: __m128) -> __m128 { _mm_mul_ps(a, b) }
        fn div(self, a: __m128, b: __m128) -> __m128 { _mm_div_ps(a, b) }
        fn sqrt(self, a: __m128) -> __m128 { _mm_sqrt_ps(a) }
        fn mac(self, a: __m128, b: __m128, c: __m128) -> __m128 { _mm_add_ps(_mm_mul_ps(a, b), c) }
        fn neg(self, a: __m128) -> __m128 { _mm_xor_ps(a, _mm_set1_ps(-0.0)) }
        fn abs(self, a: __m128) -> __m128 { _mm_andnot_ps(_mm_set1_ps(-0.0), a) }
        fn copy_sign(self, magnitude: __m128, sign: __m128) -> __m128 {
            let bit = _mm_set1_ps(-0.0);
            _mm_or_ps(_mm_andnot_ps(bit, magnitude), _mm_and_ps(bit, sign))
        }
        fn lt(self, a: __m128, b: __m128) -> __m128 { _mm_cmplt_ps(a, b) }
        fn select(self, mask: __m128, yes: __m128, no: __m128) -> __m128 {
            _mm_or_ps(_mm_and_ps(mask, yes), _mm_andnot_ps(mask, no))
        }
        fn exp2_of_shifted(self, t: __m128) -> __m128 {
            let exponent = _mm_slli_epi32::<23>(_mm_castps_si128(t));
            _mm_castsi128_ps(_mm_add_epi32(exponent, _mm_set1_epi32(0x3f80_0000)))
        }
        fn larger(self, a: __m128, b: __m128) -> __m128 { _mm_max_ps(b, a) }
        fn mantissa_exponent(self, a: __m128) -> (__m128, __m128) {
            let root = _mm_set1_epi32(0x3f35_04f3);
            let above = _mm_sub_epi32(_mm_castps_si128(a), root);
            let mantissa = _mm_add_epi32(_mm_and_si128(above, _mm_set1_epi32(0x007f_ffff)), root);
            (_mm_castsi128_ps(mantissa), _mm_cvtepi32_ps(_mm_srai_epi32::<23>(above)))
        }
        fn wide(self, v: __m128) -> [__m128; 4] { [v; 4] }
        fn stage(self) -> [f32; 32] { [0.0; 32] }
        fn fold_lanes(self, v: __m128, f: impl Fn(__m128, __m128) -> __m128) -> f32 {
            let v = f(v, _mm_shuffle_ps::<0x4e>(v, v));
            _mm_cvtss_f32(f(v, _mm_shuffle_ps::<0xb1>(v, v)))
        }
        fn tail(self, n: usize) -> usize { n }
        fn tail_mask(self, tail: usize) -> __m128 {
            _mm_cmplt_ps(_mm_setr_ps(0.0, 1.0, 2.0, 3.0), _mm_set1_ps(tail as f32))
        }
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> __m128 {
        // SAFETY: the caller proves the memory.
        unsafe { _mm_loadu_ps(p) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: __m128) {
        // SAFETY: the caller proves the memory.
        unsafe { _mm_storeu_ps(p, v) }
    }

    #[inline(always)]
    unsafe fn load_tail(self, p: *const f32, tail: usize) -> __m128 {
        // SAFETY: the caller proves `tail` numbers; each arm reads no more.
        unsafe {
            match tail {
                1 => _mm_load_ss(p),
                // Through the integer unit's move: `_mm_load_sd` wants the alignment of f64.
                2 => _mm_castsi128_ps(_mm_loadl_epi64(p.cast())),
                3 => _mm_movelh_ps(_mm_castsi128_ps(_mm_loadl_epi64(p.cast())), _mm_load_ss(p.add(2))),
                _ => _mm_loadu_ps(p),
            }
        }
    }

    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f32, tail: usize, v: __m128) {
        // SAFETY: the caller proves `tail` numbers; each arm writes no more.
        unsafe {
            match tail {
                1 => _mm_store_ss(p, v),
                2 => _mm_storel_epi64(p.cast(), _mm_castps_si128(v)),
                3 => {
                    _mm_storel_epi64(p.cast(), _mm_castps_si128(v));
                    _mm_store_ss(p.add(2), _mm_movehl_ps(v, v));
                }
                _ => _mm_storeu_ps(p, v),
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
        // SAFETY: SSE2 is on for the whole target; no memory is touched.
        let column = unsafe {
            let (even, odd) = (_mm_unpacklo_ps(r0, r2), _mm_unpacklo_ps(r1, r3));
            let (even_high, odd_high) = (_mm_unpackhi_ps(r0, r2), _mm_unpackhi_ps(r1, r3));
            [
                _mm_unpacklo_ps(even, odd),
                _mm_unpackhi_ps(even, odd),
                _mm_unpacklo_ps(even_high, odd_high),
                _mm_unpackhi_ps(even_high, odd_high),
            ]
        };
        for (c, v) in column.iter().enumerate().take(columns) {
            // SAFETY: the caller promises LANES numbers in each of `columns` rows.
            unsafe { self.store(dst.add(c * dst_stride), *v) };
        }
    }
}
