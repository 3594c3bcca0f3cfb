//! Reading the audit trail.

use diesel::{
    BoolExpressionMethods as _, EscapeExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _,
    QueryDsl as _, SelectableHelper as _, TextExpressionMethods as _,
};
use diesel_async::RunQueryDsl as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    AppError, OrganizationId, Timestamp,
    audit::{AuditEntry, AuditList, AuditParams, ID_MAX, SEARCH_MAX},
    field,
};

use super::{contains, literal};
use crate::{
    Backend,
    audit::{hex, told},
    authz::{AuditRead, Permit},
    db::{
        anydb::{AnyDb, Moment},
        column::Id,
        row::audit::AuditRow,
        schema::{audit_entries, lower},
    },
    failure::Failure,
    slice::{Cut, Slice},
};

/// How many entries the page shows at once.
const PAGE: u32 = 50;

/// An entry with all that is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// As people read it.
    pub entry: AuditEntry,
    /// What was told of it, as it was written.
    pub detail: Value,
    /// The hash of the entry before, in hexadecimal digits.
    pub previous_hash: String,
}

/// Where an entry is in the list.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct AuditPlace {
    at: Timestamp,
    seq: i64,
}

impl Recorded {
    /// Where it is in the list.
    #[must_use]
    pub const fn place(&self) -> AuditPlace {
        AuditPlace { at: self.entry.at, seq: self.entry.seq }
    }
}

impl From<AuditRow> for Recorded {
    fn from(row: AuditRow) -> Self {
        let previous_hash = hex(&row.previous_hash.0);
        let (entry, detail) = told(row);
        Self { entry, detail, previous_hash }
    }
}

impl Backend {
    /// What the page shows from `cursor` on.
    ///
    /// # Errors
    /// [`Failure::ForeignCursor`].
    pub async fn audit_list(
        &self,
        permit: &Permit<AuditRead>,
        params: &AuditParams,
        cursor: Option<String>,
    ) -> Result<AuditList, Failure> {
        let cut = self.audit_slice(permit, params, &Slice { limit: PAGE, cursor }).await?;
        let entries = cut.rows.into_iter().map(|recorded| recorded.entry).collect();
        Ok(AuditList { entries, next: cut.next_cursor, now: self.now() })
    }

    /// A slice of the entries that the filters let through, newest first.
    ///
    /// # Errors
    /// [`Failure::ForeignCursor`].
    pub async fn audit_slice(
        &self,
        permit: &Permit<AuditRead>,
        params: &AuditParams,
        slice: &Slice,
    ) -> Result<Cut<Recorded>, Failure> {
        let slicing = self.slicing("audit", permit.organization(), params, slice)?;
        let rows = self.audit_rows(permit, params, slicing.after()?, slicing.rows_to_read()).await?;
        slicing.cut(rows, Recorded::place)
    }

    /// The same for whoever reads all of it, part by part: so many entries behind `place`.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn audit_rows(
        &self,
        permit: &Permit<AuditRead>,
        params: &AuditParams,
        place: Option<AuditPlace>,
        count: i64,
    ) -> Result<Vec<Recorded>, Failure> {
        let mut entries = matching(permit.organization(), params);
        if let Some(AuditPlace { at, seq }) = place {
            // A range of the index, and not two conditions on every row.
            let at = Moment(at);
            entries =
                entries.filter(audit_entries::at.le(at).and(audit_entries::at.lt(at).or(audit_entries::seq.lt(seq))));
        }
        let rows: Vec<AuditRow> = entries
            .order((audit_entries::at.desc(), audit_entries::seq.desc()))
            .select(AuditRow::as_select())
            .limit(count)
            .load(&mut *self.inner.store.read().await?)
            .await?;
        Ok(rows.into_iter().map(Recorded::from).collect())
    }

    /// One entry, by its number.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn audit_get(&self, permit: &Permit<AuditRead>, seq: i64) -> Result<Recorded, Failure> {
        let row: Option<AuditRow> = audit_entries::table
            .find((Id(permit.organization()), seq))
            .select(AuditRow::as_select())
            .first(&mut *self.inner.store.read().await?)
            .await
            .optional()?;
        Ok(row.ok_or_else(|| AppError::not_found("audit entry"))?.into())
    }
}

type Entries<'q> = audit_entries::BoxedQuery<'q, AnyDb>;

fn matching<'q>(organization: OrganizationId, params: &AuditParams) -> Entries<'q> {
    // Cleaned here too: SQLite refuses long patterns, and PostgreSQL has no NUL in its texts.
    let clean = |text: &Option<String>| text.as_ref().map(|text| field::search(text, ID_MAX));
    let search = field::search(&params.search, SEARCH_MAX);
    let (actor, action) = (clean(&params.actor), clean(&params.action));
    let (target, request) = (clean(&params.target), clean(&params.request));
    let mut entries = audit_entries::table.filter(audit_entries::organization_id.eq(Id(organization))).into_boxed();
    if let Some(actor) = actor {
        entries = entries.filter(audit_entries::actor.eq(actor));
    }
    if let Some(action) = action {
        // A dot ends the name of a group, and no action ends there.
        let group = format!("{}.%", literal(&action));
        entries = entries.filter(audit_entries::action.eq(action).or(audit_entries::action.like(group).escape('\\')));
    }
    if let Some(target) = target {
        entries = entries.filter(audit_entries::target.eq(target));
    }
    if let Some(request) = request {
        entries = entries.filter(audit_entries::request_id.eq(request));
    }
    if let Some(outcome) = params.outcome {
        entries = entries.filter(audit_entries::outcome.eq(outcome.code()));
    }
    if let Some(from) = params.from {
        entries = entries.filter(audit_entries::at.ge(Moment(from)));
    }
    if let Some(to) = params.to {
        entries = entries.filter(audit_entries::at.lt(Moment(to)));
    }
    if !search.is_empty() {
        let pattern = contains(&search);
        let folded = pattern.to_lowercase();
        entries = entries.filter(
            lower(audit_entries::actor_label)
                .like(folded.clone())
                .escape('\\')
                .or(lower(audit_entries::detail).like(folded).escape('\\'))
                .or(audit_entries::target.like(pattern).escape('\\')),
        );
    }
    entries
}
