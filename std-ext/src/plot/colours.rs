//! Colours that people who are colour-blind can tell apart.

use plotters::style::RGBColor;

pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
pub(super) const GRID: RGBColor = RGBColor(222, 222, 222);
pub(super) const PAPER: RGBColor = RGBColor(255, 255, 255);
/// Where there is no answer.
pub(super) const NONE: RGBColor = RGBColor(190, 190, 190);

/// M. Okabe and K. Ito, *Color Universal Design* (2008), without yellow, which is too pale for lines on white, and with
/// black last.
const SERIES: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(0, 0, 0),
];

/// Lengths of a dash and of the gap behind it; the first is a solid line.
const DASHES: [Option<(u32, u32)>; 4] = [None, Some((8, 4)), Some((2, 3)), Some((16, 3))];

/// The colour of a series or class; the eighth is the first again.
pub(super) const fn of_series(number: usize) -> RGBColor {
    SERIES[number % SERIES.len()]
}

/// The dashes of a series, others for each round through the colours.
pub(super) const fn dashes_of_series(number: usize) -> Option<(u32, u32)> {
    DASHES[number / SERIES.len() % DASHES.len()]
}

/// `from` at 0, `to` at 1.
pub(super) fn mix(from: RGBColor, to: RGBColor, share: f64) -> RGBColor {
    let part = |from: u8, to: u8| (f64::from(from) + share * (f64::from(to) - f64::from(from))).round() as u8;
    RGBColor(part(from.0, to.0), part(from.1, to.1), part(from.2, to.2))
}
