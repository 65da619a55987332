//! The origin link: one WebSocket to an epoch's Room. A link is one connection; when it is lost, its owner opens another.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use spillway_protocol::{
    link::{LinkDown, LinkUp},
    problem,
};
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{self, Instant, MissedTickBehavior},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        self, Message,
        http::{StatusCode, header::CONTENT_TYPE},
        protocol::WebSocketConfig,
    },
};

use crate::{edge::Edge, epoch::EpochKey};

const CONNECT: Duration = Duration::from_secs(10);
/// How often the Room is asked whether it is there.
const PING: Duration = Duration::from_secs(5);
/// How long it may stay silent.
const SILENCE: Duration = Duration::from_secs(15);
/// The Room's frames are a few dozen bytes.
const MAX_FRAME: usize = 64 * 1024;

/// Why a link is no more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// The Room does not know the epoch and never will.
    #[error("the edge does not know this epoch")]
    Unknown,
    /// No connection, or none any more.
    #[error("the connection failed")]
    Socket(#[from] Box<tungstenite::Error>),
    /// Nothing was heard for too long.
    #[error("the Room is silent")]
    Silent,
    /// The Room closed it.
    #[error("the Room closed the link")]
    Closed,
    /// A frame that is not of the protocol.
    #[error("a frame does not parse")]
    Frame(#[from] serde_json::Error),
}

impl From<tungstenite::Error> for LinkError {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            // The edge says it with a problem; anyone between here and there may say 404 for a while.
            tungstenite::Error::Http(reply)
                if reply.status() == StatusCode::NOT_FOUND
                    && reply
                        .headers()
                        .get(CONTENT_TYPE)
                        .is_some_and(|is| is.as_bytes().starts_with(problem::CONTENT_TYPE.as_bytes())) =>
            {
                Self::Unknown
            }
            other => Self::Socket(Box::new(other)),
        }
    }
}

/// A link, or the attempt at one.
pub(crate) struct Link {
    /// To the Room. Dropped, it closes the link.
    pub(crate) up: mpsc::Sender<LinkUp>,
    /// From the Room; an error is the last.
    pub(crate) down: mpsc::Receiver<Result<LinkDown, LinkError>>,
}

impl Link {
    /// Opens a link after `wait`.
    pub(crate) fn open(edge: Arc<Edge>, key: EpochKey, wait: Duration) -> Self {
        let (up, from_owner) = mpsc::channel(16);
        let (to_owner, down) = mpsc::channel(16);
        tokio::spawn(async move {
            time::sleep(wait).await;
            if let Err(error) = hold(&edge, key, from_owner, &to_owner).await {
                // An owner that has gone wants no reason.
                let _ = to_owner.send(Err(error)).await;
            }
        });
        Self { up, down }
    }
}

/// Connects and carries frames both ways; `Ok` when the owner wants no more of it.
async fn hold(
    edge: &Edge,
    key: EpochKey,
    mut up: mpsc::Receiver<LinkUp>,
    down: &mpsc::Sender<Result<LinkDown, LinkError>>,
) -> Result<(), LinkError> {
    let config = WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
    let connecting = connect_async_with_config(edge.link(key)?, Some(config), true);
    let (mut socket, _) = time::timeout(CONNECT, connecting).await.map_err(|_| LinkError::Silent)??;
    let mut ping = time::interval(PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            frame = up.recv() => {
                let Some(frame) = frame else {
                    send(&mut socket, Message::Close(None)).await?;
                    return Ok(());
                };
                send(&mut socket, Message::text(serde_json::to_string(&frame)?)).await?;
            }
            message = socket.next() => {
                heard = Instant::now();
                match message.ok_or(LinkError::Closed)?? {
                    // An owner that has gone is noticed above.
                    Message::Text(text) => { let _ = down.send(Ok(serde_json::from_str(&text)?)).await; }
                    Message::Close(_) => return Err(LinkError::Closed),
                    _ => {}
                }
            }
            _ = ping.tick() => {
                if heard.elapsed() > SILENCE {
                    return Err(LinkError::Silent);
                }
                send(&mut socket, Message::Ping(tungstenite::Bytes::new())).await?;
            }
        }
    }
}

async fn send(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>, message: Message) -> Result<(), LinkError> {
    Ok(time::timeout(SILENCE, socket.send(message)).await.map_err(|_| LinkError::Silent)??)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway_protocol::{ids::StreamId, media::Epoch, time::Timestamp};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    fn key() -> EpochKey {
        EpochKey { stream: StreamId::new(Timestamp::from_millis(1), 1), epoch: Epoch(1) }
    }

    async fn first_error(scheme: &str, answer: &'static [u8]) -> LinkError {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("{scheme}://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let edge = Arc::new(Edge::new(base, "secret".into()).unwrap());
        let mut link = Link::open(edge, key(), Duration::ZERO);
        let (mut socket, _) = listener.accept().await.unwrap();
        // Whatever is asked, this is the answer.
        assert!(socket.read(&mut [0; 4_096]).await.unwrap() > 0);
        socket.write_all(answer).await.unwrap();
        link.down.recv().await.unwrap().unwrap_err()
    }

    #[tokio::test]
    async fn an_epoch_that_the_edge_does_not_know_is_not_asked_for_again() {
        let refusal =
            b"HTTP/1.1 404 Not Found\r\ncontent-type: application/problem+json\r\ncontent-length: 2\r\n\r\n{}";
        let gone = first_error("http", refusal).await;
        assert!(matches!(gone, LinkError::Unknown), "{gone:?}");
        let elsewhere = first_error("http", b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
        assert!(matches!(elsewhere, LinkError::Socket(_)), "not the edge's own word: {elsewhere:?}");
        let failing = first_error("http", b"HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n").await;
        assert!(matches!(failing, LinkError::Socket(_)), "{failing:?}");
    }

    #[tokio::test]
    async fn an_https_edge_is_spoken_to_in_tls() {
        // A handshake that fails, not a panic for want of a cryptography provider.
        let refused = first_error("https", b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        assert!(matches!(refused, LinkError::Socket(_)), "{refused:?}");
    }
}
