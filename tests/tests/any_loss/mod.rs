//! All losses as one type, so that the layers of a net are compiled once for all of them.

use std::array;

use femto::loss::{
    BinaryCrossEntropy, CrossEntropy, HalfSquaredError, Loss, MeanAbsoluteError, MeanSquaredError, SumSquaredError,
};
use femto::simd::Simd;

/// Outputs of the nets that are tested with these losses.
pub(crate) const OUTPUTS: usize = 3;

/// A target of each kind at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) class: u8,
    pub(crate) row: [f32; OUTPUTS],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum AnyLoss {
    MeanSquaredError,
    SumSquaredError,
    HalfSquaredError,
    MeanAbsoluteError,
    BinaryCrossEntropy,
    /// Cross-entropy; the target is the class.
    Class,
    /// Cross-entropy; the target is the class as a one-hot row.
    OneHot,
    /// Cross-entropy; the target is the row, which need not add up to 1.
    Distribution,
}

impl AnyLoss {
    pub(crate) const ALL: [Self; 8] = [
        Self::MeanSquaredError,
        Self::SumSquaredError,
        Self::HalfSquaredError,
        Self::MeanAbsoluteError,
        Self::BinaryCrossEntropy,
        Self::Class,
        Self::OneHot,
        Self::Distribution,
    ];

    /// The target as a row, which for the losses of a class is one-hot.
    pub(crate) fn row(self, target: &Target) -> [f32; OUTPUTS] {
        match self {
            Self::Class | Self::OneHot => array::from_fn(|i| f32::from(u8::from(i == usize::from(target.class)))),
            _ => target.row,
        }
    }
}

impl Loss<Target> for AnyLoss {
    fn accepts(target: &Target, outputs: usize) -> bool {
        <CrossEntropy as Loss<u8>>::accepts(&target.class, outputs)
            && <CrossEntropy as Loss<[f32; OUTPUTS]>>::accepts(&target.row, outputs)
    }

    // Out of line: one body for each level, not one for each net.
    #[inline(always)]
    fn value<S: Simd>(self, s: S, y: &[f32], target: &Target) -> f32 {
        let row = self.row(target);
        s.outline(
            #[inline(always)]
            || match self {
                Self::MeanSquaredError => MeanSquaredError.value(s, y, &row),
                Self::SumSquaredError => SumSquaredError.value(s, y, &row),
                Self::HalfSquaredError => HalfSquaredError.value(s, y, &row),
                Self::MeanAbsoluteError => MeanAbsoluteError.value(s, y, &row),
                Self::BinaryCrossEntropy => BinaryCrossEntropy.value(s, y, &row),
                Self::Class => CrossEntropy.value(s, y, &target.class),
                Self::OneHot | Self::Distribution => CrossEntropy.value(s, y, &row),
            },
        )
    }

    #[inline(always)]
    fn gradient<S: Simd>(self, s: S, y: &[f32], target: &Target, scale: f32, delta: &mut [f32]) -> f32 {
        let row = self.row(target);
        let beside = s.outline(
            #[inline(always)]
            || match self {
                Self::MeanSquaredError => MeanSquaredError.gradient(s, y, &row, scale, delta),
                Self::SumSquaredError => SumSquaredError.gradient(s, y, &row, scale, delta),
                Self::HalfSquaredError => HalfSquaredError.gradient(s, y, &row, scale, delta),
                Self::MeanAbsoluteError => MeanAbsoluteError.gradient(s, y, &row, scale, delta),
                Self::BinaryCrossEntropy => BinaryCrossEntropy.gradient(s, y, &row, scale, delta),
                Self::Class => CrossEntropy.gradient(s, y, &target.class, scale, delta),
                Self::OneHot | Self::Distribution => CrossEntropy.gradient(s, y, &row, scale, delta),
            },
        );
        let alone = self.value(s, y, target);
        assert!(
            beside.to_bits() == alone.to_bits() || (beside.is_nan() && alone.is_nan()),
            "{self:?}: outputs {y:?} have loss {beside} beside the gradient, {alone} alone"
        );
        beside
    }
}
