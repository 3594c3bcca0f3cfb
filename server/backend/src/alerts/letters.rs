//! Alerts by mail: to the Owner and the Admins, several that come together in one letter.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, NullableExpressionMethods as _, OptionalExtension as _,
    QueryDsl as _, SelectableHelper as _,
};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use serde_json::json;
use shared::{AlertId, OrganizationId, Timestamp, alert::AlertKind, role::SystemRole};

use super::words;
use crate::{
    Backend,
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        row::alert::AlertRow,
        schema::{alerts, api_keys, mails, member_roles, members, roles, users},
    },
    failure::Failure,
    mail::{self, Letter},
};

/// After a letter, the next one waits for so long; but nobody waits to hear of a compromised key.
const PAUSE_SECONDS: i64 = 300;

impl Backend {
    /// Queues the letters about alerts that nobody was told of yet.
    pub(super) async fn write_letters(&self) -> Result<(), Failure> {
        let now = self.now();
        let waiting: Vec<Id<OrganizationId>> = alerts::table
            .filter(alerts::mail.eq("due"))
            .select(alerts::organization_id)
            .distinct()
            .load(&mut self.inner.store.read().await?)
            .await?;
        for organization in waiting {
            let mut connection = self.inner.store.write().await?;
            connection
                .transaction(async |connection| -> Result<(), Failure> {
                    write_letter(connection, organization, now).await
                })
                .await?;
            self.inner.mailer.wake();
        }
        Ok(())
    }

    /// What the alerts of a letter say now, one in a line.
    pub(crate) async fn alert_lines(&self, ids: Vec<AlertId>) -> Result<Vec<String>, Failure> {
        let rows: Vec<(AlertRow, Option<String>)> = alerts::table
            .left_join(api_keys::table)
            .filter(alerts::id.eq_any(ids.into_iter().map(Id).collect::<Vec<_>>()))
            .order(alerts::id)
            .select((AlertRow::as_select(), api_keys::name.nullable()))
            .load(&mut self.inner.store.read().await?)
            .await?;
        rows.into_iter().map(|(row, name)| Ok(words::view(row, name, None)?.message)).collect()
    }
}

async fn write_letter(
    connection: &mut AnyConnection,
    organization: Id<OrganizationId>,
    now: Timestamp,
) -> Result<(), Failure> {
    let last: Option<Moment> = mails::table
        .filter(mails::organization_id.eq(organization))
        .filter(mails::letter.eq(Letter::Alerts.code()))
        .order(mails::created_at.desc())
        .select(mails::created_at)
        .first(connection)
        .await
        .optional()?;
    if last.is_some_and(|last| now.seconds_since(last.0) < PAUSE_SECONDS)
        && !is_urgent(connection, organization).await?
    {
        return Ok(());
    }
    // Whoever marks them writes the letter: of two servers one finds nothing left to mark.
    let marked: Vec<Id<AlertId>> =
        diesel::update(alerts::table.filter(alerts::organization_id.eq(organization)).filter(alerts::mail.eq("due")))
            .set(alerts::mail.eq("queued"))
            .returning(alerts::id)
            .get_results(connection)
            .await?;
    if marked.is_empty() {
        return Ok(());
    }
    let ids: Vec<AlertId> = marked.into_iter().map(|id| id.0).collect();
    let recipients: Vec<String> = members::table
        .inner_join(users::table)
        .inner_join(member_roles::table.inner_join(roles::table))
        .filter(members::organization_id.eq(organization))
        .filter(roles::system.eq(SystemRole::Owner.code()).or(roles::system.eq(SystemRole::Admin.code())))
        .select(users::email)
        .distinct()
        .load(connection)
        .await?;
    for recipient in recipients {
        mail::queue_on(connection, organization, Letter::Alerts, &recipient, json!({ "alerts": ids }), None, now)
            .await?;
    }
    Ok(())
}

/// Whether a compromised key is among what nobody was told of yet.
async fn is_urgent(connection: &mut AnyConnection, organization: Id<OrganizationId>) -> Result<bool, Failure> {
    let compromised: i64 = alerts::table
        .filter(alerts::organization_id.eq(organization))
        .filter(alerts::mail.eq("due"))
        .filter(alerts::kind.eq(AlertKind::Compromised.code()))
        .count()
        .get_result(connection)
        .await?;
    Ok(compromised > 0)
}
