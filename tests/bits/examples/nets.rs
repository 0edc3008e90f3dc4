//! Trains the networks and checkpoints that the firmware keeps in flash, and writes them to a folder:
//!
//! ```sh
//! cargo run --release -p femto-bits --example nets -- tests/embedded/nets
//! ```
//!
//! Unfused, as most microcontrollers compute, so that every machine writes the same bytes. The digits that the
//! firmware is tested with (`femto_bits::digits`) are not among those learnt here.

use std::error::Error;
use std::fs;
use std::path::Path;

use femto::activation::Relu;
use femto::init::Init;
use femto::layer::Dense;
use femto::loss::CrossEntropy;
use femto::optimizer::{Adam, Optimizer, Rule};
use femto::train::Objective;
use femto::{Flat, Level, net};
use femto_bits::digits;
use femto_bits::training::{Digits, STEPS, Training};
use femto_std::data::Dataset;
use femto_std::epoch::Epochs;
use femto_std::evaluate::predict_classes;
use femto_std::metrics::accuracy;
use femto_std::weights::weights_hash;

type Large = net![Dense<{ digits::LARGE_PIXELS }, 32, Relu>, Dense<32, { digits::CLASSES }>];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("name the folder to write to, such as tests/embedded/nets")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let level = Level::detect().unfused();

    let (learnt, unseen) = divided(&femto_std::data::digits())?;
    let mut small = Box::new(Digits::ZERO);
    let mut epochs = Epochs::new(16, 1)?;
    let mut adam = Optimizer::new(Adam::new(0.003));
    small.init(Init::HeUniform, 1);
    for _ in 0..40 {
        epochs.run(&mut *small, level, &Objective::mean(CrossEntropy), &mut adam, &learnt)?;
    }
    let share = accuracy(&predict_classes(&*small, level, unseen.inputs()), unseen.targets())?;
    println!(
        "digits-64-16-10: accuracy {share:.3} on {} unseen digits, hash {:016x}",
        unseen.len(),
        weights_hash(&*small)
    );
    write(folder, "digits-64-16-10.bin", &*small)?;

    let (learnt, unseen) = (enlarged(&learnt)?, enlarged(&unseen)?);
    let mut large = Box::new(Large::ZERO);
    let mut epochs = Epochs::new(16, 1)?;
    let mut adam = Optimizer::new(Adam::new(0.001));
    large.init(Init::HeUniform, 1);
    for _ in 0..20 {
        epochs.run(&mut *large, level, &Objective::mean(CrossEntropy), &mut adam, &learnt)?;
    }
    let share = accuracy(&predict_classes(&*large, level, unseen.inputs()), unseen.targets())?;
    println!(
        "digits-784-32-10: accuracy {share:.3} on {} unseen digits, hash {:016x}",
        unseen.len(),
        weights_hash(&*large)
    );
    write(folder, "digits-784-32-10.bin", &*large)?;

    checkpoint(folder, "sgd", Training::SGD, level)?;
    checkpoint(folder, "momentum", Training::MOMENTUM, level)?;
    checkpoint(folder, "adam", Training::ADAM, level)
}

/// All digits but those in the firmware, and those.
#[allow(clippy::type_complexity, reason = "two sets of one type")]
fn divided<const N: usize>(
    all: &Dataset<[f32; N], u8>,
) -> Result<(Dataset<[f32; N], u8>, Dataset<[f32; N], u8>), Box<dyn Error>> {
    let in_firmware = |index: &usize| index.is_multiple_of(7) && index / 7 < digits::COUNT;
    let (unseen, learnt): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(in_firmware);
    Ok((all.select(&learnt)?, all.select(&unseen)?))
}

fn enlarged(
    set: &Dataset<[f32; digits::PIXELS], u8>,
) -> Result<Dataset<[f32; digits::LARGE_PIXELS], u8>, Box<dyn Error>> {
    let mut inputs = vec![[0.0; digits::LARGE_PIXELS]; set.len()];
    for (small, large) in set.inputs().iter().zip(&mut inputs) {
        digits::enlarge(small, large);
    }
    Ok(Dataset::new(inputs, set.targets().to_vec())?)
}

/// Half a training; the firmware makes the other half.
fn checkpoint<R: Rule<MOMENTS>, const MOMENTS: usize>(
    folder: &Path,
    name: &str,
    training: Training<R, MOMENTS>,
    level: Level,
) -> Result<(), Box<dyn Error>> {
    let mut training = Box::new(training);
    training.begin();
    training.run(level, STEPS / 2);
    let mut bytes = vec![0; Training::<R, MOMENTS>::CHECKPOINT_BYTES];
    if !training.save(&mut bytes) {
        return Err("a checkpoint has CHECKPOINT_BYTES".into());
    }
    fs::write(folder.join(format!("checkpoint-{name}.bin")), bytes)?;
    println!("checkpoint-{name}: {} steps, hash {:016x}", training.steps(), training.hash());
    Ok(())
}

fn write(folder: &Path, name: &str, net: &impl Flat) -> Result<(), Box<dyn Error>> {
    let mut bytes = vec![0; 4 * net.as_slice().len()];
    net.write_le_bytes(&mut bytes)?;
    fs::write(folder.join(name), bytes)?;
    Ok(())
}
