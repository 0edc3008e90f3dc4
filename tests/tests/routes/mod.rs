//! All ways to a training step, which must come to the same bits.

use std::task::Poll;

use femto::layer::Layer;
use femto::loss::{Loss, Reduction};
use femto::optimizer::{Adam, Optimizer};
use femto::train::Objective;
use femto::work::Slices;
use femto::{Flat, Level, Net};
use femto_tests::levels;
use femto_tests::numbers::bits;

const STEPS: usize = 4;

/// A tape as an earlier batch might have left it: NaN would show in every number made from it.
pub(crate) fn used_tape<Row: Flat + Clone>(rows: usize) -> Vec<Row> {
    let mut tape = vec![Row::ZERO; rows];
    tape.iter_mut().for_each(|row| row.as_mut_slice().fill(f32::NAN));
    tape
}

/// A network with what it learns from; the objective takes the mean.
pub(crate) struct Lesson<'a, L: Layer, T, F> {
    pub(crate) name: &'a str,
    pub(crate) net: &'a Net<L>,
    pub(crate) objective: Objective<F>,
    pub(crate) inputs: &'a [L::In],
    pub(crate) targets: &'a [T],
}

impl<L: Layer, T, F: Loss<T>> Lesson<'_, L, T, F> {
    /// Learns by `step`, which makes one step of the optimizer on the network.
    fn learn(&self, mut step: impl FnMut(&mut Net<L>, &mut Optimizer<Net<L>, Adam, 2>)) -> Vec<u32> {
        let (mut net, mut adam) = (Net::<L>::ZERO, Optimizer::new(Adam::new(0.01)));
        net.as_mut_slice().copy_from_slice(self.net.as_slice());
        for _ in 0..STEPS {
            step(&mut net, &mut adam);
        }
        assert_eq!(adam.steps() as usize, STEPS, "{}: steps were not counted", self.name);
        bits(net.as_slice())
    }

    fn in_place(&self, level: Level) -> Vec<u32> {
        let mut tape = used_tape(self.inputs.len());
        self.learn(|net, adam| {
            net.step(level, &self.objective, self.inputs, self.targets, &mut tape, adam).expect("the batch fits");
        })
    }

    fn in_slices(&self, level: Level, budget: usize) -> Vec<u32> {
        let (mut tape, mut slices) = (used_tape(self.inputs.len()), Slices::new(level, budget));
        self.learn(|net, adam| {
            let (x, t) = (self.inputs, self.targets);
            while net.step_slice(&mut slices, &self.objective, x, t, &mut tape, adam) == Ok(Poll::Pending) {}
        })
    }

    /// From the gradients of parts of at most `rows` rows, the last with the penalty.
    fn in_parts(&self, level: Level, rows: usize) -> Vec<u32> {
        let (count, mut tape) = (self.inputs.len(), used_tape(rows));
        self.learn(|net, adam| {
            let mut gradient = Net::ZERO;
            let whole = Objective { reduction: Reduction::MeanOf(count), ..self.objective.at_step(adam.steps()) };
            for first in (0..count).step_by(rows) {
                let end = count.min(first + rows);
                let part = whole.at_row(first as u32);
                let part = if end == count { part } else { Objective { l1: 0.0, l2: 0.0, ..part } };
                let (x, t) = (&self.inputs[first..end], &self.targets[first..end]);
                net.gradient(level, &part, x, t, &mut tape, &mut gradient).expect("the part fits");
            }
            adam.apply(level, net, &gradient);
        })
    }

    /// Checks all ways on all levels.
    pub(crate) fn check(&self) {
        for arithmetic in levels::CLASSES {
            let mut of_class = None;
            for level in levels::of_class(arithmetic) {
                let name = format!("{}, {} rows on {level}", self.name, self.inputs.len());
                let stepped = self.in_place(level);
                assert!(stepped != bits(self.net.as_slice()), "{name}: nothing was learnt");
                assert!(*of_class.get_or_insert_with(|| stepped.clone()) == stepped, "{name}: other bits than scalar");
                for rows in [1, 4, 7, self.inputs.len()] {
                    assert!(self.in_parts(level, rows) == stepped, "{name}: parts of {rows} rows");
                }
                for budget in [0, 500, 5000] {
                    assert!(self.in_slices(level, budget) == stepped, "{name}: slices of {budget}");
                }
            }
        }
    }
}
