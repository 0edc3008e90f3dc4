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
        runs: u32,
        /// The bits of the mean loss of the epoch so far; read when the bar is drawn, which is not at every step.
        loss: Arc<AtomicU64>,
    }

    impl Bar {
        pub(in crate::trainer) fn new(is_shown: bool, batch_size: usize, runs: u32) -> Self {
            let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
            Self::drawn_on(target, batch_size, runs)
        }

        fn drawn_on(target: ProgressDrawTarget, batch_size: usize, runs: u32) -> Self {
            let loss = Arc::<AtomicU64>::default();
            let bar = ProgressBar::with_draw_target(Some(0), target);
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
            Self { bar: bar.with_style(style), runs, loss }
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

        /// An epoch is made. For people, who count from 1.
        pub(in crate::trainer) fn epoch(&self, record: &EpochRecord) {
            if self.bar.is_hidden() {
                return;
            }
            let run = if self.runs > 1 { format!("run {} of {}, ", record.run + 1, self.runs) } else { String::new() };
            let mut message = format!("; {run}epoch {}: loss {:.4}", record.epoch + 1, record.train_loss);
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

    #[cfg(test)]
    mod tests {
        use std::collections::BTreeMap;

        use indicatif::InMemoryTerm;

        use super::*;

        #[test]
        fn a_bar_shows_steps_time_loss_speed_and_metrics() {
            let terminal = InMemoryTerm::new(3, 200);
            let bar = Bar::drawn_on(ProgressDrawTarget::term_like(Box::new(terminal.clone())), 32, 3);
            bar.begin(20, 50);
            bar.step(0.5);
            bar.bar.tick();
            let shown = terminal.contents();
            for part in ["21/50 steps", " left; ", "loss 0.5000", "samples/s"] {
                assert!(shown.contains(part), "{part:?}: {shown:?}");
            }
            bar.epoch(&EpochRecord {
                run: 1,
                epoch: 4,
                step: 21,
                rate: 0.1,
                train_loss: 0.25,
                validation_loss: Some(0.75),
                metrics: BTreeMap::from([("accuracy".to_owned(), 0.875)]),
                gradient_norm: None,
                samples_per_second: 1.0,
                seconds: 1.0,
            });
            bar.bar.tick();
            let shown = terminal.contents();
            let epoch = "run 2 of 3, epoch 5: loss 0.2500, validation 0.7500, accuracy 0.8750";
            assert!(shown.contains(epoch), "{shown:?}");
            bar.end();
            assert_eq!(terminal.contents(), "", "nothing is left");
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
        pub(in crate::trainer) const fn new(_is_shown: bool, _batch_size: usize, _runs: u32) -> Self {
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
