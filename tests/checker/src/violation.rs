//! What is found.

use std::fmt;

use crate::rule::{Kind, Rule};

/// A place in a playlist where a rule is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The line, from 1; where a reload is compared, that of the newer playlist. 0 when it is the playlist as a whole.
    pub line: usize,
    /// What was found there.
    pub found: String,
}

impl Violation {
    /// Whether it is more than advice.
    pub fn is_must(&self) -> bool {
        self.rule.kind() == Kind::Must
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, line, found } = self;
        write!(f, "line {line}: {} ({}): {}; found {found}", rule.code(), rule.section(), rule.sentence())
    }
}

/// Violations as they are found.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Violation>);

impl Findings {
    pub(crate) fn add(&mut self, rule: Rule, line: usize, found: impl Into<String>) {
        self.0.push(Violation { rule, line, found: found.into() });
    }

    /// In the order of the lines.
    pub(crate) fn into_violations(mut self) -> Vec<Violation> {
        self.0.sort_by_key(|violation| violation.line);
        self.0
    }
}
