//! The numbers that functions are asked for.

/// Values where functions begin, end, overflow, underflow or change their method, besides what is not finite.
const SPECIAL: [u32; 44] = [
    0x0000_0000, // 0
    0x8000_0000, // -0
    0x0000_0001, // the smallest subnormal
    0x8000_0001,
    0x007f_ffff, // the largest subnormal
    0x807f_ffff,
    0x0080_0000, // the smallest normal number
    0x8080_0000,
    0x0080_0001,
    0x7f7f_ffff, // the largest number
    0xff7f_ffff,
    0x7f80_0000, // infinity
    0xff80_0000,
    0x7fc0_0000, // NaN
    0xffc0_0000,
    0x7f80_0001,
    0x3f80_0000, // 1
    0xbf80_0000,
    0x3f80_0001, // beside 1
    0x3f7f_ffff,
    0x3f00_0000, // 1/2
    0xbf00_0000,
    0x3f35_04f3, // sqrt(1/2), where ln divides its range
    0x3f35_04f2,
    0x3fb5_04f3,
    0x3eb1_7218, // ln(2) / 2, where exp divides its range
    0xbeb1_7218,
    0x3f31_7218, // ln(2)
    0xbf31_7218,
    0x42b1_7217, // where exp overflows
    0x42b1_7218,
    0x42b1_7219,
    0xc2ae_ac4f, // where exp becomes subnormal
    0xc2ae_ac50,
    0xc2ae_ac51,
    0xc2cf_f1b5, // where exp would be 0
    0x4110_0000, // 9, where tanh is 1
    0xc110_0000,
    0x41b0_0000, // 22
    0xc1b0_0000,
    0x4188_0000, // 17
    0xc188_0000,
    0x4b00_0000, // 2^23
    0x4b80_0000, // 2^24
];

/// Numbers spread over all bit patterns: as many small as large ones, of both signs.
const SPREAD: usize = 1024;

/// Numbers spread evenly over -32..32, where functions are neither flat nor infinite.
const MODERATE: usize = 1024;

/// How many numbers a sample has.
pub const LEN: usize = SPECIAL.len() + SPREAD + MODERATE;

/// Number `index` of the sample.
#[must_use]
pub fn number(index: usize) -> f32 {
    match SPECIAL.get(index) {
        Some(bits) => f32::from_bits(*bits),
        None if index < SPECIAL.len() + SPREAD => f32::from_bits(scrambled(index)),
        None => signed(index) * 32.0,
    }
}

/// A number in -1..1 that depends on the index alone; a multiple of 2^-23, so exact.
#[must_use]
pub fn signed(index: usize) -> f32 {
    (scrambled(index).cast_signed() >> 8) as f32 * (1.0 / 8_388_608.0)
}

/// Spreads indices over all 32-bit patterns: one step of a multiplicative sequence, well mixed.
fn scrambled(index: usize) -> u32 {
    let x = (index as u32).wrapping_add(1).wrapping_mul(0x9e37_79b9);
    let x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    x ^ (x >> 13)
}
