//! What a body takes: its own length and no more; and gzip as its library reads it.

use std::io::Read;

use flate2::bufread::GzDecoder;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq};
use proptest::proptest;
use proptest::sample::Index;

use crate::io::http1::gunzip::gunzip;
use crate::io::http1::response::{Progress, Response, Whole};
use crate::io::http1::tests::sides::LIMITS;
use crate::io::http1::tests::spell;
use crate::model::call::{AnswerOutcome, CallFault};

#[test]
fn a_body_is_allocated_once_in_its_size() {
    for splits in [&[][..], &[60], &[60, 1_000], &[10, 38, 39]] {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1200\r\n\r\n";
        let bytes = [&head[..], &[b'x'; 1_200]].concat();
        assert_eq!(body(&bytes, splits).capacity(), 1_200, "{splits:?}");
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let bytes = [&head[..], &spell::chunk(&[b'x'; 1_200]), b"0\r\n\r\n"].concat();
        if splits.is_empty() {
            assert_eq!(body(&bytes, splits).capacity(), 1_200, "in chunks");
        } else {
            assert_eq!(body(&bytes, splits).len(), 1_200, "in chunks, {splits:?}");
        }
        let head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ";
        let packed = spell::gzip(&[b'x'; 1_200]);
        let length = format!("{}\r\n\r\n", packed.len());
        let bytes = [&head[..], length.as_bytes(), &packed].concat();
        let splits: Vec<usize> = splits.iter().map(|at| *at.min(&(bytes.len() - 1))).collect();
        assert_eq!(body(&bytes, &splits).capacity(), 1_200, "in gzip, {splits:?}");
    }
}

#[test]
fn an_announced_chunk_takes_no_room_before_it_comes() {
    let mut response = Response::new(LIMITS);
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1ffff\r\nx";
    assert!(matches!(response.feed(head), Progress::More));
    assert!(response.room().is_none());
    assert!(response.stored() <= 8, "{}", response.stored());
}

#[test]
fn only_the_large_rest_of_a_body_is_read_in_place() {
    let mut response = Response::new(LIMITS);
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 20000\r\n\r\nx";
    assert!(matches!(response.feed(head), Progress::More));
    let (room, size) = response.room().unwrap();
    assert_eq!((size, room.len(), room.capacity()), (19_999, 1, 20_000));
    room.extend([b'x'; 10_000]);
    assert!(matches!(response.filled(10_000), Progress::More));
    assert!(response.room().is_none(), "little is left");
    let Progress::Whole(whole) = response.feed(&[b'x'; 9_999]) else { panic!("not whole") };
    assert_eq!(whole.outcome, AnswerOutcome::Body(vec![b'x'; 20_000]));
    assert!(whole.reusable);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn gzip_is_read_as_its_library_reads_it(
        text in vec(b'a'..b'e', 0..300),
        spoils in vec((any::<Index>(), 0..3_u8, any::<u8>()), 0..3),
        flags in 0..32_u8,
    ) {
        let mut bytes = member(&text, flags & 30);
        let whole = spoils.is_empty();
        for (at, way, byte) in spoils {
            let at = at.index(bytes.len());
            match way {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => bytes.truncate(at + 1),
            }
        }
        let (ours, theirs) = (gunzip(&bytes, 250), reference(&bytes, 250));
        // What is both broken and too long may be refused for either.
        prop_assert_eq!(ours.as_ref().ok(), theirs.as_ref().ok());
        prop_assert!(!whole || ours == theirs, "{ours:?}, {theirs:?}");
    }
}

/// Returns the body of a response that comes split.
fn body(bytes: &[u8], splits: &[usize]) -> Vec<u8> {
    let mut response = Response::new(LIMITS);
    let mut from = 0;
    for at in splits {
        assert!(matches!(response.feed(&bytes[from..*at]), Progress::More), "{splits:?}");
        from = *at;
    }
    match response.feed(&bytes[from..]) {
        Progress::Whole(Whole { outcome: AnswerOutcome::Body(body), .. }) => body,
        Progress::Whole(whole) => panic!("{:?}", whole.outcome),
        Progress::More => panic!("not whole"),
    }
}

/// Makes a member whose header has the fields that `flags` names.
fn member(text: &[u8], flags: u8) -> Vec<u8> {
    let packed = spell::gzip(text);
    let mut head = packed[..10].to_vec();
    head[3] = flags;
    if flags & 4 != 0 {
        head.extend([3, 0, 1, 2, 3]);
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            head.extend(b"name\0");
        }
    }
    if flags & 2 != 0 {
        let mut crc = flate2::Crc::new();
        crc.update(&head);
        head.extend(&crc.sum().to_le_bytes()[..2]);
    }
    [&head, &packed[10..]].concat()
}

fn reference(bytes: &[u8], most: usize) -> Result<Vec<u8>, CallFault> {
    let mut decoder = GzDecoder::new(bytes);
    let mut body = vec![0; most + 1];
    let mut filled = 0;
    while filled <= most {
        match decoder.read(&mut body[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(_) => return Err(CallFault::Encoding),
        }
    }
    if most < filled {
        return Err(CallFault::TooLarge);
    }
    body.truncate(filled);
    if decoder.into_inner().is_empty() { Ok(body) } else { Err(CallFault::Encoding) }
}
