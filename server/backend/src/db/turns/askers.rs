//! Who asks SQLite at this moment.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    task::{Context, Wake, Waker},
};

use super::cores::Cores;

/// How many threads ask SQLite at this moment, or could if they had a core. Those that wait for a connection, a password or
/// the next hour could do nothing with one: given away for them, it would go to whatever is of the lowest priority, and for
/// long.
#[derive(Debug, Default)]
pub(crate) struct Askers {
    count: AtomicUsize,
    pub(super) cores: Cores,
}

impl Askers {
    /// Whether there are any.
    pub(super) fn are_there(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Counts whoever does `work`, except while they wait.
    pub(crate) fn counting<T>(self: Arc<Self>, work: impl Future<Output = T>) -> impl Future<Output = T> {
        // From now on: what is not polled yet wants a core.
        let asker = Asker::begin(self);
        async move {
            let mut work = pin!(work);
            poll_fn(|context| {
                asker.0.begin_poll();
                let waker =
                    Waker::from(Arc::new(Wakes { asker: Arc::clone(&asker.0), waker: context.waker().clone() }));
                let poll = work.as_mut().poll(&mut Context::from_waker(&waker));
                asker.0.end_poll();
                poll
            })
            .await
        }
    }
}

/// One of them, until it is done or dropped.
struct Asker(Arc<Standing>);

impl Asker {
    fn begin(askers: Arc<Askers>) -> Self {
        let standing = Standing { askers, state: AtomicU8::new(Standing::WAITS) };
        standing.begin_poll();
        Self(Arc::new(standing))
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.0.become_of(|_| Some(Standing::IS_DONE));
    }
}

/// Whether an asker is counted.
struct Standing {
    askers: Arc<Askers>,
    state: AtomicU8,
}

impl Standing {
    const WAITS: u8 = 0;
    /// It is counted, as in the next one.
    const ASKS: u8 = 1;
    /// What it waits for has come while it was being polled: it goes on asking.
    const IS_WOKEN: u8 = 2;
    /// Some may hold its waker still.
    const IS_DONE: u8 = 3;

    fn begin_poll(&self) {
        self.become_of(|_| Some(Self::ASKS));
    }

    fn end_poll(&self) {
        self.become_of(|state| (state == Self::ASKS).then_some(Self::WAITS));
    }

    fn wake(&self) {
        self.become_of(|state| match state {
            Self::WAITS => Some(Self::ASKS),
            Self::ASKS => Some(Self::IS_WOKEN),
            _ => None,
        });
    }

    fn become_of(&self, next: impl Fn(u8) -> Option<u8>) {
        let is_counted = |state| matches!(state, Self::ASKS | Self::IS_WOKEN);
        let Ok(before) = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, &next) else { return };
        match (is_counted(before), next(before).is_some_and(is_counted)) {
            (false, true) => _ = self.askers.count.fetch_add(1, Ordering::Relaxed),
            (true, false) => _ = self.askers.count.fetch_sub(1, Ordering::Relaxed),
            _ => {}
        }
    }
}

/// The waker of an asker: whoever is woken wants a core, too.
struct Wakes {
    asker: Arc<Standing>,
    waker: Waker,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.asker.wake();
        self.waker.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn whoever_waits_is_not_counted() {
        let askers = Arc::new(Askers::default());
        let count = || askers.count.load(Ordering::Relaxed);
        let (send, receive) = oneshot::channel();
        let mut work = pin!(Arc::clone(&askers).counting(async { (receive.await, count()) }));
        assert_eq!(count(), 1, "before it had a core for the first time");
        assert!(futures_util::poll!(&mut work).is_pending());
        assert_eq!(count(), 0, "while it waits");
        send.send(()).expect("somebody who waits");
        assert_eq!(count(), 1, "once what it waits for is there");
        assert_eq!(work.await, (Ok(()), 1), "while it goes on");
        assert_eq!(count(), 0, "when it is done");
    }

    #[tokio::test]
    async fn whoever_gives_up_is_not_counted() {
        let askers = Arc::new(Askers::default());
        let count = || askers.count.load(Ordering::Relaxed);
        drop(Arc::clone(&askers).counting(async {}));
        assert_eq!(count(), 0, "before it began");
        let (send, mut receive) = oneshot::channel::<()>();
        let mut work = Box::pin(Arc::clone(&askers).counting(async { futures_util::poll!(&mut receive).is_pending() }));
        assert!(futures_util::poll!(&mut work).is_ready());
        drop(work);
        drop(send);
        assert_eq!(count(), 0, "although it is woken when it is gone");
    }

    #[tokio::test]
    async fn whoever_is_woken_while_it_asks_goes_on() {
        let askers = Arc::new(Askers::default());
        let mut work = pin!(Arc::clone(&askers).counting(poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        })));
        assert!(futures_util::poll!(&mut work).is_pending());
        assert_eq!(askers.count.load(Ordering::Relaxed), 1);
    }
}
