//! Decoding times as they were. `cmafmux` lets a chunk's decoding begin when the first of its pictures is shown: B-frames get negative
//! composition offsets, with which ffmpeg (up to 5 at least) shows the picture late against the sound, and a chunk that begins
//! between B-frames does not begin where the one before it ends. Here decoding begins when the encoder meant it to; times of
//! presentation stay what they are.

use mp4_atom::{Atom, Decode, Encode, Error, Header, Moof, TrunEntry, TrunSamples};

/// Writes the boxes in front of a chunk's media to `out`, with decoding begun at `start`, in ticks.
pub(crate) fn restore(boxes: &[u8], start: u64, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut rest = boxes;
    loop {
        let mut body = rest;
        let header = Header::decode(&mut body)?;
        if header.kind == Moof::KIND {
            break;
        }
        let whole = rest.len() - body.len() + header.size.ok_or(Error::InvalidSize)?;
        let (before, after) = rest.split_at_checked(whole).ok_or(Error::OutOfBounds)?;
        out.extend_from_slice(before);
        rest = after;
    }
    let mut after = rest;
    let mut moof = Moof::decode(&mut after)?;
    if moof.traf.iter().filter_map(|traf| traf.tfdt.as_ref()).all(|tfdt| tfdt.base_media_decode_time == start) {
        out.extend_from_slice(rest);
        return Ok(());
    }
    let signed = |time: u64| i64::try_from(time).map_err(|_| Error::InvalidSize);
    for traf in &mut moof.traf {
        let Some(tfdt) = &mut traf.tfdt else { continue };
        let began = std::mem::replace(&mut tfdt.base_media_decode_time, start);
        let offset = signed(began)?.checked_sub(signed(start)?).ok_or(Error::InvalidSize)?;
        for run in &mut traf.trun {
            let moved =
                |entry: TrunEntry| TrunEntry { cts: Some(entry.cts.unwrap_or(0).saturating_add(offset)), ..entry };
            run.samples = TrunSamples::Explicit(run.samples.iter().map(moved).collect());
        }
    }
    // The media begin right behind, so they move with the boxes' size.
    let mut size = Vec::new();
    moof.encode(&mut size)?;
    let grown = i32::try_from(size.len()).map_err(|_| Error::InvalidSize)?
        - i32::try_from(rest.len() - after.len()).map_err(|_| Error::InvalidSize)?;
    for run in moof.traf.iter_mut().flat_map(|traf| &mut traf.trun) {
        run.data_offset = run.data_offset.map(|offset| offset.saturating_add(grown));
    }
    moof.encode(out)?;
    out.extend_from_slice(after);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mp4_atom::{Mfhd, Styp, Tfdt, Tfhd, Traf, Trun};
    use proptest::prelude::*;

    fn fragment(samples: TrunSamples) -> Moof {
        let trun = Trun { data_offset: Some(0), samples };
        let tfdt = Tfdt { base_media_decode_time: 6_000 };
        let tfhd = Tfhd { track_id: 1, default_base_is_moof: true, ..Tfhd::default() };
        let traf = Traf { tfhd, tfdt: Some(tfdt), trun: vec![trun], ..Traf::default() };
        let mut moof = Moof { mfhd: Mfhd { sequence_number: 7 }, traf: vec![traf] };
        let mut size = Vec::new();
        moof.encode(&mut size).unwrap();
        moof.traf[0].trun[0].data_offset = Some(i32::try_from(size.len()).unwrap() + 8);
        moof
    }

    fn restored(moof: &Moof, start: u64) -> Moof {
        let (mut boxes, mut out) = (Vec::new(), Vec::new());
        Styp { major_brand: b"cmfc".into(), minor_version: 0, compatible_brands: Vec::new() }
            .encode(&mut boxes)
            .unwrap();
        let before = boxes.len();
        moof.encode(&mut boxes).unwrap();
        boxes.extend_from_slice(b"\0\0\0\x0cmdat");
        restore(&boxes, start, &mut out).unwrap();
        assert_eq!(out[..before], boxes[..before]);
        let mut rest = &out[before..];
        let found = Moof::decode(&mut rest).unwrap();
        assert_eq!(rest, b"\0\0\0\x0cmdat");
        let media = out.len() - before;
        assert_eq!(found.traf[0].trun[0].data_offset, Some(i32::try_from(media).unwrap()));
        found
    }

    #[test]
    fn pictures_without_an_offset_get_one() {
        let moof = fragment(TrunSamples::Inherited { count: 3, first_flags: Some(2) });
        let found = restored(&moof, 0);
        let entries: Vec<_> = found.traf[0].trun[0].samples.iter().map(|entry| (entry.flags, entry.cts)).collect();
        assert_eq!(entries, [(Some(2), Some(6_000)), (None, Some(6_000)), (None, Some(6_000))]);
    }

    #[test]
    fn what_begins_in_time_stays_as_it_is() {
        let moof = fragment(TrunSamples::Inherited { count: 3, first_flags: Some(2) });
        assert_eq!(restored(&moof, 6_000), moof);
    }

    proptest! {
        #[test]
        fn presentation_stays(start in 0_u64..=12_000, offsets in prop::collection::vec(-6_000_i64..90_000, 1..50)) {
            let entry = |cts: &i64| TrunEntry { duration: Some(3_000), size: Some(5), flags: Some(1), cts: Some(*cts) };
            let moof = fragment(TrunSamples::Explicit(offsets.iter().map(entry).collect()));
            let found = restored(&moof, start);
            let shown = |moof: &Moof| {
                let traf = &moof.traf[0];
                let start = traf.tfdt.as_ref().unwrap().base_media_decode_time.cast_signed();
                traf.trun[0].samples.iter().map(|entry| start + entry.cts.unwrap()).collect::<Vec<_>>()
            };
            prop_assert_eq!(shown(&found), shown(&moof));
            prop_assert_eq!(found.traf[0].tfdt.as_ref().unwrap().base_media_decode_time, start);
        }

        #[test]
        fn no_boxes_panic(boxes: Vec<u8>) {
            let _ = restore(&boxes, 1, &mut Vec::new());
        }
    }
}
