//! An edge of one stream: checks the key and the node's signature, is the stream's Room, and looks into the store whenever it is told
//! that something lies there.
#![allow(dead_code, reason = "each test program uses its part of it")]

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header},
    response::IntoResponse,
    routing::{get, post},
};
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use object_store::{ObjectStoreExt, memory::InMemory, path::Path as Key};
use spillway_protocol::{
    ids::{SourceId, StreamId},
    keys::StreamKey,
    link::{LinkDown, LinkUp, PublishReply, PublishRequest, Report, StopReason},
    media::{Epoch, MediaObject, ObjectName},
    node,
    problem::{Code, Problem},
    time::Timestamp,
};
use tokio::{net::TcpListener, sync::watch};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::derive_accept_key, protocol::Role},
};

/// The secret shared with the origin.
pub(crate) const SECRET: &str = "node secret";

/// What the Room was told.
#[derive(Debug, Default, Clone)]
pub(crate) struct Heard {
    /// All reports, in order.
    pub(crate) reports: Vec<Report>,
    /// How many of each epoch.
    counts: BTreeMap<u32, u64>,
    /// How often health came.
    pub(crate) health: usize,
    /// All warnings that were in it.
    pub(crate) warnings: BTreeSet<String>,
    /// Objects that were reported and did not lie in the store at that moment.
    pub(crate) missing: Vec<String>,
}

impl Heard {
    /// Whether the end was told.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.reports.last(), Some(Report::Ended { .. }))
    }
}

/// A running edge.
pub(crate) struct Edge {
    /// Where it is.
    pub(crate) address: SocketAddr,
    /// The key that is good.
    pub(crate) key: String,
    /// The bucket.
    pub(crate) store: Arc<InMemory>,
    shared: Arc<Shared>,
}

struct Shared {
    key: String,
    stream: StreamId,
    epochs: AtomicU32,
    asked: AtomicU32,
    settled: OnceLock<(u32, u32)>,
    /// The rungs that the stream's settings allow.
    rungs: OnceLock<Vec<u16>>,
    store: Arc<InMemory>,
    heard: watch::Sender<Heard>,
    stop: watch::Sender<bool>,
}

impl Edge {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        let source = SourceId::new(Timestamp::from_millis(1), 2);
        let key = StreamKey::derive(b"key secret", source, 1).reveal();
        let store = Arc::new(InMemory::new());
        let shared = Arc::new(Shared {
            key: key.clone(),
            stream: StreamId::new(Timestamp::from_millis(1), 3),
            epochs: AtomicU32::new(0),
            asked: AtomicU32::new(0),
            settled: OnceLock::new(),
            rungs: OnceLock::new(),
            store: store.clone(),
            heard: watch::Sender::new(Heard::default()),
            stop: watch::Sender::new(false),
        });
        let routes = Router::new()
            .route("/origin/v1/publish", post(publish))
            .route("/origin/v1/link/{stream}/{epoch}", get(link))
            .with_state(shared.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, key, store, shared }
    }

    /// Waits until what was told is so.
    pub(crate) async fn hears(&self, what: impl FnMut(&Heard) -> bool) -> Heard {
        let mut heard = self.shared.heard.subscribe();
        let waiting = heard.wait_for(what);
        let Ok(heard) = tokio::time::timeout(Duration::from_secs(40), waiting).await else {
            panic!("not told in time; so far: {:#?}", self.shared.heard.borrow())
        };
        heard.unwrap().clone()
    }

    /// The stream has this target duration and this part target, in milliseconds, from an earlier epoch.
    pub(crate) fn settle(&self, targets_ms: (u32, u32)) {
        self.shared.settled.set(targets_ms).unwrap();
    }

    /// The stream's settings allow these rungs.
    pub(crate) fn allow(&self, rungs: &[u16]) {
        self.shared.rungs.set(rungs.to_vec()).unwrap();
    }

    /// Wants the encoder gone.
    pub(crate) fn stop(&self) {
        self.shared.stop.send_replace(true);
    }

    /// How often it was asked about a key.
    pub(crate) fn asked(&self) -> u32 {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// An object's bytes.
    pub(crate) async fn object(&self, object: &MediaObject) -> Vec<u8> {
        self.store.get(&Key::from(object.key(self.shared.stream))).await.unwrap().bytes().await.unwrap().to_vec()
    }

    /// How the object is labelled in the store.
    pub(crate) async fn label(&self, object: &MediaObject, attribute: object_store::Attribute) -> String {
        let got = self.store.get(&Key::from(object.key(self.shared.stream))).await.unwrap();
        got.attributes.get(&attribute).unwrap().to_string()
    }
}

fn is_signed(method: &Method, uri: &Uri, headers: &HeaderMap, body: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now = Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap());
    let (time, code) = (text(node::TIME_HEADER), text(node::CODE_HEADER));
    node::verify(SECRET.as_bytes(), method.as_str(), &uri.to_string(), time, body, code, now)
}

async fn publish(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    shared.asked.fetch_add(1, Ordering::SeqCst);
    assert!(is_signed(&method, &uri, &headers, &body), "the request is not signed");
    let request: PublishRequest = serde_json::from_str(&body).unwrap();
    if request.key != shared.key {
        return (StatusCode::FORBIDDEN, Json(Problem::new(Code::KeyInvalid, "no"))).into_response();
    }
    let epoch = Epoch(shared.epochs.fetch_add(1, Ordering::SeqCst) + 1);
    let (target_ms, part_target_ms) = shared.settled.get().copied().unzip();
    let rungs = shared.rungs.get().cloned().unwrap_or_default();
    Json(PublishReply { stream_id: shared.stream, epoch, target_ms, part_target_ms, rungs }).into_response()
}

async fn link(
    State(shared): State<Arc<Shared>>,
    Path((stream, epoch)): Path<(String, u32)>,
    request: Request<Body>,
) -> Response<Body> {
    assert!(is_signed(request.method(), request.uri(), request.headers(), ""), "the upgrade is not signed");
    assert_eq!(stream, shared.stream.to_string());
    let accept = derive_accept_key(request.headers()[header::SEC_WEBSOCKET_KEY].as_bytes());
    tokio::spawn(async move {
        let io = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
        room(WebSocketStream::from_raw_socket(io, Role::Server, None).await, &shared, epoch).await;
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept)
        .body(Body::empty())
        .unwrap()
}

async fn room<S>(mut socket: WebSocketStream<S>, shared: &Shared, epoch: u32)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let say = |frame: LinkDown| Message::text(serde_json::to_string(&frame).unwrap());
    let mut stop = shared.stop.subscribe();
    let mut stopped = false;
    let next = shared.heard.borrow().counts.get(&epoch).copied().unwrap_or(0);
    socket.send(say(LinkDown::Welcome { next })).await.unwrap();
    loop {
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    if let Some(next) = take(serde_json::from_str(&text).unwrap(), shared, epoch).await {
                        // The origin may have closed the link after its last report.
                        let _ = socket.send(say(LinkDown::Ack { next })).await;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            () = async { stop.wait_for(|stop| *stop).await.map(drop).unwrap() }, if !stopped => {
                stopped = true;
                socket.send(say(LinkDown::Stop { reason: StopReason::StreamEnded })).await.unwrap();
            }
        }
    }
}

/// Takes a frame; says what to acknowledge.
async fn take(frame: LinkUp, shared: &Shared, epoch: u32) -> Option<u64> {
    let (n, report) = match frame {
        LinkUp::Report { n, report } => (n, report),
        LinkUp::Health(health) => {
            shared.heard.send_modify(|heard| {
                heard.health += 1;
                heard.warnings.extend(health.warnings);
            });
            return None;
        }
    };
    let mut missing = None;
    if let Some(object) = object_of(&report, Epoch(epoch)) {
        let key = Key::from(object.key(shared.stream));
        missing = shared.store.head(&key).await.is_err().then(|| key.to_string());
    }
    assert_eq!(n, shared.heard.borrow().counts.get(&epoch).copied().unwrap_or(0), "reports are numbered in order");
    shared.heard.send_modify(|heard| {
        heard.reports.push(report);
        *heard.counts.entry(epoch).or_default() += 1;
        heard.missing.extend(missing);
    });
    Some(n + 1)
}

/// No part is longer than the part target, and none but a segment's last shorter than 85 % of it.
pub(crate) fn assert_parts(reports: &[Report]) {
    let Some(Report::Started { part_target_ms: Some(target_ms), .. }) = reports.first() else {
        panic!("{:?}", reports.first())
    };
    let most_us = u64::from(*target_ms) * 1_000;
    for report in reports {
        let Report::Part(part) = report else { continue };
        let least_us = if part.last { 0 } else { most_us * 85 / 100 };
        assert!((least_us..=most_us).contains(&part.duration_us), "{part:?} for {target_ms} ms");
    }
}

/// The object that a report speaks of.
pub(crate) fn object_of(report: &Report, epoch: Epoch) -> Option<MediaObject> {
    let (rendition, name) = match report {
        Report::Track { track, init } => (&track.rendition, ObjectName::Init { version: *init }),
        Report::Part(part) => (&part.rendition, ObjectName::Part(part.segment, part.part)),
        Report::Segment(segment) => (&segment.rendition, ObjectName::Segment(segment.segment)),
        Report::Started { .. }
        | Report::TrackEnded { .. }
        | Report::Gap(_)
        | Report::PartGap(_)
        | Report::Skipped
        | Report::Unknown
        | Report::Ended { .. } => {
            return None;
        }
    };
    Some(MediaObject { epoch, rendition: rendition.clone(), name })
}
