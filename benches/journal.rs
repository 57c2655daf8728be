//! The journal on the disk of the temporary folder: what a flush adds, sealing, reading.
//!
//! Figures of one run only: `BENCH_SECONDS` (10) of appends, 1,000 a second, 8 KB each.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use breakwater::io::journal::read::frames;
use breakwater::io::journal::{
    Durability, Flush, Identity, Journal, Limits, Settings, Stream, files,
};

#[expect(clippy::print_stdout, reason = "a bench tells its figures")]
fn main() {
    let seconds = std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok());
    let count = 1_000 * seconds.unwrap_or(10);
    let data = tempfile::tempdir().expect("there is a temporary folder");
    report("fdatasync of 8 KB, before", raw(data.path()));
    report("append to flushed at 1,000/s", flushed(data.path(), count));
    report("fdatasync of 8 KB, after", raw(data.path()));
    let plain = read(data.path());
    let (bytes, taken) = seal(data.path());
    println!("sealing {bytes} bytes: {:.0} MB/s", rate(bytes, taken));
    let sealed = read(data.path());
    for (what, (records, bytes, taken)) in [("plain", plain), ("sealed", sealed)] {
        let each = taken.as_nanos() / u128::from(records.max(1));
        println!(
            "reading {what}: {records} records, {each} ns each, {:.0} MB/s",
            rate(bytes, taken)
        );
    }
    let stored: u64 =
        listed(data.path()).iter().filter(|file| file.sealed).map(|it| it.bytes).sum();
    println!("sealed files: {stored} bytes");
}

/// Writes 8 KB and syncs, over and over, into a file of zeroes.
fn raw(data: &Path) -> Vec<Duration> {
    let path = data.join("raw");
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(path);
    let file = file.expect("the folder takes files");
    file.write_all_at(&vec![0; 17 << 20], 0).expect("the disk has room");
    file.sync_all().expect("the disk works");
    let payload = payload(1);
    let write = |number: u64| {
        let start = Instant::now();
        file.write_all_at(&payload, number * SIZE).expect("the disk works");
        file.sync_data().expect("the disk works");
        start.elapsed()
    };
    (0..2_000).map(write).collect()
}

/// Appends at a steady rate and returns how long each took to be flushed.
fn flushed(data: &Path, count: u64) -> Vec<Duration> {
    // Segments so large that none is sealed meanwhile.
    let journal = Arc::new(open(data, 1 << 30));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime starts").block_on(async {
        let mut tick = tokio::time::interval(Duration::from_millis(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        let mut waiting = Vec::new();
        for number in 0..count {
            tick.tick().await;
            let payload = payload(number);
            let permit = journal.permit(Stream::Auction).expect("the queue has room");
            let start = Instant::now();
            let mut pending = permit.append(payload);
            waiting.push(tokio::spawn(async move {
                assert_ne!(pending.wait().await, Flush::Refused, "the disk works");
                start.elapsed()
            }));
        }
        let mut taken = Vec::new();
        for waited in waiting {
            taken.push(waited.await.expect("no wait panics"));
        }
        taken
    })
}

/// Begins another segment and returns the bytes of the one before, and how long sealing it took.
fn seal(data: &Path) -> (u64, Duration) {
    let bytes = listed(data)[0].bytes;
    let journal = open(data, 1 << 20);
    let start = Instant::now();
    drop(journal.permit(Stream::Auction).expect("the queue is empty").append(payload(0)));
    while !listed(data)[0].sealed {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    (bytes, start.elapsed())
}

fn read(data: &Path) -> (u64, u64, Duration) {
    let start = Instant::now();
    let mut frames = frames(data, Stream::Auction).expect("the journal is there");
    let (mut records, mut bytes) = (0, 0);
    while let Some(frame) = frames.read().expect("it is whole") {
        records += 1;
        bytes += u64::try_from(frame.payload.len()).expect("a length fits");
    }
    (records, bytes, start.elapsed())
}

fn listed(data: &Path) -> Vec<breakwater::io::journal::SegmentFile> {
    files(data, Stream::Auction).expect("the journal is there")
}

fn open(data: &Path, segment: u64) -> Journal {
    let identity = Identity { domain: Arc::from("x.example"), node: Arc::from("n1") };
    let limits = Limits { segment, ..Limits::default() };
    let settings = Settings { limits, ..Settings::new(Durability::Flushed) };
    Journal::open_with(data, &identity, settings, |_| false).expect("the folder is ours")
}

/// Returns 8 KB of which half are hashes and half is text that recurs.
fn payload(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(usize::try_from(SIZE).expect("8 KB fit"));
    while bytes.len() + 128 <= 8192 {
        for _ in 0..8 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.extend_from_slice(&state.to_le_bytes());
        }
        bytes.extend_from_slice(
            b"{\"advertisers\":[[\"tideway-bank.example\"]],\"cur\":\"USD\",\"dur\":30}",
        );
    }
    bytes
}

fn rate(bytes: u64, taken: Duration) -> f64 {
    let millis = u32::try_from(taken.as_millis().max(1)).expect("a bench is short");
    f64::from(u32::try_from(bytes / 1_000).expect("a bench is small")) / f64::from(millis)
}

#[expect(clippy::print_stdout, reason = "a bench tells its figures")]
fn report(what: &str, mut taken: Vec<Duration>) {
    taken.sort_unstable();
    let at = |share: usize| taken[(taken.len() - 1) * share / 1_000];
    println!("{what}: p50 {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999));
}

const SIZE: u64 = 8192;
