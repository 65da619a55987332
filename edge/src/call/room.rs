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
    Reload, "reload", Harmless => ();
    Claim, "claim", Harmless => PublishReply;
    Revoke, "revoke", Harmless => ();
    End, "end", Harmless => Figures;
    Cancel, "cancel", Harmless => Figures;
    Stats, "stats", Harmless => Figures;
    Chat, "chat", Harmful => Said;
    History, "history", Harmless => HistoryPage;
    Attach, "attach", Harmless => Attached;
    Replay, "replay", Harmless => Replayed;
    Up, "up", Harmful => Heard;
}
