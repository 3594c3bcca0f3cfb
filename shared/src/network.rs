//! Networks: single addresses and ranges of them, IPv4 and IPv6, read by one rule in the browser and on the server.
//!
//! What can be read in two ways is refused: an octet with a leading zero is octal for some programs (RFC 6943, section
//! 3.1.1), and a zone id (`%eth0`) names a card of one machine. Everything else has one canonical form, so that equal
//! networks are equal texts: IPv6 as RFC 5952 writes it, IPv4 in IPv6 clothes (`::ffff:203.0.113.9`) as the IPv4 that
//! it is, host bits cleared, and a range of one address as that address.

use std::{
    borrow::Cow,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// IPv4 ranges with a shorter prefix than this are rarely meant.
const BROAD_V4: u8 = 8;
/// The same for IPv6: more than a provider is given (RFC 6177 and the registries' practice).
const BROAD_V6: u8 = 32;
/// How many bits of an IPv6 address stand before an IPv4 address in it.
const MAPPED: u8 = 96;
/// Nothing longer can be one.
const TEXT_MAX: usize = 64;

/// One address, or a range of addresses that begin with the same bits.
///
/// In order of their first addresses, IPv4 first, and a wide one before those within it that begin with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    first: IpAddr,
    length: u8,
}

/// The text is no network; a sentence for whoever has typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedNetwork(String);

impl Network {
    /// Reads an address or a range, with spaces around it or without.
    ///
    /// # Errors
    /// A sentence for whoever has typed it.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("Enter an address or a range, such as 203.0.113.9 or 203.0.113.0/24.".to_owned());
        }
        if text.contains('%') {
            return Err("A zone id such as %eth0 names a network card of one machine. Leave it out.".to_owned());
        }
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        if let Some(octet) = octet_with_zero(address) {
            return Err(format!("{octet} is octal for some programs. Write it without the leading zero."));
        }
        let address = address.parse::<IpAddr>().ok().filter(|_| text.len() <= TEXT_MAX);
        let address = address.ok_or(
            "This is no IP address. Write one such as 203.0.113.9, a range such as 203.0.113.0/24, or IPv6 such as \
             2001:db8::/48.",
        )?;
        let most = bits(address);
        let length = length.map_or(Ok(most), |length| prefix_length(length, most))?;
        match address {
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => length.checked_sub(MAPPED).map(|length| Self::masked(v4.into(), length)).ok_or_else(|| {
                    format!("An IPv4 address written as IPv6 takes a prefix length from {MAPPED} to {most}.")
                }),
                None => Ok(Self::masked(address, length)),
            },
            IpAddr::V4(_) => Ok(Self::masked(address, length)),
        }
    }

    fn masked(address: IpAddr, length: u8) -> Self {
        let first = match address {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & !host_bits_v4(length)).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !host_bits_v6(length)).into(),
        };
        Self { first, length }
    }

    /// The first of its addresses.
    #[must_use]
    pub const fn first(self) -> IpAddr {
        self.first
    }

    /// The last of its addresses.
    #[must_use]
    pub fn last(self) -> IpAddr {
        match self.first {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() | host_bits_v4(self.length)).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() | host_bits_v6(self.length)).into(),
        }
    }

    /// Whether every address of `other` is one of its own.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.length <= other.length && self.first <= other.first && other.first <= self.last()
    }

    /// What is unusual about a range this wide; `None` for one of a usual width.
    #[must_use]
    pub fn breadth(self) -> Option<String> {
        let (family, broad) = match self.first {
            IpAddr::V4(_) => ("IPv4", BROAD_V4),
            IpAddr::V6(_) => ("IPv6", BROAD_V6),
        };
        match self.length {
            0 => Some(format!("{self} is every {family} address there is.")),
            length if length < broad => {
                Some(format!("{self} is very broad: it begins with {length} fixed bits alone."))
            }
            _ => None,
        }
    }

    /// What is worth saying to whoever has typed `text`: that it means something that is written in another way.
    #[must_use]
    pub fn meaning(self, text: &str) -> Option<String> {
        let (text, canonical) = (text.trim(), self.to_string());
        (text != canonical).then(|| format!("{text} means {canonical}."))
    }
}

impl From<IpAddr> for Network {
    /// The one address.
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { first: address, length: bits(address) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        if self.length == bits(self.first) { Ok(()) } else { write!(f, "/{}", self.length) }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Network {
    type Err = MalformedNetwork;

    fn from_str(text: &str) -> Result<Self, MalformedNetwork> {
        Self::read(text).map_err(MalformedNetwork)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&Cow::<str>::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

const fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn host_bits_v4(length: u8) -> u32 {
    u32::MAX.checked_shr(length.into()).unwrap_or(0)
}

fn host_bits_v6(length: u8) -> u128 {
    u128::MAX.checked_shr(length.into()).unwrap_or(0)
}

/// The first octet of an IPv4 address, also of one inside of IPv6, that begins with a zero it does not need.
fn octet_with_zero(address: &str) -> Option<&str> {
    let dotted = address.rsplit(':').next().filter(|last| last.contains('.'))?;
    let is_padded =
        |octet: &&str| octet.len() > 1 && octet.starts_with('0') && octet.bytes().all(|b| b.is_ascii_digit());
    dotted.split('.').find(is_padded)
}

fn prefix_length(text: &str, most: u8) -> Result<u8, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let length = text.parse().ok().filter(|length| is_plain && *length <= most);
    length.ok_or_else(|| format!("After the slash stands the prefix length, a number from 0 to {most}."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Network {
        Network::read(text).expect("a network")
    }

    #[test]
    fn every_network_has_one_form() {
        for (typed, canonical) in [
            ("203.0.113.9", "203.0.113.9"),
            (" 203.0.113.9\t", "203.0.113.9"),
            ("203.0.113.9/32", "203.0.113.9"),
            ("203.0.113.9/24", "203.0.113.0/24"),
            ("255.255.255.255/0", "0.0.0.0/0"),
            ("0.0.0.0", "0.0.0.0"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("2001:0db8:0000::0001/128", "2001:db8::1"),
            ("2001:db8:0:1::9/64", "2001:db8:0:1::/64"),
            // RFC 5952: the longest run of zeros, the first of two equally long, and no run of one.
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("::/0", "::/0"),
            ("ffff::/1", "8000::/1"),
            // IPv4 in IPv6 clothes.
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("::FFFF:cb00:7109", "203.0.113.9"),
            ("::ffff:203.0.113.9/120", "203.0.113.0/24"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            // Not mapped, but IPv4-compatible and NAT64: IPv6 that ends like an IPv4 address.
            ("::203.0.113.9", "::cb00:7109"),
            ("64:ff9b::203.0.113.9", "64:ff9b::cb00:7109"),
        ] {
            let read = network(typed);
            assert_eq!(read.to_string(), canonical, "{typed}");
            assert_eq!(network(canonical), read, "{canonical}");
            assert_eq!(read.meaning(typed).is_some(), typed.trim() != canonical, "{typed}");
        }
        assert_eq!(
            network("203.0.113.9/24").meaning("203.0.113.9/24").as_deref(),
            Some("203.0.113.9/24 means 203.0.113.0/24.")
        );
    }

    #[test]
    fn what_could_mean_two_things_is_refused_with_a_reason() {
        for (typed, says) in [
            ("010.1.2.3", "010 is octal"),
            ("10.1.2.03/24", "03 is octal"),
            ("10.1.00.3", "00 is octal"),
            ("::ffff:10.01.2.3", "01 is octal"),
            ("fe80::1%eth0", "zone id"),
            ("fe80::1%25eth0/64", "zone id"),
            ("10.0.0.0%1", "zone id"),
            ("10.0.0.0/33", "from 0 to 32"),
            ("10.0.0.0/08", "from 0 to 32"),
            ("10.0.0.0/+8", "from 0 to 32"),
            ("10.0.0.0/", "from 0 to 32"),
            ("10.0.0.0/8/8", "from 0 to 32"),
            ("10.0.0.0/255.0.0.0", "from 0 to 32"),
            ("2001:db8::/129", "from 0 to 128"),
            ("2001:db8::/1000", "from 0 to 128"),
            ("::ffff:10.0.0.0/95", "from 96 to 128"),
            ("", "Enter an address"),
            (" ", "Enter an address"),
            ("10.0.0", "no IP address"),
            ("167772161", "no IP address"),
            ("0x0a.0.0.1", "no IP address"),
            ("10.0.0.256", "no IP address"),
            ("10.0.0.0 /8", "no IP address"),
            ("10.0.0.1-10.0.0.9", "no IP address"),
            ("[2001:db8::1]", "no IP address"),
            ("2001:db8::1::", "no IP address"),
            ("example.com", "no IP address"),
            ("１０.0.0.1", "no IP address"),
        ] {
            let why = Network::read(typed).expect_err(typed);
            assert!(why.contains(says), "{typed}: {why}");
        }
    }

    #[test]
    fn a_range_contains_what_lies_within() {
        for (wide, narrow) in [
            ("10.0.0.0/8", "10.255.255.255"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("0.0.0.0/0", "255.0.0.0/8"),
            ("2001:db8::/32", "2001:db8:ffff::/48"),
            ("::/0", "ffff::"),
        ] {
            assert!(network(wide).contains(network(narrow)), "{wide} {narrow}");
            assert_eq!(network(narrow).contains(network(wide)), wide == narrow, "{wide} {narrow}");
        }
        for (one, other) in
            [("10.0.0.0/8", "11.0.0.0"), ("10.0.0.1", "10.0.0.2"), ("::/0", "10.0.0.1"), ("0.0.0.0/0", "::1")]
        {
            assert!(!network(one).contains(network(other)) && !network(other).contains(network(one)), "{one} {other}");
        }
    }

    #[test]
    fn unusual_widths_are_told() {
        for (range, says) in [
            ("0.0.0.0/0", "every IPv4 address"),
            ("::/0", "every IPv6 address"),
            ("128.0.0.0/1", "very broad"),
            ("10.0.0.0/7", "very broad"),
            ("2001:db8::/31", "very broad"),
        ] {
            assert!(network(range).breadth().is_some_and(|said| said.contains(says)), "{range}");
        }
        for range in ["10.0.0.0/8", "2001:db8::/32", "10.1.2.3", "::1"] {
            assert_eq!(network(range).breadth(), None, "{range}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_was_read_reads_back(text in "[0-9a-f:./% x]{0,24}") {
            if let Ok(network) = Network::read(&text) {
                prop_assert_eq!(Network::read(&network.to_string()), Ok(network));
                prop_assert!(network.contains(network.first().into()) && network.contains(network.last().into()));
            }
        }
    }
}
