//! What an address is: its scope, and where it is announced.

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 as updated by RFC 8190; the registries
/// themselves are at iana.org under iana-ipv4-special-registry and iana-ipv6-special-registry), with multicast from
/// RFC 5771 and RFC 4291. Where blocks overlap, the more specific one comes first.
const SPECIAL: &[(&str, &str)] = &[
    ("0.0.0.0/32", "unspecified"),
    ("0.0.0.0/8", "this_network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link_local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.9/32", "global"),
    ("192.0.0.10/32", "global"),
    ("192.0.0.0/24", "ietf_protocol"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "global"),
    ("192.52.193.0/24", "global"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "global"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("255.255.255.255/32", "broadcast"),
    ("240.0.0.0/4", "reserved"),
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("64:ff9b::/96", "global"),
    ("64:ff9b:1::/48", "translation"),
    ("100::/64", "discard"),
    ("100:0:0:1::/64", "discard"),
    ("2001:1::1/128", "global"),
    ("2001:1::2/128", "global"),
    ("2001:1::3/128", "global"),
    ("2001:2::/48", "benchmarking"),
    ("2001:3::/32", "global"),
    ("2001:4:112::/48", "global"),
    ("2001:20::/28", "global"),
    ("2001:30::/28", "global"),
    ("2001:db8::/32", "documentation"),
    ("2001::/23", "ietf_protocol"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "global"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment_routing"),
    ("fc00::/7", "unique_local"),
    ("fe80::/10", "link_local"),
    ("ff00::/8", "multicast"),
];

static SPECIAL_NETWORKS: LazyLock<Vec<(IpNet, &str)>> =
    LazyLock::new(|| SPECIAL.iter().filter_map(|(network, scope)| Some((network.parse().ok()?, *scope))).collect());

/// What is known about an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AddressInfo {
    /// In its one written form (RFC 5952); an IPv4-mapped IPv6 address is the IPv4 address.
    pub ip: String,
    /// 4 or 6.
    pub version: u8,
    /// `global`, or what the IANA registries reserve it for.
    pub scope: &'static str,
    /// ISO 3166-1 alpha-2, when a country database is configured and knows it.
    pub country: Option<String>,
    /// The autonomous system that announces it, when an ASN database is configured and knows it.
    pub asn: Option<u32>,
    /// The name of that autonomous system's organization.
    pub as_organization: Option<String>,
}

/// The configured `.mmdb` files.
#[derive(Clone, Default)]
pub struct GeoDatabases {
    readers: Arc<[maxminddb::Reader<Vec<u8>>]>,
}

impl std::fmt::Debug for GeoDatabases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GeoDatabases({})", self.readers.len())
    }
}

/// The fields of interest in the databases people have: `GeoLite2` nests the country, others do not.
#[derive(Deserialize)]
struct Record {
    country: Option<Country>,
    country_code: Option<String>,
    autonomous_system_number: Option<u32>,
    autonomous_system_organization: Option<String>,
}

#[derive(Deserialize)]
struct Country {
    iso_code: Option<String>,
}

impl GeoDatabases {
    /// Reads the files into memory.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn open(files: &[PathBuf]) -> Result<Self, Failure> {
        let open = |file: &PathBuf| {
            maxminddb::Reader::open_readfile(file).map_err(|error| {
                Failure::broken(format!("The address database {} cannot be read: {error}.", file.display()))
            })
        };
        Ok(Self { readers: files.iter().map(open).collect::<Result<_, _>>()? })
    }

    /// What is known about `address`.
    #[must_use]
    pub fn look_up(&self, address: IpAddr) -> AddressInfo {
        let address = address.to_canonical();
        let mut info = AddressInfo {
            ip: address.to_string(),
            version: if address.is_ipv4() { 4 } else { 6 },
            scope: scope(address),
            country: None,
            asn: None,
            as_organization: None,
        };
        for reader in &*self.readers {
            let Ok(Some(record)) = reader.lookup(address).and_then(|found| found.decode::<Record>()) else { continue };
            let country = record.country.and_then(|country| country.iso_code).or(record.country_code);
            info.country = info.country.or(country);
            info.asn = info.asn.or(record.autonomous_system_number);
            info.as_organization = info.as_organization.or(record.autonomous_system_organization);
        }
        info
    }
}

pub(crate) fn scope(address: IpAddr) -> &'static str {
    SPECIAL_NETWORKS.iter().find(|(network, _)| network.contains(&address)).map_or("global", |(_, scope)| scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_registered_block_can_be_read() {
        assert_eq!(SPECIAL_NETWORKS.len(), SPECIAL.len());
    }

    #[test]
    fn an_address_gets_its_written_form_and_scope() {
        let databases = GeoDatabases::default();
        for (text, ip, version, scope) in [
            ("8.8.8.8", "8.8.8.8", 4, "global"),
            ("::ffff:10.1.2.3", "10.1.2.3", 4, "private"),
            ("2001:4860:4860:0:0:0:0:8888", "2001:4860:4860::8888", 6, "global"),
            ("2001:DB8::1", "2001:db8::1", 6, "documentation"),
            ("192.0.0.9", "192.0.0.9", 4, "global"),
            ("192.0.0.8", "192.0.0.8", 4, "ietf_protocol"),
            ("fe80::1", "fe80::1", 6, "link_local"),
            ("255.255.255.255", "255.255.255.255", 4, "broadcast"),
            ("100.64.0.1", "100.64.0.1", 4, "shared"),
        ] {
            let info = databases.look_up(text.parse().expect(text));
            assert_eq!((info.ip.as_str(), info.version, info.scope), (ip, version, scope), "{text}");
        }
    }
}
