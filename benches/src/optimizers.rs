//! What optimizers cost: their update of all parameters by a gradient that is there, beside a copy of as many bytes as
//! they write.

use std::hint::black_box;

use femto::{Flat, Level};
use femto_std::heap::boxed;
use femto_std::optimizer::{NetOptimizer, OptimizerName};

use crate::contest::{Contender, Contest, FEMTO, Settings, Unit};
use crate::inputs::random;
use crate::networks::{LayersOf, Pictures, RATE};

/// An optimizer, its network and a gradient.
pub struct Updating {
    level: Level,
    optimizer: Box<dyn NetOptimizer<LayersOf<Pictures>> + Send>,
    net: Box<Pictures>,
    gradient: Box<Pictures>,
}

impl Updating {
    /// The parameters, 397 KiB.
    pub const PARAMETERS: usize = Pictures::PARAMETERS;

    /// The optimizer of that name. Its learning rate leaves parameters where they are.
    #[must_use]
    pub fn new(level: Level, name: OptimizerName) -> Self {
        let (mut net, mut gradient) = (boxed::<Pictures>(), boxed::<Pictures>());
        for (seed, place) in [(1, &mut net), (2, &mut gradient)] {
            let numbers = random::<[f32; Pictures::PARAMETERS]>(seed);
            place.as_mut_slice().copy_from_slice(&**numbers);
        }
        Self { level, optimizer: name.with_rate(RATE), net, gradient }
    }

    /// One step.
    pub fn step(&mut self) {
        self.optimizer.apply(self.level, &mut self.net, &self.gradient);
    }

    /// Numbers that a step writes: parameters and state.
    #[must_use]
    pub fn written(&self) -> usize {
        Self::PARAMETERS + self.optimizer.state().iter().map(|state| state.len()).sum::<usize>()
    }
}

/// A contest for each optimizer; its only rival is a copy of as many numbers as it writes.
#[must_use]
pub fn contests(settings: Settings) -> Vec<Contest> {
    OptimizerName::ALL.iter().map(|name| contest(settings.level, *name)).collect()
}

fn contest(level: Level, name: OptimizerName) -> Contest {
    let mut updating = Updating::new(level, name);
    let from = vec![1.0_f32; updating.written()];
    let mut to = vec![0.0_f32; from.len()];
    Contest {
        group: "optimizers",
        case: name.to_string(),
        unit: Unit::NanosecondsPerElement(Updating::PARAMETERS),
        multiply_accumulates: 0,
        tolerance: 0.0,
        femto: Contender::with_result(FEMTO, Vec::new(), move || black_box(&mut updating).step()),
        beside: Vec::new(),
        rivals: vec![Contender::with_result("copy", Vec::new(), move || {
            black_box(&mut to).copy_from_slice(black_box(&from));
        })],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_optimizer_makes_steps() {
        for name in OptimizerName::ALL {
            let mut updating = Updating::new(Level::detect(), *name);
            updating.step();
            assert_eq!(updating.optimizer.steps(), 1, "{name}");
            assert!(updating.written() >= Updating::PARAMETERS, "{name}");
            assert!(updating.net.as_slice().iter().all(|w| w.is_finite()), "{name}");
        }
    }
}
