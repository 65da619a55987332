//! One publisher at a time, and what its reports make of the stream.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use serde_json::json;
use spillway_protocol::{
    api::{ChatKind, Quality, StreamStatus},
    ids::SourceId,
    limits,
    link::{EndReason, LinkDown, LinkUp, Report, StopReason},
    media::Epoch,
    problem::Code,
    time::Timestamp,
};
use spillway_room::{
    Failed,
    call::room::{Attach, Chat, Claim, History, Revoke},
    room::{Facts, LinkRefused, Output, Room},
};
use support::{Db, at, author, facts, moment, room};

fn source() -> SourceId {
    SourceId::new(at(0), 5)
}

fn claim(publisher: &str) -> Claim {
    Claim { publisher: publisher.to_owned(), source: source(), key_version: 1 }
}

fn code<T: std::fmt::Debug>(result: Result<T, Failed>) -> Code {
    match result {
        Err(Failed::Refused(problem)) => problem.code,
        other => panic!("{other:?}"),
    }
}

fn report(n: u64, report: Report) -> String {
    serde_json::to_string(&LinkUp::Report { n, report }).unwrap()
}

fn started(n: u64) -> String {
    report(n, support::reports()[0].clone())
}

fn track(n: u64) -> String {
    report(n, support::reports()[1].clone())
}

fn segment(n: u64, index: u32) -> String {
    report(n, support::segment(index))
}

fn ended(n: u64, reason: EndReason) -> String {
    report(n, Report::Ended { reason })
}

/// A room that is live since `at(3_000)`, published into by `a`.
fn live(db: &Db) -> Room<Db> {
    let mut room = room(db);
    let epoch = room.claim(&claim("a"), at(0)).unwrap().epoch;
    room.link_opened(epoch, at(0)).unwrap();
    for (n, frame) in [started(0), track(1), segment(2, 0)].iter().enumerate() {
        let next = n as u64 + 1;
        assert_eq!(room.link_frame(epoch, frame, at(3_000)).unwrap(), [LinkDown::Ack { next }]);
    }
    room
}

fn status(room: &Room<Db>) -> StreamStatus {
    room.stats(at(10_000)).status
}

fn stops(room: &mut Room<Db>, now: Timestamp) -> Vec<(Epoch, StopReason)> {
    let outputs = room.poll(now).unwrap().into_iter();
    outputs
        .filter_map(|output| if let Output::Stop(epoch, reason) = output { Some((epoch, reason)) } else { None })
        .collect()
}

#[test]
fn a_publisher_is_told_the_rungs_that_the_settings_allow() {
    let mut room = room(&Db::new());
    assert_eq!(room.claim(&claim("a"), at(0)).unwrap().rungs, [720, 480, 360]);
    for (quality, rungs) in [(Quality::Sd, &[480, 360][..]), (Quality::Fhd, &[1080, 720, 480, 360])] {
        room.reload(Facts { quality, ..facts() }, at(1)).unwrap();
        assert_eq!(room.claim(&claim("a"), at(2)).unwrap().rungs, rungs);
    }
    // What was stored before there were any has the default.
    let mut old = serde_json::to_value(facts()).unwrap();
    old.as_object_mut().unwrap().remove("quality");
    assert_eq!(serde_json::from_value::<Facts>(old).unwrap(), facts());
}

#[test]
fn a_second_publisher_is_refused_while_the_first_is_heard() {
    let mut room = room(&Db::new());
    let first = room.claim(&claim("a"), at(0)).unwrap();
    assert_eq!(first.epoch, Epoch(1));
    assert_eq!(room.claim(&claim("a"), at(10)).unwrap(), first, "the same request again");
    assert_eq!(code(room.claim(&claim("b"), at(limits::TAKEOVER_MS - 1))), Code::PublisherActive);
    let health = json!({"type": "Health", "data": {"bitrate": 1, "frameRateMillis": 1, "keyframeIntervalMs": null,
        "queuedBytes": 0, "warnings": []}});
    let health = health.to_string().replace("Health", "health");
    assert_eq!(room.link_frame(Epoch(1), &health, at(5_000)).unwrap(), []);
    assert_eq!(code(room.claim(&claim("b"), at(6_999))), Code::PublisherActive);
    assert_eq!(room.claim(&claim("b"), at(7_000)).unwrap().epoch, Epoch(2));
    assert_eq!(stops(&mut room, at(7_000)), [(Epoch(1), StopReason::Superseded)]);
}

#[test]
fn the_stream_is_live_when_a_segment_can_be_listed_and_not_before() {
    let db = Db::new();
    let mut room = room(&db);
    let epoch = room.claim(&claim("a"), at(0)).unwrap().epoch;
    assert_eq!(room.link_opened(epoch, at(1)).unwrap(), [LinkDown::Welcome { next: 0 }]);
    room.link_frame(epoch, &started(0), at(2)).unwrap();
    room.link_frame(epoch, &track(1), at(3)).unwrap();
    assert_eq!(status(&room), StreamStatus::Scheduled);
    room.link_frame(epoch, &segment(2, 0), at(4)).unwrap();
    assert_eq!(status(&room), StreamStatus::Live);
    let figures = room.stats(at(60_004));
    assert_eq!((figures.actual_start_time, figures.duration), (Some(at(4)), 60));
    let attached = room.attach(&Attach { relay: "r".to_owned(), position: None }, at(5)).unwrap();
    assert_eq!(attached.view.stream.status, StreamStatus::Live);
    assert_eq!(attached.timeline.unwrap().renditions[0].segments.len(), 1);
}

#[test]
fn a_report_is_taken_once_and_none_is_left_out() {
    let db = Db::new();
    let mut room = live(&db);
    let ack = |next| vec![LinkDown::Ack { next }];
    assert_eq!(room.link_frame(Epoch(1), &segment(2, 0), at(3_100)).unwrap(), ack(3));
    assert!(matches!(room.link_frame(Epoch(1), &segment(4, 2), at(3_200)), Err(LinkRefused::Gap)));
    assert!(matches!(room.link_frame(Epoch(1), "{}", at(3_200)), Err(LinkRefused::Malformed)));
    // Nothing is lost when the Room is restored: a new link goes on where the old one was.
    let mut room = Room::restore(db).unwrap().unwrap();
    assert_eq!(room.link_opened(Epoch(1), at(3_300)).unwrap(), [LinkDown::Welcome { next: 3 }]);
    assert_eq!(room.link_frame(Epoch(1), &segment(3, 1), at(5_000)).unwrap(), ack(4));
    assert!(matches!(room.link_opened(Epoch(2), at(5_000)), Err(LinkRefused::NoSuchEpoch)));
    assert!(matches!(room.link_opened(Epoch(0), at(5_000)), Err(LinkRefused::NoSuchEpoch)));
}

#[test]
fn what_is_told_as_missing_has_its_place_and_is_nothing_to_go_live_with() {
    let db = Db::new();
    let mut room = room(&db);
    let epoch = room.claim(&claim("a"), at(0)).unwrap().epoch;
    room.link_opened(epoch, at(0)).unwrap();
    let missing = |n, index| match support::segment(index) {
        Report::Segment(segment) => report(n, Report::Gap(segment)),
        other => panic!("{other:?}"),
    };
    for frame in [started(0), track(1), report(2, Report::Skipped), missing(3, 0)] {
        room.link_frame(epoch, &frame, at(10)).unwrap();
    }
    assert_eq!(status(&room), StreamStatus::Scheduled);
    for frame in [segment(4, 1), missing(5, 2), segment(6, 3)] {
        room.link_frame(epoch, &frame, at(20)).unwrap();
    }
    assert_eq!(status(&room), StreamStatus::Live);
    let mut room = Room::restore(db).unwrap().unwrap();
    let attached = room.attach(&Attach { relay: "r".to_owned(), position: None }, at(30)).unwrap();
    let listed = attached.timeline.unwrap().renditions.remove(0).segments;
    let gaps: Vec<_> = listed.iter().map(|segment| (segment.index.0, segment.gap)).collect();
    assert_eq!(gaps, [(0, true), (1, false), (2, true), (3, false)]);
}

#[test]
fn storage_that_breaks_anywhere_loses_no_report_and_lists_none_twice() {
    let reports = [started(0), track(1), segment(2, 0), segment(3, 1)];
    for writes in 0..40 {
        let db = Db::new();
        let mut first = room(&db);
        let epoch = first.claim(&claim("a"), at(0)).unwrap().epoch;
        db.writes_left.set(writes);
        let acknowledged = reports.iter().take_while(|frame| first.link_frame(epoch, frame, at(10)).is_ok()).count();
        db.writes_left.set(u32::MAX);
        let mut room = Room::restore(db).unwrap().unwrap();
        let LinkDown::Welcome { next } = room.link_opened(epoch, at(20)).unwrap()[0] else { panic!() };
        let next = usize::try_from(next).unwrap();
        assert!(next >= acknowledged, "after {writes} writes an acknowledged report is lost");
        for frame in &reports[next..] {
            room.link_frame(epoch, frame, at(30)).unwrap();
        }
        let attached = room.attach(&Attach { relay: "r".to_owned(), position: None }, at(40)).unwrap();
        assert_eq!(attached.timeline.unwrap().renditions[0].segments.len(), 2, "after {writes} writes");
        assert_eq!(attached.view.stream.status, StreamStatus::Live);
        let updates = attached.tail.len();
        assert_eq!(updates, 1, "after {writes} writes the room was told {updates} times that it is live");
    }
}

#[test]
fn an_encoder_that_comes_back_in_time_goes_on_in_the_same_stream() {
    let mut room = live(&Db::new());
    room.link_frame(Epoch(1), &ended(3, EndReason::Lost), at(10_000)).unwrap();
    let reply = room.claim(&claim("b"), at(10_000 + limits::GRACE_LOST_MS - 1)).unwrap();
    assert_eq!((reply.epoch, reply.target_ms), (Epoch(2), Some(2_000)));
    room.poll(at(10_000 + limits::GRACE_LOST_MS)).unwrap();
    assert_eq!(status(&room), StreamStatus::Live);
}

#[test]
fn an_encoder_that_does_not_come_back_ends_the_stream_when_it_left() {
    for (reason, grace) in
        [(EndReason::Unpublished, limits::GRACE_UNPUBLISHED_MS), (EndReason::Lost, limits::GRACE_LOST_MS)]
    {
        let db = Db::new();
        let mut room = live(&db);
        room.link_frame(Epoch(1), &ended(3, reason), at(10_000)).unwrap();
        // A Room that was evicted meanwhile knows when to look.
        let mut room = Room::restore(db).unwrap().unwrap_or(room);
        room.poll(at(10_000 + grace - 1)).unwrap();
        assert_eq!(status(&room), StreamStatus::Live);
        let outputs = room.poll(at(10_000 + grace)).unwrap();
        let told =
            outputs.iter().find_map(|o| if let Output::TellChannel(over) = o { Some(over.by_creator) } else { None });
        assert_eq!(told, Some(false));
        let figures = room.stats(at(99_000));
        assert_eq!((figures.status, figures.end_time, figures.duration), (StreamStatus::Ended, Some(at(10_000)), 7));
        assert_eq!(code(room.claim(&claim("b"), at(99_000))), Code::StreamOver);
    }
}

#[test]
fn one_that_falls_silent_is_given_up_too() {
    let mut room = live(&Db::new());
    room.poll(at(3_000 + limits::GRACE_LOST_MS)).unwrap();
    let figures = room.stats(at(99_000));
    assert_eq!((figures.status, figures.end_time), (StreamStatus::Ended, Some(at(3_000))));
}

#[test]
fn people_go_on_talking_when_the_picture_is_gone() {
    let mut room = live(&Db::new());
    room.end(at(13_000)).unwrap();
    let line = Chat { author: author(2), kind: ChatKind::Message, message: "gg".into(), client_id: None };
    room.chat(line, moment(14_000)).unwrap();
    assert_eq!(room.history(&History { before: None, limit: 10 }).unwrap().items.len(), 1);
}

#[test]
fn end_lets_the_encoder_go_and_is_the_same_when_repeated() {
    let db = Db::new();
    let mut room = live(&db);
    let figures = room.end(at(13_000)).unwrap();
    assert_eq!((figures.status, figures.duration, figures.end_time), (StreamStatus::Ended, 10, Some(at(13_000))));
    assert_eq!(room.end(at(20_000)).unwrap(), figures);
    assert_eq!(code(room.cancel(at(20_000))), Code::StreamOver);
    let outputs = room.poll(at(13_000)).unwrap();
    assert!(outputs.contains(&Output::Stop(Epoch(1), StopReason::StreamEnded)));
    assert!(!room.is_settled(at(13_000)));
    for output in outputs {
        match output {
            Output::Mirror(mirror) => {
                assert_eq!((mirror.status, mirror.end_time), (StreamStatus::Ended, Some(at(13_000))));
                room.mirrored(mirror, true, at(13_100)).unwrap();
            }
            Output::TellChannel(over) => {
                assert!(over.by_creator);
                room.channel_told(true, at(13_100)).unwrap();
            }
            _ => {}
        }
    }
    assert!(room.is_settled(at(13_100)));
    // What was on its way still comes, until the encoder has no more.
    assert_eq!(
        room.link_opened(Epoch(1), at(13_200)).unwrap(),
        [LinkDown::Welcome { next: 3 }, LinkDown::Stop { reason: StopReason::StreamEnded }]
    );
    assert_eq!(room.link_frame(Epoch(1), &segment(3, 1), at(13_300)).unwrap(), [LinkDown::Ack { next: 4 }]);
    assert_eq!(listed(&mut room, at(13_400)), (false, 2));
    room.link_frame(Epoch(1), &ended(4, EndReason::Stopped), at(13_500)).unwrap();
    assert_eq!(listed(&mut room, at(13_500)), (true, 2));
    // Afterwards reports are acknowledged, and change nothing.
    assert_eq!(room.link_frame(Epoch(1), &segment(5, 2), at(13_600)).unwrap(), [LinkDown::Ack { next: 6 }]);
    assert_eq!(listed(&mut room, at(13_700)), (true, 2));
}

/// Whether the playlists are at their end, and how many segments the picture has.
fn listed(room: &mut Room<Db>, now: Timestamp) -> (bool, usize) {
    let attached = room.attach(&Attach { relay: "r".to_owned(), position: None }, now).unwrap();
    let snapshot = attached.timeline.unwrap();
    (snapshot.ended, snapshot.renditions[0].segments.len())
}

#[test]
fn an_encoder_that_says_no_more_is_not_waited_for_long() {
    let db = Db::new();
    let mut room = live(&db);
    room.end(at(13_000)).unwrap();
    let mut room = {
        drop(room);
        Room::restore(db).unwrap().unwrap()
    };
    room.poll(at(13_000 + limits::CLOSING_MS - 1)).unwrap();
    assert!(!listed(&mut room, at(13_001)).0);
    room.poll(at(13_000 + limits::CLOSING_MS)).unwrap();
    assert!(listed(&mut room, at(18_000)).0);
}

#[test]
fn what_was_never_live_is_cancelled_and_not_ended() {
    let mut room = room(&Db::new());
    assert_eq!(code(room.end(at(1))), Code::NotLive);
    room.claim(&claim("a"), at(1)).unwrap();
    assert_eq!(room.cancel(at(2)).unwrap().status, StreamStatus::Cancelled);
    assert_eq!(room.cancel(at(3)).unwrap().status, StreamStatus::Cancelled);
    assert_eq!(stops(&mut room, at(3)), [(Epoch(1), StopReason::StreamEnded)]);
    assert_eq!(code(room.claim(&claim("b"), at(4))), Code::StreamOver);
    assert_eq!(code(room.end(at(5))), Code::StreamOver);
}

#[test]
fn a_rotated_key_drops_whoever_publishes_with_the_old_one() {
    let mut room = live(&Db::new());
    room.revoke(&Revoke { source: source(), key_version: 2 }, at(4_000)).unwrap();
    assert_eq!(stops(&mut room, at(4_000)), [(Epoch(1), StopReason::KeyRevoked)]);
    assert_eq!(code(room.claim(&claim("b"), at(4_001))), Code::KeyInvalid);
    // The new key need not wait.
    let new = Claim { key_version: 2, ..claim("c") };
    assert_eq!(room.claim(&new, at(4_002)).unwrap().epoch, Epoch(2));
    room.revoke(&Revoke { source: source(), key_version: 2 }, at(4_003)).unwrap();
    assert_eq!(stops(&mut room, at(4_003)).len(), 1, "only the superseded one");
}

#[test]
fn an_old_epochs_reports_are_acknowledged_and_not_listed() {
    let mut room = live(&Db::new());
    let second = room.claim(&claim("b"), at(6_000)).unwrap().epoch;
    room.link_opened(second, at(6_000)).unwrap();
    for frame in [started(0), track(1), segment(2, 0)] {
        room.link_frame(second, &frame, at(8_000)).unwrap();
    }
    assert_eq!(room.link_frame(Epoch(1), &segment(3, 1), at(8_100)).unwrap(), [LinkDown::Ack { next: 4 }]);
    let attached = room.attach(&Attach { relay: "r".to_owned(), position: None }, at(8_200)).unwrap();
    let listed = attached.timeline.unwrap().renditions.remove(0).segments;
    let epochs: Vec<_> = listed.iter().map(|segment| segment.epoch).collect();
    assert_eq!(epochs, [Epoch(1), Epoch(2)]);
    // An old publisher's goodbye is not the new one's.
    room.link_frame(Epoch(1), &ended(4, EndReason::Unpublished), at(8_300)).unwrap();
    assert_eq!(code(room.claim(&claim("c"), at(8_400))), Code::PublisherActive);
}

#[test]
fn d1_is_told_again_until_it_has_heard() {
    let mut room = live(&Db::new());
    let mirror = |room: &mut Room<Db>, now| {
        let outputs = room.poll(now).unwrap();
        outputs.into_iter().find_map(|o| if let Output::Mirror(mirror) = o { Some(mirror) } else { None })
    };
    let first = mirror(&mut room, at(3_000)).unwrap();
    assert_eq!(mirror(&mut room, at(3_001)), None, "one at a time");
    room.mirrored(first.clone(), false, at(3_100)).unwrap();
    assert_eq!(mirror(&mut room, at(4_099)), None);
    assert_eq!(mirror(&mut room, at(4_100)), Some(first.clone()));
    room.mirrored(first, true, at(4_200)).unwrap();
    assert_eq!(mirror(&mut room, at(9_000)), None, "nothing has changed");
}

#[test]
fn a_stream_that_is_called_off_keeps_no_encoder_out() {
    let db = Db::new();
    let mut room = room(&db);
    room.cancel(at(10)).unwrap();
    let over = room.poll(at(10)).unwrap().into_iter().find_map(|output| match output {
        Output::TellChannel(over) => Some(over.by_creator),
        _ => None,
    });
    assert_eq!(over, Some(false));
}
