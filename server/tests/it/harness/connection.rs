//! One connection to a server, for as many requests as a test likes.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream};

use super::Answer;

/// Longer than any answer takes, so that a server that hangs fails one test and not the whole run.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// An open connection.
pub(crate) struct Connection {
    server: SocketAddr,
    sender: http1::SendRequest<Full<Bytes>>,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> Self {
        Self::over(TcpStream::connect(server).await.expect("a connection"), server).await
    }

    /// From another address of this machine.
    pub(crate) async fn open_from(local: IpAddr, server: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((local, 0).into()).expect("an address of this machine");
        Self::over(socket.connect(server).await.expect("a connection"), server).await
    }

    async fn over(stream: TcpStream, server: SocketAddr) -> Self {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a handshake");
        tokio::spawn(connection);
        Self { server, sender }
    }

    /// Sends one request and reads its whole answer.
    pub(crate) async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Answer {
        let host = self.server.to_string().parse().expect("a host");
        request.headers_mut().entry("host").or_insert(host);
        let asked = format!("{} {}", request.method(), request.uri());
        let exchange = async {
            self.sender.ready().await.expect("the connection is still open");
            let (parts, body) = self.sender.send_request(request).await.expect("an answer").into_parts();
            let body = body.collect().await.expect("a body").to_bytes();
            Answer::new(parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| panic!("no answer to {asked}"))
    }
}
