//! Every rule and all data: who may do what, what a key is, whether a request is allowed.
//!
//! Serves no HTTP and knows no pages. Whoever calls it brings a [`context::RequestInfo`], gets a [`context::Context`],
//! asks that for a [`authz::Permit`], and hands the permit to an operation of [`Backend`].

mod alerts;
pub mod audit;
pub mod authn;
pub mod authz;
mod behind;
pub mod calendar;
pub mod clock;
pub mod context;
mod db;
pub mod demo;
pub mod expected;
mod failure;
pub mod geo;
pub mod keyring;
mod load;
pub mod mail;
pub mod ops;
pub mod plan;
mod random;
pub mod repeat;
pub mod slice;
mod tasks;
#[cfg(test)]
mod test_support;
mod usage;
mod vitals;
pub mod webhook;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use shared::{Timestamp, verify::Refusal};
use tokio_util::task::TaskTracker;

pub use self::db::turns::{thread_goes_on, thread_waits};
pub use self::failure::Failure;
pub use self::usage::UsageLag;
pub use self::vitals::Vitals;
use self::{
    audit::{AuditEvent, attempts::Attempts},
    authn::{password::Passwords, session::CookiePolicy, throttle::Throttle},
    clock::Clock,
    context::{Anonymous, RequestInfo},
    db::{
        pool::Store,
        tx::{Committed, WriteTx},
    },
    keyring::{Keyring, Question, Verdict, applier::Applier, pepper::Peppers, secret::WellFormed},
    mail::{MailSettings, Mailer},
    plan::Plans,
    usage::Usage,
    webhook::{Sender, WebhookSettings},
};

/// Who may make an account without an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpMode {
    /// The very first person, who becomes the Owner.
    First,
    /// Anybody.
    Open,
    /// Nobody.
    Closed,
}

/// What the backend has to be told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `postgres://…`, or the path of the SQLite file.
    pub database_url: String,
    /// Where the peppers are; made on the first start.
    pub pepper_file: PathBuf,
    /// A folder for what verifications have left behind and the database does not have yet. Servers may share it.
    pub usage_dir: PathBuf,
    /// Who may make an account.
    pub sign_up: SignUpMode,
    /// Whether people reach us by https.
    pub secure_cookies: bool,
    /// The plans, and which one a new organization gets.
    pub plans: Plans,
    /// How mail leaves.
    pub mail: MailSettings,
    /// How messages to webhooks leave.
    pub webhooks: WebhookSettings,
    /// The clock; only tests set it.
    pub clock: Clock,
}

/// The whole backend. Cheap to clone.
#[derive(Clone)]
pub struct Backend {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    keyring: Arc<Keyring>,
    usage: Usage,
    applier: Applier,
    is_ready: AtomicBool,
    passwords: Passwords,
    throttle: Throttle,
    attempts: Attempts,
    mailer: Mailer,
    sender: Sender,
    plans: Plans,
    sign_up: SignUpMode,
    cookie: CookiePolicy,
    clock: Clock,
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backend").field("keyring", &self.inner.keyring).finish_non_exhaustive()
    }
}

impl Backend {
    /// Opens the database, brings its tables up to date and loads the index. When this returns, verification works.
    ///
    /// # Errors
    /// A sentence for whoever starts the server.
    pub async fn open(settings: Settings) -> Result<Self, Failure> {
        let this = Self::connect(settings).await?;
        this.load().await?;
        Ok(this)
    }

    /// Opens the database and brings its tables up to date. Nothing but [`Self::load`] may be asked of it before that
    /// is done: it would say that there are no keys.
    ///
    /// # Errors
    /// A sentence for whoever starts the server.
    pub async fn connect(settings: Settings) -> Result<Self, Failure> {
        let Settings { database_url, pepper_file, usage_dir, sign_up, secure_cookies, plans, mail, webhooks, clock } =
            settings;
        let mailer = Mailer::new(mail)?;
        let store = Store::open(&database_url).await?;
        let peppers = Peppers::open(&pepper_file, &store).await?;
        let usage = Usage::open(&usage_dir, clock.now())?;
        let keyring = Arc::new(Keyring::new(peppers));
        let applier = Applier::new(store.clone(), Arc::clone(&keyring), plans.clone(), clock.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                keyring,
                usage,
                applier,
                is_ready: AtomicBool::new(false),
                passwords: Passwords::default(),
                throttle: Throttle::default(),
                attempts: Attempts::default(),
                mailer,
                sender: Sender::new(webhooks),
                plans,
                sign_up,
                cookie: CookiePolicy { secure: secure_cookies },
                clock,
            }),
        })
    }

    /// Loads every key into memory. From then on [`Self::is_ready`].
    ///
    /// # Errors
    /// A sentence for whoever starts the server.
    pub async fn load(&self) -> Result<(), Failure> {
        let Inner { store, keyring, usage, applier, is_ready, .. } = &*self.inner;
        applier.load_all().await?;
        usage.recover(keyring, store).await?;
        is_ready.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether verification works: it does not before the index is loaded.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.inner.is_ready.load(Ordering::Acquire)
    }

    /// How many keys are in memory, and how many there are in all, as far as that is known. For whoever waits for
    /// [`Self::is_ready`].
    #[must_use]
    pub fn loaded(&self) -> (u64, u64) {
        self.inner.applier.progress()
    }

    /// Whoever sent a request, with the session token among its cookies, if there is one.
    pub fn visitor<'c>(&self, request: RequestInfo, cookies: impl Iterator<Item = (&'c str, &'c str)>) -> Anonymous {
        let name = self.inner.cookie.name();
        let token = cookies
            .filter(|(cookie, _)| *cookie == name)
            .find_map(|(_, value)| authn::session::SessionToken::read(value));
        Anonymous { backend: self.clone(), request, token }
    }

    /// Decides whether whoever presented this may do that. Never touches the database.
    #[must_use]
    pub fn verify(&self, presented: Result<WellFormed<'_>, Refusal>, question: &Question<'_>) -> Verdict {
        self.inner.keyring.verify(presented, question, self.now())
    }

    /// Lets whatever asks the database have the core for a moment, if it wants it. To be called before each verification.
    pub fn give_way(&self) {
        self.inner.store.verifications_give_way();
    }

    /// Begins what a request asks for as a task of its own, which `tasks` knows of. If it panics, there is no answer.
    pub fn spawn<W: Future<Output: Send> + Send + 'static>(
        &self,
        tasks: &TaskTracker,
        work: W,
    ) -> impl Future<Output = Result<W::Output, Failure>> + use<W> {
        self.inner.store.spawn(tasks, work)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check_database(&self) -> Result<(), Failure> {
        use diesel_async::SimpleAsyncConnection as _;
        Ok(self.inner.store.read().await?.batch_execute("SELECT 1").await?)
    }

    /// Now, by the backend's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Ends an operation: commits with the entry for the trail, and returns when verification rules by it.
    async fn commit(&self, tx: WriteTx, event: AuditEvent) -> Result<(), Failure> {
        let committed = tx.commit(event, || {}).await?;
        self.applied(committed).await
    }

    /// Waits until the index contains what was committed. From then on it is true everywhere in this process.
    ///
    /// A failure here is not "nothing was changed": the change is durable, and the task that follows the log goes on
    /// trying. So it is reported as a fault, whatever its cause.
    async fn applied(&self, committed: Committed) -> Result<(), Failure> {
        let Committed { seq: Some(seq), connection } = committed else { return Ok(()) };
        self.inner.applier.apply_through(connection, seq).await.map_err(|failure| {
            Failure::broken(format!("change {seq} is committed, but verification does not know it yet: {failure}"))
        })
    }
}
