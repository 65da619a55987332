//! Real encoders push to the real server; the real pipeline cuts; the edge is a small one of our own. Needs `ffmpeg`, `gst-launch-1.0` and
//! the built `spillway-pipeline`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, and nothing else has"
)]

mod edge;
mod house;

use std::{
    collections::BTreeMap,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use edge::{Edge, assert_parts, object_of};
use house::{House, ffmpeg, finished, start, url};
use object_store::Attribute;
use spillway_protocol::{
    link::{EndReason, Report},
    media::{Epoch, MediaObject, ObjectName, PartIndex},
};
use tokio::process::Command;

/// What must hold for any stream's reports, and that its segments are their parts.
async fn assert_sound(edge: &Edge, reports: &[Report], renditions: &[&str]) {
    assert!(matches!(reports.first(), Some(Report::Started { .. })), "{:?}", reports.first());
    let mut parts: BTreeMap<String, Vec<MediaObject>> = BTreeMap::new();
    let mut segments: BTreeMap<String, u32> = BTreeMap::new();
    let (mut tracks, mut ended) = (Vec::new(), BTreeMap::new());
    for report in reports {
        let Some(object) = object_of(report, Epoch(1)) else { continue };
        let rendition = object.rendition.to_string();
        let bytes = edge.object(&object).await;
        match report {
            Report::Track { .. } => {
                assert_eq!(&bytes[4..8], b"ftyp");
                tracks.push(rendition);
            }
            Report::Part(part) => {
                assert!(tracks.contains(&rendition), "a part of {rendition} before its init section");
                let open = parts.entry(rendition.clone()).or_default();
                assert_eq!(part.part, PartIndex(u32::try_from(open.len()).unwrap()));
                assert_eq!(part.segment.0, segments.get(&rendition).copied().unwrap_or(0));
                assert_eq!(part.size, bytes.len() as u64);
                assert!(!ended.get(&rendition).copied().unwrap_or(false), "a part behind its segment's last");
                ended.insert(rendition, part.last);
                open.push(object);
            }
            Report::Segment(segment) => {
                assert_eq!(ended.remove(&rendition), Some(true), "a segment without a last part");
                let mut whole = Vec::new();
                for part in parts.remove(&rendition).unwrap() {
                    whole.extend(edge.object(&part).await);
                }
                assert!(whole == bytes, "{} is not its parts", object.path());
                assert_eq!(segment.size, bytes.len() as u64);
                assert_eq!(segments.insert(rendition, segment.segment.0 + 1).unwrap_or(0), segment.segment.0);
            }
            _ => unreachable!("they have no object"),
        }
    }
    assert!(parts.is_empty(), "parts without a segment: {parts:?}");
    for rendition in renditions {
        assert!(segments.get(*rendition).is_some_and(|count| *count >= 2), "{rendition}: {segments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ffmpeg_is_taken_cut_stored_and_told_in_order() {
    let house = House::open().await;
    let encoder = ffmpeg(&house.origin, &house.edge.key, 6);
    let output = finished(encoder).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let heard = house.edge.hears(edge::Heard::has_ended).await;
    assert_eq!(heard.missing, [] as [String; 0], "told before the store had it");
    assert_eq!(heard.reports.last(), Some(&Report::Ended { reason: EndReason::Unpublished }));
    assert!((3..=8).contains(&heard.health), "health came {} times in six seconds", heard.health);
    assert_sound(&house.edge, &heard.reports, &["video", "audio"]).await;
    assert_parts(&heard.reports);

    let init = object_of(&heard.reports[1], Epoch(1)).unwrap();
    assert!(matches!(init.name, ObjectName::Init { .. }));
    assert_eq!(house.edge.label(&init, Attribute::ContentType).await, init.content_type());
    assert_eq!(house.edge.label(&init, Attribute::CacheControl).await, "public, max-age=31536000, immutable");

    let health = house.get("/healthz").await;
    assert!(health.contains(r#"{"status":"ok","streams":0,"outboxBytes":0,"r2FailingSince":null"#), "{health}");
    let metrics = house.get("/metrics").await;
    assert!(metrics.contains("spillway_origin_publishes_total{outcome=\"Accepted\"} 1"), "{metrics}");
    assert!(metrics.contains("spillway_origin_put_seconds_bucket"), "{metrics}");
    assert!(house.get("/elsewhere").await.starts_with("HTTP/1.1 404"));
    house.origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rungs_that_the_settings_allow_are_made_and_told() {
    let house = House::open().await;
    house.edge.allow(&[480, 120, 90]);
    let encoder = ffmpeg(&house.origin, &house.edge.key, 6);
    let of_a_rung = |report: &Report| matches!(report, Report::Part(part) if part.rendition.as_str() == "90p");
    house.edge.hears(|heard| heard.reports.iter().any(of_a_rung)).await;
    assert!(house.get("/metrics").await.contains("spillway_origin_rungs 2"));
    assert!(finished(encoder).await.status.success());
    let heard = house.edge.hears(edge::Heard::has_ended).await;
    assert_eq!(heard.missing, [] as [String; 0], "told before the store had it");
    assert_sound(&house.edge, &heard.reports, &["video", "audio", "120p", "90p"]).await;
    assert_parts(&heard.reports);
    assert!(heard.warnings.is_empty(), "{:?}", heard.warnings);
    let metrics = house.get("/metrics").await;
    assert!(metrics.contains("spillway_origin_rungs 0") && metrics.contains("spillway_origin_rungs_given_up_total 0"));
    house.origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_the_cpu_for_all_rungs_makes_the_lowest_and_says_so() {
    // Enough to decode a source of the usual size, and for one small rung.
    let house = House::with_cores("0.28").await;
    house.edge.allow(&[120, 90]);
    let encoder = ffmpeg(&house.origin, &house.edge.key, 6);
    house.edge.hears(|heard| heard.warnings.contains("RUNGS_LIMITED")).await;
    assert!(house.get("/metrics").await.contains("spillway_origin_rungs_given_up_total 1"));
    assert!(finished(encoder).await.status.success());
    let heard = house.edge.hears(edge::Heard::has_ended).await;
    assert_sound(&house.edge, &heard.reports, &["video", "audio", "90p"]).await;
    let of_the_other = |report: &Report| object_of(report, Epoch(1)).is_some_and(|o| o.rendition.as_str() == "120p");
    assert!(!heard.reports.iter().any(of_the_other));
    house.origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_epoch_keeps_the_streams_targets() {
    let house = House::open().await;
    house.edge.settle((4_000, 404));
    let output = finished(ffmpeg(&house.origin, &house.edge.key, 6)).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let heard = house.edge.hears(edge::Heard::has_ended).await;
    let Some(Report::Started { target_ms, part_target_ms, .. }) = heard.reports.first() else {
        panic!("{:?}", heard.reports.first())
    };
    assert_eq!((*target_ms, *part_target_ms), (4_000, Some(404)));
    assert_parts(&heard.reports);
    house.origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gstreamer_is_taken_too() {
    let house = House::open().await;
    let location = format!("location={}", url(&house.origin, &house.edge.key));
    let encoder = Command::new("gst-launch-1.0")
        .args([
            "-q",
            "videotestsrc",
            "is-live=true",
            "num-buffers=180",
            "!",
            "video/x-raw,width=320,height=180,framerate=30/1",
        ])
        .args([
            "!",
            "x264enc",
            "key-int-max=30",
            "speed-preset=ultrafast",
            "!",
            "flvmux",
            "streamable=true",
            "name=mux",
        ])
        .args([
            "!",
            "rtmp2sink",
            &location,
            "audiotestsrc",
            "is-live=true",
            "num-buffers=280",
            "!",
            "audioconvert",
            "!",
        ])
        .args(["avenc_aac", "!", "mux."])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let output = finished(encoder).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let heard = house.edge.hears(edge::Heard::has_ended).await;
    assert_eq!(heard.missing, [] as [String; 0]);
    assert_sound(&house.edge, &heard.reports, &["video", "audio"]).await;
    house.origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_opens_nothing_is_refused_before_media() {
    let house = House::open().await;
    let mut wrong = house.edge.key.clone();
    let last = wrong.pop();
    wrong.push(if last == Some('_') { '-' } else { '_' });
    for (key, asked) in [("nonsense", 0), (wrong.as_str(), 1)] {
        let output = finished(ffmpeg(&house.origin, key, 20)).await;
        assert!(!output.status.success(), "{key} was taken");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("Invalid stream key"), "the encoder is told why: {said}");
        assert_eq!(house.edge.asked(), asked, "only what is formed like a key is asked about");
    }
    assert!(house.get("/metrics").await.contains("publishes_total{outcome=\"Refused\"} 2"));
    house.origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_can_have_the_encoder_let_go() {
    let house = House::open().await;
    let encoder = ffmpeg(&house.origin, &house.edge.key, 60);
    house.edge.hears(|heard| heard.reports.iter().any(|report| matches!(report, Report::Part(_)))).await;
    house.edge.stop();
    let began = Instant::now();
    let heard = house.edge.hears(edge::Heard::has_ended).await;
    assert_eq!(heard.reports.last(), Some(&Report::Ended { reason: EndReason::Stopped }));
    assert!(!finished(encoder).await.status.success(), "the encoder notices");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    house.origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_is_killed_counts_as_lost_with_all_it_sent() {
    let house = House::open().await;
    let mut encoder = ffmpeg(&house.origin, &house.edge.key, 60);
    house
        .edge
        .hears(|heard| heard.reports.iter().filter(|report| matches!(report, Report::Segment(_))).count() >= 4)
        .await;
    encoder.kill().await.unwrap();
    let heard = house.edge.hears(edge::Heard::has_ended).await;
    assert_eq!(heard.reports.last(), Some(&Report::Ended { reason: EndReason::Lost }));
    assert_sound(&house.edge, &heard.reports, &["video", "audio"]).await;
    house.origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_encoders_go_and_the_end_is_told_by_the_next_start_at_the_latest() {
    let House { edge, origin, state, .. } = House::open().await;
    let encoder = ffmpeg(&origin, &edge.key, 60);
    edge.hears(|heard| heard.reports.iter().any(|report| matches!(report, Report::Part(_)))).await;
    let began = Instant::now();
    origin.stop().await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(!finished(encoder).await.status.success(), "the encoder notices");
    let origin = start(&edge, edge.store.clone(), state.path(), Path::new("/bin/true")).await;
    let heard = edge.hears(edge::Heard::has_ended).await;
    assert_eq!(heard.reports.last(), Some(&Report::Ended { reason: EndReason::Lost }));
    assert_eq!(heard.missing, [] as [String; 0]);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_that_ends_by_itself_again_and_again_ends_the_publish() {
    let house = House::with_pipeline(Path::new("/bin/true")).await;
    house.edge.allow(&[90]);
    let output = finished(ffmpeg(&house.origin, &house.edge.key, 60)).await;
    assert!(!output.status.success(), "the encoder notices");
    let heard = house.edge.hears(edge::Heard::has_ended).await;
    assert_eq!(heard.reports, [Report::Ended { reason: EndReason::Failed }]);
    let metrics = house.get("/metrics").await;
    assert!(metrics.contains("spillway_origin_pipeline_restarts_total 6"));
    assert!(metrics.contains("spillway_origin_rungs_given_up_total 1"), "the rungs may have been what it died of");
    house.origin.stop().await;
}
