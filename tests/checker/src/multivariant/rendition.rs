//! EXT-X-MEDIA (section 4.4.6.1).

use super::{Rendition, read::Reader};
use crate::{attributes::Attributes, media::At, rule::Rule, scalar, text::Tag};

/// What stands at one TYPE only.
const ONLY: [(&str, &str); 4] =
    [("FORCED", "SUBTITLES"), ("CHANNELS", "AUDIO"), ("BIT-DEPTH", "AUDIO"), ("SAMPLE-RATE", "AUDIO")];

impl Reader<'_> {
    pub(super) fn rendition(&mut self, tag: Tag<'_>) {
        let mut list = Attributes::read(tag, self.findings);
        let attributes = list.as_they_stand();
        list.require(&["TYPE", "GROUP-ID", "NAME"]);
        let media_type =
            list.enumerated("TYPE", &["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"]).unwrap_or_default();
        match media_type {
            "SUBTITLES" => list.require(&["URI"]),
            "CLOSED-CAPTIONS" => list.require(&["INSTREAM-ID"]),
            "AUDIO" if !list.has("CHANNELS") => list.add(Rule::ChannelsMissing, tag.value),
            _ => {}
        }
        if media_type == "CLOSED-CAPTIONS" && list.has("URI") {
            list.add(Rule::AttributeMisplaced, "URI");
        }
        for (name, home) in ONLY {
            if list.has(name) && media_type != home {
                list.add(Rule::AttributeMisplaced, name);
            }
        }
        // Absence of AUTOSELECT does not contradict DEFAULT=YES; a NO does.
        let says_autoselect = list.has("AUTOSELECT");
        let (default, autoselect) = (list.yes_or_no("DEFAULT"), list.yes_or_no("AUTOSELECT"));
        if default && says_autoselect && !autoselect {
            list.add(Rule::DefaultNotAutoselect, tag.value);
        }
        instream_id(&mut list, media_type);
        list.yes_or_no("FORCED");
        list.integer("BIT-DEPTH");
        list.integer("SAMPLE-RATE");
        list.quoted_as("CHANNELS", |channels| {
            channels.split('/').next().is_some_and(|count| scalar::integer(count).is_some())
        });
        list.quoted_as("STABLE-RENDITION-ID", is_stable_id);
        for name in ["LANGUAGE", "ASSOC-LANGUAGE", "CHARACTERISTICS"] {
            list.quoted(name);
        }
        let rendition = Rendition {
            media_type: media_type.to_owned(),
            group: list.quoted("GROUP-ID").unwrap_or_default().to_owned(),
            name: list.quoted("NAME").unwrap_or_default().to_owned(),
            uri: list.quoted("URI").map(str::to_owned),
            default,
            autoselect,
            attributes,
            at: At(tag.line),
        };
        list.finish();
        self.instream_version(&rendition);
        self.playlist.renditions.push(rendition);
    }

    /// Section 8, versions 7 and 13.
    fn instream_version(&mut self, rendition: &Rendition) {
        let Some(id) = rendition.attributes.get("INSTREAM-ID") else { return };
        if rendition.media_type != "CLOSED-CAPTIONS" {
            self.shared.needs.at_least(13, rendition.at.0, "INSTREAM-ID of a type other than CLOSED-CAPTIONS");
        } else if id.starts_with("\"SERVICE") {
            self.shared.needs.at_least(7, rendition.at.0, "an INSTREAM-ID of SERVICE");
        }
    }
}

fn instream_id(list: &mut Attributes<'_, '_>, media_type: &str) {
    let captions = media_type == "CLOSED-CAPTIONS";
    let service = |id: &str| {
        id.strip_prefix("SERVICE").and_then(scalar::integer).is_some_and(|number| (1..=63).contains(&number))
    };
    list.quoted_as("INSTREAM-ID", |id| {
        if captions {
            matches!(id, "CC1" | "CC2" | "CC3" | "CC4") || service(id)
        } else {
            id.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
        }
    });
}

/// The characters of STABLE-RENDITION-ID and STABLE-VARIANT-ID.
pub(super) fn is_stable_id(id: &str) -> bool {
    id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '.' | '-' | '_'))
}
