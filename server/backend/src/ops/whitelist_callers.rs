//! Keys that are used from addresses which are not on the whitelist: by what their use has left behind, and by the list
//! as it stands.

use std::{cmp::Reverse, collections::HashMap};

use diesel::{
    ExpressionMethods as _, QueryDsl as _,
    dsl::sql,
    sql_types::{BigInt, Bool},
};
use diesel_async::RunQueryDsl as _;
use shared::{
    KeyId, Permission, Timestamp,
    incident::ADDED_UP,
    key::KeyStatus,
    network::Network,
    role::KeyHolder,
    whitelist::{CALLERS_SHOWN, PREVIEW_DAYS, REPORT_DAYS, WhitelistCaller, WhitelistCallers},
};

use super::{count, whitelist::listed};
use crate::{
    Backend,
    authz::{Permit, WhitelistRead},
    db::{
        anydb::{Moment, UtcMoment},
        column::Id,
        schema::{api_keys, key_traces},
    },
    failure::Failure,
    keyring::network::NetworkSet,
    slice::{Cut, Slice},
};

/// Which requests from addresses that are not on the whitelist are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// Those that were allowed in the last [`PREVIEW_DAYS`]: switching on would shut them out.
    Allowed,
    /// Those that would have been refused in the last [`REPORT_DAYS`], while the whitelist only reported.
    Reported,
}

impl Elsewhere {
    /// The column that counts them.
    const fn column(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Reported => "reported",
        }
    }

    const fn days(self) -> i64 {
        match self {
            Self::Allowed => PREVIEW_DAYS,
            Self::Reported => REPORT_DAYS,
        }
    }
}

impl Backend {
    /// Who is meant, those with the latest requests first. Whose address was added since is not among them any more.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn whitelist_callers(
        &self,
        permit: &Permit<WhitelistRead>,
        which: Elsewhere,
    ) -> Result<WhitelistCallers, Failure> {
        let mut callers = self.callers_from(permit, which).await?;
        let (total, requests) = (callers.len() as u64, callers.iter().map(|caller| caller.requests).sum());
        callers.truncate(CALLERS_SHOWN);
        let scattered = self.scattered_requests(permit, which).await?;
        Ok(WhitelistCallers { callers, total, requests, scattered, now: self.now() })
    }

    /// A slice of the same list, as a whole.
    ///
    /// # Errors
    /// [`Failure::ForeignCursor`].
    pub async fn whitelist_caller_slice(
        &self,
        permit: &Permit<WhitelistRead>,
        which: Elsewhere,
        slice: &Slice,
    ) -> Result<Cut<WhitelistCaller>, Failure> {
        let slicing = self.slicing("whitelist callers", permit.organization(), &which.column(), slice)?;
        slicing.cut_sorted(self.callers_from(permit, which).await?, place)
    }

    /// Those of which it is not known any more where they came from.
    async fn scattered_requests(&self, permit: &Permit<WhitelistRead>, which: Elsewhere) -> Result<u64, Failure> {
        let counted = which.column();
        let keys = api_keys::table
            .filter(api_keys::organization_id.eq(Id(permit.organization())))
            .filter(api_keys::status.ne(KeyStatus::Revoked.code()))
            .select(api_keys::id);
        let requests = key_traces::table
            .filter(key_traces::organization_id.eq(Id(permit.organization())))
            .filter(key_traces::day.ge(self.now().day_number() - which.days()))
            .filter(key_traces::asked.eq(ADDED_UP))
            .filter(key_traces::key_id.eq_any(keys))
            .select(sql::<BigInt>(&format!("CAST(COALESCE(sum({counted}), 0) AS BIGINT)")))
            .first(&mut *self.inner.store.read().await?)
            .await?;
        Ok(count(requests))
    }

    async fn callers_from(
        &self,
        permit: &Permit<WhitelistRead>,
        which: Elsewhere,
    ) -> Result<Vec<WhitelistCaller>, Failure> {
        let (organization, counted) = (permit.organization(), which.column());
        let since = self.now().day_number() - which.days();
        let mut connection = self.inner.store.read().await?;
        let connection = &mut *connection;
        let list = NetworkSet::new(listed(connection, organization).await?.into_iter().map(|entry| entry.network));
        let traces = key_traces::table
            .filter(key_traces::organization_id.eq(Id(organization)))
            .filter(key_traces::day.ge(since))
            .filter(key_traces::asked.ne(ADDED_UP))
            .filter(sql::<Bool>(&format!("{counted} > 0")));
        let names: HashMap<Id<KeyId>, String> = api_keys::table
            .filter(api_keys::organization_id.eq(Id(organization)))
            .filter(api_keys::status.ne(KeyStatus::Revoked.code()))
            .filter(api_keys::id.eq_any(traces.clone().select(key_traces::key_id)))
            .select((api_keys::id, api_keys::name))
            .load(connection)
            .await?
            .into_iter()
            .collect();
        let used: Vec<(Id<KeyId>, String, i64, Moment)> = traces
            .group_by((key_traces::key_id, key_traces::address))
            .select((
                key_traces::key_id,
                key_traces::address,
                sql::<BigInt>(&format!("CAST(sum({counted}) AS BIGINT)")),
                sql::<UtcMoment>("max(last_at)"),
            ))
            .load(connection)
            .await?;
        let may_see_keys = permit.grants().holds(Permission::KeyView);
        let outside = used.into_iter().filter_map(|(id, address, requests, last_at)| {
            let address = address.parse().ok();
            let is_outside = !address.is_some_and(|address| list.contains(address));
            let key = KeyHolder { id: id.0, name: names.get(&id).filter(|_| is_outside)?.clone() };
            Some(WhitelistCaller {
                key: may_see_keys.then_some(key),
                address: address.map(Network::from),
                requests: count(requests),
                last_at: last_at.0,
            })
        });
        let mut callers: Vec<_> = outside.collect();
        callers.sort_unstable_by_key(place);
        Ok(callers)
    }
}

fn place(caller: &WhitelistCaller) -> (Reverse<Timestamp>, Option<KeyId>, Option<Network>) {
    (Reverse(caller.last_at), caller.key.as_ref().map(|key| key.id), caller.address)
}
