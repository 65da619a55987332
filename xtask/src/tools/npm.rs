//! Packages from npm, as the lock files say. None of them runs a script of its own while it is installed.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{
    Workspace,
    inputs::unless_unchanged,
    progress::{self, Done},
};

/// The root's packages: wrangler, the Node that it needs, and what the Worker's build takes.
pub(crate) fn install_edge_tools(workspace: &Workspace) -> Result<Done> {
    // With the system's own Node: the one in `node_modules` is about to be replaced.
    let mut npm = Command::new("npm");
    npm.current_dir(workspace.root());
    ci(workspace, "npm-tools", ".", npm)
}

/// The pages' own packages.
pub(crate) fn install_pages_packages(workspace: &Workspace) -> Result<Done> {
    let mut npm = workspace.command("npm");
    npm.current_dir(workspace.path("edge/web"));
    ci(workspace, "npm-pages", "edge/web", npm)
}

fn ci(workspace: &Workspace, name: &str, folder: &str, mut npm: Command) -> Result<Done> {
    // npm writes this file last.
    let output = workspace.path(folder).join("node_modules/.package-lock.json");
    let lock = format!("{folder}/package-lock.json");
    unless_unchanged(workspace, name, &[&lock], &output, || {
        npm.args(["ci", "--ignore-scripts", "--no-fund", "--no-audit"]);
        progress::run(workspace, name, npm).context("it takes npm 10 or newer; install Node.js with its npm")
    })
}
