//! An origin node played by the test: it signs requests and reports over the link. [`media`] puts objects into the bucket.

pub mod media;

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::json;
use spillway_protocol::{
    ids::StreamId,
    link::{LinkDown, LinkUp, PublishReply, Report},
    media::Epoch,
    node,
    time::Timestamp,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest as _, http::StatusCode},
};

use crate::{Call, LIMIT, Reply, System};

/// A node that holds the secret.
pub struct Node<'a> {
    system: &'a System,
    secret: String,
}

impl<'a> Node<'a> {
    /// A node of this system.
    pub fn of(system: &'a System) -> Self {
        Self { system, secret: system.secrets.get("ORIGIN_SECRET").to_owned() }
    }

    /// A node that holds another secret.
    pub fn impostor(system: &'a System) -> Self {
        Self { system, secret: "not the secret of this system".to_owned() }
    }

    /// Asks for the right to publish.
    pub async fn publish(&self, key: &str, publisher: &str) -> Reply {
        self.publish_call(key, publisher, now()).send().await
    }

    /// Asks for the right to publish at a time of its own choice.
    pub fn publish_call(&self, key: &str, publisher: &str, at: Timestamp) -> Call {
        let body = json!({ "key": key, "publisher": publisher }).to_string();
        let path = "/origin/v1/publish";
        let code = node::sign(self.secret.as_bytes(), "POST", path, at, &body);
        let call = self.system.api().call(Method::POST, path).body("application/json", body);
        call.header(node::TIME_HEADER, &at.millis().to_string()).header(node::CODE_HEADER, &code)
    }

    /// Publishes and opens the link.
    pub async fn go_live(&self, key: &str, publisher: &str) -> (PublishReply, Link) {
        let granted: PublishReply = self.publish(key, publisher).await.expect(200);
        let link = self.link(granted.stream_id, granted.epoch).await.expect("the link opens");
        (granted, link)
    }

    /// Opens a link; the status when it is refused.
    pub async fn link(&self, stream: StreamId, epoch: Epoch) -> Result<Link, StatusCode> {
        let path = format!("/origin/v1/link/{stream}/{}", epoch.0);
        let url = self.system.edge.url().replacen("http", "ws", 1) + &path;
        let mut request = url.into_client_request().unwrap();
        let at = now();
        let code = node::sign(self.secret.as_bytes(), "GET", &path, at, "");
        request.headers_mut().insert(node::TIME_HEADER, at.millis().to_string().parse().unwrap());
        request.headers_mut().insert(node::CODE_HEADER, code.parse().unwrap());
        match timeout(LIMIT, connect_async(request)).await.expect("the link opens or is refused") {
            Ok((socket, _)) => Ok(Link { socket, next: 0 }),
            Err(tungstenite::Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("the link broke: {error}"),
        }
    }
}

/// An open link.
pub struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next: u64,
}

impl Link {
    /// What comes next from the Room; `None` when it closed the link.
    pub async fn receive(&mut self) -> Option<LinkDown> {
        loop {
            match timeout(LIMIT, self.socket.next()).await.expect("the room says something") {
                Some(Ok(Message::Text(text))) => {
                    return Some(serde_json::from_str(&text).expect("it is a link's frame"));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The number of the report that comes next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Goes back to a number, to send reports again.
    pub fn rewind(&mut self, next: u64) {
        self.next = next;
    }

    /// Waits to be told which report comes next, and goes on there.
    pub async fn resume(&mut self) {
        self.next = self.welcome().await;
    }

    /// Breaks this link and goes on with another, which must know all that this one was told is stored.
    pub async fn again(self, mut other: Self) -> Self {
        other.resume().await;
        assert_eq!(other.next, self.next);
        other
    }

    /// Waits for the first frame; the number of the report that comes next.
    pub async fn welcome(&mut self) -> u64 {
        match self.receive().await {
            Some(LinkDown::Welcome { next }) => next,
            other => panic!("{other:?} instead of a welcome"),
        }
    }

    /// Sends a report with the next number.
    pub async fn report(&mut self, report: Report) {
        let n = self.next;
        self.report_as(n, report).await;
        self.next += 1;
    }

    /// Sends a report with a number of its own choice.
    pub async fn report_as(&mut self, n: u64, report: Report) {
        self.send(&serde_json::to_string(&LinkUp::Report { n, report }).unwrap()).await;
    }

    /// Sends any text.
    pub async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("the link is open");
    }

    /// Waits until all reports that were sent are answered, or the link is closed, whatever else is said.
    pub async fn until_answered(&mut self) {
        while let Some(said) = self.receive().await {
            if matches!(said, LinkDown::Ack { next } if next >= self.next) {
                return;
            }
        }
    }

    /// Waits until all reports that were sent are stored.
    pub async fn until_stored(&mut self) {
        loop {
            match self.receive().await {
                Some(LinkDown::Ack { next }) if next >= self.next => return,
                Some(LinkDown::Stop { .. }) | None => panic!("stopped with reports not stored"),
                Some(_) => {}
            }
        }
    }
}

/// The present time.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}
