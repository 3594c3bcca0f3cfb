//! Keys that are used from where they never were before.
//!
//! A network is what one customer of a provider usually has: a /24 of IPv4, a /48 of IPv6. Whether the use was allowed
//! does not matter: whoever tries a secret from elsewhere has it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::atomic::{AtomicI64, Ordering},
};

use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, dsl::count_star};
use diesel_async::{AsyncConnection as _, RunQueryDsl as _};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use shared::{KeyId, OrganizationId, Timestamp, alert::AlertKind};

use super::{
    raise::{Finding, raise_in},
    words::Detail,
};
use crate::{
    Backend,
    db::{
        anydb::{AnyConnection, Moment},
        column::Id,
        schema::{key_traces, seen_networks},
    },
    failure::Failure,
};

/// A key that is used from so many networks is at home everywhere: another one is no news.
const MANY: i64 = 50;
/// So far back traces are looked for when a server starts, and later: they may be written a minute after the use.
const AT_FIRST_SECONDS: i64 = 86_400;
const OVERLAP_SECONDS: i64 = 120;

/// A use from a network, the first one of the day.
struct Sighting {
    organization: OrganizationId,
    key: KeyId,
    network: String,
    address: String,
    at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = seen_networks)]
struct SeenNetworkRow {
    key_id: Id<KeyId>,
    network: String,
    seen_at: Moment,
}

impl Backend {
    pub(super) async fn find_networks(&self) -> Result<(), Failure> {
        let now = self.now();
        let looked_to = AtomicI64::load(&self.inner.networks_seen_to, Ordering::Relaxed);
        let lag = i64::try_from(self.inner.usage.lag(now).seconds).unwrap_or(0);
        let since = match looked_to {
            0 => now.plus_seconds(-AT_FIRST_SECONDS),
            looked_to => Timestamp::from_micros(looked_to).plus_seconds(-OVERLAP_SECONDS - lag),
        };
        for some in self.sightings(since).await?.chunks(SOME) {
            self.see(some, now).await?;
        }
        self.inner.networks_seen_to.store(now.micros(), Ordering::Relaxed);
        Ok(())
    }

    /// The first use of the day from each network that is not known yet, the earliest first.
    async fn sightings(&self, since: Timestamp) -> Result<Vec<Sighting>, Failure> {
        type Trace = (Id<OrganizationId>, Id<KeyId>, String, Moment);
        let mut connection = self.inner.store.read().await?;
        let traces: Vec<Trace> = key_traces::table
            .filter(key_traces::first_at.gt(Moment(since)))
            .order(key_traces::first_at)
            .select((key_traces::organization_id, key_traces::key_id, key_traces::address, key_traces::first_at))
            .load(&mut *connection)
            .await?;
        let mut found = BTreeMap::<(KeyId, String), Sighting>::new();
        for (organization, key, address, at) in traces {
            let Some(network) = network_of(&address) else { continue };
            let (organization, key, at) = (organization.0, key.0, at.0);
            let place = (key, network.clone());
            found.entry(place).or_insert(Sighting { organization, key, network, address, at });
        }
        let keys: BTreeSet<KeyId> = found.keys().map(|(key, _)| *key).collect();
        let keys: Vec<_> = keys.into_iter().map(Id).collect();
        for some in keys.chunks(SOME) {
            let known: Vec<(Id<KeyId>, String)> = seen_networks::table
                .filter(seen_networks::key_id.eq_any(some.to_vec()))
                .select((seen_networks::key_id, seen_networks::network))
                .load(&mut *connection)
                .await?;
            for (key, network) in known {
                found.remove(&(key.0, network));
            }
        }
        let mut found: Vec<_> = found.into_values().collect();
        found.sort_by_key(|sighting| sighting.at);
        Ok(found)
    }

    /// Notes networks, and raises an alert for each that is not its key's first. Of two servers that see the same, one
    /// does.
    async fn see(&self, sightings: &[Sighting], now: Timestamp) -> Result<(), Failure> {
        let has_mail = self.inner.mailer.has_server();
        let mut connection = self.inner.store.write().await?;
        let raised = connection
            .transaction(async |connection| -> Result<bool, Failure> {
                let mut raised = false;
                for finding in note(connection, sightings).await? {
                    raised |= raise_in(connection, &finding, has_mail, now).await?;
                }
                Ok(raised)
            })
            .await?;
        drop(connection);
        if raised {
            self.inner.sender.wake();
        }
        Ok(())
    }
}

/// How many keys are asked about in one query, and how many networks are noted in one transaction: when a hundred thousand
/// keys come into use, one for each of them would keep the disk busy for minutes.
const SOME: usize = 500;

/// Notes what is not known yet. Returns what is news about it.
async fn note(connection: &mut AnyConnection, sightings: &[Sighting]) -> Result<Vec<Finding>, Failure> {
    let mut known = known_of(connection, sightings).await?;
    let mut first = Vec::new();
    let mut findings = Vec::new();
    for sighting in sightings {
        let known = known.entry(sighting.key).or_default();
        match *known {
            0 => first.push(sighting.row()),
            MANY.. => continue,
            _ => {
                let row = sighting.row();
                let noted = diesel::insert_into(seen_networks::table).values(row).on_conflict_do_nothing();
                if noted.execute(connection).await? == 1 {
                    findings.push(sighting.finding());
                }
            }
        }
        *known += 1;
    }
    if !first.is_empty() {
        diesel::insert_into(seen_networks::table).values(first).on_conflict_do_nothing().execute(connection).await?;
    }
    Ok(findings)
}

/// How many networks are known of each of these keys; of those that are left out, none.
async fn known_of(connection: &mut AnyConnection, sightings: &[Sighting]) -> Result<HashMap<KeyId, i64>, Failure> {
    let keys: BTreeSet<KeyId> = sightings.iter().map(|sighting| sighting.key).collect();
    let known: Vec<(Id<KeyId>, i64)> = seen_networks::table
        .filter(seen_networks::key_id.eq_any(keys.into_iter().map(Id).collect::<Vec<_>>()))
        .group_by(seen_networks::key_id)
        .select((seen_networks::key_id, count_star()))
        .load(connection)
        .await?;
    Ok(known.into_iter().map(|(key, known)| (key.0, known)).collect())
}

impl Sighting {
    fn row(&self) -> SeenNetworkRow {
        SeenNetworkRow { key_id: Id(self.key), network: self.network.clone(), seen_at: Moment(self.at) }
    }

    fn finding(&self) -> Finding {
        Finding {
            organization: self.organization,
            kind: AlertKind::NewNetwork,
            key: Some(self.key),
            subject: self.key.to_string(),
            occasion: self.network.clone(),
            detail: Detail::Network { network: self.network.clone(), address: self.address.clone() },
            times: 1,
            last_at: self.at,
        }
    }
}

/// The network of an address; `None` for what is none, since whoever asked did not say.
fn network_of(address: &str) -> Option<String> {
    let network = match address.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => IpNet::V4(Ipv4Net::new(address, 24).ok()?),
        IpAddr::V6(address) => IpNet::V6(Ipv6Net::new(address, 48).ok()?),
    };
    Some(network.trunc().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_customer_are_one_network() {
        assert_eq!(network_of("203.0.113.9").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(network_of("::ffff:203.0.113.77").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(network_of("2001:db8:7:1::51").as_deref(), Some("2001:db8:7::/48"));
        assert_eq!(network_of(""), None);
    }
}
