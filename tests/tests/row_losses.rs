//! The loss of a batch is that of its rows: how many of them are taken together cannot show.

#![expect(clippy::unwrap_used, reason = "the helpers of tests unwrap as tests do")]

use femto::init::Init;
use femto::layer::{Dense, TapeOf};
use femto::loss::{CrossEntropy, Loss};
use femto::train::Objective;
use femto::{Flat, Level, Net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};

const INPUTS: usize = 3;

fn net<const CLASSES: usize>() -> Net<Dense<INPUTS, CLASSES>> {
    let mut net = Net::ZERO;
    net.init(Init::HeUniform, 1);
    net
}

/// Loss, outputs and deltas of each row, in one batch of all.
fn tape<const CLASSES: usize, T>(level: Level, inputs: &[[f32; INPUTS]], targets: &[T]) -> Vec<Vec<u32>>
where
    CrossEntropy: Loss<T>,
{
    let net = net::<CLASSES>();
    let mut tape = vec![TapeOf::<Dense<INPUTS, CLASSES>>::ZERO; inputs.len()];
    let mut gradient = Net::<Dense<INPUTS, CLASSES>>::ZERO;
    // Not the mean, whose factor is the number of rows.
    net.gradient(level, &Objective::sum(CrossEntropy), inputs, targets, &mut tape, &mut gradient).unwrap();
    tape.iter().map(|row| bits(row.as_slice())).collect()
}

fn rows_are_alone<const CLASSES: usize>(level: Level) {
    for rows in [1, 2, 15, 16, 17, 32, 37] {
        let mut inputs = Numbers::new(rows as u64).rows::<INPUTS>(rows);
        inputs.iter_mut().flatten().for_each(|x| *x *= 20.0);
        let classes: Vec<u16> = (0..rows).map(|row| (row * 7 % CLASSES) as u16).collect();
        let alone: Vec<_> =
            (0..rows).flat_map(|r| tape::<CLASSES, _>(level, &inputs[r..=r], &classes[r..=r])).collect();
        let together = tape::<CLASSES, _>(level, &inputs, &classes);
        assert!(together == alone, "{level}, {CLASSES} classes, {rows} rows");
        // The same targets as probabilities go another way, number by number, to the same gradient.
        let one_hot: Vec<[f32; CLASSES]> =
            classes.iter().map(|class| std::array::from_fn(|j| f32::from(j == usize::from(*class)))).collect();
        let objective = Objective::sum(CrossEntropy);
        for ((x, class), row) in inputs.iter().zip(&classes).zip(&together) {
            // By the value alone, which takes no part in the sharing.
            let value = net::<CLASSES>().evaluate(
                level,
                &objective,
                &[*x],
                &[*class],
                &mut [TapeOf::<Dense<INPUTS, CLASSES>>::ZERO],
            );
            assert_eq!(row[0], value.unwrap().to_bits(), "{level}, {CLASSES} classes: the loss comes first in a row");
        }
        let deltas = |tape: &[Vec<u32>]| tape.iter().map(|row| row[row.len() - CLASSES..].to_vec()).collect::<Vec<_>>();
        let distribution = tape::<CLASSES, _>(level, &inputs, &one_hot);
        assert!(deltas(&distribution) == deltas(&together), "{level}, {CLASSES} classes: the target as a row");
    }
}

#[test]
fn classes_of_a_batch_lose_what_they_lose_alone() {
    for level in levels::all() {
        rows_are_alone::<1>(level);
        rows_are_alone::<3>(level);
        rows_are_alone::<10>(level);
        rows_are_alone::<16>(level);
        rows_are_alone::<17>(level);
        rows_are_alone::<40>(level);
    }
}
