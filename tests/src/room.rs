//! A room's socket, as any client would open it.

use std::{collections::VecDeque, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use spillway_protocol::{
    ids::StreamId,
    room::{ServerEvent, ServerFrame, Welcome},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest as _, http::StatusCode},
};

use crate::LIMIT;

/// What a socket said.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A frame, and the JSON that it came as.
    Frame(ServerFrame, Value),
    /// The answer to `ping`.
    Pong,
    /// It was closed with this code.
    Closed(u16),
}

/// Why a socket did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOpened {
    /// The edge refused it.
    Refused(StatusCode),
    /// There is no edge, or it does not answer.
    Unreachable,
}

/// How much of what was said is remembered, for the message of a failure.
const REMEMBERED: usize = 200;

/// An open socket.
pub struct RoomSocket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    stream: StreamId,
    /// What was read and passed over.
    seen: VecDeque<Event>,
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
}

impl RoomSocket {
    /// Opens a chat URL as `join` gave it.
    pub async fn open(url: &str, stream: StreamId) -> Self {
        Self::open_with(url, stream, None).await.unwrap_or_else(|status| panic!("{url} answered {status}"))
    }

    /// Opens a chat URL, offering a subprotocol; the status when it is refused.
    pub async fn open_with(url: &str, stream: StreamId, subprotocol: Option<&str>) -> Result<Self, StatusCode> {
        Self::connect(url, stream, subprotocol).await.map_err(|why| match why {
            NotOpened::Refused(status) => status,
            NotOpened::Unreachable => panic!("{url} does not answer"),
        })
    }

    /// Opens a chat URL of an edge that may not be there.
    pub async fn connect(url: &str, stream: StreamId, subprotocol: Option<&str>) -> Result<Self, NotOpened> {
        let mut request = url.into_client_request().expect("it is a WebSocket's URL");
        if let Some(offered) = subprotocol {
            request.headers_mut().insert("sec-websocket-protocol", offered.parse().unwrap());
        }
        match timeout(LIMIT, connect_async(request)).await {
            Ok(Ok((socket, response))) => {
                let chosen = response.headers().get("sec-websocket-protocol");
                let subprotocol = chosen.map(|value| value.to_str().unwrap().to_owned());
                Ok(Self { socket, stream, seen: VecDeque::new(), subprotocol })
            }
            Ok(Err(tungstenite::Error::Http(response))) => Err(NotOpened::Refused(response.status())),
            Ok(Err(_)) | Err(_) => Err(NotOpened::Unreachable),
        }
    }

    /// Opens a chat URL and joins.
    pub async fn join(url: &str, stream: StreamId) -> (Self, Welcome) {
        let mut socket = Self::open(url, stream).await;
        let welcome = socket.enter(json!({})).await;
        (socket, welcome)
    }

    /// Sends `JOIN_STREAM` with these further fields and waits for `WELCOME`.
    pub async fn enter(&mut self, further: Value) -> Welcome {
        self.send("JOIN_STREAM", further).await;
        self.until("WELCOME", |event| match event {
            ServerEvent::Welcome(welcome) => Some(*welcome.clone()),
            _ => None,
        })
        .await
    }

    /// Sends a frame; the stream's id is added to its data.
    pub async fn send(&mut self, kind: &str, data: Value) {
        assert!(self.try_send(kind, data).await, "the socket is open");
    }

    /// Sends a frame, if the socket is still open; whether it is.
    pub async fn try_send(&mut self, kind: &str, mut data: Value) -> bool {
        let fields = data.as_object_mut().expect("data is an object");
        fields.entry("streamId").or_insert_with(|| json!(self.stream));
        self.try_send_text(json!({ "type": kind, "data": data }).to_string()).await
    }

    /// Sends any text, if the socket is still open; whether it is.
    pub async fn try_send_text(&mut self, text: impl Into<String>) -> bool {
        self.socket.send(Message::text(text.into())).await.is_ok()
    }

    /// Sends a line of chat.
    pub async fn say(&mut self, line: &str) {
        self.send("SEND_MESSAGE", json!({ "message": line })).await;
    }

    /// Sends any text.
    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.expect("the socket is open");
    }

    /// Sends bytes.
    pub async fn send_binary(&mut self, bytes: Vec<u8>) {
        self.socket.send(Message::binary(bytes)).await.expect("the socket is open");
    }

    /// The next thing that the socket says.
    pub async fn next(&mut self) -> Event {
        self.next_within(LIMIT).await.unwrap_or_else(|| panic!("nothing came within {LIMIT:?}"))
    }

    /// The next thing that the socket says, if it does within `limit`.
    pub async fn next_within(&mut self, limit: Duration) -> Option<Event> {
        let message = loop {
            match timeout(limit, self.socket.next()).await.ok()? {
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(message)) => break message,
                // A server that goes without a close frame.
                Some(Err(_)) | None => return Some(Event::Closed(1006)),
            }
        };
        let event = match message {
            Message::Text(text) if text == "pong" => Event::Pong,
            Message::Text(text) => {
                let value: Value = serde_json::from_str(&text).expect("frames are JSON");
                let frame = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
                Event::Frame(frame, value)
            }
            Message::Close(frame) => Event::Closed(frame.map_or(1005, |frame| frame.code.into())),
            other => panic!("{other:?} is no message of this protocol"),
        };
        self.seen.push_back(event.clone());
        if self.seen.len() > REMEMBERED {
            self.seen.pop_front();
        }
        Some(event)
    }

    /// Reads on until an event is what `wanted` looks for; `what` names it when it does not come.
    pub async fn until<T>(&mut self, what: &str, wanted: impl Fn(&ServerEvent) -> Option<T>) -> T {
        self.until_frame(what, |frame| wanted(&frame.event)).await
    }

    /// The same, with the whole frame to look at.
    pub async fn until_frame<T>(&mut self, what: &str, wanted: impl Fn(&ServerFrame) -> Option<T>) -> T {
        let search = async {
            loop {
                match self.next().await {
                    Event::Frame(frame, _) => {
                        if let Some(found) = wanted(&frame) {
                            return found;
                        }
                    }
                    Event::Pong => {}
                    Event::Closed(code) => panic!("closed with {code} before {what} came"),
                }
            }
        };
        match timeout(LIMIT, search).await {
            Ok(found) => found,
            Err(_) => panic!("{what} did not come within {LIMIT:?}; seen: {:#?}", self.seen),
        }
    }

    /// Reads on until this line of chat comes; its `seq` and its data.
    pub async fn until_line(&mut self, line: &str) -> (u64, spillway_protocol::room::ChatMessage) {
        self.until_frame(&format!("the line {line:?}"), |frame| match &frame.event {
            ServerEvent::NewMessage(message) if message.message == line => {
                Some((frame.seq.expect("a line has a seq"), message.clone()))
            }
            _ => None,
        })
        .await
    }

    /// Reads on until an `ERROR` comes; its code.
    pub async fn until_error(&mut self) -> spillway_protocol::room::ErrorEvent {
        self.until("ERROR", |event| match event {
            ServerEvent::Error(error) => Some(error.clone()),
            _ => None,
        })
        .await
    }

    /// Reads on until this many watch.
    pub async fn until_viewers(&mut self, count: u32) {
        self.until(&format!("a count of {count}"), |event| match event {
            ServerEvent::ViewerCountUpdate { viewer_count, .. } if *viewer_count == count => Some(()),
            _ => None,
        })
        .await;
    }

    /// Reads on until the socket is closed; the code.
    pub async fn until_closed(&mut self, limit: Duration) -> u16 {
        let search = async {
            loop {
                match self.next_within(limit).await {
                    Some(Event::Closed(code)) => return code,
                    Some(_) => {}
                    None => panic!("not closed within {limit:?}"),
                }
            }
        };
        timeout(limit, search).await.unwrap_or_else(|_| panic!("not closed within {limit:?}"))
    }

    /// Closes it as a browser does that goes away.
    pub async fn close(mut self) {
        self.socket.close(None).await.ok();
    }
}
