//! Messages as the session understands them.

use bytes::{Buf, Bytes};

use super::{
    amf::{self, AmfError},
    chunk::Message,
};
use crate::ingest::flv::Kind;

/// A message, read.
#[derive(Debug, PartialEq)]
pub(crate) enum Incoming {
    /// The peer's chunks have this size from here on.
    ChunkSize(u32),
    /// The peer gives up a message on this chunk stream.
    Abort(u32),
    /// The peer wants an acknowledgement every so many bytes.
    Window(u32),
    /// The peer asks for an echo of these bytes.
    Ping([u8; 4]),
    /// The body of an FLV tag.
    Media(Kind, Bytes),
    /// Something it wants done.
    Command(Command),
    /// Nothing that changes anything here (acknowledgements, metadata, what no specification knows).
    Other,
}

/// A command, with its transaction where it wants a reply.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// `connect` to an application.
    Connect {
        /// For the reply.
        transaction: f64,
        /// The application's name.
        app: String,
    },
    /// `createStream`.
    CreateStream {
        /// For the reply.
        transaction: f64,
    },
    /// `releaseStream`: a courtesy before publishing.
    ReleaseStream {
        /// For the reply.
        transaction: f64,
    },
    /// `FCPublish`: another.
    FcPublish {
        /// For the reply.
        transaction: f64,
    },
    /// `publish` under a name.
    Publish {
        /// The stream's key, perhaps with a query behind it.
        name: String,
    },
    /// `FCUnpublish`, `deleteStream` or `closeStream`: the end.
    Unpublish,
    /// `play`: there is nothing to play here.
    Play,
    /// Any other.
    Unknown,
}

/// Why a message could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It ends too early.
    #[error("a message is cut short")]
    Short,
    /// Its values do not parse.
    #[error(transparent)]
    Amf(#[from] AmfError),
    /// A command without what it needs.
    #[error("a command is not whole")]
    Command,
}

/// Reads a message.
pub(crate) fn read(message: Message) -> Result<Incoming, Unreadable> {
    let mut payload = message.payload;
    Ok(match message.kind {
        1 => Incoming::ChunkSize(payload.try_get_u32().map_err(|_| Unreadable::Short)?),
        2 => Incoming::Abort(payload.try_get_u32().map_err(|_| Unreadable::Short)?),
        4 => match (payload.try_get_u16(), payload.first_chunk::<4>()) {
            (Ok(6), Some(time)) => Incoming::Ping(*time),
            _ => Incoming::Other,
        },
        5 => Incoming::Window(payload.try_get_u32().map_err(|_| Unreadable::Short)?),
        8 => Incoming::Media(Kind::Audio, payload),
        9 => Incoming::Media(Kind::Video, payload),
        // An AMF3 command is an AMF0 one behind a byte.
        17 => Incoming::Command(command(payload.get(1..).ok_or(Unreadable::Short)?)?),
        20 => Incoming::Command(command(&payload)?),
        _ => Incoming::Other,
    })
}

fn command(payload: &[u8]) -> Result<Command, Unreadable> {
    let values = amf::read_all(payload)?;
    let name = values.first().and_then(amf::Value::as_str).ok_or(Unreadable::Command)?;
    let transaction = values.get(1).and_then(amf::Value::as_number).unwrap_or(0.0);
    // Behind name and transaction stands the command object, then the arguments.
    let text = |at| values.get(at).and_then(amf::Value::as_str).map(str::to_owned);
    Ok(match name {
        "connect" => {
            let app = values.get(2).and_then(|object| object.member("app")).and_then(amf::Value::as_str);
            Command::Connect { transaction, app: app.unwrap_or_default().to_owned() }
        }
        "createStream" => Command::CreateStream { transaction },
        "releaseStream" => Command::ReleaseStream { transaction },
        "FCPublish" => Command::FcPublish { transaction },
        "publish" => Command::Publish { name: text(3).ok_or(Unreadable::Command)? },
        "FCUnpublish" | "deleteStream" | "closeStream" => Command::Unpublish,
        "play" | "play2" => Command::Play,
        _ => Command::Unknown,
    })
}
