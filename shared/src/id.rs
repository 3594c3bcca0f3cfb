//! Typed, prefixed ids: `key_…`, `org_…`. A role's id cannot be passed where a key's is wanted, and a reader of a
//! log line knows what an id names.
//!
//! The 128 bits are time-ordered (UUID version 7, RFC 9562), so ids sort by age as text and as numbers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::base62;

/// The text was no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it must start with {prefix} followed by 22 letters and digits")]
pub struct MalformedId {
    prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps 128 time-ordered bits.
            #[must_use]
            pub const fn from_bits(bits: u128) -> Self {
                Self(bits)
            }

            /// The 128 bits.
            #[must_use]
            pub const fn bits(self) -> u128 {
                self.0
            }

            /// How many characters its text has.
            pub const LENGTH: usize = $prefix.len() + base62::WIDTH_128;

            /// The text, in ASCII, without a trip to the allocator.
            #[must_use]
            pub fn text(self) -> [u8; Self::LENGTH] {
                let mut text = [0; Self::LENGTH];
                let (prefix, digits) = text.split_at_mut($prefix.len());
                prefix.copy_from_slice($prefix.as_bytes());
                digits.copy_from_slice(&base62::encode::<{ base62::WIDTH_128 }>(self.0));
                text
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(str::from_utf8(&self.text()).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                text.strip_prefix($prefix)
                    .filter(|digits| digits.len() == base62::WIDTH_128)
                    .and_then(|digits| base62::decode(digits.as_bytes()))
                    .map(Self)
                    .ok_or(MalformedId { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                use utoipa::openapi::schema::{ObjectBuilder, Type};
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    // 22 digits can say more than 128 bits. Until the year 8000, no id begins with a larger digit.
                    .pattern(Some(concat!("^", $prefix, "[0-6][0-9A-Za-z]{21}$")))
                    .examples([serde_json::Value::from(concat!($prefix, "01KZQW9T3M5X8R2B7C4D6F"))])
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // Borrowed where the format allows it; form bodies only give owned text.
                std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A tenant: it owns keys, roles, members and the audit trail.
    OrganizationId = "org_";
    /// A person's account.
    UserId = "usr_";
    /// A person's place in one organization.
    MemberId = "mem_";
    /// A named set of permissions.
    RoleId = "role_";
    /// One API key. Public: safe to log and to show.
    KeyId = "key_";
    /// One secret of a key (never the secret itself).
    SecretId = "sec_";
    /// One signed-in browser.
    SessionId = "ses_";
    /// An invitation that has not been accepted yet.
    InvitationId = "inv_";
    /// An entry of the whitelist.
    NetworkId = "net_";
    /// A mail that is to be sent.
    MailId = "mail_";
    /// Something that somebody should look at.
    AlertId = "alr_";
    /// A key that somebody else may have, and what was done about it.
    IncidentId = "inc_";
    /// Where alerts are posted to.
    WebhookId = "whk_";
    /// One message to a webhook, however often it is tried.
    DeliveryId = "msg_";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let id = KeyId::from_bits(0x0192_3456_789a_7bcd_8ef0_1234_5678_9abc);
        assert_eq!(id.to_string().parse::<KeyId>(), Ok(id));
        assert_eq!(id.to_string().len(), "key_".len() + 22);
    }

    #[test]
    fn another_kind_a_short_and_a_foreign_character_are_refused() {
        let role = RoleId::from_bits(7).to_string();
        assert!(role.parse::<KeyId>().is_err());
        assert!("key_123".parse::<KeyId>().is_err());
        assert!("key_000000000000000000000-".parse::<KeyId>().is_err());
        assert!("key_zzzzzzzzzzzzzzzzzzzzzz".parse::<KeyId>().is_err());
    }
}
