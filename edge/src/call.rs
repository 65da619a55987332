//! Typed calls to the objects: what may be asked of a Room, a Channel and a Relay, and how.
