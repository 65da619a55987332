//! One order for everyone: through any number of sockets, drops, resumes and sleep.

use std::time::{Duration, Instant};

use harness::{Broadcast, Person, RoomSocket, edge};
use serde_json::json;
use spillway_protocol::room::{ServerEvent, ServerFrame};

/// The next line of chat, whatever it says.
async fn next_line(socket: &mut RoomSocket) -> (u64, String) {
    socket.until_frame("a line", line_of).await
}

fn line_of(frame: &ServerFrame) -> Option<(u64, String)> {
    match &frame.event {
        ServerEvent::NewMessage(line) => Some((frame.seq.unwrap(), line.message.clone())),
        _ => None,
    }
}

async fn say(stream: &Broadcast, by: &Person, line: &str) {
    stream.api().post(&stream.path("/chat"), json!({ "message": line })).by(by).send().await.value(201);
}

#[tokio::test]
async fn everyone_sees_the_same_order() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let (mut first, _) = stream.enter(None).await;
    let (mut second, _) = stream.enter(None).await;
    let writers = (0..6).map(|n| {
        let (api, stream) = (api.clone(), stream.clone());
        tokio::spawn(async move {
            let (mut socket, _) = stream.enter(Some(&Person::register(&api).await)).await;
            for line in 0..3 {
                socket.say(&format!("{n}-{line}")).await;
                socket.until_line(&format!("{n}-{line}")).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let mut lines = Vec::new();
    for _ in 0..18 {
        let line = next_line(&mut first).await;
        assert_eq!(next_line(&mut second).await, line);
        lines.push(line);
    }
    assert!(lines.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), "{lines:?}");
    for n in 0..6 {
        let own: Vec<_> = lines.iter().filter(|line| line.1.starts_with(&format!("{n}-"))).collect();
        assert!(own.windows(2).all(|pair| pair[0].1 < pair[1].1), "{own:?}");
    }
}

#[tokio::test]
async fn what_was_missed_follows_in_order() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let viewer = Person::register(&api).await;
    say(&stream, &stream.creator, "before").await;
    let (socket, welcome) = stream.enter(Some(&viewer)).await;
    socket.close().await;
    for line in ["one", "two", "three"] {
        say(&stream, &stream.creator, line).await;
    }
    let url = stream.join(Some(&viewer)).await.chat_url.unwrap();
    let mut socket = RoomSocket::open(&url, stream.id).await;
    let resumed = socket.enter(json!({ "lastSeq": welcome.seq, "epoch": welcome.epoch })).await;
    assert!(resumed.resumed);
    assert_eq!((resumed.epoch, resumed.seq), (welcome.epoch, welcome.seq + 3));
    for (n, line) in (1..).zip(["one", "two", "three"]) {
        assert_eq!(next_line(&mut socket).await, (welcome.seq + n, line.to_owned()));
    }
    say(&stream, &stream.creator, "after").await;
    assert_eq!(next_line(&mut socket).await, (welcome.seq + 4, "after".to_owned()));
}

#[tokio::test]
async fn a_place_that_means_nothing_here_starts_over() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    say(&stream, &stream.creator, "hello").await;
    let (_socket, welcome) = stream.enter(None).await;
    for place in [
        json!({ "lastSeq": 0, "epoch": "another" }),
        json!({ "lastSeq": welcome.seq + 1_000_000, "epoch": welcome.epoch }),
        json!({ "lastSeq": welcome.seq }),
    ] {
        let url = stream.join(None).await.chat_url.unwrap();
        let mut socket = RoomSocket::open(&url, stream.id).await;
        let fresh = socket.enter(place.clone()).await;
        assert!(!fresh.resumed, "{place}");
        assert_eq!(fresh.history.iter().filter_map(line_of).map(|(_, line)| line).collect::<Vec<_>>(), ["hello"]);
    }
}

#[tokio::test]
async fn history_is_the_last_fifty() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let writers = (0..11).map(|n| {
        let (api, stream) = (api.clone(), stream.clone());
        tokio::spawn(async move {
            let writer = Person::register(&api).await;
            for line in 0..5 {
                say(&stream, &writer, &format!("{n}-{line}")).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let (_socket, welcome) = stream.enter(None).await;
    let seqs: Vec<u64> = welcome.history.iter().filter_map(line_of).map(|(seq, _)| seq).collect();
    assert_eq!(seqs.len(), 50);
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1));
    assert_eq!(seqs.last(), Some(&welcome.seq));
}

/// Objects hibernate after 10 s without anything to do; pings do not wake them.
#[tokio::test]
async fn a_room_that_sleeps_wakes_for_a_line() {
    let api = edge().await.api();
    let stream = Broadcast::create(&api).await;
    let (mut first, welcome) = stream.enter(None).await;
    let (mut second, _) = stream.enter(Some(&Person::register(&api).await)).await;
    first.until_viewers(2).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(8)).await;
        first.send_text("ping").await;
        second.send_text("ping").await;
    }
    tokio::time::sleep(Duration::from_secs(11)).await;
    let begun = Instant::now();
    say(&stream, &stream.creator, "good morning").await;
    for socket in [&mut first, &mut second] {
        let (seq, _) = socket.until_line("good morning").await;
        assert_eq!(seq, welcome.seq + 1, "the order goes on where it was");
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}
