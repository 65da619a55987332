//! The handshake (RTMP 1.0, section 5.2), fed in any split.

use bytes::BytesMut;
use scuffle_rtmp::{
    error::RtmpError,
    handshake::{HandshakeServer, RTMP_HANDSHAKE_SIZE},
};

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    /// Not RTMP, or an encrypted kind of it.
    #[error("RTMP version {0} is not spoken here")]
    Version(u8),
    /// A packet that does not parse.
    #[error("a handshake packet is broken")]
    Packet(#[from] RtmpError),
}

/// A handshake under way.
#[derive(Default)]
pub(crate) struct Handshake {
    server: HandshakeServer,
    buffer: BytesMut,
    /// Whether C0 and C1 were answered, so that C2 is next.
    greeted: bool,
}

impl Handshake {
    /// Takes bytes, writes answers; once all is said, gives back what came behind it.
    pub(crate) fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Option<BytesMut>, HandshakeError> {
        self.buffer.extend_from_slice(bytes);
        if let (false, Some(&version)) = (self.greeted, self.buffer.first())
            && version != 3
        {
            return Err(HandshakeError::Version(version));
        }
        while !self.server.is_finished() {
            // C0 is one byte in front of C1.
            let size = if self.greeted { RTMP_HANDSHAKE_SIZE } else { 1 + RTMP_HANDSHAKE_SIZE };
            if self.buffer.len() < size {
                return Ok(None);
            }
            let packet = self.buffer.split_to(size).freeze();
            self.server.handshake(&mut std::io::Cursor::new(packet), out)?;
            self.greeted = true;
        }
        Ok(Some(self.buffer.split()))
    }
}
