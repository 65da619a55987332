//! A bucket's S3 API as far as an origin asks for it: it passes requests on, or throws them away, and knows when it acknowledged them.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Instant,
};

use reqwest::{
    Client, Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// More than any head here.
const HEAD: usize = 16 * 1_024;

/// A running store; ends when dropped.
pub struct Store {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

struct Shared {
    /// Whom requests are passed on to, and below which path; without it all of them are thrown away.
    behind: Option<(Client, String)>,
    acknowledged: Mutex<HashMap<String, Instant>>,
}

impl Store {
    /// A store before another one, by that one's URL.
    pub async fn before(endpoint: &str) -> Self {
        Self::start(Some((Client::new(), endpoint.to_owned()))).await
    }

    /// A store that acknowledges everything at once and keeps nothing.
    pub async fn nowhere() -> Self {
        Self::start(None).await
    }

    async fn start(behind: Option<(Client, String)>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { behind, acknowledged: Mutex::default() });
        let listening = tokio::spawn(listen(listener, shared.clone()));
        Self { address, shared, listening }
    }

    /// Its endpoint. The path is that of the store behind it: what signs requests signs it too.
    pub fn url(&self) -> String {
        let path = self.shared.behind.as_ref().map_or("", |(_, endpoint)| path_of(endpoint));
        format!("http://{}{path}", self.address)
    }

    /// When each object's PUT was acknowledged, by its path.
    pub fn acknowledged(&self) -> HashMap<String, Instant> {
        self.shared.acknowledged.lock().unwrap().clone()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn path_of(endpoint: &str) -> &str {
    endpoint.splitn(4, '/').nth(3).map_or("", |path| &endpoint[endpoint.len() - path.len() - 1..])
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move { serve(client, &shared).await });
    }
}

/// One request after the other, until the client goes.
async fn serve(client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = BufReader::new(client);
    while let Some(request) = Request::read(&mut client).await? {
        let (status, etag) = shared.answer(&request).await;
        let answer = format!("HTTP/1.1 {status} -\r\netag: {etag}\r\ncontent-length: 0\r\n\r\n");
        if request.method == Method::PUT && status == 200 {
            shared.acknowledged.lock().unwrap().insert(request.path, Instant::now());
        }
        client.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

impl Shared {
    async fn answer(&self, request: &Request) -> (u16, String) {
        let nothing = || "\"-\"".to_owned();
        let Some((client, endpoint)) = &self.behind else { return (200, nothing()) };
        let server = endpoint.strip_suffix(path_of(endpoint)).unwrap_or(endpoint);
        let call = client.request(request.method.clone(), format!("{server}{}", request.path));
        let Ok(reply) = call.headers(request.headers.clone()).body(request.body.clone()).send().await else {
            return (502, nothing());
        };
        let etag = reply.headers().get("etag").and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        (reply.status().as_u16(), etag.unwrap_or_else(nothing))
    }
}

struct Request {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    /// The next one; `None` when the client has gone.
    async fn read(client: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match client.read_u8().await {
                Ok(byte) if head.len() < HEAD => head.push(byte),
                Ok(_) => return Err(io::Error::other("a head that does not end")),
                Err(_) => return Ok(None),
            }
        }
        let text = String::from_utf8_lossy(&head);
        let mut lines = text.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default().to_owned());
        let method = method.parse().map_err(io::Error::other)?;
        let fields = lines.filter_map(|line| line.split_once(':'));
        let read = |(name, value): (&str, &str)| {
            Some((name.parse::<HeaderName>().ok()?, value.trim().parse::<HeaderValue>().ok()?))
        };
        let headers: HeaderMap = fields.filter_map(read).collect();
        let length = headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        client.read_exact(&mut body).await?;
        Ok(Some(Self { method, path, headers, body }))
    }
}
