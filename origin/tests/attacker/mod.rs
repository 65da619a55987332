//! An RTMP client that says whatever it is told to: bytes by hand, so that wrong ones can be sent as well.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// What nobody waits longer for.
const PATIENCE: Duration = Duration::from_secs(20);

/// C0, C1 and C2 of a client without digests.
pub(crate) fn hello() -> Vec<u8> {
    let mut bytes = vec![0; 1 + 2 * 1536];
    bytes[0] = 3;
    bytes
}

/// A type 0 header.
pub(crate) fn header(chunk_stream: u8, length: u32, kind: u8) -> Vec<u8> {
    let mut bytes = vec![chunk_stream, 0, 0, 0];
    bytes.extend(&length.to_be_bytes()[1..]);
    bytes.extend([kind, 1, 0, 0, 0]);
    bytes
}

/// A message in chunks of 128 bytes.
pub(crate) fn message(kind: u8, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(4, u32::try_from(payload.len()).unwrap(), kind);
    bytes[1..4].copy_from_slice(&timestamp.to_be_bytes()[1..]);
    for (index, piece) in payload.chunks(128).enumerate() {
        if index > 0 {
            bytes.push(0xc4);
        }
        bytes.extend(piece);
    }
    bytes
}

fn text(text: &str) -> Vec<u8> {
    [&[2][..], &u16::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}

/// `connect` and `publish` under this key.
pub(crate) fn commands(key: &str) -> Vec<u8> {
    let number = |number: f64| [&[0][..], &number.to_be_bytes()].concat();
    let app = [b"\x03\0\x03app".as_slice(), &text("live"), b"\0\0\x09"].concat();
    let connect = [text("connect"), number(1.0), app].concat();
    let publish = [text("publish"), number(2.0), vec![5], text(key)].concat();
    [message(20, 0, &connect), message(20, 0, &publish)].concat()
}

/// A connection.
pub(crate) struct Attacker {
    socket: TcpStream,
}

impl Attacker {
    /// Connects.
    pub(crate) async fn connect(to: SocketAddr) -> Self {
        let socket = TcpStream::connect(to).await.unwrap();
        socket.set_nodelay(true).unwrap();
        Self { socket }
    }

    /// Connects, and publishes under a good key.
    pub(crate) async fn publish(to: SocketAddr, key: &str) -> Self {
        let mut attacker = Self::connect(to).await;
        assert!(attacker.send(&[hello(), commands(key)].concat()).await);
        attacker.hears("NetStream.Publish.Start").await;
        attacker
    }

    /// Sends; `false` when the other side is gone.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        timeout(PATIENCE, self.socket.write_all(bytes)).await.expect("sending takes too long").is_ok()
    }

    /// Nothing more is sent.
    pub(crate) async fn finish(&mut self) {
        // The other side may have closed already.
        let _ = self.socket.shutdown().await;
    }

    /// Reads until this comes.
    pub(crate) async fn hears(&mut self, what: &str) {
        let mut heard: Vec<u8> = Vec::new();
        let mut bytes = [0; 4096];
        while !heard.windows(what.len()).any(|window| window == what.as_bytes()) {
            let read = timeout(PATIENCE, self.socket.read(&mut bytes)).await.expect("nothing is said").unwrap_or(0);
            assert!(read > 0, "closed before {what}, after {} bytes", heard.len());
            heard.extend(&bytes[..read]);
        }
    }

    /// Waits until the other side has closed; gives back what it said.
    pub(crate) async fn closed(mut self) -> String {
        let mut heard: Vec<u8> = Vec::new();
        // A reset is an end as well.
        let _ = timeout(PATIENCE, self.socket.read_to_end(&mut heard)).await.expect("it is not closed");
        String::from_utf8_lossy(&heard).into_owned()
    }
}
