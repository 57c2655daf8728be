//! The real program with few file descriptors, and more callers than it has.

use std::fs;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::killed::{verified, written};
use crate::support::exchange::count;
use crate::support::http;
use crate::support::process::{self, Process};
use crate::support::until;

#[test]
fn the_last_descriptors_are_for_files_and_for_whoever_looks() {
    let folder = tempfile::tempdir().unwrap();
    let (data, mut run) = started(folder.path());
    let mut kept = BufReader::new(http::connect(run.traffic));
    assert!(asks(&mut kept), "there is room for one");
    let crowd: Vec<TcpStream> = (0..200).map(|_| http::connect(run.traffic)).collect();
    until("a connection is refused", || (0.0 < refused(run.admin)).then_some(()));
    let (begun, before) = (Instant::now(), refused(run.admin));
    for _ in 0..20 {
        assert_eq!(http::get(run.admin, "/livez").status, 200, "{}", run.log());
        assert!(asks(&mut kept), "who is there is served");
    }
    // Each worker tries again after 50 ms, and not before.
    let tries = refused(run.admin) - before;
    let rounds = begun.elapsed().as_secs_f64() / 0.05 + 1.0;
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let most = f64::from(u32::try_from(workers).unwrap()) * rounds;
    assert!(tries <= most, "{tries} tries in {rounds} rounds of {workers} workers");
    let metrics = http::get(run.admin, "/metrics");
    assert_eq!(count(metrics.text(), "breakwater_connections_most", &[]), 64.0);
    assert!(32.0 <= count(metrics.text(), "breakwater_sales_most", &[]));
    drop(crowd);
    until("it takes connections again", || {
        let mut new = BufReader::new(http::connect(run.traffic));
        asks(&mut new).then_some(())
    });
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    verified(&data);
}

#[test]
fn whoever_looks_leaves_some_to_files() {
    let folder = tempfile::tempdir().unwrap();
    let (data, mut run) = started(folder.path());
    let mut kept = BufReader::new(http::connect(run.traffic));
    let mut looking = BufReader::new(http::connect(run.admin));
    assert!(asks(&mut kept) && sends(&mut looking, &http::get_bytes("/livez")));
    let crowd: Vec<TcpStream> = (0..100).map(|_| http::connect(run.admin)).collect();
    until("one of the crowd is closed", || crowd.iter().any(is_closed).then_some(()));
    // It reads the config's file.
    let reload = "POST /v1/reload HTTP/1.1\r\nhost: ads.example\r\ncontent-length: 0\r\n\r\n";
    assert!(sends(&mut looking, reload), "{}", run.log());
    assert!(asks(&mut kept), "who is there is served");
    drop(crowd);
    until("it takes connections again", || {
        let mut new = BufReader::new(http::connect(run.admin));
        sends(&mut new, &http::get_bytes("/livez")).then_some(())
    });
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    verified(&data);
}

/// Starts an exchange that has few descriptors; returns its data folder too.
fn started(folder: &Path) -> (PathBuf, Process) {
    let data = folder.join("data");
    fs::create_dir(&data).unwrap();
    let config = written(folder, &data);
    let run = Process::start_by(process::from(&FEW, &config, &["run"]));
    (data, run)
}

/// Leaves whatever follows 96 descriptors.
const FEW: [&str; 3] = ["sh", "-c", "ulimit -n 96; exec \"$0\" \"$@\""];

/// Asks for a break over a connection; says whether there was an answer.
fn asks(stream: &mut BufReader<TcpStream>) -> bool {
    sends(stream, &http::get_bytes("/v1/vast?placement=arena"))
}

/// Sends a request over a connection; says whether it was answered with 200.
fn sends(stream: &mut BufReader<TcpStream>, request: &str) -> bool {
    // One that was closed may refuse already what is sent.
    let sent = stream.get_mut().write_all(request.as_bytes());
    sent.is_ok() && http::read(stream).is_some_and(|answer| answer.status == 200)
}

/// Returns how many connections were refused for want of descriptors.
fn refused(admin: SocketAddr) -> f64 {
    let metrics = http::get(admin, "/metrics");
    count(metrics.text(), "breakwater_connections_refused_total", &["descriptors"])
}

/// Says whether a connection that nothing is asked over was closed.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    stream.read(&mut [0]).map_or_else(|error| error.kind() != ErrorKind::WouldBlock, |_| true)
}
