//! One connection: the thin loop around a [`Session`].

use std::{io, time::Duration};

use spillway_protocol::link::EndReason;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;

use super::{
    guard::Deadline,
    session::{Event, Session, SessionError},
};
use crate::{
    config::IngestLimits,
    ingest::{door::Answer, limit::Limit, pace::Pace, seats::Seat},
    metrics::Metrics,
    stream::{Publisher, Streams},
};

/// How long it may leave our replies unread.
const WRITE: Duration = Duration::from_secs(5);
/// How long it may take to hang up once it was let go.
const LINGER: Duration = Duration::from_millis(500);
/// How much it may send meanwhile.
const LAST_BYTES: usize = 1024 * 1024;
/// At once, before and after the key is known to be good.
const READ: (usize, usize) = (4 * 1024, 64 * 1024);

/// Why a connection is over.
#[derive(Debug, thiserror::Error)]
enum Closed {
    #[error("the encoder broke the protocol")]
    Session(#[from] SessionError),
    #[error("the connection failed")]
    Socket(#[from] io::Error),
    #[error("the encoder hung up")]
    HungUp,
    #[error("the encoder said goodbye")]
    Goodbye,
    #[error("the encoder was refused: {0}")]
    Refused(&'static str),
    #[error("the encoder was let go")]
    Dismissed(EndReason),
    #[error("a limit was reached")]
    Limit(#[source] Limit),
}

impl Closed {
    fn limit(&self) -> Option<Limit> {
        match self {
            Self::Limit(limit) => Some(*limit),
            Self::Session(error) => error.limit(),
            _ => None,
        }
    }

    /// What never showed a key may come in crowds: it is counted, and the log is spared.
    fn log(&self, published: bool) {
        let cause: &dyn std::error::Error = self;
        if published || matches!(self, Self::Refused(_)) {
            tracing::info!(cause, "connection closed");
        } else {
            tracing::debug!(cause, "connection closed");
        }
    }

    fn reason(&self) -> EndReason {
        match (self, self.limit()) {
            (Self::Goodbye, _) => EndReason::Unpublished,
            (Self::Dismissed(reason), _) => *reason,
            (_, None | Some(Limit::Silence | Limit::Unread)) => EndReason::Lost,
            (_, Some(_)) => EndReason::Failed,
        }
    }
}

/// An encoder's connection.
pub(super) struct Connection<'a> {
    socket: TcpStream,
    seat: Seat,
    session: Session,
    publisher: Option<Publisher>,
    pace: Pace,
    streams: &'a Streams,
    metrics: &'a Metrics,
}

impl<'a> Connection<'a> {
    /// A connection that was just accepted.
    pub(super) fn new(
        socket: TcpStream,
        seat: Seat,
        limits: &IngestLimits,
        streams: &'a Streams,
        metrics: &'a Metrics,
    ) -> Self {
        let session = Session::new(limits, Instant::now().into_std());
        Self { socket, seat, session, publisher: None, pace: Pace::default(), streams, metrics }
    }

    /// Serves it to its end.
    pub(super) async fn run(mut self, shutdown: &CancellationToken) {
        let closed = match self.serve(shutdown).await {
            Ok(never) => match never {},
            Err(closed) => closed,
        };
        let publisher = self.publisher.take();
        closed.log(publisher.is_some());
        if let Some(limit) = closed.limit() {
            self.metrics.refused(limit);
            // Whether it can be told or not, it goes.
            let _ = self.session.condemn(limit);
        }
        if matches!(closed, Closed::Limit(Limit::Unauthenticated | Limit::Unread)) {
            // Its seat is needed, or it does not read: no time for manners.
            return;
        }
        let leaves = matches!(closed, Closed::Goodbye);
        let farewell = async {
            if let Some(publisher) = publisher {
                publisher.end(closed.reason()).await;
            }
        };
        tokio::join!(farewell, self.hang_up(leaves));
    }

    async fn serve(&mut self, shutdown: &CancellationToken) -> Result<std::convert::Infallible, Closed> {
        let mut buffer = vec![0; READ.0];
        loop {
            let deadline = self.session.deadline();
            let count = tokio::select! {
                read = self.socket.read(&mut buffer) => read?,
                limit = overdue(deadline) => return Err(Closed::Limit(limit)),
                () = self.seat.shown_out(), if self.publisher.is_none() => {
                    return Err(Closed::Limit(Limit::Unauthenticated));
                }
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
            let now = Instant::now().into_std();
            self.session.receive(buffer.get(..count).unwrap_or_default(), now)?;
            while let Some(event) = self.session.poll(now)? {
                self.handle(event).await?;
            }
            // What a read makes us say is bounded by what was read, and is sent before the next.
            self.flush().await?;
            if self.publisher.is_some() {
                buffer.resize(READ.1, 0);
            }
            let pauses = [self.session.pause(count, now), self.pace.pause()];
            if let Some(pause) = pauses.into_iter().flatten().max() {
                time::sleep(pause).await;
            }
        }
    }

    async fn handle(&mut self, event: Event) -> Result<(), Closed> {
        match event {
            Event::Publish { key } => {
                self.flush().await?;
                self.publish(&key).await?;
                self.flush().await?;
            }
            Event::Tag(tag) => {
                let Some(publisher) = &mut self.publisher else { return Ok(()) };
                self.pace.came(tag.dts_ms, Instant::now().into_std());
                if publisher.send(tag).await.is_err() {
                    let reason = publisher.dismissed().await;
                    self.session.dismiss("The stream is over.")?;
                    return Err(Closed::Dismissed(reason));
                }
                self.session.delivered(Instant::now().into_std());
            }
            Event::Unpublish => return Err(Closed::Goodbye),
        }
        Ok(())
    }

    async fn publish(&mut self, key: &str) -> Result<(), Closed> {
        if let Err(limit) = self.seat.ask() {
            self.session.refuse(limit.told())?;
            return Err(Closed::Limit(limit));
        }
        match self.streams.publish(key).await {
            Ok(publisher) => {
                self.seat.answered(Answer::Accepted);
                self.publisher = Some(publisher);
                Ok(self.session.accept(Instant::now().into_std())?)
            }
            Err(error) => {
                self.seat.answered(if error.is_refused() { Answer::Refused } else { Answer::Unavailable });
                let cause: &dyn std::error::Error = &error;
                tracing::info!(cause, "publish refused");
                self.session.refuse(error.told())?;
                Err(Closed::Refused(error.told()))
            }
        }
    }

    async fn flush(&mut self) -> Result<(), Closed> {
        let bytes = self.session.output();
        if !bytes.is_empty() {
            let written = time::timeout(WRITE, self.socket.write_all(&bytes)).await;
            written.map_err(|_| Closed::Limit(Limit::Unread))??;
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
            let (mut rest, mut left) = (vec![0; READ.0], LAST_BYTES);
            while left > 0 {
                match self.socket.read(&mut rest).await? {
                    0 => break,
                    count => left = left.saturating_sub(count),
                }
            }
            Ok::<(), Closed>(())
        };
        // Whatever goes wrong here, the connection ends.
        let _ = time::timeout(LINGER, last_words).await;
    }
}

async fn overdue(deadline: Option<Deadline>) -> Limit {
    match deadline {
        Some(Deadline { at, limit }) => {
            time::sleep_until(at.into()).await;
            limit
        }
        None => std::future::pending().await,
    }
}

async fn dismissed(publisher: &mut Option<Publisher>) -> EndReason {
    match publisher {
        Some(publisher) => publisher.dismissed().await,
        None => std::future::pending().await,
    }
}
