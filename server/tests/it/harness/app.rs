//! A whole server in this process.

use std::{net::SocketAddr, sync::Arc};

use backend::{
    Backend, Settings, SignUpMode, clock::Clock, geo::GeoDatabases, mail::MailSettings, plan::Plans,
    webhook::WebhookSettings,
};
use server::{
    accept,
    middleware::Edge,
    site::Site,
    state::{AppState, HttpPolicy},
};
use shared::Timestamp;
use tokio::{net::TcpListener, sync::oneshot};

use super::{Engine, database::Database};

/// When every test begins: 2026-11-23 15:04:05 UTC.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_795_446_245_000_000);

/// In place of the plans that come with the server.
pub(crate) const TWENTY_A_MONTH: &str = "[Custom]\nmonthly_requests = 20\n";

/// How a test's server differs from the usual one.
pub(crate) struct Setup {
    pub(crate) sign_up: SignUpMode,
    pub(crate) plan: &'static str,
    /// In place of the plans that come with the server.
    pub(crate) plans: Option<&'static str>,
    pub(crate) policy: HttpPolicy,
    pub(crate) geo: GeoDatabases,
    pub(crate) smtp_url: Option<String>,
    pub(crate) webhooks: WebhookSettings,
}

impl Default for Setup {
    /// Anybody may sign up, and nothing is limited.
    fn default() -> Self {
        Self {
            sign_up: SignUpMode::Open,
            plan: "Custom",
            plans: None,
            policy: HttpPolicy::default(),
            geo: GeoDatabases::default(),
            smtp_url: None,
            webhooks: WebhookSettings::default(),
        }
    }
}

impl Setup {
    /// With limits.
    pub(crate) fn free() -> Self {
        Self { plan: "Free", ..Self::default() }
    }

    /// With twenty requests a month.
    pub(crate) fn twenty_a_month() -> Self {
        Self { plans: Some(TWENTY_A_MONTH), ..Self::default() }
    }

    /// With receivers of webhooks on this machine.
    pub(crate) fn with_webhooks() -> Self {
        Self { webhooks: WebhookSettings { allow_private: true, ..WebhookSettings::default() }, ..Self::default() }
    }

    /// Believing what stands in front of it, on this machine, about addresses.
    pub(crate) fn behind_a_proxy() -> Self {
        let trusted_proxies = "127.0.0.1".parse().expect("an address");
        Self { policy: HttpPolicy { trusted_proxies, ..HttpPolicy::default() }, ..Self::default() }
    }
}

/// A running server with a clock that stands still until it is set.
pub(crate) struct TestApp {
    pub(crate) backend: Backend,
    pub(crate) clock: Clock,
    pub(crate) address: SocketAddr,
    pub(crate) database: Arc<Database>,
    _stop: oneshot::Sender<()>,
}

impl TestApp {
    /// The router, the edge and the accept loop that the executable has, on a free port.
    pub(crate) async fn spawn(engine: Engine, setup: Setup) -> Self {
        let app = Self::spawn_without_keys(engine, setup).await;
        app.backend.load().await.expect("a backend");
        app
    }

    /// Another server on the same database, which is one of PostgreSQL, with a clock of its own.
    pub(crate) async fn another(&self, setup: Setup) -> Self {
        let app = Self::connect(Arc::clone(&self.database), setup).await;
        app.backend.load().await.expect("a backend");
        app
    }

    /// Another server on the same database.
    pub(crate) async fn second(&self, webhooks: WebhookSettings) -> Backend {
        Backend::open(Settings {
            database_url: self.database.url.clone(),
            pepper_file: self.database.pepper_file.clone(),
            usage_dir: self.database.folder().join("usage"),
            sign_up: SignUpMode::Open,
            secure_cookies: false,
            plans: Plans::load(None, "Custom").expect("the plans"),
            mail: MailSettings::files(self.database.outbox()),
            webhooks,
            clock: self.clock.clone(),
        })
        .await
        .expect("a backend")
    }

    /// What the background tasks do within seconds.
    pub(crate) async fn watch_requests(&self) {
        self.backend.flush_usage().await.expect("written");
        self.backend.watch_requests().await.expect("looked at");
    }

    /// What they do within minutes, at this moment.
    pub(crate) async fn watch_dates_at(&self, now: Timestamp) {
        self.clock.set(now);
        self.backend.watch_plans().await.expect("looked at");
        self.backend.watch_dates().await.expect("looked at");
    }

    /// As it is before the keys are loaded.
    pub(crate) async fn spawn_without_keys(engine: Engine, setup: Setup) -> Self {
        Self::connect(Arc::new(Database::fresh(engine).await), setup).await
    }

    async fn connect(database: Arc<Database>, setup: Setup) -> Self {
        super::output::keep_logs();
        let plans_file = setup.plans.map(|plans| database.plans_file(plans));
        let clock = Clock::manual(NOW);
        let settings = Settings {
            database_url: database.url.clone(),
            pepper_file: database.pepper_file.clone(),
            usage_dir: database.folder().join("usage"),
            sign_up: setup.sign_up,
            secure_cookies: setup.policy.https,
            plans: Plans::load(plans_file.as_deref(), setup.plan).expect("the plans"),
            mail: MailSettings {
                smtp_url: setup.smtp_url,
                from: "IPAware <keys@example.com>".to_owned(),
                outbox: database.outbox(),
                public_url: "https://keys.example.com".to_owned(),
            },
            webhooks: setup.webhooks,
            clock: clock.clone(),
        };
        let backend = Backend::connect(settings).await.expect("a backend");
        let state = AppState::new(backend.clone(), Site::empty(), setup.geo, setup.policy);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(accept::serve(listener, Edge::new(state), async { _ = stopped.await }));
        Self { backend, clock, address, database, _stop: stop }
    }
}
