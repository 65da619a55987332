//! What clients send.

use serde::Deserialize;
use spillway_protocol::{
    limits,
    problem::Code,
    room::{ClientFrame, CloseCode, ErrorEvent, ServerEvent, ServerFrame},
    time::Timestamp,
};

use super::{Output, Phase, Relay, SocketId, feed::WATCHED};
use crate::{
    call::room::{Author, Line, Position},
    chat,
    rate::{LINES, Rate},
    sql::{Sql, SqlError, to_json},
};

/// Frames of any kind; who sends more is closed.
pub(super) const FRAMES: Rate = Rate { burst: 40, per_second: 4 };

/// What is formed like a frame.
#[derive(Deserialize)]
struct Unknown {
    #[serde(rename = "type")]
    kind: String,
    data: Option<serde_json::Map<String, serde_json::Value>>,
}

impl<S: Sql> Relay<S> {
    /// A frame of text came.
    pub fn frame(&mut self, id: SocketId, text: &str, now: Timestamp) -> Result<(), SqlError> {
        let Some(socket) = self.sockets.get_mut(&id) else { return Ok(()) };
        socket.heard = now;
        if text.len() > limits::FRAME {
            self.close(id, CloseCode::TooLarge);
            return Ok(());
        }
        if socket.frames.take(FRAMES, now).is_err() {
            self.close(id, CloseCode::TooFast);
            return Ok(());
        }
        let Ok(frame) = serde_json::from_str::<ClientFrame>(text) else { return self.unreadable(id, text) };
        let joined = socket.is_joined();
        let (stream, joins) = match &frame {
            ClientFrame::JoinStream { stream_id, .. } => (*stream_id, true),
            ClientFrame::SendMessage { stream_id, .. }
            | ClientFrame::SendReaction { stream_id, .. }
            | ClientFrame::WatchPlaylists { stream_id, .. } => (*stream_id, false),
        };
        if stream != self.stream || !(joined || joins) {
            self.close(id, CloseCode::Malformed);
            return Ok(());
        }
        match frame {
            ClientFrame::JoinStream { last_seq, epoch, .. } => {
                let resume = last_seq.zip(epoch).map(|(seq, epoch)| Position { epoch, seq });
                self.viewers.left(socket, now);
                socket.phase = Phase::Waiting { resume };
                self.out.push(Output::Keep(socket.clone()));
                self.try_join(id, now);
                Ok(())
            }
            ClientFrame::SendMessage { message, client_id, .. } => self.line(id, message, client_id, now),
            ClientFrame::SendReaction { reaction, .. } => self.reaction(id, &reaction),
            ClientFrame::WatchPlaylists { renditions, .. } if renditions.len() > WATCHED => {
                self.error(id, (Code::Malformed, "That is more than one viewer can watch.", None), None)
            }
            ClientFrame::WatchPlaylists { renditions, .. } => self.watch(id, renditions.into_iter().collect(), now),
        }
    }

    /// A frame that is none of ours: one that is formed like a frame is refused, whatever else it may be ends the socket.
    fn unreadable(&mut self, id: SocketId, text: &str) -> Result<(), SqlError> {
        let Ok(Unknown { kind, data }) = serde_json::from_str(text) else {
            self.close(id, CloseCode::Malformed);
            return Ok(());
        };
        let client_id = data.and_then(|data| data.get("clientId")?.as_str().map(str::to_owned));
        let message = match kind.as_str() {
            "JOIN_STREAM" | "SEND_MESSAGE" | "SEND_REACTION" | "WATCH_PLAYLISTS" => "The frame's data cannot be read.",
            _ => "Frames of this type are not taken here.",
        };
        self.error(id, (Code::Malformed, message, None), client_id)
    }

    /// A frame of bytes came: this protocol has none.
    pub fn binary(&mut self, id: SocketId) {
        self.close(id, CloseCode::Malformed);
    }

    fn line(
        &mut self,
        id: SocketId,
        message: String,
        client_id: Option<String>,
        now: Timestamp,
    ) -> Result<(), SqlError> {
        let Some(socket) = self.sockets.get_mut(&id) else { return Ok(()) };
        let Some(you) = socket.visitor.you.clone() else {
            let refused = (Code::TokenMissing, "Sign in to write.", None);
            return self.error(id, refused, client_id);
        };
        let is_subscriber = socket.visitor.is_subscriber;
        let allowed = socket.lines.take(LINES, now);
        self.out.push(Output::Keep(socket.clone()));
        if let Err(seconds) = allowed {
            return self.error(id, (Code::RateLimited, "Too fast; wait a moment.", Some(seconds)), client_id);
        }
        let author = Author { user_id: you.user_id, username: you.username, role: you.role, is_subscriber };
        if self.upward.queue(id, Line { author, message, client_id: client_id.clone() }) {
            Ok(())
        } else {
            self.error(id, Self::unavailable(), client_id)
        }
    }

    fn reaction(&mut self, id: SocketId, reaction: &str) -> Result<(), SqlError> {
        let Some(socket) = self.sockets.get(&id) else { return Ok(()) };
        if socket.visitor.you.is_none() {
            return self.error(id, (Code::TokenMissing, "Sign in to react.", None), None);
        }
        match chat::reaction(reaction) {
            Ok(reaction) => {
                self.upward.react(reaction);
                Ok(())
            }
            Err(problem) => self.error(id, (problem.code, &problem.detail, None), None),
        }
    }

    /// Tells one socket that what it sent was refused.
    pub(super) fn error(
        &mut self,
        id: SocketId,
        (code, message, retry_after): (Code, &str, Option<u32>),
        client_id: Option<String>,
    ) -> Result<(), SqlError> {
        let event = ErrorEvent { code, message: message.to_owned(), retry_after, client_id };
        let frame = ServerFrame { event: ServerEvent::Error(event), seq: None };
        self.out.push(Output::Send([id].into(), to_json(&frame)?));
        Ok(())
    }
}
