//! Tools from crates.io, each built once into the cache folder, and rustup's wasm target.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::{
    Workspace,
    progress::{self, Done},
};

/// A pinned tool.
#[derive(Debug)]
pub struct CrateTool {
    /// The crate.
    pub name: &'static str,
    /// The version, exactly.
    pub version: &'static str,
    program: &'static str,
    /// With the versions that its author locked.
    locked: bool,
}

/// Must have the version of the `wasm-bindgen` in the workspace. Not locked: its lock file names crates that were withdrawn.
pub const WASM_BINDGEN: CrateTool =
    CrateTool { name: "wasm-bindgen-cli", version: "0.2.130", program: "wasm-bindgen", locked: false };

/// Must have the version of `worker`.
pub const WORKER_BUILD: CrateTool =
    CrateTool { name: "worker-build", version: "0.8.7", program: "worker-build", locked: true };

/// Licences, bans and sources of what we depend on.
pub const CARGO_DENY: CrateTool =
    CrateTool { name: "cargo-deny", version: "0.20.2", program: "cargo-deny", locked: true };

/// libFuzzer, and how to build for it.
pub const CARGO_FUZZ: CrateTool =
    CrateTool { name: "cargo-fuzz", version: "0.13.2", program: "cargo-fuzz", locked: true };

impl CrateTool {
    /// Where its program is once installed.
    pub fn path(&self) -> PathBuf {
        Workspace::tool(self.name, self.version).join("bin").join(self.program)
    }

    pub(super) fn install(&self, workspace: &Workspace) -> Result<Done> {
        if self.path().exists() {
            return Ok(Done::Nothing);
        }
        let mut cargo = workspace.command("cargo");
        cargo.args(["install", self.name, "--version", &format!("={}", self.version), "--root"]);
        cargo.arg(Workspace::tool(self.name, self.version)).args(["--bin", self.program]);
        if self.locked {
            cargo.arg("--locked");
        }
        progress::run(workspace, self.name, cargo)?;
        Ok(Done::Work)
    }
}

const WASM: &str = "wasm32-unknown-unknown";

pub(super) fn install_wasm_target(workspace: &Workspace) -> Result<Done> {
    let mut rustc = workspace.command("rustc");
    rustc.args(["--print", "target-libdir", "--target", WASM]);
    let folder = rustc.output().context("rustc does not answer; install Rust from https://rustup.rs")?.stdout;
    if PathBuf::from(String::from_utf8_lossy(&folder).trim()).exists() {
        return Ok(Done::Nothing);
    }
    let mut rustup = workspace.command("rustup");
    rustup.args(["target", "add", WASM]);
    progress::run(workspace, "rustup", rustup).context(format!("type: rustup target add {WASM}"))?;
    Ok(Done::Work)
}
