//! Bytes over a socket, for what no HTTP client would send.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::{Answer, TestApp, connection::PATIENCE};

/// Sends `bytes` as they are and returns the status of the first answer; 0 when the server hangs up without one.
pub(crate) async fn status(app: &TestApp, bytes: &[u8]) -> u16 {
    let stream = TcpStream::connect(app.address).await.expect("a connection");
    let (read, mut write) = stream.into_split();
    // The server may have answered and closed before it has read everything.
    _ = write.write_all(bytes).await;
    let mut line = String::new();
    _ = BufReader::new(read).read_line(&mut line).await;
    line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// Sends `bytes`, hangs up, and waits until the server has noticed.
pub(crate) async fn hang_up_after(app: &TestApp, bytes: &[u8]) {
    let mut stream = TcpStream::connect(app.address).await.expect("a connection");
    stream.write_all(bytes).await.expect("sent");
    stream.shutdown().await.expect("no more to send");
    let mut rest = String::new();
    _ = tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut rest).await;
    assert!(!rest.starts_with("HTTP/1.1 2"), "{rest}");
}

/// A connection on which whole requests are sent as they are.
pub(crate) struct Line(BufReader<TcpStream>);

impl Line {
    pub(crate) async fn open(app: &TestApp) -> Self {
        Self::to(app.address).await
    }

    pub(crate) async fn to(server: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(server).await.expect("a connection")))
    }

    /// Waits for the next thing to come, and says whether it is the end.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let next = timeout(PATIENCE, self.0.fill_buf()).await.expect("nothing comes, and no end");
        next.is_ok_and(<[u8]>::is_empty)
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn send(&mut self, request: &str) -> Answer {
        self.write(request).await;
        self.answer().await
    }

    pub(crate) async fn write(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.expect("sent");
    }

    /// The other side reads the end, and may answer still.
    pub(crate) async fn say_no_more(&mut self) {
        self.0.shutdown().await.expect("no more to send");
    }

    /// The next answer, which must say how long it is.
    pub(crate) async fn answer(&mut self) -> Answer {
        let status = self.read_line().await;
        let status = status.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).expect("a status");
        let mut headers = HeaderMap::new();
        loop {
            let line = self.read_line().await;
            let Some((name, value)) = line.split_once(": ") else { break };
            let name: HeaderName = name.parse().expect("a name");
            headers.append(name, HeaderValue::from_maybe_shared(value.to_owned().into_bytes()).expect("a value"));
        }
        let length = headers["content-length"].to_str().expect("text").parse().expect("a length");
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.expect("a body");
        Answer::new(
            StatusCode::from_bytes(status.as_bytes()).expect("a status"),
            headers,
            String::from_utf8(body).expect("text"),
        )
    }

    async fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.expect("a line");
        line.trim_end().to_owned()
    }
}
