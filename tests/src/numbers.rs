//! Reproducible numbers for tests.

/// A small generator of test data (`SplitMix64`); not the one of the library, so that a fault there shows.
#[derive(Clone, Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// Starts the sequence of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number in -1..1.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / 8_388_608.0 - 1.0
    }

    /// `len` numbers in -1..1.
    pub fn vector(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.unit()).collect()
    }

    /// `len` rows of `N` numbers in -1..1.
    #[must_use]
    pub fn rows<const N: usize>(&mut self, len: usize) -> Vec<[f32; N]> {
        (0..len).map(|_| std::array::from_fn(|_| self.unit())).collect()
    }

    /// The next whole number below `bound`.
    pub const fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }
}

/// The bit patterns of `xs`, for comparisons that tell -0 from +0.
#[must_use]
pub fn bits(xs: &[f32]) -> Vec<u32> {
    xs.iter().map(|x| x.to_bits()).collect()
}

/// `xs` without loss as f64.
#[must_use]
pub fn doubles(xs: &[f32]) -> Vec<f64> {
    xs.iter().copied().map(f64::from).collect()
}
