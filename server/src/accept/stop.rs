//! The end of the server, as its connections see it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{sync::watch, task::coop::unconstrained};

/// Tells all connections, and waits for them.
#[derive(Debug)]
pub(super) struct Stopper(watch::Sender<()>);

/// A connection holds one for as long as it lives.
pub(super) struct Stop {
    told: watch::Receiver<()>,
    coming: Pin<Box<dyn Future<Output = ()> + Send>>,
    waits: bool,
}

impl Stopper {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    pub(super) fn for_a_connection(&self) -> Stop {
        let told = self.0.subscribe();
        let mut coming = told.clone();
        // Without a budget: when that is spent, it would not have begun to wait.
        Stop { told, coming: Box::pin(unconstrained(async move { _ = coming.changed().await })), waits: false }
    }

    /// Tells them, and returns when they are gone.
    pub(super) async fn stop(self) {
        self.0.send_replace(());
        self.0.closed().await;
    }
}

impl Stop {
    /// Whether the connection should come to its end.
    pub(super) fn is_told(&self) -> bool {
        self.told.has_changed().unwrap_or(true)
    }

    /// Ready when it should. All calls must come from the same task: once it waits, it is woken, and to look is enough.
    /// (To wait anew after each request, all connections would take turns at one lock.)
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.waits && !self.is_told() {
            return Poll::Pending;
        }
        self.waits = true;
        self.coming.as_mut().poll(cx)
    }
}
