//! What every handler may use.

use std::{num::NonZeroU32, sync::Arc};

use axum::extract::FromRef;
use backend::{Backend, geo::GeoDatabases};
use leptos::config::LeptosOptions;
use tokio_util::task::TaskTracker;

use crate::{
    metrics::Metrics,
    middleware::client_address::TrustedProxies,
    site::Site,
    v1::rate_limit::{self, RateLimit},
};

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
    /// How often a key may call what manages something.
    pub management: Arc<RateLimit>,
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
    /// How often one key may call what manages something, in a minute. `None`: as [`rate_limit::PER_MINUTE`] says.
    pub management_per_minute: Option<NonZeroU32>,
}

impl AppState {
    /// Puts it together.
    #[must_use]
    pub fn new(backend: Backend, site: Site, geo: GeoDatabases, policy: HttpPolicy) -> Self {
        Self {
            backend,
            site: Arc::new(site),
            geo,
            management: Arc::new(RateLimit::new(policy.management_per_minute.unwrap_or(rate_limit::PER_MINUTE))),
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
