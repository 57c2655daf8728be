//! One GET on a connection of its own: checked address, no redirect, little read, a second in all.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, join, split};
use tokio::time::{Instant, timeout_at};

use crate::io::connect::{Address, Connect, Stream};
use crate::io::notifier::Delivery;

/// Fires one notice and says what came of it, with the status of the answer.
pub(super) async fn get(url: &str, allow_loopback: bool, connector: &dyn Connect) -> Came {
    let nothing = |delivery| (delivery, None);
    let Some(address) = Address::parse(url, allow_loopback) else {
        return nothing(Delivery::Refused);
    };
    if !allow_loopback && address.target.host.parse::<IpAddr>().is_ok() {
        return nothing(Delivery::Refused);
    }
    let by = Instant::now() + MAX_TIME;
    let stream = match timeout_at(by, connector.connect(&address.target)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(fault)) if fault.kind() == ErrorKind::PermissionDenied => {
            return nothing(Delivery::Refused);
        }
        Ok(Err(_)) => return nothing(Delivery::Unreachable),
        Err(_) => return nothing(Delivery::Timeout),
    };
    exchange(stream, &address, by).await
}

async fn exchange(stream: Box<dyn Stream>, address: &Address, by: Instant) -> Came {
    let (read, write) = split(stream);
    let stream = TokioIo::new(join(read.take(MAX_READ), write));
    let Ok((mut sender, connection)) = http1::handshake(stream).await else {
        return (Delivery::Failed, None);
    };
    let fetch = async {
        let answered = timeout_at(by, sender.send_request(request(address))).await;
        let response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => return (Delivery::Failed, None),
            Err(_) => return (Delivery::Timeout, None),
        };
        let status = response.status();
        // The status is the answer; the rest is read so that the bidder sees no reset.
        let _ = timeout_at(by, drain(response)).await;
        let good = status.is_success();
        let delivery = if good { Delivery::Delivered } else { Delivery::Status };
        (delivery, Some(status.as_u16()))
    };
    tokio::pin!(fetch, connection);
    tokio::select! {
        came = &mut fetch => came,
        // The connection is over; what it read may still wait in `fetch`.
        _ = &mut connection => fetch.await,
    }
}

fn request(address: &Address) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = Uri::from(address.path.clone());
    let headers = request.headers_mut();
    headers.insert(HOST, address.host.clone());
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    request
}

async fn drain(response: Response<Incoming>) {
    let mut body = response.into_body();
    while let Some(Ok(_)) = body.frame().await {}
}

/// What came of a notice, and the status of the answer.
type Came = (Delivery, Option<u16>);

/// From the lookup of the name to the end of the answer.
const MAX_TIME: Duration = Duration::from_secs(1);
/// The most bytes read of an answer, head included.
const MAX_READ: u64 = 4_096;
