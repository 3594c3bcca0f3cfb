//! The token of an invitation's link.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use shared::InvitationId;

use crate::keyring::pepper::Pepper;

/// Stands for an invitation: whoever has it may accept. Without `Debug` and `Serialize`, like every secret.
///
/// It is worked out from the pepper and what the invitation is, so it can be shown again without being stored; it holds
/// for that email alone, and a new sending gets a new one. Without the pepper it is 256 bits that nobody can guess.
pub(crate) struct InvitationToken(String);

impl InvitationToken {
    pub(crate) fn derive(pepper: &Pepper, id: InvitationId, serial: i64, email: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(pepper.mac(&format!("invitation\0{id}\0{serial}\0{email}"))))
    }

    /// What a link holds; `None` when it cannot be one of ours.
    pub(crate) fn read(text: &str) -> Option<Self> {
        (text.len() == 43 && text.is_ascii()).then(|| Self(text.to_owned()))
    }

    /// The token, for the link.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored.
    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}
