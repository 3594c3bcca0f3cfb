//! Verifications over HTTP/1.1, from the bytes of the request to those of the answer.
//!
//! To hyper a request is a map of headers and an answer another one; making them takes longer than the decision, for three
//! values that are looked at. So here a head is read where it lies, by the parser that hyper has (httparse), and the answer
//! is written where it is sent from. Outside the system's calls a verification takes 2.4 µs of the processor by that, and
//! took 4.0 before (perf, a million keys, all that runs beside it included).
//!
//! A connection is read here as long as what comes over it are plain verifications, one after the other. The first request
//! that is anything else, or not plainly right, goes to hyper, with all that comes after it; so there is one place that
//! refuses what is no HTTP.

use std::{cell::Cell, future::poll_fn, io, mem::MaybeUninit, net::SocketAddr, pin::pin, task::Poll, time::SystemTime};

use axum::body::Bytes;
use futures_util::FutureExt as _;
use http::{Method, Response, Version};
use httparse::{Header, Status};
use httpdate::HttpDate;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use super::{
    phase::{HEAD_TIME, Watched},
    stop::Stop,
};
use crate::{
    middleware::{Edge, access_log},
    v1::{
        allowed::Allowed,
        verify::{Target, is_forward_auth},
    },
};

/// The longest head that is read here. Proxies that pass all of a browser's headers on send two or three kilobytes.
const HEAD_MAX: usize = 4 * 1024;
/// How many headers it may have.
const HEADERS_MAX: usize = 64;
/// Room for the usual answer.
const ANSWER: usize = 1024;

/// What comes after the plain verifications.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The connection is at its end.
    Nothing,
    /// It has something for hyper, which finds all of it in the socket.
    Hyper,
}

/// Answers plain verifications for as long as nothing else comes.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Watched<S>,
    edge: &Edge,
    peer: SocketAddr,
    stop: &mut Stop,
) -> Next {
    // They are not logged one by one, unless somebody is looking for something.
    if access_log::is_verbose() {
        return Next::Hyper;
    }
    let (mut head, mut answer) = (Vec::with_capacity(HEAD_MAX), Vec::with_capacity(ANSWER));
    loop {
        match read(socket, &mut head, stop).await {
            // Half a request is none.
            Ok(0) | Err(_) => return Next::Nothing,
            Ok(_) => {}
        }
        let is_last = stop.last_call().is_made();
        match write_answer(edge, peer, &head, is_last, &mut answer) {
            Read::Whole => {}
            Read::Part if head.len() < HEAD_MAX => continue,
            Read::Part | Read::Other => {
                socket.give_back(head);
                return Next::Hyper;
            }
        }
        socket.answered();
        if send(socket, &answer).await.is_err() || is_last {
            return Next::Nothing;
        }
        head.clear();
        answer.clear();
    }
}

/// Reads on. At the end of the server no other request is begun.
async fn read<S: AsyncRead + Unpin>(socket: &mut Watched<S>, head: &mut Vec<u8>, stop: &mut Stop) -> io::Result<usize> {
    let has_begun = !head.is_empty();
    let mut read = pin!(socket.read_buf(head));
    poll_fn(|cx| match read.as_mut().poll(cx) {
        Poll::Pending if has_begun => Poll::Pending,
        Poll::Pending => stop.poll(cx).map(|()| Err(io::ErrorKind::Interrupted.into())),
        ready => ready,
    })
    .await
}

/// Sends it. Most of the time the system takes all of it at once; setting a timer for the other times costs nothing then.
async fn send<S: AsyncWrite + Unpin>(socket: &mut S, answer: &[u8]) -> io::Result<()> {
    let sent = socket.write(answer).now_or_never().transpose()?.unwrap_or(0);
    match answer.get(sent..) {
        None | Some([]) => Ok(()),
        Some(rest) => timeout(HEAD_TIME, socket.write_all(rest)).await?,
    }
}

/// How the bytes were understood.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    /// A plain verification, which has its answer.
    Whole,
    /// It may become one.
    Part,
    /// It is something else.
    Other,
}

fn write_answer(edge: &Edge, peer: SocketAddr, bytes: &[u8], is_last: bool, answer: &mut Vec<u8>) -> Read {
    let mut slots = [const { MaybeUninit::uninit() }; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(bytes, &mut slots) {
        Ok(Status::Complete(length)) if length == bytes.len() => {}
        Ok(Status::Partial) => return Read::Part,
        // No HTTP, too much of it, or more than one request at once.
        Ok(Status::Complete(_)) | Err(_) => return Read::Other,
    }
    let Some(target) = target(&request) else { return Read::Other };
    let (request_id, decision) = edge.decide(peer, Version::HTTP_11, target, &*request.headers);
    match decision {
        Ok(holder) => write_allowed(answer, &Allowed::new(&holder, &request_id), is_last),
        Err(refusal) => write_response(answer, &refusal, is_last),
    }
    Read::Whole
}

/// What it asks, if it is plain: without anything that would have to be read after it, and without wishes about the
/// connection.
fn target<'r>(request: &httparse::Request<'_, 'r>) -> Option<Target<'r>> {
    let text = request.path?;
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let is_plain = request.method == Some("GET")
        && request.version == Some(1)
        && is_forward_auth(&Method::GET, path)
        && text.bytes().all(is_plain_byte)
        && request.headers.iter().all(is_plain_header);
    is_plain.then_some(Target { path, query })
}

/// What means the same to everybody who reads a target, whether encoded or not is left to them (RFC 3986, sections 3.3 and
/// 3.4).
const fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        )
        || matches!(byte, b':' | b'@' | b'/' | b'?' | b'%')
}

fn is_plain_header(header: &Header<'_>) -> bool {
    let is = |name: &str| header.name.eq_ignore_ascii_case(name);
    match header.name.len() {
        6 => !is("expect"),
        7 => !is("upgrade"),
        10 => !is("connection") || header.value.eq_ignore_ascii_case(b"keep-alive"),
        14 => !is("content-length"),
        17 => !is("transfer-encoding"),
        _ => true,
    }
}

fn write_allowed(out: &mut Vec<u8>, allowed: &Allowed<'_>, is_last: bool) {
    out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    allowed.headers(|name, value| write_header(out, name.as_str(), value));
    let body = allowed.body();
    end_head(out, body.iter().map(|piece| piece.len()).sum(), is_last);
    body.iter().for_each(|piece| out.extend_from_slice(piece));
}

fn write_response(out: &mut Vec<u8>, response: &Response<Bytes>, is_last: bool) {
    let status = response.status();
    for piece in ["HTTP/1.1 ", status.as_str(), " ", status.canonical_reason().unwrap_or_default(), "\r\n"] {
        out.extend_from_slice(piece.as_bytes());
    }
    for (name, value) in response.headers() {
        write_header(out, name.as_str(), value.as_bytes());
    }
    end_head(out, response.body().len(), is_last);
    out.extend_from_slice(response.body());
}

fn write_header(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    for piece in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.extend_from_slice(piece);
    }
}

/// With what is said about every answer (RFC 9110, section 6.6.1; RFC 9112, sections 6.2 and 9.6).
fn end_head(out: &mut Vec<u8>, length: usize, is_last: bool) {
    write_header(out, "content-length", itoa::Buffer::new().format(length).as_bytes());
    if is_last {
        write_header(out, "connection", b"close");
    }
    write_header(out, "date", &date());
    out.extend_from_slice(b"\r\n");
}

/// How long a date is, whenever it is (RFC 9110, section 5.6.7).
const DATE: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();

/// Now, as a header says it: written once a second by each thread.
#[expect(clippy::disallowed_methods, reason = "it is about the sending, which no test moves to another day")]
fn date() -> [u8; DATE] {
    thread_local! {
        static LATEST: Cell<(u64, [u8; DATE])> = const { Cell::new((0, [b' '; DATE])) };
    }
    let now = SystemTime::now();
    let second = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let (written, text) = LATEST.get();
    if written == second {
        return text;
    }
    let mut text = [b' '; DATE];
    text.iter_mut().zip(HttpDate::from(now).to_string().bytes()).for_each(|(to, from)| *to = from);
    LATEST.set((second, text));
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is read of a request, if it is read here.
    fn read(text: &str) -> Option<(String, String)> {
        let mut slots = [const { MaybeUninit::uninit() }; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut []);
        assert!(
            request.parse_with_uninit_headers(text.as_bytes(), &mut slots).is_ok_and(|status| status.is_complete())
        );
        target(&request).map(|target| (target.path.to_owned(), target.query.to_owned()))
    }

    fn request(line: &str, headers: &str) -> String {
        format!("{line} HTTP/1.1\r\nHost: a\r\n{headers}\r\n")
    }

    #[test]
    fn a_plain_verification_is_read_here() {
        let is_read = |target: &str, path: &str, query: &str| {
            let text = request(
                &format!("GET {target}"),
                "Authorization: Bearer x\r\nConnection: Keep-Alive\r\nTE: trailers\r\n",
            );
            assert_eq!(read(&text), Some((path.to_owned(), query.to_owned())));
        };
        is_read("/v1/verify", "/v1/verify", "");
        is_read("/v1/verify?", "/v1/verify", "");
        is_read("/v1/verify?permission=a&permission=b?c", "/v1/verify", "permission=a&permission=b?c");
        is_read("/v1/verify/permission=a/orders/7?%20", "/v1/verify/permission=a/orders/7", "%20");
    }

    #[test]
    fn whatever_is_not_plain_goes_to_hyper() {
        for line in [
            "HEAD /v1/verify",
            "POST /v1/verify",
            "PUT /v1/verify/permission=a/",
            "GET /v1/verify2",
            "GET /v1/health",
            "GET http://a/v1/verify",
            "GET /v1/verify#here",
            "GET /v1/verify?a=\"",
            "GET /v1/verify?a={}",
            "GET *",
        ] {
            assert_eq!(read(&request(line, "")), None, "{line}");
        }
        for header in [
            "Content-Length: 0",
            "transfer-encoding: chunked",
            "Connection: close",
            "CONNECTION: keep-alive, upgrade",
            "Upgrade: h2c",
            "Expect: 100-continue",
        ] {
            assert_eq!(read(&request("GET /v1/verify", &format!("{header}\r\n"))), None, "{header}");
        }
        assert_eq!(read("GET /v1/verify HTTP/1.0\r\n\r\n"), None);
    }

    #[test]
    fn a_date_is_one_of_http() {
        let text = String::from_utf8(date().to_vec()).expect("ASCII");
        assert!(httpdate::parse_http_date(&text).is_ok(), "{text}");
        assert_eq!(date().len(), HttpDate::from(SystemTime::UNIX_EPOCH).to_string().len());
    }

    proptest! {
        #[test]
        fn what_a_target_may_consist_of_here_is_what_a_uri_may(byte: u8) {
            let text = format!("/v1/verify?{}", char::from(byte));
            if is_plain_byte(byte) {
                let uri: http::Uri = text.parse().expect("a URI");
                prop_assert_eq!(uri.path_and_query().map(http::uri::PathAndQuery::as_str), Some(text.as_str()));
            }
        }
    }
}
