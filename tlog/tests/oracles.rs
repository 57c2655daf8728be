//! What is made here is accepted by crates nobody here wrote, and what they make is accepted here.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::convert::Infallible;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use sha2_oracle::Sha256;
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};
use tlog::checkpoint::Checkpoint;
use tlog::note::{self, SignerKey, VerifierKey};
use tlog::tile::{Kind, Tile};
use tlog::tree::{self, Hash, Nodes};

/// Leaves in memory.
struct Memory(Vec<Hash>);

impl Nodes for Memory {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let first = usize::try_from(index << level).unwrap();
        Ok(tree::root_of(&self.0[first..first + (1 << level)]))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ct_merkle_and_this_tree_are_one(size in 1_usize..700, place in any::<u64>(), old in any::<u64>()) {
        let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        let entries: Vec<Vec<u8>> = (0..size).map(|it| it.to_string().into_bytes()).collect();
        entries.iter().for_each(|entry| theirs.push(entry.clone()));
        let ours = Memory(entries.iter().map(|entry| tree::leaf(entry)).collect());
        let count = u64::try_from(size).unwrap();
        let root = tree::root(count, &ours).unwrap();
        prop_assert_eq!(theirs.root().as_bytes().to_vec(), root.to_vec());

        let index = place % count;
        let at = usize::try_from(index).unwrap();
        let proof = tree::inclusion(index, count, &ours).unwrap().unwrap();
        let their_proof = theirs.prove_inclusion(at);
        prop_assert_eq!(their_proof.as_bytes(), &proof.concat()[..]);
        let read = InclusionProof::<Sha256>::try_from_bytes(proof.concat()).unwrap();
        prop_assert!(theirs.root().verify_inclusion(&entries[at], index, &read).is_ok());
        prop_assert!(tree::verify_inclusion(index, count, &ours.0[at], &proof, &root));

        let old = 1 + old % count;
        let proof = tree::consistency(old, count, &ours).unwrap().unwrap();
        let added = usize::try_from(count - old).unwrap();
        let before = tree::root(old, &ours).unwrap();
        prop_assert!(tree::verify_consistency(old, count, &before, &root, &proof));
        if added != 0 {
            prop_assert_eq!(theirs.prove_consistency(added).as_bytes().to_vec(), proof.concat());
            let read = ConsistencyProof::<Sha256>::try_from_bytes(proof.concat()).unwrap();
            let old_root = RootHash::<Sha256>::new(before.into(), old);
            prop_assert!(theirs.root().verify_consistency(&old_root, &read).is_ok());
        }
    }

    #[test]
    fn signed_note_and_these_notes_are_one(seed in any::<[u8; 32]>(), text in "[a-z0-9 é.\n]{0,80}") {
        let text = format!("{text}\n");
        let ours = SignerKey::new("log.example/pub", &seed).unwrap();
        let key = ours.verifier().to_string();
        let signed = ours.sign(&text).unwrap();
        let their_key = StandardVerifier::new(&key).unwrap();
        let theirs = Note::from_bytes(signed.as_bytes()).unwrap();
        let list = VerifierList::new(vec![Box::new(their_key)]);
        let (known, unknown) = theirs.verify(&list).unwrap();
        prop_assert_eq!((known.len(), unknown.len()), (1, 0));
        prop_assert_eq!(theirs.text(), text.as_bytes());

        let mut theirs = Note::new(text.as_bytes(), &[]).unwrap();
        let signer = StandardSigner::new(&private(&key, &seed)).unwrap();
        theirs.add_sigs(&[&signer]).unwrap();
        let note = String::from_utf8(theirs.to_bytes()).unwrap();
        prop_assert_eq!(&note, &signed);
        let keys = [VerifierKey::parse(&key).unwrap()];
        prop_assert_eq!(note::open(&note, &keys).unwrap().text, &text);
    }

    #[test]
    fn checkpoints_read_alike(size in any::<u64>(), root in any::<[u8; 32]>()) {
        let root = if size == 0 { tree::empty() } else { root };
        let ours = Checkpoint { origin: "log.example/pub".into(), size, root };
        let theirs = tlog_tiles::Checkpoint::from_bytes(ours.text().as_bytes()).unwrap();
        prop_assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), ("log.example/pub", size, root));
        prop_assert_eq!(Checkpoint::parse(&ours.text()), Some(ours));
    }

    #[test]
    fn paths_are_theirs_with_the_height_left_out(level in 0_u8..7, index in any::<u32>(), width in 1_u16..=256) {
        let tile = Tile { kind: Kind::Hashes(level), index: index.into(), width };
        let theirs = tlog_tiles::Tile::new(8, level, index.into(), width.into(), false);
        prop_assert_eq!(theirs.path(), tile.to_string().replacen("tile/", "tile/8/", 1));
        prop_assert_eq!(Tile::parse(&tile.to_string()), Some(tile));
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC{0,200}|(tile|index|extra|—| |/|x|\\.p|[0-9]|\n){0,40}") {
        let _ = Tile::parse(&text);
        let _ = VerifierKey::parse(&text);
        let _ = Checkpoint::parse(&text);
        let _ = tlog::proof::Proof::parse(&text);
        let _ = tlog::tile::entries(text.as_bytes());
        prop_assert!(note::open(&text, &[]).is_err());
    }
}

/// Writes a private key as `signed_note` reads it: name, id, type and seed.
fn private(key: &str, seed: &[u8; 32]) -> String {
    use base64::Engine;
    let mut parts = key.split('+');
    let (name, id) = (parts.next().unwrap(), parts.next().unwrap());
    let bytes = [&[1][..], seed].concat();
    format!("PRIVATE+KEY+{name}+{id}+{}", base64::prelude::BASE64_STANDARD.encode(bytes))
}
