//! Playlists that are waited for, and playlists that are pushed.

use serde_json::json;
use spillway_hls::{Directives, News, Place, Snapshot, Timeline};
use spillway_protocol::{
    media::{Epoch, MediaObject, RenditionId},
    problem::Code,
    room::{PlaylistNews, ServerEvent},
};
use spillway_room::{
    Failed,
    call::relay::{Await, Awaited, Down, Playlist, Which},
    relay::{Answer, Output, Relay},
};

use crate::{
    attached, closes, down, error, frame, join, outputs, playlist, relay,
    support::{Db, at, part, reports, segment, stream},
    text, told, visitor,
};

/// The Room's timeline, told by hand.
struct Told {
    timeline: Timeline,
    known: Option<Snapshot>,
    parts: u32,
}

impl Told {
    fn new() -> Self {
        let mut told = Self { timeline: Timeline::default(), known: None, parts: 8 };
        for report in reports() {
            told.timeline.apply(Epoch(1), &report).unwrap();
        }
        told
    }

    /// News of another part.
    fn part(&mut self) -> Down {
        self.timeline.apply(Epoch(1), &part(self.parts / 8, self.parts % 8)).unwrap();
        if self.parts % 8 == 7 {
            self.timeline.apply(Epoch(1), &segment(self.parts / 8)).unwrap();
        }
        self.parts += 1;
        self.news()
    }

    fn news(&mut self) -> Down {
        let now = self.snapshot();
        let timeline = Some(News::between(self.known.as_ref(), &now));
        self.known = Some(now);
        Down { timeline, ..down(1) }
    }

    fn snapshot(&self) -> Snapshot {
        self.timeline.snapshot(u64::from(self.parts), 60_000).unwrap()
    }
}

/// A Relay that has attached, and what it is told of the timeline.
fn live(delay_seconds: u32) -> (Relay<Db>, Told) {
    let (mut relay, mut told) = (relay(&Db::new()), Told::new());
    let mut reply = attached(&Db::new());
    reply.view.settings.delay_seconds = delay_seconds;
    reply.timeline = Some(told.snapshot());
    told.known.clone_from(&reply.timeline);
    relay.attached(reply, at(10)).unwrap();
    (relay, told)
}

fn media(msn: u64, part: Option<u64>) -> Playlist {
    let directives = Directives { until: Some(Place { msn, part }), skip: false };
    Playlist { directives, ..playlist(Which::Media(RenditionId::video())) }
}

fn code<T: std::fmt::Debug>(refused: Result<T, Failed>) -> Code {
    match refused {
        Err(Failed::Refused(problem)) => problem.code,
        other => panic!("{other:?}"),
    }
}

/// What one socket was told of playlists.
fn pushed(outputs: &[Output], id: spillway_room::relay::SocketId) -> Vec<PlaylistNews> {
    let frames = told(outputs, id).into_iter();
    frames
        .filter_map(|f| if let ServerEvent::PlaylistUpdate { playlists } = f.event { Some(playlists) } else { None })
        .flatten()
        .collect()
}

#[test]
fn a_player_waits_for_its_part_and_no_longer_than_three_target_durations() {
    let (mut relay, mut told) = live(0);
    let call = media(1, Some(1));
    assert_eq!(relay.playlist(&call, at(100), at(100)).unwrap(), Answer::Later(at(6_100)));
    relay.down(told.part(), at(200)).unwrap();
    assert!(matches!(relay.playlist(&call, at(100), at(200)).unwrap(), Answer::Later(_)));
    relay.down(told.part(), at(300)).unwrap();
    assert!(text(relay.playlist(&call, at(100), at(300)).unwrap()).contains("1/video/1.1.m4s"));
    assert_eq!(code(relay.playlist(&media(1, Some(2)), at(400), at(6_400))), Code::Unavailable);
    assert_eq!(code(relay.playlist(&media(9, None), at(400), at(400))), Code::Malformed);
}

#[test]
fn the_part_that_is_hinted_at_is_waited_for_and_no_other() {
    let (mut relay, mut told) = live(0);
    let awaits = |path| Await { part: MediaObject::parse_path(path).unwrap() };
    let hinted = awaits("1/video/1.0.m4s");
    assert!(matches!(relay.part(&hinted, at(100), at(100)).unwrap(), Answer::Later(_)));
    assert_eq!(
        relay.part(&awaits("1/video/1.1.m4s"), at(100), at(100)).unwrap(),
        Answer::Now(Awaited { listed: false })
    );
    relay.down(told.part(), at(200)).unwrap();
    assert_eq!(relay.part(&hinted, at(100), at(200)).unwrap(), Answer::Now(Awaited { listed: true }));
}

#[test]
fn a_delayed_picture_is_shown_in_its_time_without_any_news() {
    // Media time 0 is at 0 ms; the first segment ends at 2 s.
    let (mut relay, mut told) = live(5);
    for _ in 0..3 {
        relay.down(told.part(), at(2_800)).unwrap();
    }
    assert_eq!(code(relay.playlist(&playlist(Which::Multivariant), at(6_999), at(6_999))), Code::NotFound);
    assert!(text(relay.playlist(&playlist(Which::Multivariant), at(7_000), at(7_000)).unwrap()).contains("video.m3u8"));
    let call = media(1, Some(0));
    assert_eq!(relay.playlist(&call, at(7_000), at(7_000)).unwrap(), Answer::Later(at(7_250)));
    let listed = text(relay.playlist(&call, at(7_000), at(7_250)).unwrap());
    assert!(
        listed.contains("1/video/1.0.m4s\",INDEPENDENT") && !listed.contains("1/video/1.1.m4s\"\n#EXT-X-PART"),
        "{listed}"
    );
    // Pushed ones too.
    let id = join(&mut relay, visitor(2), 7_260);
    relay.frame(id, &frame("WATCH_PLAYLISTS", json!({"renditions": ["video"]})), at(7_260)).unwrap();
    let polled = outputs(&mut relay, 7_260);
    assert_eq!(pushed(&polled, id).len(), 1);
    assert!(matches!(polled.last(), Some(Output::WakeAt(wake)) if *wake <= at(7_500)), "{polled:?}");
    assert_eq!(pushed(&outputs(&mut relay, 7_500), id)[0].edits.len(), 1);
}

#[test]
fn a_socket_that_watches_is_told_all_of_it_once_and_then_what_changes() {
    let (mut relay, mut told) = live(0);
    let (a, b) = (join(&mut relay, visitor(2), 20), join(&mut relay, visitor(3), 20));
    relay.frame(a, &frame("WATCH_PLAYLISTS", json!({"renditions": ["video"]})), at(30)).unwrap();
    let first = pushed(&outputs(&mut relay, 30), a).remove(0);
    assert!(first.text.unwrap().ends_with("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1/video/1.0.m4s\"\n"));
    relay.down(told.part(), at(40)).unwrap();
    let polled = outputs(&mut relay, 40);
    let news = pushed(&polled, a).remove(0);
    assert!(news.text.is_none() && serde_json::to_string(&news).unwrap().len() < 400, "{news:?}");
    assert_eq!(pushed(&polled, b), []);
    // Watching nothing ends it.
    relay.frame(a, &frame("WATCH_PLAYLISTS", json!({"renditions": []})), at(50)).unwrap();
    relay.down(told.part(), at(60)).unwrap();
    assert_eq!(pushed(&outputs(&mut relay, 60), a), []);
    let many = json!({"renditions": ["a", "b", "c", "d", "e"]});
    relay.frame(b, &frame("WATCH_PLAYLISTS", many), at(70)).unwrap();
    let polled = outputs(&mut relay, 70);
    assert_eq!((error(&crate::told(&polled, b)).0, closes(&polled)), (Code::Malformed, vec![]));
}

#[test]
fn news_of_something_else_than_what_a_relay_has_is_asked_for_as_a_whole() {
    let (mut relay, mut told) = live(0);
    told.part();
    let missed = relay.down(told.part(), at(20)).unwrap();
    assert_ne!(missed.timeline, Some(told.snapshot().version));
    told.known = None;
    let whole = relay.down(told.news(), at(30)).unwrap();
    assert_eq!(whole.timeline, Some(told.snapshot().version));
    assert!(text(relay.playlist(&media(1, Some(1)), at(40), at(40)).unwrap()).contains("1/video/1.1.m4s"));
}

#[test]
fn sockets_that_watch_outlive_the_relays_memory() {
    let (mut relay, mut told) = live(0);
    let id = join(&mut relay, visitor(2), 20);
    relay.frame(id, &frame("WATCH_PLAYLISTS", json!({"renditions": ["video"]})), at(30)).unwrap();
    let kept = outputs(&mut relay, 30).into_iter().filter_map(|o| if let Output::Keep(s) = o { Some(s) } else { None });
    let mut woken = Relay::restore(Db::new(), stream(), "r".to_owned(), kept.last().into_iter().collect()).unwrap();
    assert!(outputs(&mut woken, 40).iter().any(|output| matches!(output, Output::Attach(_))));
    told.known = None;
    woken.down(told.part(), at(50)).unwrap();
    assert!(pushed(&outputs(&mut woken, 50), id).remove(0).text.is_some());
}
