//! Work that goes behind everything else that wants the processor, on a thread of its own.

use std::thread;

use tokio::sync::oneshot;

use crate::failure::Failure;

/// About a tenth of the processor when others want it, too (sched(7), "The nice value").
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Does it, and waits for that without holding up anybody.
///
/// # Errors
/// When there is no thread to be had, or the work panicked.
pub(crate) async fn behind<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let (send, done) = oneshot::channel();
    // A new thread costs some microseconds, and its low priority, which it could not give back, ends with it.
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
        give_way();
        // Whoever asked may be gone.
        _ = send.send(work());
    });
    thread.map_err(Failure::broken)?;
    done.await.map_err(Failure::broken)
}

/// Lets other threads of the machine go first. Linux has a priority for each thread; elsewhere it is the process's, which
/// must not be lowered.
#[cfg(target_os = "linux")]
fn give_way() {
    // It is allowed to everybody; if it fails all the same, the work is only less polite.
    _ = rustix::process::nice(NICENESS);
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}
