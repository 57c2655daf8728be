//! Records with other content and a right root: whoever holds the keys of an exchange can make them.
//!
//! Written from `docs/bundle.md` and the segment format, with nothing of the exchange's own sealing.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use tlog::tree::{leaf, root_of};

/// Replaces the first `from` of a section by `to`, and seals the record of a payload again.
pub(crate) fn resealed(payload: &[u8], section: &str, from: &str, to: &str) -> Vec<u8> {
    let mut sealed = payload[..ENTRY + KEY + 2].to_vec();
    let key = payload[ENTRY..ENTRY + KEY].to_vec();
    let count = u16::from_le_bytes(payload[ENTRY + KEY..][..2].try_into().unwrap());
    let (mut rest, mut leaves, mut found) = (&payload[ENTRY + KEY + 2..], Vec::new(), false);
    for _ in 0..count {
        let name = take(&mut rest, 1)[0];
        let name = take(&mut rest, usize::from(name)).to_vec();
        let form = take(&mut rest, 1)[0];
        assert_eq!(form, 0, "the sections of sales here are short");
        let salt = match &*name {
            b"user" => take(&mut rest, 16).to_vec(),
            name => {
                let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
                mac.update(name);
                mac.finalize().into_bytes()[..16].to_vec()
            }
        };
        let length = u32::from_le_bytes(take(&mut rest, 4).try_into().unwrap());
        let mut bytes = take(&mut rest, usize::try_from(length).unwrap()).to_vec();
        if name == section.as_bytes() {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(from), "{section}: no {from} in {text}");
            bytes = text.replacen(from, to, 1).into_bytes();
            found = true;
        }
        sealed.push(u8::try_from(name.len()).unwrap());
        sealed.extend_from_slice(&name);
        sealed.push(form);
        if name == b"user" {
            sealed.extend_from_slice(&salt);
        }
        sealed.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
        sealed.extend_from_slice(&bytes);
        let start = [b"breakwater/section/v1\n", &*name, b"\n", &*salt, &*bytes].concat();
        let commitment = Sha256::digest(start);
        leaves.push(leaf(&[&*name, &[0], &*commitment].concat()));
    }
    assert!(found && rest.is_empty(), "{section} is not a section of the record");
    sealed[26..ENTRY].copy_from_slice(&root_of(&leaves));
    sealed
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(count);
    *rest = left;
    taken
}

/// The length of an entry.
const ENTRY: usize = 58;
/// The length of a record key.
const KEY: usize = 32;
