//! The headers of a request, whoever has read them.

use http::{HeaderMap, HeaderName};

/// Finds headers by their names, which are in lower case.
pub trait Headers {
    /// The values of all headers of this name, in their order.
    fn all(&self, name: HeaderName) -> impl DoubleEndedIterator<Item = &[u8]>;

    /// The value of the first.
    fn first(&self, name: HeaderName) -> Option<&[u8]> {
        self.all(name).next()
    }
}

impl Headers for HeaderMap {
    fn all(&self, name: HeaderName) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.get_all(name).iter().map(http::HeaderValue::as_bytes)
    }
}

/// As they stand in the head: for the three or four that are looked for, putting them in order would take longer.
impl Headers for [httparse::Header<'_>] {
    fn all(&self, name: HeaderName) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.iter().filter(move |header| header.name.eq_ignore_ascii_case(name.as_str())).map(|header| header.value)
    }
}
