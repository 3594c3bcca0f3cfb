//! Start and stop.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use backend::{Backend, demo, geo::GeoDatabases};
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    accept,
    config::Config,
    metrics,
    middleware::Edge,
    site::Site,
    state::{AppState, HttpPolicy},
};

/// Runs the server until the process is asked to stop.
///
/// # Errors
/// When it cannot start, in a sentence for whoever started it.
pub async fn serve(config: Config) -> Result<()> {
    let signals = stop_signals().context("the signals to stop cannot be listened for")?;
    make_private_folder(&config.data_dir)
        .with_context(|| format!("the data folder {} cannot be made", config.data_dir.display()))?;
    let site = Site::load()?;
    let geo = GeoDatabases::open(&config.mmdb).context("--mmdb (IPAWARE_MMDB)")?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {} (--listen, IPAWARE_LISTEN)", config.listen))?;
    let metrics_listener = match config.metrics_listen {
        Some(address) => Some(
            TcpListener::bind(address)
                .await
                .with_context(|| format!("cannot listen on {address} (--metrics-listen, IPAWARE_METRICS_LISTEN)"))?,
        ),
        None => None,
    };
    let settings = config.backend_settings(listener.local_addr()?);
    let _lock = lock_file_database(&settings.database_url)?;
    if config.demo {
        let sign_in = demo::fill(&settings).await.context("--demo")?;
        for (email, role) in &sign_in.people {
            println!("demo sign-in: {email} / {} ({role})", sign_in.password);
        }
    }
    let backend = Backend::connect(settings).await.context("the database cannot be opened")?;
    let policy = HttpPolicy {
        trusted_proxies: config.trusted_proxies.clone(),
        https: config.is_https(),
        public_url: config.public_url.clone(),
        security_contact: config.security_contact.clone(),
        management_per_minute: Some(config.management_rate_limit),
    };
    let edge = Edge::new(AppState::new(backend.clone(), site, geo, policy));
    if let Some(listener) = metrics_listener {
        println!("metrics on http://{}/metrics", listener.local_addr()?);
        // Ends with the process: what happens while it stops is worth watching, too.
        tokio::spawn(metrics::serve(listener, edge.state().metrics.registry(backend.clone())));
    }
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    // From now on whoever asks is told that the server is starting, and does not wait for an answer in vain.
    let mut serving = tokio::spawn(accept::serve(listener, edge, async {
        tokio::select! {
            () = signals => {}
            _ = stopped => {}
        }
    }));
    tracing::info!(%address, data_dir = %config.data_dir.display(), version = env!("CARGO_PKG_VERSION"), "starting");
    let loaded = tokio::select! {
        loaded = backend.load() => loaded.context("the keys cannot be loaded"),
        ended = &mut serving => return ended.context("the server has ended early"),
    };
    if let Err(error) = loaded {
        drop(stop);
        serving.await?;
        return Err(error);
    }
    let tasks = backend.start_tasks();
    // Scripts wait for this line; it is the only one of its form.
    println!("listening on http://{address}");
    serving.await?;
    drop(stop);
    tasks.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Keeps a second server from the same SQLite file for as long as the first one runs: each answers from its own memory,
/// so a key revoked at one would go on at the other until that has followed. (Several servers share PostgreSQL.)
fn lock_file_database(database_url: &str) -> Result<Option<File>> {
    if database_url.starts_with("postgres") {
        return Ok(None);
    }
    let path = format!("{database_url}.lock");
    let file = File::create(&path).with_context(|| format!("the lock file {path} cannot be made"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => bail!(
            "another server is running on {database_url}. Stop it first, name another --data-dir (IPAWARE_DATA_DIR), \
             or use PostgreSQL for several servers"
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("the lock file {path} cannot be locked")),
    }
}

/// Nobody else on the machine shall read the database or the pepper.
fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Ctrl-C, and what service managers send. Listened for from the start, so that none is missed.
#[cfg(unix)]
fn stop_signals() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        };
        tracing::info!(signal = name, "stopping: requests in flight are finished first");
    })
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the other systems can fail here")]
fn stop_signals() -> io::Result<impl Future<Output = ()>> {
    Ok(async { _ = tokio::signal::ctrl_c().await })
}
