//! What fails around a live stream: its pipeline dies or hangs, R2 does not take its media. The encoder and the rest of the origin
//! go on. Needs `ffmpeg` and the built `spillway-pipeline`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, and nothing else has"
)]

mod edge;
mod faulty;
mod house;

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use edge::{Edge, Heard, assert_parts, object_of};
use faulty::{Faulty, Mood};
use house::{House, ffmpeg};
use spillway_protocol::{
    link::{EndReason, Report, SegmentReport},
    media::{Epoch, MediaObject, ObjectName, RenditionId},
};
use tokio::{process::Command, time::timeout};

/// A rendition's segments as they were told, `true` for gaps.
fn segments(reports: &[Report], rendition: &RenditionId) -> Vec<(SegmentReport, bool)> {
    let told = reports.iter().filter_map(|report| match report {
        Report::Segment(segment) => Some((segment.clone(), false)),
        Report::Gap(segment) => Some((segment.clone(), true)),
        _ => None,
    });
    told.filter(|(segment, _)| segment.rendition == *rendition).collect()
}

fn whole(heard: &Heard) -> usize {
    heard.reports.iter().filter(|report| matches!(report, Report::Segment(_))).count()
}

fn gaps(heard: &Heard) -> usize {
    heard.reports.iter().filter(|report| matches!(report, Report::Gap(_))).count()
}

/// Numbers rise, and each segment begins where the one before it ended: nothing is missing, nothing comes twice.
fn assert_seamless(reports: &[Report], rendition: &RenditionId) {
    let told = segments(reports, rendition);
    for pair in told.windows(2) {
        let (before, after) = (&pair[0].0, &pair[1].0);
        assert!(before.segment < after.segment, "{before:?} {after:?}");
        let hole = after.start_us.abs_diff(before.start_us + before.duration_us);
        assert!(hole <= 3_000, "{hole} µs between {before:?} and {after:?}");
    }
}

/// Each run of segments decodes, behind its own init section, without a word.
async fn assert_decodes(edge: &Edge, reports: &[Report], rendition: &RenditionId, dir: &Path) {
    let mut files: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for (segment, _) in segments(reports, rendition).into_iter().filter(|(_, gap)| !gap) {
        let object = |name| MediaObject { epoch: Epoch(1), rendition: rendition.clone(), name };
        let init = object(ObjectName::Init { version: segment.init });
        let (init, media) =
            (edge.object(&init).await, edge.object(&object(ObjectName::Segment(segment.segment))).await);
        files.entry(segment.init).or_insert(init).extend(media);
    }
    for (init, bytes) in files {
        let file = dir.join(format!("{rendition}{init}.mp4"));
        std::fs::write(&file, bytes).unwrap();
        let mut decoder = Command::new("ffmpeg");
        let output = decoder.args(["-v", "warning", "-i"]).arg(&file).args(["-f", "null", "-"]).output().await.unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Does `harm` to the pipeline of a running stream: the media goes on in the same epoch, behind one discontinuity.
async fn survives(signal: &str, within: Duration, rungs: &[u16]) {
    let house = House::open().await;
    house.edge.allow(rungs);
    let mut encoder = ffmpeg(&house.origin, &house.edge.key, 60);
    // In the middle of a segment.
    let parts = |heard: &Heard| heard.reports.iter().rev().take_while(|r| matches!(r, Report::Part(_))).count();
    house.edge.hears(|heard| whole(heard) >= 4 && parts(heard) >= 4).await;
    let first = house.pipeline_pid();
    house.signal_pipeline(signal).await;
    let harmed = Instant::now();
    let anew = |heard: &Heard| heard.reports.iter().any(|r| matches!(r, Report::Track { init: 1, .. }));
    let new_part = |heard: &Heard| anew(heard) && matches!(heard.reports.last(), Some(Report::Part(_)));
    house.edge.hears(new_part).await;
    assert!(harmed.elapsed() < within, "{:?}", harmed.elapsed());
    println!("went on after {:?}", harmed.elapsed());
    assert_ne!(house.pipeline_pid(), first);

    let so_far = whole(&house.edge.hears(new_part).await);
    house.edge.hears(|heard| whole(heard) >= so_far + 4 && heard.warnings.contains("PIPELINE_RESTARTED")).await;
    assert!(encoder.try_wait().unwrap().is_none(), "the encoder was let go");
    encoder.kill().await.unwrap();
    let heard = house.edge.hears(Heard::has_ended).await;
    assert_eq!(heard.reports.last(), Some(&Report::Ended { reason: EndReason::Lost }));
    assert_eq!(heard.missing, [] as [String; 0], "told before the store had it");
    assert_eq!(house.edge.asked(), 1);
    assert_parts(&heard.reports);
    for rendition in [RenditionId::video(), RenditionId::audio()] {
        assert_seamless(&heard.reports, &rendition);
        let inits: Vec<_> = segments(&heard.reports, &rendition).iter().map(|(segment, _)| segment.init).collect();
        assert!(inits.is_sorted() && inits.first() == Some(&0) && inits.last() == Some(&1), "{inits:?}");
        assert_decodes(&house.edge, &heard.reports, &rendition, house.state.path()).await;
    }
    for rung in rungs.iter().map(|lines| RenditionId::rung(*lines)) {
        let told = segments(&heard.reports, &rung);
        assert!(told.windows(2).all(|pair| {
            let (before, after) = (&pair[0].0, &pair[1].0);
            before.segment < after.segment && before.start_us + before.duration_us <= after.start_us + 3_000
        }));
        assert_eq!((told.first().map(|(s, _)| s.init), told.last().map(|(s, _)| s.init)), (Some(0), Some(1)));
        assert_decodes(&house.edge, &heard.reports, &rung, house.state.path()).await;
        // Segments of one number are of one time.
        let video = segments(&heard.reports, &RenditionId::video());
        for (segment, _) in &told {
            let same = video.iter().find(|(video, _)| video.segment == segment.segment);
            assert!(same.is_none_or(|(video, _)| video.start_us.abs_diff(segment.start_us) < 3_000), "{segment:?}");
        }
    }
    let objects: Vec<_> = heard.reports.iter().filter_map(|report| object_of(report, Epoch(1))).collect();
    let names: std::collections::BTreeSet<_> = objects.iter().map(MediaObject::path).collect();
    assert_eq!(names.len(), objects.len(), "a name was told twice");
    let metrics = house.get("/metrics").await;
    assert!(metrics.contains("spillway_origin_pipeline_restarts_total 1"), "{metrics}");
    house.origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_that_is_killed_is_replaced_and_nothing_is_lost() {
    survives("-KILL", Duration::from_secs(3), &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_that_hangs_is_replaced_and_nothing_is_lost() {
    // That it hangs is known after 2.5 s at the latest.
    survives("-STOP", Duration::from_secs(4), &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rungs_come_again_when_a_pipeline_is_killed() {
    survives("-KILL", Duration::from_secs(3), &[90]).await;
}

/// Publishes while R2 is in this mood for as long as it takes until gaps are told; then the newest media is told again.
async fn outlives(mood: Mood) {
    let edge = Edge::start().await;
    let faulty = Faulty::new(edge.store.clone());
    let house = House::with_store(edge, faulty.clone()).await;
    let mut encoder = ffmpeg(&house.origin, &house.edge.key, 120);
    let before = whole(&house.edge.hears(|heard| whole(heard) >= 4).await);

    faulty.set(mood);
    let heard = house.edge.hears(|heard| gaps(heard) >= 4).await;
    // What was on its way when it began may have arrived.
    assert!(whole(&heard) <= before + 4, "{} segments were told", whole(&heard));
    let waiting = files(&house.state.path().join("outbox"));
    assert!(waiting < 64, "{waiting} objects are on the disk");
    let health = house.get("/healthz").await;
    assert!(health.contains(r#""status":"degraded""#) && !health.contains(r#""r2FailingSince":null"#), "{health}");
    assert!(encoder.try_wait().unwrap().is_none(), "the encoder was let go");

    let before = whole(&house.edge.hears(|_| true).await);
    faulty.set(Mood::Well);
    let mended = Instant::now();
    // Within a segment's length and the longest wait between two attempts.
    let told = timeout(Duration::from_secs(9), house.edge.hears(|heard| whole(heard) >= before + 4)).await;
    told.expect("the newest media is not told");
    println!("told again after {:?}", mended.elapsed());
    // An attempt that hung may yet fail behind the first that succeeds; with each further segment it is looked again.
    let well = async {
        let mut told = before + 4;
        while !house.get("/healthz").await.contains(r#""r2FailingSince":null"#) {
            told += 1;
            house.edge.hears(|heard| whole(heard) >= told).await;
        }
    };
    timeout(Duration::from_secs(9), well).await.expect("R2 is said to fail still");
    encoder.kill().await.unwrap();
    let heard = house.edge.hears(Heard::has_ended).await;
    assert_eq!(heard.missing, [] as [String; 0], "told before the store had it");
    assert!(heard.warnings.contains("STORAGE_SLOW"), "{:?}", heard.warnings);
    for rendition in [RenditionId::video(), RenditionId::audio()] {
        assert_seamless(&heard.reports, &rendition);
        let told = segments(&heard.reports, &rendition);
        let indices: Vec<_> = told.iter().map(|(segment, _)| segment.segment.0 as usize).collect();
        assert_eq!(indices, (0..told.len()).collect::<Vec<_>>(), "each has its place");
        assert!(told.iter().any(|(_, gap)| *gap));
        assert!(!told.last().unwrap().1, "the end is there");
        assert_decodes(&house.edge, &heard.reports, &rendition, house.state.path()).await;
    }
    house.origin.stop().await;
}

fn files(dir: &Path) -> usize {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_that_fails_leaves_gaps_and_what_comes_after_is_told_at_once() {
    outlives(Mood::Failing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_that_hangs_leaves_gaps_and_what_comes_after_is_told_at_once() {
    outlives(Mood::Hanging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_that_is_slow_costs_parts_and_no_segment() {
    let edge = Edge::start().await;
    let faulty = Faulty::new(edge.store.clone());
    let house = House::with_store(edge, faulty.clone()).await;
    faulty.set(Mood::Slow(Duration::from_millis(2_500)));
    let _encoder = ffmpeg(&house.origin, &house.edge.key, 60);
    let heard = house.edge.hears(|heard| whole(heard) >= 10).await;
    assert_eq!((gaps(&heard), heard.missing.len()), (0, 0));
    assert!(heard.reports.iter().any(|report| matches!(report, Report::PartGap(_))));
    assert!(!heard.reports.contains(&Report::Skipped), "a part that is missing has its place");
    assert_seamless(&heard.reports, &RenditionId::video());
    house.origin.stop().await;
}
