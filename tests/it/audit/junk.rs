//! Thousands of files that are no segments: each is told of, and the folder is not listed for each.

use std::fs;
use std::mem::MaybeUninit;
use std::path::Path;

use breakwater::audit::gaps::gaps;
use breakwater::audit::verify::{Options, verify};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use crate::audit::folder::Node;

#[test]
fn a_folder_of_junk_is_listed_a_few_times() {
    let mut node = Node::start();
    node.sell(3);
    let data = node.stop();
    let folder = data.path().join("journal/auction");
    let good = fs::read(folder.join("auction-00000000000000000000.seg")).unwrap();
    let junk: [&dyn Fn(&Path); 4] = [
        &|path| fs::write(path, b"junk").unwrap(),
        // A header of another segment, a segment without a record, and no file at all.
        &|path| fs::write(path, &good[..64]).unwrap(),
        &|path| fs::write(path, emptied(&good, path)).unwrap(),
        &|path| fs::create_dir(path).unwrap(),
    ];
    for index in 0..JUNK {
        let path = folder.join(format!("auction-{:020}.seg", 10 + index));
        junk[index % junk.len()](&path);
    }
    let seen = listings(&folder, || {
        let report = verify(data.path(), &Options::default(), &mut |_| {}).unwrap();
        assert!(u64::try_from(JUNK).unwrap() <= report.findings.count(), "{report:?}");
        assert_eq!(report.auction.records, 3);
    });
    assert!(0 < seen && seen < FEW, "verify listed the folder {seen} times");
    let seen = listings(&folder, || drop(gaps(data.path()).unwrap()));
    assert!(0 < seen && seen < FEW, "gaps listed the folder {seen} times");
}

/// Returns the header of a segment as the file of this name must have it.
fn emptied(segment: &[u8], path: &Path) -> Vec<u8> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let first: u64 = name[8..28].parse().unwrap();
    let mut header = segment[..64].to_vec();
    header[8..16].copy_from_slice(&first.to_le_bytes());
    let crc = crc32c::crc32c(&header[..60]);
    header[60..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// Counts how often a folder is opened, which is to be listed.
fn listings(folder: &Path, work: impl FnOnce()) -> usize {
    let watch = inotify::init(CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&watch, folder, WatchFlags::OPEN | WatchFlags::ONLYDIR).unwrap();
    work();
    let mut buffer = [MaybeUninit::uninit(); 16 << 10];
    let mut reader = Reader::new(watch, &mut buffer);
    let mut count = 0;
    loop {
        match reader.next() {
            Err(Errno::AGAIN) => return count,
            event => {
                let event = event.unwrap();
                assert!(!event.events().contains(ReadFlags::QUEUE_OVERFLOW), "too much junk");
                // What lies in the folder has a name.
                count += usize::from(event.file_name().is_none());
            }
        }
    }
}

/// The kernel keeps some sixteen thousand events.
const JUNK: usize = 2_000;
/// Some at the beginning, and some at the end, where a writer may be at work.
const FEW: usize = 60;
