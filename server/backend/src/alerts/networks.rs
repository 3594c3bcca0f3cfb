//! Keys that are used from where they never were before.
//!
//! A network is what one customer of a provider usually has: a /24 of IPv4, a /48 of IPv6. Whether the use was allowed
//! does not matter: whoever tries a secret from elsewhere has it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::atomic::{AtomicI64, Ordering},
};

use diesel::{ExpressionMethods as _, QueryDsl as _};
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

impl Backend {
    pub(super) async fn find_networks(&self) -> Result<(), Failure> {
        let now = self.now();
        let looked_to = AtomicI64::load(&self.inner.networks_seen_to, Ordering::Relaxed);
        let lag = i64::try_from(self.inner.usage.lag(now).seconds).unwrap_or(0);
        let since = match looked_to {
            0 => now.plus_seconds(-AT_FIRST_SECONDS),
            looked_to => Timestamp::from_micros(looked_to).plus_seconds(-OVERLAP_SECONDS - lag),
        };
        for sighting in self.sightings(since).await? {
            self.see(sighting, now).await?;
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

    /// Notes a network, and raises an alert unless it is the key's first. Of two servers that see the same, one does.
    async fn see(&self, sighting: Sighting, now: Timestamp) -> Result<(), Failure> {
        let has_mail = self.inner.mailer.has_server();
        let mut connection = self.inner.store.write().await?;
        let raised = connection
            .transaction(async |connection| -> Result<bool, Failure> {
                let Some(finding) = note(connection, sighting).await? else { return Ok(false) };
                raise_in(connection, &finding, has_mail, now).await
            })
            .await?;
        drop(connection);
        if raised {
            self.inner.sender.wake();
        }
        Ok(())
    }
}

/// How many keys are asked about in one query.
const SOME: usize = 500;

async fn note(connection: &mut AnyConnection, sighting: Sighting) -> Result<Option<Finding>, Failure> {
    let Sighting { organization, key, network, address, at } = sighting;
    let of_key = seen_networks::table.filter(seen_networks::key_id.eq(Id(key)));
    let known: i64 = of_key.count().get_result(connection).await?;
    if known >= MANY {
        return Ok(None);
    }
    let row =
        (seen_networks::key_id.eq(Id(key)), seen_networks::network.eq(&network), seen_networks::seen_at.eq(Moment(at)));
    let noted =
        diesel::insert_into(seen_networks::table).values(row).on_conflict_do_nothing().execute(connection).await?;
    Ok((noted == 1 && known > 0).then(|| Finding {
        organization,
        kind: AlertKind::NewNetwork,
        key: Some(key),
        subject: key.to_string(),
        occasion: network.clone(),
        detail: Detail::Network { network, address },
        times: 1,
        last_at: at,
    }))
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
