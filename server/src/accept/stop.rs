//! The end of the server, as its connections see it.
//!
//! It comes in two steps. What was sent before a client could know of the end may still be in the system's hands: a
//! connection that waits to be taken, a request that nobody has read. So at the last call such things are still taken, and
//! answers say that they are the last of their connections; only after it are connections closed that wait for nothing.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{sync::watch, task::coop::unconstrained};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Open,
    LastCall,
    Closed,
}

/// Tells all connections, and waits for them.
#[derive(Debug)]
pub(super) struct Stopper {
    course: watch::Sender<Course>,
    /// Has seen nothing yet: to be copied for connections that come after the last call as well.
    told: watch::Receiver<Course>,
}

/// Whether the last call has been made.
#[derive(Debug, Clone)]
pub(super) struct LastCall(watch::Receiver<Course>);

/// A connection holds one for as long as it lives.
pub(super) struct Stop {
    last_call: LastCall,
    closing: Pin<Box<dyn Future<Output = ()> + Send>>,
    waits: bool,
}

impl Stopper {
    pub(super) fn new() -> Self {
        let (course, told) = watch::channel(Course::Open);
        Self { course, told }
    }

    pub(super) fn for_a_connection(&self) -> Stop {
        let mut closing = self.told.clone();
        let closing = async move { _ = closing.wait_for(|course| *course == Course::Closed).await };
        // Without a budget: when that is spent, it would not have begun to wait.
        Stop { last_call: LastCall(self.told.clone()), closing: Box::pin(unconstrained(closing)), waits: false }
    }

    /// Tells them that answers are the last ones.
    pub(super) fn last_call(&self) {
        self.course.send_replace(Course::LastCall);
    }

    /// Tells them that nothing more is begun, and returns when they are gone.
    pub(super) async fn close(self) {
        self.course.send_replace(Course::Closed);
        drop(self.told);
        self.course.closed().await;
    }
}

impl LastCall {
    pub(super) fn is_made(&self) -> bool {
        self.0.has_changed().unwrap_or(true)
    }
}

impl Stop {
    /// To ask at the end of each answer whether it is the connection's last one.
    pub(super) fn last_call(&self) -> &LastCall {
        &self.last_call
    }

    /// Ready when no request is begun any more. All calls must come from the same task: once it waits, it is woken, and to
    /// look is enough. (To wait anew after each request, all connections would take turns at one lock.)
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.waits && !self.last_call.is_made() {
            return Poll::Pending;
        }
        self.waits = true;
        self.closing.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn at_the_last_call_requests_are_begun_still_and_after_it_no_more() {
        let stopper = Stopper::new();
        let mut early = stopper.for_a_connection();
        assert!(!early.last_call().is_made());
        assert_eq!(poll_fn(|cx| early.poll(cx)).now_or_never(), None);

        stopper.last_call();
        let mut late = stopper.for_a_connection();
        for stop in [&mut early, &mut late] {
            assert!(stop.last_call().is_made());
            assert_eq!(poll_fn(|cx| stop.poll(cx)).now_or_never(), None);
        }

        let connections = async move {
            poll_fn(|cx| early.poll(cx)).await;
            poll_fn(|cx| late.poll(cx)).await;
        };
        tokio::join!(stopper.close(), connections);
    }
}
