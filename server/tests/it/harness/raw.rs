//! Bytes over a socket, for what no HTTP client would send.

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use super::TestApp;

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
