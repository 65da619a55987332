//! One encoder's session, without a socket or a clock: bytes and times in, events and bytes out.
//!
//! It stops at `publish` until it is told whether the key is good, so that no media is read before that.

use std::time::{Duration, Instant};

use bytes::Bytes;
use scuffle_rtmp::error::RtmpError;

use super::{
    chunk::{ChunkError, ChunkReader},
    clock::MediaClock,
    command::{self, Command, Incoming, Unreadable},
    guard::{Deadline, Guard},
    handshake::{Handshake, HandshakeError},
    reply::{Replies, WINDOW},
};
use crate::{
    config::IngestLimits,
    ingest::{
        Tag,
        flv::{self, Role},
        limit::Limit,
    },
};

/// The application encoders publish to.
const APP: &str = "live";
/// The message stream given to every `createStream`: a connection publishes one thing.
const STREAM: u32 = 1;
/// The longest message that is no media, or that comes before the key is known to be good; commands and metadata are far shorter.
const SHORT_MESSAGE: usize = 64 * 1024;
/// The longest message of media.
const MEDIA_MESSAGE: usize = 8 * 1024 * 1024;

/// Why a session cannot go on. The encoder's doing, all of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// No RTMP handshake.
    #[error("the handshake failed")]
    Handshake(#[from] HandshakeError),
    /// No chunk stream.
    #[error("the chunk stream is broken")]
    Chunk(#[from] ChunkError),
    /// A message that cannot be read.
    #[error("a message cannot be read")]
    Unreadable(#[from] Unreadable),
    /// More, or later, than is allowed.
    #[error("a limit was reached")]
    Limit(#[source] Limit),
    /// A message at a time when it makes no sense.
    #[error("{0}")]
    OutOfPlace(&'static str),
    /// A reply that cannot be written.
    #[error("a reply cannot be written")]
    Reply(#[from] RtmpError),
}

impl SessionError {
    /// The limit that was reached, where it was one.
    pub(crate) fn limit(&self) -> Option<Limit> {
        match self {
            Self::Limit(limit) => Some(*limit),
            Self::Chunk(error) => error.limit(),
            Self::Unreadable(Unreadable::Amf(error)) => error.limit(),
            _ => None,
        }
    }
}

/// What happened.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    /// The encoder wants to publish under this key; answer with [`Session::accept`] or [`Session::refuse`].
    Publish {
        /// The key as it was sent, without a query.
        key: String,
    },
    /// A tag of media.
    Tag(Tag),
    /// The encoder said goodbye.
    Unpublish,
}

/// Where the session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Before `connect`.
    Start,
    /// Before `publish`.
    Connected,
    /// The key is being checked.
    Asking,
    /// Media may come.
    Publishing,
    /// Nothing more is read.
    Over,
}

/// An encoder's session.
pub(crate) struct Session {
    /// The handshake, until it is done.
    handshake: Option<Handshake>,
    guard: Guard,
    chunks: ChunkReader,
    replies: Replies,
    clock: MediaClock,
    phase: Phase,
    received: u32,
    acknowledged: u32,
    window: u32,
}

impl Session {
    /// A session with an encoder that has just connected.
    pub(crate) fn new(limits: &IngestLimits, now: Instant) -> Self {
        Self {
            handshake: Some(Handshake::default()),
            guard: Guard::new(limits, now),
            chunks: ChunkReader::new(SHORT_MESSAGE),
            replies: Replies::default(),
            clock: MediaClock::default(),
            phase: Phase::Start,
            received: 0,
            acknowledged: 0,
            window: WINDOW,
        }
    }

    /// Takes bytes from the encoder.
    pub(crate) fn receive(&mut self, bytes: &[u8], now: Instant) -> Result<(), SessionError> {
        self.guard.bytes(bytes.len(), now).map_err(SessionError::Limit)?;
        #[expect(clippy::cast_possible_truncation, reason = "the protocol counts modulo 2³²")]
        let count = bytes.len() as u32;
        self.received = self.received.wrapping_add(count);
        if let Some(handshake) = &mut self.handshake {
            let Some(rest) = handshake.receive(bytes, self.replies.raw())? else { return Ok(()) };
            self.handshake = None;
            self.guard.shook_hands();
            self.chunks.extend(&rest);
        } else {
            self.chunks.extend(bytes);
        }
        if self.received.wrapping_sub(self.acknowledged) >= self.window {
            self.acknowledged = self.received;
            self.replies.acknowledge(self.received)?;
        }
        Ok(())
    }

    /// What happened next; `None` when more bytes, or a decision on the key, are needed.
    pub(crate) fn poll(&mut self, now: Instant) -> Result<Option<Event>, SessionError> {
        while !matches!(self.phase, Phase::Asking | Phase::Over) {
            let Some(message) = self.chunks.next()? else { return Ok(None) };
            self.guard.message(now).map_err(SessionError::Limit)?;
            let timestamp = message.timestamp;
            let event = match command::read(message)? {
                Incoming::ChunkSize(size) => {
                    self.chunks.set_chunk_size(size)?;
                    None
                }
                Incoming::Abort(id) => {
                    self.chunks.abort(id);
                    None
                }
                Incoming::Window(window) => {
                    // Some encoders send 0; a tiny window would have us answer every read.
                    self.window = window.clamp(4_096, WINDOW);
                    None
                }
                Incoming::Ping(time) => {
                    self.replies.pong(time)?;
                    None
                }
                Incoming::Media(kind, body) => self.media(kind, timestamp, body),
                Incoming::Command(command) => self.command(command)?,
                Incoming::Other => None,
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    /// What is to be sent to the encoder.
    pub(crate) fn output(&mut self) -> Vec<u8> {
        self.replies.take()
    }

    /// The key is good: media may come.
    pub(crate) fn accept(&mut self, now: Instant) -> Result<(), SessionError> {
        self.phase = Phase::Publishing;
        self.guard.publishing(now);
        self.chunks.set_media_limit(MEDIA_MESSAGE);
        self.replies.begin(STREAM)?;
        self.replies.status(STREAM, "status", "NetStream.Publish.Start", "Publishing.")?;
        Ok(())
    }

    /// The key is not good, or not now; `why` is shown by encoders that show such things.
    pub(crate) fn refuse(&mut self, why: &str) -> Result<(), SessionError> {
        self.phase = Phase::Over;
        Ok(self.replies.status(STREAM, "error", "NetStream.Publish.BadName", why)?)
    }

    /// A tag was handed on: the time that took was ours, not the encoder's.
    pub(crate) fn delivered(&mut self, now: Instant) {
        self.guard.publishing(now);
    }

    /// How long to let bytes gather after a read of `count` of them.
    pub(crate) fn pause(&mut self, count: usize, now: Instant) -> Option<Duration> {
        self.guard.pause(count, now)
    }

    /// When patience with the encoder ends.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.guard.deadline()
    }

    /// The encoder, if it publishes, is let go for what it did.
    pub(crate) fn condemn(&mut self, limit: Limit) -> Result<(), SessionError> {
        if self.phase == Phase::Publishing {
            self.replies.status(STREAM, "error", "NetStream.Publish.Rejected", limit.told())?;
        }
        self.phase = Phase::Over;
        Ok(())
    }

    /// Lets the encoder go.
    pub(crate) fn dismiss(&mut self, why: &str) -> Result<(), SessionError> {
        if self.phase == Phase::Publishing {
            self.replies.status(STREAM, "status", "NetStream.Unpublish.Success", why)?;
        }
        self.phase = Phase::Over;
        Ok(())
    }

    fn media(&mut self, kind: flv::Kind, timestamp: u32, body: Bytes) -> Option<Event> {
        // What comes before the key is checked is not media to us.
        if self.phase != Phase::Publishing || body.is_empty() {
            return None;
        }
        let role = flv::role(kind, &body);
        let dts_ms = if role == Role::Configuration { self.clock.now() } else { self.clock.frame(kind, timestamp) };
        Some(Event::Tag(Tag { kind, role, dts_ms, body }))
    }

    fn command(&mut self, command: Command) -> Result<Option<Event>, SessionError> {
        match (command, self.phase) {
            (Command::Connect { transaction, app }, Phase::Start) => {
                if app.split('?').next().map(|app| app.trim_matches('/')) != Some(APP) {
                    self.phase = Phase::Over;
                    self.replies.rejected(transaction)?;
                    return Ok(Some(Event::Unpublish));
                }
                self.phase = Phase::Connected;
                self.replies.connected(transaction)?;
            }
            (Command::CreateStream { transaction }, Phase::Connected) => self.replies.created(transaction, STREAM)?,
            (Command::ReleaseStream { transaction }, _) => self.replies.done(transaction, None)?,
            (Command::FcPublish { transaction }, _) => {
                self.replies.done(transaction, None)?;
                self.replies.done(transaction, Some("onFCPublish"))?;
            }
            (Command::Publish { name }, Phase::Connected) => {
                self.phase = Phase::Asking;
                self.guard.asked();
                let key = name.split('?').next().unwrap_or_default().to_owned();
                return Ok(Some(Event::Publish { key }));
            }
            (Command::Unpublish, Phase::Publishing) => {
                self.dismiss("Goodbye.")?;
                return Ok(Some(Event::Unpublish));
            }
            (Command::Play, _) => return Err(SessionError::OutOfPlace("there is nothing to play here")),
            (Command::Connect { .. } | Command::Publish { .. }, _) => {
                return Err(SessionError::OutOfPlace("connect or publish at the wrong time"));
            }
            (Command::CreateStream { .. } | Command::Unpublish | Command::Unknown, _) => {}
        }
        Ok(None)
    }
}
