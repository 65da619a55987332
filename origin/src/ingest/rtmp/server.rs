//! The listener.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use super::conn::Connection;
use crate::{metrics::Metrics, stream::Streams};

/// How long to wait before accepting again after that failed.
const RETRY: Duration = Duration::from_millis(100);

/// Takes encoders' connections.
pub(crate) struct Server {
    listener: TcpListener,
    seats: Arc<Semaphore>,
    streams: Arc<Streams>,
    metrics: Arc<Metrics>,
    connections: TaskTracker,
}

impl Server {
    /// Listens.
    pub(crate) async fn bind(
        address: SocketAddr,
        max_connections: u16,
        streams: Arc<Streams>,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let seats = Arc::new(Semaphore::new(usize::from(max_connections)));
        Ok(Self { listener, seats, streams, metrics, connections: TaskTracker::new() })
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
            match (accepted, self.seats.clone().try_acquire_owned()) {
                (Ok((socket, peer)), Ok(seat)) => self.serve(socket, peer, seat, shutdown.clone()),
                (Ok((_, peer)), Err(_)) => tracing::warn!(%peer, "no seat left"),
                (Err(error), _) => {
                    // Mostly a lack of file descriptors, of whose end nobody tells.
                    tracing::error!(%error, "accept failed");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
        self.connections.close();
        self.connections.wait().await;
    }

    fn serve(&self, socket: TcpStream, peer: SocketAddr, seat: OwnedSemaphorePermit, shutdown: CancellationToken) {
        let (streams, metrics) = (self.streams.clone(), self.metrics.clone());
        let span = tracing::info_span!("rtmp", %peer);
        let connection = async move {
            // Replies are small and waited for; without it they are sent late, not never.
            let _ = socket.set_nodelay(true);
            metrics.connections.inc();
            Connection::new(socket, &streams, &metrics).run(&shutdown).await;
            metrics.connections.dec();
            drop(seat);
        };
        self.connections.spawn(connection.instrument(span));
    }
}
