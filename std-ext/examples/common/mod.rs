//! What examples share: options, and how they end.

use clap::error::ErrorKind;
use clap::{Args, CommandFactory};
use femto::{Arithmetic, Isa, Level};

mod ending;

pub(crate) use ending::end;

/// Which instructions to run.
#[derive(Args, Debug)]
pub(crate) struct LevelOptions {
    /// Round products before sums, as machines without fused multiply-add do.
    #[arg(long)]
    unfused: bool,
    /// The instruction set: scalar, sse2, avx2, avx512, neon or simd128 [default: the fastest].
    #[arg(long, value_name = "NAME")]
    level: Option<Isa>,
}

impl LevelOptions {
    /// The level that the options ask for. Ends the program with what to change about them where there is none.
    pub(crate) fn choose<Options: CommandFactory>(&self) -> Level {
        match self.find() {
            Ok(level) => level,
            Err(message) => Options::command().error(ErrorKind::ValueValidation, message).exit(),
        }
    }

    fn find(&self) -> Result<Level, String> {
        let Some(isa) = self.level else {
            let fastest = Level::detect();
            return Ok(if self.unfused { fastest.unfused() } else { fastest });
        };
        let arithmetic = if self.unfused { Arithmetic::Unfused } else { Arithmetic::Fused };
        Level::new(isa, arithmetic).ok_or_else(|| {
            if Level::new(isa, Arithmetic::Unfused).is_some() {
                format!("--level {isa} has no fused multiply-add on this machine: add --unfused")
            } else {
                let supported = Level::supported().filter(|level| level.arithmetic() == arithmetic);
                let names: Vec<_> = supported.map(|level| level.isa().name()).collect();
                format!("this machine cannot run --level {isa}: use one of {}", names.join(", "))
            }
        })
    }
}

/// The value of `--lr`.
pub(crate) fn learning_rate(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("the learning rate must be a number above 0, such as 0.003".to_owned()),
    }
}
