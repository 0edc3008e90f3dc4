//! Training on several cores, with the bits of one.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto::init::Init;
//! use femto::layer::Dense;
//! use femto::loss::CrossEntropy;
//! use femto::optimizer::{Adam, Optimizer};
//! use femto::train::Objective;
//! use femto::{Flat, Level};
//! use femto_std::data::digits;
//! use femto_std::epoch::Epochs;
//! use femto_std::threads::Threads;
//! use femto_std::weights::weights_hash;
//!
//! type Linear = femto::net![Dense<64, 10>];
//!
//! let mut hashes = Vec::new();
//! for threads in [1, 3] {
//!     let threads = Threads::new(Level::detect(), threads)?.divide_from(0); // even so small a step
//!     let (mut net, mut adam) = (Linear::ZERO, Optimizer::new(Adam::new(1e-2)));
//!     net.init(Init::HeUniform, 1);
//!     let objective = Objective::mean(CrossEntropy);
//!     Epochs::new(64, 1)?.run(&mut net, &threads, &objective, &mut adam, &digits())?;
//!     hashes.push(weights_hash(&net));
//! }
//! assert_eq!(hashes[0], hashes[1]);
//! # Ok(())
//! # }
//! ```

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{hint, thread};

use femto::Level;
use femto::train::Workers;
use rayon::{ThreadPool, ThreadPoolBuilder, Yield};
use thiserror::Error;

/// Multiply-accumulates below which a step is made by one thread.
///
/// Counted as three for each weight and row. Between what the example `scaling` shows on two cores of a shared Xeon with
/// AVX-512 (2026-11-22): 784-128-10 x 64, 19.5 million, is 1.0 to 1.4 times as fast on two threads, and 64-32-10 x 32, 0.2
/// million, takes 5 to 8 microseconds in all. Other machines may want another number ([`Threads::divide_from`]).
pub const DIVIDE_FROM: usize = 4_000_000;

/// Looks for work before a thread gives its core to others: some microseconds.
const IDLE_ROUNDS: u32 = 1_000;

/// How long a thread looks for work in vain before it goes to sleep: many times what lies between two steps.
const LONGEST_IDLE: Duration = Duration::from_millis(1);

/// Why there are no threads.
#[derive(Debug, Error)]
#[error("{count} threads could not be started: ask for fewer")]
pub struct ThreadsError {
    /// How many were asked for; 0 stands for as many as the machine runs at the same time.
    pub count: usize,
    /// What the system said.
    #[source]
    source: rayon::ThreadPoolBuildError,
}

/// A level, and threads that work on it: what [`femto::Net::step_on`] and [`crate::epoch::Epochs::run`] take by
/// reference.
///
/// The bits of a result do not depend on how many threads there are. Small steps are made by one thread, which is faster
/// for them ([`DIVIDE_FROM`]).
#[derive(Debug, Clone)]
pub struct Threads {
    pool: Arc<ThreadPool>,
    level: Level,
    divide_from: usize,
}

impl Threads {
    /// Starts threads; 0 stands for as many as the machine runs at the same time.
    ///
    /// # Errors
    ///
    /// [`ThreadsError`] where the system refuses.
    ///
    /// ```
    /// use femto::Level;
    /// use femto_std::threads::Threads;
    ///
    /// assert_eq!(Threads::new(Level::detect(), 2)?.count(), 2);
    /// # Ok::<(), femto_std::threads::ThreadsError>(())
    /// ```
    pub fn new(level: Level, count: usize) -> Result<Self, ThreadsError> {
        let built = ThreadPoolBuilder::new().num_threads(count).thread_name(|i| format!("femto-{i}")).build();
        let pool = built.map_err(|source| ThreadsError { count, source })?;
        Ok(Self::in_pool(level, Arc::new(pool)))
    }

    /// Works in a pool that is there already. Where other work goes on in it too, steps wait for it.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use femto::Level;
    /// use femto_std::threads::Threads;
    ///
    /// let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(3).build()?);
    /// assert_eq!(Threads::in_pool(Level::detect(), pool).count(), 3);
    /// # Ok::<(), rayon::ThreadPoolBuildError>(())
    /// ```
    #[must_use]
    pub const fn in_pool(level: Level, pool: Arc<ThreadPool>) -> Self {
        Self { pool, level, divide_from: DIVIDE_FROM }
    }

    /// The same threads, which divide steps of at least so many multiply-accumulates instead of [`DIVIDE_FROM`].
    #[must_use]
    pub fn divide_from(self, multiply_accumulates: usize) -> Self {
        Self { divide_from: multiply_accumulates, ..self }
    }

    /// How many threads there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.pool.current_num_threads()
    }
}

/// A sequence of steps, for which other threads stay awake once a step is divided.
#[derive(Debug, Default)]
struct Sequence {
    is_awaited: AtomicBool,
    is_over: AtomicBool,
}

thread_local! {
    /// The sequence that is made on this thread.
    static SEQUENCE: RefCell<Option<Arc<Sequence>>> = const { RefCell::new(None) };
    /// Somewhere below on this thread's stack it is kept awake.
    static AWAKE: Cell<bool> = const { Cell::new(false) };
}

/// Ends a sequence, also where a step panics, and goes back to the one that it interrupted.
struct End {
    sequence: Arc<Sequence>,
    outer: Option<Arc<Sequence>>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.sequence.is_over.store(true, Ordering::Relaxed);
        SEQUENCE.set(self.outer.take());
    }
}

impl Workers for &Threads {
    fn level(self) -> Level {
        self.level
    }

    fn shares(self, multiply_accumulates: usize) -> usize {
        // One for each thread: twice as many, to even out interruptions, cost a tenth of a step.
        if multiply_accumulates < self.divide_from { 1 } else { self.count() }
    }

    fn run<J: Send>(self, jobs: impl ExactSizeIterator<Item = J>, work: impl Fn(J) + Sync) {
        if let Some(sequence) = SEQUENCE.with_borrow(Clone::clone)
            && !sequence.is_awaited.swap(true, Ordering::Relaxed)
        {
            self.pool.spawn_broadcast(move |_| stay_awake(&sequence));
        }
        let (mut jobs, work) = (jobs.collect::<Vec<J>>(), &work);
        let last = jobs.pop();
        // Each job is a leaf: nobody who does one waits for another.
        self.pool.scope(|scope| {
            for job in jobs {
                scope.spawn(move |_| work(job));
            }
            last.map(work);
        });
    }

    /// Runs the steps on one of the threads. From the first one that is divided on, the others look for work all the time:
    /// one that sleeps takes longer to wake than most steps take.
    fn attend<R: Send>(self, steps: impl FnOnce() -> R + Send) -> R {
        if self.pool.current_thread_index().is_some() {
            return steps();
        }
        self.pool.install(|| {
            let sequence = Arc::<Sequence>::default();
            let outer = SEQUENCE.replace(Some(Arc::clone(&sequence)));
            let _end = End { sequence, outer };
            steps()
        })
    }
}

/// Does what other threads have to give until the sequence is over, or there has been nothing for a while.
///
/// Not on a thread that makes a sequence itself: there this may be called while a step waits for its shares, and they for
/// nothing but threads. For the same reason it ends by itself: a thread of somebody else's pool may be waiting for more.
fn stay_awake(sequence: &Sequence) {
    if SEQUENCE.with_borrow(Option::is_some) || AWAKE.replace(true) {
        return;
    }
    let mut idle_since = Instant::now();
    let mut idle = 0_u32;
    while !sequence.is_over.load(Ordering::Relaxed) {
        if rayon::yield_now() == Some(Yield::Executed) {
            (idle, idle_since) = (0, Instant::now());
            continue;
        }
        idle += 1;
        if idle.is_multiple_of(IDLE_ROUNDS) {
            if idle_since.elapsed() > LONGEST_IDLE {
                // The next step that is divided asks again.
                sequence.is_awaited.store(false, Ordering::Relaxed);
                break;
            }
            // Where there are more threads than cores another one may have something to do.
            thread::yield_now();
        }
        hint::spin_loop();
    }
    AWAKE.set(false);
}
