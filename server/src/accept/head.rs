//! What hyper lets pass in the head of a request, and two servers in a row may read differently ("request smuggling").
//!
//! A line that ends in a bare LF may be taken for the end of a line, or not (RFC 9112, section 2.2); a request with
//! both `Content-Length` and `Transfer-Encoding` may end at either (section 6.3 lets a server refuse it). hyper
//! accepts both. So the bytes of a head are looked at on their way in, and the offending line end is replaced by a
//! NUL, which hyper answers with 400 and a closed connection.
//!
//! Heads that arrive together with the request before them (pipelining) come to hyper unseen.

/// Enough of a line to know its name.
const NAME_MAX: usize = 18;

/// One head, as far as it has arrived.
#[derive(Debug, Default)]
pub(super) struct Head {
    line: Line,
    /// Set after the request line. Empty lines before it are skipped, as the RFC asks.
    begun: bool,
    has_length: bool,
    has_encoding: bool,
    done: bool,
}

/// A line that has not ended yet.
#[derive(Debug, Default)]
struct Line {
    start: [u8; NAME_MAX],
    length: usize,
    last: u8,
}

impl Head {
    /// Looks at the next bytes, and spoils the line end that must not pass. What follows the head is left alone.
    pub(super) fn check(&mut self, mut bytes: &mut [u8]) {
        while !self.done {
            let Some(end) = memchr::memchr(b'\n', bytes) else {
                self.line.extend(bytes);
                return;
            };
            let Some((line, rest)) = bytes.split_at_mut_checked(end) else { return };
            let Some((line_feed, rest)) = rest.split_first_mut() else { return };
            // Most lines arrive in one piece, and are looked at where they are.
            let ends_well = if self.line.length == 0 {
                self.ends_well(line, line.len(), line.last().copied())
            } else {
                self.line.extend(line);
                let Line { start, length, last } = std::mem::take(&mut self.line);
                self.ends_well(&start, length, Some(last))
            };
            if !ends_well {
                *line_feed = 0;
                self.done = true;
            }
            bytes = rest;
        }
    }

    /// At a line feed: whether it may stay. Of a line's bytes, `start` has the first ones, and may have more.
    fn ends_well(&mut self, start: &[u8], length: usize, last: Option<u8>) -> bool {
        if last != Some(b'\r') {
            return false;
        }
        if length == 1 {
            self.done = self.begun;
            return true;
        }
        self.begun = true;
        self.has_length |= is_named(start, b"content-length:");
        self.has_encoding |= is_named(start, b"transfer-encoding:");
        !(self.has_length && self.has_encoding)
    }
}

impl Line {
    fn extend(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        if let Some(free) = self.start.get_mut(self.length..) {
            free.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        }
        self.length = self.length.saturating_add(bytes.len());
        self.last = *last;
    }
}

/// `name` with its colon, in lower case.
fn is_named(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What hyper gets to see when the bytes arrive in pieces of this size.
    fn passed(text: &str, piece: usize) -> String {
        let mut head = Head::default();
        let mut bytes = text.as_bytes().to_vec();
        bytes.chunks_mut(piece).for_each(|chunk| head.check(chunk));
        String::from_utf8(bytes).expect("text")
    }

    const GOOD: [&str; 4] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody\nbody\n",
        "\r\nPOST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\n\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\n",
    ];
    const BAD: [&str; 5] = [
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTRANSFER-ENCODING:chunked\r\nX: y\r\ncontent-length:3\r\n\r\n",
    ];

    #[test]
    fn good_heads_and_whatever_follows_them_pass_as_they_are() {
        for (text, piece) in GOOD.iter().flat_map(|text| (1..80).map(move |piece| (text, piece))) {
            assert_eq!(passed(text, piece), *text, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_bare_line_feed_and_two_lengths_are_spoiled_however_they_arrive() {
        for (text, piece) in BAD.iter().flat_map(|text| (1..80).map(move |piece| (text, piece))) {
            let passed = passed(text, piece);
            assert_eq!(passed.matches('\0').count(), 1, "{passed:?} in pieces of {piece}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_at_without_a_panic(chunks: Vec<Vec<u8>>) {
            let mut head = Head::default();
            for mut chunk in chunks {
                head.check(&mut chunk);
            }
        }
    }
}
