//! A bundle, checked by crates nobody here wrote: `signed_note` and `ct-merkle`.

use breakwater::audit::bundle::Bundle;
use breakwater::wire::record::disclosed::{Disclosed, Step};
use breakwater::wire::record::read::read;
use ct_merkle::{InclusionProof, RootHash};
use sha2_oracle::{Digest, Sha256};
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog::checkpoint::Checkpoint;
use tlog::proof::Proof;

use crate::prove::{Sold, last};

#[test]
fn strangers_come_to_the_same() {
    let sold = Sold::new();
    let record = read(&last(sold.data.path())).unwrap();
    let bundle = Bundle::parse(sold.prove("auditor").as_bytes()).unwrap();
    let proof = Proof::parse(&bundle.proof).unwrap();
    let key = StandardVerifier::new(&sold.key.to_string()).unwrap();
    let note = Note::from_bytes(proof.checkpoint.as_bytes()).unwrap();
    let (known, unknown) = note.verify(&VerifierList::new(vec![Box::new(key)])).unwrap();
    assert_eq!((known.len(), unknown.len()), (1, 0));
    let text = std::str::from_utf8(note.text()).unwrap();
    let checkpoint = Checkpoint::parse(text).unwrap();
    let root = RootHash::<Sha256>::new(checkpoint.root.into(), checkpoint.size);
    let hashes = InclusionProof::<Sha256>::try_from_bytes(proof.hashes.concat()).unwrap();
    root.verify_inclusion(&bundle.entry.to_vec(), proof.index, &hashes).unwrap();

    let record_root: [u8; 32] = bundle.entry[26..].try_into().unwrap();
    let size = u64::try_from(record.sections().len()).unwrap();
    let root = RootHash::<Sha256>::new(record_root.into(), size);
    assert_eq!(bundle.sections.len() + 1, record.sections().len(), "all but the viewer");
    for section in &bundle.sections {
        let place = record.sections().iter().position(|it| it.name == section.name).unwrap();
        let path: Vec<[u8; 32]> = section.path.iter().map(hash).collect();
        let path = InclusionProof::<Sha256>::try_from_bytes(path.concat()).unwrap();
        let place = u64::try_from(place).unwrap();
        root.verify_inclusion(&leaf(section), place, &path).unwrap();
    }
}

fn hash(step: &Step) -> [u8; 32] {
    match step {
        Step::Left(hash) | Step::Right(hash) => *hash,
    }
}

/// Returns what is hashed as the leaf of a section, by the words of `docs/bundle.md`.
fn leaf(section: &Disclosed) -> Vec<u8> {
    let name = section.name.as_bytes();
    let commitment = Sha256::new()
        .chain_update(b"breakwater/section/v1\n")
        .chain_update(name)
        .chain_update(b"\n")
        .chain_update(section.salt)
        .chain_update(&section.bytes)
        .finalize();
    [name, &[0], &commitment[..]].concat()
}
