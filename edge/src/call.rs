//! Typed calls to the objects. A call is a POST of its words as JSON to `/<name>`; the reply is JSON too, a refusal a problem.
//! Here alone stands which object takes a call, under which binding, by which name, and what it replies.

mod channel;
mod relay;
mod room;

#[cfg(target_arch = "wasm32")]
mod send;

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use crate::asking::Twice;

pub use channel::{ChannelName, ToChannel};
pub use relay::{RelayName, ToRelay, fingerprint};
pub use room::ToRoom;

#[cfg(target_arch = "wasm32")]
pub(crate) use send::{channel, relay, room, upgrade};

/// The status by which a Relay says that it has no room; the next one may have some.
pub const FULL: u16 = 507;
/// The status by which a Relay says that not everyone may watch, and the visitor may not.
pub const NOT_ENTITLED: u16 = 403;

/// A class of objects.
pub trait Object {
    /// The binding's name in `wrangler.toml`.
    const BINDING: &'static str;
    /// What its objects are called by.
    type Name: std::fmt::Display;
}

/// Something that may be asked of an object.
pub trait Call: Serialize + DeserializeOwned {
    /// Whom to ask.
    type To: Object;
    /// What it answers.
    type Reply: Serialize + DeserializeOwned;
    /// Its route.
    const NAME: &'static str;
    /// Whether it may be asked again when no answer came.
    const TWICE: Twice;
    /// How long the object may take to answer.
    const LIMIT: Duration;
}

/// How long an object may take to answer…
const PROMPT: Duration = Duration::from_secs(5);
/// … and one that may hold the answer back until something has happened: three target durations at most, and some.
const HELD: Duration = Duration::from_secs(35);

/// Says of each call by which route it goes and what it replies.
macro_rules! calls {
    ($to:ty: $($call:ty, $name:literal, $twice:ident $(, $limit:ident)? => $reply:ty;)*) => {
        $(impl super::Call for $call {
            type To = $to;
            type Reply = $reply;
            const NAME: &'static str = $name;
            const TWICE: crate::asking::Twice = crate::asking::Twice::$twice;
            const LIMIT: std::time::Duration = super::calls!(@limit $($limit)?);
        })*
    };
    (@limit) => { super::PROMPT };
    (@limit Held) => { super::HELD };
}
use calls;
