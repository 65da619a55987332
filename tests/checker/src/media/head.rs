//! Tags that hold for a whole media playlist (section 4.4.3).

use std::time::Duration;

use super::{
    model::{At, PlaylistType, ServerControl},
    read::Reader,
};
use crate::{attributes::Attributes, rule::Rule, shared_tags::integer, text::Tag};

impl Reader<'_> {
    pub(super) fn head_tag(&mut self, tag: Tag<'_>) {
        if !self.shared.first(tag, Rule::TagRepeated, self.findings) {
            return;
        }
        match tag.name {
            "EXT-X-TARGETDURATION" => self.target_duration(tag),
            "EXT-X-MEDIA-SEQUENCE" => {
                if self.has_begun() {
                    self.findings.add(Rule::MediaSequenceLate, tag.line, tag.value);
                }
                self.playlist.media_sequence = integer(tag, self.findings).unwrap_or_default();
            }
            "EXT-X-DISCONTINUITY-SEQUENCE" => {
                if self.has_begun() || self.open.opening.discontinuities > 0 {
                    self.findings.add(Rule::DiscontinuitySequenceLate, tag.line, tag.value);
                }
                self.playlist.discontinuity_sequence = integer(tag, self.findings).unwrap_or_default();
            }
            "EXT-X-ENDLIST" => self.playlist.ended = true,
            "EXT-X-PLAYLIST-TYPE" => match tag.value {
                "EVENT" => self.playlist.playlist_type = Some(PlaylistType::Event),
                "VOD" => self.playlist.playlist_type = Some(PlaylistType::Vod),
                other => self.findings.add(Rule::TagValue, tag.line, other),
            },
            "EXT-X-I-FRAMES-ONLY" => {
                self.shared.needs.at_least(4, tag.line, "EXT-X-I-FRAMES-ONLY");
                self.playlist.i_frames_only = true;
            }
            "EXT-X-PART-INF" => {
                let mut list = Attributes::read(tag, self.findings);
                list.require(&["PART-TARGET"]);
                self.playlist.part_target = list.seconds("PART-TARGET");
                list.finish();
            }
            "EXT-X-SERVER-CONTROL" => self.server_control(tag),
            _ => {}
        }
    }

    fn target_duration(&mut self, tag: Tag<'_>) {
        self.has_target = true;
        let seconds = integer(tag, self.findings);
        if seconds == Some(0) {
            self.findings.add(Rule::TargetDurationZero, tag.line, "0");
        }
        self.playlist.target_duration = Duration::from_secs(seconds.unwrap_or_default());
    }

    fn server_control(&mut self, tag: Tag<'_>) {
        let mut list = Attributes::read(tag, self.findings);
        self.playlist.server_control = Some(ServerControl {
            can_skip_until: list.seconds("CAN-SKIP-UNTIL"),
            can_skip_date_ranges: list.yes("CAN-SKIP-DATERANGES"),
            hold_back: list.seconds("HOLD-BACK"),
            part_hold_back: list.seconds("PART-HOLD-BACK"),
            can_block_reload: list.yes("CAN-BLOCK-RELOAD"),
            at: At(tag.line),
        });
        list.finish();
    }
}
