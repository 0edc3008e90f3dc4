//! Every level of this machine against the committed hashes, which every other target is compared with too.
//!
//! A fresh file comes from `cargo run --release -p femto-bits --example hashes`.

use std::fmt::Write;

use femto_bits::training::{Digits, STEPS, Training};
use femto_bits::{Workspace, check, class_name, committed, digits};
use femto_tests::levels;

#[test]
fn all_levels_have_the_committed_hashes() {
    let mut workspace = Box::new(Workspace::NEW);
    let mut table = String::new();
    for level in levels::all() {
        let class = class_name(level.arithmetic());
        let agree = check(level, &mut workspace, &mut |wrong| {
            let cell = |hash: Option<u64>| hash.map_or("-".to_owned(), |hash| format!("{hash:016x}"));
            let (expected, found) = (cell(wrong.committed), cell(wrong.found));
            let line =
                writeln!(table, "{:<16} {class:<8} {:<34} {expected:<16}  {found}", level.to_string(), wrong.name);
            assert!(line.is_ok(), "a string takes every line");
        });
        assert!(!table.is_empty() || agree == committed(level.arithmetic()).count(), "{level}: only {agree} compared");
    }
    let head = format!("{:<16} {:<8} {:<34} {:<16}  found", "level", "class", "name", "committed");
    assert!(table.is_empty(), "hashes differ from tests/bits/hashes.txt:\n{head}\n{table}");
}

#[test]
fn trainings_learn_the_digits() {
    fn right_of<R: femto::optimizer::Rule<MOMENTS>, const MOMENTS: usize>(mut training: Training<R, MOMENTS>) -> usize {
        let level = levels::all()[0];
        training.begin();
        training.run(level, STEPS);
        let mut pixels = [0.0; digits::PIXELS];
        (0..digits::COUNT)
            .filter(|index| {
                let label = digits::read(*index, &mut pixels);
                let logits = training.net.predict(level, &pixels);
                logits.iter().all(|logit| *logit <= logits[usize::from(label)])
            })
            .count()
    }
    // Hashes of trainings that went astray would compare well and mean little.
    let right = [right_of(Training::SGD), right_of(Training::MOMENTUM), right_of(Training::ADAM)];
    assert!(right.into_iter().all(|right| right >= 243), "{right:?} of {} digits learnt", digits::COUNT);
}

#[test]
fn resumed_trainings_end_in_the_same_bits() {
    let level = levels::all()[0];
    let mut straight = Box::new(Training::ADAM);
    straight.begin();
    straight.run(level, 30);

    let mut first = Box::new(Training::ADAM);
    first.begin();
    first.run(level, 10);
    let mut bytes = vec![0; 4 + 3 * Digits::PARAMETER_BYTES];
    assert!(first.save(&mut bytes), "a checkpoint has 4 + 3 * PARAMETER_BYTES");
    let mut second = Box::new(Training::ADAM);
    assert!(second.resume(&bytes), "what was saved is a checkpoint");
    second.run(level, 20);

    assert_eq!(second.hash(), straight.hash(), "10 and 20 steps are 30");
    assert_ne!(first.hash(), straight.hash(), "another number of steps is another training");
    assert!(!first.save(&mut bytes[1..]) && !second.resume(&bytes[1..]), "too short a checkpoint is refused");
    bytes.push(0);
    assert!(!first.save(&mut bytes) && !second.resume(&bytes), "too long a checkpoint is refused");
}
