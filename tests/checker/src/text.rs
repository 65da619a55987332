//! A playlist as lines (section 4.1).

use crate::{
    rule::Rule,
    tag::{Home, home},
    violation::Findings,
};

/// A line that means something: blank ones and comments are gone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Line<'a> {
    /// A tag, and where it belongs.
    Tag(Home, Tag<'a>),
    /// A URI and its line.
    Uri(&'a str, usize),
}

/// A tag as it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag<'a> {
    /// Without the `#`.
    pub(crate) name: &'a str,
    /// What follows the first colon; empty where there is none.
    pub(crate) value: &'a str,
    pub(crate) line: usize,
}

/// The lines behind EXTM3U; `None` when it is no playlist.
pub(crate) fn lines<'a>(text: &'a str, findings: &mut Findings) -> Option<Vec<Line<'a>>> {
    let text = text.strip_prefix('\u{feff}').map_or(text, |rest| {
        findings.add(Rule::ByteOrderMark, 1, "U+FEFF");
        rest
    });
    let mut rows = text.split_inclusive('\n').zip(1..).map(|(raw, number)| (raw, number, ended(raw)));
    let header = rows.next();
    if header.is_none_or(|(_, _, line)| line != "#EXTM3U") {
        findings.add(Rule::NoHeader, 1, header.map_or("nothing", |(_, _, line)| line));
        return None;
    }
    let mut lines = Vec::new();
    for (raw, number, line) in header.into_iter().chain(rows) {
        characters(raw, number, findings);
        lines.extend(meaning(line, number, findings));
    }
    Some(lines)
}

/// A line without its end.
fn ended(raw: &str) -> &str {
    let line = raw.strip_suffix('\n').unwrap_or(raw);
    line.strip_suffix('\r').unwrap_or(line)
}

fn characters(raw: &str, number: usize, findings: &mut Findings) {
    if !raw.ends_with('\n') || ended(raw).contains('\r') {
        findings.add(Rule::LineEnd, number, format!("{raw:?}"));
    }
    // A tab is whitespace, and has its place in RECENTLY-REMOVED-DATERANGES (section 4.4.5.2).
    if let Some(c) = ended(raw).chars().find(|c| c.is_control() && !matches!(c, '\t' | '\r')) {
        findings.add(Rule::ControlCharacter, number, format!("{c:?}"));
    }
}

fn meaning<'a>(line: &'a str, number: usize, findings: &mut Findings) -> Option<Line<'a>> {
    let bare = line.trim();
    // The title of EXTINF, and comments, are free text.
    let free = line.starts_with("#EXTINF:") || (line.starts_with('#') && !line.starts_with("#EXT"));
    if !free && (bare.len() != line.len() || (!line.starts_with('#') && line.contains(char::is_whitespace))) {
        findings.add(Rule::Whitespace, number, format!("{line:?}"));
    }
    let line = if free { line } else { bare };
    if line.is_empty() {
        return None;
    }
    let Some(tag) = line.strip_prefix('#') else { return Some(Line::Uri(line, number)) };
    if tag.starts_with("EXT") { read_tag(tag, number, findings) } else { None }
}

fn read_tag<'a>(tag: &'a str, line: usize, findings: &mut Findings) -> Option<Line<'a>> {
    let (name, value) = tag.split_once(':').map_or((tag, None), |(name, value)| (name, Some(value)));
    let Some((home, has_value)) = home(name) else {
        findings.add(Rule::UnknownTag, line, name);
        return None;
    };
    if has_value != value.is_some() {
        findings.add(Rule::TagValue, line, format!("#{tag}"));
        return None;
    }
    Some(Line::Tag(home, Tag { name, value: value.unwrap_or_default(), line }))
}
