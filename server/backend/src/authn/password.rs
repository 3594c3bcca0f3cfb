//! Passwords: how strong a new one must be, and how they are kept.
//!
//! Argon2id with 19 MiB, 2 passes and 1 lane (OWASP, Password Storage Cheat Sheet). That costs tens of milliseconds
//! and 19 MiB each time, so it runs on threads of its own, few at once, and behind everything else that wants the
//! processor: fifty people signing in together wait for each other and not verification for them.

use std::{
    num::NonZero,
    sync::{Arc, LazyLock},
};

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use shared::account;
use tokio::sync::Semaphore;
use zxcvbn::Score;

use crate::{behind::Last, failure::Failure};

/// How many hashes are computed at the same time, on half of the processors at most.
const AT_ONCE: usize = 2;
/// What an account's password is compared with when there is no such account, so that both take the same time.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this password").unwrap_or_default());

/// Hashes and compares passwords.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    last: Last,
}

impl Default for Passwords {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let turns = Arc::new(Semaphore::new((processors / 2).clamp(1, AT_ONCE)));
        Self { turns, last: Last::default() }
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
            let matches = argon2()?.verify_password(candidate.as_bytes(), stored).is_ok();
            Ok(matches && exists && plausible)
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
        self.blocking(move || {
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
        let _turn = self.turns.acquire().await.map_err(Failure::broken)?;
        self.last.run(work).await
    }
}

fn argon2() -> Result<Argon2<'static>, Failure> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(Failure::broken)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String, Failure> {
    Ok(argon2()?.hash_password(password.as_bytes()).map_err(Failure::broken)?.to_string())
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
