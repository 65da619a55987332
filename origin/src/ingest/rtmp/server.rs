//! The listener.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use super::conn::Connection;
use crate::{
    config::IngestLimits,
    ingest::seats::{Seat, Seats},
    metrics::Metrics,
    stream::Streams,
};

/// How long to wait before accepting again after that failed.
const RETRY: Duration = Duration::from_millis(100);

/// Takes encoders' connections.
pub(crate) struct Server {
    listener: TcpListener,
    limits: IngestLimits,
    seats: Seats,
    streams: Arc<Streams>,
    metrics: Arc<Metrics>,
    connections: TaskTracker,
}

impl Server {
    /// Listens.
    pub(crate) async fn bind(
        address: SocketAddr,
        limits: IngestLimits,
        streams: Arc<Streams>,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let seats = Seats::new(limits.clone());
        Ok(Self { listener, limits, seats, streams, metrics, connections: TaskTracker::new() })
    }

    /// Where it listens.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Takes connections until it is told to stop, and all of them have ended.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = shutdown.cancelled() => break,
            };
            match accepted {
                Ok((socket, peer)) => match self.seats.take(peer.ip()) {
                    Ok(seat) => self.serve(socket, peer, seat, shutdown.clone()),
                    Err(limit) => {
                        // Not louder: a crowd must not fill the log as well.
                        tracing::debug!(%peer, %limit, "not let in");
                        self.metrics.refused(limit);
                    }
                },
                Err(error) => {
                    // Mostly a lack of file descriptors, of whose end nobody tells.
                    tracing::error!(%error, "accept failed");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
        self.connections.close();
        self.connections.wait().await;
    }

    fn serve(&self, socket: TcpStream, peer: SocketAddr, seat: Seat, shutdown: CancellationToken) {
        let (streams, metrics, limits) = (self.streams.clone(), self.metrics.clone(), self.limits.clone());
        let span = tracing::info_span!("rtmp", %peer);
        let connection = async move {
            // Replies are small and waited for; without it they are sent late, not never.
            let _ = socket.set_nodelay(true);
            metrics.connections.inc();
            Connection::new(socket, seat, &limits, &streams, &metrics).run(&shutdown).await;
            metrics.connections.dec();
        };
        self.connections.spawn(connection.instrument(span));
    }
}
