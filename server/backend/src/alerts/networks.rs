//! Keys that are used from where they never were before.
//!
//! A network is what one customer of a provider usually has: a /24 of IPv4, a /48 of IPv6. Whether the use was allowed
//! does not matter: whoever tries a secret from elsewhere has it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _};
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
        schema::seen_networks,
    },
    failure::Failure,
    keyring::totals::KeyTotals,
};

/// A key that is used from so many networks is at home everywhere: another one is no news.
const MANY: usize = 50;

/// The first use from a network, of those that are looked at.
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
    /// Looks where these keys were used from, and raises an alert for each network that is not its key's first.
    ///
    /// To be called before that is written down. If it is not written after all it is looked at again, which changes
    /// nothing; the other way round, what comes in between would leave a network that nobody hears of.
    ///
    /// # Errors
    /// When the database fails. Then the next use from there is looked at.
    pub(crate) async fn find_networks(&self, used: &[(u128, KeyTotals)]) -> Result<(), Failure> {
        let mut sightings = sightings(used);
        let known = known_of(&mut *self.inner.store.read().await?, &sightings).await?;
        sightings.retain(|sighting| {
            let known = known.get(&sighting.key);
            known.is_none_or(|known| known.len() < MANY && !known.contains(&sighting.network))
        });
        if sightings.is_empty() {
            return Ok(());
        }
        // The earlier of two new ones is a key's first. In the keys' order, servers that note the same wait in no ring.
        sightings.sort_by_key(|sighting| (sighting.key, sighting.at));
        self.see(&sightings).await
    }

    /// Notes networks, and raises an alert for each that is not its key's first. Of two servers that see the same, one
    /// does.
    async fn see(&self, sightings: &[Sighting]) -> Result<(), Failure> {
        let (now, has_mail) = (self.now(), self.inner.mailer.has_server());
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

/// Where each of these keys was used from, and when first.
fn sightings(used: &[(u128, KeyTotals)]) -> Vec<Sighting> {
    let mut found = BTreeMap::<(u128, IpNet), Sighting>::new();
    for (key, totals) in used {
        for trace in &totals.traces {
            let Some((address, network)) = trace.address.and_then(network_of) else { continue };
            let at = Timestamp::from_micros(trace.first_at);
            let sighting = found.entry((*key, network)).or_insert_with(|| Sighting {
                organization: OrganizationId::from_bits(totals.organization),
                key: KeyId::from_bits(*key),
                network: network.to_string(),
                address: address.to_string(),
                at,
            });
            if at < sighting.at {
                (sighting.address, sighting.at) = (address.to_string(), at);
            }
        }
    }
    found.into_values().collect()
}

/// Notes what is not known yet. Returns what is news about it.
async fn note(connection: &mut AnyConnection, sightings: &[Sighting]) -> Result<Vec<Finding>, Failure> {
    let mut known = known_of(connection, sightings).await?;
    let mut first = Vec::new();
    let mut findings = Vec::new();
    for sighting in sightings {
        let known = known.entry(sighting.key).or_default();
        match known.len() {
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
        known.insert(sighting.network.clone());
    }
    if !first.is_empty() {
        diesel::insert_into(seen_networks::table).values(first).on_conflict_do_nothing().execute(connection).await?;
    }
    Ok(findings)
}

/// Which networks are known of each of these keys; of those that are left out, none.
async fn known_of(
    connection: &mut AnyConnection,
    sightings: &[Sighting],
) -> Result<HashMap<KeyId, BTreeSet<String>>, Failure> {
    let keys: BTreeSet<KeyId> = sightings.iter().map(|sighting| sighting.key).collect();
    let rows: Vec<(Id<KeyId>, String)> = seen_networks::table
        .filter(seen_networks::key_id.eq_any(keys.into_iter().map(Id).collect::<Vec<_>>()))
        .select((seen_networks::key_id, seen_networks::network))
        .load(connection)
        .await?;
    let mut known = HashMap::<_, BTreeSet<_>>::new();
    for (key, network) in rows {
        known.entry(key.0).or_default().insert(network);
    }
    Ok(known)
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

/// An address as it is written down, and its network.
fn network_of(address: IpAddr) -> Option<(IpAddr, IpNet)> {
    let address = address.to_canonical();
    let network = match address {
        IpAddr::V4(address) => IpNet::V4(Ipv4Net::new(address, 24).ok()?),
        IpAddr::V6(address) => IpNet::V6(Ipv6Net::new(address, 48).ok()?),
    };
    Some((address, network.trunc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Option<String> {
        network_of(address.parse().ok()?).map(|(_, network)| network.to_string())
    }

    #[test]
    fn addresses_of_one_customer_are_one_network() {
        assert_eq!(network("203.0.113.9").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(network("::ffff:203.0.113.77").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(network("2001:db8:7:1::51").as_deref(), Some("2001:db8:7::/48"));
    }
}
