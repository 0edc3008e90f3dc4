//! The progress bar.

#[cfg(feature = "progress")]
pub(super) use shown::Bar;
#[cfg(not(feature = "progress"))]
pub(super) use silent::Bar;

#[cfg(feature = "progress")]
mod shown {
    use std::fmt::Write;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

    use crate::trainer::EpochRecord;

    /// A bar over all steps of a run, on standard error, where that is a terminal.
    #[derive(Clone)]
    pub(in crate::trainer) struct Bar {
        bar: ProgressBar,
        /// The bits of the mean loss of the epoch so far; read when the bar is drawn, which is not at every step.
        loss: Arc<AtomicU64>,
    }

    impl Bar {
        pub(in crate::trainer) fn new(is_shown: bool, batch_size: usize) -> Self {
            let loss = Arc::<AtomicU64>::default();
            if !is_shown {
                return Self { bar: ProgressBar::hidden(), loss };
            }
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            let template = "{bar:30} {pos}/{len} steps, {eta} left; loss {loss}, {speed} samples/s{msg}";
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let shown = Arc::clone(&loss);
            // Writing to a bar does not fail.
            let style = style
                .with_key("loss", move |_: &ProgressState, to: &mut dyn Write| {
                    let _ = write!(to, "{:.4}", f64::from_bits(shown.load(Ordering::Relaxed)));
                })
                .with_key("speed", move |state: &ProgressState, to: &mut dyn Write| {
                    let _ = write!(to, "{:.0}", state.per_sec() * batch_size as f64);
                });
            Self { bar: bar.with_style(style), loss }
        }

        pub(in crate::trainer) fn begin(&self, steps: u64, of: u64) {
            self.bar.set_length(of);
            self.bar.set_position(steps);
            self.bar.reset_eta();
        }

        /// A step is made; so far the epoch has this mean loss.
        pub(in crate::trainer) fn step(&self, loss: f64) {
            self.loss.store(loss.to_bits(), Ordering::Relaxed);
            self.bar.inc(1);
        }

        pub(in crate::trainer) fn epoch(&self, record: &EpochRecord) {
            if self.bar.is_hidden() {
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
            self.bar.set_message(message);
        }

        /// Takes the bar away while something else is printed.
        pub(in crate::trainer) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
            self.bar.suspend(print)
        }

        pub(in crate::trainer) fn end(&self) {
            self.bar.finish_and_clear();
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
        pub(in crate::trainer) const fn new(_is_shown: bool, _batch_size: usize) -> Self {
            Self
        }

        pub(in crate::trainer) const fn begin(&self, _steps: u64, _of: u64) {}

        pub(in crate::trainer) const fn step(&self, _loss: f64) {}

        pub(in crate::trainer) const fn epoch(&self, _record: &EpochRecord) {}

        pub(in crate::trainer) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
            print()
        }

        pub(in crate::trainer) const fn end(&self) {}
    }
}
