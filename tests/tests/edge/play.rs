//! `GET /play/…`: playlists, media, and what opens them.

use harness::{
    Api, Broadcast, LIMIT, Person, Reply, edge, eventually,
    node::{
        media::{Live, body},
        now,
    },
};
use reqwest::Method;
use serde_json::json;
use spillway_protocol::{
    ids::StreamId,
    problem::Code,
    proof::{Kind, Proof},
};

/// Gets a playlist once it says what is waited for: a Relay hears of it a moment after the Room.
async fn playlist(api: &Api, path: &str, says: &str) -> Reply {
    eventually(&format!("{path} says {says}"), LIMIT, async || {
        let reply = api.get(path).send().await;
        (reply.status == 200 && reply.text().contains(says)).then_some(reply)
    })
    .await
}

async fn gated(api: &Api) -> Broadcast {
    let creator = Person::register(api).await;
    let made = creator.create_stream_with(json!({ "title": "Members", "isSubscriberOnly": true })).await;
    let key = creator.start_stream(made.id).await.stream_key;
    Broadcast::of(&creator, made.id, key)
}

fn proof(kind: Kind, person: &Person, stream: StreamId, life_ms: i64) -> String {
    let secret = SECRET.get().expect("set by `secret`");
    Proof { kind, subject: person.id(), expires: now().plus_millis(life_ms) }.seal(secret.as_bytes(), stream)
}

static SECRET: std::sync::OnceLock<String> = std::sync::OnceLock::new();

async fn system() -> &'static harness::System {
    let system = edge().await;
    SECRET.get_or_init(|| system.secrets.get("PROOF_SECRET").to_owned());
    system
}

#[tokio::test]
async fn playlists_list_what_was_reported() {
    let system = system().await;
    let api = system.api();
    let stream = Broadcast::create(&api).await;
    let mut live = Live::begin(system, &stream, "one").await;
    for _ in 0..3 {
        live.segment().await;
    }
    let base = format!("/play/public/{}", stream.id);
    let multivariant = playlist(&api, &format!("{base}/index.m3u8"), "video.m3u8").await;
    assert_eq!(multivariant.header("content-type"), "application/vnd.apple.mpegurl");
    assert_eq!(multivariant.header("access-control-allow-origin"), "*");
    let text = multivariant.text();
    for part in ["RESOLUTION=1280x720", "CODECS=\"avc1.64001f,mp4a.40.2\"", "URI=\"audio.m3u8\"", "\nvideo.m3u8\n"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let epoch = live.epoch.0;
    let media = playlist(&api, &format!("{base}/video.m3u8"), &format!("{epoch}/video/2.m4s")).await.text();
    let listed: Vec<&str> = media.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(listed, [0, 1, 2].map(|n| format!("{epoch}/video/{n}.m4s")));
    for tag in [
        "#EXT-X-TARGETDURATION:2",
        "#EXT-X-MEDIA-SEQUENCE:0",
        &format!("#EXT-X-MAP:URI=\"{epoch}/video/init0.mp4\""),
        "#EXT-X-PROGRAM-DATE-TIME:",
    ] {
        assert!(media.contains(tag), "{tag} in {media}");
    }
    assert!(!media.contains("#EXT-X-ENDLIST"));
    for line in listed {
        assert_eq!(api.get(&format!("{base}/{line}")).send().await.status, 200, "{line}");
    }
}

#[tokio::test]
async fn what_lies_in_the_bucket_but_was_not_reported_is_not_listed() {
    let system = system().await;
    let api = system.api();
    let stream = Broadcast::create(&api).await;
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    for rendition in ["video", "audio"] {
        let rendition = spillway_protocol::media::RenditionId::parse(rendition).unwrap();
        live.put_segment(&rendition, 1).await;
    }
    let path = format!("/play/public/{}/video.m3u8", stream.id);
    let text = playlist(&api, &path, "/0.m4s").await.text();
    assert!(!text.contains("/1.m4s"), "{text}");
}

#[tokio::test]
async fn nothing_is_there_before_media_is() {
    let api = system().await.api();
    let stream = Broadcast::create(&api).await;
    for file in ["index.m3u8", "video.m3u8", "nosuch.m3u8", "1/video/0.m4s", "1/video/init0.mp4", "..%2f..%2fsecrets"] {
        api.get(&format!("/play/public/{}/{file}", stream.id)).send().await.refused(Code::NotFound);
    }
    api.get("/play/public/stream_01arz3ndektsv4rrffq69g5fav/index.m3u8").send().await.refused(Code::NotFound);
}

#[tokio::test]
async fn media_is_whole_typed_and_kept_for_ever() {
    let system = system().await;
    let api = system.api();
    let stream = Broadcast::create(&api).await;
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    let object = |name: &str| format!("/play/public/{}/{}/{name}", stream.id, live.epoch.0);
    for (name, kind) in [("video/0.m4s", "video/mp4"), ("audio/0.m4s", "audio/mp4"), ("video/init0.mp4", "video/mp4")] {
        // Twice: from R2, and from the cache.
        for _ in 0..2 {
            let reply = api.get(&object(name)).send().await;
            assert_eq!(reply.status, 200, "{name}");
            assert_eq!(reply.header("content-type"), kind);
            assert_eq!(reply.header("access-control-allow-origin"), "*");
            assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
            let expected = if name.ends_with("m4s") { body(0) } else { b"init".to_vec() };
            assert_eq!(reply.body, expected, "{name}");
        }
    }
    let head = api.call(Method::HEAD, &object("video/0.m4s")).send().await;
    assert_eq!((head.status.as_u16(), head.header("content-length"), head.body.len()), (200, "1000", 0));
    let etag = head.header("etag").to_owned();
    api.get(&object("video/0.m4s")).header("if-none-match", &etag).send().await.empty(304);
}

#[tokio::test]
async fn ranges_are_answered_as_asked() {
    let system = system().await;
    let api = system.api();
    let stream = Broadcast::create(&api).await;
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    let path = format!("/play/public/{}/{}/video/0.m4s", stream.id, live.epoch.0);
    let whole = body(0);
    for (range, first, last) in
        [("bytes=0-99", 0, 99), ("bytes=100-", 100, 999), ("bytes=-10", 990, 999), ("bytes=5-5000", 5, 999)]
    {
        let reply = api.get(&path).header("range", range).send().await;
        assert_eq!(reply.status, 206, "{range}");
        assert_eq!(reply.header("content-range"), format!("bytes {first}-{last}/1000"));
        assert_eq!(reply.header("accept-ranges"), "bytes");
        assert_eq!(reply.body, whole[first..=last], "{range}");
    }
    let outside = api.get(&path).header("range", "bytes=1000-").send().await;
    assert_eq!(outside.refused(Code::RangeNotSatisfiable).status, 416);
    assert_eq!(outside.header("content-range"), "bytes */1000");
    for ignored in ["bytes=9-1", "lines=1-2", "bytes=x-"] {
        let reply = api.get(&path).header("range", ignored).send().await;
        assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 1_000), "{ignored}");
    }
}

#[tokio::test]
async fn an_entry_is_traded_for_a_session_that_opens_everything() {
    let system = system().await;
    let api = system.api();
    let stream = gated(&api).await;
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    let url = stream.join(Some(&stream.creator)).await.playback_url.unwrap();
    let redirect = api.get(&url).send().await;
    assert_eq!(redirect.status, 302, "{redirect:?}");
    let location = redirect.header("location").to_owned();
    let base = location.strip_suffix("/index.m3u8").expect("it leads to the multivariant playlist").to_owned();
    let multivariant = playlist(&api, &location, "video.m3u8").await;
    assert!(!multivariant.header("cache-control").contains("public"), "a proof is for its holder");
    playlist(&api, &format!("{base}/video.m3u8"), "/0.m4s").await;
    let media = api.get(&format!("{base}/{}/video/0.m4s", live.epoch.0)).send().await;
    assert_eq!((media.status.as_u16(), &media.body), (200, &body(0)));
    let entry = url.strip_suffix("/index.m3u8").unwrap();
    api.get(&format!("{entry}/video.m3u8")).send().await.refused(Code::ProofInvalid);
    api.get(&format!("{entry}/{}/video/0.m4s", live.epoch.0)).send().await.refused(Code::ProofInvalid);
}

#[tokio::test]
async fn a_gated_stream_has_no_public_path() {
    let system = system().await;
    let api = system.api();
    let stream = gated(&api).await;
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    for file in ["index.m3u8", "video.m3u8", &format!("{}/video/0.m4s", live.epoch.0)] {
        api.get(&format!("/play/public/{}/{file}", stream.id)).send().await.refused(Code::ProofInvalid);
    }
}

#[tokio::test]
async fn only_a_proof_of_ours_for_this_stream_opens_it() {
    let system = system().await;
    let api = system.api();
    let (stream, other) = (gated(&api).await, gated(&api).await);
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    let who = &stream.creator;
    let hour = 3_600_000;
    let good = proof(Kind::Session, who, stream.id, hour);
    let index = |proof: &str| format!("/play/{proof}/{}/index.m3u8", stream.id);
    playlist(&api, &index(&good), "video.m3u8").await;
    let (head, code) = good.rsplit_once('.').unwrap();
    let forged = [
        proof(Kind::Session, who, other.id, hour),
        proof(Kind::Chat, who, stream.id, hour),
        format!("{head}.{}", "A".repeat(code.len())),
        format!("{head}."),
        head.to_owned(),
        format!("{good}A"),
        good.replacen("s.", "e.", 1),
        good.replacen(&who.id().to_string(), &other.creator.id().to_string(), 1),
        "s.a.b.c".to_owned(),
        "x".to_owned(),
    ];
    let media = |proof: &str| format!("/play/{proof}/{}/{}/video/0.m4s", stream.id, live.epoch.0);
    assert_eq!(api.get(&media(&good)).send().await.status, 200);
    for proof in forged {
        api.get(&index(&proof)).send().await.refused(Code::ProofInvalid);
        api.get(&media(&proof)).send().await.refused(Code::ProofInvalid);
    }
    for kind in [Kind::Entry, Kind::Session] {
        let over = proof(kind, who, stream.id, -1_000);
        api.get(&index(&over)).send().await.refused(Code::ProofExpired);
    }
}

#[tokio::test]
async fn the_playlist_ends_when_the_stream_does() {
    let system = system().await;
    let api = system.api();
    let stream = Broadcast::create(&api).await;
    let mut live = Live::begin(system, &stream, "one").await;
    live.segment().await;
    let path = format!("/play/public/{}/video.m3u8", stream.id);
    playlist(&api, &path, "/0.m4s").await;
    let reply = stream.creator.stream_call(stream.id, "end").send().await.value(200);
    assert_eq!(reply["streamId"], json!(stream.id));
    playlist(&api, &path, "#EXT-X-ENDLIST").await;
}
