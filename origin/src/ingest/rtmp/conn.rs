//! One connection: the thin loop around a [`Session`].

use std::{io, time::Duration};

use spillway_protocol::link::EndReason;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;

use super::session::{Event, Session, SessionError};
use crate::{
    metrics::Metrics,
    stream::{Publisher, Streams},
};

/// From the first byte to a checked key.
const SETUP: Duration = Duration::from_secs(15);
/// How long an encoder may be silent while it publishes.
const IDLE: Duration = Duration::from_secs(10);
/// How long it may leave our replies unread.
const WRITE: Duration = Duration::from_secs(5);
/// How long it may take to hang up once it was let go.
const LINGER: Duration = Duration::from_millis(500);
const READ: usize = 64 * 1024;

/// Why a connection is over.
#[derive(Debug, thiserror::Error)]
enum Closed {
    #[error("the encoder broke the protocol")]
    Session(#[from] SessionError),
    #[error("the connection failed")]
    Socket(#[from] io::Error),
    #[error("the encoder hung up")]
    HungUp,
    #[error("the encoder is silent")]
    Silent,
    #[error("the encoder said goodbye")]
    Goodbye,
    #[error("the encoder was refused: {0}")]
    Refused(&'static str),
    #[error("the encoder was let go")]
    Dismissed(EndReason),
}

impl Closed {
    fn reason(&self) -> EndReason {
        match self {
            Self::Goodbye => EndReason::Unpublished,
            Self::Dismissed(reason) => *reason,
            _ => EndReason::Lost,
        }
    }
}

/// An encoder's connection.
pub(super) struct Connection<'a> {
    socket: TcpStream,
    session: Session,
    publisher: Option<Publisher>,
    streams: &'a Streams,
    metrics: &'a Metrics,
}

impl<'a> Connection<'a> {
    /// A connection that was just accepted.
    pub(super) fn new(socket: TcpStream, streams: &'a Streams, metrics: &'a Metrics) -> Self {
        Self { socket, session: Session::new(), publisher: None, streams, metrics }
    }

    /// Serves it to its end.
    pub(super) async fn run(mut self, shutdown: &CancellationToken) {
        let closed = match self.serve(shutdown).await {
            Ok(never) => match never {},
            Err(closed) => closed,
        };
        match &closed {
            Closed::Session(error) => {
                let error: &dyn std::error::Error = error;
                tracing::warn!(error, "the encoder broke the protocol");
            }
            other => tracing::info!(why = %other, "connection closed"),
        }
        let publisher = self.publisher.take();
        let leaves = matches!(closed, Closed::Goodbye);
        let farewell = async {
            if let Some(publisher) = publisher {
                publisher.end(closed.reason()).await;
            }
        };
        tokio::join!(farewell, self.hang_up(leaves));
    }

    async fn serve(&mut self, shutdown: &CancellationToken) -> Result<std::convert::Infallible, Closed> {
        let setup = Instant::now() + SETUP;
        let mut buffer = vec![0; READ];
        loop {
            let deadline = if self.publisher.is_some() { Instant::now() + IDLE } else { setup };
            let count = tokio::select! {
                read = time::timeout_at(deadline, self.socket.read(&mut buffer)) => read.map_err(|_| Closed::Silent)??,
                reason = dismissed(&mut self.publisher) => {
                    self.session.dismiss("The stream is over.")?;
                    return Err(Closed::Dismissed(reason));
                }
                () = shutdown.cancelled() => {
                    self.session.dismiss("The server restarts; connect again.")?;
                    return Err(Closed::Dismissed(EndReason::Lost));
                }
            };
            if count == 0 {
                return Err(Closed::HungUp);
            }
            self.metrics.received.inc_by(count as u64);
            self.session.receive(buffer.get(..count).unwrap_or_default())?;
            while let Some(event) = self.session.poll()? {
                self.handle(event).await?;
            }
            // What a read makes us say is bounded by what was read, and is sent before the next.
            self.flush().await?;
        }
    }

    async fn handle(&mut self, event: Event) -> Result<(), Closed> {
        match event {
            Event::Publish { key } => {
                self.flush().await?;
                match self.streams.publish(&key).await {
                    Ok(publisher) => {
                        self.publisher = Some(publisher);
                        self.session.accept()?;
                        self.flush().await?;
                    }
                    Err(error) => {
                        let cause: &dyn std::error::Error = &error;
                        tracing::info!(cause, "publish refused");
                        self.session.refuse(error.told())?;
                        return Err(Closed::Refused(error.told()));
                    }
                }
            }
            Event::Tag(tag) => {
                let Some(publisher) = &mut self.publisher else { return Ok(()) };
                if publisher.send(tag).await.is_err() {
                    let reason = publisher.dismissed().await;
                    self.session.dismiss("The stream is over.")?;
                    return Err(Closed::Dismissed(reason));
                }
            }
            Event::Unpublish => return Err(Closed::Goodbye),
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Closed> {
        let bytes = self.session.output();
        if !bytes.is_empty() {
            time::timeout(WRITE, self.socket.write_all(&bytes)).await.map_err(|_| Closed::Silent)??;
        }
        Ok(())
    }

    /// Says the last words, then waits a little for the encoder to hang up: closing with its bytes unread would cut them off. One
    /// that leaves by itself hangs up first: `rtmp2sink` takes the other order for an error.
    async fn hang_up(mut self, leaves: bool) {
        let last_words = async {
            self.flush().await?;
            if !leaves {
                self.socket.shutdown().await?;
            }
            let mut rest = vec![0; READ];
            while self.socket.read(&mut rest).await? > 0 {}
            Ok::<(), Closed>(())
        };
        // Whatever goes wrong here, the connection ends.
        let _ = time::timeout(LINGER, last_words).await;
    }
}

async fn dismissed(publisher: &mut Option<Publisher>) -> EndReason {
    match publisher {
        Some(publisher) => publisher.dismissed().await,
        None => std::future::pending().await,
    }
}
