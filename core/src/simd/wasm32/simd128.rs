//! WebAssembly simd128: 4 lanes, no fused multiply-add (the relaxed one may round either way and is not used).

use core::arch::wasm32::*;

use crate::simd::{Level, Sealed, Simd, Token, Unfused, token_ops};

/// Proof that simd128 can be run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Simd128(());

impl Simd128 {
    /// The token: simd128 is part of every target for which this file is compiled.
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl Sealed for Simd128 {}

impl Simd for Simd128 {
    type Class = Unfused;
    type Vector = v128;
    type Mask = v128;
    type Tail = usize;
    type Wide = [v128; 4];
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
        Level(Token::Simd128(self))
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
        fn splat(self, x: f32) -> v128 { f32x4_splat(x) }
        fn add(self, a: v128, b: v128) -> v128 { f32x4_add(a, b) }
        fn sub(self, a: v128, b: v128) -> v128 { f32x4_sub(a, b) }
        fn mul(self, a: v128, b: v128) -> v128 { f32x4_mul(a, b) }
        fn div(self, a: v128, b: v128) -> v128 { f32x4_div(a, b) }
        fn sqrt(self, a: v128) -> v128 { f32x4_sqrt(a) }
        fn mac(self, a: v128, b: v128, c: v128) -> v128 { f32x4_add(f32x4_mul(a, b), c) }
        fn neg(self, a: v128) -> v128 { f32x4_neg(a) }
        fn abs(self, a: v128) -> v128 { f32x4_abs(a) }
        fn copy_sign(self, magnitude: v128, sign: v128) -> v128 {
            v128_bitselect(sign, magnitude, f32x4_splat(-0.0))
        }
        fn lt(self, a: v128, b: v128) -> v128 { f32x4_lt(a, b) }
        fn select(self, mask: v128, yes: v128, no: v128) -> v128 { v128_bitselect(yes, no, mask) }
        fn exp2_of_shifted(self, t: v128) -> v128 { i32x4_add(i32x4_shl(t, 23), i32x4_splat(0x3f80_0000)) }
        fn larger(self, a: v128, b: v128) -> v128 { f32x4_pmax(a, b) }
        fn mantissa_exponent(self, a: v128) -> (v128, v128) {
            let root = i32x4_splat(0x3f35_04f3);
            let above = i32x4_sub(a, root);
            let mantissa = i32x4_add(v128_and(above, i32x4_splat(0x007f_ffff)), root);
            (mantissa, f32x4_convert_i32x4(i32x4_shr(above, 23)))
        }
        fn wide(self, v: v128) -> [v128; 4] { [v; 4] }
        fn stage(self) -> [f32; 32] { [0.0; 32] }
        fn fold_lanes(self, v: v128, f: impl Fn(v128, v128) -> v128) -> f32 {
            let v = f(v, i32x4_shuffle::<2, 3, 0, 1>(v, v));
            f32x4_extract_lane::<0>(f(v, i32x4_shuffle::<1, 0, 3, 2>(v, v)))
        }
        fn tail(self, n: usize) -> usize { n }
        fn tail_mask(self, tail: usize) -> v128 { f32x4_lt(f32x4(0.0, 1.0, 2.0, 3.0), f32x4_splat(tail as f32)) }
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> v128 {
        // SAFETY: the caller proves the memory.
        unsafe { v128_load(p.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: v128) {
        // SAFETY: the caller proves the memory.
        unsafe { v128_store(p.cast(), v) }
    }

    #[inline(always)]
    unsafe fn load_tail(self, p: *const f32, tail: usize) -> v128 {
        // SAFETY: the caller proves `tail` numbers; each arm reads no more.
        unsafe {
            match tail {
                1 => v128_load32_zero(p.cast()),
                2 => v128_load64_zero(p.cast()),
                3 => v128_load32_lane::<2>(v128_load64_zero(p.cast()), p.add(2).cast()),
                _ => v128_load(p.cast()),
            }
        }
    }

    #[inline(always)]
    unsafe fn store_tail(self, p: *mut f32, tail: usize, v: v128) {
        // SAFETY: the caller proves `tail` numbers; each arm writes no more.
        unsafe {
            match tail {
                1 => v128_store32_lane::<0>(v, p.cast()),
                2 => v128_store64_lane::<0>(v, p.cast()),
                3 => {
                    v128_store64_lane::<0>(v, p.cast());
                    v128_store32_lane::<2>(v, p.add(2).cast());
                }
                _ => v128_store(p.cast(), v),
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
        let (even, odd) = (i32x4_shuffle::<0, 4, 1, 5>(r0, r2), i32x4_shuffle::<0, 4, 1, 5>(r1, r3));
        let (even_high, odd_high) = (i32x4_shuffle::<2, 6, 3, 7>(r0, r2), i32x4_shuffle::<2, 6, 3, 7>(r1, r3));
        let column = [
            i32x4_shuffle::<0, 4, 1, 5>(even, odd),
            i32x4_shuffle::<2, 6, 3, 7>(even, odd),
            i32x4_shuffle::<0, 4, 1, 5>(even_high, odd_high),
            i32x4_shuffle::<2, 6, 3, 7>(even_high, odd_high),
        ];
        for (c, v) in column.iter().enumerate().take(columns) {
            // SAFETY: the caller promises LANES numbers in each of `columns` rows.
            unsafe { self.store(dst.add(c * dst_stride), *v) };
        }
    }
}
