//! What chance makes of the cases: never more than hyper takes, never more read than there may be.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_oneof};
use proptest::proptest;
use proptest::sample::{Index, select};

use crate::io::http1::tests::cases::{self, is_stricter, reasons};
use crate::io::http1::tests::script::Script;
use crate::io::http1::tests::sides::{End, LIMITS, Made, hypers, ours, run};
use crate::model::call::CallFault;

proptest! {
    #![proptest_config(ProptestConfig { cases: count(), ..ProptestConfig::default() })]

    #[test]
    fn spoilt_streams_are_taken_as_hyper_takes_them(
        (bytes, ends) in case(),
        spoils in vec(spoil(), 1..4),
        split in option::of(any::<Index>()),
    ) {
        let bytes = spoils.into_iter().fold(bytes, apply);
        let split = split.filter(|_| !bytes.is_empty()).map(|at| at.index(bytes.len()));
        let script = || Script::split(&bytes, split, ends);
        let (ours, hyper) = run(async { (ours(script()).await.0, hypers(script()).await) });
        if ours != hyper {
            let text = bytes.escape_ascii();
            prop_assert!(is_stricter(&ours, &hyper), "{text}: {ours}, hyper: {hyper}");
            let excuse = excuse(&bytes, &ours, &hyper);
            let listed = excuse.is_some_and(|excuse| reasons().contains_key(excuse));
            prop_assert!(listed, "{text}: {ours}, hyper: {hyper}, for no listed reason");
        }
    }

    /// A stream is made the same of wherever it is split.
    #[test]
    fn spoilt_streams_are_the_same_wherever_they_are_split(
        (bytes, ends) in case(),
        spoils in vec(spoil(), 1..4),
        splits in vec(any::<Index>(), 1..6),
    ) {
        let bytes = spoils.into_iter().fold(bytes, apply);
        let length = bytes.len() + 1;
        let mut splits: Vec<usize> = splits.into_iter().map(|at| at.index(length)).collect();
        splits.sort_unstable();
        let (whole, pieces) = run(async {
            let whole = ours(Script::of(&bytes, ends)).await.0;
            (whole, ours(Script::split(&bytes, splits.iter().copied(), ends)).await.0)
        });
        prop_assert!(whole == pieces, "{}: {whole}, split at {splits:?}: {pieces}", bytes.escape_ascii());
    }
}

proptest! {
    // Each reads up to 2 MB, some of it byte by byte.
    #![proptest_config(ProptestConfig { cases: count() / 20, ..ProptestConfig::default() })]

    /// A peer that never stops is stopped.
    #[test]
    fn no_stream_is_read_for_ever(
        start in select(STARTS),
        unit in prop_oneof![
            select(UNITS).prop_map(<[u8]>::to_vec),
            vec(any::<u8>(), 1..40),
            vec(select(&b"\r\n:; 0123aAfHx\t"[..]), 1..12),
        ],
        size in select(&[1_usize, 7, 1_000, 70_000][..]),
    ) {
        // Pieces of a byte only where that does not take for ever.
        let length = if size < 1_000 { 50_000 } else { FLOOD };
        let mut bytes = start.to_vec();
        bytes.extend(unit.repeat(1 + length / unit.len()));
        let splits = (start.len()..bytes.len()).step_by(size.max(start.len()));
        let (made, read) = run(ours(Script::split(&bytes, splits, false)));
        prop_assert!(read <= MOST, "{read} bytes read: {made}");
        if length == FLOOD {
            prop_assert!(made.end != End::Waits, "still waiting after {read} bytes");
        }
        prop_assert!(made.answer().is_none_or(|body| body.len() <= LIMITS.encoded));
    }
}

/// One change of a stream.
#[derive(Clone, Debug)]
enum Spoil {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index),
    Truncate(Index),
    /// Puts one part in at another place.
    Repeat(Index, Index, Index),
}

fn case() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let mut cases = cases::all();
    cases.retain(|case| !case.bytes.is_empty() && case.bytes.len() < 400);
    let cases: Vec<_> = cases.into_iter().map(|case| (case.bytes, case.ends)).collect();
    (select(cases), any::<bool>()).prop_map(|((bytes, ends), other)| (bytes, ends || other))
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let byte =
        || prop_oneof![select(&b"\r\n\t :;,0129aAfgGxz\0\x0b\x7f\x80\xff-+\"="[..]), any::<u8>()];
    let word =
        prop_oneof![byte().prop_map(|byte| vec![byte]), select(WORDS).prop_map(<[u8]>::to_vec)];
    prop_oneof![
        (any::<Index>(), byte()).prop_map(|(at, byte)| Spoil::Replace(at, byte)),
        (any::<Index>(), word).prop_map(|(at, word)| Spoil::Insert(at, word)),
        any::<Index>().prop_map(Spoil::Remove),
        any::<Index>().prop_map(Spoil::Truncate),
        (any::<Index>(), any::<Index>(), any::<Index>())
            .prop_map(|(from, to, at)| Spoil::Repeat(from, to, at)),
        (Just(()), any::<Index>()).prop_map(|((), at)| Spoil::Insert(at, b"\r\n".to_vec())),
    ]
}

fn apply(mut bytes: Vec<u8>, spoil: Spoil) -> Vec<u8> {
    if bytes.is_empty() {
        return bytes;
    }
    let length = bytes.len();
    match spoil {
        Spoil::Replace(at, byte) => bytes[at.index(length)] = byte,
        Spoil::Insert(at, word) => {
            let at = at.index(length + 1);
            bytes.splice(at..at, word);
        }
        Spoil::Remove(at) => _ = bytes.remove(at.index(length)),
        Spoil::Truncate(at) => bytes.truncate(at.index(length)),
        Spoil::Repeat(from, to, at) => {
            let (from, to) = (from.index(length), to.index(length));
            let part = bytes[from.min(to)..=from.max(to)].to_vec();
            let at = at.index(length + 1);
            bytes.splice(at..at, part);
        }
    }
    bytes
}

/// Names the reason for which this client takes `bytes` otherwise than hyper.
fn excuse(bytes: &[u8], ours: &Made, hyper: &Made) -> Option<&'static str> {
    use CallFault::{Encoding, Framing, Status, TooLarge};
    use End::{Answer, Failed, Waits};
    let text = bytes.to_ascii_lowercase();
    let has = |word: &str| memchr::memmem::find(&text, word.as_bytes()).is_some();
    let after = |end: &[u8]| Some(memchr::memmem::find(bytes, end)? + end.len());
    let body = [after(b"\n\r\n"), after(b"\n\n")].into_iter().flatten().min().unwrap_or(0);
    let body = &bytes[body..];
    let lengths = memchr::memmem::find_iter(&text, "content-length").count();
    match (&ours.end, &hyper.end) {
        (Failed(Some(_), Status) | Waits, Failed(Some(_), Status))
            if ours.kept || ours.end == Waits =>
        {
            Some("errors-read")
        }
        (Failed(..), Waits) | (Failed(_, TooLarge), Failed(_, Framing | Encoding)) => {
            Some("sooner")
        }
        (Failed(Some(200), Framing) | Waits, Failed(Some(200), Encoding | TooLarge))
            if has("gzip") =>
        {
            Some("gzip-whole")
        }
        (Answer(204, _), Answer(204, _))
        | (Failed(Some(304), Status), Failed(Some(304), Status)) => Some("no-content"),
        (ours, hyper)
            if ours == hyper && has("connection") && has("close") && !bytes.is_ascii() =>
        {
            Some("close-anywhere")
        }
        (Failed(None, Framing), Answer(204, _) | Failed(Some(101 | 304), Status)) => {
            Some("lengths-checked")
        }
        (Failed(None, Framing), _) if bytes.starts_with(b"\r") || bytes.starts_with(b"\n") => {
            Some("empty-lines")
        }
        (Failed(None, Framing), _) if 1 < lengths || 0 < lengths && has(",") => {
            Some("length-repeated")
        }
        (Failed(None, Framing), _) if has("http/1.1 1") && (has("\n\r\n\r") || has("\n\n")) => {
            Some("empty-lines")
        }
        (Failed(Some(200), Framing), _) if has("chunked") => {
            let digits = body.split(|byte| !byte.is_ascii_hexdigit()).any(|run| 8 < run.len());
            let control = |byte: &u8| (*byte < b' ' && !b"\r\n\t".contains(byte)) || *byte == 0x7f;
            let bare = body.windows(2).any(|pair| pair[1] == b'\n' && pair[0] != b'\r');
            match () {
                () if digits => Some("size-digits"),
                () if bare => Some("trailer-lines"),
                () if body.iter().any(control) => Some("extension-text"),
                () => None,
            }
        }
        _ => None,
    }
}

fn count() -> u32 {
    if std::env::var_os("RUN_SLOW_TESTS").is_some() { 100_000 } else { 1_000 }
}

const WORDS: &[&[u8]] = &[
    b"\r\n\r\n",
    b"content-length: 3\r\n",
    b"transfer-encoding: chunked\r\n",
    b"connection: close\r\n",
    b"connection: keep-alive\r\n",
    b"content-encoding: gzip\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"0\r\n\r\n",
    b"1\r\nx\r\n",
    b"204",
    b"500",
    b" ",
    b"\n",
];

const STARTS: &[&[u8]] = &[
    b"",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 131072\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ",
    b"HTTP/1.1 500 Oops\r\ntransfer-encoding: chunked\r\n\r\n",
    b"HTTP/1.1 500 Oops\r\n\r\n",
    b"HTTP/1.1 500 Oops\r\ncontent-length: 16384\r\n\r\n",
];

const UNITS: &[&[u8]] = &[
    b"x",
    b"\r\n",
    b"x: y\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nlink: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
    b"1\r\nx\r\n",
    b"1;abc=def\r\nx\r\n",
    b"10\r\n0123456789abcdef\r\n",
    b"H",
];

/// Enough for every limit to be met.
const FLOOD: usize = 2 << 20;
/// Five heads, a body with its framing, and the last read.
const MOST: usize = (5 * 64 + 128 + 64 + 64) * 1024;
