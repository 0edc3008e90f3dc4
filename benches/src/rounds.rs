//! A kernel and the FMA peak in turns, so that both meet the same clock and the same neighbours.

use std::time::{Duration, Instant};

use crate::peak::{self, Width};

/// Something to time.
pub struct Kernel {
    /// What it is.
    pub name: String,
    flop: u64,
    calls: Calls,
}

/// A call that can be made many times. The loop lies inside what is called indirectly, so that a call of 50 ns can be
/// timed.
pub(crate) struct Calls(Box<dyn FnMut(u32)>);

/// What turns have shown.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Found {
    /// Seconds of a call, in the best round.
    pub seconds: f64,
    /// GFLOP/s in the best round.
    pub gflops: f64,
    /// The peak in its best round.
    pub peak: Option<f64>,
    /// The median over rounds of kernel by peak.
    pub median_of_peak: Option<f64>,
}

impl Found {
    /// The best round of the kernel by the best round of the peak.
    #[must_use]
    pub fn best_of_peak(&self) -> Option<f64> {
        self.peak.map(|peak| self.gflops / peak)
    }
}

impl Kernel {
    /// A kernel of `multiply_accumulates`, two FLOP each.
    #[must_use]
    pub fn new(name: impl Into<String>, multiply_accumulates: u64, call: impl FnMut() + 'static) -> Self {
        Self { name: name.into(), flop: 2 * multiply_accumulates, calls: Calls::new(call) }
    }

    /// Times rounds of the peak and of the kernel in turns.
    pub fn compare(&mut self, width: Option<Width>, rounds: u32, round: Duration) -> Found {
        let calls = self.calls.at_once(round);
        let mut seconds = f64::INFINITY;
        let mut best_peak: Option<f64> = None;
        let mut ratios = Vec::new();
        for _ in 0..rounds {
            let peak = width.and_then(peak::round);
            best_peak = peak::better(best_peak, peak);
            let found = self.calls.time(calls) / f64::from(calls);
            seconds = seconds.min(found);
            if let Some(peak) = peak {
                ratios.push(self.flop as f64 / found * 1e-9 / peak);
            }
        }
        ratios.sort_by(f64::total_cmp);
        Found {
            seconds,
            gflops: self.flop as f64 / seconds * 1e-9,
            peak: best_peak,
            median_of_peak: ratios.get(ratios.len() / 2).copied(),
        }
    }
}

impl Calls {
    pub(crate) fn new(mut call: impl FnMut() + 'static) -> Self {
        Self(Box::new(move |times| {
            for _ in 0..times {
                call();
            }
        }))
    }

    /// Calls that have a loop of their own.
    pub(crate) fn looping(calls: impl FnMut(u32) + 'static) -> Self {
        Self(Box::new(calls))
    }

    /// Seconds of so many calls.
    pub(crate) fn time(&mut self, calls: u32) -> f64 {
        let start = Instant::now();
        (self.0)(calls);
        start.elapsed().as_secs_f64()
    }

    /// How many calls last about as long as `round`. Also warms caches up.
    pub(crate) fn at_once(&mut self, round: Duration) -> u32 {
        let mut calls = 1;
        loop {
            let seconds = self.time(calls);
            if seconds >= 0.25 * round.as_secs_f64() || calls >= 1 << 24 {
                return (f64::from(calls) * round.as_secs_f64() / seconds).clamp(1.0, 1e9) as u32;
            }
            calls *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_two_flop_for_a_multiply_accumulate() {
        let mut kernel = Kernel::new("sleep", 1000, || std::thread::sleep(Duration::from_millis(1)));
        let found = kernel.compare(None, 2, Duration::from_millis(1));
        assert!(found.seconds >= 1e-3, "{found:?}");
        assert!((found.gflops * found.seconds - 2e-6).abs() < 1e-12, "{found:?}");
        assert_eq!((found.peak, found.best_of_peak(), found.median_of_peak), (None, None, None), "no instrument");
    }
}
