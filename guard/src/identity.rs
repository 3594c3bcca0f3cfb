//! Whose key it is.

use http::{HeaderMap, HeaderName};

const KEY: HeaderName = HeaderName::from_static("x-key-id");
const ROLE: HeaderName = HeaderName::from_static("x-key-role");
const ORGANIZATION: HeaderName = HeaderName::from_static("x-organization-id");

/// Whose key a request came with. The guard puts it into the extensions of every request that it lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// `key_…`: the key, which stays the same when its secret is rotated.
    pub key_id: String,
    /// The name of the key's role, as people gave it.
    pub role: String,
    /// `org_…`: the organization that the key belongs to.
    pub organization_id: String,
}

impl Identity {
    /// What the server says about an allowed request; `None` if it does not say everything.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        // A role's name may hold any letter, so the value is UTF-8 and not ASCII.
        let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Some(Self { key_id: text(KEY)?, role: text(ROLE)?, organization_id: text(ORGANIZATION)? })
    }

    /// Takes out of a request what only its client can have written.
    pub(crate) fn strip(headers: &mut HeaderMap) {
        for name in [KEY, ROLE, ORGANIZATION] {
            headers.remove(name);
        }
    }
}
