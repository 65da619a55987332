//! AMF0, as far as RTMP commands need it. Read by hand because a declared length must never be trusted with an allocation, nor
//! nesting with the stack: what comes here has not shown a key yet.

/// Commands nest an object within an array at most; deeper is an attack.
const MAX_DEPTH: usize = 8;

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

/// Reads all values of a payload; `None` when it is not AMF0, is cut short, or nests too deep.
pub(crate) fn read_all(mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        values.push(value(&mut bytes, 0)?);
    }
    Some(values)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

fn text(bytes: &mut &[u8], length: usize) -> Option<String> {
    let (head, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(String::from_utf8_lossy(head).into_owned())
}

fn short_text(bytes: &mut &[u8]) -> Option<String> {
    let length = u16::from_be_bytes(take(bytes)?);
    text(bytes, usize::from(length))
}

fn count(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(take(bytes)?)).ok()
}

fn value(bytes: &mut &[u8], depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    let [marker] = take(bytes)?;
    Some(match marker {
        0 => Value::Number(f64::from_be_bytes(take(bytes)?)),
        1 => Value::Boolean(take::<1>(bytes)? != [0]),
        2 => Value::String(short_text(bytes)?),
        3 => Value::Object(members(bytes, depth)?),
        5 | 6 => Value::Null,
        8 => {
            // The count is a hint: the end marker decides, as every sender writes one.
            count(bytes)?;
            Value::Object(members(bytes, depth)?)
        }
        10 => {
            let length = count(bytes)?;
            // Every value takes a byte at least, so this ends with the bytes whatever the length says.
            Value::Array((0..length).map(|_| value(bytes, depth + 1)).collect::<Option<_>>()?)
        }
        11 => {
            let time = f64::from_be_bytes(take(bytes)?);
            take::<2>(bytes)?;
            Value::Number(time)
        }
        12 | 15 => {
            let length = count(bytes)?;
            Value::String(text(bytes, length)?)
        }
        16 => {
            short_text(bytes)?;
            Value::Object(members(bytes, depth)?)
        }
        _ => return None,
    })
}

fn members(bytes: &mut &[u8], depth: usize) -> Option<Vec<(String, Value)>> {
    let mut members = Vec::new();
    loop {
        let key = short_text(bytes)?;
        if key.is_empty() && bytes.first() == Some(&9) {
            take::<1>(bytes)?;
            return Some(members);
        }
        members.push((key, value(bytes, depth + 1)?));
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
        assert_eq!(read_all(b"\x0a\xff\xff\xff\xff"), None);
        assert_eq!(read_all(b"\x08\xff\xff\xff\xff"), None);
        assert_eq!(read_all(b"\x0c\xff\xff\xff\xffshort"), None);
    }

    #[test]
    fn nesting_ends_before_the_stack_does() {
        let bytes = b"\x0a\x00\x00\x00\x01".repeat(100_000);
        assert_eq!(read_all(&bytes), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = read_all(&bytes);
        }
    }
}
