//! Keys that somebody said to be compromised: the team hears of it in the transaction that contains the key.

use shared::{IncidentId, KeyId, OrganizationId, Timestamp, alert::AlertKind, incident::Containment};

use super::{
    raise::{Finding, raise_in},
    words::Detail,
};
use crate::{db::anydb::AnyConnection, failure::Failure};

/// What was done.
pub(crate) struct Compromise {
    pub(crate) incident: IncidentId,
    pub(crate) key: KeyId,
    pub(crate) reason: String,
    pub(crate) containment: Containment,
}

/// Tells it: by an alert, and by mail and webhooks as they are set up.
pub(crate) async fn raise_compromise(
    connection: &mut AnyConnection,
    organization: OrganizationId,
    compromise: Compromise,
    has_mail: bool,
    now: Timestamp,
) -> Result<(), Failure> {
    let Compromise { incident, key, reason, containment } = compromise;
    let finding = Finding {
        organization,
        kind: AlertKind::Compromised,
        key: Some(key),
        subject: key.to_string(),
        occasion: incident.to_string(),
        detail: Detail::Compromised { incident, reason, containment },
        times: 1,
        last_at: now,
    };
    raise_in(connection, &finding, has_mail, now).await.map(drop)
}
