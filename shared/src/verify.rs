//! What a verification can answer.

use serde::{Deserialize, Serialize};

/// Why a request was refused.
///
/// The ones before [`Refusal::Revoked`] reveal nothing about any key, so anybody may hear them. The others are told
/// only to whoever presented a genuine secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(description = "Why a request was refused."))]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No `Authorization` header.
    CredentialsMissing,
    /// More than one `Authorization` header (RFC 6750, section 2: one method, once).
    CredentialsRepeated,
    /// An `Authorization` header without `Bearer`.
    BearerMissing,
    /// Spaces around the secret, or inside it.
    SurroundingSpaces,
    /// A Key ID in place of the secret.
    KeyIdInsteadOfSecret,
    /// No such secret: mistyped, truncated, or never issued. Deliberately one answer for all of them.
    Unknown,
    /// So many unknown secrets came from that address that it is not listened to for a moment.
    TooManyAttempts,
    /// The key was revoked.
    Revoked,
    /// The key is paused.
    Paused,
    /// The key's date has passed.
    Expired,
    /// The caller's address is not on the list.
    IpNotAllowed,
    /// The key's role lacks a permission that was asked for.
    PermissionMissing,
    /// The requests of the key's own limits, or of the organization's month, are used up.
    LimitExceeded,
}

impl Refusal {
    /// All of them, in the order of the rules.
    pub const ALL: [Self; 13] = [
        Self::CredentialsMissing,
        Self::CredentialsRepeated,
        Self::BearerMissing,
        Self::SurroundingSpaces,
        Self::KeyIdInsteadOfSecret,
        Self::Unknown,
        Self::TooManyAttempts,
        Self::Revoked,
        Self::Paused,
        Self::Expired,
        Self::IpNotAllowed,
        Self::PermissionMissing,
        Self::LimitExceeded,
    ];

    /// The word in JSON.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::CredentialsMissing => "credentials_missing",
            Self::CredentialsRepeated => "credentials_repeated",
            Self::BearerMissing => "bearer_missing",
            Self::SurroundingSpaces => "surrounding_spaces",
            Self::KeyIdInsteadOfSecret => "key_id_instead_of_secret",
            Self::Unknown => "unknown",
            Self::TooManyAttempts => "too_many_attempts",
            Self::Revoked => "revoked",
            Self::Paused => "paused",
            Self::Expired => "expired",
            Self::IpNotAllowed => "ip_not_allowed",
            Self::PermissionMissing => "permission_missing",
            Self::LimitExceeded => "limit_exceeded",
        }
    }

    /// The HTTP status: 401 for who you are, 403 for what you may, 429 for how much, 400 for a request that
    /// contradicts itself.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::CredentialsRepeated => 400,
            Self::IpNotAllowed | Self::PermissionMissing => 403,
            Self::TooManyAttempts | Self::LimitExceeded => 429,
            _ => 401,
        }
    }

    /// The `error` code of `WWW-Authenticate` (RFC 6750, section 3.1). A request that sent nothing gets none, and where
    /// other credentials would not help, there is no challenge at all.
    #[must_use]
    pub const fn bearer_error(self) -> Option<&'static str> {
        match self {
            Self::CredentialsMissing | Self::TooManyAttempts | Self::IpNotAllowed | Self::LimitExceeded => None,
            Self::CredentialsRepeated => Some("invalid_request"),
            Self::PermissionMissing => Some("insufficient_scope"),
            _ => Some("invalid_token"),
        }
    }

    /// What happened and what to do, for the engineer who reads the answer.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::CredentialsMissing => {
                "No API key was sent. Send the secret key in a header: Authorization: Bearer <secret key>."
            }
            Self::CredentialsRepeated => "Several Authorization headers were sent. Send exactly one.",
            Self::BearerMissing => {
                "The Authorization header does not start with \"Bearer \". Send: Authorization: Bearer <secret key>."
            }
            Self::SurroundingSpaces => {
                "There are spaces around or inside the secret key. Copy it again, without spaces or line breaks."
            }
            Self::KeyIdInsteadOfSecret => {
                "This is a Key ID (key_…), which is public. Send the secret key, which starts with ipaware_."
            }
            Self::Unknown => "The secret key is not valid. Check that it was copied completely and is the current one.",
            Self::TooManyAttempts => {
                "Too many unknown secret keys came from this address. Wait a moment, then send the right one."
            }
            Self::Revoked => "This API key was revoked. Create a new one and deploy it.",
            Self::Paused => "This API key is paused. Somebody who may edit keys can resume it.",
            Self::Expired => "This API key has expired. Move its date, or create a new one.",
            Self::IpNotAllowed => "Requests with this API key are not allowed from this address.",
            Self::PermissionMissing => "The role of this API key lacks a permission that this request needs.",
            Self::LimitExceeded => {
                "As many requests were made as the limit allows. Retry-After says when there will be more."
            }
        }
    }

    /// Whether it says something about a key, so that only the holder of its secret may hear it.
    #[must_use]
    pub fn needs_genuine_secret(self) -> bool {
        self >= Self::Revoked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_word_in_json() {
        for refusal in Refusal::ALL {
            assert_eq!(serde_json::to_string(&refusal).expect("json"), format!("{:?}", refusal.reason()));
        }
    }
}
