//! What a record costs: writing and hashing it on the way to a sale, verifying it, reading its auction
//! back and deciding it again; and how many bytes of it stay.

#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

#[path = "../tests/it/auction/build.rs"]
mod build;
#[path = "../tests/it/auction/pods.rs"]
#[expect(dead_code, reason = "records are measured on live breaks only")]
mod pods;
#[path = "../tests/it/auction/rng.rs"]
mod rng;
#[path = "record/sale.rs"]
mod sale;

use std::cell::Cell;
use std::hint::black_box;

use breakwater::auction::decide::decide;
use breakwater::wire::record::outcome::differing;
use breakwater::wire::record::read::view::{View, view};
use breakwater::wire::record::texts::Texts;
use criterion::{Criterion, criterion_group, criterion_main};

use crate::pods::Size;
use crate::sale::Sale;

/// A bid of each of ten bidders, as the sale path is measured.
const SOLD: Size = Size { seconds: 60, max_ads: 4, bidders: 10, bids: 1 };
/// Two bids of each, as a replay is measured.
const REPLAYED: Size = Size { seconds: 60, max_ads: 4, bidders: 10, bids: 2 };
/// Eight bidders and three slots, as the disk is measured.
const STORED: Size = Size { seconds: 60, max_ads: 3, bidders: 8, bids: 2 };
/// A record of some 3 KB, as plain verifying is measured.
const SMALL: Size = Size { seconds: 30, max_ads: 1, bidders: 1, bids: 1 };

/// Writing a record; reading it as `verify` does is little else than hashing it, so the difference
/// of the two is what the JSON costs. Handing it to the queue moves the buffer and copies nothing.
fn encode(criterion: &mut Criterion) {
    let sales = drawn(SOLD, 64);
    let records: Vec<Vec<u8>> = sales.iter().map(Sale::record).collect();
    let (sale, record) = (turns(&sales), turns(&records));
    let name = format!("a record of {} bytes, 10 bidders", mean(&records));
    let mut group = criterion.benchmark_group(name);
    group.bench_function("encode and hash", |bencher| bencher.iter(|| sale().record()));
    group.bench_function("hash", |bencher| bencher.iter(|| view(record()).unwrap().root));
    group.finish();
}

fn verify(criterion: &mut Criterion) {
    let records: Vec<Vec<u8>> = drawn(SMALL, 64).iter().map(Sale::record).collect();
    let record = turns(&records);
    let name = format!("verify a record of {} bytes", mean(&records));
    criterion.bench_function(&name, |bencher| bencher.iter(|| view(record()).unwrap().root));
}

fn replay(criterion: &mut Criterion) {
    let records: Vec<Vec<u8>> = drawn(REPLAYED, 64).iter().map(Sale::record).collect();
    let mut texts = Texts::default();
    let mut group = criterion.benchmark_group("replay of 10 bidders with 2 bids each");
    let record = turns(&records);
    group.bench_function("verify", |bencher| bencher.iter(|| view(record()).unwrap().root));
    let views: Vec<_> = records.iter().map(|record| view(record).unwrap()).collect();
    let turn = turns(&views);
    group.bench_function("input", |bencher| {
        bencher.iter(|| turn().auction_input(&mut texts).unwrap());
    });
    let mut input = |view: &View<'_>| view.auction_input(&mut texts).unwrap();
    let inputs: Vec<_> = views.iter().map(&mut input).collect();
    let turn = turns(&inputs);
    group.bench_function("decide", |bencher| bencher.iter(|| decide(turn())));
    group.bench_function("all of it", |bencher| {
        bencher.iter(|| {
            let record = view(record()).unwrap();
            let input = input(&record);
            assert!(differing(&record, &input, &decide(&input)).is_empty());
        });
    });
    group.finish();
}

/// Prints what an auction takes on disk, plain and in a sealed segment.
#[expect(clippy::print_stdout, reason = "sizes are results too")]
fn sizes(_: &mut Criterion) {
    let mut sales = drawn(STORED, 1000);
    let raw: Vec<Vec<u8>> = sales.iter().map(Sale::record).collect();
    sales.iter_mut().for_each(Sale::strip);
    let bare: Vec<Vec<u8>> = sales.iter().map(Sale::record).collect();
    println!("an auction of 8 bidders with 2 bids each, 3 slots, in bytes:");
    println!("  plain {}, of which winners' markup {}", mean(&raw), mean(&raw) - mean(&bare));
    for level in [1, 3, 6, 9] {
        let (all, bare) = (sealed(&raw, level), sealed(&bare, level));
        println!("  sealed at level {level}: {all}, of which winners' markup {}", all - bare);
    }
}

/// Returns what each record takes of zstd frames of 256 KiB.
fn sealed(records: &[Vec<u8>], level: i32) -> usize {
    let stream = records.concat();
    let frames = stream.chunks(256 << 10);
    let sizes = frames.map(|frame| zstd::bulk::compress(frame, level).unwrap().len());
    sizes.sum::<usize>() / records.len()
}

fn drawn(size: Size, count: u64) -> Vec<Sale> {
    (0..count).map(|number| Sale::drawn(number, size)).collect()
}

/// Hands out one after the other, again and again.
fn turns<'a, T>(items: &'a [T]) -> impl Fn() -> &'a T {
    let next = Cell::new(0);
    move || {
        let at = next.get();
        next.set((at + 1) % items.len());
        black_box(&items[at])
    }
}

fn mean(records: &[Vec<u8>]) -> usize {
    records.iter().map(Vec::len).sum::<usize>() / records.len()
}

criterion_group!(benches, sizes, encode, verify, replay);
criterion_main!(benches);
