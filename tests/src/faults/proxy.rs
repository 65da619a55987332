//! A proxy before an HTTP server that fails as networks and servers do. It passes bytes on as they are, `Host` among them, so
//! that signatures still hold; each connection carries one request, or one WebSocket.

mod head;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use self::head::Head;

/// What befalls a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status, and not passed on.
    Status(u16),
    /// It is passed on so much later.
    Delay(Duration),
    /// Its connection is reset, and it is not passed on.
    Reset,
    /// It is neither passed on nor answered.
    Hang,
    /// It is passed on; instead of its answer comes a reset.
    LoseAnswer,
    /// The connection is reset in the middle of its body, or of the answer's where it has none.
    CutBody,
}

/// Which requests meet a fault.
#[derive(Debug, Clone)]
pub struct Rule {
    fault: Fault,
    method: Option<&'static str>,
    share: f64,
}

impl Rule {
    /// Every request meets it.
    pub fn all(fault: Fault) -> Self {
        Self { fault, method: None, share: 1.0 }
    }

    /// Those of one method alone.
    pub fn method(self, method: &'static str) -> Self {
        Self { method: Some(method), ..self }
    }

    /// So many of them, from 0 to 1, drawn by chance.
    pub fn share(self, share: f64) -> Self {
        Self { share, ..self }
    }
}

/// A running proxy; ends when dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

struct Shared {
    target: String,
    plan: Mutex<Plan>,
    /// Changes whenever everything that is open is to be reset.
    resets: watch::Sender<u64>,
    /// Whether bytes flow.
    flows: watch::Sender<bool>,
}

struct Plan {
    rules: Vec<Rule>,
    chance: fastrand::Rng,
    met: u64,
}

impl Proxy {
    /// A proxy before the server at an `http` URL, without faults yet.
    pub async fn before(url: &str, chance: fastrand::Rng) -> Self {
        let target = url.strip_prefix("http://").expect("an http URL").split('/').next().unwrap_or_default().to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let plan = Mutex::new(Plan { rules: Vec::new(), chance, met: 0 });
        let shared = Arc::new(Shared { target, plan, resets: watch::Sender::new(0), flows: watch::Sender::new(true) });
        let listening = tokio::spawn(listen(listener, shared.clone()));
        Self { address, shared, listening }
    }

    /// The same URL, behind the proxy.
    pub fn url(&self, url: &str) -> String {
        url.replacen(&self.shared.target, &self.address.to_string(), 1)
    }

    /// From now on requests meet these; the first rule that takes one counts.
    pub fn set(&self, rules: impl Into<Vec<Rule>>) {
        self.shared.plan.lock().unwrap().rules = rules.into();
    }

    /// From now on nothing befalls a request. Those that hang are reset.
    pub fn heal(&self) {
        self.set([]);
        self.shared.flows.send_replace(true);
    }

    /// Resets every connection that is open.
    pub fn reset_all(&self) {
        self.shared.resets.send_modify(|resets| *resets += 1);
    }

    /// From now on no byte flows on any connection, until [`Proxy::heal`]; nothing is closed.
    pub fn stall(&self) {
        self.shared.flows.send_replace(false);
    }

    /// How many requests have met a fault so far.
    pub fn met(&self) -> u64 {
        self.shared.plan.lock().unwrap().met
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.reset_all();
    }
}

impl Shared {
    fn fault(&self, head: &Head) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap();
        let Plan { rules, chance, met } = &mut *plan;
        let taken = |rule: &&Rule| rule.method.is_none_or(|method| method == head.method) && chance.f64() < rule.share;
        let fault = rules.iter().find(taken).map(|rule| rule.fault);
        *met += u64::from(fault.is_some());
        fault
    }

    /// Whether requests are still to hang.
    fn hangs(&self) -> bool {
        self.plan.lock().unwrap().rules.iter().any(|rule| rule.fault == Fault::Hang)
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let mut resets = shared.resets.subscribe();
            let mut client = client;
            let carried = tokio::select! {
                carried = carry(&shared, &mut client) => carried,
                _ = resets.changed() => Err(io::ErrorKind::ConnectionReset.into()),
            };
            if carried.is_err() {
                client.set_zero_linger().ok();
            }
        });
    }
}

/// Carries one request and its answer; an error resets the connection.
async fn carry(shared: &Shared, client: &mut TcpStream) -> io::Result<()> {
    let Some((head, begun)) = Head::read(client).await? else { return Ok(()) };
    let fault = shared.fault(&head);
    match fault {
        Some(Fault::Status(status)) => return refuse(client, &head, begun.len() as u64, status).await,
        Some(Fault::Delay(time)) => tokio::time::sleep(time).await,
        Some(Fault::Reset) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(Fault::Hang) => {
            while shared.hangs() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Some(Fault::LoseAnswer | Fault::CutBody) | None => {}
    }
    let mut server = TcpStream::connect(&shared.target).await?;
    server.write_all(&head.text).await?;
    let up = if fault == Some(Fault::CutBody) && head.length > 0 { head.length / 2 } else { u64::MAX };
    let down = match fault {
        Some(Fault::LoseAnswer) => 0,
        // Enough for the answer's head, and too little for any media.
        Some(Fault::CutBody) if head.length == 0 => 2_048,
        _ => u64::MAX,
    };
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let carried = tokio::select! {
        sent = pass(begun.as_slice().chain(from_client), to_server, up, shared) => sent,
        answered = pass(from_server, to_client, down, shared) => answered,
    };
    if carried.is_err() {
        server.set_zero_linger().ok();
    }
    carried
}

/// Passes bytes on until there are no more; more than `most` are an error.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    most: u64,
    shared: &Shared,
) -> io::Result<()> {
    let (mut buffer, mut left) = (vec![0; 16 * 1_024], most);
    let mut flows = shared.flows.subscribe();
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        flows.wait_for(|flows| *flows).await.map_err(io::Error::other)?;
        let passed = read.min(usize::try_from(left).unwrap_or(usize::MAX));
        to.write_all(&buffer[..passed]).await?;
        left -= passed as u64;
        if left == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
    }
}

/// Answers in the server's place, once the body is in.
async fn refuse(client: &mut TcpStream, head: &Head, begun: u64, status: u16) -> io::Result<()> {
    let mut body = (&mut *client).take(head.length.saturating_sub(begun));
    tokio::io::copy(&mut body, &mut tokio::io::sink()).await?;
    let retry = if status == 429 { "retry-after: 1\r\n" } else { "" };
    let answer = format!("HTTP/1.1 {status} Fault\r\ncontent-length: 0\r\n{retry}connection: close\r\n\r\n");
    client.write_all(answer.as_bytes()).await
}
