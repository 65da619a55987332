//! What an encoder may not exceed. Each limit has its own counter, under its name here.

use prometheus_client::encoding::EncodeLabelValue;

/// A limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue, thiserror::Error)]
pub(crate) enum Limit {
    /// Connections in all.
    #[error("too many connections")]
    Connections,
    /// Connections of one address.
    #[error("too many connections from one address")]
    ConnectionsPerAddress,
    /// Connections without a good key in all; the one that yields its seat to a newcomer counts.
    #[error("too many connections without a key")]
    Unauthenticated,
    /// Connections without a good key of one address.
    #[error("too many connections without a key from one address")]
    UnauthenticatedPerAddress,
    /// Publish attempts of one address that were refused.
    #[error("too many refused keys from one address")]
    RefusedKeys,
    /// Bytes before the key is known to be good.
    #[error("too many bytes before the key")]
    SetupBytes,
    /// Messages before the key is known to be good.
    #[error("too many messages before the key")]
    SetupMessages,
    /// Time until the handshake is done.
    #[error("the handshake takes too long")]
    HandshakeTime,
    /// Time until a key is shown.
    #[error("no key was shown in time")]
    KeyTime,
    /// A message's length, or that of all open ones together.
    #[error("a message is too long")]
    MessageSize,
    /// Chunk streams.
    #[error("too many chunk streams")]
    ChunkStreams,
    /// The smallest chunks there may be.
    #[error("the chunks are too small")]
    ChunkSize,
    /// Values in one AMF message.
    #[error("too many AMF values")]
    AmfValues,
    /// How deep AMF values nest.
    #[error("AMF values nest too deep")]
    AmfDepth,
    /// Bits a second.
    #[error("the bitrate is too high")]
    Bitrate,
    /// Messages a second.
    #[error("too many messages a second")]
    MessageRate,
    /// Time without a whole tag while publishing.
    #[error("no media came for too long")]
    Silence,
    /// Time that replies are left unread.
    #[error("replies are left unread")]
    Unread,
}

impl Limit {
    /// What the encoder is told, where it still listens.
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::RefusedKeys => "Too many refused keys from this address; wait a little.",
            Self::Bitrate => "The bitrate is higher than this server takes.",
            Self::MessageRate => "Too many messages a second.",
            Self::MessageSize => "A message is longer than this server takes.",
            Self::Silence => "No media came for too long.",
            _ => "A limit of this server was exceeded.",
        }
    }
}
