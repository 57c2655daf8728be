//! Bidders in the same process: each connection of all but one does what chance says.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::server::SendResponse;
use hyper::Response;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::sleep;

use crate::io::connect::{Connect, Dial, Stream, Target};
use crate::io::simulated::Chance;

/// All bidders, and whether they are asked over HTTP/2.
pub(super) const BIDDERS: [(&str, bool); 8] = [
    ("honest", false),
    ("a", false),
    ("b", false),
    ("c", false),
    ("d", false),
    ("e", true),
    ("f", true),
    ("g", true),
];

/// The network of one seed.
pub(super) struct Net(Arc<Wires>);

struct Wires(Mutex<Chance>);

impl Net {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Wires(Mutex::new(Chance(seed)))))
    }

    pub(super) fn connector(&self) -> Arc<dyn Connect> {
        Arc::clone(&self.0) as Arc<dyn Connect>
    }
}

impl Connect for Wires {
    fn connect<'a>(&'a self, target: &'a Target) -> Dial<'a> {
        Box::pin(async move {
            let mut chance = Chance(self.0.lock().next());
            let (ours, theirs) = duplex(1 << chance.below(18));
            if &*target.host == "honest.example" {
                let (ours, theirs) = duplex(1 << 16);
                tokio::spawn(honest(theirs));
                return Ok(Box::new(ours) as Box<dyn Stream>);
            }
            match chance.below(12) {
                0 => return Err(ErrorKind::ConnectionRefused.into()),
                1 => sleep(wait(&mut chance)).await,
                _ => {}
            }
            match target.http2 && chance.below(4) != 0 {
                true => tokio::spawn(lie_over_http2(theirs, chance)),
                false => tokio::spawn(lie(theirs, chance)),
            };
            Ok(Box::new(ours) as Box<dyn Stream>)
        })
    }
}

/// Bids on everything, after 10 ms.
async fn honest(mut stream: DuplexStream) {
    while let Ok(body) = read_request(&mut stream).await {
        sleep(Duration::from_millis(10)).await;
        if stream.write_all(&ok("", bid(&body).as_bytes())).await.is_err() {
            return;
        }
    }
}

/// Does one thing after the other until the exchange hangs up; how it does is nobody's business.
async fn lie(mut stream: DuplexStream, mut chance: Chance) {
    let _hung_up: io::Result<()> = async {
        if chance.below(16) == 0 {
            stream.write_all(&ok("", b"nobody asked")).await?;
        }
        loop {
            let body = read_request(&mut stream).await?;
            if chance.below(2) == 0 {
                sleep(wait(&mut chance)).await;
            }
            say(&mut stream, &mut chance, &bid(&body)).await?;
        }
    }
    .await;
}

async fn say(stream: &mut DuplexStream, chance: &mut Chance, bid: &str) -> io::Result<()> {
    let bid = bid.as_bytes();
    let cut = chance.below(bid.len());
    match chance.below(14) {
        0 | 1 => stream.write_all(&ok("", bid)).await,
        2 => stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await,
        3 => stream.write_all(b"HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\noops").await,
        4 => std::future::pending().await,
        5 => {
            for byte in ok("", bid) {
                stream.write_u8(byte).await?;
                sleep(Duration::from_millis(1)).await;
            }
            Ok(())
        }
        6 => {
            let whole = ok("", bid);
            stream.write_all(&whole[..chance.below(whole.len())]).await?;
            Err(ErrorKind::BrokenPipe.into())
        }
        7 => {
            let hint = b"HTTP/1.1 103 Early Hints\r\n\r\n";
            for _ in 0..chance.below(1_000) {
                stream.write_all(hint).await?;
            }
            Ok(())
        }
        8 => stream.write_all(&ok("", &bid[..cut])).await,
        9 => stream.write_all(&ok("", &vec![b' '; chance.below(1 << 20)])).await,
        10 => stream.write_all(&[ok("", bid), ok("", bid)].concat()).await,
        11 => stream.write_all(&ok("content-encoding: gzip\r\n", bid)).await,
        12 => stream.write_all(&ok("", "[".repeat(chance.below(50_000)).as_bytes())).await,
        _ => {
            let noise: Vec<u8> = (0..chance.below(4_096)).map(|_| noise(chance)).collect();
            stream.write_all(&noise).await
        }
    }
}

/// The same over HTTP/2.
async fn lie_over_http2(stream: DuplexStream, mut chance: Chance) {
    let mut builder = h2::server::Builder::new();
    if chance.below(4) == 0 {
        builder.initial_window_size(0);
    }
    let streams = chance.below(20);
    builder.max_concurrent_streams(u32::try_from(streams).expect("a few"));
    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        match chance.below(12) {
            0 => return,
            1 => connection.graceful_shutdown(),
            2 => connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM),
            _ => {}
        }
        let own = Chance(chance.next());
        tokio::spawn(async move {
            let mut body = request.into_body();
            let mut read = Vec::new();
            while let Some(Ok(data)) = body.data().await {
                read.extend_from_slice(&data);
            }
            // The exchange may have given it up.
            let _reset: Result<(), h2::Error> = answer(respond, own, &bid(&read)).await;
        });
    }
}

async fn answer(
    mut respond: SendResponse<Bytes>,
    mut chance: Chance,
    bid: &str,
) -> Result<(), h2::Error> {
    sleep(wait(&mut chance)).await;
    let head = |status: u16| Response::builder().status(status).body(()).expect("a status");
    let whole = Bytes::copy_from_slice(bid.as_bytes());
    match chance.below(9) {
        0 | 1 => respond.send_response(head(200), false)?.send_data(whole, true),
        2 => respond.send_response(head(204), true).map(|_| ()),
        3 => respond.send_response(head(503), true).map(|_| ()),
        4 => {
            respond.send_reset(Reason::REFUSED_STREAM);
            Ok(())
        }
        5 => {
            let mut stream = respond.send_response(head(200), false)?;
            for byte in whole {
                stream.send_data(Bytes::copy_from_slice(&[byte]), false)?;
                sleep(Duration::from_millis(1)).await;
            }
            stream.send_data(Bytes::new(), true)
        }
        6 => {
            let mut stream = respond.send_response(head(200), false)?;
            stream.send_data(whole.slice(..whole.len() / 2), false)?;
            stream.send_reset(Reason::INTERNAL_ERROR);
            Ok(())
        }
        7 => {
            let long = Bytes::from(vec![b' '; chance.below(1 << 20)]);
            respond.send_response(head(200), false)?.send_data(long, true)
        }
        _ => std::future::pending().await,
    }
}

/// Reads a request to its end and returns its body.
async fn read_request(stream: &mut DuplexStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    // One that is no HTTP/1.1 has none.
    let length = length.and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

/// Returns a good answer to a request.
fn bid(body: &[u8]) -> String {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let (id, imp) = (&request["id"], &request["imp"][0]["id"]);
    let vast = "<VAST version='4.2'><Ad id='a'><InLine><AdSystem>s</AdSystem>\
                <Impression>https://a.example/i</Impression><AdServingId>a</AdServingId>\
                <AdTitle>a</AdTitle><Creatives><Creative id='a'>\
                <UniversalAdId idRegistry='ad-id.example'>a</UniversalAdId>\
                <Linear><Duration>00:00:30</Duration><MediaFiles>\
                <MediaFile delivery='progressive' type='video/mp4' width='1920' height='1080'>\
                https://a.example/a.mp4</MediaFile></MediaFiles></Linear></Creative></Creatives>\
                </InLine></Ad></VAST>";
    let bid = format!(r#"{{"id":"1","impid":{imp},{REST},"adm":"{vast}"}}"#);
    format!(r#"{{"id":{id},"cur":"USD","seatbid":[{{"seat":"s","bid":[{bid}]}}]}}"#)
}

fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// From nothing to far past every deadline; mostly little.
fn wait(chance: &mut Chance) -> Duration {
    let most = [10, 100, 1_000, 5_000][chance.below(4)];
    Duration::from_micros(u64::try_from(chance.below(most * 1_000)).expect("a few seconds"))
}

fn noise(chance: &mut Chance) -> u8 {
    u8::try_from(chance.below(256)).expect("a byte")
}

/// What every bid says.
const REST: &str =
    r#""price":9.5,"crid":"c","dur":30,"mtype":2,"protocol":7,"adomain":["a.example"]"#;
