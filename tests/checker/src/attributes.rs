//! Attribute lists (section 4.2).

use std::{collections::BTreeMap, time::Duration};

use crate::{rule::Rule, scalar, text::Tag, violation::Findings};

/// An attribute's value as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value<'a> {
    Quoted(&'a str),
    Bare(&'a str),
}

/// A tag's attributes. Each is taken by its name; whatever is left at the end is unknown.
pub(crate) struct Attributes<'a, 'f> {
    tag: Tag<'a>,
    values: BTreeMap<&'a str, Value<'a>>,
    /// All of it could be read.
    whole: bool,
    findings: &'f mut Findings,
}

impl<'a, 'f> Attributes<'a, 'f> {
    pub(crate) fn read(tag: Tag<'a>, findings: &'f mut Findings) -> Self {
        let mut list = Self { tag, values: BTreeMap::new(), whole: true, findings };
        let mut rest = Some(tag.value);
        while let Some(text) = rest {
            let Some((name, value, behind)) = pair(text) else {
                list.add(Rule::AttributeSyntax, format!("{text:?}"));
                list.whole = false;
                break;
            };
            if list.values.insert(name, value).is_some() {
                list.add(Rule::AttributeRepeated, name);
            }
            rest = behind;
        }
        list
    }

    /// Adds a violation at this tag; of a list that cannot be read, no more is said than that.
    pub(crate) fn add(&mut self, rule: Rule, found: impl Into<String>) {
        if !self.whole {
            return;
        }
        self.findings.add(rule, self.tag.line, format!("{}: {}", self.tag.name, found.into()));
    }

    /// Says which of `names` are missing.
    pub(crate) fn require(&mut self, names: &[&str]) {
        for name in names {
            if !self.has(name) {
                self.add(Rule::AttributeMissing, *name);
            }
        }
    }

    /// Whether it is there and not yet taken.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// One that nobody took yet.
    pub(crate) fn any(&self) -> Option<&'a str> {
        self.values.keys().next().copied()
    }

    /// All that is there, as text: a quoted string keeps its quotes.
    pub(crate) fn as_they_stand(&self) -> BTreeMap<String, String> {
        let text = |value: &Value<'_>| match value {
            Value::Quoted(text) => format!("\"{text}\""),
            Value::Bare(text) => (*text).to_owned(),
        };
        self.values.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect()
    }

    fn take<T>(&mut self, name: &str, read: impl FnOnce(Value<'a>) -> Option<T>) -> Option<T> {
        let value = self.values.remove(name)?;
        let read = read(value);
        if read.is_none() {
            self.add(Rule::AttributeType, format!("{name}={value:?}"));
        }
        read
    }

    fn bare<T>(&mut self, name: &str, read: impl FnOnce(&'a str) -> Option<T>) -> Option<T> {
        self.take(name, |value| if let Value::Bare(text) = value { read(text) } else { None })
    }

    /// A quoted-string.
    pub(crate) fn quoted(&mut self, name: &str) -> Option<&'a str> {
        self.take(name, |value| if let Value::Quoted(text) = value { Some(text) } else { None })
    }

    /// A quoted-string that is one of those that `allowed` knows.
    pub(crate) fn quoted_as(&mut self, name: &str, allowed: impl FnOnce(&str) -> bool) -> Option<&'a str> {
        let text = self.quoted(name)?;
        if !allowed(text) {
            self.add(Rule::AttributeValue, format!("{name}=\"{text}\""));
        }
        Some(text)
    }

    /// A decimal-integer.
    pub(crate) fn integer(&mut self, name: &str) -> Option<u64> {
        self.bare(name, scalar::integer)
    }

    /// A decimal-floating-point in seconds.
    pub(crate) fn seconds(&mut self, name: &str) -> Option<Duration> {
        self.bare(name, scalar::seconds)
    }

    /// A decimal-floating-point, as it stands.
    pub(crate) fn decimal(&mut self, name: &str) -> Option<&'a str> {
        self.bare(name, |text| scalar::seconds(text).map(|_| text))
    }

    /// A signed-decimal-floating-point.
    pub(crate) fn signed(&mut self, name: &str) -> Option<()> {
        self.bare(name, scalar::signed)
    }

    /// A decimal-resolution.
    pub(crate) fn resolution(&mut self, name: &str) -> Option<(u64, u64)> {
        self.bare(name, scalar::resolution)
    }

    /// A hexadecimal-sequence, without its prefix.
    pub(crate) fn hexadecimal(&mut self, name: &str) -> Option<&'a str> {
        self.bare(name, scalar::hexadecimal)
    }

    /// An enumerated-string, one of `allowed`.
    pub(crate) fn enumerated(&mut self, name: &str, allowed: &[&str]) -> Option<&'a str> {
        let word = self.bare(name, Some)?;
        if !allowed.contains(&word) {
            self.add(Rule::AttributeValue, format!("{name}={word}"));
        }
        Some(word)
    }

    /// Whether an enumerated-string that can only be YES is there.
    pub(crate) fn yes(&mut self, name: &str) -> bool {
        self.enumerated(name, &["YES"]) == Some("YES")
    }

    /// An enumerated-string that is YES or NO; absence is NO.
    pub(crate) fn yes_or_no(&mut self, name: &str) -> bool {
        self.enumerated(name, &["YES", "NO"]) == Some("YES")
    }

    /// Takes an attribute that is exactly this enumerated-string; leaves anything else.
    pub(crate) fn is_word(&mut self, name: &str, word: &str) -> bool {
        let is = self.values.get(name) == Some(&Value::Bare(word));
        if is {
            self.values.remove(name);
        }
        is
    }

    /// Takes what begins with `prefix`, whatever it is (section 4.4.5.1: X- attributes).
    pub(crate) fn ignore(&mut self, prefix: &str) {
        self.values.retain(|name, _| !name.starts_with(prefix));
    }

    /// Says what nobody took.
    pub(crate) fn finish(mut self) {
        while let Some((name, _)) = self.values.pop_first() {
            self.add(Rule::UnknownAttribute, name);
        }
    }
}

/// The first pair of a list, and what follows the comma behind it.
fn pair(text: &str) -> Option<(&str, Value<'_>, Option<&str>)> {
    let (name, rest) = text.split_once('=')?;
    let legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || !name.bytes().all(legal) {
        return None;
    }
    if let Some(rest) = rest.strip_prefix('"') {
        let (value, behind) = rest.split_once('"')?;
        let behind = if behind.is_empty() { None } else { Some(behind.strip_prefix(',')?) };
        return Some((name, Value::Quoted(value), behind));
    }
    let (value, behind) = rest.split_once(',').map_or((rest, None), |(value, behind)| (value, Some(behind)));
    let plain = !value.is_empty() && !value.contains(|c: char| c == '"' || c.is_whitespace());
    plain.then_some((name, Value::Bare(value), behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_a_name_and_one_value() {
        assert_eq!(pair("A-1=x,B=\"y\""), Some(("A-1", Value::Bare("x"), Some("B=\"y\""))));
        assert_eq!(pair("B=\"a,b=c\""), Some(("B", Value::Quoted("a,b=c"), None)));
        assert_eq!(pair("B=\"\",C=1"), Some(("B", Value::Quoted(""), Some("C=1"))));
        for bad in
            ["", "A", "=1", "a=1", "A =1", "A= 1", "A=", "A=1 2", "A=\"b", "A=\"b\"c", "A=b\"c\"", "A=\"b\" ,C=1"]
        {
            assert_eq!(pair(bad), None, "{bad}");
        }
    }
}
