//! Salts, commitments, roots and entries against published numbers.

use serde_json::Value;

use super::{Entry, Salts, commitment, leaf, root};
use crate::model::time::UnixMillis;

#[test]
fn salts_follow_the_record_key() {
    let key = std::array::from_fn(|index| u8::try_from(index).unwrap());
    for case in cases("salts") {
        assert_eq!(hex(&Salts::new(&key).of(text(&case["name"]).as_bytes())), case["salt"]);
    }
}

#[test]
fn roots_are_those_of_certificate_transparency() {
    let leaves = cases("leaves");
    for case in cases("roots") {
        let size = usize::try_from(case["size"].as_u64().unwrap()).unwrap();
        let hashes: Vec<_> = leaves[..size].iter().map(|leaf| leaf_of(&bytes(leaf))).collect();
        assert_eq!(hex(&root(&hashes)), case["root"], "{size} leaves");
    }
}

#[test]
fn a_record_root_is_that_of_its_sections() {
    let record = &cases("record")[0];
    let mut leaves = Vec::new();
    for section in record["sections"].as_array().unwrap() {
        let (name, json) = (text(&section["name"]), text(&section["json"]));
        let salt = bytes(&section["salt"]).try_into().unwrap();
        let commitment = commitment(name, &salt, json.as_bytes());
        assert_eq!(hex(&commitment), section["commitment"], "{name}");
        leaves.push(leaf(name, &commitment));
    }
    let entry = Entry {
        kind: 1,
        id: bytes(&record["id"]).try_into().unwrap(),
        at: UnixMillis(record["time_ms"].as_u64().unwrap()),
        root: root(&leaves),
    };
    assert_eq!(hex(&entry.bytes()), record["entry"]);
    assert_eq!(Entry::read(&entry.bytes()), Some(entry));
    assert_eq!(hex(&leaf_of(&entry.bytes())), record["leaf_hash"]);
    assert_eq!(Entry::read(&entry.bytes()[..57]), None);
}

/// Returns the leaf hash of plain data.
fn leaf_of(data: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest([&[0], data].concat()).into()
}

fn cases(list: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(COMMITMENTS).unwrap();
    file[list].as_array().unwrap().clone()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let digits = text(value).as_bytes();
    let pair = |pair: &[u8]| std::str::from_utf8(pair).unwrap().to_owned();
    digits.chunks(2).map(|two| u8::from_str_radix(&pair(two), 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const COMMITMENTS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/journal/commitments.json"));
