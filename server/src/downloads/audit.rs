//! The audit trail as a file: all that the page's filters let through, newest first.

use axum::response::Response;
use backend::{
    Failure,
    authz::AuditRead,
    ops::{AuditPlace, Recorded},
};
use shared::audit::AuditParams;

use super::{Download, Kind, Refused, Written, csv};
use crate::v1::audit::AuditEntry;

/// How many entries are in memory at once.
const AT_ONCE: i64 = 500;

const COLUMNS: [&str; 15] = [
    "number",
    "at",
    "outcome",
    "who",
    "who_id",
    "what",
    "action",
    "target_id",
    "before",
    "after",
    "why",
    "address",
    "user_agent",
    "request_id",
    "hash",
];

/// `GET /download/audit.csv`
pub(super) async fn csv(download: Download<AuditRead>) -> Result<Response, Refused> {
    file(&download, Kind::Csv, csv::line(COLUMNS), in_cells).await
}

/// `GET /download/audit.jsonl`: what `/v1/audit` shows, an entry on each line.
pub(super) async fn json_lines(download: Download<AuditRead>) -> Result<Response, Refused> {
    file(&download, Kind::JsonLines, String::new(), in_json).await
}

async fn file(
    download: &Download<AuditRead>,
    kind: Kind,
    head: String,
    write: fn(Recorded) -> String,
) -> Result<Response, Refused> {
    let query: Vec<(String, String)> = form_urlencoded::parse(download.query.as_bytes()).into_owned().collect();
    let value = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str().into());
    let params = AuditParams::from_query(value);
    let (backend, permit) = (download.backend.clone(), download.permit.clone());
    let part = move |place: Option<AuditPlace>| {
        let (backend, permit, params) = (backend.clone(), permit.clone(), params.clone());
        let head = if place.is_none() { head.clone() } else { String::new() };
        async move {
            let rows = backend.audit_rows(&permit, &params, place, AT_ONCE).await?;
            let is_last = (rows.len() as i64) < AT_ONCE;
            let next = rows.last().map(Recorded::place).filter(|_| !is_last);
            let text = rows.into_iter().map(write).fold(head, |text, line| text + &line);
            Ok::<Written<AuditPlace>, Failure>((text, next))
        }
    };
    download.streamed("audit", kind, part).await
}

fn in_cells(recorded: Recorded) -> String {
    let Recorded { entry, detail, previous_hash: _ } = recorded;
    let half = |half: &str| detail.get(half).map(ToString::to_string).unwrap_or_default();
    csv::line([
        &*entry.seq.to_string(),
        &entry.at.rfc3339(),
        entry.outcome.code(),
        &entry.actor_label,
        &entry.actor,
        &entry.sentence,
        &entry.action,
        &entry.target,
        &half("before"),
        &half("after"),
        entry.why.as_deref().unwrap_or_default(),
        entry.address.as_deref().unwrap_or_default(),
        entry.user_agent.as_deref().unwrap_or_default(),
        &entry.request_id,
        &entry.hash,
    ])
}

fn in_json(recorded: Recorded) -> String {
    serde_json::to_string(&AuditEntry::from(recorded)).map(|line| line + "\n").unwrap_or_default()
}
