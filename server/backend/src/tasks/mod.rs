//! What goes on in the background: writing usage and refused attempts, following the change log, sweeping up.

use std::time::Duration;

use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{
    Backend,
    authn::session::IDLE_SECONDS,
    behind,
    db::{
        anydb::Moment,
        schema::{answered_requests, index_changes, mails, sessions},
    },
    failure::Failure,
    repeat, usage,
};

/// How often usage goes from memory to its journal, and from there to the database. A crash loses at most this much of it.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// How often SQLite's log is moved into its file.
const TIDY_EVERY: Duration = Duration::from_secs(1);
/// How often the change log is looked at for the changes of other processes.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
/// How often ended sessions, old changes and old answers are deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// How often recent requests are looked at for alerts, and how often the plans and the calendar are: the latter means
/// every key that is old.
const WATCH_REQUESTS_EVERY: Duration = Duration::from_secs(2);
const WATCH_PLANS_EVERY: Duration = Duration::from_secs(30);
const WATCH_DATES_EVERY: Duration = Duration::from_secs(3_600);
/// A change is of no use once every process has applied it; one that was away for longer than this loads anew anyway.
const KEEP_CHANGES_DAYS: i64 = 7;

/// For how long a mail that was sent, or could not be, is kept for whoever looks into it.
const KEEP_MAILS_DAYS: i64 = 30;

/// The background tasks of a running server. They end when this is dropped.
#[derive(Debug)]
pub struct Tasks {
    stop: DropGuard,
    running: TaskTracker,
    backend: Backend,
}

impl Backend {
    /// Starts the background tasks. Call [`Tasks::stop`] before the process ends, or the last second of usage is lost.
    #[must_use]
    pub fn start_tasks(&self) -> Tasks {
        let (stop, running) = (CancellationToken::new(), TaskTracker::new());
        let spawn = |what: &'static str, every: Duration, place: Place, work: Work| {
            let (stop, tracker, backend) = (stop.clone(), running.clone(), self.clone());
            let task = async move {
                let mut ticks = tokio::time::interval(every);
                ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                let mut failing = false;
                loop {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        _ = ticks.tick() => {}
                    }
                    // One line when it starts to fail and one when it works again, not one each time.
                    let work = work(backend.clone());
                    let worked = match place {
                        Place::Behind => tracker.spawn_on(work, &behind::threads()).await.map_err(Failure::broken),
                        Place::InTurn => backend.inner.store.spawn_in_turn(&tracker, work).await,
                    };
                    match worked.flatten() {
                        Ok(()) if failing => tracing::info!(task = what, "works again"),
                        Err(cause) if !failing => tracing::error!(task = what, %cause, "fails, and is tried again"),
                        _ => {
                            continue;
                        }
                    }
                    failing = !failing;
                }
            };
            // They wait most of the time. And a thread that they begin has the priority of theirs.
            running.spawn(task);
        };
        spawn("usage", FLUSH_EVERY, Place::Behind, |backend| Box::pin(async move { backend.keep_usage().await }));
        // On its own: while the database is away or slow, the journal goes on.
        spawn("usage to the database", FLUSH_EVERY, Place::InTurn, |backend| {
            Box::pin(async move { backend.write_usage(false).await })
        });
        spawn("tidy", TIDY_EVERY, Place::Behind, |backend| Box::pin(async move { backend.inner.store.tidy().await }));
        spawn("attempts", FLUSH_EVERY, Place::InTurn, |backend| {
            Box::pin(async move { backend.flush_attempts().await })
        });
        spawn("follow", FOLLOW_EVERY, Place::InTurn, |backend| {
            Box::pin(async move { backend.inner.applier.catch_up().await })
        });
        spawn("sweep", SWEEP_EVERY, Place::Behind, |backend| Box::pin(async move { backend.sweep().await }));
        spawn("alerts", WATCH_REQUESTS_EVERY, Place::Behind, |backend| {
            Box::pin(async move { backend.watch_requests().await })
        });
        spawn("plans", WATCH_PLANS_EVERY, Place::Behind, |backend| {
            Box::pin(async move { backend.watch_plans().await })
        });
        spawn("dates", WATCH_DATES_EVERY, Place::Behind, |backend| {
            Box::pin(async move { backend.watch_dates().await })
        });
        let (stopped, backend) = (stop.clone(), self.clone());
        running.spawn(async move {
            loop {
                // As with a mail.
                if let Err(cause) = backend.deliver_webhooks().await {
                    tracing::error!(task = "webhooks", %cause, "fails, and is tried again");
                }
                tokio::select! {
                    () = stopped.cancelled() => return,
                    () = backend.inner.sender.something_to_do() => {}
                }
            }
        });
        let (stopped, backend) = (stop.clone(), self.clone());
        running.spawn(async move {
            loop {
                // A mail under way is finished: its answer would be lost, and it would be sent a second time.
                if let Err(cause) = backend.deliver_mail().await {
                    tracing::error!(task = "mail", %cause, "fails, and is tried again");
                }
                tokio::select! {
                    () = stopped.cancelled() => return,
                    () = backend.inner.mailer.something_to_do() => {}
                }
            }
        });
        running.close();
        Tasks { stop: stop.drop_guard(), running, backend: self.clone() }
    }

    async fn keep_usage(&self) -> Result<(), Failure> {
        self.inner.usage.keep(&self.inner.keyring, self.now()).await
    }

    /// Writes all that verifications have left behind so far.
    ///
    /// # Errors
    /// When the database does not take it; nothing is lost by that.
    pub async fn flush_usage(&self) -> Result<(), Failure> {
        let kept = self.keep_usage().await;
        self.write_usage(true).await.and(kept)
    }

    async fn write_usage(&self, all: bool) -> Result<(), Failure> {
        self.inner.usage.write(self, self.now(), all).await
    }

    /// Deletes what is too old for anybody to ask about: ended sessions, sent mails, remembered requests and the like.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn sweep(&self) -> Result<(), Failure> {
        let now = self.now();
        let mut connection = self.inner.store.write().await?;
        diesel::delete(sessions::table.filter(sessions::expires_at.le(Moment(now)))).execute(&mut connection).await?;
        let idle_since = Moment(now.plus_seconds(-IDLE_SECONDS));
        diesel::delete(sessions::table.filter(sessions::last_seen_at.le(idle_since))).execute(&mut connection).await?;
        let old = Moment(now.plus_days(-KEEP_CHANGES_DAYS));
        let done = Moment(now.plus_days(-KEEP_MAILS_DAYS));
        diesel::delete(mails::table.filter(mails::status.ne("queued")).filter(mails::created_at.lt(done)))
            .execute(&mut connection)
            .await?;
        let forgotten = Moment(repeat::since(now));
        diesel::delete(answered_requests::table.filter(answered_requests::created_at.le(forgotten)))
            .execute(&mut connection)
            .await?;
        diesel::delete(index_changes::table.filter(index_changes::at.lt(old))).execute(&mut connection).await?;
        self.sweep_alerts(&mut connection, now).await?;
        drop(connection);
        usage::sweep(&self.inner.store, now).await
    }
}

/// Where something is done.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// After everything else.
    Behind,
    /// Beside the changes, which wait for what it holds much of the time: the connection that writes, or the index.
    InTurn,
}

type Work = fn(Backend) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

impl Tasks {
    /// Stops the tasks and writes what is left. The caller has stopped taking requests.
    pub async fn stop(self) {
        let Self { stop, running, backend } = self;
        drop(stop);
        let hurry = backend.inner.usage.hurry();
        running.wait().await;
        drop(hurry);
        if let Err(cause) = backend.flush_usage().await {
            tracing::error!(%cause, "the last usage could not be written");
        }
        if let Err(cause) = backend.flush_all_attempts().await {
            tracing::error!(%cause, "the last refused attempts could not be written");
        }
    }
}
