//! How each of the programs is built.

use anyhow::{Result, bail};

use crate::{
    Workspace,
    inputs::unless_unchanged,
    progress::{self, Done, step, step_if_needed},
    tools::{self, WASM_BINDGEN, WORKER_BUILD},
};

/// What the Worker is compiled from.
const WORKER_INPUTS: &[&str] = &[
    "edge/src",
    "edge/Cargo.toml",
    "edge/openapi.json",
    "protocol",
    "hls",
    "room",
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
];

/// What the pages are built from.
const PAGES_INPUTS: &[&str] = &[
    "edge/openapi.json",
    "edge/web/index.html",
    "edge/web/package-lock.json",
    "edge/web/package.json",
    "edge/web/public",
    "edge/web/src",
    "edge/web/tsconfig.json",
    "edge/web/vite.config.ts",
];

/// The pages, for the Worker's assets.
pub(crate) fn pages(workspace: &Workspace) -> Result<()> {
    pages_types(workspace)?;
    step_if_needed("pages", || {
        let output = workspace.path("edge/web/dist/index.html");
        unless_unchanged(workspace, "pages", PAGES_INPUTS, &output, || pages_script(workspace, "build"))
    })
}

/// The pages' packages, and their types from the OpenAPI document.
pub(crate) fn pages_types(workspace: &Workspace) -> Result<()> {
    step_if_needed("npm packages of the pages", || tools::install_pages_packages(workspace))?;
    step_if_needed("types of the pages", || {
        let output = workspace.path("edge/web/src/api/schema.d.ts");
        let inputs = ["edge/openapi.json", "edge/web/package-lock.json"];
        unless_unchanged(workspace, "pages-types", &inputs, &output, || pages_script(workspace, "types"))
    })
}

/// One of the scripts in the pages' `package.json`.
pub(crate) fn pages_script(workspace: &Workspace, script: &str) -> Result<()> {
    let mut npm = workspace.command("npm");
    npm.args(["run", script]).current_dir(workspace.path("edge/web"));
    progress::run(workspace, &format!("pages-{script}"), npm)
}

/// The Worker: wasm and its JavaScript, in `edge/build`.
pub fn worker(workspace: &Workspace) -> Result<()> {
    step_if_needed("Worker", || worker_if_changed(workspace))
}

fn worker_if_changed(workspace: &Workspace) -> Result<Done> {
    let output = workspace.path("edge/build/index.js");
    unless_unchanged(workspace, "worker", WORKER_INPUTS, &output, || {
        // With these set, worker-build downloads nothing.
        let mut build = workspace.command(WORKER_BUILD.path());
        build
            .arg("--release")
            .current_dir(workspace.path("edge"))
            .env("WASM_BINDGEN_BIN", WASM_BINDGEN.path())
            .env("ESBUILD_BIN", workspace.path("node_modules/.bin/esbuild"));
        if !WORKER_BUILD.path().exists() {
            bail!("worker-build is not installed yet; `cargo xtask up` and `cargo xtask test` do so");
        }
        progress::run(workspace, "worker", build)
    })
}

/// The origin and its pipeline process.
pub(crate) fn origin(workspace: &Workspace) -> Result<()> {
    step("origin and pipeline", || {
        let mut cargo = workspace.command("cargo");
        cargo.args(["build", "--package", "spillway-origin", "--package", "spillway-pipeline"]);
        progress::run(workspace, "origin", cargo)
    })
}
