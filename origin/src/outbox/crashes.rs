//! A process that is killed at any line: the disk, R2 and the Room outlive it, all else is begun anew from them.

use std::{collections::BTreeMap, path::Path};

use proptest::prelude::*;
use spillway_protocol::{
    ids::StreamId,
    link::{PartReport, SegmentReport},
    media::{Epoch, ObjectName, PartIndex, RenditionId, SegmentIndex},
    time::Timestamp,
};

use super::{ledger::Parcel, *};

/// What the process does next. Where it says `dies`, it is killed half-way.
#[derive(Debug, Clone)]
enum Step {
    /// Media comes: the file is written, then the row.
    Push { segment: bool, dies: bool },
    /// An object is put; then the row is changed, then the file removed.
    Put(Option<PutDeath>),
    /// What is due is given up: the row is changed, then the file removed, then it may be told.
    GiveUp { dies: bool },
    /// A report is told: the Room stores it; then it is acknowledged here.
    Tell { dies: bool },
    /// The Room's acknowledgement is noted.
    Acknowledge,
    /// Killed between two of them.
    Die,
}

#[derive(Debug, Clone)]
enum PutDeath {
    /// R2 has the object, the row does not say so.
    BeforeRow,
    /// The row says so, the file is still there.
    BeforeFile,
}

fn step() -> impl Strategy<Value = Step> {
    let dies = || prop::bool::weighted(0.1);
    let death =
        prop_oneof![8 => Just(None), 1 => Just(Some(PutDeath::BeforeRow)), 1 => Just(Some(PutDeath::BeforeFile))];
    prop_oneof![
        4 => (any::<bool>(), dies()).prop_map(|(segment, dies)| Step::Push { segment, dies }),
        4 => death.prop_map(Step::Put),
        1 => dies().prop_map(|dies| Step::GiveUp { dies }),
        4 => dies().prop_map(|dies| Step::Tell { dies }),
        2 => Just(Step::Acknowledge),
        1 => Just(Step::Die),
    ]
}

fn key() -> EpochKey {
    EpochKey { stream: StreamId::new(Timestamp::from_millis(1), 1), epoch: Epoch(3) }
}

/// The `n`-th report, and its object.
fn media(n: u64, segment: bool) -> (Report, Parcel, Vec<Bytes>) {
    let (rendition, index) = (RenditionId::video(), u32::try_from(n).unwrap());
    let bytes = Bytes::from(format!("object {n}"));
    let (size, start_us, duration_us, independent) = (bytes.len() as u64, n, 1, true);
    let (segment, part) = (SegmentIndex(index), (!segment).then_some(PartIndex(0)));
    let (name, report) = if let Some(part) = part {
        let (rendition, last) = (rendition.clone(), false);
        let report = PartReport { rendition, segment, part, start_us, duration_us, independent, last, size };
        (ObjectName::Part(segment, part), Report::Part(report))
    } else {
        let (rendition, init, parts) = (rendition.clone(), 0, 1);
        let report = SegmentReport { rendition, segment, start_us, duration_us, independent, size, init, parts };
        (ObjectName::Segment(segment), Report::Segment(report))
    };
    (report, Parcel { object: MediaObject { epoch: Epoch(3), rendition, name }, bytes: size }, vec![bytes])
}

/// What outlives the process.
struct House {
    state: tempfile::TempDir,
    r2: BTreeMap<String, Vec<u8>>,
    room: Vec<Report>,
    /// What was on the disk whole, in order: must reach the Room.
    owed: Vec<Report>,
}

/// The process.
struct Process {
    journal: Journal,
    ledger: Ledger,
    /// Only the first one has an encoder.
    fed: bool,
}

impl Process {
    async fn again(state: &Path) -> Option<Self> {
        let journal = Journal::open(state).await.unwrap();
        let left = journal.unfinished().await.unwrap().pop()?;
        let ledger = take_up(&journal, left).await.unwrap();
        Some(Self { journal, ledger, fed: false })
    }

    /// Does it; whether the process lives on.
    async fn step(&mut self, step: &Step, house: &mut House) -> bool {
        match step {
            Step::Die => return false,
            Step::Push { .. } if !self.fed => {}
            Step::Push { segment, dies } => {
                let n = self.ledger.end();
                let (report, parcel, pieces) = media(n, *segment);
                if *dies {
                    std::fs::write(self.journal.file(key(), n), &pieces[0][..3]).unwrap();
                    return false;
                }
                self.journal.append(key(), n, &report, Some((&parcel, &pieces))).await.unwrap();
                house.owed.push(report.clone());
                self.ledger.push(report, Some(parcel), Instant::now());
            }
            Step::Put(death) => {
                let Some((n, parcel)) = self.ledger.next_upload() else { return true };
                let file = self.journal.file(key(), n);
                let bytes = std::fs::read(&file).unwrap();
                let there = house.r2.entry(parcel.object.path()).or_insert_with(|| bytes.clone());
                assert_eq!(*there, bytes, "a name was written twice");
                if matches!(death, Some(PutDeath::BeforeRow)) {
                    return false;
                }
                self.journal.stored(key(), n).await.unwrap();
                if matches!(death, Some(PutDeath::BeforeFile)) {
                    std::fs::write(file, bytes).unwrap();
                    return false;
                }
                assert!(self.ledger.stored(n));
            }
            Step::GiveUp { dies } => {
                for (n, report) in self.ledger.shed(1) {
                    self.journal.given_up(key(), n, &report).await.unwrap();
                    if *dies {
                        std::fs::write(self.journal.file(key(), n), "left").unwrap();
                        return false;
                    }
                }
            }
            Step::Tell { dies } => {
                if !self.ledger.is_linked() {
                    self.ledger.linked(house.room.len() as u64).unwrap();
                }
                let Some((n, report)) = self.ledger.peek() else { return true };
                let told = match report {
                    Report::Part(part) => Some(format!("3/video/{}.0.m4s", part.segment.0)),
                    Report::Segment(segment) => Some(format!("3/video/{}.m4s", segment.segment.0)),
                    _ => None,
                };
                assert!(told.is_none_or(|path| house.r2.contains_key(&path)), "told before R2 had it");
                match house.room.get(usize::try_from(n).unwrap()) {
                    Some(heard) => assert_eq!(heard, report, "a report changed after the Room had it"),
                    None => house.room.push(report.clone()),
                }
                if *dies {
                    return false;
                }
                self.ledger.told();
            }
            Step::Acknowledge => {
                self.ledger.acknowledged(house.room.len() as u64);
                if let Some(next) = self.ledger.forgotten() {
                    self.journal.acknowledged(key(), next).await.unwrap();
                }
            }
        }
        true
    }
}

/// The steps, then whatever is left without a death.
async fn run(steps: Vec<Step>) {
    let mut house =
        House { state: tempfile::tempdir().unwrap(), r2: BTreeMap::new(), room: Vec::new(), owed: Vec::new() };
    let journal = Journal::open(house.state.path()).await.unwrap();
    journal.begin(key()).await.unwrap();
    let mut process = Process { journal, ledger: Ledger::starting_at(0), fed: true };
    let rest = [Step::Put(None), Step::Tell { dies: false }, Step::Acknowledge];
    // At worst the first report's object is put last, and all are told after that.
    let rest = std::iter::repeat_n(rest, 2 * (steps.len() + 1)).flatten();
    for step in steps.into_iter().chain([Step::Die]).chain(rest) {
        if !process.step(&step, &mut house).await {
            process.journal.close().await;
            process = Process::again(house.state.path()).await.expect("the epoch is not done");
        }
    }
    assert!(process.ledger.is_done(), "something is held up");
    assert_eq!(house.room.pop(), Some(Report::Ended { reason: EndReason::Lost }));
    assert_eq!(house.room.len(), house.owed.len(), "something is lost, or told twice");
    for (heard, owed) in house.room.iter().zip(&house.owed) {
        let given_up = match owed {
            Report::Segment(segment) => Report::Gap(segment.clone()),
            Report::Part(part) => Report::PartGap(part.clone()),
            other => panic!("{other:?} is no medium"),
        };
        assert!(heard == owed || *heard == given_up, "{heard:?} in place of {owed:?}");
    }
    process.journal.finish(key()).await.unwrap();
    let left: Vec<_> = std::fs::read_dir(house.state.path().join("outbox")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn killed_anywhere_nothing_is_lost_and_nothing_told_twice(steps in prop::collection::vec(step(), 0..60)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(steps));
    }
}

#[tokio::test]
async fn folders_that_no_epoch_owns_are_removed() {
    let state = tempfile::tempdir().unwrap();
    let journal = Journal::open(state.path()).await.unwrap();
    journal.begin(key()).await.unwrap();
    // Killed before an epoch's row was written, or after it was deleted.
    let folder = |epoch| state.path().join("outbox").join(key().stream.to_string()).join(epoch);
    std::fs::create_dir_all(folder("4")).unwrap();
    std::fs::write(folder("4").join("0"), "left").unwrap();
    journal.close().await;
    Journal::open(state.path()).await.unwrap();
    assert!(folder("3").exists());
    assert!(!folder("4").exists());
}
