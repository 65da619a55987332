//! The checks. Each sees to what it needs, so that each can be run alone.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{
    Workspace,
    build::{self, pages_script},
    progress::{self, step, step_if_needed},
    tools::{self, CARGO_DENY, Packages},
};

/// Formats all code.
pub fn format(workspace: &Workspace) -> Result<()> {
    step("rustfmt", || cargo(workspace, "fmt", &["fmt", "--all"]))?;
    step_if_needed("npm packages of the pages", || tools::install_pages_packages(workspace))?;
    step("pages", || pages_script(workspace, "format"))
}

pub(super) fn fmt(workspace: &Workspace) -> Result<()> {
    step("rustfmt", || cargo(workspace, "fmt", &["fmt", "--all", "--check"]))
}

pub(super) fn core(workspace: &Workspace) -> Result<()> {
    let packages = ["protocol", "hls", "hls-checker", "room", "edge"].map(|name| format!("--package=spillway-{name}"));
    let arguments: Vec<&str> = ["test"].into_iter().chain(packages.iter().map(String::as_str)).collect();
    step("protocol, hls, room, edge", || cargo(workspace, "core", &arguments))
}

pub(super) fn clippy(workspace: &Workspace) -> Result<()> {
    tools::packages(Packages::Run)?;
    step("clippy", || {
        cargo(workspace, "clippy", &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])
    })
}

pub(super) fn clippy_wasm(workspace: &Workspace) -> Result<()> {
    tools::wasm_target(workspace)?;
    let target = ["--package", "spillway-edge", "--target", "wasm32-unknown-unknown"];
    let arguments = [&["clippy"], target.as_slice(), &["--", "--deny", "warnings"]].concat();
    step("clippy: Worker", || cargo(workspace, "clippy-wasm", &arguments))
}

pub(super) fn deny(workspace: &Workspace) -> Result<()> {
    tools::crate_tool(workspace, &CARGO_DENY)?;
    step("licences, bans, sources", || deny_check(workspace, &["licenses", "bans", "sources"]))
}

/// The advisory database is fetched; where that cannot be, there is nothing to check against.
pub(super) fn advisories(workspace: &Workspace) -> Result<()> {
    let mut fetch = Command::new("timeout");
    fetch.arg("60").arg(CARGO_DENY.path()).args(["fetch", "db"]).current_dir(workspace.root());
    if progress::run(workspace, "deny-fetch", fetch).is_err() {
        println!("  advisories: the database cannot be reached from here, not checked");
        return Ok(());
    }
    step("advisories", || deny_check(workspace, &["--disable-fetch", "advisories"]))
}

pub(super) fn docs(workspace: &Workspace) -> Result<()> {
    tools::packages(Packages::Run)?;
    step("documentation", || {
        let mut cargo = workspace.command("cargo");
        cargo.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings");
        progress::run(workspace, "docs", cargo)
    })
}

pub(super) fn pages_check(workspace: &Workspace) -> Result<()> {
    tools::edge_tools(workspace)?;
    build::pages_types(workspace)?;
    step("types and lints", || pages_script(workspace, "check"))
}

pub(super) fn pages_test(workspace: &Workspace) -> Result<()> {
    step("unit tests", || pages_script(workspace, "test"))
}

pub(super) fn pages_build(workspace: &Workspace) -> Result<()> {
    build::pages(workspace)
}

pub(super) fn pages_size(workspace: &Workspace) -> Result<()> {
    step("size", || pages_script(workspace, "size"))
}

pub(super) fn origin(workspace: &Workspace) -> Result<()> {
    tools::packages(Packages::Run)?;
    build::origin(workspace)?;
    step("origin and pipeline: tests", || {
        cargo(workspace, "origin", &["test", "--package=spillway-origin", "--package=spillway-pipeline"])
    })
}

pub(super) fn edge(workspace: &Workspace) -> Result<()> {
    running_edge(workspace)?;
    scenarios(workspace, "edge")
}

pub(super) fn e2e(workspace: &Workspace) -> Result<()> {
    everything(workspace)?;
    tools::playlist_readers(workspace)?;
    scenarios(workspace, "e2e")
}

/// One scenario at a time: each has a system of its own, and its times are told.
pub(super) fn faults(workspace: &Workspace) -> Result<()> {
    everything(workspace)?;
    step("scenarios: faults", || {
        let arguments = ["test", "--package=spillway-tests", "--test=faults", "--", "--test-threads=1", "--nocapture"];
        cargo(workspace, "scenarios-faults", &arguments)
    })
}

pub(super) fn browser(workspace: &Workspace) -> Result<()> {
    everything(workspace)?;
    scenarios(workspace, "browser")
}

/// All programs, ready to be started.
pub(super) fn everything(workspace: &Workspace) -> Result<()> {
    running_edge(workspace)?;
    build::origin(workspace)
}

fn running_edge(workspace: &Workspace) -> Result<()> {
    tools::packages(Packages::Test)?;
    tools::worker_tools(workspace)?;
    build::pages(workspace)?;
    build::worker(workspace)
}

fn scenarios(workspace: &Workspace, name: &str) -> Result<()> {
    step(&format!("scenarios: {name}"), || {
        cargo(workspace, &format!("scenarios-{name}"), &["test", "--package=spillway-tests", "--test", name])
    })
}

fn cargo(workspace: &Workspace, log: &str, arguments: &[&str]) -> Result<()> {
    let mut cargo = workspace.command("cargo");
    cargo.args(arguments);
    progress::run(workspace, log, cargo)
}

fn deny_check(workspace: &Workspace, what: &[&str]) -> Result<()> {
    if !CARGO_DENY.path().exists() {
        bail!("cargo-deny is not installed");
    }
    let mut deny = workspace.command(CARGO_DENY.path());
    deny.args(["--all-features", "check"]).args(what);
    progress::run(workspace, "deny", deny)
}
