//! Chat through restarts of the Worker and through the sleep of its objects.

use std::{collections::HashMap, time::Duration};

use harness::{
    Broadcast, LIMIT, System, eventually,
    faults::{
        Objects,
        chat::{Chat, Client},
    },
};

/// So many lines more are acknowledged.
async fn talk(chat: &Chat, lines: usize) {
    let wanted = chat.said().len() + lines;
    chat.speak();
    eventually("people talk", LIMIT * 4, async || (chat.said().len() >= wanted).then_some(())).await;
}

/// Everyone falls silent, until the Room and its Relay have forgotten all that they do not store.
async fn sleep(chat: &Chat, system: &System) {
    chat.hush();
    Objects::ROOMS.until_asleep(system).await;
    Objects::RELAYS.until_asleep(system).await;
}

/// 20 lines a second, half over HTTP and half over sockets; 50 clients that come back and resume.
#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_told_once_and_in_order_through_restarts_and_sleep() {
    let mut system = System::own("chat");
    let stream = Broadcast::create(&system.api()).await;
    let chat = Chat::begin(&stream, 20, 20, 30).await;
    eventually("all are in the room", LIMIT, async || {
        chat.clients().iter().all(|client| client.log().welcomes > 0).then_some(())
    })
    .await;
    talk(&chat, 60).await;
    system.restart_edge();
    talk(&chat, 60).await;
    sleep(&chat, &system).await;
    talk(&chat, 60).await;
    system.restart_edge();
    talk(&chat, 60).await;
    sleep(&chat, &system).await;
    talk(&chat, 60).await;
    system.restart_edge();
    talk(&chat, 60).await;
    chat.hush();

    // Who writes finishes the line that is under way.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let said = chat.said();
    println!("{} lines acknowledged", said.len());
    for client in chat.clients() {
        has_heard(client, &said).await;
    }
    let order = chat.clients()[0].log().lines;
    for client in chat.clients() {
        let log = client.log();
        assert!(log.wrong.is_empty(), "{:#?}", log.wrong);
        assert!(log.lines == order, "not everyone was told the same");
        assert!(log.welcomes >= 4, "three restarts and {} welcomes", log.welcomes);
    }
    let mut last: HashMap<&str, &str> = HashMap::new();
    for line in &order {
        let (writer, number) = line.split_once(" says ").unwrap();
        let before = last.insert(writer, number);
        assert!(before.is_none_or(|before| before < number), "{writer} says {number} after {before:?}");
    }
}

/// Everything that was acknowledged came, and came once.
async fn has_heard(client: &Client, said: &[String]) {
    let count = |lines: &[String]| {
        lines.iter().fold(HashMap::<String, u32>::new(), |mut counts, line| {
            *counts.entry(line.clone()).or_default() += 1;
            counts
        })
    };
    let counts = eventually("a client was told all lines", LIMIT, async || {
        let counts = count(&client.log().lines);
        said.iter().all(|line| counts.contains_key(line)).then_some(counts)
    })
    .await;
    let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
