//! Peppers: what turns a secret into the digest that is stored.
//!
//! A digest is HMAC-SHA-256 of the secret under a pepper that is kept outside the database, so a stolen database is
//! of no use by itself. A secret has 256 random bits and no dictionary to attack, so a fast hash is right here;
//! slow ones (argon2) are for passwords.
//!
//! The pepper file has a line for each pepper, its number and 64 hexadecimal digits. The highest number is current:
//! new secrets use it. Lower ones are retired: they verify what was made with them. To rotate, add a line.

use std::{
    fmt::{self, Write as _},
    io::Write as _,
    path::Path,
};

use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::secret::WellFormed;
use crate::{
    db::{column::Digest32, pool::Store, schema::peppers},
    failure::Failure,
    random,
};

/// What is stored in place of a secret. Compared in constant time.
#[derive(Clone, Copy)]
pub(crate) struct SecretDigest(pub(crate) [u8; 32]);

impl PartialEq for SecretDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl SecretDigest {
    /// As four numbers, which are compared and kept faster than 32 bytes.
    pub(super) fn words(&self) -> [u64; 4] {
        let mut words = [0; 4];
        words.iter_mut().zip(self.0.as_chunks().0).for_each(|(word, bytes)| *word = u64::from_le_bytes(*bytes));
        words
    }
}

impl Eq for SecretDigest {}

/// One pepper, with its key schedule done once.
pub(crate) struct Pepper {
    id: i64,
    mac: Hmac<Sha256>,
}

impl Pepper {
    fn new(id: i64, key: &[u8; 32]) -> Self {
        // HMAC takes a key of any length, so this cannot fail; a key of zeros would still only make digests that
        // match nothing.
        let mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
        Self { id, mac }
    }

    pub(crate) const fn id(&self) -> i64 {
        self.id
    }

    pub(crate) fn digest(&self, secret: WellFormed<'_>) -> SecretDigest {
        self.keyed(secret.as_bytes())
    }

    /// Tells this pepper from another one with the same number, and tells nothing else about it.
    /// A keyed digest of a text that is no secret of a key: those start with `ipaware_`, so this must not.
    pub(crate) fn mac(&self, text: &str) -> [u8; 32] {
        self.keyed(text.as_bytes()).0
    }

    fn fingerprint(&self) -> SecretDigest {
        // No secret can be this text, so no stored digest equals it.
        self.keyed(b"fingerprint of this pepper")
    }

    fn keyed(&self, bytes: &[u8]) -> SecretDigest {
        let mut mac = self.mac.clone();
        mac.update(bytes);
        SecretDigest(mac.finalize().into_bytes().into())
    }
}

/// The current pepper and the retired ones.
pub(crate) struct Peppers {
    current: Pepper,
    retired: Vec<Pepper>,
}

impl fmt::Debug for Peppers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peppers({} and {} retired)", self.current.id, self.retired.len())
    }
}

impl Peppers {
    /// Reads the file, or makes it on the very first start, and checks it against what the database was written with.
    ///
    /// # Errors
    /// A sentence for whoever starts the server: with the wrong peppers no key would verify, so it must not start.
    pub(crate) async fn open(path: &Path, store: &Store) -> Result<Self, Failure> {
        let known: Vec<(i64, Digest32)> =
            peppers::table.select((peppers::id, peppers::fingerprint)).load(&mut store.read().await?).await?;
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && known.is_empty() => create(path)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Failure::broken(format!(
                    "The pepper file {} is missing, but the database holds keys that were made with it. \
                     Restore the file, or name its place with IPAWARE_PEPPER_FILE.",
                    path.display()
                )));
            }
            Err(error) => {
                return Err(Failure::broken(format!("The pepper file {} cannot be read: {error}.", path.display())));
            }
        };
        let this = Self::parse(&text)
            .map_err(|what| Failure::broken(format!("The pepper file {}: {what}", path.display())))?;
        for (id, fingerprint) in &known {
            if this.all().find(|pepper| pepper.id == *id).is_none_or(|p| p.fingerprint() != SecretDigest(fingerprint.0))
            {
                return Err(Failure::broken(format!(
                    "The pepper file {} lacks pepper {id}, or holds another one under that number, \
                     so keys made with it could not be verified. Put the original line back.",
                    path.display()
                )));
            }
        }
        let new: Vec<_> = this
            .all()
            .filter(|pepper| known.iter().all(|(id, _)| *id != pepper.id))
            .map(|pepper| (peppers::id.eq(pepper.id), peppers::fingerprint.eq(Digest32(pepper.fingerprint().0))))
            .collect();
        if !new.is_empty() {
            // Another server may be starting with the same file.
            diesel::insert_into(peppers::table)
                .values(new)
                .on_conflict_do_nothing()
                .execute(&mut store.write().await?)
                .await?;
        }
        Ok(this)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut all = Vec::new();
        for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let pepper = line
                .split_once(char::is_whitespace)
                .and_then(|(id, hex)| Some(Pepper::new(id.parse().ok().filter(|id| *id > 0)?, &from_hex(hex.trim())?)));
            // The line itself stays out of the message: it is a secret.
            all.push(pepper.ok_or_else(|| format!("line {number} must be a number and 64 hexadecimal digits."))?);
        }
        all.sort_by_key(|pepper| pepper.id);
        if all.windows(2).any(|pair| matches!(pair, [a, b] if a.id == b.id)) {
            return Err("two lines have the same number.".to_owned());
        }
        let current = all.pop().ok_or("it holds no pepper.")?;
        Ok(Self { current, retired: all.into_iter().rev().collect() })
    }

    pub(crate) const fn current(&self) -> &Pepper {
        &self.current
    }

    /// The current one first, then the retired ones from the newest.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Pepper> {
        std::iter::once(&self.current).chain(&self.retired)
    }
}

fn create(path: &Path) -> Result<String, Failure> {
    let mut text = String::from(
        "# What API keys are digested with. Without this file no key can be verified: back it up, apart from the\n\
         # database. To rotate, add a line with a higher number and another 64 hexadecimal digits; keep the old ones.\n1 ",
    );
    for byte in random::bytes::<32>() {
        _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    let failed = |error: std::io::Error| {
        Failure::broken(format!("The pepper file {} cannot be written: {error}.", path.display()))
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    // A key made a moment later must not outlive its pepper in a power cut.
    file.sync_all().map_err(failed)?;
    Ok(text)
}

fn from_hex(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use shared::key::Environment;

    use super::*;
    use crate::keyring::secret::SecretKey;

    const ONE: &str = "1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const TWO: &str = "2 ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    #[test]
    fn the_highest_number_is_current_and_the_others_stay_in_use() {
        let peppers = Peppers::parse(&format!("# two\n{TWO}\n\n{ONE}\n")).expect("peppers");
        assert_eq!(peppers.current().id(), 2);
        assert_eq!(peppers.all().map(Pepper::id).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn a_digest_depends_on_the_pepper_and_on_the_secret() {
        let (one, two) = (Peppers::parse(ONE).expect("one"), Peppers::parse(TWO).expect("two"));
        let (a, b) = (SecretKey::mint(Environment::Staging), SecretKey::mint(Environment::Staging));
        let digest = |peppers: &Peppers, secret: &SecretKey| peppers.current().digest(secret.well_formed()).0;
        assert_eq!(digest(&one, &a), digest(&one, &a));
        assert_ne!(digest(&one, &a), digest(&two, &a));
        assert_ne!(digest(&one, &a), digest(&one, &b));
    }

    #[test]
    fn a_broken_file_is_refused_without_repeating_its_content() {
        for bad in [
            "",
            "1 abc",
            "x 00",
            &format!("{ONE}\n{ONE}"),
            "0 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        ] {
            let message = Peppers::parse(bad).expect_err(bad);
            assert!(!message.contains("abc") && !message.contains("000102"), "{message}");
        }
    }
}
