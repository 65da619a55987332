//! What holds for a session: EXT-X-SESSION-DATA, EXT-X-SESSION-KEY, EXT-X-CONTENT-STEERING (sections 4.4.6.4 to 4.4.6.6).

use std::collections::BTreeSet;

use super::read::Reader;
use crate::{attributes::Attributes, key, rule::Rule, text::Tag};

const METHODS: [&str; 4] = ["AES-128", "SAMPLE-AES", "SAMPLE-AES-CTR", "AES-256-GCM"];

/// What may stand once.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// DATA-ID and LANGUAGE.
    data: BTreeSet<(String, Option<String>)>,
    keys: BTreeSet<String>,
}

impl Reader<'_> {
    pub(super) fn session_tag(&mut self, tag: Tag<'_>) {
        match tag.name {
            "EXT-X-SESSION-DATA" => self.session_data(tag),
            "EXT-X-SESSION-KEY" => {
                let key = key::read(tag, &METHODS, &mut self.shared.needs, self.findings);
                if key.is_some_and(|key| !self.session.keys.insert(key.attributes)) {
                    self.findings.add(Rule::SessionKeyRepeated, tag.line, tag.value);
                }
            }
            "EXT-X-CONTENT-STEERING" => {
                self.shared.first(tag, Rule::TagRepeated, self.findings);
                let mut list = Attributes::read(tag, self.findings);
                list.require(&["SERVER-URI"]);
                list.quoted("SERVER-URI");
                list.quoted("PATHWAY-ID");
                list.finish();
            }
            _ => {}
        }
    }

    fn session_data(&mut self, tag: Tag<'_>) {
        let mut list = Attributes::read(tag, self.findings);
        list.require(&["DATA-ID"]);
        if list.has("VALUE") == list.has("URI") {
            list.add(Rule::SessionDataForm, tag.value);
        }
        list.quoted("VALUE");
        list.quoted("URI");
        list.enumerated("FORMAT", &["JSON", "RAW"]);
        let id = list.quoted("DATA-ID").unwrap_or_default().to_owned();
        let language = list.quoted("LANGUAGE").map(str::to_owned);
        if !self.session.data.insert((id, language)) {
            list.add(Rule::SessionDataRepeated, tag.value);
        }
        list.finish();
    }
}
