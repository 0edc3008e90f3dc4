//! Scaling of inputs: to mean 0 and variance 1, or to a range; and how the constants vanish in the first layer.
//!
//! Networks learn fastest from inputs of about that size (Le Cun, Bottou, Orr and Mueller, 1998, "Efficient backprop",
//! section 4.3). Fit on the rows that the network learns from, and on no others: what it is tested on must not be known
//! beforehand.
//!
//! ```
//! use femto::layer::Dense;
//! use femto::scaling::Scaler;
//! use femto::{Flat, Level, net};
//!
//! type Line = net![Dense<2, 1>];
//! let training = [[10.0, 0.0], [20.0, 1.0], [30.0, 0.0], [40.0, 1.0]];
//! let scaler = Scaler::fit_standard(&training);
//!
//! let mut scaled = training;
//! scaler.apply_rows(&mut scaled);
//! assert!((scaled[3][0] - 15.0 / 125_f32.sqrt()).abs() < 1e-6);
//! assert_eq!(scaled[3][1], 1.0);
//!
//! // What was learnt from scaled rows, made to take rows as they come:
//! let mut line = Line::ZERO;
//! line.layers.weights = [[2.0], [0.5]];
//! let before = line.predict(Level::detect(), &scaled[3]);
//! scaler.fold_into(&mut line.layers);
//! let after = line.predict(Level::detect(), &training[3]);
//! assert!((after[0] - before[0]).abs() < 1e-5);
//! ```
//!
//! Everything here is plain arithmetic, one number at a time in the order of the rows, so there is no level to choose: the
//! bits are the same on every target and in both classes. Fits are in double precision and round once.

use core::fmt;

use crate::activation::Activation;
use crate::layer::Dense;

/// `y = (x - shift) * scale` for each of `N` columns, and back.
///
/// The two arrays are all of it, and plain f32: [`crate::Flat::write_le_bytes`] writes each, a `const` can hold it.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Scaler<const N: usize> {
    /// What becomes 0, one for each column.
    pub shift: [f32; N],
    /// The factor behind it, one for each column.
    pub scale: [f32; N],
}

impl<const N: usize> Scaler<N> {
    /// Changes nothing but the sign of -0: shift 0, scale 1.
    pub const IDENTITY: Self = Self { shift: [0.0; N], scale: [1.0; N] };

    /// To mean 0 and variance 1 over the rows: shift is the mean, scale 1 / sqrt(variance), with the variance of the
    /// population (divided by the number of rows), as scikit-learn's `StandardScaler` has it.
    ///
    /// Numbers that are not finite are passed over, each column by itself. A constant column has scale 1, so it becomes
    /// 0. A column without a finite number (so too where there are no rows), or whose shift or scale is no f32 other than
    /// 0, stays as it is.
    ///
    /// ```
    /// use femto::scaling::Scaler;
    ///
    /// let scaler = Scaler::fit_standard(&[[1.0, 7.0], [3.0, 7.0], [f32::NAN, 7.0]]);
    /// assert_eq!(scaler, Scaler { shift: [2.0, 7.0], scale: [1.0, 1.0] });
    /// ```
    #[must_use]
    pub fn fit_standard(rows: &[[f32; N]]) -> Self {
        Self::fit(rows, |column| {
            let deviation = libm::sqrt(column.variance());
            (column.mean, if deviation > 0.0 { 1.0 / deviation } else { 1.0 })
        })
    }

    /// To the range `low..=high` over the rows: the smallest number of a column becomes `low`, the largest `high`, to
    /// within rounding. Rows that the fit did not see may fall outside. This is scikit-learn's `MinMaxScaler`.
    ///
    /// Numbers that are not finite are passed over, each column by itself. A constant column becomes `low`, with the scale
    /// of a column whose numbers lie 1 apart. A column without a finite number (so too where there are no rows), or whose
    /// shift or scale is no f32 other than 0, stays as it is.
    ///
    /// # Errors
    /// [`RangeError`] where `low` is not below `high`, or one of them is not finite.
    ///
    /// ```
    /// use femto::scaling::Scaler;
    ///
    /// let scaler = Scaler::fit_min_max(&[[0.0], [128.0], [256.0]], -1.0, 1.0)?;
    /// let mut row = [64.0];
    /// scaler.apply(&mut row);
    /// assert_eq!(row, [-0.5]);
    /// # Ok::<(), femto::scaling::RangeError>(())
    /// ```
    pub fn fit_min_max(rows: &[[f32; N]], low: f32, high: f32) -> Result<Self, RangeError> {
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Err(RangeError { low, high });
        }
        let (low, width) = (f64::from(low), f64::from(high) - f64::from(low));
        Ok(Self::fit(rows, |column| {
            let range = column.max - column.min;
            let scale = if range > 0.0 { width / range } else { width };
            (column.min - low / scale, scale)
        }))
    }

    /// Replaces each x of a row by `(x - shift) * scale`. NaN stays NaN.
    ///
    /// ```
    /// let scaler = femto::scaling::Scaler { shift: [1.0], scale: [0.5] };
    /// let mut row = [4.0];
    /// scaler.apply(&mut row);
    /// assert_eq!(row, [1.5]);
    /// scaler.inverse(&mut row);
    /// assert_eq!(row, [4.0]);
    /// ```
    pub fn apply(&self, row: &mut [f32; N]) {
        for ((x, shift), scale) in row.iter_mut().zip(&self.shift).zip(&self.scale) {
            *x = (*x - shift) * scale;
        }
    }

    /// [`Self::apply`] to each row.
    pub fn apply_rows(&self, rows: &mut [[f32; N]]) {
        for row in rows {
            self.apply(row);
        }
    }

    /// Replaces each y of a row by `y / scale + shift`: takes [`Self::apply`] back, to within rounding. NaN stays NaN.
    pub fn inverse(&self, row: &mut [f32; N]) {
        for ((y, shift), scale) in row.iter_mut().zip(&self.shift).zip(&self.scale) {
            *y = *y / scale + shift;
        }
    }

    /// [`Self::inverse`] of each row.
    pub fn inverse_rows(&self, rows: &mut [[f32; N]]) {
        for row in rows {
            self.inverse(row);
        }
    }

    /// Makes a layer that was trained on scaled rows one that takes rows as they come: `w = scale * w`, then
    /// `b = b - sum shift * w`, the sum in double precision. In a chain the first layer is `net.layers.head`.
    ///
    /// What goes into an activation differs from that of the layer before on scaled rows by rounding, at most
    /// `2 (N + 4) 2^-24 (|b| + sum (|x| + |shift|) |scale w|)` with the layer's parameters before: the folded layer does
    /// not take the shift from x, so digits are lost where numbers lie far from 0 compared with how they differ among
    /// each other. A column whose mean is a thousand deviations loses three of seven digits.
    ///
    /// For an example see the [module](self).
    pub fn fold_into<const OUT: usize, A: Activation>(&self, first: &mut Dense<N, OUT, A>) {
        for (row, scale) in first.weights.iter_mut().zip(&self.scale) {
            for w in row {
                *w *= scale;
            }
        }
        // With the rounded weights, so that their rounding counts for x - shift, not for x.
        for (output, bias) in first.biases.iter_mut().enumerate() {
            let weights = first.weights.iter().filter_map(|row| row.get(output));
            let mut sum = 0.0;
            for (w, shift) in weights.zip(&self.shift) {
                sum += f64::from(*shift) * f64::from(*w);
            }
            *bias = (f64::from(*bias) - sum) as f32;
        }
    }

    /// Shift and scale of each column that has finite numbers, as `of_column` gives them.
    fn fit(rows: &[[f32; N]], of_column: impl Fn(&Column) -> (f64, f64)) -> Self {
        let mut scaler = Self::IDENTITY;
        let results = scaler.shift.chunks_mut(TOGETHER).zip(scaler.scale.chunks_mut(TOGETHER));
        for (first, (shifts, scales)) in (0..N).step_by(TOGETHER).zip(results) {
            let mut columns = [Column::EMPTY; TOGETHER];
            for_each_finite(rows, first, &mut columns, Column::take_first);
            for column in &mut columns {
                column.mean = column.sum / column.count;
            }
            for_each_finite(rows, first, &mut columns, Column::take_again);
            for ((column, shift), scale) in columns.iter().zip(shifts).zip(scales) {
                let (by, times) = of_column(column);
                let (by, times) = (by as f32, times as f32);
                if column.count > 0.0 && by.is_finite() && times.is_finite() && times != 0.0 {
                    (*shift, *scale) = (by, times);
                }
            }
        }
        scaler
    }
}

/// How many columns are fitted at a time: a line of the cache of each row, and little stack.
const TOGETHER: usize = 16;

/// Calls `take` with each finite number of the columns from `first` on, row by row.
fn for_each_finite<const N: usize>(
    rows: &[[f32; N]],
    first: usize,
    columns: &mut [Column; TOGETHER],
    take: impl Fn(&mut Column, f64),
) {
    for row in rows {
        for (column, x) in columns.iter_mut().zip(row.get(first..).unwrap_or_default()) {
            if x.is_finite() {
                take(column, f64::from(*x));
            }
        }
    }
}

/// What two passes over a column find.
#[derive(Clone, Copy)]
struct Column {
    count: f64,
    sum: f64,
    min: f64,
    max: f64,
    mean: f64,
    /// The sum of x - mean: 0 but for rounding.
    residual: f64,
    /// The sum of (x - mean)^2.
    squares: f64,
}

impl Column {
    const EMPTY: Self = Self {
        count: 0.0,
        sum: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        mean: 0.0,
        residual: 0.0,
        squares: 0.0,
    };

    fn take_first(&mut self, x: f64) {
        self.count += 1.0;
        self.sum += x;
        if x < self.min {
            self.min = x;
        }
        if x > self.max {
            self.max = x;
        }
    }

    fn take_again(&mut self, x: f64) {
        let deviation = x - self.mean;
        self.residual += deviation;
        self.squares += deviation * deviation;
    }

    /// The variance of the population by the corrected two-pass algorithm (Chan and others, 1983).
    fn variance(&self) -> f64 {
        (self.squares - self.residual * self.residual / self.count) / self.count
    }
}

/// A range to scale to that has no width.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RangeError {
    /// The lower end that was given.
    pub low: f32,
    /// The upper end that was given.
    pub high: f32,
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "inputs cannot be scaled to the range {} to {}; give two finite numbers, the lower one first",
            self.low, self.high
        )
    }
}

impl core::error::Error for RangeError {}
