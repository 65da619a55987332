//! Whatever happens between a Room, its Relays and their viewers, each viewer is told every event once, in order, from its
//! join on, and has the playlist that the Room would write: calls late, lost or answered for nothing, objects evicted at any time, viewers that come back elsewhere.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use spillway_hls::render;
use spillway_protocol::{
    api::Role,
    ids::SourceId,
    link::{Health, LinkUp, Report},
    media::{Epoch, RenditionId},
    room::{ClientFrame, ServerEvent, ServerFrame, You},
};
use spillway_room::{
    Moment,
    call::{
        relay::{Down, Visitor},
        room::{Attach, Claim, Position, Replay, Up},
    },
    relay::{self, Relay, Socket, SocketId},
    room::{self, Room},
};
use support::{Db, at, stream, user};

const RELAYS: usize = 3;
const CLIENTS: usize = 4;

#[derive(Debug, Clone)]
enum Step {
    /// A client opens a socket and joins, going on where it was if it can.
    Join {
        client: usize,
        relay: usize,
    },
    Say {
        client: usize,
    },
    Drop {
        client: usize,
    },
    /// The origin reports a part, and the segment with its last.
    Publish,
    EvictRelay {
        relay: usize,
    },
    EvictRoom,
    /// A call arrives and its answer too.
    Deliver {
        which: usize,
    },
    /// A call arrives, its answer does not.
    LoseAnswer {
        which: usize,
    },
    /// A call does not arrive.
    Lose {
        which: usize,
    },
    Wait {
        ms: i64,
    },
}

#[derive(Debug)]
enum Call {
    Attach(usize, Attach),
    Replay(usize, SocketId, Replay),
    Up(usize, Up),
    Down(usize, Box<Down>),
}

/// A call under way, and the life of the object that made it: its answer finds no one in a later one.
struct Sent {
    call: Call,
    life: u32,
}

#[derive(Default)]
struct Client {
    at: Option<(usize, SocketId)>,
    batch: bool,
    seen: Option<Position>,
    told: u32,
    /// The lines of the playlist that it is told of.
    playlist: Option<Vec<String>>,
}

struct Place {
    db: Db,
    relay: Relay<Db>,
    attachments: BTreeMap<SocketId, Socket>,
    owners: BTreeMap<SocketId, usize>,
    life: u32,
}

struct World {
    now: i64,
    room_db: Db,
    room: Room<Db>,
    room_life: u32,
    places: Vec<Place>,
    clients: Vec<Client>,
    under_way: Vec<Sent>,
    epoch: Epoch,
    reported: u64,
    parts: u32,
}

fn name(relay: usize) -> String {
    format!("{}/local/{relay}", stream())
}

fn relay_on(db: &Db, index: usize, sockets: Vec<Socket>) -> Relay<Db> {
    Relay::restore(db.clone(), stream(), name(index), sockets).unwrap()
}

impl World {
    fn new() -> Self {
        let room_db = Db::new();
        let places = (0..RELAYS).map(|index| {
            let db = Db::new();
            let relay = relay_on(&db, index, Vec::new());
            Place { db, relay, attachments: BTreeMap::new(), owners: BTreeMap::new(), life: 0 }
        });
        let mut room = support::room(&room_db);
        let claim = Claim { publisher: "p".to_owned(), source: SourceId::new(at(0), 5), key_version: 1 };
        let epoch = room.claim(&claim, at(0)).unwrap().epoch;
        let mut world = Self {
            now: 0,
            room,
            room_db,
            room_life: 0,
            places: places.collect(),
            clients: (0..CLIENTS).map(|n| Client { batch: n % 2 == 1, ..Client::default() }).collect(),
            under_way: Vec::new(),
            epoch,
            reported: 0,
            parts: 8,
        };
        for report in support::reports() {
            world.report(report);
        }
        world
    }

    fn report(&mut self, report: Report) {
        let frame = LinkUp::Report { n: self.reported, report };
        self.room.link_frame(self.epoch, &serde_json::to_string(&frame).unwrap(), at(self.now)).unwrap();
        self.reported += 1;
    }

    /// The publisher says that it is still there.
    fn health(&mut self) {
        let (bitrate, frame_rate_millis, keyframe_interval_ms, queued_bytes) = (0, 0, None, 0);
        let warnings = Vec::new();
        let health = Health { bitrate, frame_rate_millis, keyframe_interval_ms, queued_bytes, warnings };
        let frame = serde_json::to_string(&LinkUp::Health(health)).unwrap();
        self.room.link_frame(self.epoch, &frame, at(self.now)).unwrap();
    }

    fn publish(&mut self) {
        self.report(support::part(self.parts / 8, self.parts % 8));
        if self.parts % 8 == 7 {
            self.report(support::segment(self.parts / 8));
        }
        self.parts += 1;
    }

    /// The last event, and the playlist as it is now.
    fn truth(&mut self) -> (u64, Vec<String>) {
        let attached = self.room.attach(&Attach { relay: "witness".to_owned(), position: None }, at(self.now)).unwrap();
        let text = render::media(&attached.timeline.unwrap(), &RenditionId::video(), false).unwrap();
        (attached.position.seq, text.lines().map(str::to_owned).collect())
    }

    fn step(&mut self, step: &Step) {
        self.now += 10;
        match *step {
            Step::Join { client, relay } => self.join(client, relay),
            Step::Say { client } => self.say(client),
            Step::Drop { client } => self.drop(client),
            Step::Publish => self.publish(),
            Step::EvictRelay { relay } => {
                let place = &mut self.places[relay];
                place.life += 1;
                place.relay = relay_on(&place.db, relay, place.attachments.values().cloned().collect());
            }
            Step::EvictRoom => {
                self.room_life += 1;
                self.room = Room::restore(self.room_db.clone()).unwrap().unwrap();
            }
            Step::Deliver { which } => self.call(which, true, true),
            Step::LoseAnswer { which } => self.call(which, true, false),
            Step::Lose { which } => self.call(which, false, false),
            Step::Wait { ms } => self.now += ms,
        }
        self.poll();
    }

    fn join(&mut self, client: usize, relay: usize) {
        self.drop(client);
        let place = &mut self.places[relay];
        if !place.relay.is_ready() {
            return;
        }
        let who = user(100 + client as u128);
        let visitor = Visitor {
            you: Some(You { user_id: who, username: format!("c{client}"), role: Role::Viewer }),
            is_subscriber: false,
            entitled: false,
            fingerprint: format!("f{client}"),
        };
        let socket = place.relay.open(visitor, self.clients[client].batch, at(self.now)).unwrap();
        let id = socket.id;
        place.attachments.insert(id, socket);
        place.owners.insert(id, client);
        self.clients[client].at = Some((relay, id));
        let seen = self.clients[client].seen.clone();
        self.frame(
            client,
            &ClientFrame::JoinStream {
                stream_id: stream(),
                last_seq: seen.as_ref().map(|seen| seen.seq),
                epoch: seen.map(|seen| seen.epoch),
            },
        );
    }

    fn say(&mut self, client: usize) {
        let told = self.clients[client].told;
        if self.clients[client].at.is_some() && told > 0 {
            let message = format!("line at {}", self.now);
            self.frame(client, &ClientFrame::SendMessage { stream_id: stream(), message, client_id: None });
        }
    }

    fn drop(&mut self, client: usize) {
        if let Some((relay, id)) = self.clients[client].at.take() {
            let place = &mut self.places[relay];
            place.owners.remove(&id);
            place.attachments.remove(&id);
            place.relay.closed(id, at(self.now));
        }
        (self.clients[client].told, self.clients[client].playlist) = (0, None);
    }

    fn frame(&mut self, client: usize, frame: &ClientFrame) {
        let (relay, id) = self.clients[client].at.unwrap();
        let text = serde_json::to_string(frame).unwrap();
        self.places[relay].relay.frame(id, &text, at(self.now)).unwrap();
    }

    fn poll(&mut self) {
        // Twice: a client answers WELCOME at once, and what that leads to is done in the same turn.
        for relay in (0..RELAYS).flat_map(|relay| [relay, relay]) {
            let (now, life) = (at(self.now), self.places[relay].life);
            for output in self.places[relay].relay.poll(now).unwrap() {
                let mut send = |call| self.under_way.push(Sent { call, life });
                match output {
                    relay::Output::Keep(socket) => {
                        let place = &mut self.places[relay];
                        if place.owners.contains_key(&socket.id) {
                            place.attachments.insert(socket.id, socket);
                        }
                    }
                    relay::Output::Send(to, text) => {
                        let frame: ServerFrame = serde_json::from_str(&text).unwrap();
                        let clients = to.iter().filter_map(|id| self.places[relay].owners.get(id).copied());
                        for client in clients.collect::<Vec<_>>() {
                            self.clients[client].take(frame.clone());
                            if matches!(frame.event, ServerEvent::Welcome(_)) {
                                let renditions = vec![RenditionId::video()];
                                self.frame(client, &ClientFrame::WatchPlaylists { stream_id: stream(), renditions });
                            }
                        }
                    }
                    relay::Output::Close(id, _) => {
                        self.places[relay].attachments.remove(&id);
                        if let Some(client) = self.places[relay].owners.remove(&id) {
                            let client = &mut self.clients[client];
                            (client.at, client.told, client.playlist) = (None, 0, None);
                        }
                    }
                    relay::Output::Attach(call) => send(Call::Attach(relay, call)),
                    relay::Output::Replay(id, call) => send(Call::Replay(relay, id, call)),
                    relay::Output::Up(call) => send(Call::Up(relay, call)),
                    relay::Output::WakeAt(_) => {}
                }
            }
        }
        for output in self.room.poll(at(self.now)).unwrap() {
            match output {
                room::Output::Down(relay, down) => {
                    let index = (0..RELAYS).find(|index| name(*index) == relay).unwrap();
                    self.under_way.push(Sent { call: Call::Down(index, down), life: self.room_life });
                }
                room::Output::Mirror(mirror) => self.room.mirrored(mirror, true, at(self.now)).unwrap(),
                _ => {}
            }
        }
    }

    fn call(&mut self, which: usize, arrives: bool, answered: bool) {
        if self.under_way.is_empty() {
            return;
        }
        let Sent { call, life } = self.under_way.remove(which % self.under_way.len());
        let (now, moment) = (at(self.now), Moment { now: at(self.now), random: self.now.unsigned_abs().into() });
        match call {
            Call::Down(relay, down) => {
                let token = down.token;
                let reply = arrives.then(|| self.places[relay].relay.down(*down, now).unwrap());
                if life == self.room_life {
                    let reply = reply.filter(|_| answered);
                    self.room.relay_answered(&name(relay), token, reply.as_ref(), now).unwrap();
                }
            }
            Call::Attach(relay, call) => {
                let reply = arrives.then(|| self.room.attach(&call, now).unwrap());
                if life == self.places[relay].life {
                    match reply.filter(|_| answered) {
                        Some(reply) => self.places[relay].relay.attached(reply, now).unwrap(),
                        None => self.places[relay].relay.not_attached(false, now),
                    }
                }
            }
            Call::Replay(relay, id, call) => {
                let reply = arrives.then(|| self.room.replay(&call).unwrap()).filter(|_| answered);
                if life == self.places[relay].life {
                    self.places[relay].relay.replayed(id, reply, now).unwrap();
                }
            }
            Call::Up(relay, call) => {
                let reply = arrives.then(|| self.room.up(call, moment).unwrap()).filter(|_| answered);
                if life == self.places[relay].life {
                    self.places[relay].relay.heard(reply, now).unwrap();
                }
            }
        }
    }

    /// Lets everything arrive.
    fn settle(&mut self) {
        for _ in 0..60 {
            self.health();
            self.step(&Step::Deliver { which: 0 });
            if self.under_way.is_empty() {
                self.step(&Step::Wait { ms: 1_000 });
            }
        }
    }
}

impl Client {
    fn take(&mut self, frame: ServerFrame) {
        self.told += 1;
        match frame.event {
            ServerEvent::Batch { events } => {
                assert!(self.batch);
                for event in events {
                    self.take(event);
                }
            }
            ServerEvent::Welcome(welcome) => {
                let seen = self.seen.as_ref().map(|seen| seen.seq);
                let newest = welcome.history.last().and_then(|frame| frame.seq);
                assert!(newest <= Some(welcome.seq), "history is ahead of the room's seq");
                if welcome.resumed {
                    assert!(seen <= Some(welcome.seq));
                } else {
                    self.seen = Some(Position { epoch: welcome.epoch, seq: welcome.seq });
                }
            }
            ServerEvent::PlaylistUpdate { playlists } => {
                for news in playlists {
                    let known = self.playlist.get_or_insert_default();
                    if let Some(text) = news.text {
                        *known = text.lines().map(str::to_owned).collect();
                    }
                    // From the last to the first, so that none moves another.
                    for edit in news.edits.into_iter().rev() {
                        known.splice(edit.at..edit.at + edit.remove, edit.insert);
                    }
                }
            }
            _ => {
                if let Some(seq) = frame.seq {
                    let seen = self.seen.as_mut().expect("an event before WELCOME");
                    assert_eq!(seq, seen.seq + 1, "an event was left out or told twice");
                    seen.seq = seq;
                }
            }
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = 0..8_usize;
    let step = prop_oneof![
        4 => (0..CLIENTS, 0..RELAYS).prop_map(|(client, relay)| Step::Join { client, relay }),
        8 => (0..CLIENTS).prop_map(|client| Step::Say { client }),
        2 => (0..CLIENTS).prop_map(|client| Step::Drop { client }),
        6 => Just(Step::Publish),
        2 => (0..RELAYS).prop_map(|relay| Step::EvictRelay { relay }),
        1 => Just(Step::EvictRoom),
        14 => which.clone().prop_map(|which| Step::Deliver { which }),
        1 => which.clone().prop_map(|which| Step::LoseAnswer { which }),
        1 => which.prop_map(|which| Step::Lose { which }),
        3 => (1_i64..2_000).prop_map(|ms| Step::Wait { ms }),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_viewer_is_told_every_event_once_and_in_order(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.settle();
        for client in 0..CLIENTS {
            // The first attempt may find the Relay without its Room.
            while world.clients[client].at.is_none() {
                world.join(client, client % RELAYS);
                world.settle();
            }
        }
        let (end, playlist) = world.truth();
        for client in &world.clients {
            prop_assert!(client.at.is_some());
            prop_assert_eq!(client.seen.as_ref().map(|seen| seen.seq), Some(end));
        }
        for client in &world.clients {
            prop_assert_eq!(client.playlist.as_ref(), Some(&playlist));
        }
        let viewers = world.room.stats(at(world.now)).viewer_count;
        prop_assert_eq!(usize::try_from(viewers).unwrap(), CLIENTS);
    }
}
