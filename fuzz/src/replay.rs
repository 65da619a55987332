//! Replays a target's corpus, and pseudo-random changes to it, the same ones every time: fuzzing's short form, for every build.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Values that sit at the edges of things.
const EDGES: [u8; 10] = [0, 1, 3, 8, 9, 20, 0x7f, 0x80, 0xc3, 0xff];
/// No input grows beyond this.
const LONGEST: usize = 64 * 1024;

/// Runs `target` on all of `fuzz/corpus/<name>` and on `rounds` changes to it; panics with the input's name, or its bytes.
pub(crate) fn replay(name: &str, rounds: u32, target: fn(&[u8])) {
    // The corpus lies beside this file's folder, whichever package this is compiled into.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a package lies in the checkout");
    let folder = root.join("fuzz/corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(&folder).expect("every target has a corpus").flatten().collect();
    files.sort_by_key(fs::DirEntry::path);
    let corpus: Vec<_> = files.iter().map(|file| fs::read(file.path()).expect("the corpus can be read")).collect();
    assert!(!corpus.is_empty(), "{name} has no corpus");
    for (file, input) in files.iter().zip(&corpus) {
        check(target, input, || file.path().display().to_string());
    }
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..rounds {
        let input = change(&corpus, &mut dice);
        check(target, &input, || format!("{name}, round {round}: {input:02x?}"));
    }
}

fn check(target: fn(&[u8]), input: &[u8], what: impl FnOnce() -> String) {
    assert!(catch_unwind(AssertUnwindSafe(|| target(input))).is_ok(), "{}", what());
}

/// Xorshift: no more is needed to shake things.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound.max(1)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}

/// One input of the corpus, changed in one to eight places.
fn change(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut input = dice.of(corpus).cloned().unwrap_or_default();
    for _ in 0..=dice.below(8) {
        let at = dice.below(input.len() + 1);
        let span = at..input.len().min(at + 1 + dice.below(24));
        match (dice.below(7), input.get_mut(at)) {
            (0, Some(byte)) => *byte ^= 1 << dice.below(8),
            (1, Some(byte)) => *byte = dice.of(&EDGES).copied().unwrap_or(0),
            (2, Some(byte)) => *byte = byte.wrapping_add(1),
            (3, _) => input.insert(at, dice.of(&EDGES).copied().unwrap_or(0)),
            (4, _) => drop(input.drain(span)),
            (5, _) => {
                let again: Vec<u8> = input.get(span).unwrap_or_default().repeat(1 + dice.below(4));
                input.splice(at..at, again);
            }
            _ => {
                let other = dice.of(corpus).cloned().unwrap_or_default();
                input.truncate(at);
                input.extend(other.get(dice.below(other.len())..).unwrap_or_default());
            }
        }
        input.truncate(LONGEST);
    }
    input
}
