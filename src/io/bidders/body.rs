//! Reads the body of an answer, its content coding taken off, within limits held while it comes.

use std::io::{self, Write};

use flate2::write::GzDecoder;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, HeaderMap};

use crate::model::call::CallFault;

/// Reads a body to its end.
///
/// # Errors
///
/// When it breaks off, is longer than a limit, or its content coding is broken or was not offered.
pub(super) async fn read(response: Response<Incoming>) -> Result<Vec<u8>, CallFault> {
    let mut decoded = Decoder::of(response.headers())?;
    let mut body = response.into_body();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if MAX_ENCODED < announced {
        return Err(CallFault::TooLarge);
    }
    decoded.reserve(announced);
    let mut encoded = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| CallFault::Framing)?;
        let Ok(bytes) = frame.into_data() else { continue };
        encoded += bytes.len();
        if MAX_ENCODED < encoded {
            return Err(CallFault::TooLarge);
        }
        decoded.push(&bytes)?;
    }
    if encoded == 0 {
        return Ok(Vec::new());
    }
    decoded.finish()
}

/// What takes the content coding off.
enum Decoder {
    Identity(Vec<u8>),
    Gzip(GzDecoder<Capped>),
}

impl Decoder {
    fn of(headers: &HeaderMap) -> Result<Self, CallFault> {
        let mut codings = headers.get_all(CONTENT_ENCODING).iter();
        let coding = codings.next().map_or(&b""[..], |coding| coding.as_bytes());
        if codings.next().is_some() {
            return Err(CallFault::Encoding);
        }
        match coding.to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Ok(Self::Identity(Vec::new())),
            b"gzip" | b"x-gzip" => Ok(Self::Gzip(GzDecoder::new(Capped(Vec::new())))),
            _ => Err(CallFault::Encoding),
        }
    }

    /// Makes room for `length` encoded bytes, already checked against the limit.
    fn reserve(&mut self, length: usize) {
        match self {
            Self::Identity(body) => body.reserve_exact(length),
            Self::Gzip(gzip) => gzip.get_mut().0.reserve(length),
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), CallFault> {
        match self {
            Self::Identity(body) => {
                body.extend_from_slice(bytes);
                Ok(())
            }
            // Bytes after the end of the member are refused too: nothing takes them.
            Self::Gzip(gzip) => gzip.write_all(bytes).map_err(|fault| fault_of(&fault)),
        }
    }

    fn finish(self) -> Result<Vec<u8>, CallFault> {
        match self {
            Self::Identity(body) => Ok(body),
            Self::Gzip(gzip) => {
                let body = gzip.finish().map_err(|fault| fault_of(&fault))?;
                Ok(body.0)
            }
        }
    }
}

/// Decoded bytes, up to the limit.
struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if MAX_DECODED < self.0.len() + bytes.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn fault_of(fault: &io::Error) -> CallFault {
    match fault.kind() {
        io::ErrorKind::FileTooLarge => CallFault::TooLarge,
        _ => CallFault::Encoding,
    }
}

/// The most bytes of a body as sent.
const MAX_ENCODED: usize = 128 * 1024;
/// The most bytes of a body once its coding is off.
const MAX_DECODED: usize = 256 * 1024;
