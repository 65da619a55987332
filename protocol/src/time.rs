//! Points in time, as the wire writes them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A point in time in milliseconds since the Unix epoch; on the wire RFC 3339 in UTC (`2026-11-20T18:00:00.000Z`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
pub struct Timestamp(i64);

/// The last millisecond of the year 9998: RFC 3339 has four digits for a year, and the last day of 9999 is not in range everywhere.
const MAX_MS: i64 = 253_370_764_799_999;

impl Timestamp {
    /// From milliseconds since the Unix epoch; held within the years 1970 to 9998.
    pub fn from_millis(ms: i64) -> Self {
        Self(ms.clamp(0, MAX_MS))
    }

    /// Milliseconds since the Unix epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// This point plus `ms` milliseconds, which may be negative.
    #[must_use]
    pub fn plus_millis(self, ms: i64) -> Self {
        Self::from_millis(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this point; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }

    /// Reads RFC 3339 with any offset; `None` when it is not, or outside 1970 to 9998.
    pub fn parse(text: &str) -> Option<Self> {
        let ms = text.parse::<jiff::Timestamp>().ok()?.as_millisecond();
        (0..=MAX_MS).contains(&ms).then_some(Self(ms))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stamp = jiff::Timestamp::from_millisecond(self.0).map_err(|_| std::fmt::Error)?;
        write!(f, "{stamp:.3}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_milliseconds_in_utc() {
        let stamp = Timestamp::parse("2026-11-20T20:00:00+02:00").unwrap();
        assert_eq!(stamp.to_string(), "2026-11-20T18:00:00.000Z");
        assert_eq!(serde_json::to_string(&stamp).unwrap(), "\"2026-11-20T18:00:00.000Z\"");
    }

    #[test]
    fn refuses_what_is_not_a_time() {
        assert_eq!(Timestamp::parse("yesterday"), None);
        assert_eq!(Timestamp::parse("1969-12-31T23:59:59Z"), None);
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9998-12-31T23:59:59.999Z");
    }
}
