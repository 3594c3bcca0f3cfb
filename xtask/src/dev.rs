//! `cargo xtask serve --dev`: builds again what a change touches, and starts the server again.
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use notify::{EventKind, RecursiveMode, Watcher};

use crate::{
    process::{Running, Stopped, is_stopping, on_stop, say},
    project::Project,
    server,
    site::{self, Profile},
};

/// What is watched, and what a change in it means.
const WATCHED: [(&str, Needs); 10] = [
    ("app", Needs::BOTH),
    ("shared", Needs::BOTH),
    ("Cargo.toml", Needs::BOTH),
    ("Cargo.lock", Needs::BOTH),
    (".cargo", Needs::BOTH),
    ("frontend", Needs::SITE),
    ("style", Needs::SITE),
    ("public", Needs::SITE),
    ("server", Needs::SERVER),
    ("migrations", Needs::SERVER),
];

/// Editors write a file in several steps, and several files at once.
const QUIET: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Needs {
    site: bool,
    server: bool,
}

impl Needs {
    const NOTHING: Self = Self { site: false, server: false };
    const SITE: Self = Self { site: true, server: false };
    const SERVER: Self = Self { site: false, server: true };
    const BOTH: Self = Self { site: true, server: true };

    /// What a change of `path`, relative to the root, asks for.
    fn of(path: &Path) -> Self {
        let temporary = path.file_name().and_then(OsStr::to_str).is_none_or(|name| {
            name.starts_with(".#") || name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".tmp")
        });
        if temporary {
            return Self::NOTHING;
        }
        WATCHED.iter().find(|(name, _)| path.starts_with(name)).map_or(Self::NOTHING, |(_, needs)| *needs)
    }

    fn and(self, other: Self) -> Self {
        Self { site: self.site || other.site, server: self.server || other.server }
    }
}

enum Event {
    Changed(PathBuf),
    /// The watcher has lost track; anything may have changed.
    Lost,
    Stop,
}

/// Runs until Ctrl-C. A build that fails is said and waited out; the server of the last good build goes on.
pub(crate) fn serve(project: &Project, args: &[String]) -> Result<()> {
    let (sender, events) = mpsc::channel();
    let stop = sender.clone();
    // The receiver is gone only when we are ending anyway; the same holds below.
    on_stop(move || _ = stop.send(Event::Stop));
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
        Ok(event) if event.need_rescan() => _ = sender.send(Event::Lost),
        // Reading a file, as the compiler does, changes nothing.
        Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
        Ok(event) => event.paths.into_iter().for_each(|path| _ = sender.send(Event::Changed(path))),
        Err(_) => _ = sender.send(Event::Lost),
    })
    .context("cannot watch files")?;
    // The root alone without its subfolders, for the files in it; `target` and `node_modules` are large and change often.
    watcher.watch(&project.root, RecursiveMode::NonRecursive).context("cannot watch the repository's root")?;
    for (name, _) in WATCHED {
        let path = project.root.join(name);
        if path.is_dir() {
            watcher
                .watch(&path, RecursiveMode::Recursive)
                .with_context(|| format!("cannot watch {}", path.display()))?;
        }
    }

    let mut session = Session { project, args, server: None, owed: Needs::BOTH };
    loop {
        session.bring_up_to_date()?;
        let Some(needs) = session.wait(&events)? else { break };
        session.owed = session.owed.and(needs);
    }
    if let Some(server) = session.server.take() {
        server.stop()?;
    }
    say("stopped");
    Ok(())
}

struct Session<'a> {
    project: &'a Project,
    args: &'a [String],
    server: Option<Running>,
    /// What has to be built before the server is as new as the files.
    owed: Needs,
}

impl Session<'_> {
    /// Builds what is owed and starts the server anew. Fails only when we were asked to stop: everything else is for
    /// the next change to mend.
    fn bring_up_to_date(&mut self) -> Result<()> {
        match self.build_and_start() {
            Err(_) if is_stopping() => Ok(()),
            Err(error) if error.is::<Stopped>() => Ok(()),
            Err(error) => {
                let old = if self.server.is_some() { "the last good build goes on; " } else { "" };
                say(&format!("{error:#}; {old}waiting for a change"));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn build_and_start(&mut self) -> Result<()> {
        if self.owed.site {
            site::build(self.project, Profile::Dev)?;
            self.owed.site = false;
        }
        if self.owed.server {
            server::build_debug(self.project)?;
            self.owed.server = false;
        }
        if let Some(old) = self.server.take() {
            old.stop()?;
        }
        let mut command = server::command(self.project.binary("debug"), self.args);
        command.env("IPAWARE_SITE_DIR", Profile::Dev.folder(self.project));
        self.server = Some(Running::start(&mut command)?);
        Ok(())
    }

    /// What the next changes ask for, once they have ceased; `None` when it is time to stop.
    fn wait(&mut self, events: &Receiver<Event>) -> Result<Option<Needs>> {
        let mut needs = Needs::NOTHING;
        loop {
            if is_stopping() {
                return Ok(None);
            }
            let pause = if needs == Needs::NOTHING { Duration::from_millis(500) } else { QUIET };
            match events.recv_timeout(pause) {
                Ok(Event::Changed(path)) => {
                    let path = self.project.relative(&path);
                    let more = Needs::of(path);
                    if more != Needs::NOTHING && needs == Needs::NOTHING {
                        say(&format!("{} has changed", path.display()));
                    }
                    needs = needs.and(more);
                }
                Ok(Event::Lost) => needs = Needs::BOTH,
                Ok(Event::Stop) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if needs != Needs::NOTHING => return Ok(Some(needs)),
                Err(RecvTimeoutError::Timeout) => self.notice_end()?,
                Err(RecvTimeoutError::Disconnected) => return Err(anyhow!("the watcher has ended")),
            }
        }
    }

    /// A server that ends by itself is said once.
    fn notice_end(&mut self) -> Result<()> {
        if let Some(server) = &mut self.server
            && let Some(status) = server.poll()?
        {
            self.server = None;
            say(&format!("the server has ended ({status}); waiting for a change"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_builds_what_it_touches() {
        for (path, needs) in [
            ("app/src/features/keys/page.rs", Needs::BOTH),
            ("shared/src/id.rs", Needs::BOTH),
            ("Cargo.lock", Needs::BOTH),
            ("style/ui/button.css", Needs::SITE),
            ("public/favicon.svg", Needs::SITE),
            ("frontend/src/lib.rs", Needs::SITE),
            ("server/backend/src/lib.rs", Needs::SERVER),
            ("migrations/sqlite/1/up.sql", Needs::SERVER),
            ("README.md", Needs::NOTHING),
            ("xtask/src/main.rs", Needs::NOTHING),
            ("data/ipaware.db", Needs::NOTHING),
            ("application/x.rs", Needs::NOTHING),
            ("app/src/.#page.rs", Needs::NOTHING),
            ("app/src/page.rs~", Needs::NOTHING),
            ("style/.main.css.swp", Needs::NOTHING),
        ] {
            assert_eq!(Needs::of(Path::new(path)), needs, "{path}");
        }
    }
}
