//! What a new pipeline is given when one has died: the configurations, and all media that was not told in whole segments. No clock, no process:
//! tags go in, and tags come out again.

use std::collections::VecDeque;

use crate::ingest::{
    Tag,
    flv::{Kind, Role},
};

/// More bytes than this are not kept: the next keyframe is waited for instead.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// What keeping a tag takes beside its body.
const TAG_BYTES: usize = 128;
/// Nor is more time than this: two segments of the longest target duration, and some.
const MAX_SPAN_MS: i64 = 25_000;
/// A track whose told media ended this much before the other's has gone, and is not waited for.
const LAG_US: i64 = 11_000_000;
/// How far a unit's time may be from its tag's: less than half a frame of sound.
const SLACK_US: i64 = 5_000;
/// A tag that is behind by more than this is on another clock.
const BACK_MS: i64 = 1_000;

/// What is kept of one stream.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    /// The configurations that were in force before the first tag.
    before: Tracks<Option<Tag>>,
    tags: VecDeque<Tag>,
    bytes: usize,
    /// Where what was told of each track ends, in microseconds.
    told_us: Tracks<Option<i64>>,
    newest_ms: Tracks<Option<i64>>,
    /// Pictures are left out until a keyframe comes.
    broken: bool,
}

/// One for each track.
#[derive(Debug, Default)]
struct Tracks<T> {
    video: T,
    audio: T,
}

impl<T> Tracks<T> {
    fn get_mut(&mut self, kind: Kind) -> &mut T {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        }
    }
}

impl Replay {
    /// Keeps a tag.
    pub(crate) fn push(&mut self, tag: &Tag) {
        if tag.role != Role::Configuration {
            let newest = self.newest_ms.get_mut(tag.kind).replace(tag.dts_ms);
            if newest.is_some_and(|newest| newest.saturating_sub(tag.dts_ms) > BACK_MS) {
                self.forget();
            }
            if tag.kind == Kind::Video {
                self.broken &= tag.role != Role::Keyframe;
                if self.broken {
                    return;
                }
            }
        }
        if tag.role == Role::Configuration {
            if !begins_sequence(tag) {
                return;
            }
            // Of those that come with no media between them the last one holds.
            let between = self.tags.iter().rev().take_while(|kept| kept.role == Role::Configuration);
            if let Some(back) = between.enumerate().find_map(|(back, kept)| (kept.kind == tag.kind).then_some(back)) {
                let place = self.tags.len() - 1 - back;
                self.bytes = self.bytes.saturating_sub(self.tags.remove(place).map_or(0, |old| cost(&old)));
            }
        }
        self.bytes += cost(tag);
        self.tags.push_back(tag.clone());
        while self.bytes > MAX_BYTES || self.span_ms() > MAX_SPAN_MS {
            self.drop_oldest();
        }
    }

    /// All media of a track up to here was told, in whole segments.
    pub(crate) fn told(&mut self, kind: Kind, end_us: u64) {
        *self.told_us.get_mut(kind) = Some(i64::try_from(end_us).unwrap_or(i64::MAX));
        let needed = [self.needed_us(Kind::Video), self.needed_us(Kind::Audio)];
        let newest = needed.iter().flatten().max().copied().unwrap_or(0);
        let from_us = needed.into_iter().flatten().filter(|us| *us >= newest.saturating_sub(LAG_US)).min();
        let from_us = from_us.unwrap_or(0).saturating_add(SLACK_US);
        let first = self.tags.iter().rposition(|tag| is_keyframe(tag) && us(tag) <= from_us);
        let pictures = self.tags.iter().any(|tag| tag.kind == Kind::Video && tag.role != Role::Configuration);
        if first.is_none() && pictures {
            return;
        }
        let audio_us = self.told_us.audio.unwrap_or(i64::MIN).saturating_sub(SLACK_US);
        for (place, tag) in std::mem::take(&mut self.tags).into_iter().enumerate() {
            let begun = first.is_none_or(|first| place >= first);
            let keep = match (tag.role, tag.kind) {
                (Role::Configuration, _) => begun && first.is_some(),
                (_, Kind::Video) => begun,
                (_, Kind::Audio) => us(&tag) >= audio_us,
            };
            if keep { self.tags.push_back(tag) } else { self.drop(tag) }
        }
    }

    /// What the new pipeline is given, in order.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.before.video.iter().chain(&self.before.audio).chain(&self.tags)
    }

    /// Keeps the configurations alone: the media itself may be what no pipeline survives.
    pub(crate) fn forget(&mut self) {
        while let Some(tag) = self.tags.pop_front() {
            self.drop(tag);
        }
        self.told_us = Tracks::default();
        self.broken = true;
    }

    /// From when on a track's media is needed; `None` when it has none.
    fn needed_us(&mut self, kind: Kind) -> Option<i64> {
        let told = *self.told_us.get_mut(kind);
        told.or_else(|| self.tags.iter().find(|tag| tag.kind == kind && tag.role != Role::Configuration).map(us))
    }

    fn span_ms(&self) -> i64 {
        let first = self.tags.iter().find(|tag| tag.role != Role::Configuration);
        let last = self.tags.back();
        first.zip(last).map_or(0, |(first, last)| last.dts_ms.saturating_sub(first.dts_ms))
    }

    /// Drops what is before the second keyframe: what is behind it can be decoded. Where there is none, all pictures go.
    fn drop_oldest(&mut self) {
        let second = self.tags.iter().skip(1).position(is_keyframe).map(|place| place + 1);
        let pictures = self.tags.iter().any(|tag| tag.kind == Kind::Video && tag.role != Role::Configuration);
        match second {
            Some(place) => self.tags.drain(..place).collect::<Vec<_>>().into_iter().for_each(|tag| self.drop(tag)),
            None if pictures => self.forget(),
            None => {
                if let Some(tag) = self.tags.pop_front() {
                    self.drop(tag);
                }
            }
        }
    }

    /// What was left out of the tags, if it is a configuration, is in force for those that follow.
    fn drop(&mut self, tag: Tag) {
        self.bytes = self.bytes.saturating_sub(cost(&tag));
        if begins_sequence(&tag) {
            let kind = tag.kind;
            *self.before.get_mut(kind) = Some(tag);
        }
    }
}

fn cost(tag: &Tag) -> usize {
    tag.body.len().saturating_add(TAG_BYTES)
}

fn is_keyframe(tag: &Tag) -> bool {
    tag.kind == Kind::Video && tag.role == Role::Keyframe
}

fn us(tag: &Tag) -> i64 {
    tag.dts_ms.saturating_mul(1_000)
}

/// Whether a configuration begins a sequence: the end of one, or metadata, is nothing to begin with.
fn begins_sequence(tag: &Tag) -> bool {
    let (Role::Configuration, Some(first)) = (tag.role, tag.body.first()) else { return false };
    let enhanced = match tag.kind {
        Kind::Video => first & 0x80 != 0,
        Kind::Audio => first >> 4 == 9,
    };
    let packet = if enhanced { Some(first & 0x0f) } else { tag.body.get(1).copied() };
    packet == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn tag(kind: Kind, role: Role, dts_ms: i64) -> Tag {
        let body: &'static [u8] = match (kind, role) {
            (Kind::Video, Role::Configuration) => &[0x17, 0],
            (Kind::Video, Role::Keyframe) => &[0x17, 1],
            (Kind::Video, Role::Frame) => &[0x27, 1],
            (Kind::Audio, Role::Configuration) => &[0xaf, 0],
            (Kind::Audio, _) => &[0xaf, 1],
        };
        Tag { kind, role, dts_ms, body: Bytes::from_static(body) }
    }

    /// A picture every 100 ms with a keyframe a second, sound every 20 ms.
    fn stream(from_ms: i64, to_ms: i64) -> impl Iterator<Item = Tag> {
        (from_ms / 20..to_ms / 20).map(|n| n * 20).flat_map(|ms| {
            let role = if ms % 1_000 == 0 { Role::Keyframe } else { Role::Frame };
            let picture = (ms % 100 == 0).then(|| tag(Kind::Video, role, ms));
            picture.into_iter().chain([tag(Kind::Audio, Role::Keyframe, ms)])
        })
    }

    fn replay(tags: impl IntoIterator<Item = Tag>) -> Replay {
        let mut replay = Replay::default();
        for kind in [Kind::Video, Kind::Audio] {
            replay.push(&tag(kind, Role::Configuration, 0));
        }
        tags.into_iter().for_each(|tag| replay.push(&tag));
        replay
    }

    /// When the kept tags of a kind begin and end, behind both configurations.
    fn kept(replay: &Replay, kind: Kind) -> Option<(i64, i64)> {
        let roles: Vec<_> = replay.tags().take(2).map(|tag| tag.role).collect();
        assert_eq!(roles, [Role::Configuration; 2]);
        let times = || replay.tags().skip(2).filter(|tag| tag.kind == kind).map(|tag| tag.dts_ms);
        times().next().zip(times().last())
    }

    #[test]
    fn all_is_kept_until_it_is_told() {
        let mut replay = replay(stream(0, 5_000));
        assert_eq!(kept(&replay, Kind::Video), Some((0, 4_900)));
        replay.told(Kind::Video, 2_000_000);
        assert_eq!(kept(&replay, Kind::Video), Some((0, 4_900)), "the sound of the first segment is not told");
        replay.told(Kind::Audio, 2_001_000);
        assert_eq!(
            (kept(&replay, Kind::Video), kept(&replay, Kind::Audio)),
            (Some((2_000, 4_900)), Some((2_000, 4_980)))
        );
        replay.told(Kind::Video, 4_000_000);
        assert_eq!(kept(&replay, Kind::Video), Some((2_000, 4_900)));
        // A segment without a keyframe: what decodes is kept.
        replay.told(Kind::Audio, 4_515_000);
        replay.told(Kind::Video, 4_500_000);
        assert_eq!(
            (kept(&replay, Kind::Video), kept(&replay, Kind::Audio)),
            (Some((4_000, 4_900)), Some((4_520, 4_980)))
        );
    }

    #[test]
    fn configurations_do_not_gather() {
        let mut replay = replay([]);
        for n in 0..10_000 {
            replay.push(&tag([Kind::Video, Kind::Audio][n % 2], Role::Configuration, 0));
            let nothing = Tag { body: Bytes::from_static(&[0xaf]), ..tag(Kind::Audio, Role::Configuration, 0) };
            replay.push(&nothing);
        }
        assert_eq!(replay.tags().count(), 2);
        assert_eq!(replay.bytes, replay.tags().map(cost).sum::<usize>());
    }

    #[test]
    fn a_track_that_has_gone_holds_nothing_back() {
        let mut replay = replay(stream(0, 2_000));
        stream(2_000, 14_000).filter(|tag| tag.kind == Kind::Video).for_each(|tag| replay.push(&tag));
        replay.told(Kind::Audio, 2_000_000);
        replay.told(Kind::Video, 14_000_000);
        assert_eq!(kept(&replay, Kind::Video), Some((13_000, 13_900)));
        assert_eq!(kept(&replay, Kind::Audio), None);
    }

    #[test]
    fn sound_alone_is_kept_by_its_time() {
        let mut replay = replay(stream(0, 5_000).filter(|tag| tag.kind == Kind::Audio));
        replay.told(Kind::Audio, 4_000_000);
        assert_eq!(kept(&replay, Kind::Audio), Some((4_000, 4_980)));
    }

    #[test]
    fn what_is_too_long_goes_up_to_a_keyframe() {
        let replay = replay(stream(0, 40_000));
        assert_eq!(kept(&replay, Kind::Video).unwrap().0, 15_000);
        assert!(kept(&replay, Kind::Audio).unwrap().0 >= 14_980);
    }

    #[test]
    fn a_group_that_is_too_large_is_not_kept_at_all() {
        let big = |ms| Tag { body: Bytes::from(vec![0x27; MAX_BYTES / 2]), ..tag(Kind::Video, Role::Frame, ms) };
        let mut replay = replay([tag(Kind::Video, Role::Keyframe, 0), big(33), big(66), big(99)]);
        assert_eq!(kept(&replay, Kind::Video), None);
        replay.push(&tag(Kind::Video, Role::Keyframe, 132));
        assert_eq!(kept(&replay, Kind::Video), Some((132, 132)));
    }

    #[test]
    fn another_clock_begins_anew_and_the_newest_configuration_stays() {
        let mut replay = replay(stream(0, 5_000));
        let newer = Tag { body: Bytes::from_static(&[0x17, 0, 7]), ..tag(Kind::Video, Role::Configuration, 5_000) };
        replay.push(&newer);
        replay.push(&Tag { body: Bytes::from_static(&[0x17, 2]), ..newer.clone() });
        replay.push(&tag(Kind::Video, Role::Keyframe, 1_000));
        assert_eq!(kept(&replay, Kind::Video), Some((1_000, 1_000)));
        assert!(replay.tags().any(|tag| *tag == newer));
    }

    proptest! {
        #[test]
        fn what_is_kept_is_bounded_and_begins_with_a_keyframe(
            steps in prop::collection::vec((0_i64..3_000, any::<bool>(), 0_u8..4, 0_usize..4_000_000, any::<bool>()), 1..80),
        ) {
            let (mut replay, mut at) = (Replay::default(), 0);
            for (ms, video, role, length, told) in steps {
                at += ms;
                let kind = if video { Kind::Video } else { Kind::Audio };
                let role = match role { 0 => Role::Configuration, 1 => Role::Keyframe, _ => Role::Frame };
                replay.push(&Tag { body: Bytes::from(vec![0; length]), ..tag(kind, role, at) });
                if told {
                    replay.told(kind, u64::try_from(at).unwrap() * 700);
                }
                let bytes: usize = replay.tags.iter().map(cost).sum();
                prop_assert_eq!(bytes, replay.bytes);
                prop_assert!(bytes <= MAX_BYTES && replay.span_ms() <= MAX_SPAN_MS);
            }
        }
    }
}
