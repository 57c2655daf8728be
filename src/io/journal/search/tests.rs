use super::{Search, frame};
use crate::io::journal::segment::{FRAME_HEAD, Found, read_frame, write_frame};
use crate::io::simulated::Chance;

#[test]
fn it_finds_what_trying_everything_finds() {
    let mut chance = Chance(5);
    let (mut with, mut without) = (0, 0);
    for round in 0..3_000 {
        let index = [0, 7, u64::from(u32::MAX) - 3, 5 << 40][round % 4];
        let mut bytes = vec![0; chance.below(60)];
        bytes.iter_mut().for_each(|byte| *byte = drawn(&mut chance));
        let lost = u64::try_from(chance.below(12)).unwrap();
        let payload = vec![drawn(&mut chance); 1 + chance.below(40)];
        write_frame(index + lost, &payload, &mut bytes);
        bytes.extend((0..chance.below(30)).map(|_| drawn(&mut chance)));
        if chance.below(3) == 0 {
            let place = chance.below(bytes.len());
            bytes[place] ^= 1 << chance.below(8);
        }
        let expected = tried(&bytes, index);
        let Search { found, hashed } = frame(&bytes, index);
        assert_eq!(found, expected, "round {round}: index {index}, lost {lost}: {bytes:?}");
        assert!(hashed <= 2 * bytes.len());
        *if found { &mut with } else { &mut without } += 1;
    }
    assert!(500 < with && 500 < without, "{with} and {without}");
}

/// Every place has a head that might be one, with the longest payload there can be.
#[test]
fn crafted_bytes_are_hashed_once() {
    for length in [48 << 10, 256 << 10] {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            // Read from any of its bytes on: a plausible length, and a checksum of nothing.
            bytes.extend([1, 1, 1, 0]);
        }
        assert_eq!(frame(&bytes, 9), Search { found: false, hashed: length });
        let left: u32 = (bytes.len() / 3).try_into().unwrap();
        let heads = left.to_le_bytes();
        let bytes: Vec<u8> = heads.iter().copied().cycle().take(length).collect();
        assert_eq!(frame(&bytes, 9), Search { found: false, hashed: length });
    }
    assert_eq!(frame(&[], 0), Search { found: false, hashed: 0 });
    assert_eq!(frame(&[1; FRAME_HEAD], 0), Search { found: false, hashed: FRAME_HEAD });
}

/// Tries every place and every index.
fn tried(bytes: &[u8], index: u64) -> bool {
    (0..bytes.len()).any(|place| {
        let lost = u64::try_from(place / (FRAME_HEAD + 1)).unwrap();
        let mut indexes = index + 1..=index + 1 + lost;
        indexes.any(|index| matches!(read_frame(&bytes[place..], index), Found::Frame(_)))
    })
}

fn drawn(chance: &mut Chance) -> u8 {
    // Mostly small numbers, as lengths are.
    let bound = [3, 40, 256][chance.below(3)];
    u8::try_from(chance.below(bound)).unwrap()
}
