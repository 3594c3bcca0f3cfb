//! The server: built with the site inside, run, measured.
use std::{ffi::OsStr, path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    process::{Exit, Running, Stopped, is_stopping, run, say, timed},
    project::Project,
    site::{self, Profile},
};

/// The site first, then the executable with the site inside. Returns the executable.
pub(crate) fn build(project: &Project) -> Result<PathBuf> {
    let site = site::build(project, Profile::Release)?;
    timed("server: compile", || {
        run(project
            .cargo()
            .args(["build", "--release", "--package", "server", "--bin", "ipaware"])
            .env("EMBED_SITE", site))
    })?;
    Ok(project.binary("release"))
}

/// A debug build that reads the site from its folder. Returns the executable.
pub(crate) fn build_debug(project: &Project) -> Result<PathBuf> {
    timed("server: compile", || {
        run(project.cargo().args(["build", "--package", "server", "--bin", "ipaware"]).env_remove("EMBED_SITE"))
    })?;
    Ok(project.binary("debug"))
}

/// `ipaware serve`, in the folder that the caller is in, so that paths among the arguments mean what they say.
pub(crate) fn command(binary: impl AsRef<OsStr>, args: &[String]) -> Command {
    let mut command = Command::new(binary);
    command.arg("serve").args(args);
    command
}

/// Builds in release and runs until it ends or Ctrl-C; then ends with its status.
pub(crate) fn serve(project: &Project, args: &[String]) -> Result<()> {
    let binary = build(project)?;
    say(format!("starting {} serve {}", project.relative(&binary).display(), args.join(" ")).trim_end());
    let status = Running::start(&mut command(binary, args))?.wait()?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Exit(u8::try_from(code).unwrap_or(1)).into()),
        None if is_stopping() => Err(Stopped.into()),
        None => anyhow::bail!("the server was killed ({status})"),
    }
}

/// Lets the test that compares docs/openapi.json with the code write it instead.
pub(crate) fn write_openapi(project: &Project) -> Result<()> {
    let test = "openapi::the_committed_document_is_the_one_that_is_served";
    let mut cargo = project.cargo();
    cargo.args(["test", "--quiet", "--package", "server", "--test", "it", "--", "--exact", test]);
    timed("docs/openapi.json", || run(cargo.env_remove("EMBED_SITE").env("UPDATE_OPENAPI", "1")))
}
