//! Which addresses messages may be sent to.
//!
//! Whoever adds a webhook makes this server send requests. So that they reach nothing that only this server can reach
//! (OWASP, Server-Side Request Forgery Prevention), every address that a name leads to is looked at, and the connection
//! goes to one of these very addresses: asking the name again could give another one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::{Uri, uri::Scheme};

use crate::geo;

/// Where one message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(super) uri: Uri,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_https: bool,
}

impl Destination {
    /// Reads a webhook's address.
    ///
    /// # Errors
    /// A sentence for whoever adds the webhook.
    pub(crate) fn read(url: &str, allow_private: bool) -> Result<Self, String> {
        let refuse = || "The address must look like https://example.com/hooks.".to_owned();
        let uri: Uri = url.parse().map_err(|_error| refuse())?;
        let host = uri.host().ok_or_else(refuse)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_https = uri.scheme() == Some(&Scheme::HTTPS);
        if !is_https && !allow_private {
            return Err("The address must start with https://, so that nobody on the way can read alerts.".to_owned());
        }
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        if let Ok(address) = host.parse::<IpAddr>()
            && !(allow_private || is_public(address))
        {
            return Err(refusal(address));
        }
        Ok(Self { uri, host, port, is_https })
    }

    /// Those of the addresses that a message may be sent to.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn allowed(&self, found: Vec<SocketAddr>, allow_private: bool) -> Result<Vec<SocketAddr>, String> {
        let first = found.first().copied().ok_or_else(|| format!("The name {} leads nowhere.", self.host))?;
        let allowed: Vec<_> = found.into_iter().filter(|at| allow_private || is_public(at.ip())).collect();
        if allowed.is_empty() { Err(refusal(first.ip())) } else { Ok(allowed) }
    }
}

fn refusal(address: IpAddr) -> String {
    format!(
        "The address leads to {address}, which is not on the public internet. Whoever runs this server can allow that \
         with --webhook-allow-private (IPAWARE_WEBHOOK_ALLOW_PRIVATE)."
    )
}

/// Whether an address is one of the public internet, also when it is wrapped up in another one.
fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    if geo::scope(address) != "global" {
        return false;
    }
    match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(v6) => match v6.segments() {
            // NAT64 (RFC 6052): what is reached is the IPv4 address at its end.
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                let [a, b] = high.to_be_bytes();
                let [c, d] = low.to_be_bytes();
                is_public(Ipv4Addr::new(a, b, c, d).into())
            }
            // All that is assigned to anybody (RFC 4291, section 2.4, by IANA's registry).
            [first, ..] => first & 0xe000 == 0x2000,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_reached() {
        for public in ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().expect(public)), "{public}");
        }
        for private in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().expect(private)), "{private}");
        }
    }

    #[test]
    fn a_private_address_and_http_are_refused_when_they_are_added() {
        let read = |url, private| Destination::read(url, private).map(|to| (to.host, to.port, to.is_https));
        assert_eq!(read("https://example.com/x", false), Ok(("example.com".to_owned(), 443, true)));
        assert_eq!(read("http://[::1]:3000/x", true), Ok(("::1".to_owned(), 3000, false)));
        assert!(read("http://example.com/x", false).is_err_and(|why| why.contains("https://")));
        assert!(read("https://[::ffff:10.0.0.1]/x", false).is_err_and(|why| why.contains("public internet")));
        assert!(read("https://127.0.0.1/x", false).is_err_and(|why| why.contains("127.0.0.1")));
    }
}
