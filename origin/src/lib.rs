//! The media origin: takes RTMP from encoders, has each stream's pipeline make CMAF of it, puts that on R2 and tells the stream's Room.
//! It holds no playlist and no truth: what it has not delivered lies in its state folder, and any other origin could take over.

mod condition;
mod edge;
mod epoch;
mod http;
mod ingest;
mod link;
mod metrics;
mod outbox;
mod r2;
mod stream;
mod telemetry;

pub mod config;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use clap::Parser;
use condition::Condition;
pub use config::Config;
use edge::Edge;
use ingest::rtmp;
#[cfg(fuzzing)]
pub use ingest::rtmp::fuzz;
use metrics::Metrics;
use object_store::ObjectStore;
pub use outbox::JournalError;
use outbox::Outbox;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use stream::Streams;
use tokio::{net::TcpListener, signal::unix, time};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long pipelines may take to finish what is open once we are told to stop.
const FINISH: Duration = Duration::from_millis(2_200);
/// How long the outbox may go on delivering after that; the rest waits for the next start.
const DELIVER: Duration = Duration::from_millis(500);

/// Why the origin does not start: the operator must act.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken, or the pipeline cannot be found.
    #[error("cannot start: {0}")]
    Io(#[from] io::Error),
    /// The state folder cannot be used.
    #[error("cannot use the state folder")]
    Outbox(#[from] JournalError),
    /// R2's settings make no store.
    #[error("cannot use R2")]
    Store(#[from] object_store::Error),
    /// No HTTP client can be made.
    #[error("cannot make an HTTP client")]
    Client(#[from] reqwest::Error),
}

/// Reads the configuration from arguments and environment, and starts the log. Wrong options end the process with a message.
pub fn load() -> Config {
    let config = Config::parse();
    telemetry::start(config.log_format);
    config
}

/// Lets us open as many files as the system allows at all: a stream has some twenty of files, pipes and sockets.
fn raise_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(error = &error as &dyn std::error::Error, "the limit of open files stays as it is");
    }
}

/// Runs until SIGTERM or SIGINT.
pub async fn run(config: Config) -> Result<(), StartError> {
    raise_files();
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    let mut interrupt = unix::signal(unix::SignalKind::interrupt())?;
    let origin = Origin::start(&config, r2::open(&config.r2)?).await?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    origin.stop().await;
    Ok(())
}

/// A running origin.
pub struct Origin {
    rtmp: SocketAddr,
    http: SocketAddr,
    shutdown: CancellationToken,
    servers: TaskTracker,
    streams: Arc<Streams>,
    outbox: Arc<Outbox>,
}

impl Origin {
    /// Starts listening, and takes up what an earlier process left in the outbox. Media goes to `store`.
    pub async fn start(config: &Config, store: Arc<dyn ObjectStore>) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::new());
        let edge = Arc::new(Edge::new(config.edge_url.clone(), config.origin_secret.clone())?);
        let condition = Arc::new(Condition::default());
        let opening = Outbox::open(&config.state, store, edge.clone(), metrics.clone(), condition.clone());
        let outbox = Arc::new(opening.await?);
        let watch = (metrics.clone(), condition.clone());
        let streams =
            Arc::new(Streams::new((config.pipeline()?, config.transcode_millicores()), edge, outbox.clone(), watch));
        let encoders =
            rtmp::Server::bind(config.rtmp_addr, config.ingest.clone(), streams.clone(), metrics.clone()).await?;
        let operators = TcpListener::bind(config.http_addr).await?;
        let (rtmp, http) = (encoders.local_addr()?, operators.local_addr()?);

        let resumed = outbox.resume().await?;
        let shutdown = CancellationToken::new();
        let servers = TaskTracker::new();
        servers.spawn(encoders.run(shutdown.clone()));
        let routes = http::router(metrics, condition);
        let serve = axum::serve(operators, routes).with_graceful_shutdown(shutdown.clone().cancelled_owned());
        servers.spawn(async move {
            if let Err(error) = serve.await {
                tracing::error!(%error, "the HTTP server failed");
            }
        });
        tracing::info!(%rtmp, %http, edge = %config.edge_url, resumed, "origin is up");
        Ok(Self { rtmp, http, shutdown, servers, streams, outbox })
    }

    /// Where encoders connect.
    pub fn rtmp_addr(&self) -> SocketAddr {
        self.rtmp
    }

    /// Where health and metrics are asked for.
    pub fn http_addr(&self) -> SocketAddr {
        self.http
    }

    /// Lets encoders go, lets pipelines finish, delivers what can be delivered at once. What is left stays in the state folder.
    pub async fn stop(self) {
        tracing::info!("stopping");
        self.shutdown.cancel();
        self.servers.close();
        let finished = async {
            self.servers.wait().await;
            self.streams.ended().await;
        };
        if time::timeout(FINISH, finished).await.is_err() {
            tracing::warn!("some streams did not finish in time");
        }
        if time::timeout(DELIVER, self.outbox.drained()).await.is_err() {
            tracing::info!("the outbox keeps what is left for the next start");
        }
        self.outbox.stop().await;
    }
}
