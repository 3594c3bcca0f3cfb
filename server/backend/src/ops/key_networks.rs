//! A key's own list: from where it may be used. It holds beside the whitelist, and whatever that does.

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use serde_json::json;
use shared::{
    AppError, KeyId,
    key::KeyStatus,
    network::Network,
    whitelist::{self, KeyNetworks, KeyNetworksUpdateParams},
};

use super::{checked, key::locked_key, role::role_choice, stop_if};
use crate::{
    Backend,
    audit::AuditEvent,
    authz::{KeyRead, KeyUpdate, Permit},
    db::{
        anydb::AnyConnection,
        column::Id,
        schema::{api_keys, key_networks},
        tx::WriteTx,
    },
    expected::{Expected, Stateful as _, Target},
    failure::Failure,
    keyring::{applier::Subject, network},
};

/// What is to become of a key's own list.
#[derive(Debug, Clone)]
pub struct KeyNetworksChange {
    /// Whose.
    pub target: Target<KeyId>,
    /// All of it from now on, as typed.
    pub networks: Vec<String>,
}

impl From<KeyNetworksUpdateParams> for KeyNetworksChange {
    fn from(params: KeyNetworksUpdateParams) -> Self {
        let KeyNetworksUpdateParams { before, networks } = params;
        Self { target: Target { id: before.key, expected: Expected::just(before.state()) }, networks }
    }
}

impl Backend {
    /// A key's own list.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for another organization's key.
    pub async fn key_networks_get(&self, permit: &Permit<KeyRead>, key: KeyId) -> Result<KeyNetworks, Failure> {
        let mut connection = self.inner.store.read().await?;
        let known: Option<Id<KeyId>> = api_keys::table
            .filter(api_keys::id.eq(Id(key)))
            .filter(api_keys::organization_id.eq(Id(permit.organization())))
            .select(api_keys::id)
            .first(&mut *connection)
            .await
            .optional()?;
        let key = known.ok_or_else(|| AppError::not_found("API key"))?.0;
        networks_of(&mut connection, key).await
    }

    /// Replaces a key's own list. When this returns, no request that starts from now on is judged by the list before.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::WrongState`] for a revoked key, [`AppError::AboveCeiling`],
    /// [`AppError::Invalid`], or [`Failure::Outdated`] when somebody else was quicker.
    pub async fn key_networks_update(
        &self,
        permit: &Permit<KeyUpdate>,
        change: impl Into<KeyNetworksChange>,
    ) -> Result<KeyNetworks, Failure> {
        let KeyNetworksChange { target: Target { id, expected }, networks } = change.into();
        let mut tx = WriteTx::begin(&self.inner.store, permit, self.now()).await?;
        let key = locked_key(tx.connection()?, permit.organization(), id).await?;
        if key.stored_status()? == KeyStatus::Revoked {
            return Err(AppError::WrongState { status: KeyStatus::Revoked }.into());
        }
        let before = networks_of(tx.connection()?, id).await?;
        expected.check(before.clone())?;
        let mut refused = Vec::new();
        let networks = checked(&mut refused, "networks", whitelist::key_networks(&networks));
        stop_if(refused)?;
        let role = role_choice(tx.connection()?, permit.organization(), key.role_id.0).await?;
        // Nobody shapes a key that may do more than they may.
        tx.check_ceiling(&format!("edit a key with the role {}", role.name), &role.permissions)?;
        let after = KeyNetworks { key: id, networks };
        diesel::delete(key_networks::table.filter(key_networks::key_id.eq(Id(id)))).execute(tx.connection()?).await?;
        let row = |network: &Network| (key_networks::key_id.eq(Id(id)), key_networks::network.eq(network.to_string()));
        let rows: Vec<_> = after.networks.iter().map(row).collect();
        if !rows.is_empty() {
            diesel::insert_into(key_networks::table).values(rows).execute(tx.connection()?).await?;
        }
        tx.touch(Subject::Key(id));
        let event = AuditEvent::changed(
            "key.restrict",
            id,
            json!({ "networks": before.networks }),
            json!({ "networks": after.networks }),
        );
        self.commit(tx, event).await?;
        Ok(after)
    }
}

async fn networks_of(connection: &mut AnyConnection, key: KeyId) -> Result<KeyNetworks, Failure> {
    let texts: Vec<String> = key_networks::table
        .filter(key_networks::key_id.eq(Id(key)))
        .select(key_networks::network)
        .load(connection)
        .await?;
    let mut networks = texts.iter().map(|text| network::read(text)).collect::<Result<Vec<_>, _>>()?;
    networks.sort_unstable();
    Ok(KeyNetworks { key, networks })
}
