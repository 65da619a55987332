//! Which version a playlist must state (section 8).

use crate::{rule::Rule, violation::Findings};

/// The highest version that anything in a playlist asks for.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    version: u64,
    line: usize,
    what: &'static str,
}

impl Needs {
    /// `what`, in `line`, needs this version.
    pub(crate) fn at_least(&mut self, version: u64, line: usize, what: &'static str) {
        if version > self.version {
            *self = Self { version, line, what };
        }
    }

    /// Compares with what is stated, and where; no statement is version 1. Up to `allowed` is not too high.
    pub(crate) fn check(&self, stated: Option<(u64, usize)>, allowed: u64, findings: &mut Findings) {
        let Self { version, line, what } = *self;
        let (stated, at) = stated.unwrap_or((1, 0));
        if stated < version {
            findings.add(Rule::VersionTooLow, line, format!("{stated}, but {what} needs {version}"));
        } else if stated > version.max(allowed) {
            findings.add(Rule::VersionTooHigh, at, format!("{stated}, where {} is enough", version.max(1)));
        }
    }
}
