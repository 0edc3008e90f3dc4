//! How far results are from exact ones, in units in the last place.

use std::ops::RangeInclusive;

/// |y - exact| in units in the last place of `exact` rounded to f32; infinite where only one of them is finite.
#[must_use]
pub fn error_in_ulp(y: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if !rounded.is_finite() || !y.is_finite() {
        return if rounded == y || (rounded.is_nan() && y.is_nan()) { 0.0 } else { f64::INFINITY };
    }
    let exponent = ((rounded.abs().to_bits() >> 23) as i32).max(1) - 127;
    (f64::from(y) - exact).abs() / 2_f64.powi(exponent - 23)
}

/// Which bit patterns a function is tried on, of those whose exact result is a normal f32: each `stride`-th of a range.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The bit patterns.
    pub patterns: RangeInclusive<u32>,
    /// From one pattern to the next; a prime visits all exponents and fractions.
    pub stride: usize,
}

impl Sample {
    /// The worst error in ulp of a function that replaces numbers in place.
    pub fn worst_ulp(&self, in_place: impl Fn(&mut [f32]), exact: fn(f64) -> f64) -> f64 {
        let mut exacts = [0.0; 4096];
        let mut numbers = [0.0; 4096];
        let mut worst = 0.0;
        let mut cases = self.patterns.clone().step_by(self.stride).map(f32::from_bits).filter_map(|x| {
            let y = exact(f64::from(x));
            (y as f32).is_normal().then_some((x, y))
        });
        loop {
            let mut taken = 0;
            for ((number, exact), case) in numbers.iter_mut().zip(&mut exacts).zip(&mut cases) {
                (*number, *exact) = case;
                taken += 1;
            }
            if taken == 0 {
                return worst;
            }
            in_place(&mut numbers[..taken]);
            worst = worst_of(&numbers[..taken], &exacts).max(worst);
        }
    }
}

/// The worst error of `results`, each with its exact one, in ulp.
#[must_use]
pub fn worst_of(results: &[f32], exacts: &[f64]) -> f64 {
    results.iter().zip(exacts).map(|(y, exact)| error_in_ulp(*y, *exact)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_in_units_of_the_exact_result() {
        let next = f32::EPSILON;
        let cases = [
            (1.0, 1.0, 0.0),
            (1.0 + next, 1.0, 1.0),
            (1.0 - next / 2.0, 1.0, 0.5),
            (-3.0, -3.0 - f64::from(next), 0.5),
            (1.0, 1.0 + f64::from(next) / 4.0, 0.25),
            // Rounded to f32 this is 2, whose unit is twice that of the numbers below.
            (2.0, 2.0 - f64::from(next) / 8.0, 1.0 / 16.0),
            (0.0, f64::from(f32::MIN_POSITIVE), 8_388_608.0),
            (f32::INFINITY, 1e39, 0.0),
            (f32::INFINITY, 1.0, f64::INFINITY),
            (f32::NAN, 1.0, f64::INFINITY),
            (f32::NAN, f64::NAN, 0.0),
        ];
        for (y, exact, error) in cases {
            assert_eq!(error_in_ulp(y, exact), error, "{y:e} for {exact:e}");
        }
    }

    #[test]
    fn the_worst_error_of_a_sample_is_found() {
        let sample = Sample { patterns: 0..=u32::MAX, stride: 65_537 };
        let rounded = |xs: &mut [f32]| xs.iter_mut().for_each(|x| *x = f64::from(*x).exp() as f32);
        let worst = sample.worst_ulp(rounded, f64::exp);
        assert!((0.4..=0.5).contains(&worst), "correctly rounded: {worst}");
        let constant = |xs: &mut [f32]| xs.fill(1.0);
        assert!(sample.worst_ulp(constant, f64::exp) > 1e6, "everything is 1");
        let nothing = |xs: &mut [f32]| xs.fill(f32::NAN);
        assert_eq!(sample.worst_ulp(nothing, f64::exp), f64::INFINITY, "nothing is a number");
    }
}
