//! What a deployment would upload: wrangler accepts it, and it is small enough to start quickly.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::{
    Workspace, build,
    progress::{self, step},
    run::wrangler,
    tools,
};

/// The most that the Worker may have, compressed.
const LIMIT_KIB: f64 = 1024.0;

/// Does all of `wrangler deploy` but the upload.
pub fn deployment(workspace: &Workspace) -> Result<()> {
    tools::worker_tools(workspace)?;
    build::pages(workspace)?;
    build::worker(workspace)?;
    step("deployment, dry run", || {
        let mut command = wrangler(workspace);
        command.args(["deploy", "--dry-run", "--outdir"]).arg(workspace.target().join("deploy"));
        progress::run(workspace, "deploy", command)
    })?;
    let log = fs::read_to_string(workspace.target().join("log/deploy.log"))?;
    let size = compressed_kib(&log).context("wrangler did not say how large the Worker is")?;
    println!("  the Worker has {size} KiB compressed");
    if size > LIMIT_KIB {
        bail!("the Worker has {size} KiB compressed, more than {LIMIT_KIB}");
    }
    Ok(())
}

/// The size in wrangler's line `Total Upload: 1234.56 KiB / gzip: 345.67 KiB`.
fn compressed_kib(log: &str) -> Option<f64> {
    let (_, rest) = log.split_once("gzip: ")?;
    rest.split_once(" KiB")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::compressed_kib;

    #[test]
    fn reads_wranglers_line() {
        assert_eq!(compressed_kib("Total Upload: 1234.56 KiB / gzip: 345.67 KiB\n"), Some(345.67));
        assert_eq!(compressed_kib("nothing"), None);
    }
}
