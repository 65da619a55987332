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
