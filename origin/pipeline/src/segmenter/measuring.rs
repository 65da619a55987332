//! The first units of a stream, held until they tell how long those of each track are: the part target is settled by it, for good.
//! Nobody waits for them. What is made of them is not told before the first segment is whole.

use super::{Kind, Run, STALL_US, Unit};
use crate::{format::Format, ladder::THINNED_US};

/// So much of the picture tells its frame rate, though tags are rounded to milliseconds.
const ENOUGH_US: u64 = 1_000_000;
/// More bytes than this are not held.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What is held.
#[derive(Debug, Default)]
pub(super) struct Measuring {
    units: Vec<(Kind, Option<Run>, Unit)>,
    bytes: usize,
    /// The times of the first picture and of the first frame of sound.
    began_us: [Option<u64>; 2],
}

impl Measuring {
    /// Holds a unit; says whether this is enough.
    pub(super) fn push(&mut self, kind: Kind, run: Option<Run>, unit: Unit) -> bool {
        let [video, audio] = &mut self.began_us;
        let (began_us, enough_us) = match kind {
            Kind::Video => (video, ENOUGH_US),
            // A picture that takes longer is not waited for.
            Kind::Audio => (audio, STALL_US),
            // There is none before the picture goes on.
            Kind::Rung(_) => return false,
        };
        let lasts_us = unit.time_us.saturating_sub(*began_us.get_or_insert(unit.time_us));
        self.bytes = self.bytes.saturating_add(unit.data.len());
        self.units.push((kind, run, unit));
        lasts_us >= enough_us || self.bytes > MOST_BYTES
    }

    /// How long the units of each track are, as far as that can be told; those of rungs too, where some may be (`laddered`).
    pub(super) fn units_us(&self, laddered: bool) -> Vec<u64> {
        let sound = self.units.iter().find_map(|(_, run, _)| match run {
            Some(Run { format: Format::Audio(audio), .. }) => Some(audio.frames_us(1)),
            _ => None,
        });
        let picture = self.picture_us();
        let thinned = picture.filter(|us| laddered && *us < THINNED_US).map(|us| us.saturating_mul(2));
        picture.into_iter().chain(thinned).chain(sound).filter(|unit_us| *unit_us > 0).collect()
    }

    /// How far pictures are apart; where the camera stumbled does not count.
    fn picture_us(&self) -> Option<u64> {
        let times: Vec<u64> =
            self.units.iter().filter(|(kind, ..)| *kind == Kind::Video).map(|(.., unit)| unit.time_us).collect();
        let mut steps: Vec<u64> =
            times.iter().zip(times.iter().skip(1)).map(|(one, next)| next.saturating_sub(*one)).collect();
        steps.sort_unstable();
        let usual = *steps.get(steps.len() / 2)?;
        steps.retain(|step| (usual / 2..=usual.saturating_mul(3) / 2).contains(step));
        steps.iter().sum::<u64>().checked_div(steps.len() as u64)
    }

    /// What was held, in order.
    pub(super) fn units(self) -> Vec<(Kind, Option<Run>, Unit)> {
        self.units
    }
}
