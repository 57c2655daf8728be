//! Section `head`: which record this is, where it was made, and what it rests on.

use std::borrow::Cow;

use crate::model::ids::AuctionId;
use crate::wire::record::json::Json;
use crate::wire::record::scan::Scan;
use crate::wire::record::scan::escapes::unhex;
use crate::wire::record::{Head, Kind};

/// What only the head of an auction has.
#[derive(Clone, Copy, Debug)]
pub(super) struct AuctionHead {
    /// The version of the auction's rules.
    pub(super) rules: u32,
    /// The tie-break seed.
    pub(super) seed: [u8; 16],
    /// Whether it is a test.
    pub(super) test: bool,
}

/// The section as read.
#[derive(Debug)]
pub(super) struct HeadForm<'a> {
    pub(super) boot: u64,
    pub(super) build: Cow<'a, str>,
    /// Index in the money stream and record root of the config.
    pub(super) cfg: Option<(u64, [u8; 32])>,
    /// The same of the rates.
    pub(super) fx: Option<(u64, [u8; 32])>,
    id: Cow<'a, str>,
    kind: u8,
    pub(super) node: Cow<'a, str>,
    pub(super) rules: Option<u32>,
    pub(super) seed: Option<[u8; 16]>,
    pub(super) seq: u64,
    pub(super) test: bool,
    ts: u64,
    v: u32,
}

/// Writes the section.
pub(super) fn write(
    json: &mut Json<'_>,
    head: &Head<'_>,
    kind: Kind,
    id: AuctionId,
    auction: Option<AuctionHead>,
) {
    json.section(|json| {
        json.key(key!("boot")).decimal(head.boot);
        json.key(key!("build")).text(head.build);
        json.maybe(key!("cfg"), head.config, cite);
        json.maybe(key!("fx"), head.rates, cite);
        // Bidders know an auction by this text.
        let start = if kind == Kind::Auction { AUCTION } else { "" };
        json.key(key!("id")).hex_after(start, &id.bytes());
        json.key(key!("kind")).number(kind.number());
        json.key(key!("node")).text(head.node);
        json.maybe(key!("rules"), auction, |json, auction| json.number(auction.rules));
        json.maybe(key!("seed"), auction, |json, auction| json.hex(&auction.seed));
        json.key(key!("seq")).decimal(head.seq);
        json.set(key!("test"), auction.is_some_and(|auction| auction.test));
        json.key(key!("ts")).decimal(head.at.0);
        json.key(key!("v")).number(VERSION);
    });
}

/// Writes which record of the money stream is meant.
fn cite(json: &mut Json<'_>, (index, hash): (u64, [u8; 32])) {
    json.object(|json| {
        json.key(key!("hash")).hex(&hash);
        json.key(key!("index")).decimal(index);
    });
}

/// Reads which record of the money stream is meant.
fn citation(scan: &mut Scan<'_>) -> Option<(u64, [u8; 32])> {
    scan.object(|scan| {
        let hash = scan.must(key!("hash"), Scan::hex)?;
        Some((scan.must(key!("index"), Scan::decimal)?, hash))
    })
}

/// Reads the section; none when it is not as it should be.
pub(super) fn read(bytes: &[u8]) -> Option<HeadForm<'_>> {
    Scan::section(bytes, |scan| {
        Some(HeadForm {
            boot: scan.must(key!("boot"), Scan::decimal)?,
            build: scan.must(key!("build"), Scan::text)?,
            cfg: scan.may(key!("cfg"), citation)?,
            fx: scan.may(key!("fx"), citation)?,
            id: scan.must(key!("id"), Scan::text)?,
            kind: scan.must(key!("kind"), Scan::number)?,
            node: scan.must(key!("node"), Scan::text)?,
            rules: scan.may(key!("rules"), Scan::number)?,
            seed: scan.may(key!("seed"), Scan::hex)?,
            seq: scan.must(key!("seq"), Scan::decimal)?,
            test: scan.set(key!("test"))?,
            ts: scan.must(key!("ts"), Scan::decimal)?,
            v: scan.must(key!("v"), Scan::number)?,
        })
    })
}

impl HeadForm<'_> {
    /// Says whether it is the head of the record that an entry stands for.
    pub(super) fn is_of(&self, kind: Kind, id: AuctionId, at: u64) -> bool {
        let same = self.kind == kind.number() && self.ts == at && self.v == VERSION;
        same && is_id_text(&self.id, kind, id)
    }
}

/// Says whether a text is that of a record's id, without writing one.
fn is_id_text(text: &str, kind: Kind, id: AuctionId) -> bool {
    let digits = match kind {
        Kind::Auction => text.strip_prefix(AUCTION),
        Kind::Notices | Kind::Config | Kind::Rates | Kind::Admin | Kind::Lifecycle => Some(text),
    };
    digits.and_then(|digits| unhex(digits.as_bytes())) == Some(id.bytes())
}

/// What the text of an auction's id begins with.
const AUCTION: &str = "auc_";
/// The version of the sections' JSON.
const VERSION: u32 = 1;
