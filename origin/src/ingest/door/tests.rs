//! The door under crowds.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const SMALL: IngestLimits = IngestLimits {
    max_connections: 8,
    max_connections_per_address: 5,
    max_unauthenticated: 4,
    max_unauthenticated_per_address: 3,
    max_refused_keys: 4,
    ..IngestLimits::DEFAULT
};

fn ip(last: u8) -> IpAddr {
    [192, 0, 2, last].into()
}

/// Lets one in and has its key accepted.
fn known(door: &mut Door<u64>, last: u8, now: Instant) -> Result<Guest, Limit> {
    let admitted = door.enter(ip(last), 0, now)?;
    door.ask(admitted.guest, now)?;
    door.answered(admitted.guest, Answer::Accepted);
    Ok(admitted.guest)
}

#[test]
fn an_address_has_its_seats_with_and_without_a_key() {
    let (mut door, now) = (Door::new(SMALL), Instant::now());
    for exit in 0..3 {
        door.enter(ip(1), exit, now).unwrap();
    }
    assert_eq!(door.enter(ip(1), 3, now), Err(Limit::UnauthenticatedPerAddress));
    let mut door = Door::new(SMALL);
    let first = known(&mut door, 1, now).unwrap();
    for _ in 1..5 {
        known(&mut door, 1, now).unwrap();
    }
    assert_eq!(door.enter(ip(1), 0, now), Err(Limit::ConnectionsPerAddress));
    door.leave(first, now);
    assert!(door.enter(ip(1), 0, now).is_ok(), "a seat that was left is free");
}

#[test]
fn the_oldest_stranger_of_the_largest_crowd_yields() {
    let (mut door, now) = (Door::new(SMALL), Instant::now());
    for (address, exit) in [(1, 10), (2, 20), (2, 21), (3, 30)] {
        assert_eq!(door.enter(ip(address), exit, now).unwrap().yields, None);
    }
    assert_eq!(door.enter(ip(4), 40, now).unwrap().yields, Some(20));
    assert_eq!(door.enter(ip(5), 50, now).unwrap().yields, Some(10), "all alone: the oldest");
}

#[test]
fn who_asks_and_who_is_known_does_not_yield() {
    let (mut door, now) = (Door::new(SMALL), Instant::now());
    for last in 1..=4 {
        let guest = door.enter(ip(last), 0, now).unwrap().guest;
        door.ask(guest, now).unwrap();
    }
    assert_eq!(door.enter(ip(9), 0, now), Err(Limit::Unauthenticated));
    let mut door = Door::new(SMALL);
    for last in 1..=8 {
        known(&mut door, last, now).unwrap();
    }
    assert_eq!(door.enter(ip(9), 0, now), Err(Limit::Connections));
}

#[test]
fn whoever_was_shown_out_may_not_ask_any_more() {
    let (mut door, now) = (Door::new(SMALL), Instant::now());
    let first = door.enter(ip(1), 0, now).unwrap().guest;
    for last in 2..=5 {
        door.enter(ip(last), 0, now).unwrap();
    }
    assert_eq!(door.ask(first, now), Err(Limit::Unauthenticated));
    door.leave(first, now);
    assert_eq!(door.unauthenticated, 4, "its leaving frees no second seat");
}

#[test]
fn wrong_keys_are_paid_for_and_right_ones_are_not() {
    let (mut door, now) = (Door::new(SMALL), Instant::now());
    let mut attempt = |last, answer, now| {
        let guest = door.enter(ip(last), 0, now).unwrap().guest;
        let asked = door.ask(guest, now);
        if asked.is_ok() {
            door.answered(guest, answer);
        }
        door.leave(guest, now);
        asked
    };
    for answer in [Answer::Accepted, Answer::Unavailable] {
        for _ in 0..20 {
            assert_eq!(attempt(1, answer, now), Ok(()), "{answer:?}");
        }
    }
    for _ in 0..4 {
        assert_eq!(attempt(1, Answer::Refused, now), Ok(()));
    }
    assert_eq!(attempt(1, Answer::Accepted, now), Err(Limit::RefusedKeys));
    assert_eq!(attempt(2, Answer::Refused, now), Ok(()), "another address is not concerned");
    assert_eq!(attempt(1, Answer::Accepted, now + Duration::from_secs(1)), Ok(()), "forgiven with time");
}

#[test]
fn a_household_of_ipv6_is_one_address() {
    let (mut door, now) = (Door::new(SMALL), Instant::now());
    for host in 0..3u16 {
        door.enter(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, host).into(), 0, now).unwrap();
    }
    let neighbour = |net| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, net, 9, 9, 9, 9));
    assert_eq!(door.enter(neighbour(1), 0, now), Err(Limit::UnauthenticatedPerAddress));
    assert!(door.enter(neighbour(2), 0, now).is_ok());
    let mapped = Address::from(IpAddr::from(Ipv6Addr::from_bits(0xffff_c000_0201)));
    assert_eq!(mapped, Address::from(ip(1)), "an IPv4 address in IPv6's clothes");
}

#[test]
fn addresses_that_are_gone_are_forgotten() {
    let (mut door, began) = (Door::new(SMALL), Instant::now());
    for n in 0..5_000u32 {
        let now = began + Duration::from_millis(u64::from(n));
        let guest = door.enter(IpAddr::from(n.to_be_bytes()), 0u64, now).unwrap().guest;
        door.ask(guest, now).unwrap();
        door.answered(guest, Answer::Refused);
        door.leave(guest, now);
    }
    assert!(door.addresses.len() < 1_500, "{} addresses for a second's refusals", door.addresses.len());
}

#[derive(Debug, Clone)]
enum Act {
    Enter(u8),
    Ask(usize),
    Answer(usize, Answer),
    Leave(usize),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let answer = prop_oneof![Just(Answer::Accepted), Just(Answer::Refused), Just(Answer::Unavailable)];
    prop_oneof![
        4 => (0u8..4).prop_map(Act::Enter),
        2 => (0usize..12).prop_map(Act::Ask),
        2 => (0usize..12, answer).prop_map(|(at, answer)| Act::Answer(at, answer)),
        2 => (0usize..12).prop_map(Act::Leave),
        1 => (0u64..1_500).prop_map(Act::Wait),
    ]
}

proptest! {
    /// Beside a plain list of who is in.
    #[test]
    fn seats_are_counted_right_whatever_happens(acts in prop::collection::vec(act(), 0..200)) {
        let (mut door, mut now) = (Door::new(SMALL), Instant::now());
        // Guest, address, and whether it has a key, asks for one, or neither.
        let mut inside: Vec<(Guest, u8, Option<bool>)> = Vec::new();
        for act in acts {
            match act {
                Act::Wait(ms) => now += Duration::from_millis(ms),
                Act::Enter(last) => {
                    let exit = door.next;
                    if let Ok(Admitted { guest, yields }) = door.enter(ip(last), exit, now) {
                        if let Some(exit) = yields {
                            let at = inside.iter().position(|(guest, ..)| guest.0 == exit).expect("who yields was in");
                            let (_, _, key) = inside.remove(at);
                            prop_assert_eq!(key, None, "only strangers yield");
                        }
                        inside.push((guest, last, None));
                    }
                }
                Act::Ask(at) => if let Some((guest, _, key @ None)) = inside.get_mut(at) {
                    *key = door.ask(*guest, now).ok().map(|()| false);
                },
                Act::Answer(at, answer) => if let Some((guest, _, key @ Some(false))) = inside.get_mut(at) {
                    door.answered(*guest, answer);
                    *key = Some(answer == Answer::Accepted);
                },
                Act::Leave(at) => if at < inside.len() {
                    door.leave(inside.remove(at).0, now);
                },
            }
            let without = |wanted: Option<u8>| inside.iter()
                .filter(|(_, address, key)| *key != Some(true) && wanted.is_none_or(|wanted| wanted == *address)).count();
            prop_assert_eq!(door.guests.len(), inside.len());
            prop_assert_eq!(usize::from(door.unauthenticated), without(None));
            prop_assert!(inside.len() <= 8 && without(None) <= 4);
            for last in 0..4 {
                let here = inside.iter().filter(|(_, address, _)| *address == last).count();
                prop_assert!(here <= 5 && without(Some(last)) <= 3);
            }
        }
    }
}
