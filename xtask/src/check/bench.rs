//! What Spillway is measured by: figures from one run, written down beside what they are compared with.

mod table;

use std::fs;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;

use super::steps;
use crate::{
    Workspace, process,
    progress::{self, step},
};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// Glass to glass, parts on their way to players, what a viewer costs, what a stream costs.
    Live,
}

/// What can be said to `bench`.
#[derive(Debug, Clone, Args)]
pub struct Bench {
    /// What to measure
    subject: Subject,
    /// How long to look at each picture
    #[arg(long, default_value_t = 180)]
    seconds: u32,
    /// Only benches whose names have this in them; nothing is written down then
    #[arg(long)]
    only: Option<String>,
}

/// Measures, and writes `bench/live.json` and the table in `bench/README.md`.
pub fn bench(workspace: &Workspace, options: &Bench) -> Result<()> {
    let Subject::Live = options.subject;
    steps::everything(workspace)?;
    step("origin and pipeline, as in production", || production(workspace))?;
    let mut cargo = workspace.command("cargo");
    cargo.args(["test", "--package=spillway-tests", "--test=bench", "--"]);
    cargo.args(["--ignored", "--nocapture", "--test-threads=1"]).args(&options.only);
    let written = workspace.target().join("figures.jsonl");
    fs::write(&written, "")?;
    cargo.env("BENCH_SECONDS", options.seconds.to_string()).env("BENCH_FIGURES", &written);
    if !process::run_in_group(&mut cargo)?.success() {
        bail!("a bench failed; see above");
    }
    let figures = fs::read_to_string(&written)?.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    if options.only.is_none() {
        write_down(workspace, &figures)?;
    }
    Ok(())
}

/// What processor time is measured of is built for speed.
fn production(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.command("cargo");
    cargo.args(["build", "--profile=origin", "--package=spillway-origin", "--package=spillway-pipeline"]);
    progress::run(workspace, "production", cargo)
}

fn write_down(workspace: &Workspace, figures: &[Value]) -> Result<()> {
    let folder = workspace.path("bench");
    fs::write(folder.join("live.json"), serde_json::to_string_pretty(figures)? + "\n")?;
    let path = folder.join("README.md");
    let text = fs::read_to_string(&path)?;
    let text = table::put(&text, &table::of(figures)).context("bench/README.md has no place for the table")?;
    Ok(fs::write(path, text)?)
}
