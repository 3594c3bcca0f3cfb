//! Where things are.
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

/// The target of the browser's half.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The repository's folders, all absolute.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    /// Cargo's target folder, for the server, the tests and the built site.
    pub(crate) target: PathBuf,
}

impl Project {
    pub(crate) fn find() -> Result<Self> {
        // `cargo run` says where this crate is now; the folder may have moved since it was compiled.
        let own = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = own.parent().context("the folder of xtask has no parent")?.to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => env::current_dir()?.join(dir),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// A target folder of its own for the browser's half, so that building it and building the server do not wait for
    /// each other's lock, and neither throws away what the other compiled.
    pub(crate) fn front_target(&self) -> PathBuf {
        self.target.join("front")
    }

    pub(crate) fn end2end(&self) -> PathBuf {
        self.root.join("end2end")
    }

    /// The executable, by the name of the profile's folder.
    pub(crate) fn binary(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join(format!("ipaware{}", env::consts::EXE_SUFFIX))
    }

    /// For messages: from the root where possible.
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    /// Cargo in the root, on the shared target folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        // `cargo run` describes xtask to us in these. Passed on, they would make build scripts that look at them run
        // again each time someone changes between `cargo build` and `cargo xtask`.
        for (name, _) in env::vars_os() {
            let own = name.to_str().is_some_and(|name| {
                name.starts_with("CARGO_PKG_")
                    || ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PRIMARY_PACKAGE"].contains(&name)
            });
            if own {
                command.env_remove(name);
            }
        }
        command
    }

    /// Cargo for the browser's half.
    pub(crate) fn front_cargo(&self) -> Command {
        let mut command = self.cargo();
        command.env("CARGO_TARGET_DIR", self.front_target());
        command
    }
}
