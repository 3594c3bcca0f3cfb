//! Bytes over a socket, for what no HTTP client would send.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::TestApp;

/// Sends `bytes` as they are, closes that direction, and returns what comes back.
pub(crate) async fn exchange(app: &TestApp, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address).await.expect("a connection");
    // The server may have answered and closed before it has read everything.
    _ = stream.write_all(bytes).await;
    _ = stream.shutdown().await;
    let mut answer = Vec::new();
    _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of the first answer; 0 when there is none.
pub(crate) async fn status(app: &TestApp, bytes: &[u8]) -> u16 {
    let answer = exchange(app, bytes).await;
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok()).unwrap_or(0)
}
