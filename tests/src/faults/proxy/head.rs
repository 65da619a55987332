//! The head of a request.

use std::io;

use tokio::{io::AsyncReadExt as _, net::TcpStream};

/// More than any client here sends.
const LARGEST: usize = 64 * 1_024;
const END: &[u8] = b"\r\n\r\n";

/// The head of a request, as it is passed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) method: String,
    /// The length of its body.
    pub(super) length: u64,
    /// With `connection: close`, unless it asks for a WebSocket.
    pub(super) text: Vec<u8>,
}

impl Head {
    /// Reads a head, and what came of the body with it; `None` when the client goes without a word.
    pub(super) async fn read(client: &mut TcpStream) -> io::Result<Option<(Self, Vec<u8>)>> {
        let mut bytes = Vec::new();
        loop {
            if let Some(end) = bytes.windows(END.len()).position(|window| window == END) {
                let body = bytes.split_off(end + END.len());
                return Ok(Some((Self::parse(&bytes), body)));
            }
            if client.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
            if bytes.len() > LARGEST {
                return Err(io::Error::other("a head that does not end"));
            }
        }
    }

    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (request, fields) = text.split_once("\r\n").unwrap_or_default();
        let fields = fields.trim_end().split("\r\n");
        let value = |name: &str| {
            let mut all = fields.clone().filter_map(|line| line.split_once(':'));
            all.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        let length = value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut out = format!("{request}\r\n");
        let upgrades = value("upgrade").is_some();
        for line in fields.clone() {
            if upgrades || !line.to_ascii_lowercase().starts_with("connection:") {
                out.extend([line, "\r\n"]);
            }
        }
        out.push_str(if upgrades { "\r\n" } else { "connection: close\r\n\r\n" });
        let method = request.split(' ').next().unwrap_or_default().to_owned();
        Self { method, length, text: out.into_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn one_request_a_connection_unless_it_is_a_websocket() {
        let put = Head::parse(b"PUT /a HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nContent-Length: 7\r\n\r\n");
        let text = b"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\nconnection: close\r\n\r\n".to_vec();
        assert_eq!(put, Head { method: "PUT".to_owned(), length: 7, text });
        let socket = b"GET /s HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        assert_eq!(Head::parse(socket), Head { method: "GET".to_owned(), length: 0, text: socket.to_vec() });
    }
}
