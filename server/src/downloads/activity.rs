//! What a key was used for since some moment, as a file: a line for each address and question, then one for each refusal
//! whose details are kept.

use axum::response::Response;
use backend::authz::UsageRead;
use shared::{AppError, KeyId, Timestamp, explain::RefusalView, incident::ActivityLine};

use super::{Download, Kind, Refused, csv};

const COLUMNS: [&str; 10] = [
    "what",
    "first_at",
    "last_at",
    "address",
    "permissions",
    "user_agent",
    "allowed",
    "refused",
    "reason",
    "request_id",
];

/// `GET /download/activity.csv?key=key_…&since=2026-11-25T09:30:00Z`
pub(super) async fn csv(download: Download<UsageRead>) -> Result<Response, Refused> {
    let mut key: Option<KeyId> = None;
    let mut since = None;
    for (name, value) in form_urlencoded::parse(download.query.as_bytes()) {
        match &*name {
            "key" => key = value.parse().ok(),
            "since" => since = Timestamp::from_rfc3339(&value),
            _ => {}
        }
    }
    let key = key.ok_or_else(|| Refused(AppError::not_found("API key")))?;
    let since = since.ok_or_else(|| Refused(AppError::field("since", "Say since when: 2026-11-25T09:30:00Z.")))?;
    let (backend, permit) = (download.backend.clone(), download.permit.clone());
    let write = move |_: Option<()>| {
        let (backend, permit) = (backend.clone(), permit.clone());
        async move {
            let (uses, refusals) = backend.key_history(&permit, key, since).await?;
            Ok((lines(&uses, &refusals), None))
        }
    };
    download.streamed("activity", Kind::Csv, write).await
}

fn lines(uses: &[ActivityLine], refusals: &[RefusalView]) -> String {
    let of_use = |used: &ActivityLine| {
        let [first_at, last_at] = [used.first_at, used.last_at].map(Timestamp::rfc3339);
        let [allowed, refused] = [used.allowed, used.refused].map(|n| n.to_string());
        let user_agent = used.user_agent.as_deref().unwrap_or_default();
        csv::line([
            "use",
            &first_at,
            &last_at,
            &used.address,
            &used.permissions,
            user_agent,
            &allowed,
            &refused,
            "",
            "",
        ])
    };
    let of_refusal = |refusal: &RefusalView| {
        let (at, reason) = (refusal.at.rfc3339(), refusal.reason.reason());
        let [address, permissions, user_agent] = [&refusal.address, &refusal.permissions, &refusal.user_agent]
            .map(|text| text.as_deref().unwrap_or_default());
        csv::line(["refusal", &at, &at, address, permissions, user_agent, "0", "1", reason, &refusal.request_id])
    };
    std::iter::once(csv::line(COLUMNS)).chain(uses.iter().map(of_use)).chain(refusals.iter().map(of_refusal)).collect()
}
