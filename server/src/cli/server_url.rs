//! Where the server is: `IPAWARE_URL`, with `https://` unless it is this very machine.

use std::net::IpAddr;

use http::Uri;

use super::failure::Failure;

/// An address that a secret may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerUrl {
    /// Scheme, host, port, and the path before `/v1`, without a slash at the end.
    pub(super) base: String,
    /// Whether nothing leaves this machine.
    pub(super) is_here: bool,
}

impl ServerUrl {
    /// Reads what was written.
    ///
    /// # Errors
    /// What would be right. The text is not repeated, because it may hold a password.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let refuse =
            || Failure::wrong_call("IPAWARE_URL is no address of a server; write it like https://keys.example.com.");
        let uri: Uri = text.parse().map_err(|_error| refuse())?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(refuse)?;
        let scheme = uri.scheme_str().ok_or_else(refuse)?;
        if uri.query().is_some() || !matches!(scheme, "http" | "https") {
            return Err(refuse());
        }
        let is_here = is_loopback(authority.host());
        if scheme == "http" && !is_here {
            return Err(Failure::wrong_call(
                "IPAWARE_URL must start with https://, or everybody on the way could read the secret. Only a server on \
                 this machine (localhost, 127.0.0.1, [::1]) can be called by http://.",
            ));
        }
        let path = uri.path().trim_end_matches('/');
        Ok(Self { base: format!("{scheme}://{authority}{path}"), is_here })
    }
}

/// RFC 6761, section 6.3, for the name.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_be_elsewhere_or_below_a_path() {
        for (text, base, is_here) in [
            ("https://keys.example.com", "https://keys.example.com", false),
            ("https://example.com:8443/tools/keys/", "https://example.com:8443/tools/keys", false),
            ("http://localhost:3000/", "http://localhost:3000", true),
            ("http://127.0.0.5:3000", "http://127.0.0.5:3000", true),
            ("http://[::1]:3000", "http://[::1]:3000", true),
        ] {
            assert_eq!(ServerUrl::read(text).expect(text), ServerUrl { base: base.to_owned(), is_here });
        }
    }

    #[test]
    fn no_secret_goes_over_the_network_in_the_clear() {
        for text in
            ["http://keys.example.com", "http://10.0.0.1:3000", "http://localhost.example.com", "HTTP://example.com"]
        {
            let refused = ServerUrl::read(text).expect_err(text).to_string();
            assert!(refused.contains("https://") && refused.contains("secret"), "{text}: {refused}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in [
            "keys.example.com",
            "/v1",
            "",
            "ftp://example.com",
            "https://u:hunter2@example.com",
            "https://a.example?x=1",
        ] {
            let refused = ServerUrl::read(text).expect_err(text).to_string();
            assert!(refused.contains("IPAWARE_URL") && !refused.contains("hunter2"), "{text}: {refused}");
        }
    }
}
