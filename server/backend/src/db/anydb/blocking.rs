//! Which threads SQLite's calls run on, as they block.

use std::{
    error::Error,
    future::{poll_fn, ready},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use diesel_async::sync_connection_wrapper::SpawnBlocking;
use futures_util::{FutureExt as _, TryFutureExt as _, future::BoxFuture};
use tokio::{
    runtime::Handle,
    task::{JoinError, JoinHandle},
    task_local,
};

use crate::db::turns::Turn;

/// Threads of the runtime that asks, whichever has made the connection: what is done behind everything else
/// ([`crate::behind`]) stays there. And the thread that asks, if it may block ([`block_on`]).
#[derive(Debug)]
pub(crate) struct Blocking;

task_local! {
    /// Set while this thread may block.
    static MAY_BLOCK: Turn;
}

/// Does all of `work` on this thread, which may block. SQLite's calls take some microseconds, and to hand each to another
/// thread takes as long again: an operation makes twenty and more.
pub(crate) fn block_on<F: Future>(runtime: &Handle, turn: Turn, work: F) -> F::Output {
    MAY_BLOCK.sync_scope(turn, || {
        let mut work = pin!(work);
        runtime.block_on(poll_fn(|context| MAY_BLOCK.with(|turn| turn.poll(work.as_mut(), context))))
    })
}

/// Does what waits for the disk. If this thread may block, others that do have its core meanwhile.
pub(crate) fn on_disk<T>(work: impl FnOnce() -> T) -> T {
    if MAY_BLOCK.try_with(|_| ()).is_ok() { MAY_BLOCK.with(|turn| turn.aside(work)) } else { work() }
}

impl SpawnBlocking for Blocking {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync + 'static>>> {
        if MAY_BLOCK.try_with(Turn::give_way).is_ok() {
            return ready(Ok(task())).boxed();
        }
        let runtime = Handle::current();
        Finishing { call: runtime.spawn_blocking(task), runtime }.map_err(Box::from).boxed()
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// A call that is over before its connection goes to somebody else, even if whoever asked is gone.
struct Finishing<R> {
    call: JoinHandle<R>,
    runtime: Handle,
}

impl<R> Future for Finishing<R> {
    type Output = Result<R, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.get_mut().call).poll(context)
    }
}

impl<R> Drop for Finishing<R> {
    fn drop(&mut self) {
        if !self.call.is_finished() {
            // The answer is of no use to anybody.
            tokio::task::block_in_place(|| _ = self.runtime.block_on(&mut self.call));
        }
    }
}
