//! Dates of ISO 8601, as EXT-X-PROGRAM-DATE-TIME and EXT-X-DATERANGE have them (sections 4.4.4.6, 4.4.5.1).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::scalar;

/// A date, and whether it says all that it SHOULD.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Date {
    pub(crate) at: SystemTime,
    /// It has a time zone and milliseconds (4.4.4.6).
    pub(crate) precise: bool,
}

/// `YYYY-MM-DDThh:mm:ss`, with or without decimals and a zone; no zone is UTC. `None` for anything else, and before 1970.
pub(crate) fn read(text: &str) -> Option<Date> {
    let (date, time) = text.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let zone = time.find(['Z', '+', '-']);
    let (clock, zone) = time.split_at(zone.unwrap_or(time.len()));
    let (clock, decimals) = clock.split_once('.').map_or((clock, None), |(clock, decimals)| (clock, Some(decimals)));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u64::from(leap),
        _ => 31,
    };
    let valid = (1..=12).contains(&month) && (1..=length).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !valid {
        return None;
    }
    let whole = days(year, month, day)? * 86_400 + hour * 3_600 + minute * 60 + second;
    let local = UNIX_EPOCH.checked_add(Duration::from_secs(whole))?;
    let local = local.checked_add(scalar::seconds(&format!("0.{}", decimals.unwrap_or("0")))?)?;
    let precise = !zone.is_empty() && decimals.is_some_and(|decimals| decimals.len() >= 3);
    Some(Date { at: in_utc(local, zone)?, precise })
}

/// Numbers of so many digits each, with a separator between them.
fn numbers(text: &str, separator: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let mut pieces = text.split(separator);
    let mut numbers = [0; 3];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let piece = pieces.next().filter(|piece| piece.len() == width)?;
        *number = scalar::integer(piece)?;
    }
    pieces.next().is_none().then_some(numbers)
}

/// Days since 1970-01-01: a year is taken to begin in March, so that its leap day is its last.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let since_zero = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    since_zero.checked_sub(719_468)
}

fn in_utc(local: SystemTime, zone: &str) -> Option<SystemTime> {
    if zone.is_empty() || zone == "Z" {
        return Some(local);
    }
    let (sign, offset) = zone.split_at_checked(1)?;
    let offset = offset.replace(':', "");
    let (hours, minutes) = offset.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { "00" } else { minutes };
    let [hours, minutes, _] = numbers(&format!("{hours}:{minutes}:00"), ':', [2, 2, 2])?;
    let offset = Duration::from_secs(hours * 3_600 + minutes * 60);
    match sign {
        "+" => local.checked_sub(offset),
        "-" => local.checked_add(offset),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<u128> {
        read(text).map(|date| date.at.duration_since(UNIX_EPOCH).unwrap().as_millis())
    }

    #[test]
    fn a_date_is_one_moment_in_every_zone() {
        let moment = Some(1_266_562_463_031);
        assert_eq!(millis("2010-02-19T06:54:23.031Z"), moment);
        assert_eq!(millis("2010-02-19T14:54:23.031+08:00"), moment);
        assert_eq!(millis("2010-02-19T14:54:23.031+0800"), moment);
        assert_eq!(millis("2010-02-18T22:54:23.031-08"), moment);
        assert_eq!(millis("2024-02-29T00:00:00Z"), Some(1_709_164_800_000));
        assert_eq!(millis("1970-01-01T00:00:00Z"), Some(0));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for bad in [
            "",
            "2026-11-20",
            "2026-11-20 18:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-1-1T00:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T18:00Z",
            "2026-11-20T18:00:00.Z",
            "2026-11-20T18:00:00Zulu",
            "1969-12-31T23:59:59Z",
            "2026-11-20T18:00:00+1",
            "2026-11-20T18:00:00z",
        ] {
            assert_eq!(millis(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_zone_and_milliseconds_are_precise() {
        assert!(read("2026-11-20T18:00:00.000Z").unwrap().precise);
        assert!(!read("2026-11-20T18:00:00.00Z").unwrap().precise);
        assert!(!read("2026-11-20T18:00:00.000").unwrap().precise);
    }
}
