//! The published vectors, all lists: `data/vectors.json`.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tlog::checkpoint::Checkpoint;
use tlog::note::{self, SignerKey, VerifierKey};
use tlog::proof::Proof;
use tlog::tile::{self, Kind, Tile, Tiles, Tree};
use tlog::tree::{self, Frontier, Hash, Nodes};
use tlog::witness;

#[test]
fn hashes_of_leaves_and_nodes() {
    for case in list("leaf_hash") {
        assert_eq!(tree::leaf(&hex(&case["data"])), hash(&case["hash"]));
    }
    for case in list("node_hash") {
        let (left, right) = (hash(&case["left"]), hash(&case["right"]));
        assert_eq!(tree::node(&left, &right), hash(&case["hash"]));
    }
}

#[test]
fn the_tree_of_eight() {
    let vectors = vectors();
    let told = &vectors["explicit_tree"];
    let leaves: Vec<Hash> =
        told["leaves"].as_array().unwrap().iter().map(|it| tree::leaf(&hex(it))).collect();
    let hashes: Vec<Hash> = told["leaf_hashes"].as_array().unwrap().iter().map(hash).collect();
    assert_eq!(leaves, hashes);
    for (size, root) in told["roots"].as_array().unwrap().iter().enumerate() {
        assert_eq!(tree::root_of(&leaves[..size]), hash(root), "{size}");
    }
    let nodes = Memory(leaves);
    for case in told["inclusion"].as_array().unwrap() {
        let (index, size) = (number(&case["index"]), number(&case["size"]));
        assert_eq!(tree::inclusion(index, size, &nodes), Ok(Some(hashes_of(&case["proof"]))));
    }
    for case in told["consistency"].as_array().unwrap() {
        let (old, new) = (number(&case["size1"]), number(&case["size2"]));
        assert_eq!(tree::consistency(old, new, &nodes), Ok(Some(hashes_of(&case["proof"]))));
    }
}

#[test]
fn roots_and_proofs_of_a_large_tree() {
    let largest = list("roots").iter().map(|it| number(&it["size"])).max().unwrap();
    let nodes = Memory((0..largest).map(|index| tree::leaf(entry(index).as_bytes())).collect());
    let mut frontier = Frontier::default();
    let mut roots = BTreeMap::from([(0, frontier.root())]);
    for leaf in &nodes.0 {
        frontier.push(*leaf);
        roots.insert(frontier.size(), frontier.root());
    }
    for case in list("roots") {
        let size = number(&case["size"]);
        assert_eq!(roots[&size], hash(&case["root"]), "{size}");
        assert_eq!(tree::root(size, &nodes), Ok(roots[&size]));
        assert_eq!(Frontier::read(size, &nodes).unwrap().root(), roots[&size]);
    }
    for case in list("inclusion") {
        let (index, size) = (number(&case["index"]), number(&case["size"]));
        assert!(inclusion(&case), "{case}");
        assert_eq!(tree::inclusion(index, size, &nodes), Ok(Some(hashes_of(&case["proof"]))));
    }
    for case in list("consistency") {
        let (old, new) = (number(&case["size1"]), number(&case["size2"]));
        assert!(consistency(&case), "{case}");
        assert_eq!(tree::consistency(old, new, &nodes), Ok(Some(hashes_of(&case["proof"]))));
    }
}

#[test]
fn what_must_be_refused() {
    for case in list("negative").into_iter().chain(list("house_rules")) {
        let found = match case["kind"].as_str().unwrap() {
            "inclusion" => inclusion(&case),
            "consistency" => consistency(&case),
            kind => panic!("no such kind: {kind}"),
        };
        assert_eq!(found, case["valid"].as_bool().unwrap(), "{case}");
    }
}

#[test]
fn paths_of_tiles() {
    for case in list("tile_paths") {
        let kind = match &case["level"] {
            Value::Number(level) => Kind::Hashes(level.as_u64().unwrap().try_into().unwrap()),
            _ => Kind::Entries,
        };
        let width = number(&case["width"]).try_into().unwrap();
        let tile = Tile { kind, index: number(&case["index"]), width };
        let path = case["path"].as_str().unwrap();
        assert_eq!(tile.to_string(), path);
        assert_eq!(Tile::parse(path), Some(tile));
    }
    for path in list("tile_paths_invalid") {
        assert_eq!(Tile::parse(path.as_str().unwrap()), None, "{path}");
    }
}

#[test]
fn tiles_of_trees() {
    for case in list("tiles") {
        let size = number(&case["size"]);
        let store = Store::of(size);
        let tiles: Vec<Tile> =
            tile::grown(0, size).into_iter().filter(|it| it.kind != Kind::Entries).collect();
        assert_eq!(number(&case["tile_count"]), u64::try_from(tiles.len()).unwrap());
        for told in case["tiles"].as_array().unwrap() {
            let tile = Tile::parse(told["path"].as_str().unwrap()).unwrap();
            assert!(tiles.contains(&tile), "{told}");
            let bytes = store.bytes(tile);
            assert_eq!(number(&told["bytes"]), u64::try_from(bytes.len()).unwrap());
            assert_eq!(Sha256::digest(&bytes)[..], hex(&told["sha256"]), "{told}");
        }
        let nodes = Tree { tiles: &store, size };
        let root = tree::root_of(&store.0[0]);
        assert_eq!(tree::root(size, &nodes), Ok(root));
        for index in [0, size / 2, size - 1] {
            let proof = tree::inclusion(index, size, &nodes).unwrap().unwrap();
            let leaf = tree::leaf(entry(index).as_bytes());
            assert!(tree::verify_inclusion(index, size, &leaf, &proof, &root), "{index} of {size}");
        }
    }
}

#[test]
fn bundles_of_entries() {
    for case in list("entry_bundles") {
        let entries: Vec<Vec<u8>> = case["entries"].as_array().unwrap().iter().map(hex).collect();
        let bundle = tile::bundle(entries.iter().map(Vec::as_slice)).unwrap();
        assert_eq!(bundle, hex(&case["bundle"]));
        assert_eq!(tile::entries(&bundle).unwrap(), entries);
        assert!(tile::entries(&bundle[..bundle.len() - 1]).is_none());
    }
    let vectors = vectors();
    let told = &vectors["entry_bundle_files"];
    let size = number(&told["size"]);
    let bundles = tile::grown(0, size).into_iter().filter(|it| it.kind == Kind::Entries);
    let names: Vec<String> = bundles.map(|tile| tile.to_string()).collect();
    for (file, name) in told["files"].as_array().unwrap().iter().zip(names) {
        assert_eq!(file["path"], name);
        let tile = Tile::parse(&name).unwrap();
        let first = tile.index * 256;
        let entries: Vec<String> = (first..first + u64::from(tile.width)).map(entry).collect();
        let bundle = tile::bundle(entries.iter().map(String::as_bytes)).unwrap();
        assert_eq!(Sha256::digest(&bundle)[..], hex(&file["sha256"]), "{name}");
    }
}

#[test]
fn keys_in_text() {
    for case in list("keys") {
        let text = case["vkey"].as_str().unwrap();
        assert_eq!(VerifierKey::parse(text).unwrap().to_string(), text);
        if case["type"] == 1 {
            let seed = hash(&case["seed"]);
            let key = SignerKey::new(case["name"].as_str().unwrap(), &seed).unwrap();
            assert_eq!(key.verifier().to_string(), text);
        }
    }
    for text in list("vkeys_invalid") {
        assert!(VerifierKey::parse(text.as_str().unwrap()).is_none(), "{text}");
    }
}

#[test]
fn notes_are_believed_or_not() {
    for case in list("notes") {
        let keys: Vec<VerifierKey> = case["vkeys"].as_array().unwrap().iter().map(key).collect();
        let opened = note::open(case["note_text"].as_str().unwrap(), &keys);
        assert_eq!(opened.is_ok(), case["valid"].as_bool().unwrap(), "{case}: {opened:?}");
        if let Ok(opened) = opened {
            assert_eq!(opened.text, case["signed_text"], "{case}");
        }
    }
}

#[test]
fn checkpoints_are_believed_or_not() {
    for case in list("checkpoints") {
        let text = case["checkpoint_text"].as_str().unwrap();
        let opened = Checkpoint::open(text, &key(&case["vkey"]));
        assert_eq!(opened.is_ok(), case["valid"].as_bool().unwrap(), "{case}: {opened:?}");
        if let Ok(checkpoint) = opened {
            assert_eq!(checkpoint.size, number(&case["size"]));
            assert_eq!(checkpoint.root, hash(&case["root"]));
        }
    }
}

#[test]
fn a_checkpoint_is_signed_as_the_vectors_have_it() {
    let log = list("keys").into_iter().find(|it| it["role"] == "log").unwrap();
    let signer = SignerKey::new(log["name"].as_str().unwrap(), &hash(&log["seed"])).unwrap();
    let plain = list("checkpoints").into_iter().next().unwrap();
    let text = plain["checkpoint_text"].as_str().unwrap();
    let checkpoint = Checkpoint::open(text, &signer.verifier()).unwrap();
    assert_eq!(checkpoint.sign(&signer).unwrap(), text);
}

#[test]
fn cosignatures_count_when_they_fit() {
    for case in list("cosignatures") {
        let mut keys = vec![key(&case["log_vkey"])];
        keys.extend(case["witness_vkeys"].as_array().unwrap().iter().map(key));
        let opened = note::open(case["checkpoint_text"].as_str().unwrap(), &keys);
        assert_eq!(opened.is_ok(), case["valid"].as_bool().unwrap(), "{case}");
        if let Ok(opened) = opened {
            let times: Vec<u64> = opened.signed_by.iter().filter_map(|(_, time)| *time).collect();
            let told = case["timestamps"].as_array().unwrap();
            assert_eq!(times, told.iter().map(number).collect::<Vec<_>>());
        }
    }
}

#[test]
fn proofs_hold_or_not() {
    for case in list("tlog_proofs") {
        let (text, entry) = (case["proof_text"].as_str().unwrap(), &case["entry_text"]);
        let entry = entry.as_str().unwrap().as_bytes();
        let proof = Proof::parse(text);
        let holds = proof.as_ref().is_ok_and(|it| it.verify(entry, &key(&case["vkey"])).is_ok());
        assert_eq!(holds, case["valid"].as_bool().unwrap(), "{case}: {proof:?}");
        if let Ok(proof) = proof {
            assert_eq!(proof.text(), text);
        }
    }
}

#[test]
fn a_witness_is_asked() {
    let vectors = vectors();
    let told = &vectors["witness_request"];
    let body = told["body_text"].as_str().unwrap();
    let (head, checkpoint) = body.split_once("\n\n").unwrap();
    let (old, new) = (number(&told["old_size"]), number(&told["new_size"]));
    let nodes = Memory((0..new).map(|index| tree::leaf(entry(index).as_bytes())).collect());
    let proof = tree::consistency(old, new, &nodes).unwrap().unwrap();
    assert!(head.starts_with(&format!("old {old}\n")));
    assert_eq!(witness::add_checkpoint(old, &proof, checkpoint), body);
}

/// Leaves in memory; nodes are computed anew.
struct Memory(Vec<Hash>);

impl Nodes for Memory {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let first = usize::try_from(index << level).unwrap();
        Ok(tree::root_of(&self.0[first..first + (1 << level)]))
    }
}

/// Hashes of the full nodes of each level of tiles.
struct Store(Vec<Vec<Hash>>);

impl Store {
    fn of(size: u64) -> Self {
        let mut levels = vec![(0..size).map(|it| tree::leaf(entry(it).as_bytes())).collect()];
        loop {
            let below: &Vec<Hash> = levels.last().unwrap();
            let above: Vec<Hash> = below.chunks_exact(256).map(tree::root_of).collect();
            if above.is_empty() {
                return Self(levels);
            }
            levels.push(above);
        }
    }

    fn bytes(&self, tile: Tile) -> Vec<u8> {
        let Kind::Hashes(level) = tile.kind else { panic!("{tile} has no hashes") };
        self.hashes(level, tile.index, tile.width).unwrap().concat()
    }
}

impl Tiles for Store {
    type Error = Infallible;

    fn hashes(&self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, Infallible> {
        let first = usize::try_from(index).unwrap() * 256;
        Ok(self.0[usize::from(level)][first..first + usize::from(width)].to_vec())
    }
}

fn inclusion(case: &Value) -> bool {
    let Some((leaf, proof, root)) = parts(case, "leaf_hash", "root") else { return false };
    tree::verify_inclusion(number(&case["index"]), number(&case["size"]), &leaf, &proof, &root)
}

fn consistency(case: &Value) -> bool {
    let Some((old, proof, new)) = parts(case, "root1", "root2") else { return false };
    let (size1, size2) = (number(&case["size1"]), number(&case["size2"]));
    tree::verify_consistency(size1, size2, &old, &new, &proof)
}

/// Reads hashes; what is not 32 bytes is refused before it is a hash.
fn parts(case: &Value, first: &str, second: &str) -> Option<(Hash, Vec<Hash>, Hash)> {
    let read = |value: &Value| Hash::try_from(hex(value)).ok();
    let proof = case["proof"].as_array().unwrap().iter().map(read).collect::<Option<_>>()?;
    Some((read(&case[first])?, proof, read(&case[second])?))
}

fn entry(index: u64) -> String {
    format!("breakwater/pub/{index}")
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/vectors.json")).unwrap()
}

fn list(name: &str) -> Vec<Value> {
    let list = vectors()[name].as_array().unwrap().clone();
    assert!(!list.is_empty(), "{name}");
    list
}

fn key(text: &Value) -> VerifierKey {
    VerifierKey::parse(text.as_str().unwrap()).unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn hash(value: &Value) -> Hash {
    hex(value).try_into().unwrap()
}

fn hashes_of(list: &Value) -> Vec<Hash> {
    list.as_array().unwrap().iter().map(hash).collect()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    assert!(text.len().is_multiple_of(2));
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
