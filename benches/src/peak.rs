//! An instrument: how many multiply-accumulates a second one core can do, measured rather than looked up.
//!
//! The clock of a shared or virtual machine is neither known nor constant, and it falls while wide vectors are busy.
//! So the peak is measured by the same process, in turns with what is compared with it.
//!
//! A loop of nothing but independent fused multiply-adds in registers is that peak: 12 chains or more hide the latency
//! (at most 5 cycles) of the two units that processors have, and nothing is loaded or stored. It is inline assembly
//! because a compiler is free to shorten such a loop, or to spill its registers.

use femto::{Isa, Level};

/// A width of vectors that has an instrument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    /// 4 numbers.
    Bits128,
    /// 8 numbers.
    Bits256,
    /// 16 numbers.
    Bits512,
}

impl Width {
    /// All widths.
    pub const ALL: [Self; 3] = [Self::Bits128, Self::Bits256, Self::Bits512];

    /// The width of a level's vectors; none for single numbers.
    #[must_use]
    pub fn of(level: Level) -> Option<Self> {
        match level.isa() {
            Isa::Avx512 => Some(Self::Bits512),
            Isa::Avx2 => Some(Self::Bits256),
            Isa::Sse2 | Isa::Neon | Isa::Simd128 => Some(Self::Bits128),
            _ => None,
        }
    }

    /// Bits of a vector.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bits128 => 128,
            Self::Bits256 => 256,
            Self::Bits512 => 512,
        }
    }
}

/// The peak at this width in GFLOP/s (a multiply-accumulate is two FLOP), best of many rounds: what interrupts a round
/// can only make it slower. `None` where this machine lacks the instructions, or the instrument the architecture.
#[must_use]
pub fn fma_gflops(width: Width) -> Option<f64> {
    (0..32).map(|_| round(width)).fold(None, better)
}

/// The better of two rounds.
pub(crate) fn better(best: Option<f64>, found: Option<f64>) -> Option<f64> {
    match (best, found) {
        (Some(best), Some(found)) => Some(f64::max(best, found)),
        (best, found) => best.or(found),
    }
}

/// Prints the peak at each width.
pub fn print_all() {
    for width in Width::ALL {
        match fma_gflops(width) {
            Some(peak) => println!("FMA peak, {} bits: {peak:6.1} GFLOP/s", width.bits()),
            None => println!("FMA peak, {} bits: no instrument here", width.bits()),
        }
    }
}

/// One round of [`fma_gflops`], between one and two milliseconds on processors of 3 GHz.
#[must_use]
pub fn round(width: Width) -> Option<f64> {
    chains::run(width)
}

#[cfg(target_arch = "x86_64")]
mod chains {
    use std::arch::asm;
    use std::time::Instant;

    use super::Width;

    /// Times through a loop: pinned, so that all rounds do the same work.
    const ITERATIONS: u64 = 500_000;

    /// Writes a loop of independent chains `c = c + x y` over vectors of `$lanes` numbers, in registers named by
    /// number. The sums grow slowly and never become infinite or subnormal.
    macro_rules! chains {
        ($name:ident: $features:literal, $lanes:literal of $register:literal, x $x:literal, y $y:literal, c $($c:literal)*) => {
            /// The FLOP of the loop and the seconds that it took.
            #[target_feature(enable = $features)]
            fn $name() -> (u64, f64) {
                let start = Instant::now();
                // SAFETY: neither memory nor stack is touched; every register that is written is a clobber of the
                // convention, and the features of the function cover the instructions.
                unsafe {
                    asm!(
                        "mov eax, 0x3f400000", // 0.75
                        concat!("vmovd xmm", $x, ", eax"),
                        concat!("vbroadcastss ", $register, $x, ", xmm", $x),
                        "mov eax, 0x3a83126f", // 0.001
                        concat!("vmovd xmm", $y, ", eax"),
                        concat!("vbroadcastss ", $register, $y, ", xmm", $y),
                        $(concat!("vxorps xmm", $c, ", xmm", $c, ", xmm", $c),)*
                        ".p2align 6",
                        "2:",
                        $(concat!("vfmadd231ps ", $register, $c, ", ", $register, $x, ", ", $register, $y),)*
                        "dec rcx",
                        "jnz 2b",
                        "vzeroupper",
                        inout("rcx") ITERATIONS => _,
                        clobber_abi("sysv64"),
                        options(nomem, nostack),
                    );
                }
                let seconds = start.elapsed().as_secs_f64();
                let chains = [$($c),*].len() as u64;
                (2 * $lanes * chains * ITERATIONS, seconds)
            }
        };
    }

    chains! { bits128: "avx2,fma", 4 of "xmm", x 12, y 13, c 0 1 2 3 4 5 6 7 8 9 10 11 }
    chains! { bits256: "avx2,fma", 8 of "ymm", x 12, y 13, c 0 1 2 3 4 5 6 7 8 9 10 11 }
    chains! { bits512: "avx512f", 16 of "zmm", x 16, y 17, c 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 }

    pub(super) fn run(width: Width) -> Option<f64> {
        let has_fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        // SAFETY: each loop is behind the test for its features.
        let (flop, seconds) = unsafe {
            match width {
                Width::Bits128 if has_fma => bits128(),
                Width::Bits256 if has_fma => bits256(),
                Width::Bits512 if is_x86_feature_detected!("avx512f") => bits512(),
                _ => return None,
            }
        };
        Some(flop as f64 / seconds * 1e-9)
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod chains {
    pub(super) const fn run(_width: super::Width) -> Option<f64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use femto::{Arithmetic, Isa, Level};

    use super::{Width, fma_gflops};

    #[test]
    fn there_is_a_peak_for_every_fused_level_of_x86() {
        for (isa, width) in [(Isa::Avx2, Width::Bits256), (Isa::Avx512, Width::Bits512)] {
            if let Some(level) = Level::new(isa, Arithmetic::Fused) {
                assert_eq!(Width::of(level), Some(width), "{level}");
                let peak = fma_gflops(width);
                assert!(peak.is_some_and(|peak| peak > 0.1 && peak.is_finite()), "{level}: {peak:?}");
            }
        }
    }
}
