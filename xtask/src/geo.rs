//! Two tiny address databases in the `MaxMind` DB format, for the tests of look-ups.
//!
//! Real ones are large, change each week and come with licences. These have the same shape and a handful of networks,
//! and everybody can see what is in them.
use std::{collections::BTreeMap, fs, net::IpAddr, path::Path};

use anyhow::{Context, Result};

/// Country by network, in the layout that `GeoLite2-Country` and its kin use.
const COUNTRIES: [(&str, u8, &str, &str); 6] = [
    ("8.8.8.0", 24, "US", "United States"),
    ("1.1.1.0", 24, "AU", "Australia"),
    ("81.2.69.0", 24, "GB", "United Kingdom"),
    ("89.160.20.0", 24, "SE", "Sweden"),
    ("2001:4860::", 32, "US", "United States"),
    ("2606:4700::", 32, "US", "United States"),
];

/// Autonomous system by network, in the layout of `GeoLite2-ASN`.
const SYSTEMS: [(&str, u8, u32, &str); 5] = [
    ("8.8.8.0", 24, 15169, "GOOGLE"),
    ("1.1.1.0", 24, 13335, "CLOUDFLARENET"),
    ("81.2.69.0", 24, 20712, "Andrews & Arnold Ltd"),
    ("2001:4860::", 32, 15169, "GOOGLE"),
    ("2606:4700::", 32, 13335, "CLOUDFLARENET"),
];

/// Writes `country.mmdb` and `asn.mmdb` into `dir`.
pub(crate) fn write_databases(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let mut countries = Tree::default();
    for (network, prefix, code, name) in COUNTRIES {
        let country = Value::map([("iso_code", Value::text(code)), ("names", Value::map([("en", Value::text(name))]))]);
        countries.insert(network.parse()?, prefix, &Value::map([("country", country)]));
    }
    let mut systems = Tree::default();
    for (network, prefix, number, name) in SYSTEMS {
        let system = Value::map([
            ("autonomous_system_number", Value::U32(number)),
            ("autonomous_system_organization", Value::text(name)),
        ]);
        systems.insert(network.parse()?, prefix, &system);
    }
    for (name, tree, kind) in [("country.mmdb", countries, "Test-Country"), ("asn.mmdb", systems, "Test-ASN")] {
        let path = dir.join(name);
        fs::write(&path, tree.finish(kind)?).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The values of the format that are needed here.
enum Value {
    Text(String),
    U16(u16),
    U32(u32),
    U64(u64),
    List(Vec<Self>),
    Map(BTreeMap<&'static str, Self>),
}

impl Value {
    fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    fn map<const N: usize>(pairs: [(&'static str, Self); N]) -> Self {
        Self::Map(pairs.into())
    }

    /// A control byte with type and size, then the content; types above seven take a second byte.
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => text_bytes(text, out),
            Self::U16(n) => number(5, &n.to_be_bytes(), out),
            Self::U32(n) => number(6, &n.to_be_bytes(), out),
            Self::U64(n) => number(9, &n.to_be_bytes(), out),
            Self::List(items) => {
                control(11, items.len(), out);
                items.iter().for_each(|item| item.encode(out));
            }
            Self::Map(pairs) => {
                control(7, pairs.len(), out);
                for (key, value) in pairs {
                    text_bytes(key, out);
                    value.encode(out);
                }
            }
        }
    }
}

fn text_bytes(text: &str, out: &mut Vec<u8>) {
    control(2, text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// Numbers are stored without their leading zeros.
fn number(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    let digits: Vec<u8> = bytes.iter().copied().skip_while(|b| *b == 0).collect();
    control(kind, digits.len(), out);
    out.extend_from_slice(&digits);
}

/// Sizes up to 284 are enough for what is written here.
fn control(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (small, more) = match u8::try_from(size) {
        Ok(size) if size < 29 => (size, None),
        _ => (29, Some(u8::try_from(size.saturating_sub(29)).unwrap_or(u8::MAX))),
    };
    if kind > 7 {
        out.extend_from_slice(&[small, kind - 7]);
    } else {
        out.push(kind << 5 | small);
    }
    out.extend(more);
}

#[derive(Clone, Copy, Default)]
enum Branch {
    #[default]
    Nothing,
    Node(usize),
    /// An offset into the data.
    Data(usize),
}

/// A binary tree over the bits of IPv6 addresses; IPv4 lives under `::/96`.
struct Tree {
    nodes: Vec<[Branch; 2]>,
    data: Vec<u8>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![[Branch::Nothing; 2]], data: Vec::new() }
    }
}

impl Tree {
    fn insert(&mut self, network: IpAddr, prefix: u8, value: &Value) {
        let (bits, length) = match network {
            IpAddr::V4(ip) => (u128::from(u32::from(ip)), u32::from(prefix) + 96),
            IpAddr::V6(ip) => (u128::from(ip), u32::from(prefix)),
        };
        let offset = self.data.len();
        value.encode(&mut self.data);

        let mut at = 0;
        for depth in 0..length {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            let next = self.nodes.len();
            let Some(branch) = self.nodes.get_mut(at).and_then(|node| node.get_mut(side)) else { return };
            if depth + 1 == length {
                *branch = Branch::Data(offset);
            } else if let Branch::Node(node) = *branch {
                at = node;
            } else {
                *branch = Branch::Node(next);
                self.nodes.push([Branch::Nothing; 2]);
                at = next;
            }
        }
    }

    /// The tree with records of 32 bits, sixteen zero bytes, the data, and a description of all that at the end.
    fn finish(&self, kind: &str) -> Result<Vec<u8>> {
        let count = self.nodes.len();
        let mut out = Vec::new();
        for branch in self.nodes.iter().flatten() {
            let record = match branch {
                Branch::Nothing => count,
                Branch::Node(node) => *node,
                Branch::Data(offset) => count + 16 + offset,
            };
            out.extend_from_slice(&u32::try_from(record)?.to_be_bytes());
        }
        out.extend_from_slice(&[0; 16]);
        out.extend_from_slice(&self.data);
        out.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
        Value::map([
            ("binary_format_major_version", Value::U16(2)),
            ("binary_format_minor_version", Value::U16(0)),
            ("build_epoch", Value::U64(1_767_225_600)),
            ("database_type", Value::text(kind)),
            ("description", Value::map([("en", Value::text("A handful of networks for tests"))])),
            ("ip_version", Value::U16(6)),
            ("languages", Value::List(vec![Value::text("en")])),
            ("node_count", Value::U32(u32::try_from(count)?)),
            ("record_size", Value::U16(32)),
        ])
        .encode(&mut out);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_finds_what_was_written() {
        let dir = tempfile::tempdir().unwrap();
        write_databases(dir.path()).unwrap();
        let open = |name: &str| maxminddb::Reader::open_readfile(dir.path().join(name)).unwrap();
        let (countries, systems) = (open("country.mmdb"), open("asn.mmdb"));
        countries.verify().unwrap();
        systems.verify().unwrap();

        for (ip, country, system) in [
            ("8.8.8.8", Some("US"), Some(15169)),
            ("1.1.1.1", Some("AU"), Some(13335)),
            ("89.160.20.7", Some("SE"), None),
            ("2001:4860:4860::8888", Some("US"), Some(15169)),
            ("8.8.9.8", None, None),
            ("192.0.2.1", None, None),
        ] {
            let ip: IpAddr = ip.parse().unwrap();
            let found = countries.lookup(ip).unwrap().decode::<maxminddb::geoip2::Country<'_>>().unwrap();
            assert_eq!(found.and_then(|c| c.country.iso_code), country, "{ip}");
            let found = systems.lookup(ip).unwrap().decode::<maxminddb::geoip2::Asn<'_>>().unwrap();
            assert_eq!(found.and_then(|a| a.autonomous_system_number), system, "{ip}");
        }
    }
}
