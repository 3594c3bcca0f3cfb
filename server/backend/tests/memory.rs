//! Memory is bounded whatever strangers send. A process of its own, so that nothing else is in its memory.
#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, reason = "a test may fail anywhere")]

use std::{fs, net::Ipv4Addr, thread};

use backend::{
    Backend, Settings, SignUpMode,
    clock::Clock,
    keyring::{Question, credential},
    mail::MailSettings,
    plan::Plans,
    webhook::WebhookSettings,
};
use shared::{base62, verify::Refusal};

const SECRETS: u64 = 10_000_000;
const THREADS: u64 = 2;
/// Room for the allocator's own book-keeping: less than two bytes a secret.
const GROWTH_MAX: u64 = 16 * 1024 * 1024;

fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("the process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("a number") * 1024
}

/// The `number`th header with a secret that is well formed, and that nobody issued.
fn header(number: u64) -> Vec<u8> {
    // Spread over all digits, so that it looks drawn.
    let number = u128::from(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut secret = b"ipaware_prod_".to_vec();
    secret.extend(base62::encode::<22>(number));
    secret.extend(base62::encode::<21>(!number >> 3));
    let checksum = crc32fast::hash(&secret);
    secret.extend(base62::encode::<6>(u128::from(checksum)));
    [&b"Bearer "[..], &secret].concat()
}

#[test]
fn ten_million_different_wrong_secrets_leave_nothing_in_memory() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let open = Backend::open(Settings {
        database_url: folder.path().join("ipaware.db").display().to_string(),
        pepper_file: folder.path().join("pepper"),
        usage_dir: folder.path().join("usage"),
        sign_up: SignUpMode::Open,
        secure_cookies: false,
        plans: Plans::load(None, "Custom").expect("the plans that come with the server"),
        mail: MailSettings::files(folder.path().join("outbox")),
        webhooks: WebhookSettings::default(),
        clock: Clock::System,
    });
    let backend = runtime.block_on(open).expect("a backend");
    let ask = |number: u64| {
        let header = header(number);
        // Four million addresses: some send one secret, and some a flood.
        let address = Ipv4Addr::from_bits(u32::try_from(number.isqrt() * number % (1 << 22)).expect("22 bits"));
        let question = Question { address: Some(address.into()), blamed: Some(address.into()), ..Question::default() };
        let verdict = backend.verify(credential::bearer(std::iter::once(header.as_slice())), &question);
        assert!(matches!(verdict.outcome, Err(Refusal::Unknown | Refusal::TooManyAttempts)), "{:?}", verdict.outcome);
    };
    (0..100_000).for_each(ask);
    let before = resident_bytes();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || (thread..SECRETS).step_by(THREADS as usize).for_each(ask));
        }
    });
    let growth = resident_bytes().saturating_sub(before);
    assert!(growth < GROWTH_MAX, "{growth} bytes more");
}
