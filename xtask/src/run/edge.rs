//! The Worker under `wrangler dev`.

use std::{
    fs,
    path::{self, Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result};

use super::{HOST, Secrets, Upstream, answers};
use crate::{Workspace, inputs::unless_noted, process::Process, progress};

/// The bucket and its local credentials, as `wrangler.toml` names them.
const BUCKET: &str = "spillway-media";
const ACCESS_KEY: &str = "local";
const ACCESS_SECRET: &str = "local-secret";

/// How an edge is to run.
#[derive(Debug, Clone, Copy)]
pub struct EdgeOptions<'a> {
    /// The folder that it keeps everything in.
    pub state: &'a Path,
    /// What it signs with.
    pub secrets: &'a Secrets,
    /// The port that it listens on.
    pub port: u16,
    /// What it tells streamers to put into their encoder.
    pub rtmp_url: &'a str,
    /// Where the Worker is run from.
    pub worker: &'a Worker,
}

/// Where a Worker is run from: a folder with a `wrangler.toml`.
#[derive(Debug)]
pub struct Worker {
    root: PathBuf,
    rebuild: String,
}

impl Worker {
    /// The checkout itself: when a source file changes, this shell command builds the Worker anew and it is loaded again.
    pub fn live(workspace: &Workspace, rebuild: String) -> Self {
        Self { root: workspace.root().to_owned(), rebuild }
    }

    /// A copy of what is built now, which stays as it is whatever becomes of the checkout.
    pub fn frozen(workspace: &Workspace, root: PathBuf) -> Result<Self> {
        for made in ["edge/build", "edge/web/dist", "d1-migrations", "wrangler.toml"] {
            copy(&workspace.path(made), &root.join(made))
                .with_context(|| format!("cannot copy {made}; is it built?"))?;
        }
        for watched in ["edge/src", "protocol/src", "hls/src", "room/src"] {
            fs::create_dir_all(root.join(watched))?;
        }
        Ok(Self { root, rebuild: "true".to_owned() })
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        fs::copy(from, to)?;
        return Ok(());
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// A running edge.
#[derive(Debug)]
pub struct Edge {
    /// Its process: wrangler's, with workerd below it.
    pub process: Process,
    place: Place,
    port: u16,
}

/// Where an edge keeps its things.
#[derive(Debug, Clone)]
struct Place {
    workspace: Workspace,
    root: PathBuf,
    state: PathBuf,
}

impl Edge {
    /// Brings the database up to date and starts the Worker (which must be built); returns when it answers.
    pub fn start(workspace: &Workspace, options: EdgeOptions<'_>) -> Result<Self> {
        let root = options.worker.root.clone();
        let place = Place { workspace: workspace.clone(), root, state: options.state.join("edge") };
        place.migrate()?;
        let mut wrangler = place.wrangler();
        wrangler.args(["dev", "--ip", HOST, "--port", &options.port.to_string(), "--inspector-port", "0"]);
        wrangler.args(["--show-interactive-dev-session=false", "--persist-to"]).arg(&place.state);
        wrangler.arg("--env-file").arg(path::absolute(options.secrets.path())?);
        wrangler.args(["--var", &format!("RTMP_URL:{}", options.rtmp_url)]);
        wrangler.env("SPILLWAY_WORKER_BUILD", &options.worker.rebuild);
        let process = Process::start("edge", wrangler, &options.state.join("log/edge.log"))?;
        let mut edge = Self { process, place, port: options.port };
        let health = format!("{}/healthz", edge.url());
        edge.process.until(Duration::from_secs(90), || answers(&health))?;
        Ok(edge)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{HOST}:{}", self.port)
    }

    /// The bucket's S3 API, as the origin is told.
    pub fn bucket(&self) -> Bucket {
        Bucket {
            endpoint: format!("{}/cdn-cgi/local/r2/s3", self.url()),
            name: BUCKET,
            access_key: ACCESS_KEY,
            access_secret: ACCESS_SECRET,
        }
    }

    /// What an origin beside it speaks to.
    pub fn upstream(&self) -> Upstream {
        Upstream { edge: self.url(), bucket: self.bucket() }
    }

    /// Changes the database by hand.
    pub fn execute(&self, sql: &str) -> Result<()> {
        self.place.d1("d1-execute", &["execute", "DB", "--command", sql])
    }
}

/// An S3 bucket and what opens it.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// The API's address, below which the bucket's name stands.
    pub endpoint: String,
    /// The bucket.
    pub name: &'static str,
    /// The access key's id.
    pub access_key: &'static str,
    /// The access key's secret.
    pub access_secret: &'static str,
}

impl Place {
    fn migrate(&self) -> Result<()> {
        unless_noted(&self.workspace, &self.state.join("migrated"), &["d1-migrations"], || {
            self.d1("d1-migrations", &["migrations", "apply", "DB"])
        })?;
        Ok(())
    }

    fn d1(&self, name: &str, arguments: &[&str]) -> Result<()> {
        let mut wrangler = self.wrangler();
        wrangler.arg("d1").args(arguments).args(["--local", "--persist-to"]).arg(&self.state);
        progress::run(&self.workspace, name, wrangler).context("wrangler could not change the local database")
    }

    /// wrangler, kept off the network and from building what is built, apart from others that run on this machine.
    fn wrangler(&self) -> Command {
        let mut command = wrangler(&self.workspace);
        command.current_dir(&self.root).env("WRANGLER_REGISTRY_PATH", self.state.join("registry"));
        command
    }
}

/// wrangler, in a process of our own Node rather than behind its launcher, so that its process id is the one we hold.
pub(crate) fn wrangler(workspace: &Workspace) -> Command {
    let mut command = workspace.command(workspace.path("node_modules/.bin/node"));
    command
        .arg("--no-warnings")
        .arg(workspace.path("node_modules/wrangler/wrangler-dist/cli.js"))
        .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
        .env("WRANGLER_SEND_METRICS", "false")
        .env("WRANGLER_WRITE_LOGS", "false")
        // A trace of every request and event, which nobody here looks at, and which grows without end.
        .env("X_LOCAL_OBSERVABILITY", "false")
        .env("FORCE_COLOR", "0")
        .env("SPILLWAY_WORKER_BUILD", "true");
    command
}
