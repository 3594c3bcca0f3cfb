//! Passwords: how strong a new one must be, and how they are kept.
//!
//! Argon2id with 19 MiB, 2 passes and 1 lane (OWASP, Password Storage Cheat Sheet). That costs tens of milliseconds
//! and 19 MiB each time, so it runs on threads of its own, few at once, and behind everything else that wants the
//! processor: fifty people signing in together wait for each other and not verification for them.

use std::{
    cell::RefCell,
    num::NonZero,
    sync::{Arc, LazyLock},
};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::phc::{Output, ParamsString, Salt},
};
use shared::account;
use tokio::sync::{Semaphore, SemaphorePermit};
use zxcvbn::Score;

use crate::{
    behind::{Last, behind},
    failure::Failure,
    random,
};

/// How many hashes are computed at the same time, on half of the processors at most.
const AT_ONCE: usize = 2;
/// What an account's password is compared with when there is no such account, so that both take the same time.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this password").unwrap_or_default());

/// Hashes and compares passwords.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    last: Arc<Last>,
}

impl Default for Passwords {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let at_once = (processors / 2).clamp(1, AT_ONCE);
        Self { turns: Arc::new(Semaphore::new(at_once)), last: Arc::new(Last::new(at_once)) }
    }
}

impl Passwords {
    /// The string to store for `password`.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Failure> {
        self.blocking(move || hash_now(&password)).await?
    }

    /// Whether `password` is the one that `stored` was made from. Without an account it compares all the same.
    pub(crate) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Failure> {
        self.blocking(move || {
            let exists = stored.is_some();
            let stored = stored.as_deref().unwrap_or(&NOBODY);
            // Longer than any password that was ever accepted: hashing it would only be work for us.
            let plausible = password.chars().count() <= account::PASSWORD_MAX;
            let candidate = if plausible { password.as_str() } else { "" };
            Ok(matches(candidate, stored)? && exists && plausible)
        })
        .await?
    }

    /// Whether `password` may be somebody's new password. `known` is what an attacker would try first.
    ///
    /// # Errors
    /// The sentence to show under the field.
    pub(crate) async fn check_strength(
        &self,
        password: String,
        known: Vec<String>,
    ) -> Result<Result<(), String>, Failure> {
        let _turn = self.turn().await?;
        behind(move || {
            account::password_length(&password)?;
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let estimate = zxcvbn::zxcvbn(&password, &known);
            if estimate.score() >= Score::Two {
                return Ok(());
            }
            let why = estimate.feedback().and_then(|feedback| feedback.warning()).map(|warning| format!(" {warning}"));
            Err(format!(
                "Password is too easy to guess.{} Several uncommon words, or one more, make it strong.",
                why.unwrap_or_default()
            ))
        })
        .await
    }

    async fn blocking<T: Send + 'static>(&self, work: impl Fn() -> T + Send + Sync + 'static) -> Result<T, Failure> {
        let _turn = self.turn().await?;
        self.last.run(work).await
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, Failure> {
        self.turns.acquire().await.map_err(Failure::broken)
    }
}

fn hash_now(password: &str) -> Result<String, Failure> {
    let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
    let params = Params::new(19 * 1024, 2, 1, None).map_err(Failure::broken)?;
    let text = ParamsString::try_from(&params).map_err(Failure::broken)?;
    let salt = Salt::new(&random::bytes::<16>()).map_err(Failure::broken)?;
    let hash = PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: text,
        salt: Some(salt),
        hash: Some(output(&Argon2::new(algorithm, version, params), password, &salt)?),
    };
    Ok(hash.to_string())
}

fn matches(password: &str, stored: &str) -> Result<bool, Failure> {
    let stored = PasswordHash::new(stored).map_err(Failure::broken)?;
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).map_err(Failure::broken)?;
    let version = stored.version.map_or(Ok(Version::V0x13), Version::try_from).map_err(Failure::broken)?;
    let params = Params::try_from(&stored).map_err(Failure::broken)?;
    let Some((salt, expected)) = stored.salt.zip(stored.hash) else { return Ok(false) };
    // In constant time, which is how outputs compare themselves.
    Ok(output(&Argon2::new(algorithm, version, params), password, &salt)? == expected)
}

thread_local! {
    /// What hashing fills. Kept, because the threads that do most of it must not ask the system for memory: see [`Last`].
    /// Only the last pass over it is left there, and a guess costs as much against that as against the stored hash.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

fn output(argon2: &Argon2<'_>, password: &str, salt: &[u8]) -> Result<Output, Failure> {
    let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    MEMORY.with_borrow_mut(|memory| {
        memory.resize(argon2.params().block_count(), Block::new());
        let mut output = vec![0; length];
        argon2
            .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, memory)
            .map_err(Failure::broken)?;
        Output::new(&output).map_err(Failure::broken)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let passwords = Passwords::default();
        let stored = passwords.hash("correct horse battery".to_owned()).await.expect("a hash");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let verify = async |password: &str, stored: Option<String>| {
            passwords.verify(password.to_owned(), stored).await.expect("an answer")
        };
        assert!(verify("correct horse battery", Some(stored.clone())).await);
        assert!(!verify("correct horse batterY", Some(stored.clone())).await);
        assert!(!verify(&"x".repeat(10_000), Some(stored)).await);
        assert!(!verify("nobody has this password", None).await, "no account has no password");
    }

    #[test]
    fn a_hash_with_other_parameters_is_understood_whatever_the_thread_has_hashed_before() {
        // From the tests of Argon2's reference implementation.
        let reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        for _ in 0..2 {
            let ours = hash_now("password").expect("a hash");
            for (password, matches_it) in [("password", true), ("Password", false)] {
                assert_eq!(matches(password, reference).ok(), Some(matches_it));
                assert_eq!(matches(password, &ours).ok(), Some(matches_it));
            }
        }
        assert!(matches("password", "no hash").is_err());
    }

    #[tokio::test]
    async fn common_and_personal_passwords_are_refused() {
        let passwords = Passwords::default();
        for weak in ["short", "password", "password1", "qwertyuiop", "ada@example.com", &"x".repeat(129)] {
            let verdict = passwords.check_strength(weak.to_owned(), vec!["ada@example.com".to_owned()]).await;
            assert!(verdict.expect("an answer").is_err(), "{weak}");
        }
        let verdict = passwords.check_strength("correct horse battery".to_owned(), Vec::new()).await;
        assert_eq!(verdict.expect("an answer"), Ok(()));
    }
}
