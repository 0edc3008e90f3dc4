//! Counts executed instructions under `qemu-system-arm -icount shift=N`.
//!
//! There each instruction takes 2^N ns of guest time, whatever it does, and `SysTick` measures guest time. How many
//! instructions a tick is follows from the clock of the board and from N; a loop of known length tells. These are
//! instructions, not cycles: there is no pipeline, no wait state and no cache in it.

use core::arch::asm;
use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};

/// `SysTick` counts down from here and begins again.
const PERIOD: u32 = 0x00ff_ffff;

/// How often it did. Only the exception handler writes it.
static WRAPS: AtomicU32 = AtomicU32::new(0);

/// To be called by the program's `SysTick` exception, which is its to define:
///
/// ```ignore
/// #[exception]
/// fn SysTick() {
///     counter::on_wrap();
/// }
/// ```
pub fn on_wrap() {
    // Not `fetch_add`: the smallest cores have no such instruction, and no one else writes.
    WRAPS.store(WRAPS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// A running `SysTick`, and what one of its ticks is worth.
#[derive(Debug)]
pub struct Counter {
    /// Instructions of the calibration, and ticks that they took.
    calibration: (u64, u64),
    /// Ticks of measuring nothing.
    overhead: u64,
}

impl Counter {
    /// Starts `SysTick` and calibrates it.
    #[must_use]
    pub fn new(mut systick: SYST) -> Self {
        systick.set_clock_source(SystClkSource::Core);
        systick.set_reload(PERIOD);
        systick.clear_current();
        systick.enable_interrupt();
        systick.enable_counter();

        const LOOPS: usize = 400_000;
        let ticks_of = |loops| {
            let start = now();
            two_instructions_each(loops);
            now() - start
        };
        // The difference of two runs is free of what surrounds the loop.
        let ticks = ticks_of(2 * LOOPS) - ticks_of(LOOPS);
        let mut counter = Self { calibration: (2 * LOOPS as u64, ticks.max(1)), overhead: 0 };
        counter.overhead = counter.ticks(|| ()).1;
        counter
    }

    /// Instructions of the calibration loop, and the ticks that they took.
    #[must_use]
    pub const fn calibration(&self) -> (u64, u64) {
        self.calibration
    }

    /// Runs `f` and tells how many instructions it took, to within one tick.
    pub fn measure<R>(&self, f: impl FnOnce() -> R) -> (R, u64) {
        let (result, ticks) = self.ticks(f);
        let (instructions, calibration_ticks) = self.calibration;
        let ticks = ticks.saturating_sub(self.overhead);
        (result, (ticks * instructions + calibration_ticks / 2) / calibration_ticks)
    }

    #[inline(never)]
    fn ticks<R>(&self, f: impl FnOnce() -> R) -> (R, u64) {
        let start = now();
        let result = black_box(f());
        (result, now() - start)
    }
}

/// `2 * loops` instructions, whatever the compiler thinks.
#[inline(never)]
fn two_instructions_each(loops: usize) {
    // SAFETY: counts a register down.
    unsafe {
        asm!("2:", "subs {0}, {0}, #1", "bne 2b", inout(reg) loops => _, options(nomem, nostack));
    }
}

/// Ticks since the start, any number of wraps away.
#[inline(never)]
fn now() -> u64 {
    cortex_m::interrupt::free(|_| {
        let (mut wraps, mut left) = (WRAPS.load(Ordering::Relaxed), SYST::get_current());
        // A wrap whose exception has not run yet.
        if SCB::is_pendst_pending() {
            (wraps, left) = (wraps.wrapping_add(1), SYST::get_current());
        }
        u64::from(wraps) * u64::from(PERIOD + 1) + u64::from(PERIOD - left)
    })
}
