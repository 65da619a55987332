//! Tags that either kind of playlist may have (sections 4.4.1 and 4.4.2), and what all tags share.

use std::collections::BTreeSet;

use crate::{attributes::Attributes, rule::Rule, scalar, text::Tag, version::Needs, violation::Findings};

/// What they say, and which tags have been there.
#[derive(Debug, Default)]
pub(crate) struct SharedTags {
    /// EXT-X-VERSION and its line.
    pub(crate) version: Option<(u64, usize)>,
    pub(crate) independent_segments: bool,
    pub(crate) needs: Needs,
    seen: BTreeSet<String>,
    defined: BTreeSet<String>,
}

impl SharedTags {
    /// Whether this tag is the first of its name; if not, that is a violation.
    pub(crate) fn first(&mut self, tag: Tag<'_>, rule: Rule, findings: &mut Findings) -> bool {
        let first = self.seen.insert(tag.name.to_owned());
        if !first {
            findings.add(rule, tag.line, tag.name);
        }
        first
    }

    /// Reads one of them.
    pub(crate) fn read(&mut self, tag: Tag<'_>, multivariant: bool, findings: &mut Findings) {
        match tag.name {
            "EXT-X-VERSION" => {
                let version = integer(tag, findings);
                if self.first(tag, Rule::VersionRepeated, findings) {
                    self.version = version.map(|version| (version, tag.line));
                }
            }
            "EXT-X-INDEPENDENT-SEGMENTS" => {
                self.first(tag, Rule::TagRepeated, findings);
                self.independent_segments = true;
            }
            "EXT-X-START" => {
                self.first(tag, Rule::TagRepeated, findings);
                let mut list = Attributes::read(tag, findings);
                list.require(&["TIME-OFFSET"]);
                list.signed("TIME-OFFSET");
                list.yes_or_no("PRECISE");
                list.finish();
            }
            "EXT-X-DEFINE" => self.define(tag, multivariant, findings),
            _ => {}
        }
    }

    fn define(&mut self, tag: Tag<'_>, multivariant: bool, findings: &mut Findings) {
        self.needs.at_least(8, tag.line, "EXT-X-DEFINE");
        let mut list = Attributes::read(tag, findings);
        let forms = ["NAME", "IMPORT", "QUERYPARAM"].into_iter().filter(|name| list.has(name)).count();
        // Only a media playlist has something to import from.
        if forms != 1 || list.has("NAME") != list.has("VALUE") || (multivariant && list.has("IMPORT")) {
            list.add(Rule::DefineForm, tag.value);
        }
        if list.has("QUERYPARAM") {
            self.needs.at_least(11, tag.line, "QUERYPARAM");
        }
        list.quoted("VALUE");
        for form in ["NAME", "IMPORT", "QUERYPARAM"] {
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let Some(name) = list.quoted_as(form, |name| !name.is_empty() && name.chars().all(legal)) else { continue };
            if !self.defined.insert(name.to_owned()) {
                list.add(Rule::DefineRepeated, name);
            }
        }
        list.finish();
    }
}

/// A tag's value where it is a decimal-integer.
pub(crate) fn integer(tag: Tag<'_>, findings: &mut Findings) -> Option<u64> {
    let value = scalar::integer(tag.value);
    if value.is_none() {
        findings.add(Rule::TagValue, tag.line, format!("{}:{}", tag.name, tag.value));
    }
    value
}
