//! What the whitelist does: nothing, report, or refuse.

use diesel::{ExpressionMethods as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use serde_json::json;
use shared::{
    AppError,
    whitelist::{WhitelistMode, WhitelistModeParams, WhitelistStanding},
};

use super::{count, whitelist::note_change};
use crate::{
    Backend,
    audit::AuditEvent,
    authz::{Permit, WhitelistRead, WhitelistUpdate},
    db::{
        anydb::AnyConnection,
        column::Id,
        row::organization::OrganizationRow,
        schema::{organizations, whitelist_networks},
        tx::WriteTx,
    },
    expected::{Expected, State},
    failure::Failure,
};

/// What the whitelist is to do.
#[derive(Debug, Clone)]
pub struct WhitelistModeChange {
    /// In which state it has to be: whoever switches it on has seen whom that would shut out.
    pub expected: Expected,
    /// From now on.
    pub mode: WhitelistMode,
    /// Whether it may be switched on while it is empty.
    pub accept_empty: bool,
}

impl From<WhitelistModeParams> for WhitelistModeChange {
    fn from(params: WhitelistModeParams) -> Self {
        let WhitelistModeParams { version, mode, accept_empty } = params;
        Self { expected: Expected::just(State::of_version(version)), mode, accept_empty }
    }
}

impl Backend {
    /// What the whitelist does, and how full it is.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn whitelist_standing(&self, permit: &Permit<WhitelistRead>) -> Result<WhitelistStanding, Failure> {
        let mut connection = self.inner.store.read().await?;
        let row = organizations::table.find(Id(permit.organization())).select(OrganizationRow::as_select());
        let row: OrganizationRow = row.first(&mut *connection).await?;
        self.standing(&mut connection, &row).await
    }

    /// Switches it. When this returns, no request that starts from now on is judged by the mode before.
    ///
    /// # Errors
    /// [`Failure::Outdated`] when somebody else has changed the mode or an entry, or [`AppError::WhitelistEmpty`] when
    /// it would refuse everybody and nobody has said that this is meant.
    pub async fn whitelist_mode_update(
        &self,
        permit: &Permit<WhitelistUpdate>,
        change: impl Into<WhitelistModeChange>,
    ) -> Result<WhitelistStanding, Failure> {
        let WhitelistModeChange { expected, mode, accept_empty } = change.into();
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let row = tx.organization().clone();
        let before = self.standing(tx.connection()?, &row).await?;
        expected.check(before.clone())?;
        if mode == WhitelistMode::On && before.allowance.used == 0 && !accept_empty {
            return Err(AppError::WhitelistEmpty.into());
        }
        diesel::update(organizations::table.find(row.id))
            .set(organizations::whitelist_mode.eq(mode.code()))
            .execute(tx.connection()?)
            .await?;
        note_change(&mut tx).await?;
        let event = AuditEvent::changed(
            "whitelist.switch",
            permit.organization(),
            json!({ "mode": before.mode }),
            json!({ "mode": mode }),
        );
        self.commit(tx, event).await?;
        Ok(WhitelistStanding { mode, version: before.version + 1, ..before })
    }

    pub(super) async fn standing(
        &self,
        connection: &mut AnyConnection,
        row: &OrganizationRow,
    ) -> Result<WhitelistStanding, Failure> {
        let used: i64 = whitelist_networks::table
            .filter(whitelist_networks::organization_id.eq(row.id))
            .count()
            .get_result(connection)
            .await?;
        Ok(WhitelistStanding {
            mode: row.whitelist_mode()?,
            version: row.whitelist_version,
            allowance: self.whitelist_allowance(&row.plan, count(used))?,
        })
    }
}
