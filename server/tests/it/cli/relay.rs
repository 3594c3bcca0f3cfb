//! Between the command and the server, so that a test decides what happens in between.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// Takes the place of a server.
pub(super) struct Relay {
    listener: TcpListener,
    server: SocketAddr,
}

/// One request on its way.
pub(super) struct Exchange {
    stream: TcpStream,
    server: SocketAddr,
    /// The request line and the headers, one a line.
    pub(super) head: Vec<String>,
    body: Vec<u8>,
}

impl Relay {
    pub(super) async fn before(server: SocketAddr) -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.expect("a free port"), server }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().expect("its address"))
    }

    /// Whether there was a request beyond those that were looked at.
    pub(super) fn was_called(self) -> bool {
        let listener = self.listener.into_std().expect("a listener");
        listener.accept().is_ok()
    }

    /// The next request, complete.
    pub(super) async fn next(&self) -> Exchange {
        let (stream, _) = self.listener.accept().await.expect("a connection");
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).await.expect("a line");
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let length = header(&head, "content-length").map_or(0, |length| length.parse().expect("a number"));
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await.expect("the body");
        Exchange { stream: reader.into_inner(), server: self.server, head, body }
    }
}

impl Exchange {
    /// `GET /v1/keys`
    pub(super) fn asked(&self) -> &str {
        self.head[0].trim_end_matches(" HTTP/1.1")
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// Carries the request to the server, and its answer back.
    pub(super) async fn pass_on(mut self) {
        let answer = self.carried().await;
        self.stream.write_all(&answer).await.expect("written");
        self.stream.shutdown().await.expect("closed");
    }

    /// Carries the request to the server, and loses its answer.
    pub(super) async fn lose(self) {
        self.carried().await;
    }

    /// Answers in the server's place.
    pub(super) async fn answer(mut self, answer: &str) {
        self.stream.write_all(answer.as_bytes()).await.expect("written");
        self.stream.shutdown().await.expect("closed");
    }

    async fn carried(&self) -> Vec<u8> {
        let mut server = TcpStream::connect(self.server).await.expect("the server");
        let head = format!("{}\r\nconnection: close\r\n\r\n", self.head.join("\r\n"));
        server.write_all(head.as_bytes()).await.expect("written");
        server.write_all(&self.body).await.expect("written");
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).await.expect("an answer");
        answer
    }
}

fn header<'h>(head: &'h [String], name: &str) -> Option<&'h str> {
    head.iter().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
