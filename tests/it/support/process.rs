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
        let mut child = command(config, arguments);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
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
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
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
    let mut command = Command::new(env!("CARGO_BIN_EXE_breakwater"));
    command.arg("-c").arg(config).args(arguments);
    command.env("BREAKWATER_TEST_KEY", crate::support::exchange::KEY);
    command
}
