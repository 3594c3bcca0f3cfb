//! What the tasks need beside cargo: looked for, installed where that is possible, and otherwise named.
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context, Result, bail};

use crate::{
    postgres,
    process::{ask, capture, run, say, timed},
    project::{Project, WASM},
};

/// The oldest Node.js that Playwright runs on.
const NODE: u32 = 20;

/// Where a browser is taken from before Playwright's own. The Playwright configuration looks at the same place.
const CHROMIUM: &str = "/usr/bin/chromium";

pub(crate) fn wasm_target() -> Result<()> {
    let installed =
        || ask(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM])).is_some_and(is_dir);
    if installed() {
        return Ok(());
    }
    say(&format!("the Rust target {WASM} is missing; adding it"));
    run(Command::new("rustup").args(["target", "add", WASM]))
        .with_context(|| format!("install the Rust target by hand: rustup target add {WASM}"))?;
    if !installed() {
        bail!("rustup has added {WASM}, but not to the rustc in use: {:?}", ask(Command::new("rustc").arg("-vV")));
    }
    Ok(())
}

fn is_dir(path: String) -> bool {
    Path::new(&path).is_dir()
}

/// `rustfmt` or `clippy`, by the name of the cargo command that it brings.
pub(crate) fn component(command: &str, component: &str) -> Result<()> {
    if ask(Command::new("cargo").args([command, "--version"])).is_some() {
        return Ok(());
    }
    say(&format!("{component} is missing; adding it"));
    run(Command::new("rustup").args(["component", "add", component]))
        .with_context(|| format!("install {component} by hand: rustup component add {component}"))
}

/// The folder of PostgreSQL's programs.
pub(crate) fn postgres() -> Result<PathBuf> {
    if let Some(bin) = postgres::find() {
        return Ok(bin);
    }
    apt(&["postgresql"]).context("install PostgreSQL 14 or newer, so that `pg_ctl` is on the PATH")?;
    postgres::find().context("PostgreSQL was installed, but there is no /usr/lib/postgresql/*/bin/pg_ctl")
}

/// The Python of a virtual environment of our own, under target/.
pub(crate) fn python(project: &Project) -> Result<PathBuf> {
    let venv = project.target.join("python");
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    // A folder that was moved, or made by a Python that is gone, is made anew.
    if ask(Command::new(&python).args(["-m", "pip", "--version"])).is_some() {
        return Ok(python);
    }
    let make = || run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
    if !has_venv() {
        apt(&["python3-venv"]).context("install Python 3.10 or newer, with its modules venv and ensurepip")?;
    }
    timed("virtual environment for Python", make)?;
    Ok(python)
}

/// Debian has the module `venv` without what it needs to put pip into an environment.
fn has_venv() -> bool {
    ask(Command::new("python3").args(["-c", "import venv, ensurepip; print('there')"])).is_some()
}

/// The proxies that the examples are for, as far as Debian has them. Their tests look in the same places.
pub(crate) fn proxies() -> Result<()> {
    for (program, package) in [("nginx", "nginx-light"), ("caddy", "caddy")] {
        if is_there(program) {
            continue;
        }
        apt(&[package]).with_context(|| format!("install {program}, so that it is on the PATH"))?;
        // The package may have started it as a service, at a port that nobody has asked for. Where it has not, there is
        // nothing to stop, and that is no failure.
        _ = capture(Command::new("service").args([program, "stop"]));
        if !is_there(program) {
            bail!("{package} was installed, but there is no {program}");
        }
    }
    Ok(())
}

/// What asks for the measurements.
pub(crate) fn wrk() -> Result<()> {
    if is_there("wrk") { Ok(()) } else { apt(&["wrk"]).context("install wrk, so that it is on the PATH") }
}

/// Debian has servers where only root looks for them.
fn is_there(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]).any(|folder| folder.join(program).is_file())
}

/// Node.js and npm, new enough for Playwright.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Set when the Node.js on the PATH is too old and one of our own goes before it.
    path: Option<OsString>,
}

impl Node {
    pub(crate) fn find(project: &Project) -> Result<Self> {
        let system = Self { path: None };
        if system.version().is_none() || ask(system.command("npm").arg("--version")).is_none() {
            apt(&["nodejs", "npm"]).with_context(|| format!("install Node.js {NODE} or newer, with npm"))?;
        }
        match system.version() {
            Some(version) if version >= NODE => return Ok(system),
            Some(version) => say(&format!("Node.js {version} is too old for the browser tests, which want {NODE}")),
            None => bail!("Node.js was installed, but `node --version` does not answer"),
        }
        // Distributions lag behind. npm has Node.js itself as a package, which stays inside the target folder.
        let home = project.target.join("node");
        let bin = home.join("node_modules/node/bin");
        let mut path = vec![bin.clone()];
        path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let own = Self { path: Some(env::join_paths(path)?) };
        if own.version().is_none_or(|version| version < NODE) {
            fs::create_dir_all(&home)?;
            let package = format!("node@{NODE}");
            let mut npm = system.command("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--no-save", "--prefix"]).arg(&home).arg(&package);
            timed(&format!("Node.js {NODE} for the browser tests"), || run(&mut npm))
                .with_context(|| format!("install Node.js {NODE} or newer, with npm"))?;
        }
        if own.version().is_none_or(|version| version < NODE) {
            bail!("install Node.js {NODE} or newer: npm put none into {}", bin.display());
        }
        Ok(own)
    }

    /// `npm`, `npx` or `node`.
    pub(crate) fn command(&self, program: &str) -> Command {
        let script = cfg!(windows) && program != "node";
        let mut command = Command::new(if script { format!("{program}.cmd") } else { program.to_owned() });
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command
    }

    fn version(&self) -> Option<u32> {
        // By the PATH of the child, which `env` reads, and not by ours.
        let mut command = if cfg!(unix) && self.path.is_some() {
            let mut env = self.command("env");
            env.arg("node");
            env
        } else {
            self.command("node")
        };
        ask(command.arg("--version"))?.strip_prefix('v')?.split('.').next()?.parse().ok()
    }

    /// A browser: the system's Chromium, or Playwright's own, which it looks after itself.
    pub(crate) fn browser(&self, project: &Project) -> Result<()> {
        if Path::new(CHROMIUM).is_file() || (can_apt() && apt(&["chromium", "fonts-liberation"]).is_ok()) {
            return Ok(());
        }
        let mut install = self.command("npx");
        install.args(["--no-install", "playwright", "install", "chromium"]);
        if is_root() {
            install.arg("--with-deps");
        }
        timed("Playwright's Chromium", || run(install.current_dir(project.end2end())))
            .with_context(|| format!("install Chromium, so that there is a {CHROMIUM}"))
    }
}

/// Installs Debian packages, as root; elsewhere it only says that it cannot.
fn apt(packages: &[&str]) -> Result<()> {
    static UPDATED: OnceLock<()> = OnceLock::new();
    if !can_apt() {
        bail!("{} is missing, and can be installed by itself only as root on Debian", packages.join(", "));
    }
    let get = |args: &[&str]| run(Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive"));
    timed(&format!("apt-get install {}", packages.join(" ")), || {
        if UPDATED.get().is_none() {
            get(&["update", "--quiet"])?;
            _ = UPDATED.set(());
        }
        get(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())
    })
}

/// Not on Debian's descendants: Ubuntu's `chromium` is a signpost to a snap.
fn can_apt() -> bool {
    let debian =
        || fs::read_to_string("/etc/os-release").is_ok_and(|text| text.lines().any(|line| line == "ID=debian"));
    is_root() && debian()
}

#[cfg(unix)]
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
pub(crate) fn is_root() -> bool {
    false
}
