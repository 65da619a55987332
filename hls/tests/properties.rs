//! Whatever is reported, in whatever order: playlists stay valid, and a restored timeline goes on as if nothing had been.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::format_push_string)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use spillway_hls::{News, Row, Snapshot, Timeline, render};
use spillway_hls_checker::{Follower, Rule, Violation, check_multivariant, check_presentation};
use spillway_protocol::{
    link::{EndReason, PartReport, Report, SegmentReport},
    media::{Epoch, PartIndex, RenditionId, SegmentIndex, Track, TrackKind},
    time::Timestamp,
};

/// How long a part is, and what that makes PART-TARGET.
const PART_US: u64 = 250_000;
const PART_TARGET_MS: u32 = 253;

/// What happens to a stream.
#[derive(Debug, Clone)]
enum Event {
    /// A publisher came, with these renditions.
    Publish { renditions: u8, target_ms: u32 },
    /// The encoder went over a segment's end; `lost` renditions are not told of it, those of `missing` are told as such, those of
    /// `holed` lack a part, and `back` turns their order round.
    Cut { ms: u32, lost: u8, missing: u8, holed: u8, back: bool, keyframe: bool },
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
    /// A rendition was given up.
    GivenUp { rendition: u8 },
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
        24 => (500_u32..5_000, mask(), mask(), mask(), any::<bool>(), any::<bool>()).prop_map(
            |(ms, lost, missing, holed, back, keyframe)| Event::Cut { ms, lost, missing, holed, back, keyframe }
        ),
        1 => (0_u32..3).prop_map(|skipped| Event::Anew { skipped }),
        1 => (0_u8..3).prop_map(|rendition| Event::NewInit { rendition }),
        6 => (0_u8..3).prop_map(|rendition| Event::Part { rendition }),
        3 => (0_usize..20).prop_map(|back| Event::Again { back }),
        2 => (1_u32..3, 0_u8..3).prop_map(|(age, rendition)| Event::Straggler { age, rendition }),
        1 => (0_u8..3).prop_map(|rendition| Event::GivenUp { rendition }),
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
            parts: self.parts[usize::from(number)],
        })
    }

    /// The next part of a rendition's segment, which lasts `ms` altogether where that is known.
    fn part(&mut self, number: u8, ms: Option<u32>) -> PartReport {
        let part = &mut self.parts[usize::from(number)];
        let (start_us, whole_us) = (u64::from(*part) * PART_US, ms.map(|ms| u64::from(ms) * 1_000 + u64::from(number)));
        let rest_us = whole_us.map_or(u64::MAX, |whole| whole - start_us);
        *part += 1;
        PartReport {
            rendition: rendition(number),
            segment: SegmentIndex(self.index),
            part: PartIndex(*part - 1),
            start_us: self.now_us + start_us,
            duration_us: if rest_us <= PART_US + 2 { rest_us } else { PART_US },
            independent: *part == 1 || number > 0,
            last: rest_us <= PART_US + 2,
            size: 90_000,
        }
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
                reports.push(Report::Started { at, target_ms, part_target_ms: Some(PART_TARGET_MS) });
                let tracks = (0..3).filter(|n| has(renditions, *n));
                reports.extend(tracks.map(|n| Report::Track { track: track(n), init: 0 }));
            }
            Event::Cut { ms, lost, missing, holed, back, keyframe } => {
                let begun = self.parts.iter().max().copied().unwrap_or_default();
                let ms = ms.max(begun * 250 + 100);
                let mut of_each: Vec<Vec<Report>> = Vec::new();
                let renditions = self.renditions;
                for n in (0..3).filter(|n| has(renditions, *n) && !has(lost, *n)) {
                    let mut told = Vec::new();
                    while told
                        .last()
                        .is_none_or(|report| matches!(report, Report::Part(p) | Report::PartGap(p) if !p.last))
                    {
                        let part = self.part(n, Some(ms));
                        let gap = has(holed, n) && part.part.0 == 2;
                        told.push(if gap { Report::PartGap(part) } else { Report::Part(part) });
                    }
                    told.push(match self.segment(n, ms, keyframe || n > 0) {
                        Report::Segment(segment) if has(missing, n) => Report::Gap(segment),
                        told => told,
                    });
                    of_each.push(told);
                }
                if back {
                    of_each.reverse();
                }
                reports.extend(of_each.into_iter().flatten());
                self.index += 1;
                self.parts = [0; 3];
                self.now_us += u64::from(ms) * 1_000;
            }
            Event::Anew { skipped } => {
                // A number of which something was told is not used again.
                self.index += skipped + u32::from(self.parts != [0; 3]);
                self.parts = [0; 3];
                for n in (0..3).filter(|n| has(self.renditions, *n)) {
                    self.init[usize::from(n)] += 1;
                    reports.push(Report::Track { track: track(n), init: self.init[usize::from(n)] });
                }
            }
            // A codec changes where a segment begins.
            Event::NewInit { rendition }
                if self.parts[usize::from(rendition)] > 0 || !has(self.renditions, rendition) => {}
            Event::NewInit { rendition } => {
                self.init[usize::from(rendition)] += 1;
                reports.push(Report::Track { track: track(rendition), init: self.init[usize::from(rendition)] });
            }
            Event::Part { rendition } if !has(self.renditions, rendition) => {}
            Event::Part { rendition: number } => {
                let part = self.part(number, None);
                reports.push(Report::Part(part));
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
            Event::GivenUp { rendition: number } => {
                self.renditions &= !(1 << number);
                self.parts[usize::from(number)] = 0;
                reports.push(Report::TrackEnded { rendition: rendition(number) });
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
        Report::Part(p) => Some(format!("{}/{}/{}.{}.m4s", epoch.0, p.rendition, p.segment.0, p.part.0)),
        _ => None,
    }
}

/// A viewer who looks at everything.
#[derive(Default)]
struct Viewer {
    followers: BTreeMap<String, Follower>,
    reported: BTreeSet<String>,
    /// What a Relay would have.
    known: Option<Snapshot>,
}

impl Viewer {
    fn look(&mut self, snapshot: &Snapshot, delta: bool) {
        News::between(self.known.as_ref(), snapshot).apply(&mut self.known);
        assert_eq!(self.known.as_ref(), Some(snapshot), "news lead elsewhere");
        let multivariant = render::multivariant(snapshot);
        let (_, found) = check_multivariant(&multivariant);
        assert!(found.iter().all(|violation| !violation.is_must()), "{found:?}\n{multivariant}");
        let playlist = |id| Some((format!("{id}.m3u8"), render::media(snapshot, &id, false)?));
        let playlists: BTreeMap<_, _> = (0..3).map(rendition).filter_map(playlist).collect();
        let found = check_presentation(&multivariant, &playlists);
        // Where the date of a gap is a guess, so is what stands beside it.
        let guessed = playlists.values().any(|text| text.contains("#EXT-X-GAP"));
        let broken = |found: &&Violation| found.is_must() && !(guessed && found.rule == Rule::DiscontinuitiesDiffer);
        assert_eq!(found.iter().find(broken), None, "{multivariant}\n{playlists:?}");
        for (uri, whole) in &playlists {
            let delta = delta && self.followers.contains_key(uri);
            let follower = self.followers.entry(uri.clone()).or_default();
            let id = RenditionId::parse(uri.trim_end_matches(".m3u8")).unwrap();
            let text = if delta { render::media(snapshot, &id, true).unwrap() } else { whole.clone() };
            // What was hinted at is not told of a rendition that stands still: its numbers are left out.
            let broken = |violation: &Violation| violation.is_must() && violation.rule != Rule::HintBroken;
            let found: Vec<_> = follower.reload(&text).into_iter().filter(broken).collect();
            assert!(found.is_empty(), "{uri}: {found:?}\n{text}");
        }
        let there =
            |line: &&str| !line.starts_with('#') || line.contains("#EXT-X-MAP") || line.contains("#EXT-X-PART:");
        for text in playlists.values() {
            let mut gap = false;
            for line in text.lines() {
                gap |= line == "#EXT-X-GAP" || line.contains("GAP=YES");
                if there(&line) {
                    let uri = line.split('"').find(|piece| piece.contains('/')).unwrap();
                    assert!(gap || self.reported.contains(uri), "{uri} was not reported");
                    gap = false;
                }
            }
        }
    }
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
        let mut viewer = Viewer::default();
        let (mut was_playable, mut versions) = (false, 0);
        for event in std::iter::once(first).chain(events).chain(last) {
            let mut reread = false;
            if matches!(event, Event::End) {
                let change = timeline.end();
                table.store(&change.rows);
                reread |= change.playlists;
            }
            for (epoch, report) in origin.tell(&event) {
                let before = timeline.clone();
                viewer.reported.extend(paths(epoch, &report));
                match timeline.apply(epoch, &report) {
                    Ok(change) => {
                        table.store(&change.rows);
                        reread |= change.playlists;
                        prop_assert!(change.playlists || before.snapshot(0, 0) == timeline.snapshot(0, 0));
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
            versions += 1;
            let snapshot = timeline.snapshot(versions, 0);
            prop_assert_eq!(snapshot.is_some(), timeline.is_playable());
            prop_assert!(snapshot.is_some() || !was_playable, "the playlists are gone");
            was_playable = snapshot.is_some();
            if let Some(snapshot) = snapshot {
                let sent: Snapshot = serde_json::from_str(&serde_json::to_string(&snapshot).unwrap()).unwrap();
                prop_assert_eq!(&sent, &snapshot);
                viewer.look(&sent, versions % 3 == 0);
            }
        }
        prop_assert!(table.0.len() <= 1 + 3 * (128 + 1), "rows pile up");
    }
}
