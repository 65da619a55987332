//! The corpus of every target that is not the origin's, and changes to it. (The origin replays its own in its unit tests.)

#[path = "../src/replay.rs"]
mod replay;

#[test]
fn the_corpus_and_changes_to_it() {
    for (name, target) in [
        ("tags", spillway_fuzz::tags as fn(&[u8])),
        ("pipe", spillway_fuzz::pipe),
        ("room", spillway_fuzz::room),
        ("link", spillway_fuzz::link),
        ("play", spillway_fuzz::play),
        ("keys", spillway_fuzz::keys),
    ] {
        replay::replay(name, 20_000, target);
    }
}
