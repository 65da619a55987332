//! EXT-X-STREAM-INF and EXT-X-I-FRAME-STREAM-INF (sections 4.4.6.2 and 4.4.6.3).

use super::{Variant, read::Reader, rendition::is_stable_id};
use crate::{attributes::Attributes, media::At, rule::Rule, scalar, text::Tag};

impl Reader<'_> {
    pub(super) fn variant(&mut self, tag: Tag<'_>) -> Variant {
        self.view_version(tag);
        let mut list = Attributes::read(tag, self.findings);
        let mut variant = both(&mut list, tag);
        let frame_rate = list.decimal("FRAME-RATE");
        if frame_rate.and_then(|rate| rate.split_once('.')).is_some_and(|(_, decimals)| decimals.len() > 3) {
            list.add(Rule::FrameRateDecimals, frame_rate.unwrap_or_default());
        }
        variant.frame_rate = frame_rate.map(str::to_owned);
        variant.no_captions = list.is_word("CLOSED-CAPTIONS", "NONE");
        for name in ["AUDIO", "SUBTITLES", "CLOSED-CAPTIONS"] {
            variant.groups.extend(list.quoted(name).map(|group| (name, group.to_owned())));
        }
        list.finish();
        variant
    }

    pub(super) fn i_frame_variant(&mut self, tag: Tag<'_>) -> Variant {
        self.view_version(tag);
        let mut list = Attributes::read(tag, self.findings);
        list.require(&["URI"]);
        let uri = list.quoted("URI").unwrap_or_default().to_owned();
        let variant = Variant { uri, ..both(&mut list, tag) };
        list.finish();
        variant
    }

    fn view_version(&mut self, tag: Tag<'_>) {
        if tag.value.contains("REQ-VIDEO-LAYOUT=") {
            self.shared.needs.at_least(12, tag.line, "REQ-VIDEO-LAYOUT");
        }
    }
}

/// What both tags have.
fn both(list: &mut Attributes<'_, '_>, tag: Tag<'_>) -> Variant {
    list.require(&["BANDWIDTH"]);
    if !list.has("CODECS") {
        list.add(Rule::CodecsMissing, tag.value);
    }
    if let Some(score) =
        list.decimal("SCORE").filter(|score| scalar::seconds(score).is_some_and(|score| score.is_zero()))
    {
        list.add(Rule::AttributeValue, format!("SCORE={score}"));
    }
    list.enumerated("HDCP-LEVEL", &["TYPE-0", "TYPE-1", "NONE"]);
    list.enumerated("VIDEO-RANGE", &["SDR", "HLG", "PQ"]);
    list.quoted_as("STABLE-VARIANT-ID", is_stable_id);
    list.quoted_as("REQ-VIDEO-LAYOUT", |layout| layout.split(',').all(|entry| !entry.is_empty()));
    for name in ["SUPPLEMENTAL-CODECS", "ALLOWED-CPC", "PATHWAY-ID"] {
        list.quoted(name);
    }
    Variant {
        bandwidth: list.integer("BANDWIDTH").unwrap_or_default(),
        average_bandwidth: list.integer("AVERAGE-BANDWIDTH"),
        codecs: list.quoted_as("CODECS", |codecs| codecs.split(',').all(is_codec)).map(str::to_owned),
        resolution: list.resolution("RESOLUTION"),
        groups: list.quoted("VIDEO").map(|group| ("VIDEO", group.to_owned())).into_iter().collect(),
        at: At(tag.line),
        ..Variant::default()
    }
}

/// A format of RFC 6381: dotted elements.
fn is_codec(codec: &str) -> bool {
    let element = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    codec.split('.').all(element)
}
