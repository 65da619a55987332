//! The origin link: one WebSocket to an epoch's Room. A link is one connection; when it is lost, its owner opens another.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use spillway_protocol::link::{LinkDown, LinkUp};
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{self, Instant, MissedTickBehavior},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{self, Message, http::StatusCode, protocol::WebSocketConfig},
};

use crate::{edge::Edge, outbox::EpochKey};

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
            tungstenite::Error::Http(reply) if matches!(reply.status(), StatusCode::NOT_FOUND | StatusCode::GONE) => {
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
