//! Ctrl-C: the first one asks a training to end after the batch that is being made, the second ends the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::TrainError;

/// Listens for as long as it lives.
pub(super) struct Interrupt {
    is_asked: Arc<AtomicBool>,
    #[cfg(feature = "interrupt")]
    _listening: Option<listen::Listening>,
}

impl Interrupt {
    pub(super) fn new(listens: bool) -> Result<Self, TrainError> {
        let is_asked = Arc::new(AtomicBool::new(false));
        #[cfg(feature = "interrupt")]
        {
            let listening = listens.then(|| listen::Listening::new(&is_asked)).transpose();
            let _listening = listening.map_err(|source| TrainError::Interrupt { source })?;
            Ok(Self { is_asked, _listening })
        }
        #[cfg(not(feature = "interrupt"))]
        {
            debug_assert!(!listens, "there is no way to ask for it");
            Ok(Self { is_asked })
        }
    }

    /// Whether somebody asked to end.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }
}

#[cfg(feature = "interrupt")]
mod listen {
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    use signal_hook::SigId;
    use signal_hook::consts::SIGINT;
    use signal_hook::flag::{register, register_conditional_default};
    use signal_hook::low_level::unregister;

    /// How many trainings listen, and what ends the program when none does: once a signal was listened to, the system's own
    /// way does not come back.
    static LISTENERS: Mutex<Option<(usize, Arc<AtomicBool>)>> = Mutex::new(None);

    fn listeners() -> MutexGuard<'static, Option<(usize, Arc<AtomicBool>)>> {
        LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) struct Listening {
        actions: [SigId; 2],
    }

    impl Listening {
        pub(super) fn new(is_asked: &Arc<AtomicBool>) -> io::Result<Self> {
            let mut listeners = listeners();
            let (count, nobody) = match &mut *listeners {
                Some(listeners) => listeners,
                none => {
                    let nobody = Arc::new(AtomicBool::new(true));
                    register_conditional_default(SIGINT, Arc::clone(&nobody))?;
                    none.insert((0, nobody))
                }
            };
            // In this order, so that the first signal sets the flag and the second finds it.
            let last = register_conditional_default(SIGINT, Arc::clone(is_asked))?;
            let first = register(SIGINT, Arc::clone(is_asked)).inspect_err(|_| {
                unregister(last);
            })?;
            *count += 1;
            nobody.store(false, Ordering::Relaxed);
            Ok(Self { actions: [first, last] })
        }
    }

    impl Drop for Listening {
        fn drop(&mut self) {
            if let Some((count, nobody)) = &mut *listeners() {
                *count = count.saturating_sub(1);
                nobody.store(*count == 0, Ordering::Relaxed);
            }
            for action in self.actions {
                unregister(action);
            }
        }
    }
}
