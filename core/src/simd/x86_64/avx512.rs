//! AVX-512 (F, VL, BW, DQ): 16 lanes, 32 registers, masks that cost nothing.

use core::arch::x86_64::*;

use core::marker::PhantomData;

use super::Stage;
use crate::simd::{Arithmetic, Class, Level, ROUNDING_MAGIC, Sealed, Simd, Token, feature_entries, token_ops};

/// Proof that AVX-512 F, VL, BW and DQ (and AVX2 and FMA with them) can be run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Avx512<C>(PhantomData<C>);

impl<C: Class> Sealed for Avx512<C> {}

impl<C: Class> Simd for Avx512<C> {
    type Class = C;
    type Vector = __m512;
    type Mask = __mmask16;
    type Tail = __mmask16;
    type Wide = [__m512; 1];
    type Stage = Stage<384>;

    const LANES: usize = 16;
    const ACCUMULATORS: usize = 24;
    const TALLEST: usize = 16;
    const STRIP_VECTORS: usize = 4;
    const WIDEST: usize = 8;
    // Products that wait for their sums take registers: of two steps at a time, too many.
    const UNROLL: usize = if matches!(C::ARITHMETIC, Arithmetic::Fused) { 2 } else { 1 };
    const FEW_BODIES: bool = false;
    const TWO_IN_FLIGHT: bool = true;
    const STORES_FIRST: bool = true;
    const FREE_TAILS: bool = true;

    #[inline(always)]
    unsafe fn assume_supported() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn level(self) -> Level {
        Level(match C::ARITHMETIC {
            Arithmetic::Fused => Token::Avx512Fused(Avx512(PhantomData)),
            Arithmetic::Unfused => Token::Avx512Unfused(Avx512(PhantomData)),
        })
    }

    feature_entries!("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma");

    token_ops! {
        fn splat(self, x: f32) -> __m512 { _mm512_set1_ps(x) }
        fn add(self, a: __m512, b: __m512) -> __m512 { _mm512_add_ps(a, b) }
        fn sub(self, a: __m512, b: __m512) -> __m512 { _mm512_sub_ps(a, b) }
        fn mul(self, a: __m512, b: __m512) -> __m512 { _mm512_mul_ps(a, b) }
        fn div(self, a: __m512, b: __m512) -> __m512 { _mm512_div_ps(a, b) }
        fn sqrt(self, a: __m512) -> __m512 { _mm512_sqrt_ps(a) }
        fn mac(self, a: __m512, b: __m512, c: __m512) -> __m512 {
            match C::ARITHMETIC {
                Arithmetic::Fused => _mm512_fmadd_ps(a, b, c),
                Arithmetic::Unfused => _mm512_add_ps(_mm512_mul_ps(a, b), c),
            }
        }
        fn neg(self, a: __m512) -> __m512 { _mm512_xor_ps(a, _mm512_set1_ps(-0.0)) }
        fn abs(self, a: __m512) -> __m512 { _mm512_andnot_ps(_mm512_set1_ps(-0.0), a) }
        fn copy_sign(self, magnitude: __m512, sign: __m512) -> __m512 {
            let bit = _mm512_set1_ps(-0.0);
            _mm512_or_ps(_mm512_andnot_ps(bit, magnitude), _mm512_and_ps(bit, sign))
        }
        fn lt(self, a: __m512, b: __m512) -> __mmask16 { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b) }
        fn select(self, mask: __mmask16, yes: __m512, no: __m512) -> __m512 { _mm512_mask_blend_ps(mask, no, yes) }
        fn exp2_of_shifted(self, t: __m512) -> __m512 {
            let exponent = _mm512_slli_epi32::<23>(_mm512_castps_si512(t));
            _mm512_castsi512_ps(_mm512_add_epi32(exponent, _mm512_set1_epi32(0x3f80_0000)))
        }
        fn larger(self, a: __m512, b: __m512) -> __m512 { _mm512_max_ps(b, a) }
        fn scale(self, a: __m512, t: __m512) -> __m512 {
            _mm512_scalef_ps(a, _mm512_sub_ps(t, _mm512_set1_ps(ROUNDING_MAGIC)))
        }
        fn scale_far(self, a: __m512, t: __m512) -> __m512 {
            _mm512_scalef_ps(a, _mm512_sub_ps(t, _mm512_set1_ps(ROUNDING_MAGIC)))
        }
        fn mantissa_exponent(self, a: __m512) -> (__m512, __m512) {
            let root = _mm512_set1_epi32(0x3f35_04f3);
            let above = _mm512_sub_epi32(_mm512_castps_si512(a), root);
            let mantissa = _mm512_add_epi32(_mm512_and_si512(above, _mm512_set1_epi32(0x007f_ffff)), root);
            (_mm512_castsi512_ps(mantissa), _mm512_cvtepi32_ps(_mm512_srai_epi32::<23>(above)))
        }
        fn wide(self, v: __m512) -> [__m512; 1] { [v] }
        fn stage(self) -> Stage<384> { Stage([0.0; 384]) }
        fn fold_lanes(self, v: __m512, f: impl Fn(__m512, __m512) -> __m512) -> f32 {
            let v = f(v, _mm512_shuffle_f32x4::<0x4e>(v, v));
            let v = f(v, _mm512_shuffle_f32x4::<0xb1>(v, v));
            let v = f(v, _mm512_permute_ps::<0x4e>(v));
            _mm512_cvtss_f32(f(v, _mm512_permute_ps::<0xb1>(v)))
        }
        fn tail(self, n: usize) -> __mmask16 { 0xffff_u16.wrapping_shr(16_u32.wrapping_sub(n as u32)) }
        fn tail_mask(self, tail: __mmask16) -> __mmask16 { tail }
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> __m512 {
        // SAFETY: the token proves the instruction, the caller the memory.
        unsafe { _mm512_loadu_ps(p) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: __m512) {
        // SAFETY: the token proves the instruction, the caller the memory.
        unsafe { _mm512_storeu_ps(p, v) }
    }

    #[inline(always)]
    unsafe fn load_tail(self, p: *const f32, tail: __mmask16) -> __m512 {
        // SAFETY: the token proves the instruction, the caller the memory; lanes that are masked out never fault.
        unsafe { _mm512_maskz_loadu_ps(tail, p) }
    }

    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f32, tail: __mmask16, v: __m512) {
        // SAFETY: the token proves the instruction, the caller the memory; lanes that are masked out never fault.
        unsafe { _mm512_mask_storeu_ps(p, tail, v) }
    }

    #[inline(always)]
    unsafe fn store_first(self, p: *mut f32, n: usize, v: __m512) {
        // SAFETY: the token proves the instructions, the caller `n` numbers; the two stores of an arm, which overlap,
        // cover just these.
        unsafe {
            let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let from =
                |first: usize| _mm512_permutexvar_ps(_mm512_add_epi32(lanes, _mm512_set1_epi32(first as i32)), v);
            match n {
                0 | 1 => _mm_store_ss(p, _mm512_castps512_ps128(v)),
                2 | 3 => {
                    _mm_storel_epi64(p.cast(), _mm_castps_si128(_mm512_castps512_ps128(v)));
                    _mm_storel_epi64(p.add(n - 2).cast(), _mm_castps_si128(_mm512_castps512_ps128(from(n - 2))));
                }
                4..8 => {
                    _mm_storeu_ps(p, _mm512_castps512_ps128(v));
                    _mm_storeu_ps(p.add(n - 4), _mm512_castps512_ps128(from(n - 4)));
                }
                8..16 => {
                    _mm256_storeu_ps(p, _mm512_castps512_ps256(v));
                    _mm256_storeu_ps(p.add(n - 8), _mm512_castps512_ps256(from(n - 8)));
                }
                _ => self.store(p, v),
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
        let tail = self.tail(columns);
        let mut row = [self.splat(0.0); 16];
        for (r, v) in row.iter_mut().enumerate() {
            // Rows that are not there repeat the last one, so that the loop has no branch and the array stays in
            // registers; their lanes of the transpose are never used.
            // SAFETY: the caller promises `columns` numbers in each of `rows` rows.
            *v = unsafe { self.load_tail(src.add(r.min(rows - 1) * src_stride), tail) };
        }
        // Stage 1: 4 x 4 blocks inside the 128-bit quarters; `quad[g][c]` holds, in quarter q, column 4q + c of
        // rows 4g..4g+4. Stage 2: a 4 x 4 transpose of whole quarters.
        let mut column = [self.splat(0.0); 16];
        // SAFETY: the token proves the instructions; no memory is touched.
        unsafe {
            let mut quad = [[self.splat(0.0); 4]; 4];
            for (g, q) in quad.iter_mut().enumerate() {
                let [r0, r1, r2, r3] = [row[4 * g], row[4 * g + 1], row[4 * g + 2], row[4 * g + 3]];
                let (even, odd) = (_mm512_unpacklo_ps(r0, r2), _mm512_unpacklo_ps(r1, r3));
                (q[0], q[1]) = (_mm512_unpacklo_ps(even, odd), _mm512_unpackhi_ps(even, odd));
                let (even, odd) = (_mm512_unpackhi_ps(r0, r2), _mm512_unpackhi_ps(r1, r3));
                (q[2], q[3]) = (_mm512_unpacklo_ps(even, odd), _mm512_unpackhi_ps(even, odd));
            }
            for c in 0..4 {
                let [q0, q1, q2, q3] = [quad[0][c], quad[1][c], quad[2][c], quad[3][c]];
                let (even01, even23) = (_mm512_shuffle_f32x4::<0x88>(q0, q1), _mm512_shuffle_f32x4::<0x88>(q2, q3));
                let (odd01, odd23) = (_mm512_shuffle_f32x4::<0xdd>(q0, q1), _mm512_shuffle_f32x4::<0xdd>(q2, q3));
                column[c] = _mm512_shuffle_f32x4::<0x88>(even01, even23);
                column[4 + c] = _mm512_shuffle_f32x4::<0x88>(odd01, odd23);
                column[8 + c] = _mm512_shuffle_f32x4::<0xdd>(even01, even23);
                column[12 + c] = _mm512_shuffle_f32x4::<0xdd>(odd01, odd23);
            }
        }
        for (c, v) in column.iter().enumerate() {
            if c < columns {
                // SAFETY: the caller promises LANES numbers in each of `columns` rows.
                unsafe { self.store(dst.add(c * dst_stride), *v) };
            }
        }
    }
}
