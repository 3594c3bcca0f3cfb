//! How long the overview takes in the server, with 1,000 keys and a year of hours on SQLite: ten million counts, made anew
//! in a temporary folder for each run. It is to take less than 50 ms.
//!
//! `cargo bench --package server --bench overview`

#![expect(clippy::expect_used, reason = "a measurement may fail anywhere")]

use backend::{
    Backend, Settings, SignUpMode,
    authz::{KeyRead, UsageRead},
    calendar::Zone,
    clock::Clock,
    context::{Context, RequestInfo},
    mail::MailSettings,
    plan::Plans,
    webhook::WebhookSettings,
};
use criterion::{Criterion, criterion_group, criterion_main};
use shared::{key::KeyListParams, usage::Window};
use tokio::runtime::Runtime;

const KEYS: usize = 1_000;

async fn filled(folder: &std::path::Path) -> (Backend, Context) {
    let backend = Backend::open(Settings {
        database_url: folder.join("ipaware.db").display().to_string(),
        pepper_file: folder.join("pepper"),
        usage_dir: folder.join("usage"),
        sign_up: SignUpMode::Open,
        secure_cookies: false,
        plans: Plans::load(None, "Custom").expect("the plans that come with the server"),
        mail: MailSettings::files(folder.join("outbox")),
        webhooks: WebhookSettings::default(),
        clock: Clock::System,
    });
    let backend = backend.await.expect("a database");
    let visitor = backend.visitor(RequestInfo::default(), std::iter::empty());
    let password = "a bench for measuring".to_owned();
    let session = visitor.sign_up("bench@example.com", password, "Bench").await.expect("an account");
    let cookie = std::iter::once((session.cookie.name(), session.token.expose()));
    let context = backend.visitor(RequestInfo::default(), cookie).authenticate().await.expect("a session");
    let organization = context.viewer().await.expect("a person").organization;
    backend.add_many_keys(organization, KEYS).await.expect("keys");
    backend.add_a_year_of_usage(organization).await.expect("a year");
    (backend, context)
}

fn overview(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let (backend, context) = runtime.block_on(filled(folder.path()));
    let berlin = Zone::of("Europe/Berlin").expect("a zone");
    let may_read = || context.authorize::<UsageRead>().expect("the Owner may");
    let may_list = || context.authorize::<KeyRead>().expect("the Owner may");
    let list = may_list();
    let keys = runtime.block_on(backend.key_list(&list, &KeyListParams::default())).expect("keys").page.rows;
    let key = keys.first().expect("a key").id;

    let mut group = criterion.benchmark_group("overview");
    group.sample_size(20);
    group.bench_function("numbers and twelve months", |bench| {
        bench.to_async(&runtime).iter(async || {
            backend.usage_overview(&may_read(), &berlin).await.expect("an overview");
        });
    });
    group.bench_function("what needs attention", |bench| {
        bench.to_async(&runtime).iter(async || {
            backend.key_attention(&may_list()).await.expect("a list");
        });
    });
    for (of, key) in [("the organization", None), ("a key", Some(key))] {
        for window in Window::ALL.iter().copied() {
            group.bench_function(format!("{} of {of}", window.label()), |bench| {
                bench.to_async(&runtime).iter(async || {
                    backend.usage_series(&may_read(), key, window, &berlin).await.expect("a series");
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, overview);
criterion_main!(benches);
