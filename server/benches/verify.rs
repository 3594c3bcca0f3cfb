//! What the decision costs without HTTP: from the header's bytes to the verdict, with 1,000 and 1,000,000 keys in the
//! index, everything on (checksum, keyed digest, look-up, rules, counters, last use).
//!
//! The keys are those of `cargo xtask bench`, which makes them and names their folder in `IPAWARE_BENCH_DIR`.

#![expect(clippy::expect_used, reason = "a measurement may fail anywhere")]

use std::{
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use backend::{
    Backend, Settings, SignUpMode,
    clock::Clock,
    keyring::{AskedPermission, Question, credential},
    mail::MailSettings,
    plan::Plans,
    webhook::WebhookSettings,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
/// How many different keys are asked about in turn, so that the caches are not flattered.
const ASKED: usize = 100_000;

fn settings(folder: &Path) -> Settings {
    Settings {
        database_url: folder.join("ipaware.db").display().to_string(),
        pepper_file: folder.join("pepper"),
        usage_dir: folder.join("usage-of-bench"),
        sign_up: SignUpMode::Open,
        secure_cookies: false,
        plans: Plans::load(None, "Custom").expect("the plans that come with the server"),
        mail: MailSettings::files(folder.join("outbox")),
        webhooks: WebhookSettings::default(),
        clock: Clock::System,
    }
}

/// A backend with keys in its index, and their secrets.
struct Filled {
    count: usize,
    backend: Backend,
    secrets: Vec<String>,
}

impl Filled {
    fn open(home: &Path, count: usize) -> Self {
        let folder = home.join(count.to_string());
        let backend = RUNTIME.block_on(Backend::open(settings(&folder))).expect("its database");
        let secrets = fs::read_to_string(folder.join("secrets")).expect("its secrets");
        Self { count, backend, secrets: secrets.lines().map(str::to_owned).collect() }
    }
}

fn headers(secrets: &[String]) -> Vec<String> {
    // Spread over the whole index, not its first part.
    let step = (secrets.len() / ASKED).max(1);
    secrets.iter().step_by(step).map(|secret| format!("Bearer {secret}")).collect()
}

fn decision(criterion: &mut Criterion) {
    let Some(home) = std::env::var_os("IPAWARE_BENCH_DIR").map(PathBuf::from) else {
        eprintln!("`cargo xtask bench` makes the keys for this; nothing is measured without them");
        return;
    };
    let (few, many) = (Filled::open(&home, 1_000), Filled::open(&home, 1_000_000));
    let mut group = criterion.benchmark_group("decision");
    // The keys of the one are strangers to the other.
    for (Filled { count, backend, secrets: known }, unknown) in [(&few, &many.secrets), (&many, &few.secrets)] {
        let question = |permission: &str| Question {
            permissions: std::iter::once(AskedPermission::read(permission)).collect(),
            address: "203.0.113.9".parse().ok(),
            ..Question::default()
        };
        let (lookup, create) = (question("ip.lookup"), question("api.key.create"));
        let malformed: Vec<_> = headers(known).iter().map(|header| format!("{header}x")).collect();
        for (case, headers, question, allowed) in [
            ("hit", headers(known), &lookup, true),
            ("unknown", headers(unknown), &lookup, false),
            ("malformed", malformed, &lookup, false),
            ("refused", headers(known), &create, false),
        ] {
            let mut turn = headers.iter().cycle();
            group.bench_function(BenchmarkId::new(case, count), |bench| {
                bench.iter(|| {
                    let header = turn.next().expect("a cycle has no end");
                    let verdict =
                        backend.verify(credential::bearer(std::iter::once(header.as_bytes())), black_box(question));
                    assert_eq!(verdict.outcome.is_ok(), allowed);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, decision);
criterion_main!(benches);
