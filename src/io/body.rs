//! Reads the body of an answer, its content coding taken off, within limits held while it comes.

use std::io::{self, Write};

use flate2::write::GzDecoder;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};

use crate::model::call::CallFault;

/// The most bytes of a body.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// As sent.
    pub encoded: usize,
    /// Once its coding is off.
    pub decoded: usize,
}

/// Says whether two parties could see different lengths in a response.
#[must_use]
pub fn is_ambiguous(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return false };
    headers.contains_key(CONTENT_LENGTH)
        || !coding.as_bytes().eq_ignore_ascii_case(b"chunked")
        || codings.next().is_some()
}

/// Reads a body to its end.
///
/// # Errors
///
/// When it breaks off, is longer than a limit, or its content coding is broken or was not offered.
pub async fn read(response: Response<Incoming>, limits: Limits) -> Result<Vec<u8>, CallFault> {
    let mut decoded = Decoder::of(response.headers(), limits.decoded)?;
    let mut body = response.into_body();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if limits.encoded < announced {
        return Err(CallFault::TooLarge);
    }
    decoded.reserve(announced);
    let mut encoded = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| CallFault::Framing)?;
        let Ok(bytes) = frame.into_data() else { continue };
        encoded += bytes.len();
        if limits.encoded < encoded {
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
    Gzip(Box<GzDecoder<Capped>>),
}

impl Decoder {
    fn of(headers: &HeaderMap, most: usize) -> Result<Self, CallFault> {
        let mut codings = headers.get_all(CONTENT_ENCODING).iter();
        let coding = codings.next().map_or(&b""[..], |coding| coding.as_bytes());
        if codings.next().is_some() {
            return Err(CallFault::Encoding);
        }
        match coding.to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Ok(Self::Identity(Vec::new())),
            b"gzip" | b"x-gzip" => Ok(Self::Gzip(Box::new(GzDecoder::new(Capped::new(most))))),
            _ => Err(CallFault::Encoding),
        }
    }

    /// Makes room for `length` encoded bytes, already checked against the limit.
    fn reserve(&mut self, length: usize) {
        match self {
            Self::Identity(body) => body.reserve_exact(length),
            Self::Gzip(gzip) => gzip.get_mut().bytes.reserve(length),
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
                Ok(body.bytes)
            }
        }
    }
}

/// Decoded bytes, up to a limit.
struct Capped {
    bytes: Vec<u8>,
    most: usize,
}

impl Capped {
    fn new(most: usize) -> Self {
        Self { bytes: Vec::new(), most }
    }
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.most < self.bytes.len() + bytes.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
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
