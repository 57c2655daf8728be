use super::{Fault, auction_faults};
use crate::wire::record::read::view::view;
use crate::wire::record::read::{Body, read};
use crate::wire::record::seal::{self, Part};
use crate::wire::record::tests::sample::drawn;

#[test]
fn a_record_has_exactly_the_sections_of_its_kind() {
    for seed in 0..40 {
        let payload = drawn(seed).payload();
        assert_eq!(faults(&payload), [], "seed {seed}");
        let names: Vec<String> = names(&payload);
        for name in names.iter().filter(|name| *name != "head") {
            let without = sealed(&payload, |kept| kept != name, None);
            let found = faults(&without);
            // Who was in the market stands in `ops`, what was sold in `outcome:seller`.
            assert!(found.iter().any(|(fault, _)| fault == name), "seed {seed}: {name}: {found:?}");
        }
        for name in ["markup:0", "markup:99", "bidder:stranger", "outcome:stranger", "z", "a"] {
            let with = sealed(&payload, |_| true, Some(name));
            let found = faults(&with);
            assert_eq!(found.len(), 1, "seed {seed}: {name}: {found:?}");
            assert_eq!(found[0].0, name);
        }
    }
}

fn faults(payload: &[u8]) -> Vec<Fault> {
    let record = view(payload).unwrap();
    let wins = record.sales().map_or(0, |sales| sales.wins.len());
    auction_faults(&record, wins)
}

fn names(payload: &[u8]) -> Vec<String> {
    read(payload).unwrap().sections().iter().map(|section| section.name.to_string()).collect()
}

/// Seals an auction's record anew, with other sections.
fn sealed(payload: &[u8], keep: impl Fn(&str) -> bool, extra: Option<&str>) -> Vec<u8> {
    let record = read(payload).unwrap();
    let kept = record.sections().iter().filter(|section| keep(&section.name));
    let mut parts: Vec<Part<'_>> = kept
        .map(|section| {
            let Body::Kept { salt, bytes } = &section.body else { panic!("it is not erased") };
            let salt = (&*section.name == "user").then_some(*salt);
            Part { salt, ..Part::new(&*section.name, bytes.as_slice()) }
        })
        .collect();
    parts.extend(extra.map(|name| Part::new(name, &b"{}"[..])));
    seal::payload(1, record.id.bytes(), record.at, &[7; 32], parts).0
}
