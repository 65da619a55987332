//! Whatever is reported, in whatever order: playlists stay valid, and a restored timeline goes on as if nothing had been.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::format_push_string)]

mod validator;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use spillway_hls::{Row, Snapshot, Timeline, render};
use spillway_protocol::{
    link::{EndReason, PartReport, Report, SegmentReport},
    media::{Epoch, PartIndex, RenditionId, SegmentIndex, Track, TrackKind},
    time::Timestamp,
};
use validator::Follower;

/// What happens to a stream.
#[derive(Debug, Clone)]
enum Event {
    /// A publisher came, with these renditions.
    Publish { renditions: u8, target_ms: u32 },
    /// The encoder went over a segment's end; `lost` renditions are not told of it, those of `missing` are told as such, and
    /// `back` turns their order round.
    Cut { ms: u32, lost: u8, missing: u8, back: bool, keyframe: bool },
    /// The pipeline began anew: the numbers behind the newest are left out, no time is.
    Anew { skipped: u32 },
    /// A rendition's codec changed.
    NewInit { rendition: u8 },
    /// A part of the open segment came.
    Part { rendition: u8 },
    /// A report is told once more.
    Again { back: usize },
    /// An older publisher reports a segment of its own.
    Straggler { age: u32, rendition: u8 },
    /// The publisher is gone.
    Gone,
    /// Something that makes no sense.
    Noise { epoch: u32, rendition: u8, index: u32, ms: u32, init: u32 },
    /// The Room was evicted, and is there again.
    Evict,
    /// The stream is over.
    End,
}

fn mask() -> impl Strategy<Value = u8> {
    prop_oneof![6 => Just(0_u8), 1 => 1_u8..8]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => (1_u8..8, 1_000_u32..12_000).prop_map(|(renditions, target_ms)| Event::Publish { renditions, target_ms }),
        24 => (500_u32..5_000, mask(), mask(), any::<bool>(), any::<bool>())
            .prop_map(|(ms, lost, missing, back, keyframe)| Event::Cut { ms, lost, missing, back, keyframe }),
        1 => (0_u32..3).prop_map(|skipped| Event::Anew { skipped }),
        1 => (0_u8..3).prop_map(|rendition| Event::NewInit { rendition }),
        6 => (0_u8..3).prop_map(|rendition| Event::Part { rendition }),
        3 => (0_usize..20).prop_map(|back| Event::Again { back }),
        2 => (1_u32..3, 0_u8..3).prop_map(|(age, rendition)| Event::Straggler { age, rendition }),
        1 => Just(Event::Gone),
        3 => Just(Event::Evict),
        2 => (0_u32..6, 0_u8..3, 0_u32..40, 0_u32..20_000, 0_u32..3)
            .prop_map(|(epoch, rendition, index, ms, init)| Event::Noise { epoch, rendition, index, ms, init }),
    ]
}

fn rendition(number: u8) -> RenditionId {
    RenditionId::parse(["video", "audio", "audio2"][usize::from(number)]).unwrap()
}

fn track(number: u8) -> Track {
    let kind = match number {
        0 => TrackKind::Video { width: 1280, height: 720, frame_rate_millis: 29_970 },
        _ => TrackKind::Audio { channels: 2, sample_rate: 48_000 },
    };
    Track { rendition: rendition(number), codec: if number == 0 { "avc1.64001f" } else { "mp4a.40.2" }.into(), kind }
}

/// An origin that turns events into reports.
#[derive(Default)]
struct Origin {
    epoch: u32,
    renditions: u8,
    init: [u32; 3],
    parts: [u32; 3],
    index: u32,
    now_us: u64,
    told: Vec<(Epoch, Report)>,
}

impl Origin {
    fn segment(&self, number: u8, ms: u32, keyframe: bool) -> Report {
        Report::Segment(SegmentReport {
            rendition: rendition(number),
            segment: SegmentIndex(self.index),
            start_us: self.now_us,
            duration_us: u64::from(ms) * 1_000 + u64::from(number),
            independent: keyframe,
            size: u64::from(ms) * 300,
            init: self.init[usize::from(number)],
            parts: 3,
        })
    }

    fn tell(&mut self, event: &Event) -> Vec<(Epoch, Report)> {
        let has = |mask: u8, n: u8| mask & (1 << n) != 0;
        let mut reports = Vec::new();
        let mut epoch = self.epoch;
        match *event {
            Event::Publish { renditions, target_ms } => {
                *self = Self { epoch: epoch + 1, renditions, told: std::mem::take(&mut self.told), ..Self::default() };
                epoch += 1;
                let at = Timestamp::from_millis(1_700_000_000_000 + i64::from(epoch) * 60_000);
                reports.push(Report::Started { at, target_ms });
                let tracks = (0..3).filter(|n| has(renditions, *n));
                reports.extend(tracks.map(|n| Report::Track { track: track(n), init: 0 }));
            }
            Event::Cut { ms, lost, missing, back, keyframe } => {
                let told = (0..3).filter(|n| has(self.renditions, *n) && !has(lost, *n));
                reports.extend(told.map(|n| match self.segment(n, ms, keyframe || n > 0) {
                    Report::Segment(segment) if has(missing, n) => Report::Gap(segment),
                    told => told,
                }));
                if back {
                    reports.reverse();
                }
                self.index += 1;
                self.parts = [0; 3];
                self.now_us += u64::from(ms) * 1_000;
            }
            Event::Anew { skipped } => {
                self.index += skipped;
                self.parts = [0; 3];
                for n in (0..3).filter(|n| has(self.renditions, *n)) {
                    self.init[usize::from(n)] += 1;
                    reports.push(Report::Track { track: track(n), init: self.init[usize::from(n)] });
                }
            }
            Event::NewInit { rendition } => {
                self.init[usize::from(rendition)] += 1;
                reports.push(Report::Track { track: track(rendition), init: self.init[usize::from(rendition)] });
            }
            Event::Part { rendition: number } => {
                let part = &mut self.parts[usize::from(number)];
                reports.push(Report::Part(PartReport {
                    rendition: rendition(number),
                    segment: SegmentIndex(self.index),
                    part: PartIndex(*part),
                    start_us: self.now_us + u64::from(*part) * 333_000,
                    duration_us: 333_000,
                    independent: *part == 0,
                    size: 90_000,
                }));
                *part += 1;
            }
            Event::Again { back } => {
                if let Some((old, report)) = self.told.iter().rev().nth(back).cloned() {
                    epoch = old.0;
                    reports.push(report);
                }
            }
            Event::Straggler { age, rendition } => {
                epoch = epoch.saturating_sub(age);
                reports.push(self.segment(rendition, 1_000, true));
            }
            Event::Gone => reports.push(Report::Ended { reason: EndReason::Lost }),
            Event::Noise { epoch: of, rendition: number, index, ms, init } => {
                epoch = of;
                reports.push(Report::Segment(SegmentReport {
                    rendition: rendition(number),
                    segment: SegmentIndex(index),
                    start_us: u64::from(ms) * 7_000,
                    duration_us: u64::from(ms) * 1_000,
                    independent: false,
                    size: 1,
                    init,
                    parts: 1,
                }));
            }
            Event::Evict | Event::End => {}
        }
        let reports: Vec<_> = reports.into_iter().map(|report| (Epoch(epoch), report)).collect();
        self.told.extend(reports.iter().cloned());
        reports
    }
}

/// The Room's table.
#[derive(Default)]
struct Table(BTreeMap<String, String>);

impl Table {
    fn store(&mut self, rows: &[Row]) {
        self.0.extend(rows.iter().map(|row| (row.key(), serde_json::to_string(row).unwrap())));
    }

    fn restore(&self) -> Timeline {
        Timeline::restore(self.0.values().map(|row| serde_json::from_str(row).unwrap()))
    }
}

/// What of a report may be listed from now on.
fn paths(epoch: Epoch, report: &Report) -> Option<String> {
    match report {
        Report::Track { track, init } => Some(format!("{}/{}/init{init}.mp4", epoch.0, track.rendition)),
        Report::Segment(s) => Some(format!("{}/{}/{}.m4s", epoch.0, s.rendition, s.segment.0)),
        _ => None,
    }
}

fn reload(follower: &mut Follower, snapshot: &Snapshot, reported: &BTreeSet<String>) {
    let multivariant = render::multivariant(snapshot);
    assert!(multivariant.contains("#EXT-X-STREAM-INF:"), "{multivariant}");
    let names = (0..3).map(rendition);
    let playlists: BTreeMap<_, _> =
        names.filter_map(|id| Some((id.to_string(), render::media(snapshot, &id)?))).collect();
    for line in multivariant.lines().filter(|line| line.contains(".m3u8")) {
        assert!(playlists.keys().any(|id| line.contains(&format!("{id}.m3u8"))), "{line}: there is no such playlist");
    }
    follower.reload(&playlists, reported);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn playlists_stay_valid_and_a_restored_timeline_goes_on(
        events in proptest::collection::vec(event(), 1..120),
        end in any::<bool>(),
    ) {
        let first = Event::Publish { renditions: 3, target_ms: 4_000 };
        let last = end.then_some(Event::End);
        let (mut timeline, mut origin, mut table) = (Timeline::default(), Origin::default(), Table::default());
        let (mut follower, mut reported) = (Follower::default(), BTreeSet::new());
        let mut was_playable = false;
        for event in std::iter::once(first).chain(events).chain(last) {
            let mut reread = false;
            if matches!(event, Event::End) {
                let change = timeline.end();
                table.store(&change.rows);
                reread |= change.playlists;
            }
            for (epoch, report) in origin.tell(&event) {
                let before = timeline.clone();
                reported.extend(paths(epoch, &report));
                match timeline.apply(epoch, &report) {
                    Ok(change) => {
                        table.store(&change.rows);
                        reread |= change.playlists;
                        prop_assert!(change.playlists || before.snapshot() == timeline.snapshot());
                        prop_assert!(!change.rows.is_empty() || before == timeline);
                    }
                    Err(_) => prop_assert!(before == timeline),
                }
            }
            if matches!(event, Event::Evict | Event::End) {
                let restored = table.restore();
                prop_assert_eq!(&restored, &timeline);
                timeline = restored;
            }
            if !reread {
                continue;
            }
            let snapshot = timeline.snapshot();
            prop_assert!(snapshot.is_some() || !was_playable, "the playlists are gone");
            was_playable = snapshot.is_some();
            if let Some(snapshot) = snapshot {
                let sent: Snapshot = serde_json::from_str(&serde_json::to_string(&snapshot).unwrap()).unwrap();
                prop_assert_eq!(&sent, &snapshot);
                reload(&mut follower, &sent, &reported);
            }
        }
        prop_assert!(table.0.len() <= 1 + 3 * (128 + 1), "rows pile up");
    }
}
