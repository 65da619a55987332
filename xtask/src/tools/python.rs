//! `PyPI`'s `m3u8`, in a virtual environment under `target`: the strict second reader of our playlists.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    Workspace,
    inputs::unless_unchanged,
    progress::{self, Done},
};

const PACKAGE: &str = "m3u8==6.0.0";

/// The Python that can `import m3u8`, once `install` was there.
pub fn m3u8_interpreter(workspace: &Workspace) -> PathBuf {
    workspace.target().join("python/bin/python")
}

pub(crate) fn install(workspace: &Workspace) -> Result<Done> {
    let python = m3u8_interpreter(workspace);
    unless_unchanged(workspace, "python", &["xtask/src/tools/python.rs"], &python, || {
        let mut venv = workspace.command("python3");
        venv.args(["-m", "venv", "--clear"]).arg(workspace.target().join("python"));
        progress::run(workspace, "python-venv", venv)?;
        let mut pip = workspace.command(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]);
        progress::run(workspace, "python-pip", pip)
    })
}
