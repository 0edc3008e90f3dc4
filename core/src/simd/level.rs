//! Which instruction set a call runs on: detected once, held as a value, passed by hand.

use core::fmt;
use core::str::FromStr;

use super::{Arithmetic, Token};

/// An instruction set that the crate has kernels for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Isa {
    /// One number at a time, any target.
    Scalar,
    /// x86, 4 lanes; [`Arithmetic::Unfused`] only.
    Sse2,
    /// x86, 8 lanes: AVX2 and FMA.
    Avx2,
    /// x86, 16 lanes: AVX-512 F, VL, BW and DQ.
    Avx512,
    /// AArch64, 4 lanes.
    Neon,
    /// WebAssembly, 4 lanes; [`Arithmetic::Unfused`] only.
    Simd128,
}

impl Isa {
    /// All of them, narrowest first within a family.
    pub const ALL: [Self; 6] = [Self::Scalar, Self::Sse2, Self::Avx2, Self::Avx512, Self::Neon, Self::Simd128];

    /// The lower-case name that [`FromStr`] reads: `scalar`, `sse2`, `avx2`, `avx512`, `neon`, `simd128`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Sse2 => "sse2",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
            Self::Simd128 => "simd128",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is not in the list of [`Isa::name`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UnknownIsa;

impl fmt::Display for UnknownIsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown instruction set; use one of scalar, sse2, avx2, avx512, neon, simd128")
    }
}

impl core::error::Error for UnknownIsa {}

impl FromStr for Isa {
    type Err = UnknownIsa;

    fn from_str(name: &str) -> Result<Self, UnknownIsa> {
        Self::ALL.into_iter().find(|isa| isa.name() == name).ok_or(UnknownIsa)
    }
}

/// An instruction set together with an arithmetic class, both proven to run on this machine.
///
/// Every entry of the crate takes one. Take [`Level::detect`] once and hand it on; ask for
/// [`Level::unfused`] to reproduce the bits of a device without fused multiply-add.
///
/// ```
/// use femto::{Arithmetic, Isa, Level};
///
/// let fastest = Level::detect();
/// let as_on_a_microcontroller = fastest.unfused();
/// assert_eq!(as_on_a_microcontroller.arithmetic(), Arithmetic::Unfused);
/// assert!(Level::new(Isa::Scalar, Arithmetic::Unfused).is_some());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Level(pub(crate) Token);

impl Level {
    /// The fastest level of this machine that is compiled in, fused where there is one. What the processor says of itself
    /// is asked for once and remembered in one atomic byte.
    ///
    /// On x86-64 without an operating system this is [`Isa::Sse2`] unless the program is compiled for more: nobody may
    /// have enabled the wider registers.
    #[must_use]
    #[inline]
    pub fn detect() -> Self {
        Self(Token::fastest())
    }

    /// The level of the given instruction set and class; `None` where this machine cannot run it, or the feature of the
    /// crate that it belongs to is off.
    #[must_use]
    #[inline]
    pub fn new(isa: Isa, arithmetic: Arithmetic) -> Option<Self> {
        Token::new(isa, arithmetic).map(Self)
    }

    /// Every level that this machine can run, both classes.
    pub fn supported() -> impl Iterator<Item = Self> {
        Isa::ALL
            .into_iter()
            .flat_map(|isa| [Arithmetic::Fused, Arithmetic::Unfused].into_iter().filter_map(move |a| Self::new(isa, a)))
    }

    /// The same instruction set in the class that every target has.
    #[must_use]
    #[inline]
    pub fn unfused(self) -> Self {
        Self(self.0.unfused())
    }

    /// The instruction set.
    #[must_use]
    #[inline]
    pub const fn isa(self) -> Isa {
        self.0.parts().0
    }

    /// The arithmetic class.
    #[must_use]
    #[inline]
    pub const fn arithmetic(self) -> Arithmetic {
        self.0.parts().1
    }
}

/// As [`fmt::Display`] has it.
#[cfg(feature = "defmt")]
impl defmt::Format for Level {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=str} {=str}", self.isa().name(), self.arithmetic().name());
    }
}

/// For example `avx512 fused`.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.isa(), self.arithmetic())
    }
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Level({self})")
    }
}
