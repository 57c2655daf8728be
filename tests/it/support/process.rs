//! The program itself as a process: `breakwater run`, its log, and its end.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::until;

/// A running `breakwater run`.
pub(crate) struct Process {
    child: Child,
    log: Arc<Mutex<String>>,
    pub(crate) traffic: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Process {
    /// Starts it and waits until it sells.
    pub(crate) fn start(config: &Path, arguments: &[&str]) -> Self {
        Self::start_by(command(config, arguments))
    }

    /// Starts it by a command of one's own and waits until it sells.
    pub(crate) fn start_by(mut command: Command) -> Self {
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let log = Arc::<Mutex<String>>::default();
        let (lines, kept) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&log));
        thread::spawn(move || {
            for line in lines.lines() {
                let mut log = kept.lock();
                log.push_str(&line.unwrap());
                log.push('\n');
            }
        });
        let sells = until("the exchange sells", || {
            let log = log.lock();
            assert!(child.try_wait().unwrap().is_none(), "it ended: {log}");
            let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.into_iter().find(|line| line["message"] == "the exchange sells")
        });
        let address = |name: &str| sells[name].as_str().unwrap().parse().unwrap();
        let (traffic, admin) = (address("traffic"), address("admin"));
        Self { child, log, traffic, admin }
    }

    /// Returns its log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().clone()
    }

    /// Sends SIGTERM and waits; returns the exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it ends; returns the exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let ended = until("the exchange ends", || self.child.try_wait().unwrap());
        ended.code()
    }
}

impl Process {
    /// Ends it as a power cut would, but for the disk.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Only a test that failed leaves it running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the command `breakwater -c <config> <arguments>`.
pub(crate) fn command(config: &Path, arguments: &[&str]) -> Command {
    from(&[], config, arguments)
}

/// Returns the same command, run by another, such as `strace -f`.
pub(crate) fn from(by: &[&str], config: &Path, arguments: &[&str]) -> Command {
    let program = program();
    let words = [by, &[&*program]].concat();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg("-c").arg(config).args(arguments);
    command.env("BREAKWATER_TEST_KEY", crate::support::exchange::KEY);
    command
}

/// Returns the program: that which was built with the tests, unless `BREAKWATER_PROGRAM` names
/// another, as CI does to try the one that is released.
pub(crate) fn program() -> String {
    let built = || env!("CARGO_BIN_EXE_breakwater").to_owned();
    std::env::var("BREAKWATER_PROGRAM").unwrap_or_else(|_| built())
}
