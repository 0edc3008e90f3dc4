//! A short training on the digits has the committed weights, on every level of the machine.
//!
//! The levels of a machine could all be wrong in the same way, or change together: these constants tie every machine
//! and every version to the same bits. A version that changes them is a breaking change, see `CHANGELOG.md`.

use std::error::Error;

use femto::activation::Relu;
use femto::init::Init;
use femto::layer::Dense;
use femto::loss::CrossEntropy;
use femto::optimizer::{Adam, Optimizer};
use femto::train::Objective;
use femto::{Arithmetic, Flat, Level, net};
use femto_std::data::{DIGITS_CLASSES, DIGITS_PIXELS, Fractions, digits, stratified_split};
use femto_std::epoch::Epochs;
use femto_std::evaluate::predict_classes;
use femto_std::metrics::accuracy;
use femto_std::weights::weights_hash;
use femto_tests::levels;

/// The net of the example `digits`.
type Digits = net![Dense<DIGITS_PIXELS, 32, Relu>, Dense<32, DIGITS_CLASSES>];

const FUSED: u64 = 0xa245_13ff_69c6_e17f;
const UNFUSED: u64 = 0x7d73_d564_5d33_cd60;

/// The hash of the weights after three epochs, and the share of images that the net reads then.
fn train(level: Level) -> Result<(u64, f64), Box<dyn Error>> {
    let digits = digits();
    let split = stratified_split(digits.targets(), Fractions::new(0.0, 0.2)?, 1)?;
    let (train, test) = (digits.select(&split.train)?, digits.select(&split.test)?);
    let mut net = Digits::ZERO;
    net.init(Init::HeUniform, 1);
    let (objective, mut adam) = (Objective::mean(CrossEntropy), Optimizer::new(Adam::new(3e-3)));
    let mut epochs = Epochs::new(32, 1)?;
    for _ in 0..3 {
        epochs.run(&mut net, level, &objective, &mut adam, &train)?;
    }
    let classes = predict_classes(&net, level, test.inputs());
    Ok((weights_hash(&net), accuracy(&classes, test.targets())?))
}

#[test]
fn a_short_training_has_the_committed_weights_on_every_level() -> Result<(), Box<dyn Error>> {
    for level in levels::all() {
        let (hash, share) = train(level)?;
        assert!(share > 0.85, "{level}: {share} of the images are read, so the hash is of a net that learnt nothing");
        let expected = match level.arithmetic() {
            Arithmetic::Fused => FUSED,
            Arithmetic::Unfused => UNFUSED,
        };
        assert!(hash == expected, "{level}: weights with hash {hash:#018x}, not the committed {expected:#018x}");
    }
    Ok(())
}
