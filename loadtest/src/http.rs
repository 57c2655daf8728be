//! The little of HTTP/1.1 that the cheap ends of this tool need: where a message ends, and reading
//! up to there.
//!
//! A connection that waits owns no buffer: bytes are read into one scratch buffer per thread, and
//! only what is incomplete is kept. It never judges a message; `breakwater`'s own client does.

use std::{
    borrow::Cow,
    cell::RefCell,
    future::poll_fn,
    io::{self, ErrorKind},
    pin::Pin,
    task::{Poll, ready},
};

use memchr::memmem;
use tokio::io::{AsyncRead, ReadBuf};

/// The bytes are not HTTP/1.1 as this tool reads it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Broken;

/// A whole answer.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Answer<'a> {
    /// The status code.
    pub(crate) status: u16,
    /// The body, put together where it came in chunks.
    pub(crate) body: Cow<'a, [u8]>,
    /// Whether the server closes after it.
    pub(crate) closes: bool,
}

/// A whole request.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Request<'a> {
    /// The method as sent.
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) path: &'a str,
    /// The body.
    pub(crate) body: &'a [u8],
    /// Whether the body is packed with gzip.
    pub(crate) gzip: bool,
}

/// Reads an answer from the front of `bytes`, with its length; nothing while it is incomplete.
///
/// # Errors
///
/// Bytes that are no answer, or one that only the end of the connection ends.
pub(crate) fn answer(bytes: &[u8]) -> Result<Option<(Answer<'_>, usize)>, Broken> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let start = match head.parse(bytes).map_err(|_| Broken)? {
        httparse::Status::Complete(start) => start,
        httparse::Status::Partial => return too_long(bytes),
    };
    let status = head.code.ok_or(Broken)?;
    let framing = Framing::of(head.headers)?;
    let closes = framing.closes;
    let bodiless = status == 204 || status == 304 || (100..200).contains(&status);
    if bodiless {
        return Ok(Some((Answer { status, body: Cow::Borrowed(&[]), closes }, start)));
    }
    if framing.chunked {
        let whole = chunks(&bytes[start..])?;
        return Ok(whole.map(|(body, used)| {
            (Answer { status, body: Cow::Owned(body), closes }, start + used)
        }));
    }
    let end = start.checked_add(framing.length.ok_or(Broken)?).ok_or(Broken)?;
    let body = bytes.get(start..end);
    Ok(body.map(|body| (Answer { status, body: Cow::Borrowed(body), closes }, end)))
}

/// Reads a request from the front of `bytes`, with its length; nothing while it is incomplete.
///
/// # Errors
///
/// Bytes that are no request, or one in chunks.
pub(crate) fn request(bytes: &[u8]) -> Result<Option<(Request<'_>, usize)>, Broken> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let start = match head.parse(bytes).map_err(|_| Broken)? {
        httparse::Status::Complete(start) => start,
        httparse::Status::Partial => return too_long(bytes),
    };
    let (method, path) = (head.method.ok_or(Broken)?, head.path.ok_or(Broken)?);
    let framing = Framing::of(head.headers)?;
    if framing.chunked {
        return Err(Broken);
    }
    let end = start.checked_add(framing.length.unwrap_or(0)).ok_or(Broken)?;
    if MAX_MESSAGE_BYTES < end {
        return Err(Broken);
    }
    let body = bytes.get(start..end);
    Ok(body.map(|body| (Request { method, path, body, gzip: framing.gzip }, end)))
}

/// What a head says of its body.
#[derive(Default)]
struct Framing {
    length: Option<usize>,
    chunked: bool,
    closes: bool,
    gzip: bool,
}

impl Framing {
    fn of(headers: &[httparse::Header<'_>]) -> Result<Self, Broken> {
        let mut framing = Self::default();
        for header in headers {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if is("content-length") {
                let text = std::str::from_utf8(header.value).map_err(|_| Broken)?;
                framing.length = Some(text.trim().parse().map_err(|_| Broken)?);
            } else if is("transfer-encoding") {
                framing.chunked = true;
            } else if is("connection") {
                framing.closes = header.value.eq_ignore_ascii_case(b"close");
            } else if is("content-encoding") {
                framing.gzip = header.value.eq_ignore_ascii_case(b"gzip");
            }
        }
        Ok(framing)
    }
}

fn too_long<T>(bytes: &[u8]) -> Result<Option<T>, Broken> {
    if MAX_HEAD_BYTES < bytes.len() { Err(Broken) } else { Ok(None) }
}

/// Puts a chunked body together; nothing while it is incomplete.
fn chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Broken> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let size = match httparse::parse_chunk_size(&bytes[at..]).map_err(|_| Broken)? {
            httparse::Status::Partial => return Ok(None),
            httparse::Status::Complete((skip, size)) => {
                at += skip;
                usize::try_from(size).map_err(|_| Broken)?
            }
        };
        if MAX_MESSAGE_BYTES < body.len().saturating_add(size) {
            return Err(Broken);
        }
        if size == 0 {
            // Trailers are nobody's here; they end with an empty line.
            let rest = &bytes[at..];
            let end = if rest.starts_with(b"\r\n") {
                Some(2)
            } else {
                memmem::find(rest, b"\r\n\r\n").map(|end| end + 4)
            };
            return Ok(end.map(|end| (body, at + end)));
        }
        let Some(piece) = bytes.get(at..at + size + 2) else { return Ok(None) };
        body.extend_from_slice(&piece[..size]);
        at += size + 2;
    }
}

/// Why no message was read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The peer closed, after so many bytes of a message or none.
    Closed,
    /// The peer reset the connection, or the system gave up on it.
    Reset,
    /// The bytes are not a message.
    Broken,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Self::Reset,
            _ => Self::Closed,
        }
    }
}

impl From<Broken> for ReadError {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

/// Reads one message; `parse` returns what it is and how many bytes it took.
///
/// `kept` holds what came before and is incomplete, and afterwards what came behind the message.
///
/// # Errors
///
/// A connection that ends first, or bytes `parse` refuses.
pub(crate) async fn read<S, T>(
    stream: &mut S,
    kept: &mut Vec<u8>,
    mut parse: impl FnMut(&[u8]) -> Result<Option<(T, usize)>, Broken>,
) -> Result<T, ReadError>
where
    S: AsyncRead + Unpin,
{
    if !kept.is_empty()
        && let Some((message, used)) = parse(kept)?
    {
        kept.drain(..used);
        return Ok(message);
    }
    poll_fn(|context| {
        SCRATCH.with_borrow_mut(|scratch| {
            loop {
                let mut buffer = ReadBuf::new(scratch);
                ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
                let fresh = buffer.filled();
                if fresh.is_empty() {
                    return Poll::Ready(Err(ReadError::Closed));
                }
                if kept.is_empty() {
                    if let Some((message, used)) = parse(fresh)? {
                        kept.extend_from_slice(&fresh[used..]);
                        return Poll::Ready(Ok(message));
                    }
                    kept.extend_from_slice(fresh);
                } else {
                    kept.extend_from_slice(fresh);
                    if let Some((message, used)) = parse(kept)? {
                        kept.drain(..used);
                        give_back(kept);
                        return Poll::Ready(Ok(message));
                    }
                }
                if MAX_MESSAGE_BYTES < kept.len() {
                    return Poll::Ready(Err(ReadError::Broken));
                }
            }
        })
    })
    .await
}

/// Lets go of a buffer that holds nothing.
fn give_back(kept: &mut Vec<u8>) {
    if kept.is_empty() {
        *kept = Vec::new();
    }
}

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
}

/// What one read takes at most.
const SCRATCH_BYTES: usize = 64 * 1_024;

/// The longest head.
const MAX_HEAD_BYTES: usize = 16 * 1_024;

/// The most headers.
const MAX_HEADERS: usize = 64;

/// The longest message.
const MAX_MESSAGE_BYTES: usize = 4 * 1_024 * 1_024;

#[cfg(test)]
mod tests;
