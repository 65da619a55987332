//! The chunk stream, read (RTMP 1.0, section 5.3): bytes in any split in, whole messages out.
//!
//! Written here because timestamps are at stake: a type 3 chunk that begins a message repeats the last delta, which ffmpeg and
//! `rtmp2sink` rely on whenever two frames have the same size; a reader that skips it drifts for the rest of the stream.

use std::collections::HashMap;

use bytes::{Buf, Bytes, BytesMut};

use crate::ingest::limit::Limit;

/// What the specification starts with.
const INITIAL_CHUNK_SIZE: usize = 128;
/// The smallest chunks that are read: below what the specification recommends as the least, headers cost more than what they carry.
const MIN_CHUNK_SIZE: usize = 128;
/// Encoders use four or five chunk streams; each costs memory.
const MAX_CHUNK_STREAMS: usize = 32;
/// Message types of sound and picture; all others are short.
const MEDIA: [u8; 2] = [8, 9];
/// A timestamp field with this value says that the real one follows in four bytes.
const EXTENDED: u32 = 0x00ff_ffff;

/// Why the bytes are not a chunk stream we read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChunkError {
    /// A chunk refers to a header that never came.
    #[error("chunk stream {0} continues without a header")]
    NoHeader(u32),
    /// A header came in the middle of a message.
    #[error("chunk stream {0} begins a message within another")]
    Interrupted(u32),
    /// More chunk streams than anyone needs.
    #[error("too many chunk streams")]
    TooManyStreams,
    /// A message, or all open ones together, are longer than allowed.
    #[error("a message of {0} bytes is too long")]
    TooLong(usize),
    /// The peer asked for chunks of next to no size.
    #[error("a chunk size of {0} is too small")]
    ChunkSize(usize),
}

impl ChunkError {
    /// The limit that was reached, where it was one.
    pub(crate) fn limit(&self) -> Option<Limit> {
        match self {
            Self::TooManyStreams => Some(Limit::ChunkStreams),
            Self::TooLong(_) => Some(Limit::MessageSize),
            Self::ChunkSize(_) => Some(Limit::ChunkSize),
            Self::NoHeader(_) | Self::Interrupted(_) => None,
        }
    }
}

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its type id.
    pub(crate) kind: u8,
    /// The message stream it belongs to.
    pub(crate) stream: u32,
    /// Its timestamp in milliseconds, modulo 2³².
    pub(crate) timestamp: u32,
    /// Its bytes.
    pub(crate) payload: Bytes,
}

/// What is known of a chunk stream from its last header, and the message it is in.
#[derive(Default)]
struct ChunkStream {
    timestamp: u32,
    /// The last timestamp field: absolute from a type 0 header, a delta from others. A type 3 header repeats it either way.
    field: u32,
    extended: bool,
    length: usize,
    kind: u8,
    stream: u32,
    /// The message's bytes so far; `None` between messages.
    open: Option<BytesMut>,
}

/// Reads messages out of chunks.
pub(crate) struct ChunkReader {
    buffer: BytesMut,
    streams: HashMap<u32, ChunkStream>,
    /// The chunk whose payload is being read, and how much of it is still to come.
    within: Option<(u32, usize)>,
    chunk_size: usize,
    limit: usize,
    media_limit: usize,
    /// The lengths of all open messages together, as announced.
    announced: usize,
}

/// A chunk's header.
struct Header {
    id: u32,
    /// How many bytes it took.
    size: usize,
    /// The timestamp field and whether it was extended; `None` in type 3.
    time: Option<(u32, bool)>,
    /// Whether `time` is absolute.
    absolute: bool,
    /// Length and kind, in types 0 and 1.
    shape: Option<(usize, u8)>,
    /// The message stream, in type 0.
    stream: Option<u32>,
}

impl ChunkReader {
    /// A reader that refuses messages longer than `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            streams: HashMap::new(),
            within: None,
            chunk_size: INITIAL_CHUNK_SIZE,
            limit,
            media_limit: limit,
            announced: 0,
        }
    }

    /// Sets the longest message of media from here on.
    pub(crate) fn set_media_limit(&mut self, limit: usize) {
        self.media_limit = limit;
    }

    /// The peer's chunks have this size from here on. Nothing is allocated for it, and no chunk exceeds its message: any size that is
    /// not too small will do.
    pub(crate) fn set_chunk_size(&mut self, size: u32) -> Result<(), ChunkError> {
        let size = (size & 0x7fff_ffff) as usize;
        if size < MIN_CHUNK_SIZE {
            return Err(ChunkError::ChunkSize(size));
        }
        self.chunk_size = size;
        Ok(())
    }

    /// The peer gives up the message it is in on this chunk stream.
    pub(crate) fn abort(&mut self, id: u32) {
        if let Some(stream) = self.streams.get_mut(&id)
            && stream.open.take().is_some()
        {
            self.announced = self.announced.saturating_sub(stream.length);
        }
        self.within = self.within.filter(|(within, _)| *within != id);
    }

    /// Takes bytes from the peer.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message; `None` when more bytes are needed.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, ChunkError> {
        loop {
            if let Some((id, left)) = self.within {
                let take = left.min(self.buffer.len());
                let bytes = self.buffer.split_to(take);
                let Some(stream) = self.streams.get_mut(&id) else { return Err(ChunkError::NoHeader(id)) };
                let open = stream.open.get_or_insert_default();
                open.extend_from_slice(&bytes);
                if take < left {
                    self.within = Some((id, left - take));
                    return Ok(None);
                }
                self.within = None;
                if open.len() == stream.length {
                    let payload = stream.open.take().unwrap_or_default().freeze();
                    self.announced = self.announced.saturating_sub(payload.len());
                    let ChunkStream { kind, stream, timestamp, .. } = *stream;
                    return Ok(Some(Message { kind, stream, timestamp, payload }));
                }
            } else {
                let Some(header) = self.header() else { return Ok(None) };
                self.begin(&header)?;
                self.buffer.advance(header.size);
            }
        }
    }

    /// Reads a header without taking it; `None` when it is not whole yet.
    fn header(&self) -> Option<Header> {
        let mut rest: &[u8] = &self.buffer;
        let [first] = take(&mut rest)?;
        let id = match first & 0x3f {
            0 => 64 + u32::from(u8::from_be_bytes(take(&mut rest)?)),
            1 => 64 + u32::from(u16::from_le_bytes(take(&mut rest)?)),
            id => u32::from(id),
        };
        let kind = first >> 6;
        let field = if kind < 3 { Some(take_u24(&mut rest)?) } else { None };
        let shape =
            if kind < 2 { Some((take_u24(&mut rest)? as usize, u8::from_be_bytes(take(&mut rest)?))) } else { None };
        let stream = if kind == 0 { Some(u32::from_le_bytes(take(&mut rest)?)) } else { None };
        let time = match field {
            Some(EXTENDED) => Some((u32::from_be_bytes(take(&mut rest)?), true)),
            Some(field) => Some((field, false)),
            None => {
                // A type 3 header repeats the extended timestamp, except from encoders that forget to.
                if let Some(last) = self.streams.get(&id).filter(|stream| stream.extended) {
                    let mut ahead = rest;
                    if u32::from_be_bytes(take(&mut ahead)?) == last.field {
                        rest = ahead;
                    }
                }
                None
            }
        };
        Some(Header { id, size: self.buffer.len() - rest.len(), time, absolute: kind == 0, shape, stream })
    }

    /// Applies a header: what it changes, and how much payload follows it.
    fn begin(&mut self, header: &Header) -> Result<(), ChunkError> {
        let id = header.id;
        if !self.streams.contains_key(&id) {
            if !header.absolute {
                return Err(ChunkError::NoHeader(id));
            }
            if self.streams.len() >= MAX_CHUNK_STREAMS {
                return Err(ChunkError::TooManyStreams);
            }
        }
        let stream = self.streams.entry(id).or_default();
        if stream.open.is_some() && header.time.is_some() {
            return Err(ChunkError::Interrupted(id));
        }
        if stream.open.is_none() {
            if let Some((field, extended)) = header.time {
                (stream.field, stream.extended) = (field, extended);
            }
            if let Some((length, kind)) = header.shape {
                (stream.length, stream.kind) = (length, kind);
            }
            stream.stream = header.stream.unwrap_or(stream.stream);
            let from = if header.absolute { 0 } else { stream.timestamp };
            stream.timestamp = from.wrapping_add(stream.field);
            let limit = if MEDIA.contains(&stream.kind) { self.media_limit } else { self.limit };
            // What was announced counts, not what has come: many long messages, begun at once, would all be grown together.
            let announced = self.announced.saturating_add(stream.length);
            if stream.length > limit || announced > self.limit.saturating_add(self.media_limit) {
                return Err(ChunkError::TooLong(stream.length));
            }
            self.announced = announced;
            stream.open = Some(BytesMut::new());
        }
        let so_far = stream.open.as_ref().map_or(0, BytesMut::len);
        self.within = Some((id, stream.length.saturating_sub(so_far).min(self.chunk_size)));
        Ok(())
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

fn take_u24(bytes: &mut &[u8]) -> Option<u32> {
    let [a, b, c] = take(bytes)?;
    Some(u32::from_be_bytes([0, a, b, c]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(reader: &mut ChunkReader, bytes: &[u8]) -> Result<Vec<Message>, ChunkError> {
        reader.extend(bytes);
        let mut messages = Vec::new();
        while let Some(message) = reader.next()? {
            messages.push(message);
        }
        Ok(messages)
    }

    /// A type 0 header on chunk stream 4, message stream 1.
    fn full(timestamp: u32, length: u32, kind: u8) -> Vec<u8> {
        let mut bytes = vec![4];
        bytes.extend(&timestamp.to_be_bytes()[1..]);
        bytes.extend(&length.to_be_bytes()[1..]);
        bytes.push(kind);
        bytes.extend(1u32.to_le_bytes());
        bytes
    }

    #[test]
    fn a_type_3_chunk_that_begins_a_message_repeats_the_delta() {
        let mut bytes = full(0, 1, 8);
        bytes.push(b'a');
        bytes.extend([0x84, 0, 0, 23, b'b']); // type 2, delta 23
        bytes.extend([0xc4, b'c', 0xc4, b'd']); // type 3, twice
        let times: Vec<_> =
            read(&mut ChunkReader::new(1024), &bytes).unwrap().iter().map(|message| message.timestamp).collect();
        assert_eq!(times, [0, 23, 46, 69]);
    }

    #[test]
    fn extended_timestamps_are_read_whether_repeated_or_forgotten() {
        for repeat in [true, false] {
            let mut bytes = full(EXTENDED, 130, 9);
            bytes.extend(0x0100_0000u32.to_be_bytes());
            bytes.extend([7; 128]);
            bytes.push(0xc4);
            if repeat {
                bytes.extend(0x0100_0000u32.to_be_bytes());
            }
            bytes.extend([7; 2]);
            bytes.extend([0x44, 0, 0, 5, 0, 0, 2, 9, 1, 2]); // type 1, delta 5
            let messages = read(&mut ChunkReader::new(1024), &bytes).unwrap();
            assert_eq!(messages.len(), 2, "repeated: {repeat}");
            assert_eq!(messages[0].payload, [7; 130].as_slice());
            assert_eq!((messages[0].timestamp, messages[1].timestamp), (0x0100_0000, 0x0100_0005));
        }
    }

    #[test]
    fn messages_interleave_and_timestamps_wrap() {
        let mut bytes = full(EXTENDED, 129, 9);
        bytes.extend(u32::MAX.to_be_bytes());
        bytes.extend([1; 128]);
        bytes.extend([5, 0, 0, 9, 0, 0, 1, 8, 1, 0, 0, 0, b'x']); // another chunk stream, in between
        bytes.push(0xc4);
        bytes.extend(u32::MAX.to_be_bytes());
        bytes.push(1);
        bytes.extend([0x84, 0, 0, 2]);
        bytes.extend([1; 128]);
        bytes.extend([0xc4, 1]);
        let messages = read(&mut ChunkReader::new(1024), &bytes).unwrap();
        let seen: Vec<_> = messages.iter().map(|message| (message.kind, message.timestamp)).collect();
        assert_eq!(seen, [(8, 9), (9, u32::MAX), (9, 1)]);
    }

    #[test]
    fn what_no_encoder_sends_is_refused() {
        let refused = |bytes: &[u8]| read(&mut ChunkReader::new(1024), bytes).unwrap_err();
        assert_eq!(refused(&[0xc4, 1]), ChunkError::NoHeader(4));
        assert_eq!(refused(&full(0, 1025, 9)), ChunkError::TooLong(1025));
        let mut twice = full(0, 200, 9);
        twice.extend([0; 128]);
        twice.extend(full(0, 200, 9));
        assert_eq!(refused(&twice), ChunkError::Interrupted(4));
        let many: Vec<u8> = (2..=60u8).flat_map(|id| [id, 0, 0, 0, 0, 0, 1, 8, 1, 0, 0, 0, b'x']).collect();
        assert_eq!(refused(&many), ChunkError::TooManyStreams);
        for size in [0, 1, 127, 0x8000_0000] {
            assert!(matches!(ChunkReader::new(1).set_chunk_size(size), Err(ChunkError::ChunkSize(_))), "{size}");
        }
    }

    #[test]
    fn a_chunk_size_of_two_gigabytes_costs_nothing() {
        let mut reader = ChunkReader::new(1024);
        reader.set_chunk_size(0x7fff_ffff).unwrap();
        let mut bytes = full(0, 1024, 20);
        bytes.push(1);
        assert_eq!(read(&mut reader, &bytes), Ok(vec![]));
        let stream = &reader.streams[&4];
        assert!(stream.open.as_ref().unwrap().capacity() < 128, "memory follows what came, not what was announced");
    }

    #[test]
    fn only_media_may_be_long_and_only_two_of_them_at_once() {
        let mut reader = ChunkReader::new(1_000);
        reader.set_media_limit(100_000);
        assert_eq!(read(&mut reader, &full(0, 1_001, 18)).unwrap_err(), ChunkError::TooLong(1_001));
        let mut reader = ChunkReader::new(1_000);
        reader.set_media_limit(100_000);
        // Each chunk stream begins a message and sends the first chunk of it.
        let begin = |id: u8| [&[id][..], &full(0, 50_000, 9)[1..], &[7; 128]].concat();
        assert_eq!(read(&mut reader, &[begin(4), begin(5)].concat()), Ok(vec![]));
        assert_eq!(read(&mut reader, &begin(6)), Err(ChunkError::TooLong(50_000)));
    }

    #[test]
    fn what_was_given_up_or_finished_counts_no_more() {
        let mut reader = ChunkReader::new(1_000);
        for _ in 0..50 {
            let unfinished = [full(0, 900, 9), vec![7; 128]].concat();
            assert_eq!(read(&mut reader, &unfinished), Ok(vec![]));
            reader.abort(4);
            let whole = [full(0, 100, 9), vec![7; 100]].concat();
            assert_eq!(read(&mut reader, &whole).unwrap().len(), 1);
        }
        assert_eq!(reader.announced, 0);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_split_read_the_same(bytes in prop::collection::vec(any::<u8>(), 0..600), cuts in prop::collection::vec(1usize..40, 1..80)) {
            let whole = read(&mut ChunkReader::new(300), &bytes);
            let mut reader = ChunkReader::new(300);
            let (mut rest, mut pieces) = (bytes.as_slice(), Ok(Vec::new()));
            for cut in cuts.iter().cycle() {
                if rest.is_empty() || pieces.is_err() {
                    break;
                }
                let (head, tail) = rest.split_at(*cut.min(&rest.len()));
                rest = tail;
                pieces = pieces.and_then(|mut all: Vec<Message>| {
                    all.extend(read(&mut reader, head)?);
                    Ok(all)
                });
            }
            prop_assert_eq!(whole, pieces);
        }
    }
}
