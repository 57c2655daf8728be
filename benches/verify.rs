//! How fast a data folder is verified, and in how much memory: `cargo bench --bench verify`.
//!
//! It prints records a second on one core, without and with every auction decided again, over a
//! folder of `RECORDS` auctions (default 100,000).
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and may stop")]

use std::time::Instant;

use breakwater::audit::verify::{Options, verify};
use breakwater::io::journal::{Flush, Limits, Stream};

#[expect(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../tests/it/audit/folder.rs"]
mod folder;
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../tests/it/sale.rs"]
mod sale;

fn main() {
    let wanted = std::env::var("RECORDS").ok().and_then(|text| text.parse().ok());
    let wanted: u64 = wanted.unwrap_or(100_000);
    let data = tempfile::tempdir().unwrap();
    let mut node = folder::Node::start_in(data, Limits::default());
    let mut size = 0;
    for number in 1..=wanted {
        let permit = node.permit(Stream::Auction);
        let payload = node.auction(permit.seq(), |_| {});
        size = payload.len();
        let pending = permit.append(payload);
        if number % 1_000 == 0 {
            assert!(matches!(pending.wait_blocking(), Flush::Flushed { .. }));
        }
    }
    let data = node.stop();
    println!("{wanted} auctions of {size} bytes");
    for deep in [false, true] {
        let begun = Instant::now();
        let options = Options { deep, ..Options::default() };
        let report = verify(data.path(), &options, &mut |_| {}).unwrap();
        let took = begun.elapsed();
        assert!(report.holds(), "{report:?}");
        let rate = u128::from(report.records()) * 1_000_000 / took.as_micros().max(1);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("VmRSS: ?");
        println!("deep {deep}: {rate} records/s, {took:?}, {resident}");
    }
}
