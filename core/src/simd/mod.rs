//! What a vector unit can do, once per instruction set.
//!
//! A *token* (`Scalar`, `Sse2`, `Avx2`, `Avx512`, `Neon`, `Simd128`) is a zero-sized proof that the processor has
//! an instruction set: it can be had only from a [`Level`], and a [`Level`] only from detection. Every kernel of
//! the crate is written once, generic over [`Simd`], marked `#[inline(always)]`, and entered through
//! [`Simd::vectorize`], so that it is compiled anew inside a function with the right target features.
//!
//! All operations are correctly rounded (add, sub, mul, div, sqrt, fma) or exact (moves, selections, bit
//! patterns). There is no reciprocal estimate, no relaxed instruction, and hardware's maximum only where it is
//! exactly a comparison and a selection: see the bit contract in the crate documentation.

mod ahead;
mod fold;
mod level;
mod scalar;
mod slice;

// One file for each family of processors: its tokens, and how a level is found and entered there.
#[cfg_attr(all(target_arch = "x86_64", target_feature = "sse2"), path = "x86_64/mod.rs")]
#[cfg_attr(all(target_arch = "aarch64", target_feature = "neon"), path = "aarch64/mod.rs")]
#[cfg_attr(all(target_arch = "wasm32", target_feature = "simd128"), path = "wasm32/mod.rs")]
#[cfg_attr(
    not(any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(target_arch = "aarch64", target_feature = "neon"),
        all(target_arch = "wasm32", target_feature = "simd128")
    )),
    path = "other.rs"
)]
mod target;

pub(crate) use ahead::{Ahead, ask_to_write};
pub use fold::{fold, fold_into, sum};
pub(crate) use fold::{normalize, one_hot};
pub use level::{Isa, Level, UnknownIsa};
pub use scalar::Scalar;
pub(crate) use slice::{load_part, update_places, update_vector};
pub use slice::{map, update, zip};
pub(crate) use target::{Token, dispatch};

/// The number of virtual lanes of every sum or maximum over a slice.
///
/// Element `i` belongs to lane `i % 16`; the lanes are combined in a fixed tree, 8-4-2-1. Real vectors of 4, 8 or
/// 16 lanes all compute exactly that, so the result does not depend on the width of the machine.
pub const VIRTUAL_LANES: usize = 16;

/// 1.5 * 2^23: adding it rounds to a whole number and leaves that number in the low bits.
pub(crate) const ROUNDING_MAGIC: f32 = 12_582_912.0;

/// How one multiply-accumulate rounds. Results are bit-identical within a class, on every target.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Arithmetic {
    /// One correctly rounded fused multiply-add: x86 with FMA, AArch64. Elsewhere the crate has none.
    Fused,
    /// A rounded product, then a rounded sum: every target, soft-float ones included.
    Unfused,
}

impl Arithmetic {
    /// The lower-case name: `fused`, `unfused`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fused => "fused",
            Self::Unfused => "unfused",
        }
    }
}

impl core::fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}

mod sealed {
    /// Keeps [`super::Simd`] and [`super::Class`] to this crate: unsafe code relies on their implementations.
    pub trait Sealed {}
}
pub(crate) use sealed::Sealed;

/// [`Arithmetic`] as a type, so that a kernel is compiled once for each class.
pub trait Class: Copy + Sealed + Send + Sync + 'static {
    /// The class as a value.
    const ARITHMETIC: Arithmetic;
}

/// [`Arithmetic::Fused`] as a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fused;

/// [`Arithmetic::Unfused`] as a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unfused;

impl Sealed for Fused {}
impl Class for Fused {
    const ARITHMETIC: Arithmetic = Arithmetic::Fused;
}

impl Sealed for Unfused {}
impl Class for Unfused {
    const ARITHMETIC: Arithmetic = Arithmetic::Unfused;
}

/// The operations of one instruction set in one arithmetic class; a value of the type proves that they can be run.
///
/// The order of the items is the same in every file that implements the trait.
pub trait Simd: Copy + Sealed + Send + Sync + 'static {
    /// The arithmetic class.
    type Class: Class;
    /// [`Self::LANES`] numbers.
    type Vector: Copy;
    /// One truth value per lane.
    type Mask: Copy;
    /// The first `n` lanes of a vector, as memory operations want them.
    type Tail: Copy;
    /// 16 virtual lanes: `16 / LANES` vectors.
    type Wide: Copy + AsRef<[Self::Vector]> + AsMut<[Self::Vector]>;
    /// Room for a matrix tile: `ACCUMULATORS * LANES` numbers.
    type Stage: AsMut<[f32]>;

    /// Numbers per vector: 1, 4, 8 or 16.
    const LANES: usize;
    /// Accumulators that a matrix tile may hold without spilling.
    const ACCUMULATORS: usize;
    /// Rows of the tallest matrix tile; beyond, more code buys next to nothing.
    const TALLEST: usize;
    /// Width of a matrix tile in vectors; fewer where the matrix is narrower.
    const STRIP_VECTORS: usize;
    /// Width of the tile for matrices with very few rows, in vectors.
    const WIDEST: usize;
    /// Steps of k that a matrix tile makes between looks at its counter.
    const UNROLL: usize;
    /// The token has matrix tiles of few sizes only, for a program memory that is small; the rest of a matrix goes
    /// number by number.
    const FEW_BODIES: bool;
    /// There are registers for two elementary functions at a time: that hides a part of their latency.
    const TWO_IN_FLIGHT: bool = false;
    /// [`Self::store_first`] is worth it even where rows of several slices are updated at once. With AVX2 it costs more
    /// there than it saves.
    const STORES_FIRST: bool = false;
    /// A masked load costs next to nothing more than a full one, so tiles need no second body for ragged columns.
    const FREE_TAILS: bool;

    /// The token.
    /// # Safety
    /// * The processor has the instructions of this token; there is a [`Level`] of it.
    unsafe fn assume_supported() -> Self;
    /// The level of the token.
    fn level(self) -> Level;
    /// Runs `f` inside a function compiled for this instruction set. `f` must be `#[inline(always)]`, as must
    /// everything on the way to an operation of this trait, or it is compiled without the features and slow.
    fn vectorize<R>(self, f: impl FnOnce() -> R) -> R;
    /// [`Self::vectorize`], never inlined into its caller: one body serves all call sites.
    fn outline<R>(self, f: impl FnOnce() -> R) -> R;

    /// All lanes `x`.
    fn splat(self, x: f32) -> Self::Vector;
    /// `a + b`.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a - b`.
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a * b`.
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a / b`.
    fn div(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The square root of `a`.
    fn sqrt(self, a: Self::Vector) -> Self::Vector;
    /// `a * b + c`, rounded once or twice as the class says.
    fn mac(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `a` with the other sign (also of zero and NaN).
    fn neg(self, a: Self::Vector) -> Self::Vector;
    /// `a` without its sign.
    fn abs(self, a: Self::Vector) -> Self::Vector;
    /// The magnitude of `magnitude` with the sign of `sign`.
    fn copy_sign(self, magnitude: Self::Vector, sign: Self::Vector) -> Self::Vector;
    /// `a < b`; false where either is NaN.
    fn lt(self, a: Self::Vector, b: Self::Vector) -> Self::Mask;
    /// `yes` where the mask holds, else `no`.
    fn select(self, mask: Self::Mask, yes: Self::Vector, no: Self::Vector) -> Self::Vector;
    /// 2^j from `t = 1.5 * 2^23 + j` (the sum of the rounding trick), for whole j in -126..=127. Other values of
    /// `t` give some finite bit pattern, never a fault.
    fn exp2_of_shifted(self, t: Self::Vector) -> Self::Vector;
    /// `a`, or `b` where `a < b`: a maximum that passes over NaN in `b`.
    ///
    /// This and the next are made of the operations above. A token has its own where one instruction does exactly that.
    #[inline(always)]
    fn larger(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        self.select(self.lt(a, b), b, a)
    }
    /// `a * 2^j` for the `t` and j of [`Self::exp2_of_shifted`]. For other `t` levels differ: who has such lanes selects
    /// them away.
    #[inline(always)]
    fn scale(self, a: Self::Vector, t: Self::Vector) -> Self::Vector {
        self.mul(a, self.exp2_of_shifted(t))
    }
    /// [`Self::scale`] for j up to 128: 2^128 is no number of this width, but it may be that `a * 2^128` is.
    #[inline(always)]
    fn scale_far(self, a: Self::Vector, t: Self::Vector) -> Self::Vector {
        let largest = self.splat(ROUNDING_MAGIC + 127.0);
        let is_128 = self.lt(largest, t);
        let y = self.scale(a, self.select(is_128, largest, t));
        self.mul(y, self.select(is_128, self.splat(2.0), self.splat(1.0)))
    }
    /// `(m, k)` with `a = m * 2^k`, m in [sqrt(1/2), sqrt(2)) and k whole, for positive normal `a`.
    fn mantissa_exponent(self, a: Self::Vector) -> (Self::Vector, Self::Vector);
    /// 16 virtual lanes, all `v`.
    fn wide(self, v: Self::Vector) -> Self::Wide;
    /// A stage, all zero.
    fn stage(self) -> Self::Stage;
    /// Combines the lanes of `v` with `f`: lane i with lane i + LANES/2, and so on down to one.
    fn fold_lanes(self, v: Self::Vector, f: impl Fn(Self::Vector, Self::Vector) -> Self::Vector) -> f32;

    /// The first `n` lanes, `n` in `1..=LANES`.
    fn tail(self, n: usize) -> Self::Tail;
    /// True in the lanes of `tail`.
    fn tail_mask(self, tail: Self::Tail) -> Self::Mask;
    /// Reads a vector.
    /// # Safety
    /// * `p` is valid for reads of `LANES` numbers; no alignment beyond that of `f32` is needed.
    unsafe fn load(self, p: *const f32) -> Self::Vector;
    /// Writes a vector.
    /// # Safety
    /// * `p` is valid for writes of `LANES` numbers.
    unsafe fn store(self, p: *mut f32, v: Self::Vector);
    /// Reads the lanes of `tail`; the others are zero and their memory is not touched.
    /// # Safety
    /// * `tail` was made for an `n` in `1..=LANES`, and `p` is valid for reads of `n` numbers.
    unsafe fn load_tail(self, p: *const f32, tail: Self::Tail) -> Self::Vector;
    /// Writes the lanes of `tail`; the memory of the others is not touched.
    /// # Safety
    /// * `tail` was made for an `n` in `1..=LANES`, and `p` is valid for writes of `n` numbers.
    unsafe fn store_tail(self, p: *mut f32, tail: Self::Tail, v: Self::Vector);
    /// Writes the first `n` lanes as [`Self::store_tail`] does, by stores that end where they do.
    ///
    /// A masked store is cheaper, but for a while afterwards a processor takes it for a store of the whole vector: a load
    /// of what lies behind the lanes waits until it has left the processor's buffer.
    /// # Safety
    /// * `n` is in `1..=LANES`, and `p` is valid for writes of `n` numbers.
    #[inline(always)]
    unsafe fn store_first(self, p: *mut f32, n: usize, v: Self::Vector) {
        // SAFETY: the caller's promise.
        unsafe { self.store_tail(p, self.tail(n), v) }
    }
    /// Transposes a block of at most LANES x LANES numbers: `columns` rows of LANES numbers are written, of
    /// which the first `rows` count and the others are any numbers.
    /// # Safety
    /// * `rows` and `columns` are in `1..=LANES`;
    /// * row `r` of `rows`, at `src + r * src_stride`, is valid for reads of `columns` numbers;
    /// * row `c` of `columns`, at `dst + c * dst_stride`, is valid for writes of `LANES` numbers;
    /// * the two do not overlap.
    unsafe fn transpose(
        self,
        src: *const f32,
        src_stride: usize,
        rows: usize,
        columns: usize,
        dst: *mut f32,
        dst_stride: usize,
    );
}

/// Writes methods of a token as one expression each, over operations that need the token's features.
#[allow(unused_macros, reason = "targets without a vector unit have no use for it")]
macro_rules! token_ops {
    ($(fn $name:ident(self $(, $arg:ident: $ty:ty)*) $(-> $ret:ty)? $body:block)*) => {
        $(
            #[inline(always)]
            fn $name(self $(, $arg: $ty)*) $(-> $ret)? {
                #[allow(unused_unsafe, reason = "needless where the features are on at compile time")]
                // SAFETY: the token exists only where its instructions do, and none of these touches memory.
                unsafe { $body }
            }
        )*
    };
}
#[allow(unused_imports, reason = "as above")]
pub(crate) use token_ops;

/// Writes [`Simd::vectorize`] and [`Simd::outline`] for a list of target features.
#[allow(unused_macros, reason = "targets without target features have no use for it")]
macro_rules! feature_entries {
    ($features:literal) => {
        #[inline(always)]
        fn vectorize<R>(self, f: impl FnOnce() -> R) -> R {
            #[target_feature(enable = $features)]
            fn inner<R>(f: impl FnOnce() -> R) -> R {
                f()
            }
            #[allow(unused_unsafe, reason = "needless where the features are on at compile time")]
            // SAFETY: the token exists only where these features do.
            unsafe {
                inner(f)
            }
        }

        #[inline(always)]
        fn outline<R>(self, f: impl FnOnce() -> R) -> R {
            #[inline(never)]
            #[target_feature(enable = $features)]
            fn inner<R>(f: impl FnOnce() -> R) -> R {
                f()
            }
            #[allow(unused_unsafe, reason = "needless where the features are on at compile time")]
            // SAFETY: the token exists only where these features do.
            unsafe {
                inner(f)
            }
        }
    };
}
#[allow(unused_imports, reason = "as above")]
pub(crate) use feature_entries;
