//! Who may be in a stream's room, and what is asked of its history.

use spillway_protocol::{
    api::{JoinRefusal, JoinReply, Role, StreamStatus},
    ids::StreamId,
    limits,
    problem::{FieldCode, FieldError, Problem},
    proof::{Kind, Proof},
    time::Timestamp,
};
use spillway_room::call::{channel::Standing, room::History};

use crate::{auth::Caller, streams::StreamRow};

/// Someone, in a certain stream's room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub caller: Caller,
    /// What they are there.
    pub standing: Standing,
}

impl Member {
    /// What someone is without asking the creator's Channel; `None` when only that knows.
    pub fn standing(caller: &Caller, row: &StreamRow) -> Option<Standing> {
        let role = if caller.user_id == row.creator_id {
            Role::Creator
        } else if caller.role == Role::Admin {
            Role::Admin
        } else {
            return None;
        };
        Some(Standing { role, banned: false })
    }

    /// Has the right to be in rooms that are not for everyone.
    pub fn is_entitled(&self) -> bool {
        !self.standing.banned && self.standing.role != Role::Viewer
    }
}

/// Why someone (`None`: who has not signed in) may not watch; `viewers` is how many watch now, where that is limited.
pub fn refusal(row: &StreamRow, member: Option<&Member>, viewers: Option<u32>) -> Option<JoinRefusal> {
    let entitled = member.is_some_and(Member::is_entitled);
    if row.status == StreamStatus::Cancelled {
        return Some(JoinRefusal::Cancelled);
    }
    if member.is_some_and(|member| member.standing.banned) {
        return Some(JoinRefusal::Banned);
    }
    if row.is_gated() && !entitled {
        let by_ticket = row.ticket_price.is_some() && !row.is_subscriber_only && row.required_tier.is_none();
        return Some(if by_ticket { JoinRefusal::TicketRequired } else { JoinRefusal::SubscriptionRequired });
    }
    let full = row.max_viewers.zip(viewers).is_some_and(|(most, now)| now >= most);
    (full && !entitled).then_some(JoinRefusal::Full)
}

/// The reply to `join` for someone who may watch. `base` is where clients reach this server.
pub fn admission(row: &StreamRow, member: Option<&Member>, base: &str, secret: &[u8], now: Timestamp) -> JoinReply {
    let proof = |kind, caller: &Caller| {
        Proof { kind, subject: caller.user_id, expires: now.plus_millis(limits::ENTRY_MS) }.seal(secret, row.id)
    };
    let way = match member.filter(|_| row.is_gated()) {
        Some(member) => proof(Kind::Entry, &member.caller),
        None => "public".to_owned(),
    };
    let sockets = base.replacen("http", "ws", 1);
    let chat_url = match member {
        Some(member) => format!("{sockets}/room/{}?proof={}", row.id, proof(Kind::Chat, &member.caller)),
        None => format!("{sockets}/room/{}", row.id),
    };
    JoinReply {
        access_granted: true,
        reason: None,
        playback_url: Some(format!("{base}/play/{way}/{}/index.m3u8", row.id)),
        chat_url: Some(chat_url),
        chat_enabled: row.chat_enabled,
        can_tip: row.tips_enabled && member.is_some(),
    }
}

/// The reply to `join` for someone who may not.
pub fn refused(row: &StreamRow, reason: JoinRefusal) -> JoinReply {
    JoinReply {
        access_granted: false,
        reason: Some(reason),
        playback_url: None,
        chat_url: None,
        chat_enabled: row.chat_enabled,
        can_tip: false,
    }
}

/// Reads what a page of history was asked for. Its place is `before`, or `cursor` as in every list; that one wins. A parameter
/// without a value is one that was not given.
pub fn history(query: &str) -> Result<History, Problem> {
    let (default, most) = limits::HISTORY;
    let (mut asked, mut errors) = (History { before: None, limit: default }, Vec::new());
    let mut cursor = None;
    let mut refuse = |field: &str, code| errors.push(FieldError { field: field.to_owned(), code });
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        match (&*name, value.parse::<u64>()) {
            // SQLite's numbers end here; so does every `seq`.
            ("before", Ok(before)) if i64::try_from(before).is_ok() => asked.before = Some(before),
            ("cursor", Ok(before)) if i64::try_from(before).is_ok() => cursor = Some(before),
            (place @ ("before" | "cursor"), _) => refuse(place, FieldCode::Invalid),
            ("limit", Ok(limit)) => match u32::try_from(limit) {
                Ok(limit) if (1..=most).contains(&limit) => asked.limit = limit,
                _ => refuse("limit", FieldCode::OutOfRange),
            },
            ("limit", Err(_)) => refuse("limit", FieldCode::Invalid),
            _ => {}
        }
    }
    asked.before = cursor.or(asked.before);
    if errors.is_empty() { Ok(asked) } else { Err(Problem::validation(errors)) }
}

/// The stream that a proof of a chat URL opens, and for whom.
pub fn chat_proof(
    secret: &[u8],
    stream: StreamId,
    text: &str,
    now: Timestamp,
) -> Result<Proof, spillway_protocol::proof::Refused> {
    Proof::open(secret, stream, Kind::Chat, text, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::NewStream;
    use spillway_protocol::ids::{SourceId, UserId};

    const SECRET: &[u8] = b"a secret of some length";

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn row() -> StreamRow {
        let (stream, creator) = (StreamId::new(at(1), 1), UserId::new(at(1), 2));
        NewStream::untitled().into_row(stream, creator, "anna", SourceId::new(at(1), 3), at(1))
    }

    fn member(number: u128, role: Role, banned: bool) -> Member {
        let caller = Caller { user_id: UserId::new(at(1), number), username: "x".to_owned(), role: Role::Viewer };
        Member { caller, standing: Standing { role, banned } }
    }

    #[test]
    fn a_public_stream_is_for_everyone_by_the_same_url() {
        let (row, viewer) = (row(), member(9, Role::Viewer, false));
        assert_eq!(refusal(&row, None, None), None);
        let nobody = admission(&row, None, "http://127.0.0.1:8787", SECRET, at(0));
        let someone = admission(&row, Some(&viewer), "http://127.0.0.1:8787", SECRET, at(0));
        let playback = format!("http://127.0.0.1:8787/play/public/{}/index.m3u8", row.id);
        assert_eq!(nobody.playback_url.as_deref(), Some(&*playback));
        assert_eq!(someone.playback_url, nobody.playback_url);
        assert_eq!(nobody.chat_url, Some(format!("ws://127.0.0.1:8787/room/{}", row.id)));
        assert_eq!((nobody.can_tip, someone.can_tip), (false, true));
        let chat = someone.chat_url.unwrap();
        let (_, proof) = chat.split_once("?proof=").unwrap();
        assert_eq!(chat_proof(SECRET, row.id, proof, at(1)).unwrap().subject, viewer.caller.user_id);
        assert!(chat_proof(SECRET, row.id, proof, at(limits::ENTRY_MS)).is_err());
    }

    #[test]
    fn a_gated_stream_is_for_those_with_the_right_by_a_proof_of_their_own() {
        let (mut row, viewer, creator) = (row(), member(9, Role::Viewer, false), member(2, Role::Creator, false));
        row.ticket_price = Some(500);
        assert_eq!(refusal(&row, None, None), Some(JoinRefusal::TicketRequired));
        assert_eq!(refusal(&row, Some(&viewer), None), Some(JoinRefusal::TicketRequired));
        assert_eq!(refusal(&row, Some(&creator), None), None);
        row.is_subscriber_only = true;
        assert_eq!(refusal(&row, Some(&viewer), None), Some(JoinRefusal::SubscriptionRequired));
        let reply = admission(&row, Some(&creator), "https://x.example", SECRET, at(0));
        let playback = reply.playback_url.unwrap();
        let proof = playback.strip_prefix("https://x.example/play/").unwrap().split('/').next().unwrap();
        assert!(Proof::open(SECRET, row.id, Kind::Entry, proof, at(1)).is_ok());
        assert!(reply.chat_url.unwrap().starts_with("wss://x.example/room/"));
        let no = refused(&row, JoinRefusal::SubscriptionRequired);
        assert_eq!((no.playback_url, no.chat_url, no.can_tip), (None, None, false));
    }

    #[test]
    fn the_banned_the_late_and_the_cancelled() {
        let mut row = row();
        assert_eq!(refusal(&row, Some(&member(9, Role::Viewer, true)), None), Some(JoinRefusal::Banned));
        row.max_viewers = Some(2);
        assert_eq!(refusal(&row, None, Some(1)), None);
        assert_eq!(refusal(&row, None, Some(2)), Some(JoinRefusal::Full));
        assert_eq!(refusal(&row, Some(&member(9, Role::Moderator, false)), Some(2)), None);
        row.status = StreamStatus::Cancelled;
        assert_eq!(refusal(&row, Some(&member(2, Role::Creator, false)), None), Some(JoinRefusal::Cancelled));
    }

    #[test]
    fn a_page_of_history_is_asked_for_within_bounds() {
        assert_eq!(history("").unwrap(), History { before: None, limit: 50 });
        assert_eq!(history("before=7&limit=100&x=y").unwrap(), History { before: Some(7), limit: 100 });
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=x", "limit"),
            ("before=-1", "before"),
            ("cursor=x", "cursor"),
        ] {
            assert_eq!(history(query).unwrap_err().errors[0].field, field, "{query}");
        }
        assert!(history("before=18446744073709551615").is_err());
    }

    #[test]
    fn a_history_s_cursor_is_its_before_and_wins() {
        for query in ["cursor=7", "cursor=7&before=9", "before=9&cursor=7", "cursor=7&before="] {
            assert_eq!(history(query).unwrap().before, Some(7), "{query}");
        }
    }

    #[test]
    fn a_parameter_of_history_without_a_value_was_not_given() {
        assert_eq!(history("before=&cursor=&limit=").unwrap(), history("").unwrap());
    }
}
