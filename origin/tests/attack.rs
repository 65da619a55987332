//! What hostile clients send, against the real program, beside a stream that must not notice. The pipeline is one that writes down what
//! it is fed, so that what goes in is compared with what comes out, frame by frame.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, and nothing else has"
)]

mod attacker;
mod edge;

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use attacker::{Attacker, commands, header, hello, message};
use edge::{Edge, SECRET};
use spillway_protocol::pipe::{self, ToPipeline};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{MissedTickBehavior, interval, timeout},
};

/// KiB by which memory at its highest may grow from the second round of the same attacks to the last, and from none to the last.
const FLAT: (u64, u64) = (24 * 1024, 64 * 1024);
/// Frames a second of the stream that must not notice, and what is in each.
const RATE: u64 = 100;
const FRAME: usize = 4 * 1024;

/// The origin as a process of its own.
struct Origin {
    process: Child,
    rtmp: SocketAddr,
    http: SocketAddr,
    edge: Edge,
    folder: TempDir,
}

impl Origin {
    async fn start(options: &[&str]) -> Self {
        let (edge, folder) = (Edge::start().await, tempfile::tempdir().unwrap());
        let mut process = Command::new(env!("CARGO_BIN_EXE_spillway-origin"))
            .args(["--rtmp-addr=127.0.0.1:0", "--http-addr=127.0.0.1:0", "--log-format=json"])
            .arg(format!("--edge-url=http://{}", edge.address))
            .arg(format!("--state={}", folder.path().join("state").display()))
            .arg(format!("--pipeline={}", writing_pipeline(folder.path()).display()))
            .args(options)
            .env("RUST_LOG", "info")
            .env("ORIGIN_SECRET", SECRET)
            .env("R2_ENDPOINT", "http://127.0.0.1:9")
            .env("R2_BUCKET", "unused")
            .env("R2_ACCESS_KEY_ID", "unused")
            .env("R2_SECRET_ACCESS_KEY", "unused")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let up = loop {
            let line = timeout(Duration::from_secs(20), log.next_line()).await.expect("it does not come up").unwrap();
            let line: serde_json::Value = serde_json::from_str(&line.expect("it ended")).unwrap();
            if line["fields"]["message"] == "origin is up" {
                break line["fields"].clone();
            }
        };
        // The rest is read, so that the log never stops the origin.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        let address = |name: &str| up[name].as_str().unwrap().parse().unwrap();
        Self { process, rtmp: address("rtmp"), http: address("http"), edge, folder }
    }

    /// Resident memory in KiB: now, and at its highest.
    fn memory(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap())).unwrap();
        let figure = |name| {
            let line = status.lines().find(|line: &&str| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        (figure("VmRSS:"), figure("VmHWM:"))
    }

    /// Processor time in milliseconds.
    fn cpu(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id().unwrap())).unwrap();
        // Behind the name in brackets; ticks are hundredths.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        10 * (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap())
    }

    async fn metrics(&self) -> String {
        let mut socket = TcpStream::connect(self.http).await.unwrap();
        socket.write_all(b"GET /metrics HTTP/1.1\r\nhost: origin\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).await.unwrap();
        text
    }

    /// How often a limit was reached.
    async fn refusals(&self, limit: &str) -> u64 {
        let name = format!("spillway_origin_refusals_total{{limit=\"{limit}\"}} ");
        self.metrics().await.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0)
    }
}

/// A pipeline that writes its input to a file of its own, for every stream.
fn writing_pipeline(folder: &Path) -> PathBuf {
    let path = folder.join("pipeline");
    fs::create_dir(folder.join("fed")).unwrap();
    fs::write(&path, format!("#!/bin/sh\ncat > '{}/fed/'$$\n", folder.display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// An encoder that sends numbered frames until it is told to stop; then says how many.
fn encoder(to: SocketAddr, key: &str) -> (watch::Sender<bool>, JoinHandle<u32>) {
    let (stop, stopped) = watch::channel(false);
    let key = key.to_owned();
    let sending = tokio::spawn(async move {
        let mut client = Attacker::publish(to, &key).await;
        let mut clock = interval(Duration::from_millis(1_000 / RATE));
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut number = 0u32;
        while !*stopped.borrow() {
            clock.tick().await;
            let mut body = vec![0x27, 1, 0, 0, 0];
            body.extend(b"numbered");
            body.extend(number.to_be_bytes());
            body.resize(FRAME, 7);
            assert!(client.send(&message(9, number * 10, &body)).await, "the stream was cut off at frame {number}");
            number += 1;
        }
        // What is on its way arrives before the connection ends.
        client.send(&message(20, 0, b"\x02\0\x0cdeleteStream\0\0\0\0\0\0\0\0\0\x05")).await;
        client.hears("NetStream.Unpublish.Success").await;
        number
    });
    (stop, sending)
}

/// The numbers of the frames that the stream's pipeline was fed.
fn fed(folder: &Path) -> Vec<u32> {
    let files = fs::read_dir(folder.join("fed")).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    let all = files.map(|bytes| numbers(&bytes));
    all.max_by_key(Vec::len).unwrap()
}

fn numbers(mut bytes: &[u8]) -> Vec<u32> {
    let mut numbers = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk() {
        let (kind, length) = pipe::header(*head).unwrap();
        let Some((payload, rest)) = rest.split_at_checked(length) else { break };
        bytes = rest;
        if let ToPipeline::Video(_, body) = ToPipeline::decode(kind, payload).unwrap()
            && let Some((number, _)) =
                body.get(5..).and_then(|body| body.strip_prefix(b"numbered")?.split_first_chunk())
        {
            assert_eq!(body.len(), FRAME);
            numbers.push(u32::from_be_bytes(*number));
        }
    }
    numbers
}

/// A key that is formed like one.
fn wrong(key: &str, n: u32) -> String {
    format!("{}{n:06}", &key[..key.len() - 6])
}

/// Bytes without sense, the same every time.
fn noise(length: usize, mut seed: u64) -> Vec<u8> {
    let next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Sends this; the other side must hang up.
async fn send_and_be_closed(mut attacker: Attacker, bytes: Vec<u8>) {
    // It may well be cut off in the middle.
    attacker.send(&bytes).await;
    attacker.closed().await;
}

/// Sends this, and no more: it may look like the beginning of something that is waited for.
async fn send_and_leave(mut attacker: Attacker, bytes: Vec<u8>) {
    attacker.send(&bytes).await;
    attacker.finish().await;
    attacker.closed().await;
}

/// Sends this a byte at a time; the other side must hang up.
async fn drip(to: SocketAddr, ahead: Vec<u8>, bytes: Vec<u8>, every: Duration) {
    let mut attacker = Attacker::connect(to).await;
    assert!(attacker.send(&ahead).await);
    for byte in bytes {
        if !attacker.send(&[byte]).await {
            break;
        }
        tokio::time::sleep(every).await;
    }
    attacker.closed().await;
}

/// 500 connections that stop in the middle of their handshakes.
async fn half_handshakes(to: SocketAddr) -> Vec<Attacker> {
    let mut half = Vec::new();
    for _ in 0..500 {
        let mut attacker = Attacker::connect(to).await;
        attacker.send(&hello()[..700]).await;
        half.push(attacker);
    }
    half
}

/// What must not be sent behind a handshake, nor behind `publish`.
fn bombs() -> Vec<Vec<u8>> {
    let chunk_size = |size: u32| message(1, 0, &size.to_be_bytes());
    let wide = |id: u16| [&[1, id.to_le_bytes()[0], id.to_le_bytes()[1]], &header(0, 1, 8)[1..], b"x"].concat();
    vec![
        // Chunks of two gigabytes, and as many long messages as possible begun in them.
        [chunk_size(0x7fff_ffff), (4..60).flat_map(|id| header(id, 0x00ff_ffff, 9)).collect()].concat(),
        (4..60).flat_map(|id| [header(id, 8 * 1024 * 1024, 9), vec![0; 128]].concat()).collect(),
        [chunk_size(1), header(4, 60_000, 9), [0xc4, 0].repeat(60_000)].concat(),
        (0..10_000).flat_map(wide).collect(),
        message(20, 0, &b"\x0a\0\0\0\x01".repeat(10_000)),
        message(20, 0, &b"\x03\0\x01a".repeat(10_000)),
        message(20, 0, &[b"\x0a\xff\xff\xff\xff".as_slice(), &vec![5; 60_000]].concat()),
        message(20, 0, b"\x0c\xff\xff\xff\xff"),
        [message(8, 0, &[]), vec![0xc4; 200_000]].concat(),
        message(18, 0, &vec![2; 100_000]),
    ]
}

/// A hundred a second, one refused connection each.
async fn wrong_keys(to: SocketAddr, key: String) {
    let mut clock = interval(Duration::from_millis(10));
    let mut trying = JoinSet::new();
    for n in 0..100 {
        clock.tick().await;
        let bytes = [hello(), commands(&wrong(&key, n))].concat();
        trying.spawn(async move { send_and_be_closed(Attacker::connect(to).await, bytes).await });
    }
    while let Some(tried) = trying.join_next().await {
        tried.unwrap();
    }
}

/// Everything at once, each to its end.
async fn attack(to: SocketAddr, key: &str) {
    let mut attacks = JoinSet::new();
    // First, so that they and not the others are shown out when it gets crowded.
    for attacker in half_handshakes(to).await {
        attacks.spawn(async move { drop(attacker.closed().await) });
    }
    let flood = message(9, 0, &[vec![0x27, 1], vec![0; 1_000_000]].concat()).repeat(20);
    // Whoever has a good key shows it before so many wrong ones come from its address.
    for bytes in bombs().into_iter().chain([flood]) {
        attacks.spawn(send_and_be_closed(Attacker::publish(to, key).await, bytes));
    }
    for n in 1..10 {
        attacks.spawn(send_and_leave(Attacker::publish(to, key).await, noise(64 * 1024, n)));
    }
    let pings = message(4, 0, &[0, 6, 1, 2, 3, 4]).repeat(100);
    let filler = message(15, 0, &vec![0; 60_000]).repeat(5);
    for bytes in bombs().into_iter().chain([pings, filler]) {
        attacks.spawn(send_and_be_closed(Attacker::connect(to).await, [hello(), bytes].concat()));
    }
    for n in 100..120 {
        attacks.spawn(send_and_leave(Attacker::connect(to).await, [hello(), noise(64 * 1024, n)].concat()));
        attacks.spawn(send_and_leave(Attacker::connect(to).await, noise(64 * 1024, 100 + n)));
    }
    let slow = Duration::from_millis(100);
    attacks.spawn(drip(to, Vec::new(), hello(), slow));
    attacks.spawn(drip(to, hello(), commands(key), slow));
    attacks.spawn(drip(to, Vec::new(), hello(), Duration::ZERO));
    attacks.spawn(wrong_keys(to, key.to_owned()));
    while let Some(done) = attacks.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attacks_leave_the_memory_flat_and_a_stream_beside_them_whole() {
    let origin = Origin::start(&[
        "--max-unauthenticated-per-address=1000",
        "--max-connections-per-address=1000",
        "--handshake-seconds=2",
        "--key-seconds=3",
        "--max-bitrate=8000000",
    ])
    .await;
    let (stop, sending) = encoder(origin.rtmp, &origin.edge.key);
    origin.edge.hears(|heard| heard.health > 1).await;
    let (quiet, cpu, began) = (origin.memory().0, origin.cpu(), Instant::now());

    let mut rounds = Vec::new();
    for _ in 0..4 {
        attack(origin.rtmp, &origin.edge.key).await;
        rounds.push(origin.memory());
    }
    let (cpu, took) = (origin.cpu() - cpu, began.elapsed());
    println!(
        "RSS in KiB: {quiet} before, after each round, and at most by then: {rounds:?}; processor: {cpu} ms in {took:?}"
    );
    assert!(rounds[3].1 < rounds[1].1 + FLAT.0, "memory grows with every round: {rounds:?} KiB");
    assert!(rounds[3].1 < quiet + FLAT.1, "memory: {quiet} KiB before, then {rounds:?}");

    stop.send_replace(true);
    let sent = timeout(Duration::from_secs(10), sending).await.unwrap().unwrap();
    let wanted: Vec<u32> = (0..sent).collect();
    let arrived = async {
        while fed(origin.folder.path()).len() < wanted.len() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = timeout(Duration::from_secs(10), arrived).await;
    let fed = fed(origin.folder.path());
    assert!(fed == wanted, "{} frames of {sent} came through", fed.len());

    for limit in [
        "Unauthenticated",
        "RefusedKeys",
        "SetupBytes",
        "SetupMessages",
        "HandshakeTime",
        "KeyTime",
        "MessageSize",
        "ChunkStreams",
        "ChunkSize",
        "AmfValues",
        "AmfDepth",
        "Bitrate",
        "MessageRate",
    ] {
        assert!(origin.refusals(limit).await > 0, "{limit} has no refusals:\n{}", origin.metrics().await);
    }
    let open = origin.metrics().await;
    assert!(open.contains("spillway_origin_connections 0"), "{open}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_do_not_reach_the_edge_a_hundred_times_a_second() {
    let origin = Origin::start(&[]).await;
    let began = Instant::now();
    let mut clock = interval(Duration::from_millis(10));
    let mut told = 0;
    for n in 0..200 {
        clock.tick().await;
        let mut attacker = Attacker::connect(origin.rtmp).await;
        attacker.send(&[hello(), commands(&wrong(&origin.edge.key, n))].concat()).await;
        told += u32::from(attacker.closed().await.contains("Too many refused keys"));
    }
    let forgiven = u32::try_from(began.elapsed().as_secs()).unwrap() + 1;
    assert!((20..=20 + forgiven).contains(&origin.edge.asked()), "asked {} times", origin.edge.asked());
    assert_eq!(told + origin.edge.asked(), 200, "everyone else is told why");
    assert_eq!(origin.refusals("RefusedKeys").await, u64::from(told));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_handshakes_of_one_address_and_of_many_keep_no_encoder_out() {
    // One address: its own seats are all that it gets.
    let origin = Origin::start(&[]).await;
    for attacker in half_handshakes(origin.rtmp).await {
        attacker.closed().await;
    }
    assert_eq!(origin.refusals("UnauthenticatedPerAddress").await, 500 - 16);
    assert_eq!(origin.refusals("HandshakeTime").await, 16);
    let _ = Attacker::publish(origin.rtmp, &origin.edge.key).await;

    // As if from many: all seats for the unknown are taken when an encoder comes.
    let origin = Origin::start(&["--max-unauthenticated-per-address=1000", "--max-connections-per-address=1000"]).await;
    let _half = half_handshakes(origin.rtmp).await;
    let began = Instant::now();
    let _ = Attacker::publish(origin.rtmp, &origin.edge.key).await;
    assert!(began.elapsed() < Duration::from_secs(2), "it takes a seat at once: {:?}", began.elapsed());
}
