//! AMF0, as far as RTMP commands need it. Read by hand because a declared length must never be trusted with an allocation, nor
//! nesting with the stack: what comes here has not shown a key yet.

use crate::ingest::limit::Limit;

/// Commands nest an object within an array at most; deeper is an attack.
const MAX_DEPTH: usize = 8;
/// Values in one message. `connect` brings some twenty; each takes many times the memory of its bytes.
const MAX_VALUES: usize = 1_024;

/// Why bytes were not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AmfError {
    /// Not AMF0, or cut short.
    #[error("a message is no AMF0")]
    Malformed,
    /// Values within values within values.
    #[error("AMF values nest too deep")]
    TooDeep,
    /// More values than any command has.
    #[error("too many AMF values")]
    TooMany,
}

impl AmfError {
    /// The limit that was reached, where it was one.
    pub(crate) fn limit(self) -> Option<Limit> {
        match self {
            Self::Malformed => None,
            Self::TooDeep => Some(Limit::AmfDepth),
            Self::TooMany => Some(Limit::AmfValues),
        }
    }
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A number.
    Number(f64),
    /// A truth value.
    Boolean(bool),
    /// A text, short or long.
    String(String),
    /// `null` or `undefined`.
    Null,
    /// An object, typed or not, or an associative array; members in the order sent.
    Object(Vec<(String, Value)>),
    /// An array.
    Array(Vec<Value>),
}

impl Value {
    /// The text, if it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number, if it is one.
    pub(crate) fn as_number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// A member of an object.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

/// Reads all values of a payload.
pub(crate) fn read_all(bytes: &[u8]) -> Result<Vec<Value>, AmfError> {
    let mut reader = Reader { bytes, left: MAX_VALUES };
    let mut values = Vec::new();
    while !reader.bytes.is_empty() {
        values.push(reader.value(0)?);
    }
    Ok(values)
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// Values that may still come.
    left: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], AmfError> {
        let (head, rest) = self.bytes.split_first_chunk::<N>().ok_or(AmfError::Malformed)?;
        self.bytes = rest;
        Ok(*head)
    }

    fn text(&mut self, length: usize) -> Result<String, AmfError> {
        let (head, rest) = self.bytes.split_at_checked(length).ok_or(AmfError::Malformed)?;
        self.bytes = rest;
        Ok(String::from_utf8_lossy(head).into_owned())
    }

    fn short_text(&mut self) -> Result<String, AmfError> {
        let length = u16::from_be_bytes(self.take()?);
        self.text(usize::from(length))
    }

    fn count(&mut self) -> Result<usize, AmfError> {
        Ok(u32::from_be_bytes(self.take()?) as usize)
    }

    fn value(&mut self, depth: usize) -> Result<Value, AmfError> {
        if depth > MAX_DEPTH {
            return Err(AmfError::TooDeep);
        }
        self.left = self.left.checked_sub(1).ok_or(AmfError::TooMany)?;
        let [marker] = self.take()?;
        Ok(match marker {
            0 => Value::Number(f64::from_be_bytes(self.take()?)),
            1 => Value::Boolean(self.take::<1>()? != [0]),
            2 => Value::String(self.short_text()?),
            3 => Value::Object(self.members(depth)?),
            5 | 6 => Value::Null,
            8 => {
                // The count is a hint: the end marker decides, as every sender writes one.
                self.count()?;
                Value::Object(self.members(depth)?)
            }
            10 => {
                let length = self.count()?;
                // Every value takes a byte at least, so this ends with the bytes whatever the length says.
                Value::Array((0..length).map(|_| self.value(depth + 1)).collect::<Result<_, _>>()?)
            }
            11 => {
                let time = f64::from_be_bytes(self.take()?);
                self.take::<2>()?;
                Value::Number(time)
            }
            12 | 15 => {
                let length = self.count()?;
                Value::String(self.text(length)?)
            }
            16 => {
                self.short_text()?;
                Value::Object(self.members(depth)?)
            }
            _ => return Err(AmfError::Malformed),
        })
    }

    fn members(&mut self, depth: usize) -> Result<Vec<(String, Value)>, AmfError> {
        let mut members = Vec::new();
        loop {
            let key = self.short_text()?;
            if key.is_empty() && self.bytes.first() == Some(&9) {
                self.take::<1>()?;
                return Ok(members);
            }
            members.push((key, self.value(depth + 1)?));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_a_command_with_its_object() {
        let bytes = b"\x02\x00\x07connect\x00\x3f\xf0\0\0\0\0\0\0\x03\x00\x03app\x02\x00\x04live\x00\x00\x09\x05";
        let values = read_all(bytes).unwrap();
        assert_eq!(values[0].as_str(), Some("connect"));
        assert_eq!(values[1].as_number(), Some(1.0));
        assert_eq!(values[2].member("app").and_then(Value::as_str), Some("live"));
        assert_eq!(values[3], Value::Null);
    }

    #[test]
    fn a_declared_length_is_not_believed() {
        // An array of four thousand million values in five bytes; an associative array likewise.
        for bytes in [b"\x0a\xff\xff\xff\xff".as_slice(), b"\x08\xff\xff\xff\xff", b"\x0c\xff\xff\xff\xffshort"] {
            assert_eq!(read_all(bytes), Err(AmfError::Malformed));
        }
    }

    #[test]
    fn nesting_ends_before_the_stack_does() {
        let nested = |depth| [b"\x0a\x00\x00\x00\x01".repeat(depth), vec![5]].concat();
        assert!(read_all(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(read_all(&nested(MAX_DEPTH + 1)), Err(AmfError::TooDeep));
        const { assert!(MAX_DEPTH < 16, "what a command needs, not what the stack bears") };
        let bytes = b"\x0a\x00\x00\x00\x01".repeat(100_000);
        assert_eq!(read_all(&bytes), Err(AmfError::TooDeep));
        assert_eq!(read_all(&b"\x03\x00\x01a".repeat(100_000)), Err(AmfError::TooDeep));
    }

    #[test]
    fn values_are_counted_wherever_they_are() {
        assert_eq!(read_all(&[5; MAX_VALUES]).map(|values| values.len()), Ok(MAX_VALUES));
        assert_eq!(read_all(&[5; MAX_VALUES + 1]), Err(AmfError::TooMany));
        assert_eq!(read_all(&[b"\x0a\x00\x00\xff\xff".as_slice(), &vec![5; 65_535]].concat()), Err(AmfError::TooMany));
        assert_eq!(read_all(&[b"\x03".as_slice(), &b"\x00\x00\x05".repeat(2_000)].concat()), Err(AmfError::TooMany));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = read_all(&bytes);
        }
    }
}
