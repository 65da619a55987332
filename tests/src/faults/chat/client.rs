//! A client of the room that comes back whenever its socket is gone, and goes on where it was.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use spillway_protocol::{
    api::JoinReply,
    room::{BATCH_SUBPROTOCOL, ServerEvent, ServerFrame},
};
use tokio::task::JoinHandle;

use super::{Conversation, PACE, line};
use crate::{Broadcast, Event, Person, RoomSocket};

/// How often it says that it is there. Seldom enough for objects to sleep between two alarms.
const PING: Duration = Duration::from_secs(2);
/// How long it waits for its line before it sends it again.
const ANSWER: Duration = Duration::from_secs(3);
/// How long after its socket is gone it comes back, at the least.
const PAUSE: Duration = Duration::from_millis(200);

/// A client; leaves when dropped.
pub struct Client {
    log: Arc<Mutex<Log>>,
    running: JoinHandle<()>,
}

/// What a client was told.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The lines, in the order they came in.
    pub lines: Vec<String>,
    /// How often it was let in.
    pub welcomes: u32,
    /// What must not be.
    pub wrong: Vec<String>,
    /// The numbering, and the last `seq` of it.
    place: Option<(String, u64)>,
}

impl Client {
    /// Someone who reads.
    pub fn reader(stream: &Broadcast, batch: bool) -> Self {
        Self::start(stream, batch, None)
    }

    /// Someone who reads and writes.
    pub(super) fn writer(stream: &Broadcast, person: Person, batch: bool, conversation: Conversation) -> Self {
        let writing = Writing { person, conversation, n: 0, sent: None, not_before: Instant::now() };
        Self::start(stream, batch, Some(writing))
    }

    fn start(stream: &Broadcast, batch: bool, writing: Option<Writing>) -> Self {
        let log: Arc<Mutex<Log>> = Arc::default();
        let visit = Visit { stream: stream.clone(), batch, writing, log: log.clone() };
        Self { log, running: tokio::spawn(visit.run()) }
    }

    /// What it was told so far.
    pub fn log(&self) -> Log {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Someone's writing.
struct Writing {
    person: Person,
    conversation: Conversation,
    /// Which line is to be acknowledged next.
    n: u32,
    /// When it was sent on this socket.
    sent: Option<Instant>,
    not_before: Instant,
}

struct Visit {
    stream: Broadcast,
    batch: bool,
    writing: Option<Writing>,
    log: Arc<Mutex<Log>>,
}

impl Visit {
    async fn run(mut self) {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
        loop {
            if let Some(url) = self.chat_url(&http).await {
                let subprotocol = self.batch.then_some(BATCH_SUBPROTOCOL);
                if let Ok(socket) = RoomSocket::connect(&url, self.stream.id, subprotocol).await {
                    self.stay(socket).await;
                }
            }
            tokio::time::sleep(PAUSE.mul_f64(1.0 + fastrand::f64())).await;
        }
    }

    async fn chat_url(&self, http: &reqwest::Client) -> Option<String> {
        let mut join = http.post(format!("{}{}", self.stream.api().url(), self.stream.path("/join"))).json(&json!({}));
        if let Some(writing) = &self.writing {
            join = join.bearer_auth(&writing.person.access_token);
        }
        join.send().await.ok()?.json::<JoinReply>().await.ok()?.chat_url
    }

    /// Until the socket is gone.
    async fn stay(&mut self, mut socket: RoomSocket) {
        let place = self.log.lock().unwrap().place.clone();
        let resume = place.map_or(json!({}), |(epoch, seq)| json!({ "lastSeq": seq, "epoch": epoch }));
        let mut open = socket.try_send("JOIN_STREAM", resume).await;
        let (mut joined, mut pinged) = (false, Instant::now());
        if let Some(writing) = &mut self.writing {
            writing.sent = None;
        }
        while open {
            match socket.next_within(Duration::from_millis(100)).await {
                Some(Event::Frame(frame, _)) => joined |= self.hear(frame),
                Some(Event::Closed(_)) => return,
                Some(Event::Pong) | None => {}
            }
            if pinged.elapsed() >= PING {
                pinged = Instant::now();
                open = socket.try_send_text("ping").await;
            }
            if let Some(frame) = self.writing.as_mut().filter(|_| joined).and_then(Writing::due) {
                open &= socket.try_send("SEND_MESSAGE", frame).await;
            }
        }
    }

    /// Takes in a frame; whether it lets the client in.
    fn hear(&mut self, frame: ServerFrame) -> bool {
        let mut log = self.log.lock().unwrap();
        let ServerFrame { event, seq } = frame;
        if let Some(seq) = seq {
            match &mut log.place {
                Some((_, last)) if seq == *last + 1 => *last = seq,
                place => {
                    let wrong = format!("{seq} came after {place:?}");
                    log.wrong.push(wrong);
                }
            }
        }
        match event {
            ServerEvent::Welcome(welcome) => {
                log.welcomes += 1;
                if log.place.is_none() {
                    log.place = Some((welcome.epoch, welcome.seq));
                } else if !welcome.resumed {
                    let wrong = format!("not let in at {:?}", log.place);
                    log.wrong.push(wrong);
                }
                return true;
            }
            ServerEvent::Batch { events } => {
                drop(log);
                for event in events {
                    self.hear(event);
                }
            }
            ServerEvent::NewMessage(message) => {
                log.lines.push(message.message);
                if let (Some(writing), Some(id)) = (&mut self.writing, message.client_id) {
                    writing.acknowledged(&id);
                }
            }
            ServerEvent::Error(error) => {
                if let (Some(writing), Some(_)) = (&mut self.writing, error.client_id) {
                    let wait = error.retry_after.map_or(PAUSE, |seconds| Duration::from_secs(seconds.into()));
                    (writing.sent, writing.not_before) = (None, Instant::now() + wait);
                }
            }
            _ => {}
        }
        false
    }
}

impl Writing {
    fn line(&self) -> String {
        line(&self.person, self.n)
    }

    /// The line to send now, if there is one.
    fn due(&mut self) -> Option<Value> {
        let waits = self.sent.is_some_and(|sent| sent.elapsed() < ANSWER);
        // A line that was begun is said to its end.
        let speaks = *self.conversation.speaking.borrow() || self.sent.is_some();
        if waits || !speaks || Instant::now() < self.not_before {
            return None;
        }
        self.sent = Some(Instant::now());
        let line = self.line();
        Some(json!({ "message": line, "clientId": line }))
    }

    /// A line of somebody's came back to all; if it is the one that was sent, the next may follow.
    fn acknowledged(&mut self, client_id: &str) {
        let line = self.line();
        if client_id == line {
            self.conversation.said.lock().unwrap().push(line);
            self.n += 1;
            (self.sent, self.not_before) = (None, Instant::now() + PACE);
        }
    }
}
