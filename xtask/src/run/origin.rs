//! The origin.

use std::{path::Path, process::Command, time::Duration};

use anyhow::Result;

use super::{Bucket, HOST, Secrets, answers};
use crate::{Workspace, process::Process};

/// How an origin is to run.
#[derive(Debug, Clone, Copy)]
pub struct OriginOptions<'a> {
    /// The folder that it keeps everything in.
    pub state: &'a Path,
    /// What it shares with the edge.
    pub secrets: &'a Secrets,
    /// The port that encoders connect to.
    pub rtmp_port: u16,
    /// The port of its health and metrics.
    pub http_port: u16,
}

/// What an origin speaks to.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// The edge's address.
    pub edge: String,
    /// Where media goes.
    pub bucket: Bucket,
}

/// A running origin.
#[derive(Debug)]
pub struct Origin {
    /// Its process, with the pipelines below it.
    pub process: Process,
    http_port: u16,
}

impl Origin {
    /// Starts the origin (which must be built); returns when it answers.
    pub fn start(workspace: &Workspace, upstream: &Upstream, options: OriginOptions<'_>) -> Result<Self> {
        let Upstream { edge, bucket } = upstream;
        let mut command = Command::new(workspace.program("spillway-origin"));
        command
            .env("RUST_BACKTRACE", "0")
            .env("NO_COLOR", "1")
            .env("ORIGIN_RTMP_ADDR", format!("{HOST}:{}", options.rtmp_port))
            .env("ORIGIN_HTTP_ADDR", format!("{HOST}:{}", options.http_port))
            .env("ORIGIN_EDGE_URL", edge)
            .env("ORIGIN_STATE", options.state.join("origin"))
            .env("ORIGIN_PIPELINE", workspace.program("spillway-pipeline"))
            .env("ORIGIN_SECRET", options.secrets.get("ORIGIN_SECRET"))
            .env("R2_ENDPOINT", &bucket.endpoint)
            .env("R2_BUCKET", bucket.name)
            .env("R2_ACCESS_KEY_ID", bucket.access_key)
            .env("R2_SECRET_ACCESS_KEY", bucket.access_secret);
        let process = Process::start("origin", command, &options.state.join("log/origin.log"))?;
        let mut origin = Self { process, http_port: options.http_port };
        let health = format!("{}/healthz", origin.url());
        origin.process.until(Duration::from_secs(30), || answers(&health))?;
        Ok(origin)
    }

    /// The address of its HTTP side.
    pub fn url(&self) -> String {
        format!("http://{HOST}:{}", self.http_port)
    }
}
