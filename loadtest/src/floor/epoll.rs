//! The floor through plain epoll: one thread, HTTP by hand, one `send` and one `recv` a call.
//!
//! Everything is level-triggered and non-blocking. Messages fit a socket's buffer, so that a write
//! which is not taken whole ends its connection instead of being resumed.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
};

use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, EventData, EventFlags},
};

use crate::{
    floor::{BID_PATH, Floor, FloorError, MAX_BYTES},
    http,
};

/// Why the floor ended.
#[derive(Debug)]
pub(super) enum Broken {
    System(io::Error),
    Told(FloorError),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<rustix::io::Errno> for Broken {
    fn from(error: rustix::io::Errno) -> Self {
        Self::System(error.into())
    }
}

struct Line {
    stream: TcpStream,
    /// What came and is incomplete.
    kept: Vec<u8>,
    end: End,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// A caller, waiting for so many bidders.
    Caller { open: usize },
    /// A bidder, asked on behalf of a caller or idle.
    Bidder { number: usize, caller: Option<usize> },
}

struct Fan {
    epoll: OwnedFd,
    bidders: Vec<SocketAddr>,
    heads: Vec<String>,
    lines: Vec<Option<Line>>,
    free: Vec<usize>,
    idle: Vec<Vec<usize>>,
    scratch: Vec<u8>,
    out: Vec<u8>,
}

/// Serves until the process ends.
pub(super) fn serve(
    floor: &Floor,
    listener: &TcpListener,
    tell: impl FnOnce() -> Result<(), FloorError>,
) -> Result<(), Broken> {
    let head = |address: &SocketAddr| {
        format!(
            "POST {BID_PATH} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             x-openrtb-version: 2.6\r\ncontent-length: "
        )
    };
    let mut fan = Fan {
        epoll: epoll::create(CreateFlags::CLOEXEC)?,
        heads: floor.bidders.iter().map(head).collect(),
        bidders: floor.bidders.clone(),
        lines: Vec::new(),
        free: Vec::new(),
        idle: vec![Vec::new(); floor.bidders.len()],
        scratch: vec![0; SCRATCH_BYTES],
        out: Vec::new(),
    };
    for number in 0..floor.bidders.len() {
        for _ in 0..floor.warm {
            // A bidder that is not there yet is dialled when it is asked.
            let Ok(line) = fan.dial(number) else { break };
            fan.idle[number].push(line);
        }
    }
    epoll::add(&fan.epoll, listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    tell().map_err(Broken::Told)?;
    let mut events = Vec::with_capacity(EVENTS);
    loop {
        match epoll::wait(&fan.epoll, spare_capacity(&mut events), None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in events.drain(..) {
            // The data of an event is copied out: its struct is packed.
            let data = event.data;
            match usize::try_from(data.u64()) {
                Ok(at) if data.u64() != LISTENER => fan.readable(at),
                _ => fan.accept(listener),
            }
        }
    }
}

impl Fan {
    fn accept(&mut self, listener: &TcpListener) {
        while let Ok((stream, _)) = listener.accept() {
            // Whoever cannot be kept is let go.
            let _ = self.keep(stream, End::Caller { open: 0 });
        }
    }

    fn dial(&mut self, number: usize) -> io::Result<usize> {
        let stream = TcpStream::connect(self.bidders[number])?;
        self.keep(stream, End::Bidder { number, caller: None })
    }

    fn keep(&mut self, stream: TcpStream, end: End) -> io::Result<usize> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let at = self.free.pop().unwrap_or(self.lines.len());
        let data = EventData::new_u64(u64::try_from(at).unwrap_or(LISTENER));
        epoll::add(&self.epoll, &stream, data, EventFlags::IN)?;
        let line = Some(Line { stream, kept: Vec::new(), end });
        if at < self.lines.len() {
            self.lines[at] = line;
        } else {
            self.lines.push(line);
        }
        Ok(at)
    }

    fn readable(&mut self, at: usize) {
        let Some(line) = self.lines.get_mut(at).and_then(Option::as_mut) else { return };
        let read = match line.stream.read(&mut self.scratch) {
            Ok(0) => return self.close(at),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(_) => return self.close(at),
        };
        let mut scratch = std::mem::take(&mut self.scratch);
        if line.kept.is_empty() {
            self.message(at, &scratch[..read]);
        } else {
            line.kept.extend_from_slice(&scratch[..read]);
            let kept = std::mem::take(&mut line.kept);
            self.message(at, &kept);
        }
        std::mem::swap(&mut self.scratch, &mut scratch);
    }

    /// Looks whether a message is whole, and does what it asks for.
    fn message(&mut self, at: usize, bytes: &[u8]) {
        let Some(line) = self.lines[at].as_mut() else { return };
        match line.end {
            End::Caller { .. } => match http::request(bytes) {
                Err(_) => self.close(at),
                Ok(None) => keep_for_later(line, bytes),
                Ok(Some((request, _))) => self.fan_out(at, request.body),
            },
            End::Bidder { number, caller } => match http::answer(bytes) {
                Err(_) => self.close(at),
                Ok(None) if bytes.len() <= MAX_BYTES => keep_for_later(line, bytes),
                Ok(None) => self.close(at),
                Ok(Some((answer, _))) => {
                    line.end = End::Bidder { number, caller: None };
                    self.idle[number].push(at);
                    if let Some(caller) = caller {
                        self.answered(caller, &answer.body);
                    }
                }
            },
        }
    }

    fn fan_out(&mut self, caller: usize, body: &[u8]) {
        let count = self.bidders.len();
        if let Some(line) = self.lines[caller].as_mut() {
            line.end = End::Caller { open: count };
        }
        for number in 0..count {
            let mut out = std::mem::take(&mut self.out);
            out.clear();
            out.extend_from_slice(self.heads[number].as_bytes());
            out.extend_from_slice(body.len().to_string().as_bytes());
            out.extend_from_slice(b"\r\n\r\n");
            out.extend_from_slice(body);
            let sent = self.ask(number, caller, &out);
            self.out = out;
            if !sent {
                return self.close(caller);
            }
        }
        if count == 0 {
            self.answered(caller, &[]);
        }
    }

    /// Sends a request over the connection used last, or over a new one.
    fn ask(&mut self, number: usize, caller: usize, bytes: &[u8]) -> bool {
        loop {
            let idle = self.idle[number].pop();
            let fresh = idle.is_none();
            let Some(at) = idle.or_else(|| self.dial(number).ok()) else { return false };
            let Some(line) = self.lines[at].as_mut() else { continue };
            line.end = End::Bidder { number, caller: Some(caller) };
            match line.stream.write(bytes) {
                Ok(written) if written == bytes.len() => return true,
                _ => {
                    line.end = End::Bidder { number, caller: None };
                    self.close(at);
                    if fresh {
                        return false;
                    }
                }
            }
        }
    }

    fn answered(&mut self, caller: usize, body: &[u8]) {
        let Some(line) = self.lines.get_mut(caller).and_then(Option::as_mut) else { return };
        let End::Caller { open } = line.end else { return };
        line.end = End::Caller { open: open.saturating_sub(1) };
        if 1 < open {
            return;
        }
        self.out.clear();
        self.out.extend_from_slice(HEAD);
        self.out.extend_from_slice(body.len().to_string().as_bytes());
        self.out.extend_from_slice(b"\r\n\r\n");
        self.out.extend_from_slice(body);
        if !matches!(line.stream.write(&self.out), Ok(written) if written == self.out.len()) {
            self.close(caller);
        }
    }

    /// Ends a connection; a caller whose bidder went away goes with it.
    fn close(&mut self, at: usize) {
        let Some(line) = self.lines.get_mut(at).and_then(Option::take) else { return };
        self.free.push(at);
        match line.end {
            End::Caller { .. } => {
                for other in self.lines.iter_mut().flatten() {
                    if let End::Bidder { caller, .. } = &mut other.end
                        && *caller == Some(at)
                    {
                        *caller = None;
                    }
                }
            }
            End::Bidder { number, caller } => {
                self.idle[number].retain(|&idle| idle != at);
                if let Some(caller) = caller {
                    self.close(caller);
                }
            }
        }
    }
}

fn keep_for_later(line: &mut Line, bytes: &[u8]) {
    line.kept.clear();
    line.kept.extend_from_slice(bytes);
}

/// The token of the listener.
const LISTENER: u64 = u64::MAX;

/// Events taken at once.
const EVENTS: usize = 1_024;

/// What one read takes at most.
const SCRATCH_BYTES: usize = 64 * 1_024;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
