//! What a verification costs, alone and over HTTP.
//!
//! `decision`: from the header's bytes to the verdict, with 1,000 and 1,000,000 keys in the index, everything on
//! (checksum, keyed digest, look-up, rules, counters, last use).
//! `http`: one keep-alive connection over loopback, `/v1/verify` beside a bare axum handler in the same run; their
//! ratio says how much stands between the socket and the decision.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a measurement may fail anywhere")]

use std::{
    hint::black_box,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener as StdListener, TcpStream},
    path::Path,
    sync::LazyLock,
    time::Duration,
};

use backend::{
    Backend, Settings, SignUpMode,
    authn::session::NewSession,
    clock::Clock,
    context::RequestInfo,
    geo::GeoDatabases,
    keyring::{AskedPermission, Question, credential},
    mail::MailSettings,
    plan::Plans,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use server::{
    accept,
    middleware::Edge,
    site::Site,
    state::{AppState, HttpPolicy},
};
use shared::key::RevealedSecret;
use tokio::{net::TcpListener, runtime::Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
static SMALL: LazyLock<Filled> = LazyLock::new(|| Filled::with(1_000));
/// Filling it takes minutes, so both benchmarks share it.
static LARGE: LazyLock<Filled> = LazyLock::new(|| Filled::with(1_000_000));
/// How many different keys are asked about in turn, so that the caches are not flattered.
const ASKED: usize = 100_000;

fn settings(folder: &Path) -> Settings {
    Settings {
        database_url: folder.join("bench.db").display().to_string(),
        pepper_file: folder.join("pepper"),
        usage_dir: folder.join("usage"),
        sign_up: SignUpMode::Open,
        secure_cookies: false,
        plans: Plans::load(None, "Custom").expect("the plans that come with the server"),
        mail: MailSettings::files(folder.join("outbox")),
        clock: Clock::System,
    }
}

/// A backend with keys in its index, their secrets, and as many secrets that it does not know.
struct Filled {
    count: usize,
    backend: Backend,
    known: Vec<RevealedSecret>,
    unknown: Vec<RevealedSecret>,
    _folder: tempfile::TempDir,
}

impl Filled {
    fn with(count: usize) -> Self {
        RUNTIME.block_on(Self::fill(count))
    }

    async fn fill(count: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let fresh = Backend::open(settings(folder.path())).await.expect("a database");
        let visitor = fresh.visitor(RequestInfo::default(), std::iter::empty());
        let session: NewSession = visitor
            .sign_up("bench@example.com", "a bench for measuring".to_owned(), "Bench")
            .await
            .expect("an account");
        let cookie = std::iter::once((session.cookie.name(), session.token.expose()));
        let context = fresh.visitor(RequestInfo::default(), cookie).authenticate().await.expect("a session");
        let organization = context.viewer().await.expect("a person").organization;
        let known = fresh.add_many_keys(organization, count).await.expect("keys");
        let backend = Backend::open(settings(folder.path())).await.expect("the same database");
        let unknown = fresh.add_many_keys(organization, count.min(ASKED)).await.expect("more keys");
        Self { count, backend, known, unknown, _folder: folder }
    }
}

fn headers(secrets: &[RevealedSecret]) -> Vec<String> {
    // Spread over the whole index, not its first part.
    let step = (secrets.len() / ASKED).max(1);
    secrets.iter().step_by(step).map(|secret| format!("Bearer {}", secret.expose())).collect()
}

fn decision(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision");
    for Filled { count, backend, known, unknown, .. } in [&*SMALL, &*LARGE] {
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

/// One keep-alive connection that sends a request and reads the whole answer.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket option");
        Self { stream, buffer: vec![0; 16 * 1024] }
    }

    fn ask(&mut self, request: &[u8]) {
        self.stream.write_all(request).expect("a request is sent");
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).expect("an answer comes");
            assert!(read > 0, "the server closed the connection");
            filled += read;
            let text = &self.buffer[..filled];
            let Some(head) = text.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head_text = std::str::from_utf8(&text[..head]).expect("a head in ASCII").to_ascii_lowercase();
            assert!(head_text.starts_with("http/1.1 200"), "{head_text}");
            let length = head_text.split("content-length: ").nth(1).expect("a length");
            let length: usize = length.lines().next().expect("a line").trim().parse().expect("a number");
            if filled >= head + 4 + length {
                return;
            }
        }
    }
}

/// Needs to be called on the runtime.
fn listener() -> (TcpListener, SocketAddr) {
    let listener = StdListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket option");
    let address = listener.local_addr().expect("an address");
    (TcpListener::from_std(listener).expect("a runtime"), address)
}

fn start_bare() -> SocketAddr {
    let (listener, address) = listener();
    let answer =
        || async { axum::Json(serde_json::json!({ "code": 200, "data": { "allowed": true }, "output": "OK" })) };
    let router = axum::Router::new().route("/v1/verify", axum::routing::get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn start_server(backend: Backend) -> SocketAddr {
    let (listener, address) = listener();
    let policy = HttpPolicy::default();
    let edge = Edge::new(AppState::new(backend, Site::empty(), GeoDatabases::default(), policy));
    tokio::spawn(accept::serve(listener, edge, std::future::pending()));
    address
}

fn http(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("http");
    let _inside = RUNTIME.enter();
    let (bare, ours) = (start_bare(), start_server(LARGE.backend.clone()));
    let requests: Vec<_> = headers(&LARGE.known)
        .iter()
        .map(|header| {
            format!(
                "GET /v1/verify?permission=ip.lookup HTTP/1.1\r\nhost: localhost\r\nauthorization: {header}\r\n\r\n"
            )
        })
        .collect();
    for (name, address) in [("bare axum handler", bare), ("verify with 1000000 keys", ours)] {
        let mut client = Client::connect(address);
        let mut turn = requests.iter().cycle();
        group.bench_function(name, |bench| {
            bench.iter(|| client.ask(turn.next().expect("a cycle has no end").as_bytes()));
        });
    }
    group.finish();
}

criterion_group!(benches, decision, http);
criterion_main!(benches);
