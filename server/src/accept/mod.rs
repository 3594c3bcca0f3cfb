//! Connections: taken, counted, timed, and closed in good order.
//!
//! `axum::serve` keeps silent, dribbling and idle connections open for ever, so this is a loop of our own around
//! hyper with a limit for each of them.

mod answer;
mod count;
mod direct;
mod head;
mod phase;
mod stop;

use std::{future::poll_fn, io, net::SocketAddr, pin::pin, sync::Arc, task::Poll, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::coop::unconstrained,
};

use self::{
    answer::Answers,
    count::{Counts, Place},
    direct::Next,
    phase::Watched,
    stop::{Stop, Stopper},
};
use crate::middleware::Edge;

/// The largest head of a request. hyper's buffer cannot be smaller than 8 KiB.
const HEAD_MAX: usize = 16 * 1024;
/// For how long, when the server stops, whatever is on its way to it is still taken. A busy system needs some of it to hand
/// over what has arrived; the rest is for clients that ask again and again, who learn of the end from an answer and not
/// from a connection that breaks.
const LAST_CALL: Duration = Duration::from_millis(100);
/// How long requests in flight may take after that.
const FAREWELL: Duration = Duration::from_secs(10);
/// How long to wait when the system has no more file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers connections until `stop` and a last call, then finishes what is under way.
pub async fn serve(listener: TcpListener, edge: Edge, stop: impl Future<Output = ()>) {
    let stopper = Stopper::new();
    let last_call = async {
        stop.await;
        stopper.last_call();
        tokio::time::sleep(LAST_CALL).await;
    };
    tokio::select! {
        // First those who are here; and however many they are, they do not use up the other's budget.
        biased;
        () = take_connections(&listener, &edge, &stopper) => {}
        () = unconstrained(last_call) => {}
    }
    drop(listener);
    let tasks = edge.state().detached.clone();
    tasks.close();
    let farewell = async {
        stopper.close().await;
        tasks.wait().await;
    };
    if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
        tracing::warn!(seconds = FAREWELL.as_secs(), "some requests did not end in time and are cut off");
    }
}

/// Takes connections for as long as it is let, each into a task of its own.
async fn take_connections(listener: &TcpListener, edge: &Edge, stopper: &Stopper) {
    let counts = Counts::default();
    let builder = Arc::new(builder());
    loop {
        let Some((stream, peer, place)) = take(listener, &counts, edge).await else { continue };
        let open = edge.state().metrics.connection();
        let (builder, edge, mut stop) = (Arc::clone(&builder), edge.clone(), stopper.for_a_connection());
        tokio::spawn(async move {
            let mut socket = Watched::new(stream);
            if direct::serve(&mut socket, &edge, peer, &mut stop).await == Next::Hyper {
                // Boxed: a connection that stays with verifications shall not carry its size around.
                Box::pin(serve_any(socket, &builder, edge, peer, stop)).await;
            }
            drop((place, open));
        });
    }
}

/// Answers whatever comes, until the connection ends.
async fn serve_any(
    socket: Watched<TcpStream>,
    builder: &auto::Builder<TokioExecutor>,
    edge: Edge,
    peer: SocketAddr,
    mut stop: Stop,
) {
    let answers = Answers::new(edge, peer, socket.phase(), stop.last_call().clone());
    let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), answers));
    let ended = poll_fn(|cx| match connection.as_mut().poll(cx) {
        // Whatever ends a connection is its client's affair; there is nobody to tell.
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending => stop.poll(cx).map(|()| false),
    });
    if !ended.await {
        connection.as_mut().graceful_shutdown();
        _ = connection.await;
    }
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // [`Watched`] has the time of heads and of idling.
        .header_read_timeout(None)
        .keep_alive(true)
        // At most 100 header lines, which is hyper's own limit: naming one costs an allocation for every request.
        // Head and body leave in one piece: both are small.
        .writev(false)
        .max_buf_size(HEAD_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .max_concurrent_streams(200)
        .max_header_list_size(16 * 1024);
    builder
}

/// The next connection, if there is room for it.
async fn take(listener: &TcpListener, counts: &Counts, edge: &Edge) -> Option<(TcpStream, SocketAddr, Place)> {
    let room = counts.room().await?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            let is_proxy = edge.state().policy.trusted_proxies.contains(peer.ip());
            let place = counts.place(room, peer.ip().to_canonical(), is_proxy)?;
            _ = stream.set_nodelay(true);
            Some((stream, peer, place))
        }
        Err(error) if is_about_one_connection(&error) => None,
        Err(error) => {
            // EMFILE and the like are still true at the next try; waiting lets connections end.
            tracing::warn!(%error, "a connection cannot be accepted");
            tokio::time::sleep(PAUSE).await;
            None
        }
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
    )
}
