//! Axes: where a number lies between the ends, and which numbers are named.

/// Numbers beyond are drawn no more than infinite ones: their differences could not be.
pub(super) const LARGEST: f64 = 1e100;

/// About so many numbers are named.
const TICKS: f64 = 6.0;

/// The numbers from one end to the other, on a linear or a logarithmic scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    /// The ends, or their logarithms to base 10.
    low: f64,
    high: f64,
    is_logarithmic: bool,
    /// The smallest distance of numbers that are named.
    least_step: f64,
}

impl Axis {
    /// An axis on which all of the numbers lie that can be drawn, with some room at the ends; `None` without any.
    pub(super) fn around(numbers: impl Iterator<Item = f64>, is_logarithmic: bool) -> Option<Self> {
        let numbers = numbers.filter(|number| Self::can_show(*number, is_logarithmic));
        let scaled = numbers.map(|number| if is_logarithmic { libm::log10(number) } else { number });
        let ends = scaled.map(|number| (number, number));
        let (low, high) = ends.reduce(|(low, high), (a, b)| (low.min(a), high.max(b)))?;
        let size = low.abs().max(high.abs());
        let room = if high - low > 1e-9 * size {
            0.05 * (high - low)
        } else if is_logarithmic || size == 0.0 {
            0.5
        } else {
            0.1 * size
        };
        Some(Self { low: low - room, high: high + room, is_logarithmic, least_step: 0.0 })
    }

    /// The same, naming whole numbers only.
    pub(super) fn whole(self) -> Self {
        Self { least_step: 1.0, ..self }
    }

    /// Whether a number has a place on the scale.
    pub(super) fn can_show(number: f64, is_logarithmic: bool) -> bool {
        number.abs() <= LARGEST && (!is_logarithmic || number > 0.0)
    }

    /// Where a number lies: 0 at the low end, 1 at the high one.
    pub(super) fn share(&self, number: f64) -> f64 {
        let scaled = if self.is_logarithmic { libm::log10(number) } else { number };
        (scaled - self.low) / (self.high - self.low)
    }

    /// The number at a share of a linear axis.
    pub(super) fn at(&self, share: f64) -> f64 {
        self.low + share * (self.high - self.low)
    }

    /// Where names are, and the names.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        if !self.is_logarithmic {
            return linear_ticks(self.low, self.high, self.least_step)
                .into_iter()
                .map(|(number, name)| (self.share(number), name))
                .collect();
        }
        let decades = self.high - self.low;
        let (first, last) = (self.low.floor() as i32, self.high.ceil() as i32);
        let every = (decades / TICKS).ceil().max(1.0) as i32;
        let factors: &[f64] = match decades {
            ..1.3 => &[1.0, 2.0, 3.0, 5.0, 7.0],
            1.3..2.6 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let powers = (first..=last).filter(|power| power.rem_euclid(every) == 0);
        let numbers = powers.flat_map(|power| factors.iter().map(move |factor| factor * libm::exp10(power.into())));
        let ticks: Vec<_> = numbers
            .map(|number| (self.share(number), short(number)))
            .filter(|(share, _)| (0.0..=1.0).contains(share))
            .collect();
        if ticks.len() >= 2 {
            return ticks;
        }
        // Less than a factor of two: no power of ten and hardly a multiple of one is in sight.
        let (low, high) = (libm::exp10(self.low), libm::exp10(self.high));
        let numbers = linear_ticks(low, high, 0.0).into_iter().filter(|(number, _)| *number > 0.0);
        numbers.map(|(number, name)| (self.share(number), name)).collect()
    }
}

/// Multiples of 1, 2 or 5 times a power of ten, and their names.
fn linear_ticks(low: f64, high: f64, least_step: f64) -> Vec<(f64, String)> {
    let rough = (high - low) / TICKS;
    let power = libm::log10(rough).floor();
    let unit = libm::exp10(power);
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * unit >= 0.75 * rough).unwrap_or(10.0);
    let step = (factor * unit).max(least_step);
    let decimals = if least_step >= 1.0 { 0 } else { (-libm::log10(step * 1.001).floor()).max(0.0) as usize };
    let is_plain = decimals <= 5 && low.abs().max(high.abs()) < 1e6;
    let first = (low / step).ceil();
    (0..=3 * TICKS as u32)
        .map(|i| (first + f64::from(i)) * step)
        .take_while(|number| *number <= high)
        .map(|number| {
            // -0 would be named so.
            let number = if number == 0.0 { 0.0 } else { number };
            (number, if is_plain { format!("{number:.decimals$}") } else { scientific(number) })
        })
        .collect()
}

/// A number in few letters.
pub(super) fn short(number: f64) -> String {
    if number != 0.0 && !(1e-3..1e6).contains(&number.abs()) {
        return scientific(number);
    }
    let decimals = (3.0 - libm::log10(number.abs().max(1e-3)).floor()).clamp(0.0, 6.0) as usize;
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn scientific(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{number:.3e}");
    match text.split_once('e') {
        Some((digits, power)) if digits.contains('.') => {
            format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(numbers: &[f64], is_logarithmic: bool) -> Vec<String> {
        let axis = Axis::around(numbers.iter().copied(), is_logarithmic).unwrap();
        axis.ticks().into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn names_are_round_numbers() {
        assert_eq!(names(&[0.0, 1.0], false), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(names(&[-0.3, 0.31], false), ["-0.3", "-0.2", "-0.1", "0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(names(&[0.0, 2.5e7], false), ["0", "5e6", "1e7", "1.5e7", "2e7", "2.5e7"]);
        assert_eq!(names(&[1e-4, 10.0], true), ["1e-4", "0.001", "0.01", "0.1", "1", "10"]);
        assert_eq!(names(&[0.2, 2.0], true), ["0.2", "0.3", "0.5", "0.7", "1", "2"]);
        assert_eq!(names(&[1.0, 1.1], true), ["1.00", "1.02", "1.04", "1.06", "1.08", "1.10"]);
        let epochs = Axis::around([1.0, 3.0].into_iter(), false).unwrap().whole();
        assert_eq!(epochs.ticks().into_iter().map(|(_, name)| name).collect::<Vec<_>>(), ["1", "2", "3"]);
    }

    #[test]
    fn there_are_some_names_and_not_many_whatever_the_numbers_are() {
        for low in [-LARGEST, -1e6, -1.0, 0.0, 1e-300, 1e-9, 1.0, 1e6] {
            for span in [0.0, 1e-300, 1e-12, 1e-3, 0.7, 1.0, 3.0, 10.0, 1e9, LARGEST] {
                for is_logarithmic in [false, true] {
                    let Some(axis) = Axis::around([low, low + span].into_iter(), is_logarithmic) else { continue };
                    let ticks = axis.ticks();
                    let what = format!("{low} to {}, logarithmic: {is_logarithmic}: {ticks:?}", low + span);
                    assert!((2..=18).contains(&ticks.len()), "{what}");
                    assert!(ticks.iter().all(|(share, _)| (-1e-6..=1.000_001).contains(share)), "{what}");
                }
            }
        }
    }

    #[test]
    fn numbers_without_a_place_make_no_axis() {
        let none = [f64::NAN, f64::INFINITY, -1e101];
        assert!(Axis::around(none.into_iter(), false).is_none(), "no finite number");
        assert!(Axis::around([0.0, -1.0].into_iter(), true).is_none(), "no number above 0");
        let axis = Axis::around([f64::NAN, 2.0, 4.0, f64::NEG_INFINITY].into_iter(), false).unwrap();
        assert!((axis.share(3.0) - 0.5).abs() < 1e-12, "3 is half-way from 2 to 4");
    }
}
