//! Work that goes behind everything else that wants the processor, on threads of their own.
//!
//! Whatever nobody waits for belongs here: the journal of the counts, sweeping up, looking for what deserves an alert. (What
//! holds something that changes wait for does not, or they would wait for the processor, too: see
//! [`crate::db::pool::Store::spawn_in_turn`].) What somebody waits for that would take more than its share, hashing passwords,
//! goes behind even that.

use std::{sync::LazyLock, thread};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::oneshot,
};

use crate::failure::Failure;

/// About a tenth of the processor when others want it, too (sched(7), "The nice value").
const BEHIND: i32 = 10;
/// The last of all: about a seventieth.
const LAST: i32 = 19;

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

/// Does what would take tens of milliseconds, after everything else. The system gives the processor away for four of them
/// at once (`CONFIG_HZ=250`), and a verification waits for each, so it must not happen often while there is no processor
/// to spare.
///
/// # Errors
/// When there is no thread to be had, or the work panicked.
pub(crate) async fn last<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let (send, done) = oneshot::channel();
    // A new thread costs some microseconds, and its low priority, which it could not give back, ends with it.
    let thread = thread::Builder::new().name("last".to_owned()).spawn(move || {
        give_way(LAST);
        // Whoever asked may be gone.
        _ = send.send(work());
    });
    thread.map_err(Failure::broken)?;
    done.await.map_err(Failure::broken)
}

/// To be called every millisecond or so of long work. Whoever waits for the processor gets it now, and not only when the
/// system next looks at its clock, which may be four milliseconds later: that is how long a verification would wait.
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
