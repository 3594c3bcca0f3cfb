//! Numbers nobody can guess, and ids.

use shared::Timestamp;

/// `N` bytes from the operating system's generator.
///
/// # Panics
/// When the operating system has no randomness to give. Going on with guessable secrets would be worse.
#[expect(clippy::expect_used, reason = "without randomness no secret is safe, so the process must not go on")]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// 128 bits that sort by age: UUID version 7 (RFC 9562), 48 bits of milliseconds and 74 random ones.
pub(crate) fn time_ordered_bits(now: Timestamp) -> u128 {
    let millis = u64::try_from(now.micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes::<10>()).into_uuid().as_u128()
}

/// A fresh id for something made at `now`.
macro_rules! fresh_id {
    ($kind:ty, $now:expr) => {
        <$kind>::from_bits($crate::random::time_ordered_bits($now))
    };
}
pub(crate) use fresh_id;
