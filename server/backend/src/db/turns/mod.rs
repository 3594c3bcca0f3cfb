//! Threads that have to share a core take turns.
//!
//! Verifications are decided by the runtime's threads, one for each core, and whatever asks SQLite has a thread of its own
//! ([`super::pool::Store::spawn`]). When all cores are busy, the system lets whoever runs go on until it next looks at its
//! clock, 250 times a second (`CONFIG_HZ=250`), and all that arrives meanwhile waits. So both sides give way by themselves,
//! after a fraction of a millisecond, and of those who ask SQLite only as many have a core as there are ([`cores`]).
//!
//! A lower priority for one side is no way to that: a change that gets little of the processor holds the one connection
//! that writes for as long, and all other changes wait for it.

mod askers;
mod cores;

use std::{
    cell::Cell,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

pub(crate) use self::askers::Askers;

/// How long whoever asks SQLite keeps a core before verifications are next: some calls.
const TURN: Duration = Duration::from_micros(100);
/// How many verifications make a turn of about twice that.
const VERIFICATIONS: u32 = 24;
/// A thread that has waited for as long was not in anybody's way. Shorter waits end as soon as they have begun, because
/// there is something to do already.
const REST: Duration = Duration::from_micros(20);

/// The turn of a thread that asks SQLite.
#[derive(Debug)]
pub(crate) struct Turn {
    askers: Arc<Askers>,
    began: Cell<Instant>,
}

impl Turn {
    pub(crate) fn begin(askers: Arc<Askers>) -> Self {
        Self { askers, began: Cell::new(Instant::now()) }
    }

    /// To be called between one call of SQLite and the next.
    pub(crate) fn give_way(&self) {
        if self.began.get().elapsed() >= TURN {
            thread::yield_now();
            self.began.set(Instant::now());
        }
    }

    /// Goes on with `work` until it waits for something, once there is a core for it.
    pub(crate) fn poll<F: Future>(&self, work: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _core = self.askers.cores.take();
        // Waiting was no work.
        self.began.set(Instant::now());
        work.poll(context)
    }

    /// Does what waits for the disk, while somebody else has the core. Only within [`Self::poll`].
    pub(crate) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        let _aside = self.askers.cores.lend();
        work()
    }
}

thread_local! {
    /// How many verifications this thread has decided since others had its core.
    static DECIDED: Cell<u32> = const { Cell::new(0) };
    static WAITS_SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// To be called before each verification. It costs a tenth of a microsecond for each turn if others want another one.
pub(super) fn verifications_give_way(askers: &Askers) {
    if !askers.are_there() {
        return;
    }
    DECIDED.set((DECIDED.get() + 1) % VERIFICATIONS);
    if DECIDED.get() == 0 {
        thread::yield_now();
    }
}

/// To be called when a thread of the runtime has nothing to do.
///
/// Whoever gives a core away gets it back when the others have made up for it (EEVDF: it counts as if a whole slice of some
/// milliseconds had been used). So a thread that does nothing now and then anyway had better keep it: it has never taken
/// more than its share.
pub fn thread_waits() {
    WAITS_SINCE.set(Some(Instant::now()));
}

/// To be called when it has something to do again.
pub fn thread_goes_on() {
    if WAITS_SINCE.take().is_some_and(|since| since.elapsed() >= REST) {
        DECIDED.set(0);
    }
}
