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
