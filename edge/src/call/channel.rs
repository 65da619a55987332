//! Calls to Channels.

use spillway_protocol::ids::UserId;
use spillway_room::call::channel::{
    Arm, Authorise, Authorised, KeyVersion, RotateKey, Standing, StandingOf, StreamOver,
};

use super::{Object, calls};

/// Channels, one a creator.
#[derive(Debug)]
pub struct ToChannel;

/// A Channel is called by its creator's id.
pub type ChannelName = UserId;

impl Object for ToChannel {
    const BINDING: &'static str = "CHANNEL";
    type Name = ChannelName;
}

calls! { ToChannel:
    KeyVersion, "key-version", Harmless => u32;
    RotateKey, "rotate-key", Harmful => u32;
    Arm, "arm", Harmless => u32;
    Authorise, "authorise", Harmless => Authorised;
    StreamOver, "stream-over", Harmless => ();
    StandingOf, "standing-of", Harmless => Standing;
}
