//! The OpenAPI document: made from the code, kept in the repository so that the pages' types can be made from it.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::{Workspace, progress::step};

const DOCUMENT: &str = "edge/openapi.json";

/// Writes the document anew.
pub fn openapi(workspace: &Workspace) -> Result<()> {
    step(DOCUMENT, || Ok(fs::write(workspace.path(DOCUMENT), made_from_code(workspace)?)?))
}

/// Fails when the document is not what the code says.
pub(super) fn is_up_to_date(workspace: &Workspace) -> Result<()> {
    step(DOCUMENT, || {
        if fs::read_to_string(workspace.path(DOCUMENT)).unwrap_or_default() == made_from_code(workspace)? {
            return Ok(());
        }
        bail!("{DOCUMENT} is not what the code says; type: cargo xtask openapi")
    })
}

fn made_from_code(workspace: &Workspace) -> Result<String> {
    let mut cargo = workspace.command("cargo");
    cargo.args(["run", "--quiet", "--package=spillway-edge", "--features=openapi", "--example=openapi"]);
    let output = cargo.output()?;
    if !output.status.success() {
        bail!("the document cannot be made:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("the document is not text")
}
