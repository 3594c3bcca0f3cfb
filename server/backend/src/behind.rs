//! Work that goes behind everything else that wants the processor, on threads of their own.
//!
//! Whatever nobody waits for belongs here: the journal of the counts, sweeping up, looking for what deserves an alert. (What
//! holds something that changes wait for does not, or they would wait for the processor, too: see
//! [`crate::db::pool::Store::spawn_in_turn`].) What somebody waits for that would take more than its share, hashing passwords,
//! goes behind even that.

use std::{
    sync::{Arc, LazyLock},
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
/// The least that is a share: about a seventieth.
const LAST: i32 = 19;
/// How long somebody waits for what only runs while nothing else wants the processor. Forty times of what a password takes,
/// so it is used up where less than a fortieth of the processor is left.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many threads may be waiting for a processor that is never left to them.
const WAITING: usize = 2;

/// Tasks that wait most of the time need one thread; what blocks gets threads as it comes.
static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("behind")
        .on_thread_start(|| give_way(BEHIND))
        .enable_all()
        .build()
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
#[derive(Debug, Clone)]
pub(crate) struct Last {
    waiting: Arc<Semaphore>,
}

impl Default for Last {
    fn default() -> Self {
        Self { waiting: Arc::new(Semaphore::new(WAITING)) }
    }
}

impl Last {
    /// Does `work`, perhaps twice.
    ///
    /// # Errors
    /// When there is no thread to be had, or the work panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Fn() -> T + Send + Sync + 'static,
    ) -> Result<T, Failure> {
        let work = Arc::new(work);
        let Ok(waiting) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return on_a_thread(|| give_way(LAST), move || work())?.await.map_err(Failure::broken);
        };
        let patient = Arc::clone(&work);
        let mut idle = on_a_thread(when_idle, move || {
            let _waiting = waiting;
            patient()
        })?;
        if let Ok(done) = time::timeout(PATIENCE, &mut idle).await {
            return done.map_err(Failure::broken);
        }
        let share = on_a_thread(|| give_way(LAST), move || work())?;
        tokio::select! { done = idle => done, done = share => done }.map_err(Failure::broken)
    }
}

/// On a new thread, which costs some microseconds: its low priority, which it could not give back, ends with it.
fn on_a_thread<T: Send + 'static>(
    give_way: impl FnOnce() + Send + 'static,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<oneshot::Receiver<T>, Failure> {
    let (send, done) = oneshot::channel();
    let thread = thread::Builder::new().name("last".to_owned()).spawn(move || {
        give_way();
        // Whoever asked may be gone.
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
/// must not be lowered. It could not be taken back, so these threads do nothing else.
#[cfg(target_os = "linux")]
fn give_way(niceness: i32) {
    // It is allowed to everybody; if it fails all the same, the work is only less polite.
    _ = rustix::process::nice(niceness);
}

#[cfg(not(target_os = "linux"))]
fn give_way(_niceness: i32) {}

/// Only runs while nothing else wants the processor (sched(7), "`SCHED_IDLE`").
#[cfg(target_os = "linux")]
fn when_idle() {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    };
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    if set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy).is_err() {
        give_way(LAST);
    }
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
        let done = Last::default().run(move || both.wait().is_leader()).await;
        assert!(done.is_ok());
    }

    #[tokio::test]
    async fn a_panic_is_a_failure() {
        let done = Last::default().run(|| panic!("on purpose")).await;
        assert!(matches!(done, Err::<(), _>(Failure::Broken(_))));
    }
}
