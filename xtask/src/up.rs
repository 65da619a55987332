//! `cargo xtask up`: everything on this machine, from nothing to a live picture.

mod accounts;
mod announcement;
mod api;
mod demo;
mod signals;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use clap::Args;

use self::{accounts::Accounts, announcement::Announcement, api::Api};
use crate::{
    Workspace, build,
    process::Process,
    progress::{seconds, step},
    run::{Edge, EdgeOptions, Origin, OriginOptions, Pattern, ReturningEncoder, Secrets, Worker, is_free},
    tools::{self, Packages},
};

/// How long after the pattern's encoder ended it is started again.
const PATTERN_PAUSE: Duration = Duration::from_secs(2);

/// What can be said to `up`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Leave out the test pattern that is published otherwise
    #[arg(long)]
    no_demo: bool,
    /// Keep the data here
    #[arg(long, value_name = "DIR", default_value = "target/state")]
    state: PathBuf,
    /// Begin without the data of earlier runs
    #[arg(long)]
    fresh: bool,
    /// The port of pages and API
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    edge_port: u16,
    /// The port that encoders connect to
    #[arg(long, value_name = "PORT", default_value_t = 1935)]
    rtmp_port: u16,
    /// The port of the origin's health and metrics
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    origin_port: u16,
}

/// What a state folder holds; all else in it is not ours to delete.
const STATE: [&str; 5] = ["accounts.json", "edge", "log", "origin", "secrets"];

/// Brings everything up, says where it is, and stays until it is told to end or something dies.
pub fn up(workspace: &Workspace, options: &Options) -> Result<()> {
    let begun = Instant::now();
    let announced = workspace.target().join("up.json");
    fs::remove_file(&announced).ok();
    let deaths = signals::watch(announced.clone())?;
    options.check_ports()?;

    tools::packages(Packages::Run)?;
    tools::worker_tools(workspace)?;
    build::pages(workspace)?;
    build::worker(workspace)?;
    build::origin(workspace)?;

    let state = workspace.root().join(&options.state);
    if options.fresh {
        clear(&state)?;
    }
    fs::create_dir_all(&state)?;
    let secrets = Secrets::of(&state)?;
    let rtmp_url = format!("rtmp://127.0.0.1:{}/live", options.rtmp_port);
    let worker = Worker::live(workspace, format!("'{}' worker", std::env::current_exe()?.display()));
    let mut edge = step("edge: database, Worker", || {
        let (port, rtmp_url, worker) = (options.edge_port, rtmp_url.as_str(), &worker);
        Edge::start(workspace, EdgeOptions { state: &state, secrets: &secrets, port, rtmp_url, worker })
    })?;
    let mut origin = step("origin", || {
        let (rtmp_port, http_port) = (options.rtmp_port, options.origin_port);
        let options = OriginOptions { state: &state, secrets: &secrets, rtmp_port, http_port };
        Origin::start(workspace, &edge.upstream(), options)
    })?;

    let api = Api::of(edge.url());
    let mut accounts = Accounts::of(&state)?;
    step("admin", || accounts.make_admin(&api, &edge))?;
    let demo = if options.no_demo { None } else { Some(step("demo stream", || demo::prepare(&api, &mut accounts))?) };
    let pattern = demo.as_ref().map(|demo| {
        ReturningEncoder::push(demo.push_url(), Pattern::default(), PATTERN_PAUSE, state.join("log/pattern.log"))
    });
    if let Some(demo) = &demo {
        step("demo live and playable", || demo::until_playable(&api, demo))?;
    }

    let announcement = Announcement::of(&edge, &origin, &rtmp_url, demo, &accounts);
    announcement.write(&announced)?;
    println!("\n{announcement}\nUp after {}. Ctrl-C ends it.", seconds(begun.elapsed()));
    let dead = watch(&deaths, &mut [&mut edge.process, &mut origin.process]);
    fs::remove_file(&announced).ok();
    drop(pattern);
    dead
}

impl Options {
    fn check_ports(&self) -> Result<()> {
        let ports = [("edge", self.edge_port), ("rtmp", self.rtmp_port), ("origin", self.origin_port)];
        for (name, port) in ports {
            if !is_free(port) {
                bail!("port {port} is in use; end the program that holds it, or pass --{name}-port");
            }
        }
        Ok(())
    }
}

fn clear(state: &Path) -> Result<()> {
    for name in STATE {
        let path = state.join(name);
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        } else if path.exists() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Stays until one of these dies, which is an error whatever it says of itself.
fn watch(deaths: &signals::Deaths, processes: &mut [&mut Process]) -> Result<()> {
    loop {
        for process in &mut *processes {
            if let Some(status) = process.ended() {
                bail!(
                    "{} died ({status}); the last of {}:\n{}",
                    process.name(),
                    process.log().display(),
                    process.tail(40)
                );
            }
        }
        deaths.wait()?;
    }
}
