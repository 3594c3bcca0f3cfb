//! The threads that ask SQLite.

#![expect(clippy::indexing_slicing, reason = "a thread has the place that was made for it")]

use std::{
    cell::Cell,
    collections::VecDeque,
    io, mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use async_task::{Builder, Runnable};
use tokio::runtime::Handle;

/// How long a thread keeps a core before verifications are next: some calls. Verifications go through much of the memory,
/// so each turn begins with what they have left in the processor's caches: with half as long ones on both sides, a core
/// that is fully taken did 171 changes a second and not 277.
const TURN: Duration = Duration::from_micros(200);
/// How long a thread may take before others go on without waiting for it, which is noticed after twice as long at the latest.
/// Most of what is asked takes less; whatever takes longer, such as counting a million rows, shares its core with the others.
const PATIENCE: Duration = Duration::from_millis(5);

/// Threads that ask SQLite. Not more of them than there are cores are at work at the same time, unless one takes long; and
/// what comes next is done by the thread that has just been at work.
///
/// A commit, which waits for the disk, keeps its place as well. Giving it to another thread meanwhile would make two claims
/// of each change, and with a disk that takes long the others go on after [`PATIENCE`] anyway.
///
/// A thread for each task would be simpler. But for Linux each of them has a claim to the core, which a thread that has used
/// it for long, as those that verify have, loses against: eight changes at once made verifications wait for eight turns.
#[derive(Debug)]
pub(crate) struct Askers(Arc<Shared>);

impl Askers {
    /// Begins `threads` of them, which are in `runtime` as if they were its own.
    ///
    /// # Errors
    /// When the system has no threads to spare.
    pub(crate) fn begin(threads: usize, runtime: &Handle) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::with(threads, cores, PATIENCE, runtime)
    }

    fn with(threads: usize, cores: usize, patience: Duration, runtime: &Handle) -> io::Result<Self> {
        let queue = Queue { cores, does: vec![Does::Rests; threads], ..Queue::default() };
        // From here on, those that have begun end when the others could not.
        let askers = Self(Arc::new(Shared { queue: Mutex::new(queue), patience, wanting: AtomicUsize::new(0) }));
        for at in 0..threads {
            let (shared, runtime) = (Arc::clone(&askers.0), runtime.clone());
            thread::Builder::new().name("asks".to_owned()).spawn(move || {
                let _runtime = runtime.enter();
                begin_turn();
                shared.work(at);
            })?;
        }
        Ok(askers)
    }

    /// Begins `work`, which may block for as long as SQLite takes. It has to hold whatever holds these threads, or they may
    /// end before it does.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let shared = Arc::clone(&self.0);
        // Otherwise a panic would end a thread that still has its place.
        let (first, task) =
            Builder::new().propagate_panic(true).spawn(|()| work, move |runnable| shared.push(runnable));
        task.detach();
        first.schedule();
    }

    /// Whether there is anything that asks, or would if it had a core.
    pub(super) fn want_a_core(&self) -> bool {
        self.0.wanting.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Askers {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.is_over = true;
        let never = mem::take(&mut queue.ready);
        queue.resting.drain(..).for_each(|(_, thread)| thread.unpark());
        drop(queue);
        // What is dropped with them may be anything.
        drop(never);
    }
}

thread_local! {
    /// When this thread began its turn, if it is one of those that ask SQLite.
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Whether this thread is one of those that ask SQLite.
pub(crate) fn may_block() -> bool {
    BEGAN.get().is_some()
}

/// To be called by such a thread between one call of SQLite and the next.
///
/// Linux may let it go on at once, if it has had less than its share of the core. To sleep instead, for the shortest time
/// there is (55 µs) after half as long a turn, gives the core away for certain: changes took 4 ms and not 10, but
/// verifications kept half of their speed and not three quarters, and their p99 was 1.3 times that of a server left alone
/// and not 0.9 (one core, 300 changes a second, 12 alternating rounds). Nor did it help that whoever verifies waits, asleep,
/// until the core is given back: in five of six rounds it was without it for more than 0.6 ms 62 to 180 times a second, and
/// not 12 to 30.
pub(crate) fn give_way() {
    if BEGAN.get().is_some_and(|began| began.elapsed() >= TURN) {
        thread::yield_now();
        begin_turn();
    }
}

fn begin_turn() {
    BEGAN.set(Some(Instant::now()));
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    patience: Duration,
    /// How many are ready or at work.
    wanting: AtomicUsize,
}

impl Shared {
    fn push(&self, task: Runnable) {
        self.wanting.fetch_add(1, Ordering::Relaxed);
        let mut queue = self.queue();
        if queue.is_over {
            drop(queue);
            return drop(task);
        }
        queue.ready.push_back(task);
        let another = queue.wake_another();
        drop(queue);
        another.as_ref().map(Thread::unpark);
    }

    /// What a thread does, to the end of all.
    fn work(&self, at: usize) {
        let mut queue = self.queue();
        while !queue.is_over {
            let next = queue.next(at);
            let another = queue.wake_another();
            drop(queue);
            another.as_ref().map(Thread::unpark);
            match next {
                Next::Work(task) => {
                    task.run();
                    self.wanting.fetch_sub(1, Ordering::Relaxed);
                    queue = self.queue();
                }
                Next::Watch => {
                    thread::park_timeout(self.patience);
                    begin_turn();
                    queue = self.queue();
                    queue.set_aside_what_takes_longer_than(self.patience);
                }
                Next::Rest => {
                    thread::park();
                    // Waiting was no work.
                    begin_turn();
                    queue = self.queue();
                }
            }
        }
    }

    /// Nothing that could panic is done while it is locked.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a thread has to do next.
enum Next {
    Work(Runnable),
    Watch,
    Rest,
}

/// What a thread does.
#[derive(Debug, Clone, Copy)]
enum Does {
    Rests,
    IsWoken,
    Works {
        since: Instant,
    },
    /// It works, and others have its core as well.
    WorksForLong,
    /// It looks whether any of the others works for long.
    Watches,
}

#[derive(Debug, Default)]
struct Queue {
    ready: VecDeque<Runnable>,
    /// How many may work, but for those that do for long.
    cores: usize,
    does: Vec<Does>,
    /// The one that has worked last is at the end.
    resting: Vec<(usize, Thread)>,
    is_over: bool,
}

impl Queue {
    /// What the thread in this place has to do.
    fn next(&mut self, at: usize) -> Next {
        // It may have been woken by somebody else than us.
        self.resting.retain(|(resting, _)| *resting != at);
        let did = mem::replace(&mut self.does[at], Does::Rests);
        if self.has_a_core()
            && let Some(task) = self.ready.pop_front()
        {
            self.does[at] = Does::Works { since: Instant::now() };
            Next::Work(task)
        } else if !self.ready.is_empty() && !self.is_watched() {
            self.does[at] = Does::Watches;
            Next::Watch
        } else {
            // To look after others is no work.
            let place = if matches!(did, Does::Watches) { 0 } else { self.resting.len() };
            self.resting.insert(place, (at, thread::current()));
            Next::Rest
        }
    }

    /// A thread to be woken, if there is something to do for one.
    fn wake_another(&mut self) -> Option<Thread> {
        if self.ready.is_empty() {
            return None;
        }
        let ((at, thread), does) = if self.has_a_core() {
            (self.resting.pop()?, Does::IsWoken)
        } else if self.is_watched() || self.resting.is_empty() {
            return None;
        } else {
            (self.resting.remove(0), Does::Watches)
        };
        self.does[at] = does;
        Some(thread)
    }

    fn set_aside_what_takes_longer_than(&mut self, patience: Duration) {
        for does in &mut self.does {
            if matches!(does, Does::Works { since } if since.elapsed() >= patience) {
                *does = Does::WorksForLong;
            }
        }
    }

    fn has_a_core(&self) -> bool {
        self.does.iter().filter(|does| matches!(does, Does::IsWoken | Does::Works { .. })).count() < self.cores
    }

    fn is_watched(&self) -> bool {
        self.does.iter().any(|does| matches!(does, Does::Watches))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::sync::oneshot;

    use super::*;

    /// What is not done before has not been done because of it.
    const FOR_EVER: Duration = Duration::from_secs(600);

    fn askers(threads: usize, cores: usize, patience: Duration) -> Askers {
        Askers::with(threads, cores, patience, &Handle::current()).expect("threads")
    }

    #[tokio::test]
    async fn on_one_core_one_is_done_after_the_other_by_the_same_thread() {
        let askers = askers(6, 1, FOR_EVER);
        let (send, receive) = mpsc::channel();
        let (go_on, gate) = oneshot::channel::<()>();
        let (begin, begun) = mpsc::channel();
        askers.spawn(async move {
            _ = begin.send(());
            _ = gate.blocking_recv();
        });
        begun.recv().expect("it has begun");
        for number in 0..100 {
            let send = send.clone();
            askers.spawn(async move { _ = send.send((number, thread::current().id())) });
        }
        drop(send);
        assert!(receive.try_recv().is_err(), "the core is taken");
        go_on.send(()).expect("it waits");
        let done: Vec<_> = receive.iter().collect();
        assert_eq!(done.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
        assert!(done.iter().all(|(_, thread)| *thread == done[0].1));
    }

    /// Two tasks, of which the first one blocks until the second one is done.
    fn assert_that_one_may_wait_for_the_next(askers: &Askers) {
        let (send, receive) = mpsc::channel();
        let (answer, answered) = mpsc::channel();
        askers.spawn(async move { _ = answer.send(receive.recv()) });
        askers.spawn(async move { _ = send.send(()) });
        assert_eq!(answered.recv(), Ok(Ok(())), "one after the other, the first would wait for ever");
    }

    #[tokio::test]
    async fn on_two_cores_two_are_done_at_once() {
        assert_that_one_may_wait_for_the_next(&askers(6, 2, FOR_EVER));
    }

    #[tokio::test]
    async fn what_takes_long_is_not_waited_for() {
        assert_that_one_may_wait_for_the_next(&askers(3, 1, Duration::ZERO));
    }

    #[tokio::test]
    async fn whoever_has_worked_last_is_next() {
        let askers = askers(6, 1, FOR_EVER);
        let until_all_rest = || {
            while askers.0.queue().resting.len() < 6 {
                thread::yield_now();
            }
        };
        until_all_rest();
        let mut threads = Vec::new();
        for _ in 0..50 {
            let (send, receive) = mpsc::channel();
            askers.spawn(async move { _ = send.send(thread::current().id()) });
            threads.push(receive.recv().expect("an answer"));
            until_all_rest();
        }
        assert!(threads.iter().all(|thread| *thread == threads[0]));
    }

    #[tokio::test]
    async fn a_panic_is_that_tasks_own() {
        let askers = askers(1, 1, FOR_EVER);
        let (send, receive) = mpsc::channel();
        askers.spawn(async { panic!("on purpose") });
        askers.spawn(async move { _ = send.send(()) });
        assert_eq!(receive.recv(), Ok(()));
    }

    #[tokio::test]
    async fn only_what_waits_for_nothing_but_a_core_wants_one() {
        let askers = askers(2, 1, FOR_EVER);
        let (said, says) = mpsc::channel();
        let (begin, begun) = oneshot::channel::<()>();
        let (go_on, gate) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel::<()>();
        askers.spawn(async move {
            _ = begun.blocking_recv();
            _ = said.send("begun");
            _ = gate.await;
            _ = said.send("going on");
            _ = ended.blocking_recv();
        });
        assert!(askers.want_a_core(), "while it is at work");
        begin.send(()).expect("it waits");
        assert_eq!(says.recv(), Ok("begun"));
        while askers.want_a_core() {
            thread::yield_now();
        }
        go_on.send(()).expect("it waits");
        assert!(askers.want_a_core(), "from the moment on that it could go on");
        assert_eq!(says.recv(), Ok("going on"));
        assert!(askers.want_a_core());
        drop(end);
        while askers.want_a_core() {
            thread::yield_now();
        }
    }

    #[tokio::test]
    async fn what_waits_when_they_end_is_dropped() {
        let askers = askers(1, 1, FOR_EVER);
        let (begin, begun) = mpsc::channel();
        let (go_on, gate) = mpsc::channel::<()>();
        let (held, dropped) = oneshot::channel::<()>();
        askers.spawn(async move {
            _ = begin.send(());
            _ = gate.recv();
        });
        begun.recv().expect("it has begun");
        askers.spawn(async move { drop(held) });
        drop(askers);
        assert!(dropped.await.is_err());
        drop(go_on);
    }
}
