//! Playlists that are waited for: what is held, what is refused, and when a wait is over.

use std::time::{Duration, Instant};

use harness::{Api, Broadcast, LIMIT, Reply, edge, eventually, node::media::Live};
use serde_json::json;
use spillway_protocol::problem::Code;

/// Three target durations, after which a server says that nothing comes.
const PATIENCE: Duration = Duration::from_secs(6);

async fn until_listed(api: &Api, path: &str, says: &str) -> Reply {
    eventually(&format!("{path} says {says}"), LIMIT, async || {
        let reply = api.get(path).send().await;
        (reply.status == 200 && reply.text().contains(says)).then_some(reply)
    })
    .await
}

/// A live stream of one segment, and its picture's playlist.
async fn live() -> (Broadcast, Live, String) {
    let system = edge().await;
    let stream = Broadcast::create(&system.api()).await;
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    let path = format!("/play/public/{}/video.m3u8", stream.id);
    until_listed(stream.api(), &path, "0.m4s").await;
    (stream, live, path)
}

#[tokio::test]
async fn a_reload_is_held_until_what_it_asks_for_is_listed() {
    let (stream, mut live, path) = live().await;
    let asked = format!("{path}?_HLS_msn=1&_HLS_part=0");
    let held = async {
        let begun = Instant::now();
        let reply = stream.api().get(&asked).send().await;
        (reply, begun.elapsed())
    };
    let later = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        live.segment().await;
    };
    let ((reply, waited), ()) = tokio::join!(held, later);
    assert!(reply.text().contains("video/1.0.m4s"), "{}", reply.text());
    assert!(waited > Duration::from_millis(650), "it was answered after {waited:?}");
    assert_eq!(reply.header("cache-control"), "public, max-age=12", "what was waited for stays as it is");
    // A part past the segment's last is the next segment's first.
    let begun = Instant::now();
    stream.api().get(&format!("{path}?_HLS_msn=0&_HLS_part=7")).send().await.text();
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn directives_that_mean_nothing_are_refused_at_once() {
    let (stream, _live, path) = live().await;
    for query in
        ["_HLS_part=0", "_HLS_msn=3", "_HLS_msn=1&_HLS_part=9", "_HLS_msn=x", "_HLS_msn=1&_HLS_msn=1", "_HLS_msn=-1"]
    {
        let begun = Instant::now();
        stream.api().get(&format!("{path}?{query}")).send().await.refused(Code::Malformed);
        assert!(begun.elapsed() < Duration::from_secs(2), "{query} was held");
    }
    // Whatever else is in a query means nothing.
    assert_eq!(stream.api().get(&format!("{path}?session=1&_HLS_future=1")).send().await.status, 200);
    let index = path.replace("video.m3u8", "index.m3u8?_HLS_part=0");
    assert_eq!(stream.api().get(&index).send().await.status, 200);
}

#[tokio::test]
async fn what_does_not_come_is_said_not_to() {
    let (stream, _live, path) = live().await;
    let begun = Instant::now();
    // The RFC asks for a 503; all other replies of ours have none.
    let reply = reqwest::get(format!("{}{path}?_HLS_msn=1", stream.api().url())).await.unwrap();
    assert_eq!(reply.status(), 503);
    let waited = begun.elapsed();
    assert!(waited >= PATIENCE && waited < PATIENCE * 2, "after {waited:?}");
}

#[tokio::test]
async fn the_end_answers_whoever_waits_and_nothing_is_held_behind_it() {
    let (stream, _live, path) = live().await;
    let asked = format!("{path}?_HLS_msn=2");
    let held = stream.api().get(&asked).send();
    let end = async {
        stream.creator.stream_call(stream.id, "end").send().await.value(200);
    };
    let (reply, ()) = tokio::join!(held, end);
    // Its encoder says nothing more: it is waited for, a while.
    assert!(reply.status == 503 || reply.text().contains("#EXT-X-ENDLIST"), "{}", reply.text());
    until_listed(stream.api(), &path, "#EXT-X-ENDLIST").await;
    let begun = Instant::now();
    let after = stream.api().get(&format!("{path}?_HLS_msn=99&_HLS_part=3&_HLS_skip=YES")).send().await;
    assert!(after.text().contains("#EXT-X-ENDLIST") && !after.text().contains("#EXT-X-PRELOAD-HINT"));
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_part_is_held_only_where_it_is_hinted_at() {
    let (stream, mut live, path) = live().await;
    let base = path.replace("video.m3u8", "");
    let part = |number: u32| format!("{base}{}/video/{number}.0.m4s", live.epoch.0);
    let begun = Instant::now();
    stream.api().get(&part(9)).send().await.refused(Code::NotFound);
    assert!(begun.elapsed() < Duration::from_secs(1));
    let hinted = part(1);
    let held = stream.api().get(&hinted).send();
    let (reply, _) = tokio::join!(held, live.segment());
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_stream_that_is_closed_to_strangers_is_closed_to_those_who_wait() {
    let (stream, mut live, path) = live().await;
    let asked = format!("{path}?_HLS_msn=1");
    let held = stream.api().get(&asked).send();
    let close = async {
        let gated = json!({ "isSubscriberOnly": true });
        stream.api().patch(&stream.path(""), gated).by(&stream.creator).send().await.value(200);
        live.segment().await;
    };
    let (reply, ()) = tokio::join!(held, close);
    reply.refused(Code::ProofInvalid);
}
