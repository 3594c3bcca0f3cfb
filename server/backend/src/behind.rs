//! Work that goes behind everything else that wants the processor, on threads of their own.
//!
//! Whatever nobody waits for belongs here: counts on their way to the database, following the changes of others, sweeping
//! up, looking for what deserves an alert. So does what somebody waits for that would take more than its share: hashing
//! passwords.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::failure::Failure;

/// About a tenth of the processor when others want it, too (sched(7), "The nice value").
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

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

/// To be called every millisecond or so of long work. Whoever waits for the processor gets it now, and not only when the
/// system next looks at its clock, which may be four milliseconds later: that is how long a verification would wait.
pub(crate) fn pause() {
    std::thread::yield_now();
}

/// Lets other threads of the machine go first. Linux has a priority for each thread; elsewhere it is the process's, which
/// must not be lowered. It could not be taken back, so these threads do nothing else.
#[cfg(target_os = "linux")]
fn give_way() {
    // It is allowed to everybody; if it fails all the same, the work is only less polite.
    _ = rustix::process::nice(NICENESS);
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}
