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
mod tests;
