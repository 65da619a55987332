//! The long scenarios: what needs an hour, or many crashes, to be seen.

use anyhow::{Result, bail};
use clap::Args;

use super::steps;
use crate::{Workspace, process};

/// What can be said to `soak`.
#[derive(Debug, Clone, Args)]
pub struct Soak {
    /// Watch an ordinary stream for so long
    #[arg(long, default_value_t = 60)]
    minutes: u32,
    /// Kill so many processes instead, while R2 fails now and then
    #[arg(long)]
    kills: Option<u32>,
    /// Take R2 away for so many seconds instead, in each of the ways that it fails
    #[arg(long, conflicts_with = "kills")]
    outage: Option<u32>,
    /// Hold an ordinary stream's playlists against the RFC for so many minutes instead
    #[arg(long, conflicts_with_all = ["kills", "outage"])]
    playlists: Option<u32>,
    /// Repeat the run that printed this seed
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs a long scenario; what it sees is printed as it goes.
pub fn soak(workspace: &Workspace, options: &Soak) -> Result<()> {
    steps::everything(workspace)?;
    let mut cargo = workspace.command("cargo");
    let scenarios = if options.playlists.is_some() { "--test=e2e" } else { "--test=faults" };
    cargo.args(["test", "--package=spillway-tests", scenarios, "--", "--nocapture", "--exact"]);
    match (options.kills, options.outage) {
        _ if let Some(minutes) = options.playlists => cargo
            .arg("low_latency::the_strict_checker_finds_nothing_in_a_live_stream")
            .env("CHECK_SECONDS", (minutes * 60).to_string()),
        (Some(kills), _) => cargo
            .arg("kills::whatever_is_killed_what_is_listed_is_there_once_and_plays")
            .env("FAULT_KILLS", kills.to_string()),
        (None, Some(seconds)) => cargo
            .args(["--ignored", "outage::an_outage_leaves_gaps_and_no_debt"])
            .env("OUTAGE_SECONDS", seconds.to_string()),
        (None, None) => cargo
            .args(["--ignored", "soak::memory_stays_flat_and_nobody_complains"])
            .env("SOAK_MINUTES", options.minutes.to_string()),
    };
    if let Some(seed) = options.seed {
        cargo.env("FAULT_SEED", seed.to_string());
    }
    let status = process::run_in_group(&mut cargo)?;
    if status.success() { Ok(()) } else { bail!("the scenario failed; see above") }
}
