//! The secret itself: `ipaware_<env>_<43 base62 characters><6 base62 characters>`.
//!
//! The 43 characters carry 256 bits from the operating system's generator; the last 6 are the CRC-32 of everything
//! before them, so that a mistyped or truncated secret is recognised without looking anything up. The format is
//! published as [`PATTERN`] (secret scanners want it) and never changes.

use shared::{base62, key::Environment, verify::Refusal};

use crate::random;

/// The regular expression that every secret matches.
pub const PATTERN: &str = "^ipaware_(prod|stage|dev)_[0-9A-Za-z]{49}$";

const BRAND: &str = "ipaware_";
const RANDOM: usize = 43;
const CHECKSUM: usize = 6;

/// A fresh secret on its way to the one answer that shows it.
///
/// Deliberately without `Debug`, `Display`, `Serialize` and any way into a database column.
pub struct SecretKey(String);

impl SecretKey {
    /// Draws a new one. Nobody knows it until its digest is stored.
    #[must_use]
    pub fn mint(environment: Environment) -> Self {
        let mut text = String::with_capacity(BRAND.len() + 6 + RANDOM + CHECKSUM);
        text.push_str(BRAND);
        text.push_str(tag(environment));
        text.push('_');
        let mut drawn = 0;
        while drawn < RANDOM {
            for byte in random::bytes::<64>() {
                // 248 is the largest multiple of 62 in a byte: taking more would favour the first digits.
                if byte < 248 && drawn < RANDOM {
                    text.push(char::from(base62::ALPHABET.get(usize::from(byte % 62)).copied().unwrap_or(b'0')));
                    drawn += 1;
                }
            }
        }
        let checksum = digits_of(crc32fast::hash(text.as_bytes()));
        text.extend(checksum.map(char::from));
        Self(text)
    }

    /// The secret, for the answer and for its digest.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The secret in the form that digests are made of.
    pub(crate) fn well_formed(&self) -> WellFormed<'_> {
        let body = self.0.as_bytes().split_last_chunk::<CHECKSUM>().map_or(&[][..], |(body, _)| body);
        WellFormed { text: self.0.as_bytes(), checksum: crc32fast::hash(body) }
    }

    /// Its last four characters, which the console shows to tell secrets apart. They are part of the checksum, so
    /// they narrow a guess by nothing that an attacker could use: 256 bits remain behind a keyed digest.
    pub(crate) fn last4(&self) -> String {
        self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default().to_owned()
    }
}

/// A text that could be a secret: the prefix, the length and the checksum are right.
#[derive(Clone, Copy)]
pub struct WellFormed<'t> {
    text: &'t [u8],
    checksum: u32,
}

impl<'t> WellFormed<'t> {
    /// Reads what somebody presented as a secret. Needs no database and no key.
    ///
    /// # Errors
    /// [`Refusal::SurroundingSpaces`] and [`Refusal::KeyIdInsteadOfSecret`] for the two usual mistakes,
    /// [`Refusal::CredentialsMissing`] for nothing at all, [`Refusal::Unknown`] for everything else.
    pub fn read(text: &'t str) -> Result<Self, Refusal> {
        Self::read_bytes(text.as_bytes())
    }

    /// As [`Self::read`], of what may be no text at all.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn read_bytes(text: &'t [u8]) -> Result<Self, Refusal> {
        if let Some(checksum) = right_checksum(text) {
            return Ok(Self { text, checksum });
        }
        // A secret is ASCII; any other byte makes it an unknown one.
        let text = str::from_utf8(text).unwrap_or("?");
        Err(if text.is_empty() {
            Refusal::CredentialsMissing
        } else if text.contains(char::is_whitespace) {
            Refusal::SurroundingSpaces
        } else if text.starts_with(shared::KeyId::PREFIX) {
            Refusal::KeyIdInsteadOfSecret
        } else {
            Refusal::Unknown
        })
    }

    pub(crate) const fn as_bytes(self) -> &'t [u8] {
        self.text
    }

    /// The CRC-32 in it: tells texts apart, and says nothing about their secrecy.
    pub(crate) const fn checksum(self) -> u32 {
        self.checksum
    }
}

/// What keeps a text from being a secret. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No text at all.
    #[error("there is nothing")]
    Empty,
    /// Spaces around it, or inside it.
    #[error("there are spaces or line breaks around or inside it; copy it again without them")]
    Spaces,
    /// A Key ID.
    #[error("it is a Key ID (key_…), which is public; the secret starts with ipaware_")]
    KeyId,
    /// Another beginning.
    #[error("it does not start with ipaware_")]
    Prefix,
    /// No environment after the prefix.
    #[error("after ipaware_ there must be prod_, stage_ or dev_")]
    Environment,
    /// Other characters than letters and digits after that.
    #[error("after the environment there must be letters and digits alone")]
    Characters,
    /// Too few or too many of them.
    #[error("after the environment there must be {} letters and digits, and there are {found}", RANDOM + CHECKSUM)]
    Length {
        /// How many there are.
        found: usize,
    },
    /// Everything else is right.
    #[error("the checksum at its end does not fit: a character is mistyped or missing")]
    Checksum,
}

/// Tells where a secret would be used, or what keeps the text from being one. Needs no database: a well-formed text may
/// still be a secret that nobody issued.
///
/// # Errors
/// The first thing that is wrong.
pub fn examine(text: &str) -> Result<Environment, Malformed> {
    match WellFormed::read(text) {
        Err(Refusal::CredentialsMissing) => return Err(Malformed::Empty),
        Err(Refusal::SurroundingSpaces) => return Err(Malformed::Spaces),
        Err(Refusal::KeyIdInsteadOfSecret) => return Err(Malformed::KeyId),
        Ok(_) | Err(_) => {}
    }
    let rest = text.strip_prefix(BRAND).ok_or(Malformed::Prefix)?;
    let (environment, digits) = after_tag(rest).ok_or(Malformed::Environment)?;
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Malformed::Characters);
    }
    if digits.len() != RANDOM + CHECKSUM {
        return Err(Malformed::Length { found: digits.len() });
    }
    WellFormed::read(text).map(|_| environment).map_err(|_refusal| Malformed::Checksum)
}

/// Whether a secret, or most of one, stands somewhere in the text.
#[must_use]
pub fn is_hinted_at(text: &str) -> bool {
    text.match_indices(BRAND).any(|(at, brand)| {
        let digits = text.get(at + brand.len()..).and_then(after_tag).map_or("", |(_, digits)| digits);
        digits.bytes().take_while(u8::is_ascii_alphanumeric).count() >= RANDOM / 2
    })
}

/// The environment that is named at the beginning, and what follows it.
fn after_tag(text: &str) -> Option<(Environment, &str)> {
    Environment::ALL.iter().find_map(|environment| {
        let digits = text.strip_prefix(tag(*environment))?.strip_prefix('_')?;
        Some((*environment, digits))
    })
}

/// The checksum of a text that is well formed.
fn right_checksum(text: &[u8]) -> Option<u32> {
    let rest = text.strip_prefix(BRAND.as_bytes())?;
    let is_ours = Environment::ALL.iter().any(|environment| {
        let digits = rest.strip_prefix(tag(*environment).as_bytes()).and_then(|rest| rest.strip_prefix(b"_"));
        // All of them are looked at, many at once: stopping at the first wrong one takes longer.
        let are_alphanumeric =
            |digits: &[u8]| digits.iter().fold(true, |so_far, digit| so_far & digit.is_ascii_alphanumeric());
        digits.is_some_and(|digits| digits.len() == RANDOM + CHECKSUM && are_alphanumeric(digits))
    });
    let (body, sum) = text.split_last_chunk::<CHECKSUM>()?;
    if !is_ours {
        return None;
    }
    let checksum = crc32fast::hash(body);
    (digits_of(checksum) == *sum).then_some(checksum)
}

fn digits_of(checksum: u32) -> [u8; CHECKSUM] {
    base62::encode(u128::from(checksum))
}

const fn tag(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "prod",
        Environment::Staging => "stage",
        Environment::Development => "dev",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn environments() -> impl Strategy<Value = Environment> {
        prop::sample::select(Environment::ALL)
    }

    proptest! {
        #[test]
        fn a_minted_secret_is_always_well_formed(environment in environments()) {
            prop_assert!(WellFormed::read(SecretKey::mint(environment).expose()).is_ok());
        }

        #[test]
        fn a_secret_with_one_other_character_never_is(
            environment in environments(), place: prop::sample::Index, other in prop::char::range('!', '~'),
        ) {
            let secret = SecretKey::mint(environment);
            let mut text: Vec<char> = secret.expose().chars().collect();
            let place = place.index(text.len());
            prop_assume!(text[place] != other);
            text[place] = other;
            prop_assert!(WellFormed::read(&text.into_iter().collect::<String>()).is_err());
        }

        #[test]
        fn a_truncated_or_lengthened_secret_never_is(environment in environments(), keep: prop::sample::Index) {
            let secret = SecretKey::mint(environment);
            let text = secret.expose();
            prop_assert!(WellFormed::read(&text[..keep.index(text.len())]).is_err());
            let doubled = format!("{text}0");
            prop_assert!(WellFormed::read(&doubled).is_err());
        }

        #[test]
        fn any_text_is_read_without_a_panic(text: String) {
            _ = WellFormed::read(&text);
            _ = examine(&text);
            _ = is_hinted_at(&text);
        }

        #[test]
        fn what_is_examined_is_well_formed_exactly_when_it_is_read(text in "(ipaware_|)(prod|stage|dev|test|)_?[0-9A-Za-z -]{40,60}") {
            prop_assert_eq!(examine(&text).is_ok(), WellFormed::read(&text).is_ok());
        }

        #[test]
        fn the_published_pattern_is_what_the_parser_takes_before_it_looks_at_the_checksum(
            text in "(ipaware_|ipaware|)(prod|stage|dev|test)_[0-9A-Za-z]{48}[0-9A-Za-z\n-]{0,2}",
        ) {
            let pattern = regex::Regex::new(PATTERN).expect("a pattern");
            let is_taken = matches!(examine(&text), Ok(_) | Err(Malformed::Checksum));
            prop_assert_eq!(pattern.is_match(&text), is_taken);
        }

        #[test]
        fn a_minted_secret_matches_the_published_pattern(environment in environments()) {
            let secret = SecretKey::mint(environment);
            prop_assert!(regex::Regex::new(PATTERN).expect("a pattern").is_match(secret.expose()));
            prop_assert_eq!(examine(secret.expose()), Ok(environment));
            let inside = format!("--name={}", secret.expose());
            prop_assert!(is_hinted_at(&inside));
        }
    }

    #[test]
    fn what_is_wrong_with_a_text_is_told_without_repeating_it() {
        let digits = "a".repeat(49);
        for (text, wrong) in [
            (String::new(), Malformed::Empty),
            (format!("ipaware_prod_{digits}\n"), Malformed::Spaces),
            ("key_0123456789012345678901".to_owned(), Malformed::KeyId),
            (format!("sk_live_{digits}"), Malformed::Prefix),
            (format!("ipaware_test_{digits}"), Malformed::Environment),
            (format!("ipaware_prod_{}-", &digits[1..]), Malformed::Characters),
            (format!("ipaware_dev_{}", &digits[2..]), Malformed::Length { found: 47 }),
            (format!("ipaware_stage_{digits}"), Malformed::Checksum),
        ] {
            assert_eq!(examine(&text), Err(wrong), "{text}");
            assert!(!wrong.to_string().contains("aaaa"), "{wrong}");
        }
    }

    #[test]
    fn a_name_that_begins_like_a_secret_is_none() {
        assert!(!is_hinted_at("ipaware_prod_server"));
        assert!(!is_hinted_at("ipaware_"));
        assert!(is_hinted_at("x ipaware_dev_0123456789012345678901"), "most of one");
    }

    #[test]
    fn minted_secrets_are_unique() {
        let minted: HashSet<String> =
            (0..100_000).map(|_| SecretKey::mint(Environment::Production).expose().to_owned()).collect();
        assert_eq!(minted.len(), 100_000);
    }

    #[test]
    fn the_usual_mistakes_get_their_own_answer() {
        let secret = SecretKey::mint(Environment::Staging);
        let spaced = format!(" {}", secret.expose());
        assert_eq!(WellFormed::read(&spaced).err(), Some(Refusal::SurroundingSpaces));
        assert_eq!(WellFormed::read("key_0123456789012345678901").err(), Some(Refusal::KeyIdInsteadOfSecret));
        assert_eq!(WellFormed::read("").err(), Some(Refusal::CredentialsMissing));
        assert_eq!(WellFormed::read("sk_live_123").err(), Some(Refusal::Unknown));
    }
}
