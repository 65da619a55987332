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
    KeyVersion, "key-version", true => u32;
    RotateKey, "rotate-key", false => u32;
    Arm, "arm", true => u32;
    Authorise, "authorise", true => Authorised;
    StreamOver, "stream-over", true => ();
    StandingOf, "standing-of", true => Standing;
}
