//! What a request may look like before anybody looks at what it wants.

use std::time::Duration;

use axum::body::Bytes;
use http::{
    HeaderMap, StatusCode, Version,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HOST},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body;

use super::headers::Headers;
use crate::v1::envelope::Problem;

/// The largest body. The largest honest one is a form.
pub const BODY_MAX: usize = 64 * 1024;
/// How long a body may take to arrive in full.
pub const BODY_TIME: Duration = Duration::from_secs(5);

/// RFC 9112, section 3.2: an HTTP/1.1 request without exactly one `Host` is answered with 400.
///
/// # Errors
/// That answer.
pub fn check_host(version: Version, headers: &(impl Headers + ?Sized)) -> Result<(), Problem> {
    let hosts = headers.all(HOST).count();
    let is_right = match version {
        Version::HTTP_11 => hosts == 1,
        _ => hosts <= 1,
    };
    if is_right { Ok(()) } else { Err(Problem::bad_request("host", "The request must have exactly one Host header.")) }
}

/// Reads the whole body, so that no handler ever waits for a client that dribbles.
///
/// # Errors
/// 413 for one that is too long, 408 for one that is too slow, 400 for one that breaks off.
pub async fn read_body<B>(headers: &HeaderMap, body: B) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > BODY_MAX as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIME, Limited::new(body, BODY_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::bad_request("body_incomplete", "The body broke off before its end.")),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_too_slow",
            format!("The body did not arrive within {} seconds.", BODY_TIME.as_secs()),
        )),
    }
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        format!("The body may have at most {BODY_MAX} bytes."),
    )
}

/// Whether the body says that it is of one of `kinds`. A request that may come from a page of another site without
/// the browser asking first (`text/plain`) is thereby refused before it is read.
///
/// # Errors
/// 415 otherwise.
pub fn check_content_type(headers: &HeaderMap, kinds: &[&str]) -> Result<(), Problem> {
    let sent = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    if kinds.iter().any(|kind| essence.eq_ignore_ascii_case(kind)) {
        Ok(())
    } else {
        Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content_type",
            format!("The body must be sent with Content-Type: {}.", kinds.join(" or ")),
        ))
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http::HeaderValue;
    use http_body_util::{Empty, Full, StreamBody};
    use tokio::time::Instant;

    use super::*;

    fn status(problem: Problem) -> u16 {
        problem.into_response().status().as_u16()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up_after_five_seconds() {
        let began = Instant::now();
        let silent = StreamBody::new(futures_util::stream::pending::<Result<_, std::io::Error>>());
        let refused = read_body(&HeaderMap::new(), silent).await.map_err(status);
        assert_eq!((refused, began.elapsed()), (Err(408), BODY_TIME));
    }

    #[tokio::test]
    async fn the_largest_body_is_read_and_one_byte_more_is_not() {
        let read = async |size: usize| {
            let body = Full::new(Bytes::from(vec![0; size]));
            read_body(&HeaderMap::new(), body).await.map(|bytes| bytes.len()).map_err(status)
        };
        assert_eq!(read(BODY_MAX).await, Ok(BODY_MAX));
        assert_eq!(read(BODY_MAX + 1).await, Err(413));
        let announced = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(BODY_MAX + 1))]);
        assert_eq!(read_body(&announced, Empty::new()).await.map_err(status), Err(413), "before a byte was read");
    }

    #[test]
    fn http_1_1_needs_a_host_and_nothing_may_have_two() {
        let hosts = |count| {
            (0..count).map(|_| (HOST, HeaderValue::from_static("a"))).fold(HeaderMap::new(), |mut map, (n, v)| {
                map.append(n, v);
                map
            })
        };
        for (version, allowed) in
            [(Version::HTTP_11, &[1][..]), (Version::HTTP_10, &[0, 1]), (Version::HTTP_2, &[0, 1])]
        {
            for count in 0..3 {
                assert_eq!(
                    check_host(version, &hosts(count)).is_ok(),
                    allowed.contains(&count),
                    "{version:?}: {count}"
                );
            }
        }
    }
}
