//! Threads that have to share a core take turns.
//!
//! Verifications are decided by the runtime's threads, one for each core, and whatever asks SQLite has a thread of its own
//! ([`super::pool::Store::spawn`]). When all cores are busy, the system lets whoever runs go on until it next looks at its
//! clock, 250 times a second (`CONFIG_HZ=250`), and all that arrives meanwhile waits. So both sides give way by themselves,
//! after a fraction of a millisecond.
//!
//! A lower priority for one side is no way to that: a change that gets little of the processor holds the one connection
//! that writes for as long, and all other changes wait for it.

use std::{
    cell::Cell,
    thread,
    time::{Duration, Instant},
};

/// How long whoever asks SQLite keeps a core: some of its calls.
const TURN: Duration = Duration::from_micros(150);
/// How many verifications make a turn of about the same length, or somewhat more.
const VERIFICATIONS: u32 = 32;

/// When the turn of a thread that asks SQLite began.
#[derive(Debug)]
pub(crate) struct Turn(Cell<Instant>);

impl Turn {
    pub(crate) fn begin() -> Self {
        Self(Cell::new(Instant::now()))
    }

    /// To be called between one call of SQLite and the next.
    pub(crate) fn give_way(&self) {
        if self.0.get().elapsed() >= TURN {
            thread::yield_now();
            self.0.set(Instant::now());
        }
    }
}

/// To be called before each verification while others want a core, too. It costs a tenth of a microsecond for each turn if
/// they want another one.
pub(super) fn verifications_give_way() {
    thread_local! {
        static DECIDED: Cell<u32> = const { Cell::new(0) };
    }
    DECIDED.set((DECIDED.get() + 1) % VERIFICATIONS);
    if DECIDED.get() == 0 {
        thread::yield_now();
    }
}
