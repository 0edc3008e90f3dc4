//! Numbers of other types as f32.

use half::{bf16, f16};

/// A type of numbers, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F64,
    F32,
    F16,
    Bf16,
    Bool,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
}

/// A number that is no f32: its place, and itself in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoF32 {
    pub(super) index: usize,
    pub(super) value: String,
}

impl Kind {
    /// Bytes of a number.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }

    /// All numbers in `bytes`: f64 rounded to the nearest, all others exactly.
    pub(super) fn read(self, bytes: &[u8]) -> Result<Vec<f32>, NoF32> {
        match self {
            Self::F64 => each(bytes, |bytes| {
                let wide = f64::from_le_bytes(bytes);
                let near = wide as f32;
                if near.is_finite() || !wide.is_finite() { Ok(near) } else { Err(wide.to_string()) }
            }),
            Self::F32 => each(bytes, |bytes| Ok(f32::from_le_bytes(bytes))),
            Self::F16 => each(bytes, |bytes| Ok(f16::from_le_bytes(bytes).to_f32())),
            Self::Bf16 => each(bytes, |bytes| Ok(bf16::from_le_bytes(bytes).to_f32())),
            Self::Bool => each(bytes, |[byte]| Ok(f32::from(u8::from(byte != 0)))),
            Self::I8 => each(bytes, |bytes| exactly(i8::from_le_bytes(bytes))),
            Self::U8 => each(bytes, |bytes| exactly(u8::from_le_bytes(bytes))),
            Self::I16 => each(bytes, |bytes| exactly(i16::from_le_bytes(bytes))),
            Self::U16 => each(bytes, |bytes| exactly(u16::from_le_bytes(bytes))),
            Self::I32 => each(bytes, |bytes| exactly(i32::from_le_bytes(bytes))),
            Self::U32 => each(bytes, |bytes| exactly(u32::from_le_bytes(bytes))),
            Self::I64 => each(bytes, |bytes| exactly(i64::from_le_bytes(bytes))),
            Self::U64 => each(bytes, |bytes| exactly(u64::from_le_bytes(bytes))),
        }
    }
}

fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> Result<f32, String>) -> Result<Vec<f32>, NoF32> {
    let read = |(index, bytes): (usize, &[u8; N])| read(*bytes).map_err(|value| NoF32 { index, value });
    bytes.as_chunks::<N>().0.iter().enumerate().map(read).collect()
}

/// An integer as f32, where f32 has it.
fn exactly(integer: impl Into<i128>) -> Result<f32, String> {
    let integer = integer.into();
    let near = integer as f32;
    if near as i128 == integer { Ok(near) } else { Err(integer.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_rounded_to_the_nearest_or_refused() {
        let read = |x: f64| Kind::F64.read(&x.to_le_bytes());
        assert_eq!(read(0.1), Ok(vec![0.1]), "the nearest");
        assert_eq!(read(f64::INFINITY), Ok(vec![f32::INFINITY]), "infinity is one");
        assert_eq!(read(f64::from(f32::MAX)), Ok(vec![f32::MAX]), "the largest");
        let two = [1.0, 1e39].map(f64::to_le_bytes);
        let error = Kind::F64.read(two.as_flattened()).expect_err("1e39 is too large");
        assert_eq!((error.index, error.value.len()), (1, 40), "which one, and its digits");
        assert_eq!(Kind::F16.read(&[0x00, 0x3e, 0x01, 0x00]), Ok(vec![1.5, 5.960_464_5e-8]), "1.5, and 2^-24");
        assert_eq!(Kind::Bf16.read(&[0xc0, 0x3f, 0x80, 0xff]), Ok(vec![1.5, f32::NEG_INFINITY]), "upper halves");
    }

    #[test]
    fn integers_are_exact_or_refused() {
        assert_eq!(Kind::I32.read(&(-16_777_216_i32).to_le_bytes()), Ok(vec![-16_777_216.0]), "2^24");
        let refused = Kind::U64.read(&16_777_217_u64.to_le_bytes());
        assert_eq!(refused, Err(NoF32 { index: 0, value: "16777217".to_owned() }), "2^24 + 1");
        assert_eq!(Kind::I8.read(&[255, 128]), Ok(vec![-1.0, -128.0]), "signs");
        assert_eq!(Kind::Bool.read(&[0, 1, 7]), Ok(vec![0.0, 1.0, 1.0]), "any bit is true");
    }
}
