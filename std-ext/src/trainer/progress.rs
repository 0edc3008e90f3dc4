//! The progress bar.

#[cfg(feature = "progress")]
pub(super) use shown::Bar;
#[cfg(not(feature = "progress"))]
pub(super) use silent::Bar;

#[cfg(feature = "progress")]
mod shown {
    use std::fmt::Write;

    use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

    use crate::trainer::EpochRecord;

    /// A bar over all steps of a run, on standard error, where that is a terminal.
    #[derive(Clone)]
    pub(in crate::trainer) struct Bar(ProgressBar);

    impl Bar {
        pub(in crate::trainer) fn new(is_shown: bool) -> Self {
            if !is_shown {
                return Self(ProgressBar::hidden());
            }
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            let template = "{bar:30} {pos}/{len} steps, {eta} left{msg}";
            Self(
                bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())),
            )
        }

        pub(in crate::trainer) fn begin(&self, steps: u64, of: u64) {
            self.0.set_length(of);
            self.0.set_position(steps);
            self.0.reset_eta();
        }

        pub(in crate::trainer) fn step(&self) {
            self.0.inc(1);
        }

        pub(in crate::trainer) fn epoch(&self, record: &EpochRecord) {
            if self.0.is_hidden() {
                return;
            }
            let mut message = format!("; epoch {}: loss {:.4}", record.epoch, record.train_loss);
            let mut add = |text: std::fmt::Arguments<'_>| {
                // Writing to a string does not fail.
                let _ = message.write_fmt(text);
            };
            if let Some(loss) = record.validation_loss {
                add(format_args!(", validation {loss:.4}"));
            }
            for (name, value) in &record.metrics {
                add(format_args!(", {name} {value:.4}"));
            }
            add(format_args!(", {:.0} samples/s", record.samples_per_second));
            self.0.set_message(message);
        }

        /// Takes the bar away while something else is printed.
        pub(in crate::trainer) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
            self.0.suspend(print)
        }

        pub(in crate::trainer) fn end(&self) {
            self.0.finish_and_clear();
        }
    }
}

#[cfg(not(feature = "progress"))]
mod silent {
    use crate::trainer::EpochRecord;

    /// No bar.
    #[derive(Clone)]
    pub(in crate::trainer) struct Bar;

    impl Bar {
        pub(in crate::trainer) const fn new(_is_shown: bool) -> Self {
            Self
        }

        pub(in crate::trainer) const fn begin(&self, _steps: u64, _of: u64) {}

        pub(in crate::trainer) const fn step(&self) {}

        pub(in crate::trainer) const fn epoch(&self, _record: &EpochRecord) {}

        pub(in crate::trainer) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
            print()
        }

        pub(in crate::trainer) const fn end(&self) {}
    }
}
