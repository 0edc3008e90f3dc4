//! The hash of numbers.

/// 64-bit FNV-1a over the little-endian bits of f32 numbers. All NaN count as one, since their payload and sign are
/// outside the bit contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hash(u64);

impl Hash {
    /// The hash of nothing.
    pub const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    /// Goes on with these numbers.
    #[must_use]
    pub fn with(mut self, numbers: &[f32]) -> Self {
        for x in numbers {
            let bits = if x.is_nan() { 0x7fc0_0000 } else { x.to_bits() };
            for byte in bits.to_le_bytes() {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        self
    }

    /// The hash so far.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_the_published_one() {
        assert_eq!(Hash::EMPTY.with(&[f32::from_le_bytes(*b"foob")]).value(), 0xdd12_0e79_0c25_12af, "FNV-1a of foob");
    }

    #[test]
    fn nans_are_one_and_zeros_are_two() {
        let of = |x: f32| Hash::EMPTY.with(&[x]);
        assert_eq!(of(f32::NAN), of(-f32::NAN), "sign of NaN");
        assert_eq!(of(f32::NAN), of(f32::from_bits(0x7f80_0001)), "payload of NaN");
        assert_ne!(of(0.0), of(-0.0), "zeros differ in their sign");
    }
}
