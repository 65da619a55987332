//! The outbox with a disk, a store and a Room on a socket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use object_store::{ObjectStoreExt, limit::LimitStore, memory::InMemory, path::Path as Key};
use spillway_protocol::{
    ids::StreamId,
    link::{LinkDown, LinkUp, PartReport},
    media::{Epoch, ObjectName, PartIndex, RenditionId, SegmentIndex},
    time::Timestamp,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{accept_async, tungstenite::Message};

use super::*;

/// What the Room has heard, in the order it came.
#[derive(Debug, Default, Clone, PartialEq)]
struct Heard {
    reports: Vec<(u64, Report)>,
    health: usize,
    links: usize,
}

/// A Room: stores what is next, acknowledges, and may hang up once after a report that it has stored.
struct Room {
    url: reqwest::Url,
    heard: watch::Receiver<Heard>,
}

impl Room {
    async fn open(hang_up_after: Option<usize>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let (tell, heard) = watch::channel(Heard::default());
        tokio::spawn(async move {
            let mut hang_up_after = hang_up_after;
            while let Ok((socket, _)) = listener.accept().await {
                tell.send_modify(|heard| heard.links += 1);
                serve(socket, &tell, &mut hang_up_after).await;
            }
        });
        Self { url, heard }
    }

    async fn hears(&mut self, what: impl FnMut(&Heard) -> bool) -> Heard {
        let waiting = self.heard.wait_for(what);
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .expect("the Room was not told in time")
            .unwrap()
            .clone()
    }
}

async fn serve(socket: TcpStream, tell: &watch::Sender<Heard>, hang_up_after: &mut Option<usize>) {
    let mut socket = accept_async(socket).await.unwrap();
    let say = |frame: LinkDown| Message::text(serde_json::to_string(&frame).unwrap());
    let next = tell.borrow().reports.len() as u64;
    socket.send(say(LinkDown::Welcome { next })).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        match serde_json::from_str(&text).unwrap() {
            LinkUp::Report { n, report } => tell.send_modify(|heard| heard.reports.push((n, report))),
            LinkUp::Health(_) => tell.send_modify(|heard| heard.health += 1),
        }
        let count = tell.borrow().reports.len();
        if *hang_up_after == Some(count) {
            *hang_up_after = None;
            return;
        }
        // The owner may have closed it after its last report.
        let _ = socket.send(say(LinkDown::Ack { next: count as u64 })).await;
    }
}

fn key() -> EpochKey {
    EpochKey { stream: StreamId::new(Timestamp::from_millis(1), 1), epoch: Epoch(3) }
}

fn started() -> Item {
    let at = Timestamp::from_millis(5);
    Item::Report { report: Report::Started { at, target_ms: 2_000, part_target_ms: Some(253) }, object: None }
}

fn part(n: u32) -> Item {
    let (rendition, segment, part) = (RenditionId::video(), SegmentIndex(0), PartIndex(n));
    let object = MediaObject { epoch: Epoch(3), rendition: rendition.clone(), name: ObjectName::Part(segment, part) };
    let (start_us, duration_us, independent, last) = (0, 1, true, false);
    let report = PartReport { rendition, segment, part, start_us, duration_us, independent, last, size: 3 };
    Item::Report {
        report: Report::Part(report),
        object: Some((object, vec![Bytes::from_static(b"ab"), Bytes::from_static(b"c")])),
    }
}

fn end(reason: EndReason) -> Item {
    Item::Report { report: Report::Ended { reason }, object: None }
}

fn health() -> Item {
    Item::Health(Health {
        bitrate: 1,
        frame_rate_millis: 1,
        keyframe_interval_ms: None,
        queued_bytes: 0,
        warnings: vec![],
    })
}

fn part_key(n: u32) -> Key {
    Key::from(format!("parts/{}/3/video/0.{n}.m4s", key().stream))
}

async fn open(state: &Path, store: Arc<dyn ObjectStore>, room: &Room) -> Outbox {
    let edge = Arc::new(Edge::new(room.url.clone(), "secret".into()).unwrap());
    Outbox::open(state, store, edge, Arc::new(Metrics::new()), Arc::default()).await.unwrap()
}

async fn send(items: &mpsc::Sender<Item>, all: impl IntoIterator<Item = Item>) {
    for item in all {
        items.send(item).await.unwrap();
    }
}

/// Every report came once, in order, and the last says this.
fn assert_whole(heard: &Heard, count: usize, reason: EndReason) {
    let numbers: Vec<_> = heard.reports.iter().map(|(n, _)| *n).collect();
    assert_eq!(numbers, (0..count as u64).collect::<Vec<_>>());
    assert_eq!(heard.reports.last().unwrap().1, Report::Ended { reason });
}

#[tokio::test]
async fn a_killed_process_repeats_nothing_and_loses_nothing() {
    let state = tempfile::tempdir().unwrap();
    let mut room = Room::open(None).await;
    // A store that takes nothing: what has an object cannot be told.
    let stuck = Arc::new(LimitStore::new(InMemory::new(), 0));
    let outbox = open(state.path(), stuck, &room).await;
    let items = outbox.begin(key(), Dismissal::new()).await.unwrap();
    send(&items, [started(), part(0), part(1)]).await;
    room.hears(|heard| heard.reports.len() == 1).await;
    // Health goes past them: what was told is all that could be.
    let mut told = 1;
    while room.heard.borrow().health == 0 {
        send(&items, [health()]).await;
        told = room.hears(|heard| heard.links > 0).await.reports.len();
        tokio::task::yield_now().await;
    }
    assert_eq!(told, 1, "nothing is told before R2 has it");
    outbox.stop().await;
    drop((items, outbox));

    let store = Arc::new(InMemory::new());
    let outbox = open(state.path(), store.clone(), &room).await;
    assert_eq!(outbox.resume().await.unwrap(), 1);
    let heard = room.hears(|heard| heard.reports.len() == 4).await;
    assert_whole(&heard, 4, EndReason::Lost);
    for n in 0..2 {
        let object = store.get(&part_key(n)).await.unwrap();
        assert_eq!(object.attributes.get(&object_store::Attribute::ContentType).unwrap().as_ref(), "video/mp4");
        assert_eq!(object.bytes().await.unwrap(), "abc");
    }
    outbox.drained().await;
    assert_eq!(open(state.path(), store, &room).await.resume().await.unwrap(), 0, "nothing is left");
}

#[tokio::test]
async fn an_epoch_without_reports_is_ended_by_the_next_process() {
    let state = tempfile::tempdir().unwrap();
    let mut room = Room::open(None).await;
    let store = Arc::new(InMemory::new());
    let outbox = open(state.path(), store.clone(), &room).await;
    let items = outbox.begin(key(), Dismissal::new()).await.unwrap();
    send(&items, [started()]).await;
    room.hears(|heard| heard.reports.len() == 1).await;
    outbox.stop().await;
    let outbox = open(state.path(), store, &room).await;
    outbox.resume().await.unwrap();
    assert_whole(&room.hears(|heard| heard.reports.len() == 2).await, 2, EndReason::Lost);
}

#[tokio::test]
async fn a_link_that_breaks_goes_on_where_the_room_is() {
    let state = tempfile::tempdir().unwrap();
    let mut room = Room::open(Some(2)).await;
    let outbox = open(state.path(), Arc::new(InMemory::new()), &room).await;
    let items = outbox.begin(key(), Dismissal::new()).await.unwrap();
    send(&items, [started(), part(0), part(1), part(2), end(EndReason::Unpublished)]).await;
    let heard = room.hears(|heard| heard.reports.len() == 5).await;
    assert_whole(&heard, 5, EndReason::Unpublished);
    assert_eq!(heard.links, 2);
    outbox.drained().await;
}

#[tokio::test]
async fn a_name_is_written_once() {
    let state = tempfile::tempdir().unwrap();
    let mut room = Room::open(None).await;
    let store = Arc::new(InMemory::new());
    store.put(&part_key(0), "abc".into()).await.unwrap();
    store.put(&part_key(1), "xyz".into()).await.unwrap();
    let outbox = open(state.path(), store.clone(), &room).await;
    let dismissal = Dismissal::new();
    let mut dismissed = dismissal.watch();
    let items = outbox.begin(key(), dismissal).await.unwrap();
    send(&items, [started(), part(0), part(1), part(2)]).await;
    // The same bytes are success; others end the epoch there, and nothing is overwritten.
    assert_whole(&room.hears(|heard| heard.reports.len() == 3).await, 3, EndReason::Failed);
    assert_eq!(*dismissed.wait_for(Option::is_some).await.unwrap(), Some(EndReason::Failed));
    assert_eq!(store.get(&part_key(1)).await.unwrap().bytes().await.unwrap(), "xyz");
    drop(items);
    outbox.drained().await;
}
