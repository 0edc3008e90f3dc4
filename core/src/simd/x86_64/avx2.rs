//! AVX2 with FMA: 8 lanes, 16 registers.

use core::arch::x86_64::*;

use core::marker::PhantomData;

use super::Stage;
use crate::simd::{Arithmetic, Class, Level, Sealed, Simd, Token, feature_entries, token_ops};

/// Proof that AVX2 and FMA can be run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Avx2<C>(PhantomData<C>);

impl<C: Class> Sealed for Avx2<C> {}

/// `MASKS[8 - n..]` starts with `n` lanes that are on.
const MASKS: &[i32; 16] = &[-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

impl<C: Class> Simd for Avx2<C> {
    type Class = C;
    type Vector = __m256;
    type Mask = __m256;
    type Tail = __m256i;
    type Wide = [__m256; 2];
    type Stage = Stage<96>;

    const LANES: usize = 8;
    const ACCUMULATORS: usize = 12;
    const TALLEST: usize = 12;
    const STRIP_VECTORS: usize = 2;
    const WIDEST: usize = 8;
    // Two steps at a time gain nothing, and with a mask of the tail they spill.
    const UNROLL: usize = 1;
    const FEW_BODIES: bool = false;
    // A masked load is a load and a selection, which waits for the ports of the multiply-accumulates, and the mask takes
    // one of the 16 registers: 64 x 64 x 64 fell from 0.92 to 0.87 of the peak.
    const FREE_TAILS: bool = false;

    #[inline(always)]
    unsafe fn assume_supported() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn level(self) -> Level {
        Level(match C::ARITHMETIC {
            Arithmetic::Fused => Token::Avx2Fused(Avx2(PhantomData)),
            Arithmetic::Unfused => Token::Avx2Unfused(Avx2(PhantomData)),
        })
    }

    feature_entries!("avx2,fma");

    token_ops! {
        fn splat(self, x: f32) -> __m256 { _mm256_set1_ps(x) }
        fn add(self, a: __m256, b: __m256) -> __m256 { _mm256_add_ps(a, b) }
        fn sub(self, a: __m256, b: __m256) -> __m256 { _mm256_sub_ps(a, b) }
        fn mul(self, a: __m256, b: __m256) -> __m256 { _mm256_mul_ps(a, b) }
        fn div(self, a: __m256, b: __m256) -> __m256 { _mm256_div_ps(a, b) }
        fn sqrt(self, a: __m256) -> __m256 { _mm256_sqrt_ps(a) }
        fn mac(self, a: __m256, b: __m256, c: __m256) -> __m256 {
            match C::ARITHMETIC {
                Arithmetic::Fused => _mm256_fmadd_ps(a, b, c),
                Arithmetic::Unfused => _mm256_add_ps(_mm256_mul_ps(a, b), c),
            }
        }
        fn neg(self, a: __m256) -> __m256 { _mm256_xor_ps(a, _mm256_set1_ps(-0.0)) }
        fn abs(self, a: __m256) -> __m256 { _mm256_andnot_ps(_mm256_set1_ps(-0.0), a) }
        fn copy_sign(self, magnitude: __m256, sign: __m256) -> __m256 {
            let bit = _mm256_set1_ps(-0.0);
            _mm256_or_ps(_mm256_andnot_ps(bit, magnitude), _mm256_and_ps(bit, sign))
        }
        fn lt(self, a: __m256, b: __m256) -> __m256 { _mm256_cmp_ps::<_CMP_LT_OQ>(a, b) }
        fn select(self, mask: __m256, yes: __m256, no: __m256) -> __m256 { _mm256_blendv_ps(no, yes, mask) }
        fn exp2_of_shifted(self, t: __m256) -> __m256 {
            let exponent = _mm256_slli_epi32::<23>(_mm256_castps_si256(t));
            _mm256_castsi256_ps(_mm256_add_epi32(exponent, _mm256_set1_epi32(0x3f80_0000)))
        }
        fn larger(self, a: __m256, b: __m256) -> __m256 { _mm256_max_ps(b, a) }
        fn mantissa_exponent(self, a: __m256) -> (__m256, __m256) {
            let root = _mm256_set1_epi32(0x3f35_04f3);
            let above = _mm256_sub_epi32(_mm256_castps_si256(a), root);
            let mantissa = _mm256_add_epi32(_mm256_and_si256(above, _mm256_set1_epi32(0x007f_ffff)), root);
            (_mm256_castsi256_ps(mantissa), _mm256_cvtepi32_ps(_mm256_srai_epi32::<23>(above)))
        }
        fn wide(self, v: __m256) -> [__m256; 2] { [v; 2] }
        fn stage(self) -> Stage<96> { Stage([0.0; 96]) }
        fn fold_lanes(self, v: __m256, f: impl Fn(__m256, __m256) -> __m256) -> f32 {
            let v = f(v, _mm256_permute2f128_ps::<1>(v, v));
            let v = f(v, _mm256_permute_ps::<0x4e>(v));
            _mm256_cvtss_f32(f(v, _mm256_permute_ps::<0xb1>(v)))
        }
        fn tail_mask(self, tail: __m256i) -> __m256 { _mm256_castsi256_ps(tail) }
    }

    #[inline(always)]
    fn tail(self, n: usize) -> __m256i {
        let first = 8_usize.wrapping_sub(n) & 7;
        // SAFETY: the token proves the instruction; the window of 8 lies inside `MASKS`, for it starts at 7 at the
        // latest.
        unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(first).cast()) }
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> __m256 {
        // SAFETY: the token proves the instruction, the caller the memory.
        unsafe { _mm256_loadu_ps(p) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: __m256) {
        // SAFETY: the token proves the instruction, the caller the memory.
        unsafe { _mm256_storeu_ps(p, v) }
    }

    #[inline(always)]
    unsafe fn load_tail(self, p: *const f32, tail: __m256i) -> __m256 {
        // SAFETY: the token proves the instruction, the caller the memory; lanes that are masked out never fault.
        unsafe { _mm256_maskload_ps(p, tail) }
    }

    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f32, tail: __m256i, v: __m256) {
        // SAFETY: the token proves the instruction, the caller the memory; lanes that are masked out never fault.
        unsafe { _mm256_maskstore_ps(p, tail, v) }
    }

    #[inline(always)]
    unsafe fn store_first(self, p: *mut f32, n: usize, v: __m256) {
        // SAFETY: the token proves the instructions, the caller `n` numbers; the two stores of an arm, which overlap,
        // cover just these.
        unsafe {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let from = |first: usize| {
                let lanes = _mm256_add_epi32(lanes, _mm256_set1_epi32(first as i32));
                _mm256_castps256_ps128(_mm256_permutevar8x32_ps(v, lanes))
            };
            match n {
                0 | 1 => _mm_store_ss(p, _mm256_castps256_ps128(v)),
                2 | 3 => {
                    _mm_storel_epi64(p.cast(), _mm_castps_si128(_mm256_castps256_ps128(v)));
                    _mm_storel_epi64(p.add(n - 2).cast(), _mm_castps_si128(from(n - 2)));
                }
                4..8 => {
                    _mm_storeu_ps(p, _mm256_castps256_ps128(v));
                    _mm_storeu_ps(p.add(n - 4), from(n - 4));
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
        let mut row = [self.splat(0.0); 8];
        for (r, v) in row.iter_mut().enumerate() {
            // Rows that are not there repeat the last one, so that the loop has no branch and the array stays in
            // registers; their lanes of the transpose are never used.
            // SAFETY: the caller promises `columns` numbers in each of `rows` rows.
            *v = unsafe { self.load_tail(src.add(r.min(rows - 1) * src_stride), tail) };
        }
        // `quad[g][c]` holds, in half h, column 4h + c of rows 4g..4g+4; then the halves are exchanged.
        let mut column = [self.splat(0.0); 8];
        // SAFETY: the token proves the instructions; no memory is touched.
        unsafe {
            let mut quad = [[self.splat(0.0); 4]; 2];
            for (g, q) in quad.iter_mut().enumerate() {
                let [r0, r1, r2, r3] = [row[4 * g], row[4 * g + 1], row[4 * g + 2], row[4 * g + 3]];
                let (even, odd) = (_mm256_unpacklo_ps(r0, r2), _mm256_unpacklo_ps(r1, r3));
                (q[0], q[1]) = (_mm256_unpacklo_ps(even, odd), _mm256_unpackhi_ps(even, odd));
                let (even, odd) = (_mm256_unpackhi_ps(r0, r2), _mm256_unpackhi_ps(r1, r3));
                (q[2], q[3]) = (_mm256_unpacklo_ps(even, odd), _mm256_unpackhi_ps(even, odd));
            }
            for c in 0..4 {
                column[c] = _mm256_permute2f128_ps::<0x20>(quad[0][c], quad[1][c]);
                column[4 + c] = _mm256_permute2f128_ps::<0x31>(quad[0][c], quad[1][c]);
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
