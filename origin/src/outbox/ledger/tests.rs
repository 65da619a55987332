use super::*;
use proptest::prelude::*;
use spillway_protocol::{
    link::{EndReason, PartReport, SegmentReport},
    media::{Epoch, ObjectName, PartIndex, RenditionId, SegmentIndex},
    time::Timestamp,
};

fn parcel(n: u32) -> Parcel {
    let name = ObjectName::Part(SegmentIndex(0), PartIndex(n));
    Parcel { object: MediaObject { epoch: Epoch(1), rendition: RenditionId::video(), name }, bytes: 10 }
}

fn report() -> Report {
    Report::Ended { reason: EndReason::Lost }
}

fn part_facts(n: u32) -> PartReport {
    let (rendition, segment, part) = (RenditionId::video(), SegmentIndex(0), PartIndex(n));
    PartReport { rendition, segment, part, start_us: 0, duration_us: 1, independent: true, last: false, size: 10 }
}

fn part(n: u32) -> Report {
    Report::Part(part_facts(n))
}

fn facts(n: u32) -> SegmentReport {
    let (rendition, segment) = (RenditionId::video(), SegmentIndex(n));
    SegmentReport { rendition, segment, start_us: 0, duration_us: 1, independent: true, size: 10, init: 0, parts: 1 }
}

fn segment(n: u32) -> Report {
    Report::Segment(facts(n))
}

/// Takes all there are to put; their numbers.
fn uploads(ledger: &mut Ledger) -> Vec<u64> {
    std::iter::from_fn(|| ledger.next_upload()).map(|(n, _)| n).collect()
}

/// Tells all that can be told; their numbers.
fn tell(ledger: &mut Ledger) -> Vec<(u64, Report)> {
    let next = || {
        let told = ledger.peek().map(|(n, report)| (n, report.clone()))?;
        ledger.told();
        Some(told)
    };
    std::iter::from_fn(next).collect()
}

#[test]
fn a_report_waits_for_its_object_and_for_all_before_it() {
    let (mut ledger, now) = (Ledger::starting_at(0), Instant::now());
    ledger.linked(0).unwrap();
    for n in 0..3 {
        ledger.push(report(), Some(parcel(n)), now);
    }
    assert_eq!(uploads(&mut ledger), [0, 1, 2]);
    ledger.stored(2);
    ledger.stored(1);
    assert_eq!(ledger.peek(), None);
    ledger.stored(0);
    assert_eq!(tell(&mut ledger).len(), 3);
    assert!(!ledger.is_done());
    ledger.acknowledged(3);
    assert!(ledger.is_done());
}

#[test]
fn a_new_link_tells_again_from_where_the_room_is() {
    let (mut ledger, now) = (Ledger::starting_at(0), Instant::now());
    ledger.linked(0).unwrap();
    for _ in 0..3 {
        ledger.push(report(), None, now);
    }
    ledger.told();
    ledger.told();
    ledger.unlinked();
    assert_eq!(ledger.peek(), None);
    ledger.linked(1).unwrap();
    assert_eq!(ledger.peek().map(|(n, _)| n), Some(1));
    assert_eq!(ledger.linked(0), Err(1), "a room that lost what it acknowledged is noticed");
}

#[test]
fn what_follows_a_lost_object_is_dropped() {
    let (mut ledger, now) = (Ledger::starting_at(0), Instant::now());
    ledger.linked(0).unwrap();
    for n in 0..4 {
        ledger.push(report(), Some(parcel(n)), now);
    }
    uploads(&mut ledger);
    ledger.truncate(2);
    assert_eq!((ledger.end(), ledger.waiting_bytes()), (2, 20));
    assert!(!ledger.stored(3));
    assert_eq!(ledger.push(report(), None, now), 2);
}

#[test]
fn what_the_room_has_is_forgotten_even_if_r2_is_asked_again() {
    let (mut ledger, now) = (Ledger::starting_at(5), Instant::now());
    ledger.push(part(0), Some(parcel(0)), now);
    ledger.linked(6).unwrap();
    assert_eq!(ledger.forgotten(), Some(5), "not before R2 has it");
    assert_eq!(uploads(&mut ledger), [5]);
    ledger.stored(5);
    assert_eq!(ledger.forgotten(), Some(6));
    ledger.push(report(), None, now);
    ledger.acknowledged(7);
    assert_eq!(ledger.forgotten(), None, "the end goes with its epoch");
}

#[test]
fn what_is_due_is_told_as_missing_and_what_comes_after_is_not_held_up() {
    let (mut ledger, now) = (Ledger::starting_at(0), Instant::now());
    ledger.linked(0).unwrap();
    let (target, almost) = (Duration::from_secs(4), Duration::from_millis(3_999));
    let at = Timestamp::from_millis(1);
    ledger.push(Report::Started { at, target_ms: 4_000, part_target_ms: Some(253) }, None, now);
    ledger.push(part(0), Some(parcel(0)), now);
    ledger.push(segment(0), Some(parcel(1)), now);
    ledger.push(segment(1), Some(parcel(2)), now + target);
    assert_eq!(uploads(&mut ledger), [2, 3, 1], "segments first");
    ledger.stored(3);
    assert_eq!(tell(&mut ledger).len(), 1);

    assert_eq!(ledger.next_due(), Some(now + target));
    assert_eq!(ledger.expire(now + almost), []);
    assert_eq!(ledger.expire(now + target), [(1, Report::PartGap(part_facts(0)))]);
    assert_eq!(tell(&mut ledger), [(1, Report::PartGap(part_facts(0)))]);
    assert_eq!(ledger.next_due(), Some(now + 3 * target));
    assert_eq!(ledger.expire(now + 2 * target + almost), []);
    assert_eq!(ledger.expire(now + 3 * target), [(2, Report::Gap(facts(0)))]);
    assert!(!ledger.stored(2), "what was given up is not waited for");
    assert_eq!(tell(&mut ledger), [(2, Report::Gap(facts(0))), (3, segment(1))]);
    assert_eq!((ledger.next_due(), ledger.waiting_bytes()), (None, 0));
}

#[test]
fn an_init_section_is_waited_for() {
    let (mut ledger, now) = (Ledger::starting_at(0), Instant::now());
    ledger.push(report(), Some(parcel(0)), now);
    assert_eq!((ledger.next_due(), ledger.expire(now + Duration::from_hours(1))), (None, vec![]));
    assert_eq!(ledger.shed(u64::MAX), []);
}

#[test]
fn parts_leave_room_for_segments() {
    let (mut ledger, now) = (Ledger::starting_at(0), Instant::now());
    for n in 0..10 {
        ledger.push(part(n), Some(parcel(n)), now);
    }
    assert_eq!(uploads(&mut ledger).len(), PARALLEL_PARTS);
    let segment = ledger.push(segment(0), Some(parcel(10)), now);
    assert_eq!(uploads(&mut ledger), [segment]);
}

#[test]
fn when_there_is_too_much_parts_are_given_up_first_and_the_oldest_first() {
    let (mut ledger, now) = (Ledger::starting_at(0), Instant::now());
    for n in 0..2 {
        ledger.push(segment(n), Some(parcel(0)), now);
        ledger.push(part(n), Some(parcel(0)), now);
    }
    uploads(&mut ledger);
    assert_eq!(ledger.shed(0), []);
    assert_eq!(ledger.shed(11), [0, 1].map(|n| (u64::from(2 * n + 1), Report::PartGap(part_facts(n)))));
    assert_eq!(ledger.shed(5), [(0, Report::Gap(facts(0)))]);
    assert_eq!(ledger.waiting_bytes(), 10);
}

#[derive(Debug, Clone)]
enum Step {
    Push(u8),
    Upload,
    Stored(usize),
    Tell,
    Acknowledge(u64),
    Drop,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u8..4).prop_map(Step::Push),
        2 => Just(Step::Upload),
        2 => any::<usize>().prop_map(Step::Stored),
        2 => Just(Step::Tell),
        1 => (0u64..4).prop_map(Step::Acknowledge),
        1 => Just(Step::Drop),
        1 => (0_u64..3_000).prop_map(Step::Wait),
    ]
}

proptest! {
    /// The rule of the house, under any interleaving: nothing is told before R2 has it and all before it, or it is given up; the
    /// Room gets every report, in order, and after a broken link goes on where it was. What is told once stays as it was told.
    #[test]
    fn nothing_is_listed_before_it_is_stored(steps in prop::collection::vec(step(), 0..200)) {
        let (mut ledger, mut now) = (Ledger::starting_at(0), Instant::now());
        let (mut on_r2, mut flying, mut room, mut on_link) = (Vec::<bool>::new(), Vec::new(), Vec::<Report>::new(), None);
        let rest = std::iter::repeat_n([Step::Upload, Step::Stored(0), Step::Tell], 600).flatten();
        for step in steps.into_iter().chain([Step::Drop]).chain(rest) {
            match step {
                Step::Push(kind) => {
                    let report = match kind { 0 => report(), 1 => segment(0), _ => part(0) };
                    let n = ledger.push(report, (kind < 3).then(|| parcel(0)), now);
                    prop_assert_eq!(n, on_r2.len() as u64);
                    on_r2.push(kind == 3);
                }
                Step::Upload => flying.extend(ledger.next_upload().map(|(n, _)| n)),
                Step::Stored(which) => if !flying.is_empty() {
                    let n: u64 = flying.swap_remove(which % flying.len());
                    on_r2[usize::try_from(n).unwrap()] |= ledger.stored(n);
                },
                Step::Tell => {
                    if on_link.is_none() {
                        prop_assert_eq!(ledger.peek(), None);
                        ledger.linked(room.len() as u64).unwrap();
                        on_link = Some(room.len());
                    }
                    if let Some((n, report)) = ledger.peek() {
                        let place = usize::try_from(n).unwrap();
                        prop_assert_eq!(Some(place), on_link);
                        prop_assert!(on_r2[place] || matches!(report, Report::PartGap(_) | Report::Gap(_)));
                        match room.get(place) {
                            Some(heard) => prop_assert_eq!(heard, report),
                            None => room.push(report.clone()),
                        }
                        ledger.told();
                        on_link = Some(place + 1);
                    }
                }
                Step::Acknowledge(back) => ledger.acknowledged((room.len() as u64).saturating_sub(back)),
                Step::Drop => { ledger.unlinked(); on_link = None; }
                Step::Wait(ms) => {
                    now += Duration::from_millis(ms);
                    let given_up = ledger.expire(now);
                    prop_assert!(given_up.iter().all(|(n, _)| !on_r2[usize::try_from(*n).unwrap()]));
                    flying.retain(|n| given_up.iter().all(|(given_up, _)| given_up != n));
                }
            }
            prop_assert!(flying.len() <= PARALLEL);
        }
        prop_assert_eq!(room.len(), on_r2.len(), "all was told in the end");
        ledger.acknowledged(room.len() as u64);
        prop_assert_eq!(ledger.len(), 0);
    }
}
