//! Keys, and where they lead.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use spillway_protocol::{
    api::Role,
    ids::{SourceId, StreamId},
    keys::StreamKey,
    limits,
    problem::Code,
};
use spillway_room::{
    Failed,
    call::channel::{Arm, Authorise, StreamOver},
    channel::{Admitted, Channel, Output},
};
use support::{Db, at, moment, stream, user};

const SECRET: &[u8] = b"a secret of some length";

fn source() -> SourceId {
    SourceId::new(at(0), 5)
}

fn channel(db: &Db) -> Channel<Db> {
    Channel::open(db.clone(), user(1)).unwrap()
}

fn show(channel: &mut Channel<Db>, version: u32, ms: i64) -> Result<Admitted, Code> {
    let call = Authorise { key: StreamKey::derive(SECRET, source(), version).reveal() };
    channel.authorise(&call, SECRET, moment(ms)).map_err(|failed| match failed {
        Failed::Refused(problem) => problem.code,
        other => panic!("{other}"),
    })
}

fn leads(channel: &mut Channel<Db>, version: u32, ms: i64) -> Result<StreamId, Code> {
    show(channel, version, ms).map(|admitted| admitted.authorised.stream)
}

#[test]
fn a_key_leads_where_its_source_was_armed_and_only_the_right_one() {
    let db = Db::new();
    assert_eq!(channel(&db).arm(&Arm { source: source(), stream: stream() }).unwrap(), 1);
    let mut channel = channel(&db);
    assert_eq!(leads(&mut channel, 1, 0), Ok(stream()));
    assert_eq!(leads(&mut channel, 2, 0), Err(Code::KeyInvalid));
    let nonsense = Authorise { key: "live_src_x".to_owned() };
    assert!(matches!(channel.authorise(&nonsense, SECRET, moment(0)), Err(Failed::Refused(_))));
    let other = Authorise { key: StreamKey::derive(b"another secret", source(), 1).reveal() };
    assert!(matches!(channel.authorise(&other, SECRET, moment(0)), Err(Failed::Refused(_))));
}

#[test]
fn a_rotated_key_opens_and_the_old_one_does_not() {
    let mut channel = channel(&Db::new());
    channel.arm(&Arm { source: source(), stream: stream() }).unwrap();
    assert_eq!(channel.poll(at(0)).unwrap(), []);
    assert_eq!(channel.rotate_key(source()).unwrap(), 2);
    assert_eq!(leads(&mut channel, 1, 0), Err(Code::KeyInvalid));
    assert_eq!(leads(&mut channel, 2, 0), Ok(stream()));
    // The Room is told until it has heard.
    let Output::Revoke(to, revoke) = channel.poll(at(0)).unwrap().remove(0) else { panic!() };
    assert_eq!((to, revoke.source, revoke.key_version), (stream(), source(), 2));
    channel.revoked(&revoke, false, at(0)).unwrap();
    assert!(channel.is_revoking(source()).unwrap());
    assert!(matches!(channel.poll(at(500)).unwrap()[..], [Output::WakeAt(when)] if when == at(1_000)));
    assert_eq!(channel.poll(at(1_000)).unwrap()[0], Output::Revoke(to, revoke.clone()));
    channel.revoked(&revoke, true, at(1_000)).unwrap();
    assert!(!channel.is_revoking(source()).unwrap());
    assert_eq!(channel.poll(at(9_000)).unwrap(), []);
}

#[test]
fn after_end_the_key_is_blocked_until_start_or_two_minutes() {
    let mut channel = channel(&Db::new());
    let over = StreamOver { stream: stream(), by_creator: true };
    channel.arm(&Arm { source: source(), stream: stream() }).unwrap();
    channel.stream_over(&over, at(0)).unwrap();
    assert_eq!(leads(&mut channel, 1, limits::RESTART_BLOCK_MS - 1), Err(Code::KeyBlocked));
    let next = StreamId::new(at(0), 8);
    channel.arm(&Arm { source: source(), stream: next }).unwrap();
    assert_eq!(leads(&mut channel, 1, 1), Ok(next));
    // What is said late of the old stream does not touch the new one.
    channel.stream_over(&over, at(2)).unwrap();
    assert_eq!(leads(&mut channel, 1, 3), Ok(next));
    channel.stream_over(&StreamOver { stream: next, by_creator: true }, at(4)).unwrap();
    assert!(leads(&mut channel, 1, 4 + limits::RESTART_BLOCK_MS).is_ok());
}

#[test]
fn an_encoder_without_a_stream_is_given_one_once() {
    let db = Db::new();
    let mut first = channel(&db);
    let admitted = show(&mut first, 1, 0).unwrap();
    let made = admitted.to_make.unwrap();
    assert_eq!((made.id, made.source, made.creator), (admitted.authorised.stream, source(), user(1)));
    // It may not have been made: the next one that comes makes the same.
    let mut channel = channel(&db);
    assert_eq!(show(&mut channel, 1, 10).unwrap().to_make.unwrap(), made);
    channel.made(made.id).unwrap();
    let admitted = show(&mut channel, 1, 20).unwrap();
    assert_eq!((admitted.authorised.stream, admitted.to_make), (made.id, None));
    // Given up by its encoder, not ended: the next one opens another.
    channel.stream_over(&StreamOver { stream: made.id, by_creator: false }, at(30)).unwrap();
    assert_ne!(leads(&mut channel, 1, 40).unwrap(), made.id);
}

#[test]
fn who_someone_is() {
    let mut channel = channel(&Db::new());
    let standing = |channel: &Channel<Db>, number, ms| {
        let standing = channel.standing_of(user(number), at(ms)).unwrap();
        (standing.role, standing.banned)
    };
    assert_eq!(standing(&channel, 1, 0), (Role::Creator, false));
    assert_eq!(standing(&channel, 2, 0), (Role::Viewer, false));
    channel.set_moderator(user(2), true, at(0)).unwrap();
    channel.ban(user(3), Some(at(100)), at(0)).unwrap();
    channel.ban(user(4), None, at(0)).unwrap();
    assert_eq!(standing(&channel, 2, 0), (Role::Moderator, false));
    assert_eq!((standing(&channel, 3, 99), standing(&channel, 3, 100)), ((Role::Viewer, true), (Role::Viewer, false)));
    assert_eq!(standing(&channel, 4, 1_000_000), (Role::Viewer, true));
    channel.unban(user(4)).unwrap();
    channel.set_moderator(user(2), false, at(0)).unwrap();
    assert_eq!((standing(&channel, 4, 0), standing(&channel, 2, 0)), ((Role::Viewer, false), (Role::Viewer, false)));
}
