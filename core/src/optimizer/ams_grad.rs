//! AMSGrad: Adam whose mean square never falls.

use super::adam::{Adam, AdamUpdate};
use super::{Rule, Update};
use crate::simd::Simd;

/// AMSGrad (Reddi, Kale and Kumar, 2018) as PyTorch has it, `Adam(amsgrad=True)`: [`Adam`] with the largest v so far in
/// the root, taken before its bias is corrected.
///
/// Three moments: m, v and the largest v.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AmsGrad {
    /// The settings of Adam.
    pub adam: Adam,
}

impl AmsGrad {
    /// With this step size (PyTorch's default is 1e-3) and the usual decays.
    #[must_use]
    pub const fn new(learning_rate: f32) -> Self {
        Self { adam: Adam::new(learning_rate) }
    }
}

impl Rule<3> for AmsGrad {
    type Update = AmsGradUpdate;

    #[inline]
    fn at(&self, step: u32) -> AmsGradUpdate {
        AmsGradUpdate { adam: self.adam.at(step) }
    }
}

/// [`AmsGrad`] at one step.
#[derive(Clone, Copy, Debug)]
pub struct AmsGradUpdate {
    adam: AdamUpdate,
}

impl Update<3> for AmsGradUpdate {
    const COST: usize = 11;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        s: S,
        w: S::Vector,
        [m, v, largest]: [S::Vector; 3],
        g: S::Vector,
    ) -> (S::Vector, [S::Vector; 3]) {
        let [m, v] = self.adam.moments(s, [m, v], g);
        let largest = s.larger(largest, v);
        (self.adam.changed(s, w, m, largest), [m, v, largest])
    }
}
