//! The `Authorization` header (RFC 9110, section 11.6.2; RFC 6750, section 2.1).

use shared::verify::Refusal;

use super::secret::WellFormed;

/// Finds the secret in a request's `Authorization` headers.
///
/// Two headers are refused rather than the first one taken: a proxy in front may have looked at the other.
///
/// # Errors
/// What is wrong, each with its own answer.
pub fn bearer<'h>(mut authorization: impl Iterator<Item = &'h [u8]>) -> Result<WellFormed<'h>, Refusal> {
    let header = authorization.next().ok_or(Refusal::CredentialsMissing)?;
    if authorization.next().is_some() {
        return Err(Refusal::CredentialsRepeated);
    }
    // The scheme's name is case-insensitive.
    let Some((scheme, rest)) = header.split_at_checked(b"bearer".len()) else { return Err(Refusal::BearerMissing) };
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(Refusal::BearerMissing);
    }
    match rest {
        [] => Err(Refusal::CredentialsMissing),
        [b' ', secret @ ..] => WellFormed::read_bytes(secret),
        _ => Err(Refusal::BearerMissing),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::key::Environment;

    use super::*;
    use crate::keyring::secret::SecretKey;

    fn read(headers: &[&str]) -> Option<Refusal> {
        bearer(headers.iter().map(|header| header.as_bytes())).err()
    }

    #[test]
    fn a_genuine_header_is_read_whatever_the_case_of_its_scheme() {
        let secret = SecretKey::mint(Environment::Production);
        for scheme in ["Bearer", "bearer", "BEARER"] {
            assert_eq!(read(&[&format!("{scheme} {}", secret.expose())]), None);
        }
    }

    #[test]
    fn each_mistake_gets_its_own_answer() {
        let secret = SecretKey::mint(Environment::Production);
        let secret = secret.expose();
        assert_eq!(read(&[]), Some(Refusal::CredentialsMissing));
        assert_eq!(read(&["Bearer"]), Some(Refusal::CredentialsMissing));
        assert_eq!(read(&[secret]), Some(Refusal::BearerMissing));
        assert_eq!(read(&["Basic dXNlcjpwYXNz"]), Some(Refusal::BearerMissing));
        assert_eq!(read(&[&format!("Bearer{secret}")]), Some(Refusal::BearerMissing));
        assert_eq!(read(&[&format!("Bearer  {secret}")]), Some(Refusal::SurroundingSpaces));
        assert_eq!(read(&[&format!("Bearer {secret}"), "Bearer x"]), Some(Refusal::CredentialsRepeated));
        assert_eq!(read(&["Bearer key_0123456789012345678901"]), Some(Refusal::KeyIdInsteadOfSecret));
        assert_eq!(read(&["Bearer nonsense"]), Some(Refusal::Unknown));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            _ = bearer(std::iter::once(bytes.as_slice()));
        }
    }
}
