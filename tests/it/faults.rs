//! A disk that fails or is full, under the real program: system calls are made to fail by `strace`,
//! the full disk is a small tmpfs.
//!
//! They need `strace`, and root for the tmpfs: they run where `BREAKWATER_FAULTS` is set, as in CI,
//! and say that they are skipped elsewhere.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use breakwater::io::journal::{Stream, files};
use tempfile::TempDir;

use crate::killed::{verified, written};
use crate::support::crowd::{Crowd, FLUSH_WAIT, Recorded};
use crate::support::http;
use crate::support::process::{self, Process};
use crate::support::until;

#[test]
fn a_flush_that_fails_ends_the_exchange() {
    // The first syncs are those of a new segment.
    for nth in [2, 3, 17, 60] {
        ends_with(&format!("fdatasync:error=EIO:when={nth}"));
    }
}

#[test]
fn a_write_that_fails_ends_the_exchange() {
    for nth in [4, 25] {
        ends_with(&format!("pwrite64:error=EIO:when={nth}"));
        ends_with(&format!("pwrite64:error=ENOSPC:when={nth}+"));
    }
}

#[test]
fn a_write_that_finds_the_disk_full_once_is_done_again() {
    let Some(node) = Node::in_a_folder() else { return };
    let mut run = node.start_with("pwrite64:error=ENOSPC:when=20");
    let crowd = Crowd::send(3, run.traffic, "full");
    let freed = || run.log().contains("the ballast is freed").then_some(());
    until("the ballast is freed", freed);
    let sold = crowd.sold();
    crowd.until_sold(sold + 20);
    let answers = crowd.stop();
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    let recorded = Recorded::read(&node.data);
    recorded.assert_once();
    assert!(recorded.missing(&answers).is_empty());
    verified(&node.data);
}

#[test]
fn a_start_that_cannot_be_recorded_sells_nothing() {
    let Some(node) = Node::in_a_folder() else { return };
    let file = node.data.join("journal/money/money-00000000000000000000.seg");
    for fault in ["fdatasync:error=EIO:when=2", "pwrite64:error=ENOSPC:when=1+"] {
        let mut command = traced(&file, fault, &node.config);
        let ended = command.output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{fault}: {said}");
        assert!(!said.contains("the exchange sells"), "{fault}: {said}");
    }
    node.sells_again();
}

#[test]
fn a_full_disk_stops_sales_and_not_the_exchange() {
    let Some(node) = Node::in_a_folder() else { return };
    let disk = Tmpfs::mount(&node.data, "16m");
    let mut run = Process::start(&node.config, &["run"]);
    let crowd = Crowd::send(3, run.traffic, "full");
    crowd.until_sold(20);
    let filler = node.data.join("filler");
    fill(&filler);
    crowd.until_empty("cannot_record", 5);
    assert_eq!(http::get(run.admin, "/livez").status, 200);
    until("it says so", || (http::get(run.admin, "/readyz").status == 503).then_some(()));
    fs::remove_file(&filler).unwrap();
    let sold = crowd.sold();
    crowd.until_sold(sold + 50);
    until("it says so", || (http::get(run.admin, "/readyz").status == 200).then_some(()));
    // Full at the very end, too.
    fill(&filler);
    let answers = crowd.stop();
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    fs::remove_file(&filler).unwrap();
    let recorded = Recorded::read(&node.data);
    recorded.assert_once();
    assert!(recorded.missing(&answers).is_empty());
    node.sells_again();
    drop(disk);
}

/// The ballast is there for this: an operator must be able to start, to look, and to make room.
#[test]
fn a_start_on_a_full_disk_gives_the_ballast_up_and_says_so() {
    let Some(node) = Node::in_a_folder() else { return };
    let disk = Tmpfs::mount(&node.data, "16m");
    node.sells_again();
    let (filler, ballast) = (node.data.join("filler"), node.data.join("journal/ballast"));
    fill(&filler);
    assert!(ballast.exists());
    let mut run = Process::start(&node.config, &["run"]);
    assert!(run.log().contains("the ballast is freed"), "{}", run.log());
    let crowd = Crowd::send(2, run.traffic, "full");
    crowd.until_empty("cannot_record", 5);
    assert_eq!(http::get(run.admin, "/readyz").status, 503);
    assert!(crowd.stop().sold.is_empty());
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    verified(&node.data);
    // Full again, with nothing left to give up.
    fill(&filler);
    assert!(!ballast.exists());
    let ended = process::command(&node.config, &["run"]).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("a start needs 2162688 bytes, and the disk has "), "{said}");
    assert!(!said.contains("the exchange sells"), "{said}");
    fs::remove_file(&filler).unwrap();
    node.sells_again();
    assert!(ballast.exists(), "it is made anew");
    drop(disk);
}

#[test]
fn old_auctions_can_be_pruned_on_a_full_disk() {
    let Some(node) = Node::in_a_folder() else { return };
    let disk = Tmpfs::mount(&node.data, "24m");
    let (filler, ballast) = (node.data.join("filler"), node.data.join("journal/ballast"));
    for beside in [false, true] {
        let mut run = Process::start(&node.config, &["run"]);
        node.seals(&run);
        if !beside {
            assert_eq!(run.terminate(), Some(0), "{}", run.log());
        }
        fill(&filler);
        assert!(ballast.exists());
        let (code, said) = node.prune();
        assert_eq!(code, Some(0), "beside {beside}: {said}{}", run.log());
        assert!(said.contains("recorded as money record"), "{said}");
        assert!(said.contains("the ballast is freed"), "beside {beside}: {said}");
        fs::remove_file(&filler).unwrap();
        if beside {
            until("the ballast is made anew", || ballast.exists().then_some(()));
            assert_eq!(run.terminate(), Some(0), "{}", run.log());
        }
        verified(&node.data);
        node.sells_again();
    }
    // Without a ballast it says what is wrong, and nothing is deleted that no record tells of.
    let mut run = Process::start(&node.config, &["run"]);
    node.seals(&run);
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    fs::remove_file(&ballast).unwrap();
    fill(&filler);
    let (code, said) = node.prune();
    assert!(code == Some(0) || said.contains("the disk is full"), "{code:?}: {said}");
    fs::remove_file(&filler).unwrap();
    verified(&node.data);
    drop(disk);
}

/// A data folder and a config that names it.
struct Node {
    _folder: TempDir,
    data: PathBuf,
    config: PathBuf,
}

impl Node {
    /// Makes them; none where faults cannot be made.
    fn in_a_folder() -> Option<Self> {
        if std::env::var_os("BREAKWATER_FAULTS").is_none() {
            skipped();
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let config = written(folder.path(), &data);
        Some(Self { _folder: folder, data, config })
    }

    /// Starts the exchange with a fault in the first segment of its auctions.
    fn start_with(&self, fault: &str) -> Process {
        let file = self.data.join("journal/auction/auction-00000000000000000000.seg");
        Process::start_by(traced(&file, fault, &self.config))
    }

    /// Sells until a segment of auctions is full and sealed.
    fn seals(&self, run: &Process) {
        let crowd = Crowd::send(3, run.traffic, "seals");
        until("a segment is sealed", || {
            let mut files = files(&self.data, Stream::Auction).unwrap().into_iter();
            files.any(|file| file.sealed).then_some(())
        });
        crowd.stop();
        let signed = self.data.join("log/auction/checkpoint");
        let end = files(&self.data, Stream::Auction).unwrap().last().unwrap().first;
        until("its end is signed", || {
            let text = fs::read_to_string(&signed).unwrap();
            let size: u64 = text.lines().nth(1).unwrap().parse().unwrap();
            (end <= size).then_some(())
        });
    }

    /// Prunes all that can be; returns the exit code and what was said.
    fn prune(&self) -> (Option<i32>, String) {
        let arguments = ["audit", "prune", "--before", "2100-01-01T00:00:00Z"];
        let output = process::command(&self.config, &arguments).output().unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), said.concat())
    }

    /// Starts it without faults: it sells, stops in order, and all of it verifies.
    fn sells_again(&self) {
        let mut run = Process::start(&self.config, &["run"]);
        let crowd = Crowd::send(2, run.traffic, "again");
        crowd.until_sold(10);
        let answers = crowd.stop();
        assert_eq!(run.terminate(), Some(0), "{}", run.log());
        assert!(Recorded::read(&self.data).missing(&answers).is_empty());
        verified(&self.data);
    }
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skipped() {
    eprintln!("skipped: BREAKWATER_FAULTS is not set");
}

/// With this fault the exchange ends with 1, and what it answered with ads is recorded.
fn ends_with(fault: &str) {
    let Some(node) = Node::in_a_folder() else { return };
    let mut run = node.start_with(fault);
    let crowd = Crowd::send(4, run.traffic, "fault");
    assert_eq!(run.ended(), Some(1), "{fault}: {}", run.log());
    assert!(run.log().contains("the journal cannot write"), "{fault}: {}", run.log());
    let answers = crowd.left();
    let recorded = Recorded::read(&node.data);
    recorded.assert_once();
    for sold in recorded.missing(&answers) {
        // Every fourth break is asked for twice: whoever asks again for one whose answer was late
        // gets that sale at once.
        let told = FLUSH_WAIT <= sold.took || recorded.late.contains(&sold.auction);
        assert!(told, "{fault}: answered, flushed and not recorded: {sold:?}");
    }
    node.sells_again();
}

/// Returns the command `breakwater run` with a fault in system calls on one file.
fn traced(file: &Path, fault: &str, config: &Path) -> Command {
    let (call, _) = fault.split_once(':').unwrap();
    let (trace, inject) = (format!("trace={call}"), format!("inject={fault}"));
    let file = file.to_str().unwrap();
    // As a grandchild (`-D`), so that signals and exit code are the exchange's own.
    let strace = ["strace", "-D", "-f", "-qqq", "-o", "/dev/null", "-P", file];
    let words = [&strace[..], &["-e", &trace, "-e", &inject]].concat();
    process::from(&words, config, &["run"])
}

/// Writes a file as long as there is room.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    for size in [64 << 10, 1 << 10] {
        let piece = vec![7; size];
        while file.write_all(&piece).is_ok() {}
    }
}

/// A small disk of its own, until it is dropped.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(folder: &Path, size: &str) -> Self {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(folder);
        let mounted = mount.output().unwrap();
        assert!(mounted.status.success(), "{mount:?}: {mounted:?}");
        Self(folder.to_owned())
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // A process that a failed test leaves behind may still be there: it is detached then.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}
