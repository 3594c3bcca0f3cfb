//! Whose request it is: the socket's address, or what a trusted proxy says.
//!
//! Anybody can write `X-Forwarded-For`, so it is read only when the connection itself comes from a configured proxy,
//! and from the right: each proxy appends the address it saw, so the right-most entry that is no proxy of ours is the
//! last one that somebody trustworthy wrote (MDN, `X-Forwarded-For`, "Selecting an IP address"). `Forwarded` (RFC
//! 7239) is ignored: a proxy that does not know it passes a client's own on unchanged.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use http::HeaderName;
use ipnet::IpNet;

use super::headers::Headers;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies in front of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Whether `address` is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let networks = entries.map(|entry| {
            let address = entry.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
            address.or_else(|_| entry.parse::<IpNet>()).map_err(|_error| {
                format!("{entry:?} is neither an address nor a network; write it like 10.0.0.0/8 or 2001:db8::7.")
            })
        });
        networks.collect::<Result<_, _>>().map(Self)
    }
}

/// The client's address, with IPv4-mapped IPv6 written as IPv4.
#[must_use]
pub fn find(peer: IpAddr, headers: &(impl Headers + ?Sized), trusted: &TrustedProxies) -> IpAddr {
    let mut client = peer.to_canonical();
    if !trusted.contains(client) {
        return client;
    }
    let lines = headers.all(FORWARDED_FOR).rev();
    for entry in lines.flat_map(|line| line.rsplit(|byte| *byte == b',')) {
        match read(entry) {
            Some(address) if trusted.contains(address) => client = address,
            Some(address) => return address,
            // What stands left of something unreadable was written by nobody we know.
            None => return client,
        }
    }
    client
}

/// An address, alone or with a port, as some load balancers write it.
fn read(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let address = text.parse().or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn found(peer: &str, lines: &[&'static str]) -> String {
        let trusted = "10.0.0.0/8, 2001:db8::1".parse().expect("networks");
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        headers.insert("forwarded", HeaderValue::from_static("for=192.0.2.66"));
        find(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_is_who_the_socket_says() {
        assert_eq!(found("203.0.113.9", &["192.0.2.1"]), "203.0.113.9");
        assert_eq!(found("::ffff:203.0.113.9", &[]), "203.0.113.9");
    }

    #[test]
    fn behind_a_proxy_it_is_the_right_most_address_that_is_no_proxy() {
        assert_eq!(found("10.0.0.1", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(found("10.0.0.1", &["198.51.100.7, 192.0.2.1, 10.2.2.2"]), "192.0.2.1");
        assert_eq!(found("10.0.0.1", &["198.51.100.7", "192.0.2.1"]), "192.0.2.1");
        assert_eq!(found("2001:db8::1", &["::ffff:192.0.2.1"]), "192.0.2.1");
        assert_eq!(found("10.0.0.1", &["192.0.2.1:4711"]), "192.0.2.1");
        assert_eq!(found("10.0.0.1", &["[2001:db8::9]:4711"]), "2001:db8::9");
    }

    #[test]
    fn nothing_or_garbage_ends_the_walk_at_the_last_good_one() {
        assert_eq!(found("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(found("10.0.0.1", &["192.0.2.1, unknown"]), "10.0.0.1");
        assert_eq!(found("10.0.0.1", &["192.0.2.1, , 10.3.3.3"]), "10.3.3.3");
    }

    #[test]
    fn only_addresses_and_networks_can_be_trusted() {
        assert!("proxy.example".parse::<TrustedProxies>().is_err_and(|why| why.contains("proxy.example")));
        assert_eq!("".parse::<TrustedProxies>(), Ok(TrustedProxies::default()));
    }
}
