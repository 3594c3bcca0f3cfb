//! What every handler may use.

use std::sync::Arc;

use axum::extract::FromRef;
use backend::{Backend, geo::GeoDatabases};
use leptos::config::LeptosOptions;
use tokio_util::task::TaskTracker;

use crate::{metrics::Metrics, middleware::client_address::TrustedProxies, site::Site};

/// Shared by all requests. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Every rule and all data.
    pub backend: Backend,
    /// The built files.
    pub site: Arc<Site>,
    /// What is known about addresses.
    pub geo: GeoDatabases,
    /// What the configuration says about HTTP.
    pub policy: Arc<HttpPolicy>,
    /// Changes that go on when their client is gone; see [`crate::middleware::detach`].
    pub detached: TaskTracker,
    /// What is measured for the operator.
    pub metrics: Metrics,
    leptos: LeptosOptions,
}

/// What the configuration says about HTTP.
#[derive(Debug, Default)]
pub struct HttpPolicy {
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Whether people reach us by https.
    pub https: bool,
    /// How people reach us.
    pub public_url: Option<String>,
    /// For security.txt.
    pub security_contact: Option<String>,
}

impl AppState {
    /// Puts it together.
    #[must_use]
    pub fn new(backend: Backend, site: Site, geo: GeoDatabases, policy: HttpPolicy) -> Self {
        Self {
            backend,
            site: Arc::new(site),
            geo,
            policy: Arc::new(policy),
            detached: TaskTracker::new(),
            metrics: Metrics::default(),
            leptos: LeptosOptions::builder().output_name("ipaware").build(),
        }
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
