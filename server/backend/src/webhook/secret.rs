//! What messages are signed with (Standard Webhooks, symmetric signatures).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use shared::{Timestamp, WebhookId};

use crate::{
    db::row::webhook::WebhookRow,
    failure::Failure,
    keyring::pepper::{Pepper, Peppers},
};

/// The secret of one webhook. Without `Debug` and `Serialize`, like every secret.
///
/// It is worked out from the pepper and what the webhook is, so nothing that could forge a message is stored.
pub(crate) struct WebhookSecret([u8; 32]);

impl WebhookSecret {
    pub(crate) fn derive(pepper: &Pepper, id: WebhookId, serial: i64) -> Self {
        Self(pepper.mac(&format!("webhook\0{id}\0{serial}")))
    }

    /// What the receiver is given: `whsec_` and the key in Base64.
    pub(crate) fn text(&self) -> String {
        format!("whsec_{}", STANDARD.encode(self.0))
    }
}

/// One signature of a message, with its version.
fn sign(key: &[u8], id: &str, seconds: i64, body: &str) -> Result<String, Failure> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(Failure::broken)?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// The secret that the webhook has now.
pub(crate) fn current(peppers: &Peppers, row: &WebhookRow) -> Result<WebhookSecret, Failure> {
    of(peppers, row.id.0, row.pepper, row.serial)
}

/// `webhook-signature`: by the current secret and, for a while after a rotation, by the one before.
pub(super) fn signatures(
    peppers: &Peppers,
    row: &WebhookRow,
    id: &str,
    now: Timestamp,
    body: &str,
) -> Result<String, Failure> {
    let seconds = now.micros().div_euclid(1_000_000);
    let mut signatures = sign(&current(peppers, row)?.0, id, seconds, body)?;
    if let (Some(pepper), Some(until)) = (row.previous_pepper, row.previous_until_at)
        && now < until.0
    {
        let previous = of(peppers, row.id.0, pepper, row.serial - 1)?;
        signatures = format!("{signatures} {}", sign(&previous.0, id, seconds, body)?);
    }
    Ok(signatures)
}

fn of(peppers: &Peppers, id: WebhookId, pepper: i64, serial: i64) -> Result<WebhookSecret, Failure> {
    let pepper = peppers.all().find(|known| known.id() == pepper);
    let pepper = pepper.ok_or_else(|| Failure::broken(format!("{id} was made with a pepper that is gone")))?;
    Ok(WebhookSecret::derive(pepper, id, serial))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification and its libraries.
    #[test]
    fn the_published_vector_is_signed_as_published() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("Base64");
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature.expect("a signature"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
