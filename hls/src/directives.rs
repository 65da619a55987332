//! What a player asks of a playlist beside its name (RFC 8216bis, section 6.2.5), and when it can be answered.

use serde::{Deserialize, Serialize};
use spillway_protocol::media::{MediaObject, ObjectName, RenditionId};

use crate::snapshot::{RenditionSnapshot, Snapshot};

/// Delivery directives of a playlist's URL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Directives {
    /// Answer no sooner than this is listed (`_HLS_msn`, `_HLS_part`).
    pub until: Option<Place>,
    /// Leave out what is old (`_HLS_skip`).
    pub skip: bool,
}

/// A place in a media playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// A media sequence number.
    pub msn: u64,
    /// A part of that segment; `None` for all of it.
    pub part: Option<u64>,
}

/// Directives that mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDirectives {
    /// Not a decimal integer, or the same directive twice.
    #[error("_HLS_msn and _HLS_part are decimal integers, each given once")]
    Malformed,
    /// `_HLS_part` without `_HLS_msn`.
    #[error("_HLS_part needs _HLS_msn")]
    PartAlone,
}

/// Whether something is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// It is, or never will be.
    Now,
    /// It is to come.
    Later,
    /// It is further ahead than anyone needs to ask for.
    TooFar,
}

impl Directives {
    /// Reads a URL's query; what else is in it means nothing.
    pub fn parse(query: &str) -> Result<Self, BadDirectives> {
        let (mut msn, mut part, mut skip) = (None, None, false);
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let number = match name {
                "_HLS_msn" => &mut msn,
                "_HLS_part" => &mut part,
                "_HLS_skip" => {
                    skip |= matches!(value, "YES" | "v2");
                    continue;
                }
                _ => continue,
            };
            let digits = value.bytes().all(|b| b.is_ascii_digit());
            let value = value.parse().ok().filter(|_| digits).ok_or(BadDirectives::Malformed)?;
            if number.replace(value).is_some() {
                return Err(BadDirectives::Malformed);
            }
        }
        match (msn, part) {
            (None, Some(_)) => Err(BadDirectives::PartAlone),
            (None, None) => Ok(Self { until: None, skip }),
            (Some(msn), part) => Ok(Self { until: Some(Place { msn, part }), skip }),
        }
    }
}

impl Snapshot {
    /// Whether a rendition's playlist has what a player waits for.
    pub fn readiness(&self, rendition: &RenditionId, place: Place) -> Readiness {
        let Some(rendition) = self.rendition(rendition).filter(|_| !self.ended) else { return Readiness::Now };
        // A part number past a finished segment's last means the next segment's first part.
        let place = match (place, rendition.parts_of(place.msn)) {
            (Place { msn, part: Some(part) }, Some(parts)) if part >= parts => {
                Place { msn: msn.saturating_add(1), part: Some(0) }
            }
            (place, _) => place,
        };
        let open = rendition.next_sequence();
        let parts = rendition.open.as_ref().map_or(0, |open| open.parts.len() as u64);
        let last = open.saturating_sub(1);
        let too_far = match place.part {
            _ if place.msn > last.saturating_add(2) => true,
            Some(part) if place.msn >= open => {
                let listed = if place.msn == open { parts } else { 0 };
                part >= listed.saturating_add(self.advance_parts())
            }
            _ => false,
        };
        let there = place.msn < open || (place.msn == open && place.part.is_some_and(|part| part < parts));
        match (there, too_far) {
            (true, _) => Readiness::Now,
            (false, true) => Readiness::TooFar,
            // The newest epoch is without it: a player is told at once, and takes another.
            (false, false) if rendition.track.is_none() => Readiness::TooFar,
            (false, false) => Readiness::Later,
        }
    }

    /// Whether a part is listed, or hinted at; all others are further ahead than anyone needs to ask for.
    pub fn part_readiness(&self, object: &MediaObject) -> Readiness {
        let (ObjectName::Part(segment, part), Some(rendition)) = (object.name, self.rendition(&object.rendition))
        else {
            return Readiness::TooFar;
        };
        let place = (object.epoch, segment);
        let open = rendition.open.iter().map(|open| (open.place(), &open.parts));
        let mut parts = rendition.segments.iter().map(|segment| (segment.place(), &segment.parts)).chain(open);
        let parts = parts.find(|(listed, _)| *listed == place).map(|(_, parts)| parts);
        let listed = parts.and_then(|parts| parts.get(usize::try_from(part.0).ok()?)).is_some_and(|part| !part.gap);
        let hinted = !self.ended && rendition.next(self.publishing) == Some((object.epoch, segment, part));
        match (listed, hinted) {
            (true, _) => Readiness::Now,
            (false, true) => Readiness::Later,
            (false, false) => Readiness::TooFar,
        }
    }

    /// The Advance Part Limit (section 6.2.5.2).
    fn advance_parts(&self) -> u64 {
        match self.part_target_ms {
            Some(target @ 1..1_000) => u64::from(3_000_u32.div_ceil(target)),
            _ => 3,
        }
    }
}

impl RenditionSnapshot {
    /// How many parts a segment has, where that is known and final.
    fn parts_of(&self, msn: u64) -> Option<u64> {
        if msn == self.next_sequence() {
            return self.open.as_ref().filter(|open| open.whole).map(|open| open.parts.len() as u64);
        }
        let place = usize::try_from(msn.checked_sub(self.sequence)?).ok()?;
        self.segments.get(place).map(|segment| segment.parts.len() as u64)
    }
}
