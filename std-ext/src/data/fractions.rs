//! How much goes to which part of a split.

use super::SplitError;

/// The parts of a split, in the order of every three-element array that has one number for each.
pub(super) const PARTS: [&str; 3] = ["train", "validation", "test"];

/// Fractions are kept in billionths, because decimal arithmetic makes 0.29 of 100 samples exactly 29.
pub(super) const BILLION: u32 = 1_000_000_000;

/// How much of a data set goes to validation and to test; the rest is for training.
///
/// Fractions are rounded to the nearest billionth, so that decimal fractions divide exactly.
///
/// ```
/// use femto_std::data::Fractions;
///
/// let fractions = Fractions::new(0.1, 0.2)?;
/// assert_eq!(fractions.train(), 0.7);
/// # Ok::<(), femto_std::data::SplitError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fractions {
    /// Billionths for each of [`PARTS`]; they add up to exactly [`BILLION`].
    pub(super) billionths: [u32; 3],
}

impl Fractions {
    /// Fractions for validation and test, each in `0.0..=1.0`, together at most 1.
    ///
    /// A fraction of 0 means no such part. Fractions that add up to 1 leave no training part.
    ///
    /// # Errors
    ///
    /// [`SplitError::FractionOutOfRange`] for a fraction outside `0.0..=1.0` or not a number, and
    /// [`SplitError::FractionsAboveOne`] when the two add up to more than 1.
    ///
    /// ```
    /// use femto_std::data::Fractions;
    ///
    /// assert!(Fractions::new(0.1, 0.2).is_ok());
    /// assert!(Fractions::new(10.0, 20.0).is_err(), "shares, not per cent");
    /// ```
    pub fn new(validation: f64, test: f64) -> Result<Self, SplitError> {
        for (part, value) in [("validation", validation), ("test", test)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(SplitError::FractionOutOfRange { part, value });
            }
        }
        if validation + test > 1.0 {
            return Err(SplitError::FractionsAboveOne { validation, test });
        }
        // A fraction that rounds to nothing keeps one billionth: an empty part must be an error later on,
        // not be taken for a part that nobody asked for.
        let round = |value: f64| ((value * f64::from(BILLION)).round() as u32).max(u32::from(value > 0.0));
        let validation = round(validation);
        // Two fractions that add up to 1 may both round up.
        let test = round(test).min(BILLION - validation);
        Ok(Self { billionths: [BILLION - validation - test, validation, test] })
    }

    /// The fraction that is left for training.
    ///
    /// ```
    /// assert_eq!(femto_std::data::Fractions::new(0.25, 0.25)?.train(), 0.5);
    /// # Ok::<(), femto_std::data::SplitError>(())
    /// ```
    #[must_use]
    pub fn train(&self) -> f64 {
        self.fraction(0)
    }

    /// The fraction for validation.
    ///
    /// ```
    /// assert_eq!(femto_std::data::Fractions::new(0.1, 0.2)?.validation(), 0.1);
    /// # Ok::<(), femto_std::data::SplitError>(())
    /// ```
    #[must_use]
    pub fn validation(&self) -> f64 {
        self.fraction(1)
    }

    /// The fraction for the test.
    ///
    /// ```
    /// assert_eq!(femto_std::data::Fractions::new(0.1, 0.2)?.test(), 0.2);
    /// # Ok::<(), femto_std::data::SplitError>(())
    /// ```
    #[must_use]
    pub fn test(&self) -> f64 {
        self.fraction(2)
    }

    pub(super) fn fraction(&self, part: usize) -> f64 {
        f64::from(self.billionths[part]) / f64::from(BILLION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_outside_their_range_are_refused() -> Result<(), SplitError> {
        for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let error = Fractions::new(0.1, bad);
            assert!(
                matches!(error, Err(SplitError::FractionOutOfRange { part: "test", value })
                    if value.to_bits() == bad.to_bits()),
                "the test fraction {bad} gave {error:?}"
            );
        }
        assert_eq!(
            Fractions::new(0.5, 0.75),
            Err(SplitError::FractionsAboveOne { validation: 0.5, test: 0.75 }),
            "the parts hold more than everything"
        );
        assert_eq!(Fractions::new(0.3, 0.7)?.train(), 0.0, "nothing may be left for training");
        let both_round_up = Fractions::new(0.333_333_333_5, 0.666_666_666_5)?;
        assert_eq!(both_round_up.train(), 0.0, "rounding must not take more than everything");
        Ok(())
    }
}
