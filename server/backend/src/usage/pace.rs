//! Whoever writes much that nobody waits for rests in between, until somebody does wait.

use std::time::Duration;

use tokio::{sync::watch, time::timeout};

/// How many wait for all of it to be written.
#[derive(Debug, Default)]
pub(super) struct Pace(watch::Sender<usize>);

impl Pace {
    /// There is no rest as long as this is held.
    pub(super) fn hurry(&self) -> Hurry<'_> {
        self.0.send_modify(|waiting| *waiting += 1);
        Hurry(self)
    }

    /// Rests for so long, or until somebody waits.
    pub(super) async fn rest(&self, time: Duration) {
        // Whether the time is over or somebody waits: it goes on.
        _ = timeout(time, self.0.subscribe().wait_for(|waiting| *waiting > 0)).await;
    }
}

/// Somebody waits.
#[derive(Debug)]
pub(crate) struct Hurry<'p>(&'p Pace);

impl Drop for Hurry<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|waiting| *waiting -= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::{FutureExt as _, poll};

    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_rest_ends_when_somebody_waits() {
        let pace = Pace::default();
        let mut rest = pin!(pace.rest(LONG));
        assert!(poll!(&mut rest).is_pending(), "nobody waits yet");
        let _hurry = pace.hurry();
        rest.await;
    }

    #[tokio::test]
    async fn there_is_no_rest_while_somebody_waits() {
        let pace = Pace::default();
        let (one, other) = (pace.hurry(), pace.hurry());
        drop(one);
        assert_eq!(pace.rest(LONG).now_or_never(), Some(()));
        drop(other);
        assert_eq!(pace.rest(LONG).now_or_never(), None);
    }
}
