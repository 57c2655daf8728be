//! A bidder on a real socket that says exactly what its test wants and keeps all it was sent.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};

use crate::support::http;

/// What a bidder does with a request.
pub(crate) enum Say {
    /// Answers 200 with this JSON.
    Json(String),
    /// Writes these bytes and closes.
    Raw(Vec<u8>),
    /// Answers 204.
    Nothing,
    /// Never answers.
    Hang,
    /// Writes these bytes and resets the connection.
    Reset(Vec<u8>),
    /// Writes these bytes, says that no more will come, and stays.
    HalfClose(Vec<u8>),
    /// Writes these bytes one at a time, and begins again.
    Drip(Vec<u8>),
}

/// A running bidder.
pub(crate) struct Bidder {
    pub(crate) id: &'static str,
    pub(crate) address: SocketAddr,
    /// More keys of its `[[bidder]]`.
    pub(crate) config: String,
    seen: Arc<Mutex<Seen>>,
}

/// What a bidder was sent.
#[derive(Debug, Default)]
struct Seen {
    requests: Vec<Value>,
    notices: Vec<String>,
    /// Everything, as it came.
    all: String,
}

/// A gate that bidders wait at.
#[derive(Default)]
pub(crate) struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    /// Waits until it is open.
    pub(crate) fn pass(&self) {
        let mut open = self.is_open.lock();
        self.opened.wait_while(&mut open, |open| !*open);
    }

    /// Lets everybody pass from here on.
    pub(crate) fn open(&self) {
        *self.is_open.lock() = true;
        self.opened.notify_all();
    }
}

/// Decides what to say.
type Speech = dyn Fn(&Value) -> Say + Send + Sync;

impl Bidder {
    /// Starts a bidder; its thread ends with the test process.
    pub(crate) fn start(
        id: &'static str,
        say: impl Fn(&Value) -> Say + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Seen>>::default();
        let (say, kept): (Arc<Speech>, _) = (Arc::new(say), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (say, seen) = (Arc::clone(&say), Arc::clone(&kept));
                thread::spawn(move || converse(stream.unwrap(), &*say, &seen));
            }
        });
        Self { id, address, config: String::new(), seen }
    }

    /// Starts a bidder that bids these on every request, for tests that send thousands: it says the
    /// same to all, reads no more than it must, and keeps nothing.
    pub(crate) fn forgetting(id: &'static str, ads: Vec<Ad>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let ads = ads.clone();
                thread::spawn(move || bid_on_all(stream.unwrap(), id, &ads));
            }
        });
        Self::at(id, address)
    }

    /// Starts a bidder that bids these on the first imp, each with notices to this bidder.
    pub(crate) fn bidding(id: &'static str, ads: Vec<Ad>) -> Self {
        let gate = Arc::<Gate>::default();
        gate.open();
        Self::bidding_behind(&gate, id, ads)
    }

    /// Starts the same; it answers once the gate is open.
    pub(crate) fn bidding_behind(gate: &Arc<Gate>, id: &'static str, ads: Vec<Ad>) -> Self {
        let gate = Arc::clone(gate);
        // Its own address is known only once it listens, and a notice names it.
        let own = Arc::<Mutex<Option<SocketAddr>>>::default();
        let known = Arc::clone(&own);
        let bidder = Self::start(id, move |request| {
            gate.pass();
            let address = known.lock().expect("set before the exchange starts");
            Say::Json(response(id, request, ads.iter().map(|ad| ad.bid(request, Some(address)))))
        });
        *own.lock() = Some(bidder.address);
        bidder
    }

    /// Starts a bidder that bids these on the first imp, and wants no notices: nothing is recorded
    /// after its auctions.
    pub(crate) fn quiet(id: &'static str, ads: Vec<Ad>) -> Self {
        Self::start(id, move |request| {
            Say::Json(response(id, request, ads.iter().map(|ad| ad.bid(request, None))))
        })
    }

    /// Names a bidder that somebody else runs.
    pub(crate) fn at(id: &'static str, address: SocketAddr) -> Self {
        Self { id, address, config: String::new(), seen: Arc::default() }
    }

    /// Adds keys to its `[[bidder]]`.
    pub(crate) fn with(self, config: &str) -> Self {
        Self { config: config.to_owned(), ..self }
    }

    /// Returns the bid requests it got.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.seen.lock().requests.clone()
    }

    /// Returns the targets of the notices it got.
    pub(crate) fn notices(&self) -> Vec<String> {
        self.seen.lock().notices.clone()
    }

    /// Returns everything it got, heads and bodies.
    pub(crate) fn all(&self) -> String {
        self.seen.lock().all.clone()
    }
}

fn converse(stream: TcpStream, say: &Speech, seen: &Mutex<Seen>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some((first, headers)) = http::read_head(&mut reader) {
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, length)| length.parse::<u64>().unwrap());
        let mut body = Vec::new();
        reader.by_ref().take(length).read_to_end(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        {
            let mut seen = seen.lock();
            write!(seen.all, "{first}\n{headers:?}\n{body}\n").unwrap();
            if first.starts_with("GET ") {
                seen.notices.push(first.split(' ').nth(1).unwrap().to_owned());
            } else {
                seen.requests.push(serde_json::from_str(&body).unwrap());
            }
        }
        let none = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
        let answer = if first.starts_with("GET ") {
            none
        } else {
            match say(&serde_json::from_str(&body).unwrap()) {
                Say::Json(text) => ok("", text.as_bytes()),
                Say::Nothing => none,
                Say::Raw(bytes) => {
                    // The exchange hangs up in the middle of a lie.
                    let _ = writer.write_all(&bytes);
                    return;
                }
                Say::Hang => {
                    let _ = reader.read(&mut [0; 1]);
                    return;
                }
                // Who hangs up on a liar is right: nothing of these can fail.
                Say::Reset(bytes) => {
                    let _ = writer.write_all(&bytes);
                    let abort = Some(Duration::ZERO);
                    socket2::SockRef::from(&writer).set_linger(abort).unwrap();
                    return;
                }
                Say::HalfClose(bytes) => {
                    let _ =
                        writer.write_all(&bytes).and_then(|()| writer.shutdown(Shutdown::Write));
                    let _ = reader.read(&mut [0; 1]);
                    return;
                }
                Say::Drip(bytes) => {
                    let (_kept, pace) = channel::<()>();
                    for byte in bytes.iter().cycle() {
                        if writer.write_all(&[*byte]).is_err() {
                            return;
                        }
                        let _elapsed = pace.recv_timeout(Duration::from_millis(5));
                    }
                    return;
                }
            }
        };
        if writer.write_all(&answer).is_err() {
            return;
        }
    }
}

/// Bids until the other side has gone, which may be in the middle of anything.
fn bid_on_all(stream: TcpStream, id: &str, ads: &[Ad]) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some((_, headers)) = http::read_head(&mut reader) {
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, length)| length.parse::<usize>().unwrap());
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let request: Value = serde_json::from_slice(&body).unwrap();
        let said = response(id, &request, ads.iter().map(|ad| ad.bid(&request, None)));
        if writer.write_all(&ok("", said.as_bytes())).is_err() {
            return;
        }
    }
}

/// Returns an answer with this body; `headers` are whole lines.
pub(crate) fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// Returns a response with these bids, each a JSON text, of the seat `seat-<id>`.
pub(crate) fn response(id: &str, request: &Value, bids: impl Iterator<Item = String>) -> String {
    let bids: Vec<String> = bids.collect();
    format!(
        r#"{{"id":{},"cur":"USD","seatbid":[{{"seat":"seat-{id}","bid":[{}]}}]}}"#,
        request["id"],
        bids.join(",")
    )
}

/// One ad to bid.
#[derive(Clone, Debug)]
pub(crate) struct Ad {
    /// The bid's id, also in its creative, advertiser and media.
    pub(crate) id: &'static str,
    /// The price, as it stands in the JSON.
    pub(crate) price: &'static str,
    pub(crate) seconds: u32,
    /// The imp it bids on; the first when empty.
    pub(crate) imp: &'static str,
}

impl Ad {
    pub(crate) fn new(id: &'static str, price: &'static str, seconds: u32) -> Self {
        Self { id, price, seconds, imp: "" }
    }

    pub(crate) fn on(self, imp: &'static str) -> Self {
        Self { imp, ..self }
    }

    /// Returns the bid as JSON text, its price as written.
    pub(crate) fn bid(&self, request: &Value, notices: Option<SocketAddr>) -> String {
        let Self { id, price, seconds, imp } = self;
        let imp = if imp.is_empty() { request["imp"][0]["id"].as_str().unwrap() } else { imp };
        let mut bid = json!({
            "id": id, "impid": imp, "crid": format!("crid-{id}"), "dur": seconds, "mtype": 2,
            "protocol": 7, "adomain": [format!("{id}.example")], "adm": self.vast(),
        });
        if let Some(address) = notices {
            let macros = "a=${AUCTION_ID}&b=${AUCTION_BID_ID}&p=${AUCTION_PRICE}\
                          &m=${AUCTION_MIN_TO_WIN}&l=${AUCTION_LOSS}";
            bid["nurl"] = format!("http://{address}/win?mine={id}&{macros}").into();
            bid["lurl"] = format!("http://{address}/loss?mine={id}&{macros}").into();
        }
        let text = bid.to_string();
        format!("{},\"price\":{price}}}", text.strip_suffix('}').unwrap())
    }

    fn vast(&self) -> String {
        let Self { id, seconds, .. } = self;
        let duration = format!("00:{:02}:{:02}", seconds / 60, seconds % 60);
        let host = format!("https://{id}.example");
        format!(
            "<VAST version=\"4.2\" xmlns=\"http://www.iab.com/VAST\"><Ad id=\"{id}\"><InLine>\
             <AdSystem>s</AdSystem><Impression><![CDATA[{host}/i?p=${{AUCTION_PRICE}}]]></Impression>\
             <AdServingId>{id}</AdServingId><AdTitle>{id}</AdTitle><Creatives>\
             <Creative id=\"{id}\"><UniversalAdId idRegistry=\"ad-id.example\">{id}</UniversalAdId>\
             <Linear><Duration>{duration}</Duration><MediaFiles>\
             <MediaFile delivery=\"progressive\" type=\"video/mp4\" width=\"1920\" height=\"1080\">\
             <![CDATA[{host}/{id}.mp4]]></MediaFile></MediaFiles></Linear></Creative></Creatives>\
             </InLine></Ad></VAST>"
        )
    }
}
