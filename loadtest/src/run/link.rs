//! One caller's connection: a request of bytes made beforehand, an answer read where it lies.

use std::{future::poll_fn, io, pin::Pin, sync::Arc, task::ready, time::Duration};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    http::{self, ReadError},
    run::{
        reading::{self, Fill},
        stencil::Stencil,
    },
    scenario::target::Origin,
};

/// Why a request got no answer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Failure {
    /// The target took no connection.
    Connect,
    /// The connection was reset, or closed before the answer was whole.
    Reset,
    /// The answer is not HTTP.
    Broken,
    /// No answer within the patience of the scenario.
    Timeout,
    /// The answer is neither VAST nor OpenRTB.
    Unreadable,
    /// Every connection was busy and the queue of the schedule full.
    Backlog,
    /// A status that is no success.
    Status(u16),
}

impl Failure {
    /// Returns the kind as reports write it.
    pub(crate) fn kind(self) -> String {
        match self {
            Self::Connect => "connect".to_owned(),
            Self::Reset => "reset".to_owned(),
            Self::Broken => "broken".to_owned(),
            Self::Timeout => "timeout".to_owned(),
            Self::Unreadable => "unreadable".to_owned(),
            Self::Backlog => "backlog".to_owned(),
            Self::Status(status) => format!("status_{status}"),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Closed | ReadError::Reset => Self::Reset,
            ReadError::Broken => Self::Broken,
        }
    }
}

/// A connection that may be open.
#[derive(Debug)]
pub(crate) struct Link {
    origin: Arc<Origin>,
    patience: Duration,
    stream: Option<TcpStream>,
    kept: Vec<u8>,
}

impl Link {
    /// Returns a link that is not open yet.
    pub(crate) fn new(origin: Arc<Origin>, patience: Duration) -> Self {
        Self { origin, patience, stream: None, kept: Vec::new() }
    }

    /// Opens the connection, if it is not open.
    ///
    /// # Errors
    ///
    /// A target that takes no connection.
    pub(crate) async fn open(&mut self) -> io::Result<()> {
        if self.stream.is_none() {
            let address = (self.origin.host.as_str(), self.origin.port);
            let stream = timeout(self.patience, TcpStream::connect(address)).await??;
            stream.set_nodelay(true)?;
            self.kept.clear();
            self.stream = Some(stream);
        }
        Ok(())
    }

    /// Sends the stencil's `n`th request and reads its answer; a failure costs the connection.
    pub(crate) async fn ask(
        &mut self,
        stencil: &Mutex<Stencil>,
        n: u64,
        glance: bool,
    ) -> Result<Fill, Failure> {
        let asked = timeout(self.patience, self.exchange(stencil, n, glance)).await;
        let answer = asked.unwrap_or(Err(Failure::Timeout));
        match answer {
            Ok((status, fill, closes)) => {
                if closes {
                    self.stream = None;
                }
                if !(200..300).contains(&status) {
                    return Err(Failure::Status(status));
                }
                fill.ok_or(Failure::Unreadable)
            }
            Err(failure) => {
                self.stream = None;
                Err(failure)
            }
        }
    }

    async fn exchange(
        &mut self,
        stencil: &Mutex<Stencil>,
        n: u64,
        glance: bool,
    ) -> Result<(u16, Option<Fill>, bool), Failure> {
        self.open().await.map_err(|_| Failure::Connect)?;
        let Some(stream) = &mut self.stream else { return Err(Failure::Connect) };
        send(stream, stencil, n).await.map_err(|_| Failure::Reset)?;
        let parse = |bytes: &[u8]| {
            let whole = http::answer(bytes)?;
            Ok(whole.map(|(answer, used)| {
                let fill = match (200..300).contains(&answer.status) {
                    false => None,
                    true if glance => reading::glance(&answer.body),
                    true => reading::read(&answer.body),
                };
                ((answer.status, fill, answer.closes), used)
            }))
        };
        Ok(http::read(stream, &mut self.kept, parse).await?)
    }
}

/// Writes a request, in one go where the socket takes it.
async fn send(stream: &mut TcpStream, stencil: &Mutex<Stencil>, n: u64) -> io::Result<()> {
    let rest = poll_fn(|context| {
        let mut stencil = stencil.lock();
        let bytes = stencil.patch(n);
        let written = ready!(Pin::new(&mut *stream).poll_write(context, bytes));
        std::task::Poll::Ready(written.map(|written| {
            // Another caller may patch the stencil before the rest can be written.
            if written < bytes.len() { bytes[written..].to_vec() } else { Vec::new() }
        }))
    })
    .await?;
    stream.write_all(&rest).await
}
