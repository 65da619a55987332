//! The origin and its pipeline as they run in production: built for speed, where the scenarios' are built to be debugged.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use xtask::{Workspace, process::Process};

use super::Store;
use crate::{System, free_port};

/// More encoders from one address than production takes: all of a bench's come from this machine.
const CONNECTIONS: &str = "1000";

/// A program of the workspace, built with the profile `origin`.
pub fn program(name: &str) -> PathBuf {
    let debug = Workspace::this().program(name);
    debug.ancestors().nth(2).unwrap().join("origin").join(name)
}

/// A running origin; ends, with its pipelines, when dropped.
pub struct Production {
    process: Process,
    rtmp_port: u16,
    http_port: u16,
}

impl Production {
    /// Starts one beside a system's edge, in a folder of its own, that passes streams on as they are and puts its media into this store.
    pub fn start(system: &System, folder: &Path, store: &Store) -> Self {
        let upstream = system.edge.upstream();
        let (rtmp_port, http_port) = (free_port(), free_port());
        let mut origin = Command::new(program("spillway-origin"));
        origin
            .env("RUST_BACKTRACE", "0")
            .env("NO_COLOR", "1")
            .env("ORIGIN_RTMP_ADDR", format!("127.0.0.1:{rtmp_port}"))
            .env("ORIGIN_HTTP_ADDR", format!("127.0.0.1:{http_port}"))
            .env("ORIGIN_EDGE_URL", &upstream.edge)
            .env("ORIGIN_STATE", folder.join("production-origin"))
            .env("ORIGIN_PIPELINE", program("spillway-pipeline"))
            .env("ORIGIN_SECRET", system.secrets.get("ORIGIN_SECRET"))
            .env("ORIGIN_TRANSCODE_CORES", "0")
            .env("ORIGIN_MAX_CONNECTIONS_PER_ADDRESS", CONNECTIONS)
            .env("ORIGIN_MAX_UNAUTHENTICATED_PER_ADDRESS", CONNECTIONS)
            .env("R2_ENDPOINT", store.url())
            .env("R2_BUCKET", upstream.bucket.name)
            .env("R2_ACCESS_KEY_ID", upstream.bucket.access_key)
            .env("R2_SECRET_ACCESS_KEY", upstream.bucket.access_secret);
        let mut process = Process::start("origin", origin, &folder.join("log/production-origin.log")).unwrap();
        let ready = || std::net::TcpStream::connect(("127.0.0.1", http_port)).is_ok();
        process.until(Duration::from_secs(30), ready).expect("the origin answers");
        Self { process, rtmp_port, http_port }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The port that it takes RTMP on.
    pub fn rtmp_port(&self) -> u16 {
        self.rtmp_port
    }

    /// Where a stream is pushed to.
    pub fn url(&self, key: &str) -> String {
        format!("rtmp://127.0.0.1:{}/live/{key}", self.rtmp_port)
    }

    /// One of the figures that it counts, by its name after `spillway_origin_`; 0 while there is none.
    pub async fn counts(&self, name: &str) -> f64 {
        let text = reqwest::get(format!("http://127.0.0.1:{}/metrics", self.http_port)).await.unwrap();
        let text = text.text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("spillway_origin_{name} ")));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
    }
}
