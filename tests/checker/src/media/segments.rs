//! Segments and the tags before them (section 4.4.4).

use std::time::Duration;

use super::{
    model::{At, ByteRange, Growing, Map, Opening, Part, Segment},
    read::Reader,
};
use crate::{attributes::Attributes, date, key, rule::Rule, scalar, shared_tags::integer, text::Tag};

const METHODS: [&str; 5] = ["NONE", "AES-128", "SAMPLE-AES", "SAMPLE-AES-CTR", "AES-256-GCM"];

/// A segment as far as its tags have been read.
#[derive(Default)]
pub(super) struct Open {
    pub(super) opening: Opening,
    pub(super) parts: Vec<Part>,
    /// Duration, title and line.
    extinf: Option<(Duration, String, usize)>,
    /// Length, start if it was said, and line.
    range: Option<(u64, Option<u64>, usize)>,
    gap: Option<usize>,
    /// The line of its first tag.
    first: Option<usize>,
}

impl Reader<'_> {
    pub(super) fn segment_tag(&mut self, tag: Tag<'_>) {
        self.open.first.get_or_insert(tag.line);
        match tag.name {
            "EXT-X-DISCONTINUITY" | "EXT-X-KEY" | "EXT-X-MAP" | "EXT-X-PROGRAM-DATE-TIME" => self.opening_tag(tag),
            "EXTINF" => self.extinf(tag),
            "EXT-X-BYTERANGE" => {
                self.shared.needs.at_least(4, tag.line, "EXT-X-BYTERANGE");
                match scalar::byte_range(tag.value) {
                    Some((length, start)) => self.open.range = Some((length, start, tag.line)),
                    None => self.bad_value(tag),
                }
            }
            "EXT-X-GAP" => self.open.gap = Some(tag.line),
            "EXT-X-BITRATE" => self.bitrate = integer(tag, self.findings).or(self.bitrate),
            "EXT-X-PART" => self.part(tag),
            _ => {}
        }
    }

    fn bad_value(&mut self, tag: Tag<'_>) {
        self.findings.add(Rule::TagValue, tag.line, format!("{}:{}", tag.name, tag.value));
    }

    fn opening_tag(&mut self, tag: Tag<'_>) {
        if !self.open.parts.is_empty() {
            self.findings.add(Rule::PartLateTag, tag.line, tag.name);
        }
        match tag.name {
            "EXT-X-DISCONTINUITY" => self.open.opening.discontinuities += 1,
            "EXT-X-KEY" => match key::read(tag, &METHODS, &mut self.shared.needs, self.findings) {
                Some(key) => {
                    self.keys.retain(|known| known.format != key.format);
                    self.keys.push(key);
                }
                None => self.keys.clear(),
            },
            "EXT-X-MAP" => self.map(tag),
            _ => match date::read(tag.value) {
                None => self.bad_value(tag),
                Some(_) if self.open.opening.date.is_some() => {
                    self.findings.add(Rule::DateAmbiguous, tag.line, "a second date for one segment");
                }
                Some(date) => {
                    if !date.precise {
                        self.findings.add(Rule::DatePrecision, tag.line, tag.value);
                    }
                    self.open.opening.date = Some(date.at);
                }
            },
        }
    }

    fn map(&mut self, tag: Tag<'_>) {
        let (version, what) =
            if self.playlist.i_frames_only { (5, "EXT-X-MAP") } else { (6, "EXT-X-MAP without EXT-X-I-FRAMES-ONLY") };
        self.shared.needs.at_least(version, tag.line, what);
        let mut list = Attributes::read(tag, self.findings);
        list.require(&["URI"]);
        let uri = list.quoted("URI");
        // Here the start is required.
        let range = list.quoted_as("BYTERANGE", |text| matches!(scalar::byte_range(text), Some((_, Some(_)))));
        let range =
            range.and_then(scalar::byte_range).and_then(|(length, start)| Some(ByteRange { length, start: start? }));
        list.finish();
        self.map = uri.map(|uri| Map { uri: uri.to_owned(), range }).or_else(|| self.map.take());
    }

    fn extinf(&mut self, tag: Tag<'_>) {
        if self.open.extinf.is_some() {
            self.findings.add(Rule::SegmentWithoutUri, tag.line, "a second EXTINF");
        }
        let Some((seconds, title)) = tag.value.split_once(',') else { return self.bad_value(tag) };
        let Some(duration) = scalar::seconds(seconds) else { return self.bad_value(tag) };
        if seconds.contains('.') {
            self.shared.needs.at_least(3, tag.line, "an EXTINF with decimals");
        }
        self.open.extinf = Some((duration, title.trim().to_owned(), tag.line));
    }

    fn part(&mut self, tag: Tag<'_>) {
        let mut list = Attributes::read(tag, self.findings);
        list.require(&["URI", "DURATION"]);
        let uri = list.quoted("URI").unwrap_or_default().to_owned();
        let duration = list.seconds("DURATION").unwrap_or_default();
        let independent = list.yes("INDEPENDENT");
        let gap = list.yes("GAP");
        let range = list.quoted_as("BYTERANGE", |text| scalar::byte_range(text).is_some()).and_then(scalar::byte_range);
        list.finish();
        let before = self.open.parts.last().filter(|part| part.uri == uri).and_then(|part| part.range);
        let range = range.and_then(|(length, start)| self.range(length, start, before, tag.line));
        self.open.parts.push(Part { uri, duration, independent, range, gap, at: At(tag.line) });
    }

    fn range(&mut self, length: u64, start: Option<u64>, before: Option<ByteRange>, line: usize) -> Option<ByteRange> {
        let follows = before.map(|before| before.start.saturating_add(before.length));
        let start = start.or(follows);
        if start.is_none() {
            self.findings.add(Rule::ByteRangeStart, line, length.to_string());
        }
        start.map(|start| ByteRange { length, start })
    }

    /// The opening, with what is in force.
    fn opening(&self, mut opening: Opening) -> Opening {
        opening.keys.clone_from(&self.keys);
        opening.map.clone_from(&self.map);
        opening
    }

    /// A URI finishes the segment.
    pub(super) fn uri(&mut self, uri: &str, line: usize) {
        let open = std::mem::take(&mut self.open);
        if open.extinf.is_none() {
            self.findings.add(Rule::SegmentWithoutExtinf, line, uri);
        }
        let (duration, title, _) = open.extinf.unwrap_or_default();
        let before =
            self.playlist.segments.last().filter(|segment| segment.uri == uri).and_then(|segment| segment.range);
        // What a delta update skipped may have been the range before.
        let skipped =
            self.playlist.skip.filter(|_| self.playlist.segments.is_empty()).map(|_| ByteRange { length: 0, start: 0 });
        let range = open.range.and_then(|(length, start, line)| self.range(length, start, before.or(skipped), line));
        self.playlist.segments.push(Segment {
            msn: self.playlist.next_msn(),
            opening: self.opening(open.opening),
            parts: open.parts,
            uri: uri.to_owned(),
            duration,
            title,
            range,
            gap: open.gap.is_some(),
            bitrate: self.bitrate,
            at: At(line),
        });
    }

    /// The end of the file comes before the segment's URI: it may have parts and what stands before them, but no more.
    pub(super) fn leave_open(&mut self) {
        let open = std::mem::take(&mut self.open);
        let extinf = open.extinf.as_ref().map(|(_, _, line)| *line);
        if let Some(line) = extinf.or(open.range.map(|(_, _, line)| line)).or(open.gap) {
            self.findings.add(Rule::SegmentWithoutUri, line, "the end of the playlist");
        }
        if let Some(first) = open.first {
            let opening = self.opening(open.opening);
            self.playlist.growing =
                Some(Growing { msn: self.playlist.next_msn(), opening, parts: open.parts, at: At(first) });
        }
    }
}
