//! What the Room answers.

use spillway_protocol::{
    api::{ChatKind, StreamStatus},
    ids::{MessageId, UserId},
    limits,
    problem::{Code, Problem},
    room::{ChatMessage, ServerEvent},
    time::Timestamp,
};

use super::{
    Room,
    log::{self, Entry, RECENT},
};
use crate::{
    Failed, Moment,
    call::{
        relay::DownReply,
        room::{
            Attach, Attached, Author, Chat, Figures, Heard, History, HistoryPage, Line, Position, Replay, Replayed,
            Said, Up,
        },
    },
    chat,
    sql::{Sql, SqlError},
};

/// More than this is not sent again: the client starts over.
const REPLAY: u64 = 1_000;

/// Why a line was not taken.
enum Unsaid {
    Refused(Problem),
    TooFast(u32),
}

impl Unsaid {
    fn problem(self) -> Problem {
        match self {
            Self::Refused(problem) => problem,
            Self::TooFast(_) => Problem::new(Code::RateLimited, "Too fast; wait a moment."),
        }
    }
}

impl From<Problem> for Unsaid {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<Unsaid> for Failed {
    fn from(unsaid: Unsaid) -> Self {
        match unsaid {
            Unsaid::Refused(problem) => problem.into(),
            Unsaid::TooFast(seconds) => Self::TooFast(seconds),
        }
    }
}

impl<S: Sql> Room<S> {
    /// The figures as of now.
    pub fn stats(&self, now: Timestamp) -> Figures {
        self.figures(now)
    }

    /// Someone writes or reacts over HTTP.
    pub fn chat(&mut self, call: Chat, at: Moment) -> Result<Said, Failed> {
        let Chat { author, kind, message, client_id } = call;
        match kind {
            ChatKind::Message => {
                let said = self.say(vec![Line { author, message, client_id }], at)?.pop();
                let message_id = said.ok_or_else(|| SqlError::new("a line without an outcome"))?;
                Ok(Said { message_id: message_id? })
            }
            ChatKind::Reaction => {
                self.may_write()?;
                let reaction = chat::reaction(&message)?;
                self.paces.take(author.user_id, at.now).map_err(Failed::TooFast)?;
                self.audience.react(&reaction, 1);
                Ok(Said { message_id: MessageId::new(at.now, at.random) })
            }
        }
    }

    /// A page of chat.
    pub fn history(&self, call: &History) -> Result<HistoryPage, Failed> {
        let (_, most) = limits::HISTORY;
        let limit = call.limit.clamp(1, most);
        let end = self.log.seq().saturating_add(1);
        let before = call.before.map_or(end, |before| before.min(end));
        // One more than asked for tells whether there is another page.
        let mut items = log::lines_before(&self.sql, before, limit.saturating_add(1))?;
        let more = items.len() > limit as usize;
        if more {
            items.remove(0);
        }
        let before = items.first().and_then(|frame| frame.seq).filter(|_| more);
        Ok(HistoryPage { items, before })
    }

    /// A Relay wants to serve viewers.
    pub fn attach(&mut self, call: &Attach, now: Timestamp) -> Result<Attached, Failed> {
        let known = call.position.as_ref().filter(|p| p.epoch == self.log.epoch() && p.seq <= self.log.seq());
        let seq = known.map_or(self.log.seq(), |position| position.seq);
        let listing = self.listing()?;
        let token = self.audience.attach(&self.sql, &call.relay, (seq, self.view, listing.clone()), now)?;
        let (lines, _) = limits::HISTORY;
        Ok(Attached {
            token,
            position: Position { epoch: self.log.epoch().to_owned(), seq },
            tail: self.log.between(&self.sql, seq.saturating_sub(RECENT as u64), seq)?,
            lines: log::lines_before(&self.sql, seq.saturating_add(1), lines)?,
            viewer_count: self.audience.announced(),
            view: self.view(),
            timeline: listing.map(|listing| (*listing).clone()),
        })
    }

    /// A client was away.
    pub fn replay(&self, call: &Replay) -> Result<Replayed, Failed> {
        let until = call.until.min(self.log.seq());
        let unheard_of = call.after > self.log.seq();
        if unheard_of || until.saturating_sub(call.after) > REPLAY {
            return Ok(Replayed { events: None });
        }
        Ok(Replayed { events: Some(self.log.between(&self.sql, call.after, until)?) })
    }

    /// What a Relay's viewers did.
    pub fn up(&mut self, call: Up, at: Moment) -> Result<Heard, Failed> {
        let attached = self.audience.heard(&self.sql, &call.relay, call.viewers, at.now)?;
        self.count_peak()?;
        let said = self.say(call.lines, at)?;
        if self.may_write().is_ok() {
            for (reaction, count) in &call.reactions {
                if let Ok(reaction) = chat::reaction(reaction) {
                    self.audience.react(&reaction, *count);
                }
            }
        }
        Ok(Heard { attached, refused: said.into_iter().map(|said| said.err().map(Unsaid::problem)).collect() })
    }

    /// What became of the call to a Relay for the entry `token`; `None` when no answer came.
    pub fn relay_answered(
        &mut self,
        relay: &str,
        token: u64,
        reply: Option<&DownReply>,
        now: Timestamp,
    ) -> Result<(), SqlError> {
        self.audience.answered(&self.sql, (relay, token), reply, (self.log.seq(), now))?;
        self.count_peak()
    }

    fn count_peak(&mut self) -> Result<(), SqlError> {
        if self.life.status == StreamStatus::Live {
            self.audience.raise_peak(&self.sql)?;
        }
        Ok(())
    }

    fn may_write(&self) -> Result<(), Problem> {
        // People go on talking when the picture is gone; a stream that was called off has nobody to talk to.
        if self.life.status == StreamStatus::Cancelled {
            return Err(Problem::new(Code::StreamOver, "The stream was cancelled, and its chat is closed."));
        }
        if !self.facts.chat_enabled {
            return Err(Problem::new(Code::ChatDisabled, "Chat is switched off in this room."));
        }
        Ok(())
    }

    /// Takes lines in order; what became of each. All are stored in one statement.
    fn say(&mut self, lines: Vec<Line>, at: Moment) -> Result<Vec<Result<MessageId, Unsaid>>, SqlError> {
        let (mut outcomes, mut entries) = (Vec::with_capacity(lines.len()), Vec::new());
        let mut said: Vec<(UserId, String, MessageId)> = Vec::new();
        for (number, Line { author, message, client_id }) in (0_u128..).zip(lines) {
            if let Some(id) = client_id.as_deref().filter(|id| chat::client_id(id).is_ok()) {
                let here = said.iter().find(|(user, known, _)| *user == author.user_id && known == id);
                let before = match here {
                    Some((_, _, message_id)) => Some(*message_id),
                    None => log::said_before(&self.sql, author.user_id, id, at.now)?,
                };
                if let Some(message_id) = before {
                    outcomes.push(Ok(message_id));
                    continue;
                }
            }
            let taken = self.take(author, &message, client_id, Moment { random: at.random.wrapping_add(number), ..at });
            outcomes.push(taken.map(|message| {
                let message_id = message.message_id;
                said.extend(message.client_id.clone().map(|id| (message.user_id, id, message_id)));
                entries.push(Entry::of(ServerEvent::NewMessage(message), at.now));
                message_id
            }));
        }
        self.log.append(&self.sql, entries)?;
        Ok(outcomes)
    }

    fn take(
        &mut self,
        author: Author,
        message: &str,
        client_id: Option<String>,
        at: Moment,
    ) -> Result<ChatMessage, Unsaid> {
        self.may_write()?;
        if let Some(id) = &client_id {
            chat::client_id(id)?;
        }
        let message = chat::line(message)?;
        self.paces.take(author.user_id, at.now).map_err(Unsaid::TooFast)?;
        Ok(ChatMessage {
            message_id: MessageId::new(at.now, at.random),
            user_id: author.user_id,
            username: author.username,
            message,
            timestamp: at.now,
            is_subscriber: author.is_subscriber,
            badges: chat::badges(author.role),
            source: None,
            client_id,
        })
    }
}
