//! 256 handwritten digits that fit into flash; `data/README.md` names their source and licence.

/// Digits in the program.
pub const COUNT: usize = 256;

/// Pixels of a digit, 8 rows by 8 columns.
pub const PIXELS: usize = 64;

/// Pixels of a digit drawn larger, 28 by 28: the size that many networks for digits have.
pub const LARGE_PIXELS: usize = 28 * 28;

/// Classes: the digits 0 to 9.
pub const CLASSES: usize = 10;

/// The records: 64 pixels from 0 (paper) to 16 (full ink), then the label.
pub static BYTES: &[u8; COUNT * (PIXELS + 1)] = include_bytes!("../data/digits-256.bin");

/// Writes digit `index` (modulo [`COUNT`]) to `pixels`, each in 0..=1, and returns its label.
pub fn read(index: usize, pixels: &mut [f32; PIXELS]) -> u8 {
    let (records, _) = BYTES.as_chunks::<{ PIXELS + 1 }>();
    let Some([from @ .., label]) = records.get(index % COUNT) else { return 0 };
    for (pixel, byte) in pixels.iter_mut().zip(from) {
        // A power of two: exact on every target.
        *pixel = f32::from(*byte) * (1.0 / 16.0);
    }
    *label
}

/// Draws a digit of 8 by 8 pixels as one of 28 by 28: each takes the nearest pixel.
pub fn enlarge(pixels: &[f32; PIXELS], large: &mut [f32; LARGE_PIXELS]) {
    let (small_rows, _) = pixels.as_chunks::<8>();
    let (large_rows, _) = large.as_chunks_mut::<28>();
    for (r, row) in large_rows.iter_mut().enumerate() {
        let Some(from) = small_rows.get(r * 8 / 28) else { continue };
        for (c, pixel) in row.iter_mut().enumerate() {
            *pixel = from.get(c * 8 / 28).copied().unwrap_or(0.0);
        }
    }
}
