//! What a simulated bidder is like: its latency, its luck, its faults, its prices, its creatives.
//!
//! A character is data, written in TOML or taken from `cast`. Nothing here draws or answers;
//! `bidder` does. Every key has a default, and an unknown key is an error; `check` holds the bounds.

use serde::Deserialize;

use crate::character::check::CharacterError;

pub mod check;

/// Describes how one simulated bidder behaves.
#[expect(clippy::struct_excessive_bools, reason = "each is a habit that a file names by itself")]
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Character {
    /// The bidder's id: 1 to 64 of `a-z`, `0-9`, `_`, `-`.
    pub id: String,
    /// The domain of its markup; absent: `<id>.example`, with `_` written as `-`.
    pub domain: Option<String>,
    /// How long it takes before the first byte of its answer.
    pub latency: Latency,
    /// A factor on every latency, so that a whole cast can be slowed at once.
    pub latency_multiplier: f64,
    /// The share of requests it bids on, of those it does not fault on.
    pub bid_rate: Share,
    /// How often it misbehaves, and in which ways.
    pub faults: Faults,
    /// Spells during which it misbehaves in another way; the first that covers the moment counts.
    pub schedule: Vec<Spell>,
    /// How it says that it does not bid.
    pub no_bid: NoBid,
    /// What it pays.
    pub price: Price,
    /// The lengths it has creatives of, in seconds, in the order it offers them.
    pub durations: Vec<u32>,
    /// How often it bids a length that is wrong, and with which lengths.
    pub wrong_durations: WrongDurations,
    /// Bids per response on an imp that sells a stretch of a pod; a structured imp gets one.
    pub bids: u32,
    /// Its seats; empty: one, named `<id>-seat`.
    pub seats: Vec<String>,
    /// The domains of its advertisers; empty: four, derived from its id.
    pub advertisers: Vec<String>,
    /// What its advertisers are about, in turn, as ids of Ad Product 2.0 (`cattax` 8); empty: its
    /// bids do not say.
    pub categories: Vec<String>,
    /// How many creatives it has of each length; an answer of more bids has further ones.
    pub creatives: u32,
    /// The share of its bids that show the creative of the bid before them once more.
    pub repeats: Share,
    /// The share of its bids made under a deal, where it is offered one that it may use.
    pub deals: Share,
    /// Whether it compresses answers for callers that accept it.
    pub gzip: bool,
    /// Requests it serves per second; those above it get 429. Absent: no limit.
    pub qps: Option<u32>,
    /// How much its markup and its bids say.
    pub markup: Markup,
    /// Whether its bids carry a billing address.
    pub burl: bool,
    /// Whether its bids carry addresses of notices at all.
    pub notices: bool,
    /// Whether it stays silent below the floor, as most bidders do, or bids all the same.
    pub heeds_floor: bool,
    /// Whether it learns its answers from the first requests and afterwards only puts the id in,
    /// which costs a tenth: for requests of one shape; it has few faults and no limit then.
    pub canned: bool,
    /// Whether it speaks TLS, under the certificate of `bidder::tls`.
    pub tls: bool,
    /// Whether it speaks HTTP/2, with TLS or to who knows that it does, beside HTTP/1.1.
    pub http2: bool,
    /// How long it waits before it answers a handshake, in milliseconds.
    pub handshake_ms: u32,
}

/// How a bidder misbehaves for a while.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Spell {
    /// When it begins, in seconds from the beginning of the measurement.
    pub from_s: f64,
    /// When it ends, in seconds from the same; absent: never.
    pub to_s: Option<f64>,
    /// How it misbehaves meanwhile.
    pub faults: Faults,
}

impl Spell {
    /// Returns whether it covers a moment, in seconds.
    #[must_use]
    pub fn covers(&self, now: f64) -> bool {
        self.from_s <= now && self.to_s.is_none_or(|end| now < end)
    }
}

/// How long a bidder takes, in milliseconds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Latency {
    /// Always the same.
    Fixed {
        /// Milliseconds; 0 answers at once.
        ms: u32,
    },
    /// Evenly between two bounds.
    Uniform {
        /// The least, in milliseconds.
        min_ms: u32,
        /// The most, in milliseconds.
        max_ms: u32,
    },
    /// Log-normal, as service times tend to be.
    Lognormal {
        /// The median, in milliseconds, above zero.
        p50_ms: u32,
        /// The 95th percentile, in milliseconds, not below the median.
        p95_ms: u32,
    },
}

/// A probability, 0 to 1.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, PartialOrd)]
#[serde(try_from = "f64")]
pub struct Share(f64);

impl Share {
    /// Never.
    pub const NEVER: Self = Self(0.0);
    /// Always.
    pub const ALWAYS: Self = Self(1.0);

    /// Returns the share of so many in a hundred, at most all of them.
    #[must_use]
    pub fn percent(percent: u8) -> Self {
        Self(f64::from(percent.min(100)) / 100.0)
    }

    /// Returns the share as a number from 0 to 1.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Share {
    type Error = CharacterError;

    fn try_from(share: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err(CharacterError::Share(share))
        }
    }
}

/// How often a bidder misbehaves, and in which ways; each way is as likely as any other.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The share of requests it misbehaves on.
    pub rate: Share,
    /// The ways; not empty when the rate is above zero.
    pub kinds: Vec<Fault>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { rate: Share::NEVER, kinds: Vec::new() }
    }
}

/// One way of misbehaving.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It takes the request and never answers.
    Hang,
    /// It resets the connection instead of answering.
    Reset,
    /// It answers 503 with a page.
    Http5xx,
    /// It answers 200 with bytes that are not JSON.
    Garbage,
    /// It answers 200 with the first half of a good answer.
    TruncatedJson,
    /// It answers 200 with well-formed JSON of 10 MiB.
    Huge,
    /// It answers with a little gzip that unpacks to 100 MiB.
    GzipBomb,
    /// It sends a good answer a few bytes at a time.
    SlowDrip,
}

impl Fault {
    /// Every way, in the order of the declaration.
    pub const ALL: [Self; 8] = [
        Self::Hang,
        Self::Reset,
        Self::Http5xx,
        Self::Garbage,
        Self::TruncatedJson,
        Self::Huge,
        Self::GzipBomb,
        Self::SlowDrip,
    ];
}

/// The form of a no-bid; all mean the same.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum NoBid {
    /// 204.
    NoContent,
    /// 200 with an empty body.
    EmptyBody,
    /// 200 with `{}`.
    EmptyObject,
    /// 200 with the id and an empty `seatbid`.
    EmptySeatbid,
    /// 200 with the id and `nbr` 2.
    Reason,
}

/// What a bidder pays, CPM in the first currency that a request takes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Price {
    /// The least, for 30 seconds when `by_length`.
    pub min: Cents,
    /// The most, for 30 seconds when `by_length`.
    pub max: Cents,
    /// Where in the range its prices tend to lie.
    pub curve: Curve,
    /// Whether the price grows with the ad's length, `min` and `max` being for 30 seconds.
    pub by_length: bool,
}

impl Default for Price {
    fn default() -> Self {
        Self { min: Cents(600), max: Cents(2_000), curve: Curve::Flat, by_length: false }
    }
}

/// A CPM in hundredths; written as a decimal text such as `"5.00"`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub struct Cents(pub u32);

impl TryFrom<String> for Cents {
    type Error = CharacterError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
        let digits = |digits: &str, most| {
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            (plain && digits.len() <= most).then(|| digits.parse::<u32>().ok()).flatten()
        };
        let whole = digits(whole, 6);
        let hundredths = digits(part, 2).map(|n| if part.len() == 1 { n * 10 } else { n });
        match (whole, hundredths) {
            (Some(whole), Some(hundredths)) => Ok(Self(whole * 100 + hundredths)),
            _ => Err(CharacterError::Price(text)),
        }
    }
}

/// Where in its range a bidder's prices tend to lie.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// Evenly.
    Flat,
    /// Near the least.
    Low,
    /// Near the most.
    High,
}

/// Lengths a bidder should not have bid.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct WrongDurations {
    /// The share of its bids that are wrong.
    pub share: Share,
    /// The wrong lengths, in seconds; not empty when the share is above zero.
    pub lengths: Vec<u32>,
}

impl Default for WrongDurations {
    fn default() -> Self {
        Self { share: Share::NEVER, lengths: Vec::new() }
    }
}

/// How much a bidder's markup and bids say.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Markup {
    /// What a real bidder sends.
    Full,
    /// The least that is still a good bid, about 1.2 KB a response: the measured profile.
    Compact,
}

impl Default for Character {
    fn default() -> Self {
        Self {
            id: "bidder".to_owned(),
            domain: None,
            latency: Latency::Fixed { ms: 0 },
            latency_multiplier: 1.0,
            bid_rate: Share::ALWAYS,
            faults: Faults::default(),
            schedule: Vec::new(),
            no_bid: NoBid::NoContent,
            price: Price::default(),
            durations: vec![15, 30],
            wrong_durations: WrongDurations::default(),
            bids: 1,
            seats: Vec::new(),
            advertisers: Vec::new(),
            categories: Vec::new(),
            creatives: 4,
            repeats: Share::NEVER,
            deals: Share::percent(50),
            gzip: false,
            qps: None,
            markup: Markup::Full,
            burl: false,
            notices: true,
            heeds_floor: true,
            canned: false,
            tls: false,
            http2: false,
            handshake_ms: 0,
        }
    }
}

impl Character {
    /// Returns the default character under another id.
    #[must_use]
    pub fn named(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// Returns the domain its markup lives under.
    #[must_use]
    pub fn own_domain(&self) -> String {
        self.domain.clone().unwrap_or_else(|| format!("{}.example", self.label()))
    }

    /// Returns its seats, at least one.
    #[must_use]
    pub fn own_seats(&self) -> Vec<String> {
        if self.seats.is_empty() { vec![format!("{}-seat", self.id)] } else { self.seats.clone() }
    }

    /// Returns its advertisers' domains, at least one.
    #[must_use]
    pub fn own_advertisers(&self) -> Vec<String> {
        if self.advertisers.is_empty() {
            (1..=4).map(|n| format!("{}-brand-{n}.example", self.label())).collect()
        } else {
            self.advertisers.clone()
        }
    }

    /// Returns the id as a host name can hold it.
    fn label(&self) -> String {
        self.id.replace('_', "-")
    }
}
