//! The public log on the traffic listener, where the config says so.

use std::time::Duration;

use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, StatusCode};
use tokio::time::Instant;

use crate::exchange::Exchange;
use crate::io::chain::Chain;
use crate::server::refusal::Refused;
use crate::server::reply::{Reply, plain};

/// Answers `GET` and `HEAD` of a path that begins with `/log/`.
///
/// # Errors
///
/// A refusal when the log is not public, there is no such file, or too many wait for the disk.
pub async fn file(exchange: &Exchange, method: &Method, path: &str) -> Result<Reply, Refused> {
    let log = exchange.shared().log.as_ref();
    let public = log.and_then(|log| Some((log, log.public()?)));
    let (log, reader) = public.ok_or_else(Refused::not_found)?;
    if method != Method::GET && method != Method::HEAD {
        return Err(Refused::method("GET, HEAD"));
    }
    let path = path.strip_prefix("/log/").unwrap_or_default();
    let wanted = log.wanted(path).ok_or_else(Refused::not_found)?;
    let pending = reader.soon(move || wanted.read()).map_err(|_full| busy())?;
    let read = pending.by(Instant::now() + PATIENCE).await;
    let page = match read {
        Ok(Ok(page)) => page.ok_or_else(Refused::not_found)?,
        Ok(Err(error)) => {
            tracing::warn!(error = %Chain(&error), "a file of the log could not be read");
            return Err(busy());
        }
        Err(_missing) => return Err(busy()),
    };
    let mut reply = plain(StatusCode::OK);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(page.media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(page.cache));
    *reply.body_mut() = Full::new(page.bytes.into());
    Ok(reply)
}

fn busy() -> Refused {
    Refused::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", "the log cannot be read right now")
}

/// How long a caller waits for the disk.
const PATIENCE: Duration = Duration::from_secs(2);
