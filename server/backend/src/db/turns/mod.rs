//! Threads that have to share a core take turns.
//!
//! Verifications are decided by the runtime's threads, one for each core, and SQLite is asked by others ([`askers`]). When all
//! cores are busy, the system lets whoever runs go on until it next looks at its clock, 250 times a second
//! (`CONFIG_HZ=250`), and all that arrives meanwhile waits. So both sides give way by themselves, after a fraction of a
//! millisecond, and of those who ask SQLite not more are at work than there are cores.
//!
//! A lower priority for one side is no way to that: a change that gets little of the processor holds the one connection
//! that writes for as long, and all other changes wait for it.

mod askers;

use std::{
    cell::Cell,
    thread,
    time::{Duration, Instant},
};

pub(crate) use self::askers::{Askers, give_way, may_block};

/// How many verifications make a turn of one and a half times that of whoever asks SQLite.
const VERIFICATIONS: u32 = 40;
/// A thread that has waited for as long was not in anybody's way. Shorter waits end as soon as they have begun, because
/// there is something to do already.
const REST: Duration = Duration::from_micros(20);

thread_local! {
    /// How many verifications this thread has decided since others had its core.
    static DECIDED: Cell<u32> = const { Cell::new(0) };
    static WAITS_SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// To be called before each verification. It costs a tenth of a microsecond for each turn if others want another one.
pub(super) fn verifications_give_way(askers: &Askers) {
    if !askers.want_a_core() {
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
