//! How many of those who ask SQLite have a core at the same time.

use std::{
    num::NonZero,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// How long somebody waits for another one to be done. Most of what is asked takes less; whatever takes longer, such as
/// counting a million rows, does not keep everybody else waiting, but shares its core with them.
const PATIENCE: Duration = Duration::from_millis(5);

/// As many as may have one at the same time, for as long as nobody becomes impatient: as many as the machine has.
///
/// Changes come in crowds, and each of them would have a turn before verifications get the core again: eight made that half
/// a millisecond and more. One after the other, they are not done later on the whole, most of them earlier.
#[derive(Debug)]
pub(super) struct Cores {
    /// Below zero by those who became impatient.
    free: Mutex<isize>,
    freed: Condvar,
    patience: Duration,
}

impl Default for Cores {
    fn default() -> Self {
        let count = thread::available_parallelism().map_or(1, NonZero::get);
        Self::new(isize::try_from(count).unwrap_or(isize::MAX), PATIENCE)
    }
}

impl Cores {
    fn new(count: isize, patience: Duration) -> Self {
        Self { free: Mutex::new(count), freed: Condvar::new(), patience }
    }

    /// Blocks until there is one, though not for ever.
    pub(super) fn take(&self) -> Taken<'_> {
        self.wait();
        Taken(self)
    }

    /// Gives one that is taken to others for as long.
    pub(super) fn lend(&self) -> Lent<'_> {
        self.give_back();
        Lent(self)
    }

    fn wait(&self) {
        let waited = self.freed.wait_timeout_while(self.free(), self.patience, |free| *free <= 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
    }

    fn give_back(&self) {
        *self.free() += 1;
        self.freed.notify_one();
    }

    /// A number is whole whoever panicked.
    fn free(&self) -> MutexGuard<'_, isize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that somebody has.
#[must_use = "it is given back when this is dropped"]
pub(super) struct Taken<'a>(&'a Cores);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// One that somebody will have again.
#[must_use = "it is wanted back when this is dropped"]
pub(super) struct Lent<'a>(&'a Cores);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_taken_when_it_has_been_given_back() {
        let cores = Cores::new(1, Duration::from_secs(600));
        let said = Mutex::new(Vec::new());
        let say = |what| said.lock().expect("nobody panicked").push(what);
        let first = cores.take();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _second = cores.take();
                say("taken by the second");
            });
            say("given back by the first");
            drop(first);
        });
        assert_eq!(said.into_inner().expect("nobody panicked"), ["given back by the first", "taken by the second"]);
    }

    #[test]
    fn one_is_lent_while_its_owner_waits_for_something() {
        let cores = Cores::new(1, Duration::from_secs(600));
        let _first = cores.take();
        let lent = cores.lend();
        thread::scope(|scope| scope.spawn(|| drop(cores.take())).join().expect("nobody panicked"));
        drop(lent);
        assert_eq!(*cores.free(), 0, "it is the first one's again");
    }

    #[test]
    fn nobody_waits_for_ever() {
        let cores = Cores::new(1, Duration::ZERO);
        let both = (cores.take(), cores.take());
        assert_eq!(*cores.free(), -1);
        drop(both);
        assert_eq!(*cores.free(), 1);
    }
}
