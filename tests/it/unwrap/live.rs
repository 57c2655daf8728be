//! Sales over real sockets with an ad server behind the bids.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use breakwater::audit::replay::{Wanted, replay};
use flate2::Compression;
use flate2::write::GzEncoder;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpSocket;

use crate::sell::{explained, fates};
use crate::support::bidder::{Ad, Bidder, Say, ok, response};
use crate::support::exchange::{Exchange, PUBLIC_URL};
use crate::support::http;
use crate::support::until;

const WRAPPERS: &str = "breakwater_wrappers_total";

#[test]
fn a_chain_of_three_wins_with_what_each_hop_wants_called() {
    let server = AdServer::start(|address, path| match path {
        "/two?bid=a1" => Serve::Document(wrapper("two", &format!("http://{address}/three"))),
        "/three" => Serve::Document(wrapper("three", &format!("http://{address}/ad"))),
        "/ad" => Serve::Gzip(inline("server", 30)),
        other => panic!("{other} was asked for"),
    });
    let address = server.address;
    let acme = bidding("acme", vec![Ad::new("a1", "20", 30)], move |ad| {
        Some(wrapper("one", &format!("http://{address}/two?bid={}", ad.id)))
    });
    let zenith = Bidder::bidding("zenith", vec![Ad::new("z1", "9", 30)]);
    let exchange = Exchange::start(&[&acme, &zenith]);

    let told = explained(&exchange, "arena", 60);
    assert_eq!(fates(&told, "acme"), ["a1 wrapper_refused"], "not where nobody asked for it");
    assert_eq!(server.paths(), [""; 0]);

    let answer = exchange.tag("placement=follows&break=b-1&session=s-1&duration_ms=60000");
    let read: vast4_rs::Vast<'_> = vast4_rs::from_str(answer.text()).unwrap();
    let inline = read.ads[0].in_line.as_ref().unwrap();
    let called: Vec<&str> = inline.impressions.iter().map(|it| &*it.uri).collect();
    assert!(called[0].starts_with(PUBLIC_URL), "{called:?}");
    let theirs =
        ["one", "two", "three", "server"].map(|hop| format!("https://{hop}.example/i?p=20"));
    assert_eq!(called[1..], theirs, "outermost first, the price filled in");
    let linear = inline.creatives.creatives[0].linear.as_ref().unwrap();
    let events = &linear.tracking_events.as_ref().unwrap().trackings;
    let started: Vec<String> = events.iter().map(|it| it.uri.to_string()).collect();
    let theirs =
        ["one", "two", "three", "server"].map(|hop| format!("https://{hop}.example/start"));
    assert_eq!(started[5..], theirs, "after our five");
    assert!(answer.text().contains("server.mp4") && answer.text().contains("z1.mp4"));
    assert!(!answer.text().contains("VASTAdTagURI"));
    assert_eq!(exchange.beacon(called[0]).status, 204);
    assert_eq!(server.paths(), ["/two?bid=a1", "/three", "/ad"]);
    until("acme's win", || acme.notices().iter().any(|it| it.starts_with("/win")).then_some(()));

    let protocols =
        |request: usize| acme.requests()[request]["imp"][0]["video"]["protocols"].clone();
    assert_eq!(protocols(0), serde_json::json!([2, 3, 7, 11, 13]));
    assert_eq!(protocols(1), serde_json::json!([2, 3, 7, 11, 13, 5, 6, 8, 12, 14]));
    exchange.until_count(WRAPPERS, &["acme", "unwrapped"], 1.0);
    assert_eq!(exchange.count(WRAPPERS, &[]), 1.0);

    let data = exchange.stop();
    let again = replay(data.path(), &Wanted::All).unwrap();
    assert_eq!((again.auctions, again.differing), (2, vec![]));
}

/// Each ad server costs its own bid: the other bid of its bidder and all other bidders compete.
#[test]
fn a_bad_ad_server_costs_only_its_bid() {
    let bomb = bomb();
    let server = AdServer::start(move |address, path| match path {
        "/redirect" => Serve::Raw(
            format!(
                "HTTP/1.1 302 Found\r\nlocation: http://{address}/ad\r\ncontent-length: 0\r\n\r\n"
            )
            .into_bytes(),
        ),
        "/large" => Serve::Raw(ok("", &[b' '; 10 << 20])),
        "/endless" => Serve::Endless,
        "/bomb" => Serve::Raw(ok("content-encoding: gzip\r\n", &bomb)),
        "/circle" => Serve::Document(wrapper("two", &format!("http://{address}/round"))),
        "/round" => Serve::Document(wrapper("three", &format!("http://{address}/circle"))),
        "/inside" => Serve::Document(wrapper("two", "http://10.1.2.3/latest/meta-data")),
        "/two" => Serve::Document(inline("two", 30).replace("</Ad>", "</Ad><Ad/>")),
        "/none" => Serve::Raw(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        "/missing" => Serve::Raw(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()),
        "/html" => Serve::Document("<!DOCTYPE html><html></html>".to_owned()),
        "/cut" => Serve::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n<VAST".to_vec()),
        "/hang" => Serve::Hang,
        other => panic!("{other} was asked for"),
    });
    let address = server.address;
    // Held but not listened on: a port let go is soon another test's.
    let held = TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = held.local_addr().unwrap();
    let liars = LIARS.iter().map(|&(id, _, _)| {
        bidding(id, vec![Ad::new("w", "50", 30), Ad::new("i", "6", 15)], move |ad| {
            let url = match id {
                "closed" => format!("http://{closed}/"),
                "foreign" => "http://elsewhere.example/".to_owned(),
                _ => format!("http://{address}/{id}"),
            };
            (ad.id == "w").then(|| wrapper("one", &url))
        })
    });
    let good = [
        Bidder::bidding("good", vec![Ad::new("g1", "20", 30)]),
        Bidder::bidding("better", vec![Ad::new("b1", "21", 30)]),
    ];
    let bidders: Vec<Bidder> = liars.chain(good).collect();
    let exchange = Exchange::start(&bidders.iter().collect::<Vec<_>>());
    let begun = Instant::now();
    let told = explained(&exchange, "follows", 60);
    let took = begun.elapsed();
    // Its own deadline lies 1.51 s after the request; the rest is this machine.
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!(fates(&told, "good"), ["g1 won"], "{told}");
    assert_eq!(fates(&told, "better"), ["b1 won"]);
    for (id, reason, outcome) in LIARS {
        assert_eq!(fates(&told, id), [&format!("w {reason}"), "i outbid"], "{id}");
        exchange.until_count(WRAPPERS, &[&format!("\"{id}\""), outcome], 1.0);
    }
    assert_eq!(server.paths().iter().filter(|path| *path == "/ad").count(), 0, "no redirect");
}

/// A bidder, what becomes of its Wrapper, and what that is counted as.
const LIARS: &[(&str, &str, &str)] = &[
    ("hang", "wrapper_refused", "timeout"),
    ("redirect", "wrapper_refused", "status"),
    ("missing", "wrapper_refused", "status"),
    ("large", "wrapper_refused", "too_large"),
    ("endless", "wrapper_refused", "too_large"),
    ("bomb", "wrapper_refused", "too_large"),
    ("cut", "wrapper_refused", "failed"),
    ("closed", "wrapper_refused", "unreachable"),
    ("circle", "wrapper_refused", "too_deep"),
    ("inside", "wrapper_refused", "refused"),
    ("foreign", "wrapper_refused", "refused"),
    ("two", "several_ads", "no_ad"),
    ("none", "markup_missing", "no_ad"),
    ("html", "markup_broken", "no_ad"),
];

/// The dearest eight of a reply are followed, each on its own: one that hangs costs no sister. What
/// the auction judges is what the documents say.
#[test]
fn so_many_wrappers_of_a_reply_are_followed() {
    const IDS: [&str; 10] = ["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9"];
    const PRICES: [&str; 10] = ["10", "11", "12", "13", "14", "15", "16", "17", "18", "19"];
    let server = AdServer::start(|_, path| match path {
        "/w8" => Serve::Hang,
        "/w9" => Serve::Document(inline("w9", 45)),
        other => Serve::Document(inline(&other[1..], 30)),
    });
    let address = server.address;
    let ads = IDS.iter().zip(PRICES).map(|(id, price)| Ad::new(id, price, 30)).collect();
    let acme = bidding("acme", ads, move |ad| {
        Some(wrapper("one", &format!("http://{address}/{}", ad.id)))
    });
    let exchange = Exchange::start(&[&acme]);
    let fates = fates(&explained(&exchange, "follows", 60), "acme");
    let expected = |at: usize| match at {
        0 | 1 | 8 => "wrapper_refused",
        6 | 7 => "won",
        9 => "duration_not_allowed",
        _ => "outbid",
    };
    let expected: Vec<String> = (0..10).map(|at| format!("w{at} {}", expected(at))).collect();
    assert_eq!(fates, expected);
    exchange.until_count(WRAPPERS, &["unwrapped"], 7.0);
    assert_eq!(exchange.count(WRAPPERS, &["timeout"]), 1.0);
    assert_eq!(exchange.count(WRAPPERS, &["skipped"]), 2.0);
    let mut paths = server.paths();
    paths.sort();
    assert_eq!(paths, ["/w2", "/w3", "/w4", "/w5", "/w6", "/w7", "/w8", "/w9"]);
}

/// What an ad server does with a request.
enum Serve {
    Document(String),
    Gzip(String),
    Raw(Vec<u8>),
    Endless,
    Hang,
}

/// A running ad server.
struct AdServer {
    address: SocketAddr,
    paths: Arc<Mutex<Vec<String>>>,
}

impl AdServer {
    /// Starts an ad server; its thread ends with the test process.
    fn start(serve: impl Fn(SocketAddr, &str) -> Serve + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let paths = Arc::<Mutex<Vec<String>>>::default();
        let (serve, seen) = (Arc::new(serve), Arc::clone(&paths));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (serve, seen) = (Arc::clone(&serve), Arc::clone(&seen));
                thread::spawn(move || {
                    let stream = stream.unwrap();
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let Some((first, _)) = http::read_head(&mut reader) else { return };
                    let path = first.split(' ').nth(1).unwrap();
                    seen.lock().push(path.to_owned());
                    answer(stream, serve(address, path));
                });
            }
        });
        Self { address, paths }
    }

    /// Returns what was asked for, in the order it came.
    fn paths(&self) -> Vec<String> {
        self.paths.lock().clone()
    }
}

/// Answers once; the exchange may hang up at any time.
fn answer(mut stream: TcpStream, serve: Serve) {
    let bytes = match serve {
        Serve::Document(text) => ok("content-type: text/xml\r\n", text.as_bytes()),
        Serve::Gzip(text) => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            ok("content-encoding: gzip\r\n", &encoder.finish().unwrap())
        }
        Serve::Raw(bytes) => bytes,
        Serve::Endless => {
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            let chunk = [b"1000\r\n", &[b' '; 0x1000][..], b"\r\n"].concat();
            let _ = stream.write_all(head);
            while stream.write_all(&chunk).is_ok() {}
            return;
        }
        Serve::Hang => {
            let _ = stream.read(&mut [0; 1]);
            return;
        }
    };
    let _ = stream.write_all(&bytes);
}

/// Starts a bidder whose bids have other markup where `markup` gives some.
fn bidding(
    id: &'static str,
    ads: Vec<Ad>,
    markup: impl Fn(&Ad) -> Option<String> + Send + Sync + 'static,
) -> Bidder {
    let own = Arc::<Mutex<Option<SocketAddr>>>::default();
    let known = Arc::clone(&own);
    let bidder = Bidder::start(id, move |request| {
        let bids = ads.iter().map(|ad| {
            let mut bid: Value = serde_json::from_str(&ad.bid(request, *known.lock())).unwrap();
            if let Some(markup) = markup(ad) {
                bid["adm"] = markup.into();
            }
            bid.to_string()
        });
        Say::Json(response(id, request, bids))
    });
    *own.lock() = Some(bidder.address);
    bidder
}

fn wrapper(name: &str, url: &str) -> String {
    format!(
        "<VAST version=\"4.2\"><Ad id=\"{name}\"><Wrapper><AdSystem>s</AdSystem>\
         <Impression><![CDATA[https://{name}.example/i?p=${{AUCTION_PRICE}}]]></Impression>\
         <Creatives><Creative><Linear><TrackingEvents>\
         <Tracking event=\"start\"><![CDATA[https://{name}.example/start]]></Tracking>\
         </TrackingEvents></Linear></Creative></Creatives>\
         <VASTAdTagURI><![CDATA[{url}]]></VASTAdTagURI></Wrapper></Ad></VAST>"
    )
}

fn inline(name: &str, seconds: u32) -> String {
    format!(
        "<VAST version=\"4.2\"><Ad id=\"{name}\"><InLine><AdSystem>s</AdSystem>\
         <AdTitle>{name}</AdTitle>\
         <Impression><![CDATA[https://{name}.example/i?p=${{AUCTION_PRICE}}]]></Impression>\
         <Creatives><Creative><Linear><TrackingEvents>\
         <Tracking event=\"start\"><![CDATA[https://{name}.example/start]]></Tracking>\
         </TrackingEvents><Duration>00:00:{seconds}</Duration><MediaFiles>\
         <MediaFile delivery=\"progressive\" type=\"video/mp4\" width=\"1\" height=\"1\">\
         https://{name}.example/{name}.mp4</MediaFile></MediaFiles></Linear></Creative>\
         </Creatives></InLine></Ad></VAST>"
    )
}

/// 100 MiB of white space.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..100 {
        encoder.write_all(&[b' '; 1 << 20]).unwrap();
    }
    encoder.finish().unwrap()
}
