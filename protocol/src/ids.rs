//! Ids: opaque to everyone else, typed and parsed here. An id is a prefix and a ULID, so that ids of a kind sort by age.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use ulid::Ulid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        pub struct $name(Ulid);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id from the present time and 128 bits of randomness (80 are used).
            pub fn new(now: crate::time::Timestamp, random: u128) -> Self {
                Self(Ulid::from_parts(now.millis().unsigned_abs(), random))
            }

            /// Reads an id; `None` when it is not one of this kind, written as this system writes it.
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text.strip_prefix($prefix)?;
                let id = Self(Ulid::from_string(rest).ok()?);
                (id.to_string() == text).then_some(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}{}", $prefix, self.0.to_string().to_ascii_lowercase())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| D::Error::custom(concat!("not an id beginning with ", $prefix)))
            }
        }
    };
}

id!(/** A person. */ UserId, "user_");
id!(/** A stream: one broadcast with its room, from its creation on. */ StreamId, "stream_");
id!(/** A line of chat. */ MessageId, "msg_");
id!(/** A tip. */ TipId, "tip_");
id!(/** What a creator publishes from; its stream key stays the same from stream to stream. */ SourceId, "src_");
id!(/** A family of refresh tokens: one log-in and all that was rotated from it. */ SessionId, "sess_");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn round_trips_and_sorts_by_age() {
        let a = StreamId::new(Timestamp::from_millis(1), u128::MAX);
        let b = StreamId::new(Timestamp::from_millis(2), 0);
        assert!(a.to_string() < b.to_string());
        assert_eq!(StreamId::parse(&a.to_string()), Some(a));
    }

    #[test]
    fn refuses_other_kinds_and_other_spellings() {
        let id = UserId::new(Timestamp::from_millis(1), 7);
        assert_eq!(StreamId::parse(&id.to_string()), None);
        assert_eq!(UserId::parse(&id.to_string().to_ascii_uppercase()), None);
        assert_eq!(UserId::parse("user_"), None);
    }
}
