//! Where things are.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

/// The checkout, and the places that belong to it.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The checkout that this program was built from.
    pub fn this() -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self { root: package.parent().unwrap_or(package).to_owned() }
    }

    /// The checkout's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the checkout.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where notes, logs and states lie.
    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// A program of the workspace, built with the dev profile.
    pub fn program(&self, name: &str) -> PathBuf {
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.target(), |dir| self.root.join(dir));
        target.join("debug").join(name)
    }

    /// A command that runs at the root, with the tools from npm (Node among them) before the system's.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut path = OsString::from(self.path("node_modules/.bin"));
        if let Some(rest) = env::var_os("PATH") {
            path.push(":");
            path.push(rest);
        }
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", path);
        command
    }

    /// Where a tool built from crates.io lies: outside the checkout, so that fresh clones share it.
    pub fn tool(name: &str, version: &str) -> PathBuf {
        let cache = env::var_os("XDG_CACHE_HOME")
            .filter(|dir| !dir.is_empty())
            .map_or_else(|| env::home_dir().unwrap_or_default().join(".cache"), PathBuf::from);
        cache.join("spillway/tools").join(format!("{name}-{version}"))
    }
}
