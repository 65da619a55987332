//! One reload of a media playlist after another (sections 6.2.1 and 6.2.2).

mod delta;
mod head;
mod hints;
mod parts;
mod segments;
mod window;

use std::collections::BTreeSet;

use self::window::Course;
use crate::{
    media::{self, MediaPlaylist},
    violation::{Findings, Violation},
};

/// Follows one media playlist through its reloads, whole ones and delta updates.
#[derive(Debug, Default)]
pub struct Follower {
    known: Option<MediaPlaylist>,
    /// A segment was removed once: from then on three target durations must be left.
    shortened: bool,
    /// Hinted parts that did not come.
    withdrawn: BTreeSet<String>,
}

impl Follower {
    /// The next reload: what is wrong with it alone, and what it must not have changed.
    ///
    /// A reload that went back, or that cannot be read, is not taken for the truth; the next one is compared with what was
    /// known before.
    pub fn reload(&mut self, text: &str) -> Vec<Violation> {
        let mut findings = Findings::default();
        if let Some(next) = media::read(text, &mut findings) {
            self.follow(next, &mut findings);
        }
        findings.into_violations()
    }

    /// The playlist as it is known: delta updates are filled up.
    pub fn playlist(&self) -> Option<&MediaPlaylist> {
        self.known.as_ref()
    }

    fn follow(&mut self, next: MediaPlaylist, findings: &mut Findings) {
        let Some(next) = delta::resolve(self.known.as_ref(), next, findings) else { return };
        if let Some(known) = &self.known {
            let course = window::course(known, &next, findings);
            if course == Course::Back {
                return;
            }
            head::compare(known, &next, findings);
            self.shortened |= next.media_sequence > known.media_sequence;
            if self.shortened {
                window::long_enough(&next, findings);
            }
            // Where the numbers are wrong, nothing can be compared by them.
            if course == Course::Forward {
                segments::compare(known, &next, findings);
                parts::compare(known, &next, findings);
                hints::compare(known, &next, &mut self.withdrawn, findings);
            }
        }
        self.known = Some(next);
    }
}
