//! Work that goes behind everything else that wants the processor, on threads of their own.
//!
//! Whatever nobody waits for belongs here: the journal of the counts, sweeping up, looking for what deserves an alert. (What
//! holds something that changes wait for does not, or they would wait for the processor, too: see
//! [`crate::db::pool::Store::spawn_in_turn`].) What somebody waits for that would take more than its share, hashing passwords,
//! goes behind even that for as long as it can.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, LazyLock, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::{Semaphore, oneshot},
    time,
};

use crate::failure::Failure;

/// About a tenth of the processor when others want it, too (sched(7), "The nice value").
const BEHIND: i32 = 10;
/// How long somebody waits for what only runs while nothing else wants the processor. Forty times of what a password takes,
/// so it is used up where less than a fortieth of the processor is left.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tasks that wait most of the time need one thread; what blocks gets threads as it comes.
static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).thread_name("behind").on_thread_start(give_way).enable_all().build()
});

/// Where such work is spawned. If the system has no threads to spare, it is done like any other.
pub(crate) fn threads() -> Handle {
    RUNTIME.as_ref().map_or_else(|_| Handle::current(), |runtime| runtime.handle().clone())
}

/// Does what would block, and waits for that without holding up anybody.
///
/// # Errors
/// When the work panicked.
pub(crate) async fn behind<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    threads().spawn_blocking(work).await.map_err(Failure::broken)
}

/// For what takes tens of milliseconds and somebody waits for: it is done after everything else.
///
/// A thread that has a share of the processor, however small, keeps it for up to four milliseconds once it has got it
/// (`CONFIG_HZ=250`), and verifications that come in then wait: beside fifty sign-ins that was a twentieth of the time. One
/// that only runs while nothing else wants to leaves at once. If nothing is left to it for long, the same is begun again with
/// a share: on a processor that is fully taken, somebody who wants to stop that has to be able to sign in.
///
/// A thread that is put aside for long must not hold what others need, and in the middle of a page fault it holds the
/// process's memory map: on a machine that was fully taken, threads that asked for memory were seen to wait for five seconds.
/// So these threads stay, each does its first piece of work with a share, and whatever memory the work fills should be kept
/// with the thread.
#[derive(Debug)]
pub(crate) struct Last {
    jobs: mpsc::Sender<Job>,
    /// As many as there are threads that have nothing to do.
    free: Arc<Semaphore>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Last {
    /// So many pieces of work may be waiting for a processor that is never left to them; the next ones get a share.
    pub(crate) fn new(threads: usize) -> Self {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        // Where the system has no thread to spare, there will be one less, or none: see `run`.
        let started = (0..threads).filter(|_| {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name("last".to_owned()).spawn(move || work_last(&queue)).is_ok()
        });
        let free = Arc::new(Semaphore::new(started.count()));
        Self { jobs, free }
    }

    /// Does `work`, perhaps twice.
    ///
    /// # Errors
    /// When there is no thread to be had, or the work panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Fn() -> T + Send + Sync + 'static,
    ) -> Result<T, Failure> {
        let work = Arc::new(work);
        let Some(mut last) = self.begin(Arc::clone(&work)) else {
            return with_a_share(work)?.await.map_err(Failure::broken);
        };
        if let Ok(done) = time::timeout(PATIENCE, &mut last).await {
            return done.map_err(Failure::broken);
        }
        let share = with_a_share(work)?;
        tokio::select! { done = last => done, done = share => done }.map_err(Failure::broken)
    }

    /// `None` when all threads are at work.
    fn begin<T: Send + 'static>(
        &self,
        work: Arc<impl Fn() -> T + Send + Sync + 'static>,
    ) -> Option<oneshot::Receiver<T>> {
        let free = Arc::clone(&self.free).try_acquire_owned().ok()?;
        let (send, done) = oneshot::channel();
        let job = move || {
            let _free = free;
            // Whoever asked may be gone.
            _ = send.send(work());
        };
        self.jobs.send(Box::new(job)).ok()?;
        Some(done)
    }
}

/// What each thread of [`Last`] does, until that is dropped.
fn work_last(queue: &Mutex<mpsc::Receiver<Job>>) {
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
    let work = || {
        if let Ok(job) = next() {
            // Whoever waits for it is told by the end of its channel; the thread is for the next one.
            _ = catch_unwind(AssertUnwindSafe(job));
            return true;
        }
        false
    };
    give_way();
    if work() {
        when_idle();
        while work() {}
    }
}

/// On a new thread, which costs some microseconds: its low priority, which it could not give back, ends with it.
fn with_a_share<T: Send + 'static>(
    work: Arc<impl Fn() -> T + Send + Sync + 'static>,
) -> Result<oneshot::Receiver<T>, Failure> {
    let (send, done) = oneshot::channel();
    let thread = thread::Builder::new().name("share".to_owned()).spawn(move || {
        give_way();
        _ = send.send(work());
    });
    thread.map_err(Failure::broken)?;
    Ok(done)
}

/// To be called every quarter of a millisecond or so of long work. Whoever waits for the processor gets it now, and not only
/// when the system next looks at its clock, which may be four milliseconds later: that is how long a verification would wait.
pub(crate) fn pause() {
    thread::yield_now();
}

/// Lets other threads of the machine go first. Linux has a priority for each thread; elsewhere it is the process's, which
/// must not be lowered. It could not be taken back, so these threads do nothing else. It is set and not added to: a thread
/// begins with that of the one that made it.
#[cfg(target_os = "linux")]
fn give_way() {
    // It is allowed to everybody; if it fails all the same, the work is only less polite.
    _ = rustix::process::setpriority_process(None, BEHIND);
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

/// Only runs while nothing else wants the processor (sched(7), "`SCHED_IDLE`").
#[cfg(target_os = "linux")]
fn when_idle() {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    };
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    // If it fails, there is the share.
    _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
}

#[cfg(not(target_os = "linux"))]
fn when_idle() {}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_gets_no_processor_is_begun_again() {
        // Who comes alone waits for ever.
        let both = Barrier::new(2);
        let done = Last::new(1).run(move || both.wait().is_leader()).await;
        assert!(done.is_ok());
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_and_the_next_is_done_all_the_same() {
        let last = Last::new(1);
        for _ in 0..2 {
            let done = last.run(|| panic!("on purpose")).await;
            assert!(matches!(done, Err::<(), _>(Failure::Broken(_))));
        }
        assert_eq!(last.run(|| 7).await.ok(), Some(7));
    }

    /// What `work` sees of the thread it is done on.
    #[cfg(target_os = "linux")]
    fn niceness() -> Option<i32> {
        rustix::process::getpriority_process(None).ok()
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn threads_that_such_threads_begin_are_no_lower() {
        let nested = behind(|| thread::spawn(|| (give_way(), niceness()).1).join().ok().flatten()).await;
        assert_eq!(nested.ok(), Some(Some(BEHIND)));
        assert_eq!(behind(niceness).await.ok(), Some(Some(BEHIND)));
    }
}
