//! What must be on the machine before anything can be built or run. Whatever is missing is installed; what cannot be
//! installed is named, with the command to type.

mod crates;
mod debian;
mod npm;
mod python;

pub use crates::{CARGO_DENY, CARGO_FUZZ, CrateTool, WASM_BINDGEN, WORKER_BUILD};
pub use debian::Packages;
pub(crate) use npm::{install_edge_tools, install_pages_packages};
pub use python::m3u8_interpreter;

use anyhow::Result;

use crate::{Workspace, progress::step_if_needed};

/// Debian's packages: what is needed to run, or to test as well.
pub(crate) fn packages(which: Packages) -> Result<()> {
    let name = match which {
        Packages::Run => "Debian packages",
        Packages::Test => "Debian packages for the scenarios",
    };
    step_if_needed(name, || debian::install(which))
}

/// What compiles the Worker: the wasm target, wasm-bindgen, worker-build, and the tools from npm.
pub(crate) fn worker_tools(workspace: &Workspace) -> Result<()> {
    wasm_target(workspace)?;
    for tool in [&WASM_BINDGEN, &WORKER_BUILD] {
        crate_tool(workspace, tool)?;
    }
    edge_tools(workspace)
}

/// rustup's target for the Worker.
pub(crate) fn wasm_target(workspace: &Workspace) -> Result<()> {
    step_if_needed("wasm target", || crates::install_wasm_target(workspace))
}

/// One tool from crates.io.
pub(crate) fn crate_tool(workspace: &Workspace, tool: &CrateTool) -> Result<()> {
    step_if_needed(&format!("{} {}", tool.name, tool.version), || tool.install(workspace))
}

/// What runs the Worker: wrangler and a Node that it likes, from npm.
pub(crate) fn edge_tools(workspace: &Workspace) -> Result<()> {
    step_if_needed("npm packages: wrangler, Node", || install_edge_tools(workspace))
}

/// The second and third readers of our playlists. npm's is among the edge's tools.
pub(crate) fn playlist_readers(workspace: &Workspace) -> Result<()> {
    step_if_needed("PyPI's m3u8", || python::install(workspace))
}
