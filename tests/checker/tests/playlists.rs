//! Good playlists, in which nothing is found, and broken ones, in each of which one rule is broken and nothing else.
//!
//! A broken one says in its first comment what is wrong: `## <code> <section>: <what>`. `<name>.1.m3u8` and `<name>.2.m3u8` are
//! two reloads, of which the second breaks the rule; `<name>.index.m3u8` is a multivariant playlist, and the files of that
//! name beside it are its media playlists.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use spillway_hls_checker::{Follower, Rule, Violation, check_media, check_multivariant, check_presentation};

/// The files of a folder, by the name before the first dot and by what is between it and `.m3u8`.
fn folder(name: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut files: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("playlists").join(name)).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.file_name().unwrap().to_str().unwrap().strip_suffix(".m3u8").unwrap();
        let (name, place) = file.split_once('.').unwrap_or((file, ""));
        files.entry(name.to_owned()).or_default().insert(place.to_owned(), text);
    }
    files
}

/// Whichever kind of playlist the first telling tag makes it.
fn check_alone(text: &str) -> Vec<Violation> {
    let multivariant = ["#EXT-X-STREAM-INF", "#EXT-X-MEDIA:"].iter().filter_map(|tag| text.find(tag)).min();
    let media = ["#EXT-X-TARGETDURATION", "#EXTINF"].iter().filter_map(|tag| text.find(tag)).min();
    if multivariant.is_some_and(|at| media.is_none_or(|other| at < other)) {
        check_multivariant(text).1
    } else {
        check_media(text).1
    }
}

/// What is found in one entry of a folder, and the file that is to blame.
fn check(name: &str, files: &BTreeMap<String, String>) -> (Vec<Violation>, String) {
    if let Some(text) = files.get("") {
        return (check_alone(text), text.clone());
    }
    if let (Some(first), Some(second)) = (files.get("1"), files.get("2")) {
        let mut follower = Follower::default();
        assert_eq!(follower.reload(first), [], "{name}: the first of two");
        return (follower.reload(second), second.clone());
    }
    let media = files.iter().filter(|(place, _)| *place != "index");
    let media: BTreeMap<_, _> = media.map(|(place, text)| (format!("{place}.m3u8"), text.clone())).collect();
    for (place, text) in files {
        assert_eq!(check_alone(text), [], "{name}.{place}, alone");
    }
    (check_presentation(&files["index"], &media), files["index"].clone())
}

#[test]
fn nothing_is_found_in_a_good_playlist() {
    for (name, files) in folder("good") {
        assert_eq!(check(&name, &files).0, [], "{name}");
    }
}

#[test]
fn what_is_broken_is_found_and_nothing_else() {
    let mut wrong = Vec::new();
    for (name, files) in folder("broken") {
        let (found, text) = check(&name, &files);
        let mark = text.lines().find_map(|line| line.strip_prefix("## ")).expect(&name);
        let (mark, _) = mark.split_once(": ").expect(&name);
        let found: BTreeSet<_> =
            found.iter().map(|violation| format!("{} {}", violation.rule.code(), violation.rule.section())).collect();
        if found != BTreeSet::from([mark.to_owned()]) {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_broken_playlist() {
    let marks: Vec<_> = folder("broken").into_values().flat_map(BTreeMap::into_values).collect();
    let is_broken = |rule: &Rule| marks.iter().any(|text| text.contains(&format!("## {} ", rule.code())));
    let unbroken: Vec<_> = Rule::ALL.iter().filter(|rule| !is_broken(rule)).map(|rule| rule.code()).collect();
    assert_eq!(unbroken, [""; 0]);
    let codes: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.code()).collect();
    assert_eq!(codes.len(), Rule::ALL.len(), "two rules have one code");
}

/// Lines that are missing, doubled, cut or out of place are found or are not: they never make the checker panic.
#[test]
fn no_mutilation_panics() {
    for files in folder("good").into_values().chain(folder("broken").into_values()) {
        for text in files.values() {
            let lines: Vec<_> = text.split_inclusive('\n').collect();
            let mut follower = Follower::default();
            follower.reload(text);
            for index in 0..lines.len() {
                let mut without = lines.clone();
                let line = without.remove(index);
                let mut moved = without.clone();
                moved.push(line);
                let mut cut = lines.clone();
                let (half, _) = line.split_at(line.floor_char_boundary(line.len() / 2));
                cut[index] = half;
                for mutilated in [without, moved, cut] {
                    let mutilated = mutilated.concat();
                    follower.reload(&mutilated);
                    check_multivariant(&mutilated);
                    check_presentation(&mutilated, &BTreeMap::from([("video.m3u8".into(), text.clone())]));
                }
            }
        }
    }
}
