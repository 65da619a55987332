//! H.264 as FLV and MP4 carry it (ISO/IEC 14496-15): the configuration record, and access units of NAL units with their lengths in
//! front. Of a NAL unit only its type is read here.

use crate::flv::Unsupported;

/// A record is some tens of bytes.
const MAX_RECORD: usize = 4 * 1024;
const SLICES: std::ops::RangeInclusive<u8> = 1..=5;
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const DELIMITER: u8 = 9;
const FILLER: u8 = 12;

/// What a decoder is set up with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParameterSets {
    /// Bytes in front of every NAL unit.
    length_size: usize,
    sequence: Vec<Vec<u8>>,
    picture: Vec<Vec<u8>>,
}

impl Default for ParameterSets {
    /// None, and lengths as everyone writes them: what holds until a record says otherwise.
    fn default() -> Self {
        Self { length_size: 4, sequence: Vec::new(), picture: Vec::new() }
    }
}

impl ParameterSets {
    /// Reads an `AVCDecoderConfigurationRecord` (section 5.3.3.1). One without sets is taken too: they come with the pictures.
    pub(crate) fn parse(record: &[u8]) -> Result<Self, Unsupported> {
        let (&[version, _, _, _, lengths, sequence], mut rest) = record.split_first_chunk().ok_or(Unsupported)?;
        let length_size = usize::from(lengths & 3) + 1;
        if version != 1 || length_size == 3 || record.len() > MAX_RECORD {
            return Err(Unsupported);
        }
        let sequence = sets(&mut rest, sequence & 0x1f, SPS)?;
        let (picture, mut rest) = rest.split_first().unwrap_or((&0, &[]));
        Ok(Self { length_size, sequence, picture: sets(&mut rest, *picture, PPS)? })
    }

    /// The record of these sets; `samples` says for high profiles how they are coded (section 5.3.3.1.2).
    pub(crate) fn record(&self, samples: Option<[u8; 4]>) -> Result<Vec<u8>, Unsupported> {
        let [_, profile, constraints, level, ..] = *self.sequence()? else { return Err(Unsupported) };
        let lengths = u8::try_from(self.length_size).map_err(|_| Unsupported)? - 1;
        let mut record = vec![1, profile, constraints, level, 0xfc | lengths];
        for (sets, reserved) in [(&self.sequence, 0xe0), (&self.picture, 0)] {
            record.push(reserved | u8::try_from(sets.len()).map_err(|_| Unsupported)?);
            for set in sets {
                record.extend(u16::try_from(set.len()).map_err(|_| Unsupported)?.to_be_bytes());
                record.extend(set);
            }
        }
        record.extend(samples.into_iter().flatten());
        if record.len() > MAX_RECORD { Err(Unsupported) } else { Ok(record) }
    }

    /// The first sequence parameter set, which says what the picture is.
    pub(crate) fn sequence(&self) -> Result<&[u8], Unsupported> {
        self.sequence.first().map(Vec::as_slice).ok_or(Unsupported)
    }

    /// A picture can be decoded with them.
    pub(crate) fn are_whole(&self) -> bool {
        !self.sequence.is_empty() && !self.picture.is_empty()
    }

    /// The sets from `unit` on; `None` when it brings none that are new.
    pub(crate) fn with(&self, unit: &AccessUnit<'_>) -> Option<Self> {
        let of = |kind: u8, known: &[Vec<u8>]| {
            let found: Vec<_> = unit.nals.iter().filter(|nal| kind_of(nal) == kind).map(|nal| nal.to_vec()).collect();
            if found.iter().all(|set| known.contains(set)) { known.to_vec() } else { found }
        };
        let (sequence, picture) = (of(SPS, &self.sequence), of(PPS, &self.picture));
        let next = Self { length_size: self.length_size, sequence, picture };
        (next != *self).then_some(next)
    }

    /// The sets as NAL units.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.all().for_each(|set| self.write(set, &mut bytes));
        bytes
    }

    fn all(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.sequence.iter().chain(&self.picture)
    }

    fn write(&self, nal: &[u8], bytes: &mut Vec<u8>) {
        let length = nal.len().to_be_bytes();
        bytes.extend_from_slice(length.get(length.len() - self.length_size..).unwrap_or_default());
        bytes.extend_from_slice(nal);
    }
}

fn sets(rest: &mut &[u8], count: u8, kind: u8) -> Result<Vec<Vec<u8>>, Unsupported> {
    let mut sets = Vec::new();
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk().ok_or(Unsupported)?;
        let (set, after) = after.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(Unsupported)?;
        if set.is_empty() || kind_of(set) != kind {
            return Err(Unsupported);
        }
        sets.push(set.to_vec());
        *rest = after;
    }
    Ok(sets)
}

/// One picture's NAL units, but for empty ones.
#[derive(Debug)]
pub(crate) struct AccessUnit<'a> {
    nals: Vec<&'a [u8]>,
    whole: bool,
}

impl<'a> AccessUnit<'a> {
    /// Reads a tag's data, as far as it can be read.
    pub(crate) fn parse(data: &'a [u8], sets: &ParameterSets) -> Self {
        let (mut nals, mut rest) = (Vec::new(), data);
        while let Some((length, after)) =
            rest.split_at_checked(sets.length_size).filter(|(length, _)| !length.is_empty())
        {
            let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            let Some((nal, after)) = after.split_at_checked(length) else { break };
            nals.extend((length > 0).then_some(nal));
            rest = after;
        }
        Self { nals, whole: rest.is_empty() }
    }

    /// It could be read to its end.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// There is something to show in it. (A slice of one byte is what start codes in place of lengths look like.)
    pub(crate) fn has_picture(&self) -> bool {
        self.nals.iter().any(|nal| SLICES.contains(&kind_of(nal)) && nal.len() > 1)
    }

    /// Nothing that follows refers to what was before it.
    pub(crate) fn is_idr(&self) -> bool {
        self.nals.iter().any(|nal| kind_of(nal) == IDR)
    }

    /// Its bytes as a muxer wants them: without delimiters, without filling, without the sets that stand in the init section.
    pub(crate) fn bytes(&self, known: &ParameterSets) -> Vec<u8> {
        let kept = |nal: &&&[u8]| !matches!(kind_of(nal), DELIMITER | FILLER) && !known.all().any(|set| set == **nal);
        let mut bytes = Vec::with_capacity(self.nals.iter().map(|nal| known.length_size + nal.len()).sum());
        self.nals.iter().filter(kept).for_each(|nal| known.write(nal, &mut bytes));
        bytes
    }
}

fn kind_of(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |header| header & 0x1f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SETS: [&[u8]; 2] = [&[0x67, 66, 0, 30, 1], &[0x68, 1]];

    fn unit(nals: &[&[u8]]) -> Vec<u8> {
        nals.iter().flat_map(|nal| [&u32::try_from(nal.len()).unwrap().to_be_bytes(), *nal].concat()).collect()
    }

    fn sets() -> ParameterSets {
        let none = ParameterSets::default();
        none.with(&AccessUnit::parse(&unit(&SETS), &none)).unwrap()
    }

    #[test]
    fn sets_come_with_a_record_or_with_a_picture() {
        let record = [1, 66, 0, 30, 0xff, 0xe1, 0, 5, 0x67, 66, 0, 30, 1, 1, 0, 2, 0x68, 1];
        assert_eq!(ParameterSets::parse(&record).unwrap(), sets());
        assert_eq!(sets().record(None).unwrap(), record);
        let empty = ParameterSets::parse(&[1, 66, 0, 30, 0xff, 0xe0, 0]).unwrap();
        assert!(!empty.are_whole() && empty.record(None).is_err());
        assert!(ParameterSets::parse(&[1, 66, 0, 30, 0xfe, 0xe0, 0]).is_err(), "lengths of three bytes");
    }

    #[test]
    fn only_other_sets_are_news() {
        let news = |nals: &[&[u8]]| sets().with(&AccessUnit::parse(&unit(nals), &sets()));
        assert_eq!(news(&[SETS[0], SETS[1], &[0x65, 9]]), None);
        assert_eq!(news(&[&[0x65, 9]]), None);
        let other = news(&[&[0x67, 66, 0, 31, 1], SETS[1], &[0x65, 9]]).unwrap();
        assert_eq!((other.sequence().unwrap()[3], other.picture.len()), (31, 1));
    }

    #[test]
    fn a_muxer_gets_slices_and_messages_alone() {
        let nals: [&[u8]; 8] = [&[9, 0xf0], SETS[0], SETS[1], &[], &[6, 1], &[0x65, 7], &[12, 0xff], &[0x68, 2]];
        let bytes = unit(&nals);
        let unit_ = AccessUnit::parse(&bytes, &sets());
        assert!(unit_.is_idr() && unit_.is_whole());
        assert_eq!(unit_.bytes(&sets()), unit(&[&[6, 1], &[0x65, 7], &[0x68, 2]]));
        assert!(!AccessUnit::parse(&unit(&[&[9, 0xf0], SETS[0]]), &sets()).has_picture());
    }

    #[test]
    fn what_is_cut_short_is_taken_as_far_as_it_goes() {
        let bytes = unit(&[&[0x41, 7], &[0x41, 8]]);
        let short = AccessUnit::parse(&bytes[..bytes.len() - 1], &sets());
        assert!(short.has_picture() && !short.is_whole());
        assert_eq!(short.bytes(&sets()), unit(&[&[0x41, 7]]));
        // Start codes in place of lengths.
        assert!(!AccessUnit::parse(&[0, 0, 0, 1, 0x65, 1, 2, 3, 4], &sets()).has_picture());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(record in prop::collection::vec(0_u8..4, 0..40), data: Vec<u8>) {
            let record = [vec![1, 66, 0, 30], record].concat();
            if let Ok(sets) = ParameterSets::parse(&record) {
                let unit = AccessUnit::parse(&data, &sets);
                let next = sets.with(&unit).unwrap_or_default();
                let _ = (unit.bytes(&next), next.record(None));
            }
        }

        #[test]
        fn slices_come_out_as_they_went_in(size in prop::sample::select(vec![1_usize, 2, 4]), slices in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..5)) {
            let sets = ParameterSets { length_size: size, ..ParameterSets::default() };
            let write = |slice: &Vec<u8>| [&(slice.len() + 1).to_be_bytes()[8 - size..], &[0x41], slice].concat();
            let data: Vec<u8> = slices.iter().flat_map(write).collect();
            let unit = AccessUnit::parse(&data, &sets);
            prop_assert!(unit.is_whole());
            prop_assert_eq!(unit.bytes(&sets), data);
        }
    }
}
