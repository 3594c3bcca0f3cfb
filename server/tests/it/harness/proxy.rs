//! The real proxies in front of [`upstream`], set up by nothing but the files in `examples/`, in which the addresses of
//! the example are replaced by those of the test.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    net::{TcpSocket, TcpStream},
    process::{Child, Command},
};

use super::upstream::{self, Log};

/// Where the examples have the server, the API and the proxy.
const SERVER: &str = "127.0.0.1:3000";
const API: &str = "127.0.0.1:8081";
const PROXY: &str = ":8080";

/// Between two looks at whether it listens.
const LOOK: Duration = Duration::from_millis(5);

/// A program that asks the server about every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Nginx,
    Caddy,
}

/// A running proxy, stopped at the end of the test.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    /// What it let through to the API.
    pub(crate) log: Log,
    child: Child,
    folder: TempDir,
    _port: TcpSocket,
}

impl Proxy {
    /// Starts it in front of a new API and waits until it listens. It asks `server`.
    pub(crate) async fn start(program: Program, server: SocketAddr) -> Self {
        let (router, log) = upstream::router();
        let api = upstream::serve(router).await;
        // Taken without listening, so that nobody else gets it: whoever reuses addresses, as these programs do, still may.
        let port = TcpSocket::new_v4().expect("a socket");
        port.set_reuseaddr(true).expect("an option");
        port.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let address = port.local_addr().expect("its address");

        let folder = tempfile::tempdir().expect("a temporary folder");
        let own = format!(":{}", address.port());
        let places = [(SERVER, server.to_string()), (API, api.to_string()), (PROXY, own)];
        copy_example(program.example(), folder.path(), &places);
        let output = fs::File::create(folder.path().join("output")).expect("a file");
        let mut command = program.command(folder.path());
        command.current_dir(&folder).stdin(Stdio::null()).stderr(output).kill_on_drop(true);
        let child = command.spawn().expect("the program starts");
        let mut proxy = Self { address, log, child, folder, _port: port };
        proxy.listening().await;
        proxy
    }

    async fn listening(&mut self) {
        while TcpStream::connect(self.address).await.is_err() {
            if let Some(status) = self.child.try_wait().expect("its state") {
                panic!("it ended with {status}: {}", self.output());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn output(&self) -> String {
        fs::read_to_string(self.folder.path().join("output")).expect("its output")
    }
}

impl Program {
    fn example(self) -> PathBuf {
        examples().join(match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
        })
    }

    fn command(self, folder: &Path) -> Command {
        match self {
            Self::Nginx => {
                let mut nginx = Command::new(find("nginx", "nginx-light"));
                nginx.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "stderr"]);
                // In one process, of which nothing remains when it is killed.
                nginx.args(["-g", "daemon off; master_process off;"]);
                nginx
            }
            Self::Caddy => {
                let mut caddy = Command::new(find("caddy", "caddy"));
                caddy.args(["run", "--config", "Caddyfile"]);
                caddy.env("HOME", folder).env("XDG_CONFIG_HOME", folder).env("XDG_DATA_HOME", folder);
                caddy
            }
        }
    }
}

/// The folder of the examples.
pub(crate) fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// Every file of the example, with `places` in place of its own, each of which must occur.
fn copy_example(example: PathBuf, folder: &Path, places: &[(&str, String)]) {
    let mut seen = String::new();
    for file in fs::read_dir(example).expect("the example") {
        let path = file.expect("a file").path();
        let text = fs::read_to_string(&path).expect("text");
        let copy = places.iter().fold(text.clone(), |text, (from, to)| text.replace(from, to));
        fs::write(folder.join(path.file_name().expect("a name")), copy).expect("written");
        seen.push_str(&text);
    }
    for (place, _) in places {
        assert!(seen.contains(place), "the example has no {place}");
    }
}

/// Where the program is. Debian has servers where only root looks for them.
fn find(program: &str, package: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = places.map(|folder| folder.join(program)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{program} is missing: install it (on Debian, the package {package})"))
}
