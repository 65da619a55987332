//! Fuzzing: libFuzzer over one target or all, and its short form for every check.
//!
//! Without a sanitizer libFuzzer needs nothing but the stable toolchain; the code has no `unsafe` of its own for one to look after.

use std::fs;

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    Workspace,
    progress::{self, step},
    tools::{self, CARGO_FUZZ},
};

/// No input is longer, but for what the corpus brings.
const MAX_LENGTH: u32 = 16 * 1024;
/// An input that takes more seconds hangs.
const TIMEOUT: u32 = 5;
/// Memory that no input needs, in MiB.
const MEMORY: u32 = 1_024;

/// What to fuzz, and how long.
#[derive(Debug, Args)]
pub struct Options {
    /// Which target; all, one after the other, when left out
    target: Option<String>,
    /// How long to run each
    #[arg(long, default_value_t = 600)]
    seconds: u32,
}

/// Runs libFuzzer. What it learns lies in `target/fuzz/corpus`, what fails in `fuzz/artifacts`.
pub fn fuzz(workspace: &Workspace, options: &Options) -> Result<()> {
    tools::crate_tool(workspace, &CARGO_FUZZ)?;
    let all = targets(workspace)?;
    let chosen: Vec<&String> =
        all.iter().filter(|target| options.target.as_ref().is_none_or(|wanted| wanted == *target)).collect();
    if chosen.is_empty() {
        bail!("there is no such target; there are {}", all.join(", "));
    }
    step("fuzz targets", || cargo_fuzz(workspace, "fuzz-build", "build", &[]))?;
    for target in chosen {
        let learnt = workspace.target().join("fuzz/corpus").join(target);
        fs::create_dir_all(&learnt)?;
        let seeds = workspace.path("fuzz/corpus").join(target);
        let arguments = [
            target.clone(),
            learnt.display().to_string(),
            seeds.display().to_string(),
            "--".to_owned(),
            format!("-max_total_time={}", options.seconds),
            format!("-max_len={MAX_LENGTH}"),
            format!("-timeout={TIMEOUT}"),
            format!("-rss_limit_mb={MEMORY}"),
        ];
        step(target, || cargo_fuzz(workspace, &format!("fuzz-{target}"), "run", &arguments))?;
    }
    Ok(())
}

/// The corpus and changes to it, through the same functions, without a fuzz build: the origin's own, then the others.
pub(super) fn smoke(workspace: &Workspace) -> Result<()> {
    step("corpus: the origin's targets", || {
        let mut cargo = workspace.command("cargo");
        cargo.args(["test", "--package=spillway-origin", "--lib", "ingest::rtmp::fuzz"]);
        progress::run(workspace, "fuzz-origin", cargo)
    })?;
    step("corpus: all others", || {
        let mut cargo = workspace.command("cargo");
        let manifest = workspace.path("fuzz/Cargo.toml");
        cargo.arg("test").arg("--manifest-path").arg(manifest);
        progress::run(workspace, "fuzz-others", cargo)
    })
}

fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let files = fs::read_dir(workspace.path("fuzz/fuzz_targets"))?;
    let mut names: Vec<String> =
        files.flatten().filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

fn cargo_fuzz(workspace: &Workspace, log: &str, command: &str, arguments: &[String]) -> Result<()> {
    let mut fuzz = workspace.command(CARGO_FUZZ.path());
    fuzz.args([command, "--fuzz-dir", "fuzz", "--sanitizer", "none", "--features", "libfuzzer"]).args(arguments);
    progress::run(workspace, log, fuzz)
}
