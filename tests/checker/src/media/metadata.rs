//! Tags beside the segments (section 4.4.5).

use super::{
    model::{At, DateRange, HintType, PreloadHint, RenditionReport, Skip},
    read::Reader,
};
use crate::{attributes::Attributes, date, rule::Rule, text::Tag};

impl Reader<'_> {
    pub(super) fn metadata_tag(&mut self, tag: Tag<'_>) {
        match tag.name {
            "EXT-X-DATERANGE" => self.date_range(tag),
            "EXT-X-SKIP" => self.skip(tag),
            "EXT-X-PRELOAD-HINT" => self.hint(tag),
            "EXT-X-RENDITION-REPORT" => self.report(tag),
            _ => {}
        }
    }

    fn skip(&mut self, tag: Tag<'_>) {
        if !self.shared.first(tag, Rule::SkipRepeated, self.findings) {
            return;
        }
        if self.has_begun() {
            self.findings.add(Rule::SkipMisplaced, tag.line, tag.value);
        }
        self.shared.needs.at_least(9, tag.line, "EXT-X-SKIP");
        let mut list = Attributes::read(tag, self.findings);
        list.require(&["SKIPPED-SEGMENTS"]);
        if list.quoted("RECENTLY-REMOVED-DATERANGES").is_some() {
            self.shared.needs.at_least(10, tag.line, "an EXT-X-SKIP of date ranges");
        }
        let segments = list.integer("SKIPPED-SEGMENTS");
        list.finish();
        self.playlist.skip = segments.map(|segments| Skip { segments, at: At(tag.line) });
    }

    fn hint(&mut self, tag: Tag<'_>) {
        let mut list = Attributes::read(tag, self.findings);
        list.require(&["TYPE", "URI"]);
        let hint_type = match list.enumerated("TYPE", &["PART", "MAP"]) {
            Some("PART") => Some(HintType::Part),
            Some("MAP") => Some(HintType::Map),
            _ => None,
        };
        let uri = list.quoted("URI");
        let start = list.integer("BYTERANGE-START").unwrap_or_default();
        list.integer("BYTERANGE-LENGTH");
        list.finish();
        if let (Some(hint_type), Some(uri)) = (hint_type, uri) {
            self.playlist.hints.push(PreloadHint { hint_type, uri: uri.to_owned(), start, at: At(tag.line) });
        }
    }

    fn report(&mut self, tag: Tag<'_>) {
        let mut list = Attributes::read(tag, self.findings);
        list.require(&["URI"]);
        let uri = list.quoted("URI").unwrap_or_default().to_owned();
        let report = RenditionReport {
            uri,
            last_msn: list.integer("LAST-MSN"),
            last_part: list.integer("LAST-PART"),
            at: At(tag.line),
        };
        list.finish();
        self.playlist.reports.push(report);
    }

    fn date_range(&mut self, tag: Tag<'_>) {
        let mut list = Attributes::read(tag, self.findings);
        let attributes = list.as_they_stand();
        list.require(&["ID"]);
        let id = list.quoted("ID").unwrap_or_default().to_owned();
        if !self.playlist.date_ranges.iter().any(|known| known.id == id && known.start.is_some()) {
            list.require(&["START-DATE"]);
        }
        let dated = |text: &str| date::read(text).is_some();
        let moment = |text: &str| date::read(text).map(|date| date.at);
        let start = list.quoted_as("START-DATE", dated).and_then(moment);
        let end = list.quoted_as("END-DATE", dated).and_then(moment);
        let duration = list.seconds("DURATION");
        list.seconds("PLANNED-DURATION");
        if list.has("END-ON-NEXT") && (!list.has("CLASS") || end.is_some() || duration.is_some()) {
            list.add(Rule::DateRangeEndOnNext, tag.value);
        }
        list.yes("END-ON-NEXT");
        list.quoted("CLASS");
        list.quoted_as("CUE", |cue| {
            let triggers: Vec<_> = cue.split(',').collect();
            triggers.iter().all(|trigger| matches!(*trigger, "PRE" | "POST" | "ONCE"))
                && !(triggers.contains(&"PRE") && triggers.contains(&"POST"))
        });
        for name in ["SCTE35-CMD", "SCTE35-OUT", "SCTE35-IN"] {
            list.hexadecimal(name);
        }
        list.ignore("X-");
        list.finish();
        self.playlist.date_ranges.push(DateRange { id, start, end, duration, attributes, at: At(tag.line) });
    }
}
