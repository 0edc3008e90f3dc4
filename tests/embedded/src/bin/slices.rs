//! Predicts and learns between the ticks of a timer, which are served in time whatever the network does: the work is
//! done in slices, and the bits are those of one go.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Poll;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::{entry, exception};
use femto::activation::Relu;
use femto::flat::Split;
use femto::layer::{Dense, TapeOf};
use femto::loss::CrossEntropy;
use femto::optimizer::{Optimizer, Sgd};
use femto::train::{BatchError, Objective};
use femto::work::Slices;
use femto::{Flat, Level, net};
use femto_bits::digits;
use femto_firmware::exit::exit;
use femto_firmware::println;
use panic_semihosting as _;

type Net = net![Dense<784, 32, Relu>, Dense<32, 10>];
type Tape = TapeOf<<Net as Split>::First>;

static FACTORY: Net = Net::from_le_bytes(include_bytes!("../../nets/digits-784-32-10.bin"));

/// Multiply-accumulates of a slice: an eighth of a prediction, four outputs of the first layer.
const BUDGET: usize = Net::MULTIPLY_ACCUMULATES / 8;

/// `SysTick` counts down from here at the most.
const LONGEST_PERIOD: u32 = 0x00ff_ffff;

/// How often the timer has asked to be served. A product would sample a sensor or turn a motor then.
static TICKS: AtomicU32 = AtomicU32::new(0);

#[exception]
fn SysTick() {
    // Not `fetch_add`: the smallest cores have no such instruction, and no one else writes.
    TICKS.store(TICKS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// Serves the timer from the main loop, and knows how long that was kept from it.
struct Timer {
    systick: SYST,
    period: u32,
    served: u32,
    begun: u32,
    /// Ticks of the processor's clock that the longest slice took.
    longest: u32,
}

impl Timer {
    fn new(mut systick: SYST) -> Self {
        systick.set_clock_source(SystClkSource::Core);
        systick.set_reload(LONGEST_PERIOD);
        systick.clear_current();
        systick.enable_counter();
        Self { systick, period: LONGEST_PERIOD, served: 0, begun: 0, longest: 0 }
    }

    /// How long `f` blocks everything else.
    fn blocked<R>(&mut self, f: impl FnOnce() -> R) -> (R, u32) {
        self.systick.set_reload(LONGEST_PERIOD);
        self.systick.clear_current();
        let result = f();
        (result, LONGEST_PERIOD - SYST::get_current())
    }

    /// Begins to interrupt once in `period` ticks of the processor's clock.
    fn start(&mut self, period: u32) {
        self.systick.disable_interrupt();
        (self.period, self.served, self.longest) = (period, 0, 0);
        self.systick.set_reload(period);
        self.systick.clear_current();
        TICKS.store(0, Ordering::Relaxed);
        self.systick.enable_interrupt();
        self.begun = self.now();
    }

    /// Ticks of the processor's clock since the start.
    fn now(&self) -> u32 {
        loop {
            let (ticks, left) = (TICKS.load(Ordering::Relaxed), SYST::get_current());
            // Read again where the timer came in between.
            if ticks == TICKS.load(Ordering::Relaxed) {
                return ticks * (self.period + 1) + (self.period - left);
            }
        }
    }

    /// Called between slices.
    fn serve(&mut self) {
        self.longest = self.longest.max(self.now() - self.begun);
        if TICKS.load(Ordering::Relaxed) != self.served {
            self.served += 1;
        }
        self.begun = self.now();
    }

    /// Prints how the timer was served beside `what`, which blocks for `blocked` ticks in one go; true where no tick
    /// was missed and no slice was longer than a fifth of that.
    fn report(&mut self, what: &str, blocked: u32) -> bool {
        self.serve();
        self.systick.disable_interrupt();
        let (raised, served, longest) = (TICKS.load(Ordering::Relaxed), self.served, self.longest);
        println!("{what}: {blocked} ticks in one go, longest slice {longest}; {served} of {raised} interrupts served");
        served > 1 && raised == served && longest < blocked / 5
    }
}

/// A prediction in slices.
fn predict(timer: &mut Timer, slices: &mut Slices, image: &[f32; 784]) -> [f32; 10] {
    let (mut scratch, mut logits) = (Net::SCRATCH, [0.0; 10]);
    while FACTORY.predict_slice(slices, image, &mut scratch, &mut logits) == Poll::Pending {
        timer.serve();
    }
    logits
}

/// A training step in slices.
fn step(
    timer: &mut Timer,
    slices: &mut Slices,
    net: &mut Net,
    (image, label): (&[[f32; 784]; 1], u8),
    tape: &mut [Tape],
    sgd: &mut Optimizer<Net, Sgd, 0>,
) -> Result<f32, BatchError> {
    loop {
        match net.step_slice(slices, &Objective::mean(CrossEntropy), image, &[label], tape, sgd)? {
            Poll::Ready(loss) => return Ok(loss),
            Poll::Pending => timer.serve(),
        }
    }
}

/// The bits, for -0 is not +0 here.
fn same(a: &[f32], b: &[f32]) -> bool {
    a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
}

#[entry]
fn main() -> ! {
    static mut NET: Net = Net::ZERO;
    static mut SLICED: Net = Net::ZERO;
    static mut IMAGE: [[f32; 784]; 1] = [[0.0; 784]];
    static mut TAPE: [Tape; 1] = [Net::TAPE];

    let Some(peripherals) = cortex_m::Peripherals::take() else { exit(false) };
    let mut timer = Timer::new(peripherals.SYST);
    let level = Level::detect();
    let mut pixels = [0.0; digits::PIXELS];
    let label = digits::read(5, &mut pixels);
    let [image] = &mut *IMAGE;
    digits::enlarge(&pixels, image);
    let mut slices = Slices::new(level, BUDGET);

    let (expected, blocked) = timer.blocked(|| FACTORY.predict(level, &IMAGE[0]));
    timer.start(blocked / 3);
    let logits = predict(&mut timer, &mut slices, &IMAGE[0]);
    let mut ok = timer.report("prediction", blocked) && same(&logits, &expected);

    NET.as_mut_slice().copy_from_slice(FACTORY.as_slice());
    SLICED.as_mut_slice().copy_from_slice(FACTORY.as_slice());
    let (mut sgd, mut sliced_sgd) = (Optimizer::new(Sgd::new(0.01)), Optimizer::new(Sgd::new(0.01)));
    let objective = Objective::mean(CrossEntropy);
    let (expected, blocked) = timer.blocked(|| NET.step(level, &objective, IMAGE, &[label], TAPE, &mut sgd));
    timer.start(blocked / 3);
    let loss = step(&mut timer, &mut slices, SLICED, (IMAGE, label), TAPE, &mut sliced_sgd);
    ok &= timer.report("training step", blocked) && loss == expected && loss.is_ok();
    ok &= same(NET.as_slice(), SLICED.as_slice());
    println!("{}", if ok { "the same bits as in one go" } else { "not as in one go" });
    exit(ok)
}
