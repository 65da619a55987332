//! Calls to Rooms.

use spillway_protocol::{ids::StreamId, link::PublishReply};
use spillway_room::call::room::{
    Attach, Attached, Cancel, Chat, Claim, End, Figures, Heard, History, HistoryPage, Reload, Replay, Replayed, Revoke,
    Said, Stats, Up,
};

use super::{Object, calls};

/// Rooms, one a stream.
#[derive(Debug)]
pub struct ToRoom;

impl Object for ToRoom {
    const BINDING: &'static str = "ROOM";
    type Name = StreamId;
}

calls! { ToRoom:
    Reload, "reload", true => ();
    Claim, "claim", true => PublishReply;
    Revoke, "revoke", true => ();
    End, "end", true => Figures;
    Cancel, "cancel", true => Figures;
    Stats, "stats", true => Figures;
    Chat, "chat", false => Said;
    History, "history", true => HistoryPage;
    Attach, "attach", true => Attached;
    Replay, "replay", true => Replayed;
    Up, "up", false => Heard;
}
