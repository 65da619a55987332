//! Decoding times as they were. `cmafmux` lets a fragment's decoding begin when its first picture is shown, so that B-frames
//! get negative composition offsets; ffmpeg (up to 5 at least) then shows the picture late against the sound. Here decoding
//! begins as much earlier as the encoder meant it to: offsets are never negative, and times of presentation stay what they are.

use mp4_atom::{Atom, Decode, Encode, Error, Header, Moof, TrunEntry, TrunSamples};

/// Writes the boxes in front of a fragment's media to `out`, with decoding `ahead` ticks earlier.
pub(crate) fn restore(boxes: &[u8], ahead: u64, out: &mut Vec<u8>) -> Result<(), Error> {
    let offset = i64::try_from(ahead).map_err(|_| Error::InvalidSize)?;
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
    for traf in &mut moof.traf {
        if let Some(tfdt) = &mut traf.tfdt {
            tfdt.base_media_decode_time = tfdt.base_media_decode_time.checked_sub(ahead).ok_or(Error::InvalidSize)?;
        }
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

    fn restored(moof: &Moof, ahead: u64) -> Moof {
        let (mut boxes, mut out) = (Vec::new(), Vec::new());
        Styp { major_brand: b"cmfc".into(), minor_version: 0, compatible_brands: Vec::new() }
            .encode(&mut boxes)
            .unwrap();
        let before = boxes.len();
        moof.encode(&mut boxes).unwrap();
        boxes.extend_from_slice(b"\0\0\0\x0cmdat");
        restore(&boxes, ahead, &mut out).unwrap();
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
        let found = restored(&moof, 6_000);
        let entries: Vec<_> = found.traf[0].trun[0].samples.iter().map(|entry| (entry.flags, entry.cts)).collect();
        assert_eq!(entries, [(Some(2), Some(6_000)), (None, Some(6_000)), (None, Some(6_000))]);
    }

    #[test]
    fn nothing_begins_before_zero() {
        let mut boxes = Vec::new();
        fragment(TrunSamples::default()).encode(&mut boxes).unwrap();
        assert!(restore(&boxes, 6_001, &mut Vec::new()).is_err());
    }

    proptest! {
        #[test]
        fn presentation_stays(ahead in 0_u64..=6_000, offsets in prop::collection::vec(-6_000_i64..90_000, 1..50)) {
            let entry = |cts: &i64| TrunEntry { duration: Some(3_000), size: Some(5), flags: Some(1), cts: Some(*cts) };
            let moof = fragment(TrunSamples::Explicit(offsets.iter().map(entry).collect()));
            let found = restored(&moof, ahead);
            let shown = |moof: &Moof| {
                let traf = &moof.traf[0];
                let start = traf.tfdt.as_ref().unwrap().base_media_decode_time.cast_signed();
                traf.trun[0].samples.iter().map(|entry| start + entry.cts.unwrap()).collect::<Vec<_>>()
            };
            prop_assert_eq!(shown(&found), shown(&moof));
        }

        #[test]
        fn no_boxes_panic(boxes: Vec<u8>) {
            let _ = restore(&boxes, 1, &mut Vec::new());
        }
    }
}
