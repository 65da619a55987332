//! The areas, and what is checked in each.

use std::fmt;

use anyhow::Result;
use clap::ValueEnum;

use super::{deployment, fuzz, openapi, steps};
use crate::Workspace;

/// A part of the checks that can be run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Area {
    /// Formatting
    Fmt,
    /// protocol, hls, room and the edge's own rules: no server
    Core,
    /// Lints, warnings as errors; the edge for wasm as well
    Clippy,
    /// Licences, bans and sources of what we depend on
    Deny,
    /// Documentation builds without a warning
    Docs,
    /// The pages: types, lints, unit tests, build, size
    Web,
    /// The Worker under workerd
    Edge,
    /// The origin and its pipeline
    Origin,
    /// Every parser of what strangers send: the fuzz corpus and changes to it
    Fuzz,
    /// Origin, edge, encoders and players together
    E2e,
    /// Processes that die and storage that fails, while people watch and talk
    Faults,
    /// The pages in Chromium, before a live stream
    Browser,
    /// What a deployment would upload
    Deploy,
}

/// One check.
pub(super) type Check = fn(&Workspace) -> Result<()>;

impl Area {
    /// All areas, what fails fast first.
    pub(super) const ALL: [Self; 13] = [
        Self::Fmt,
        Self::Core,
        Self::Clippy,
        Self::Deny,
        Self::Docs,
        Self::Web,
        Self::Edge,
        Self::Origin,
        Self::Fuzz,
        Self::E2e,
        Self::Faults,
        Self::Browser,
        Self::Deploy,
    ];

    /// Its checks, in order.
    pub(super) fn checks(self) -> &'static [Check] {
        match self {
            Self::Fmt => &[steps::fmt],
            Self::Core => &[steps::core, openapi::is_up_to_date],
            Self::Clippy => &[steps::clippy, steps::clippy_wasm],
            Self::Deny => &[steps::deny, steps::advisories],
            Self::Docs => &[steps::docs],
            Self::Web => &[steps::pages_check, steps::pages_test, steps::pages_build, steps::pages_size],
            Self::Edge => &[steps::edge],
            Self::Origin => &[steps::origin],
            Self::Fuzz => &[fuzz::smoke],
            Self::E2e => &[steps::e2e],
            Self::Faults => &[steps::faults],
            Self::Browser => &[steps::browser],
            Self::Deploy => &[deployment::deployment],
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}
