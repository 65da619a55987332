//! Who is counted, and who is let go.

use spillway_protocol::{
    limits,
    media::{Epoch, RenditionId},
    room::CloseCode,
};
use spillway_room::{
    call::{
        relay::{Playlist, Which},
        room::Heard,
    },
    relay::{Output, Relay},
};

use crate::{
    attached, closes, down, join, outputs, playlist, ready, relay,
    support::{Db, at, reports},
    text, visitor,
};

#[test]
fn who_is_silent_is_closed_in_time_for_everyone_to_count_without() {
    // Half a second until this Relay tells the count, and a second until the Room does.
    let silent = limits::IDLE_MS - 1_500;
    let mut relay = ready();
    let (a, b) = (join(&mut relay, visitor(2), 20), join(&mut relay, visitor(3), 20));
    let wakes = |outputs: &[Output]| match outputs.last() {
        Some(Output::WakeAt(when)) => *when,
        other => panic!("{other:?}"),
    };
    let viewers =
        |outputs: &[Output]| outputs.iter().find_map(|o| if let Output::Up(up) = o { Some(up.viewers) } else { None });
    assert_eq!(viewers(&outputs(&mut relay, 20)), Some(2));
    relay.heard(Some(Heard { attached: true, refused: Vec::new() }), at(30)).unwrap();
    assert_eq!(wakes(&outputs(&mut relay, 30)), at(20 + silent));
    relay.wake([(b, at(10_000))], at(20 + silent));
    let polled = outputs(&mut relay, 20 + silent);
    assert_eq!((closes(&polled), viewers(&polled)), (vec![(a, CloseCode::Idle)], Some(1)));
    relay.heard(Some(Heard { attached: true, refused: Vec::new() }), at(15_100)).unwrap();
    assert_eq!(wakes(&outputs(&mut relay, 15_100)), at(10_000 + silent));
}

#[test]
fn players_without_a_socket_count_for_a_while_and_those_with_one_once() {
    let mut relay = relay(&Db::new());
    let mut reply = attached(&Db::new());
    let mut timeline = spillway_hls::Timeline::default();
    for report in reports() {
        timeline.apply(Epoch(1), &report).unwrap();
    }
    reply.timeline = timeline.snapshot(1, 0);
    relay.attached(reply, at(10)).unwrap();
    join(&mut relay, visitor(2), 20);
    let poll = |relay: &mut Relay<Db>, viewer: &str, ms| {
        let call = Playlist { viewer: Some(viewer.to_owned()), ..playlist(Which::Multivariant) };
        assert!(text(relay.playlist(&call, at(ms), at(ms)).unwrap()).starts_with("#EXTM3U"));
    };
    let viewers = |relay: &mut Relay<Db>, ms| {
        let polled = outputs(relay, ms);
        relay.heard(Some(Heard { attached: true, refused: Vec::new() }), at(ms)).unwrap();
        polled.iter().find_map(|o| if let Output::Up(up) = o { Some(up.viewers) } else { None })
    };
    for viewer in ["f2", "p1", "p2"] {
        poll(&mut relay, viewer, 30);
    }
    assert_eq!(viewers(&mut relay, 600), Some(3));
    poll(&mut relay, "p1", 5_000);
    assert_eq!(viewers(&mut relay, 30 + limits::POLLER_MS), Some(2));
    assert_eq!(viewers(&mut relay, 5_000 + limits::POLLER_MS), Some(1));
    let missing = playlist(Which::Media(RenditionId::audio()));
    assert!(relay.playlist(&missing, at(30_000), at(30_000)).unwrap_err().to_string().contains("nothing to play"));
}

#[test]
fn a_relay_that_nobody_uses_is_forgotten() {
    let mut relay = ready();
    let id = join(&mut relay, visitor(2), 20);
    relay.closed(id, at(30));
    assert!(!relay.down(down(1), at(40)).unwrap().idle);
    assert!(relay.down(down(1), at(30 + limits::POLLER_MS)).unwrap().idle);
    assert!(!relay.is_ready());
}
