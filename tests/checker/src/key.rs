//! EXT-X-KEY and EXT-X-SESSION-KEY (sections 4.4.4.4 and 4.4.6.5).

use crate::{attributes::Attributes, media::Key, rule::Rule, text::Tag, version::Needs, violation::Findings};

/// Reads a key; `None` is METHOD=NONE, or no key at all.
pub(crate) fn read(tag: Tag<'_>, methods: &[&str], needs: &mut Needs, findings: &mut Findings) -> Option<Key> {
    let mut list = Attributes::read(tag, findings);
    list.require(&["METHOD"]);
    let method = list.enumerated("METHOD", methods)?;
    if method == "NONE" {
        if let Some(name) = list.any() {
            list.add(Rule::KeyAttributes, format!("{name} beside METHOD=NONE"));
        }
        return None;
    }
    list.require(&["URI"]);
    if list.has("IV") {
        needs.at_least(2, tag.line, "IV");
        if matches!(method, "AES-256-GCM" | "SAMPLE-AES-CTR") {
            list.add(Rule::KeyAttributes, format!("IV beside METHOD={method}"));
        }
    }
    if method == "SAMPLE-AES" {
        needs.at_least(5, tag.line, "METHOD=SAMPLE-AES");
    }
    if list.has("KEYFORMAT") || list.has("KEYFORMATVERSIONS") {
        needs.at_least(5, tag.line, "KEYFORMAT");
    }
    list.quoted("URI");
    // An IV is 128 bits: 32 digits at most.
    if let Some(iv) = list.hexadecimal("IV").filter(|iv| iv.len() > 32) {
        list.add(Rule::AttributeValue, format!("IV=0x{iv}"));
    }
    let format = list.quoted("KEYFORMAT").unwrap_or("identity").to_owned();
    let positive = |number: &str| crate::scalar::integer(number).is_some_and(|number| number > 0);
    list.quoted_as("KEYFORMATVERSIONS", |versions| versions.split('/').all(positive));
    list.finish();
    Some(Key { format, attributes: tag.value.to_owned() })
}
