//! Reads a request's body within its limits on size and time.

use std::io::Read;
use std::time::Duration;

use flate2::bufread::GzDecoder;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body, Bytes};
use hyper::header::{CONTENT_ENCODING, HeaderMap};
use tokio::time::{Instant, timeout_at};

use crate::server::refusal::Refused;

/// The largest body, both as sent and as decoded (decision 34).
pub const BODY_BYTES: usize = 256 * 1024;

/// A body must be complete this long after its head.
const BODY_TIME: Duration = Duration::from_secs(5);

/// Time a body has besides what its bytes earn it.
const BODY_GRACE: Duration = Duration::from_secs(1);

/// Bytes that earn a body another second.
const BYTES_A_SECOND: usize = 1024;

/// Reads a body and takes its content coding off.
///
/// # Errors
///
/// 413 when it is too large, 408 when it is too slow, 415 for a coding that is not gzip, 400 for
/// broken framing or broken gzip.
pub async fn read<B>(body: B, headers: &HeaderMap) -> Result<Vec<u8>, Refused>
where
    B: Body<Data = Bytes> + Unpin,
{
    let gzip = is_gzip(headers)?;
    let encoded = collect(body).await?;
    if gzip { gunzip(&encoded) } else { Ok(encoded) }
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Refused> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let coding = codings.next().map(|coding| coding.as_bytes().to_ascii_lowercase());
    match (coding.as_deref(), codings.next()) {
        (None | Some(b"identity"), None) => Ok(false),
        (Some(b"gzip"), None) => Ok(true),
        (coding, _) => {
            let coding = String::from_utf8_lossy(coding.unwrap_or_default());
            let coding: String = coding.chars().take(40).collect();
            let detail = format!("content coding {coding:?} is not gzip");
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            Err(Refused::closing(status, "bad_encoding", &detail))
        }
    }
}

/// Reads a body to its end and keeps nothing of it.
///
/// # Errors
///
/// As `read`, but for the coding.
pub async fn pass<B>(body: B) -> Result<(), Refused>
where
    B: Body<Data = Bytes> + Unpin,
{
    each(body, |_| ()).await
}

async fn collect<B>(body: B) -> Result<Vec<u8>, Refused>
where
    B: Body<Data = Bytes> + Unpin,
{
    let length = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut bytes = Vec::with_capacity(length.min(BODY_BYTES));
    each(body, |data| bytes.extend_from_slice(data)).await?;
    Ok(bytes)
}

/// Calls `take` with each part of a body as it comes.
async fn each<B>(mut body: B, mut take: impl FnMut(&[u8])) -> Result<(), Refused>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > BODY_BYTES as u64 {
        return Err(too_large());
    }
    let start = Instant::now();
    let mut read = 0;
    loop {
        let earned = Duration::from_secs((read / BYTES_A_SECOND) as u64);
        let until = start + BODY_TIME.min(BODY_GRACE + earned);
        let Ok(frame) = timeout_at(until, body.frame()).await else {
            let detail = "the body came too slowly";
            return Err(Refused::closing(StatusCode::REQUEST_TIMEOUT, "timeout", detail));
        };
        match frame {
            None => return Ok(()),
            Some(Ok(frame)) => {
                let data = frame.into_data().unwrap_or_default();
                read += data.len();
                if BODY_BYTES < read {
                    return Err(too_large());
                }
                take(&data);
            }
            Some(Err(_)) => {
                let detail = "the body's framing is broken";
                return Err(Refused::closing(StatusCode::BAD_REQUEST, "bad_json", detail));
            }
        }
    }
}

/// Decodes one gzip member, checksum and length included, and nothing behind it.
fn gunzip(encoded: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut decoder = GzDecoder::new(encoded);
    let mut decoded = Vec::with_capacity(encoded.len().min(BODY_BYTES));
    let read = decoder.by_ref().take(BODY_BYTES as u64 + 1).read_to_end(&mut decoded);
    if BODY_BYTES < decoded.len() {
        return Err(too_large());
    }
    if read.is_err() || !decoder.into_inner().is_empty() {
        let detail = "the gzip body is broken";
        return Err(Refused::closing(StatusCode::BAD_REQUEST, "bad_encoding", detail));
    }
    Ok(decoded)
}

fn too_large() -> Refused {
    let detail = format!("a body may have {BODY_BYTES} bytes, decoded");
    Refused::closing(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &detail)
}

#[cfg(test)]
mod tests;
