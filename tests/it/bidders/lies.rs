//! What bidders may answer, and what is to come of it.

use std::io::Write;

use breakwater::model::call::{AnswerOutcome, CallFault};
use flate2::Compression;
use flate2::write::GzEncoder;

/// One kind of answer.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) answer: Vec<u8>,
    pub(super) then: Then,
    pub(super) outcome: AnswerOutcome,
    pub(super) status: Option<u16>,
}

/// What the bidder does once it has answered.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Then {
    Next,
    Close,
    Reset,
    Hang,
    Drip,
}

impl Case {
    pub(super) fn honest() -> Self {
        Self::answering("honest", ok("", "good"))
    }

    pub(super) fn silent() -> Self {
        case("silent", "", Then::Hang, AnswerOutcome::Timeout { sent: true }, None)
    }

    /// Says whether its connection may have another call.
    pub(super) fn is_kept(&self) -> bool {
        self.then == Then::Next && !SPENT.contains(&self.name)
    }

    /// Says whether nobody but us closes its connection.
    pub(super) fn is_ours_to_close(&self) -> bool {
        !self.is_kept() && !matches!(self.then, Then::Close | Then::Reset)
    }

    /// Answers every request so; what comes of it is not looked at.
    pub(super) fn answering(name: &'static str, answer: Vec<u8>) -> Self {
        Self { name, answer, then: Then::Next, outcome: AnswerOutcome::Empty, status: None }
    }
}

pub(super) fn cases() -> Vec<Case> {
    [no_bids(), bodies(), broken(), large(), codings(), heads(), late()]
        .into_iter()
        .flatten()
        .collect()
}

pub(super) fn ok(headers: &str, body: &str) -> Vec<u8> {
    with_length(headers, body.as_bytes())
}

fn no_bids() -> Vec<Case> {
    let status = AnswerOutcome::Failed(CallFault::Status);
    let empty = AnswerOutcome::Empty;
    vec![
        case("204", "HTTP/1.1 204 No Content\r\n\r\n", Then::Next, empty.clone(), Some(204)),
        case("200 empty", ok("", ""), Then::Next, empty.clone(), Some(200)),
        case("200 closed", "HTTP/1.1 200 OK\r\n\r\n", Then::Close, empty.clone(), Some(200)),
        case(
            "200 no gzip",
            ok("content-encoding: gzip\r\n", ""),
            Then::Next,
            empty.clone(),
            Some(200),
        ),
        case("200 gzip of nothing", gzipped(&gzip(b"")), Then::Next, empty, Some(200)),
        case("500", head("500 Oops", "oops"), Then::Next, status.clone(), Some(500)),
        case("400 empty", head("400 Bad Request", ""), Then::Next, status.clone(), Some(400)),
        case("206", head("206 Partial Content", "part"), Then::Next, status.clone(), Some(206)),
        case(
            "redirect",
            "HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            Then::Next,
            status.clone(),
            Some(307),
        ),
        case(
            "another protocol",
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            Then::Hang,
            status,
            Some(101),
        ),
    ]
}

fn bodies() -> Vec<Case> {
    let bid = AnswerOutcome::Body(b"bid".to_vec());
    let good = |name, answer: Vec<u8>, then| case(name, answer, then, bid.clone(), Some(200));
    vec![
        good("length", ok("", "bid"), Then::Next),
        good("chunked", chunked("", &[b"b", b"i", b"d"]), Then::Next),
        good("identity", ok("content-encoding: identity\r\n", "bid"), Then::Next),
        good("gzip", gzipped(&gzip(b"bid")), Then::Next),
        good("x-gzip", with_length("Content-Encoding: X-GZIP\r\n", &gzip(b"bid")), Then::Next),
        good("chunked gzip", chunked(GZIP, &bytes(&gzip(b"bid"))), Then::Next),
        good("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\nbid".to_vec(), Then::Close),
        good("until closed", b"HTTP/1.1 200 OK\r\n\r\nbid".to_vec(), Then::Close),
        good("early hints", [informational(4), ok("", "bid")].concat(), Then::Next),
        good("length too short", ok_lying(3, "bidder"), Then::Next),
    ]
}

fn broken() -> Vec<Case> {
    let framing = AnswerOutcome::Failed(CallFault::Framing);
    let headless = |name, answer: &str, then| case(name, answer, then, framing.clone(), None);
    let begun = |name, answer: Vec<u8>, then| case(name, answer, then, framing.clone(), Some(200));
    vec![
        headless("closed", "", Then::Close),
        headless("reset", "", Then::Reset),
        headless("closed in the head", "HTTP/1.1 200 OK\r\ncontent-", Then::Close),
        headless("not HTTP", "SSH-2.0-OpenSSH_9.9\r\n\r\n", Then::Hang),
        headless("lone JSON", "{\"id\":\"1\",\"seatbid\":[]}", Then::Hang),
        headless("no status", "HTTP/1.1 abc\r\n\r\n", Then::Hang),
        headless(
            "two lengths",
            "HTTP/1.1 200 OK\r\n\
            content-length: 3\r\ncontent-length: 4\r\n\r\nbid",
            Then::Hang,
        ),
        headless("negative length", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", Then::Hang),
        headless(
            "length and chunks",
            "HTTP/1.1 200 OK\r\n\
            content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            Then::Hang,
        ),
        headless(
            "packed chunks",
            "HTTP/1.1 200 OK\r\n\
            transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            Then::Hang,
        ),
        begun("length too long, closed", ok_lying(30, "bid"), Then::Close),
        begun("length too long, reset", ok_lying(30, "bid"), Then::Reset),
        begun("closed in a chunk", chunked_head("", b"5\r\nbid"), Then::Close),
        begun("closed between chunks", chunked_head("", b"3\r\nbid\r\n"), Then::Close),
        begun("no chunk size", chunked_head("", b"xyz\r\nbid\r\n0\r\n\r\n"), Then::Hang),
        begun("huge chunk size", chunked_head("", b"fffffffffffffffff\r\nbid"), Then::Hang),
    ]
}

fn large() -> Vec<Case> {
    let large = AnswerOutcome::Failed(CallFault::TooLarge);
    let too = |name, answer: Vec<u8>, then| case(name, answer, then, large.clone(), Some(200));
    let mega = vec![b' '; 10 * 1024 * 1024];
    let most = vec![b' '; 128 * 1024];
    let packed = vec![b' '; 256 * 1024];
    let whole = |name, answer: Vec<u8>, body: &[u8]| {
        case(name, answer, Then::Next, AnswerOutcome::Body(body.to_vec()), Some(200))
    };
    vec![
        too("10 MB", with_length("", &mega), Then::Hang),
        too("10 MB in chunks", chunked("", &mega.chunks(8_000).collect::<Vec<_>>()), Then::Hang),
        too("10 MB until closed", [b"HTTP/1.1 200 OK\r\n\r\n", &*mega].concat(), Then::Close),
        too("10 MB announced", ok_lying(10 * 1024 * 1024, ""), Then::Hang),
        too("a byte too many", with_length("", &[&*most, b" "].concat()), Then::Hang),
        whole("128 KiB", with_length("", &most), &most),
        too("4 KB gzip bomb", gzipped(&gzip(&vec![0; 4_000_000])), Then::Hang),
        too("100 MB gzip bomb", gzipped(&gzip(&vec![0; 100_000_000])), Then::Hang),
        too("a byte too many, packed", gzipped(&gzip(&[&*packed, b" "].concat())), Then::Hang),
        whole("256 KiB, packed", gzipped(&gzip(&packed)), &packed),
    ]
}

fn codings() -> Vec<Case> {
    let encoding = AnswerOutcome::Failed(CallFault::Encoding);
    let bad = |name, answer: Vec<u8>| case(name, answer, Then::Hang, encoding.clone(), Some(200));
    let packed = gzip(b"bid");
    let mut wrong_sum = packed.clone();
    let sum = wrong_sum.len() - 8;
    wrong_sum[sum] ^= 1;
    let mut wrong_length = packed.clone();
    let length = wrong_length.len() - 4;
    wrong_length[length] ^= 1;
    vec![
        bad("gzip with a wrong sum", gzipped(&wrong_sum)),
        bad("gzip with a wrong length", gzipped(&wrong_length)),
        bad("gzip cut short", gzipped(&packed[..packed.len() - 9])),
        bad("gzip without its sum", gzipped(&packed[..packed.len() - 8])),
        bad("gzip head only", gzipped(&packed[..5])),
        bad("gzip twice", gzipped(&[packed.clone(), packed.clone()].concat())),
        bad("bytes after gzip", gzipped(&[&*packed, b"x"].concat())),
        bad("bytes after gzip, chunked", chunked(GZIP, &[&packed, b"x"])),
        bad("gzip that is none", gzipped(b"{\"id\":\"1\"}")),
        bad("brotli", ok("content-encoding: br\r\n", "bid")),
        bad("two codings", with_length("content-encoding: gzip, gzip\r\n", &packed)),
        bad("two coding headers", with_length(&[GZIP, GZIP].concat(), &packed)),
    ]
}

fn heads() -> Vec<Case> {
    let framing = AnswerOutcome::Failed(CallFault::Framing);
    let large = AnswerOutcome::Failed(CallFault::TooLarge);
    let header = format!("x: {}\r\n", "x".repeat(200_000));
    let headers: String = (0..200).map(|at| format!("x-{at}: 1\r\n")).collect();
    vec![
        case("200 KB head", ok(&header, "bid"), Then::Hang, large.clone(), None),
        case("200 headers", ok(&headers, "bid"), Then::Hang, large, None),
        case(
            "5 early hints",
            [informational(5), ok("", "bid")].concat(),
            Then::Hang,
            framing.clone(),
            None,
        ),
        case("5 early hints, then nothing", informational(5), Then::Hang, framing.clone(), None),
        case("5000 early hints", informational(5_000), Then::Hang, framing, None),
    ]
}

fn late() -> Vec<Case> {
    let timeout = AnswerOutcome::Timeout { sent: true };
    let late = |name, answer: Vec<u8>, then| case(name, answer, then, timeout.clone(), None);
    vec![
        late("hang", Vec::new(), Then::Hang),
        late("hang in the head", b"HTTP/1.1 200 OK\r\n".to_vec(), Then::Hang),
        late("hang in the body", ok_lying(100, "bid"), Then::Hang),
        late("hang before the last chunk", chunked_head("", b"3\r\nbid\r\n"), Then::Hang),
        late("drip", ok_lying(100_000, "bid"), Then::Drip),
        late("early hints, then nothing", informational(4), Then::Hang),
    ]
}

fn case(
    name: &'static str,
    answer: impl Into<Vec<u8>>,
    then: Then,
    outcome: AnswerOutcome,
    status: Option<u16>,
) -> Case {
    Case { name, answer: answer.into(), then, outcome, status }
}

fn head(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn with_length(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn ok_lying(length: usize, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    with_length(GZIP, body)
}

fn chunked_head(headers: &str, rest: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}transfer-encoding: chunked\r\n\r\n");
    [head.as_bytes(), rest].concat()
}

fn chunked(headers: &str, pieces: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    for piece in pieces {
        body.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        body.extend_from_slice(piece);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    chunked_head(headers, &body)
}

fn informational(count: usize) -> Vec<u8> {
    b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(count)
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Cuts a text into single bytes.
fn bytes(text: &[u8]) -> Vec<&[u8]> {
    text.chunks(1).collect()
}

/// Answers after which nothing is wrong with the connection but what may still come over it.
const SPENT: &[&str] = &["length too short"];

const GZIP: &str = "content-encoding: gzip\r\n";
