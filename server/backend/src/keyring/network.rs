//! Address lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::failure::Failure;

/// A set of networks, kept as sorted ranges that do not touch: looking an address up is a binary search, however
/// many entries the list has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NetworkSet {
    v4: Box<[(u32, u32)]>,
    v6: Box<[(u128, u128)]>,
}

impl NetworkSet {
    pub(crate) fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            match network {
                IpNet::V4(n) => v4.push((n.network().to_bits(), n.broadcast().to_bits())),
                IpNet::V6(n) => v6.push((n.network().to_bits(), n.broadcast().to_bits())),
            }
        }
        Self { v4: merge(v4, |last| last.checked_add(1)), v6: merge(v6, |last| last.checked_add(1)) }
    }

    /// Whether `address` is in one of the networks. An IPv4 address written as IPv6 (`::ffff:a.b.c.d`) is IPv4.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => within(&self.v4, Ipv4Addr::to_bits(address)),
            IpAddr::V6(address) => within(&self.v6, Ipv6Addr::to_bits(address)),
        }
    }
}

/// A network as it is stored.
pub(super) fn read(text: &str) -> Result<IpNet, Failure> {
    text.parse().or(Err(Failure::broken(format!("the network {text:?} cannot be read"))))
}

fn merge<N: Copy + Ord>(mut ranges: Vec<(N, N)>, next: impl Fn(N) -> Option<N>) -> Box<[(N, N)]> {
    ranges.sort_unstable();
    let mut merged: Vec<(N, N)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            // It begins inside the one before, or right after it.
            Some(before) if next(before.1).is_none_or(|gap| first <= gap) => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged.into()
}

fn within<N: Copy + Ord>(ranges: &[(N, N)], address: N) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= address);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| address <= *last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Few bits, so that random networks and addresses meet often.
    fn addresses() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            (0_u32..1024).prop_map(|n| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n))),
            (0_u128..1024).prop_map(|n| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) + n))),
        ]
    }

    fn networks() -> impl Strategy<Value = IpNet> {
        (addresses(), 0_u8..=12).prop_map(|(address, less)| {
            let most = if address.is_ipv4() { 32 } else { 128 };
            IpNet::new(address, most - less).expect("a prefix length in range").trunc()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn it_agrees_with_asking_every_network(list in prop::collection::vec(networks(), 0..20), address in addresses()) {
            let set = NetworkSet::new(list.iter().copied());
            prop_assert_eq!(set.contains(address), list.iter().any(|network| network.contains(&address)));
        }
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_ipv4() {
        let set = NetworkSet::new(["203.0.113.0/24".parse().expect("a network")]);
        assert!(set.contains("::ffff:203.0.113.9".parse().expect("an address")));
        assert!(!set.contains("::ffff:203.0.114.9".parse().expect("an address")));
    }

    #[test]
    fn the_edges_of_the_address_space_are_no_exception() {
        let set = NetworkSet::new(["0.0.0.0/0".parse().expect("a network"), "::/0".parse().expect("a network")]);
        for address in ["0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] {
            assert!(set.contains(address.parse().expect("an address")), "{address}");
        }
    }
}
