//! What can stand between two programs: a wire that counts and can be cut, a silent one, and none at all.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Mutex,
    task::JoinSet,
};

/// Passes connections on to another address and counts them.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    connections: Arc<Mutex<Connections>>,
}

#[derive(Default)]
struct Connections {
    made: usize,
    open: JoinSet<()>,
}

impl Wire {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let connections = Arc::<Mutex<Connections>>::default();
        let shared = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let mut connections = shared.lock().await;
                connections.made += 1;
                connections.open.spawn(pass_on(near, server));
            }
        });
        Self { address, connections }
    }

    /// How many connections have been made so far.
    pub(crate) async fn connections(&self) -> usize {
        self.connections.lock().await.made
    }

    /// Closes those that are open.
    pub(crate) async fn cut(&self) {
        self.connections.lock().await.open.shutdown().await;
    }
}

async fn pass_on(mut near: TcpStream, server: SocketAddr) {
    if let Ok(mut far) = TcpStream::connect(server).await {
        // Whoever hangs up first ends it, in whatever way.
        _ = copy_bidirectional(&mut near, &mut far).await;
    }
}

/// Takes connections and never says a word.
pub(crate) async fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(connection) = listener.accept().await {
            held.push(connection);
        }
    });
    address
}

/// An address at which nobody listens, nor will as long as this is held.
pub(crate) struct Nobody {
    pub(crate) address: SocketAddr,
    _taken: TcpSocket,
}

pub(crate) fn nobody() -> Nobody {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    Nobody { address: socket.local_addr().expect("its address"), _taken: socket }
}
