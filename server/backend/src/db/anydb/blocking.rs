//! Which threads SQLite's calls run on, as they block.

use std::{
    error::Error,
    future::ready,
    pin::Pin,
    task::{Context, Poll},
};

use diesel_async::sync_connection_wrapper::SpawnBlocking;
use futures_util::{FutureExt as _, TryFutureExt as _, future::BoxFuture};
use tokio::{
    runtime::Handle,
    task::{JoinError, JoinHandle},
};

use crate::db::turns::{give_way, may_block};

/// Threads of the runtime that asks, whichever has made the connection: what is done behind everything else
/// ([`crate::behind`]) stays there. And the thread that asks, if it may block: SQLite's calls take some microseconds, and to
/// hand each to another thread takes as long again; an operation makes twenty and more.
#[derive(Debug)]
pub(crate) struct Blocking;

impl SpawnBlocking for Blocking {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync + 'static>>> {
        if may_block() {
            give_way();
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
