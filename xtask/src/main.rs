//! `cargo xtask <command>`: see `cargo xtask --help`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::{Workspace, build, check, up};

/// The developer's commands.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bring everything up on this machine, with a live test pattern
    Up(up::Options),
    /// Run all tests and checks, or those of one area
    Test {
        /// Which area; all when left out
        area: Option<check::Area>,
    },
    /// Run a long scenario: an hour's stream, or many crashes
    Soak(check::Soak),
    /// Measure, and write the figures down in bench/
    Bench(check::Bench),
    /// Run libFuzzer over everything that reads what strangers send
    Fuzz(check::FuzzOptions),
    /// Format all code
    Fmt,
    /// Build the Worker into edge/build; does nothing when nothing changed
    Worker,
    /// Write edge/openapi.json anew from the code
    Openapi,
    /// What a deployment would upload: that it is accepted, and small enough
    DeployCheck,
}

fn main() -> ExitCode {
    let outcome = run(Cli::parse().command);
    xtask::process::end_all();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let workspace = Workspace::this();
    match command {
        Command::Up(options) => up::up(&workspace, &options),
        Command::Test { area } => check::test(&workspace, area),
        Command::Soak(options) => check::soak(&workspace, &options),
        Command::Bench(options) => check::bench(&workspace, &options),
        Command::Fuzz(options) => check::fuzz(&workspace, &options),
        Command::Fmt => check::format(&workspace),
        Command::Worker => build::worker(&workspace),
        Command::Openapi => check::openapi(&workspace),
        Command::DeployCheck => check::deployment(&workspace),
    }
}
