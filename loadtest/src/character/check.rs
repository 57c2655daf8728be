//! The bounds of a character: what is checked before a bidder starts.

use thiserror::Error;

use crate::character::{Character, Fault, Latency, Share, Spell};

/// Says what is wrong with a character; always the fault of whoever wrote it.
#[derive(Debug, Error)]
pub enum CharacterError {
    /// A probability outside 0 to 1.
    #[error("share {0} is not between 0 and 1")]
    Share(f64),
    /// A price that is not a plain decimal.
    #[error("price {0:?} is not a decimal with at most two places, such as \"5.00\"")]
    Price(String),
    /// A value out of its bounds.
    #[error("bidder {id:?}: {what}")]
    Bounds {
        /// The character's id as written.
        id: String,
        /// The key and its bounds.
        what: &'static str,
    },
}

impl Character {
    /// Checks every bound.
    ///
    /// # Errors
    ///
    /// The first key out of its bounds.
    pub fn check(&self) -> Result<(), CharacterError> {
        let lengths = |lengths: &[u32]| lengths.iter().all(|n| (1..=MAX_SECONDS).contains(n));
        let latency = match self.latency {
            Latency::Fixed { ms } => ms <= MAX_LATENCY_MS,
            Latency::Uniform { min_ms, max_ms } => min_ms <= max_ms && max_ms <= MAX_LATENCY_MS,
            Latency::Lognormal { p50_ms, p95_ms } => {
                0 < p50_ms && p50_ms <= p95_ms && p95_ms <= MAX_LATENCY_MS
            }
        };
        let checks = [
            (is_id(&self.id), "id must be 1 to 64 of a-z, 0-9, _ and -"),
            (is_host(&self.own_domain()), "domain must be a lower-case host name"),
            (latency, "latency must rise, at most 60000 ms; a log-normal median is above 0"),
            (
                (0.0..=1_000.0).contains(&self.latency_multiplier),
                "latency_multiplier must be 0 to 1000",
            ),
            (
                self.faults.rate == Share::NEVER || !self.faults.kinds.is_empty(),
                "faults.kinds must not be empty when faults.rate is above 0",
            ),
            (
                self.schedule.iter().all(Spell::is_sound),
                "schedule must hold spells from 0 s on, each ending after it begins, with \
                 faults.kinds where faults.rate is above 0",
            ),
            (
                !self.canned || (self.qps.is_none() && !self.gzip && self.plain_faults()),
                "canned goes with neither qps nor gzip, and with no fault but hang, reset, \
                 http5xx and slow_drip",
            ),
            (!self.canned || !self.http2, "canned goes without http2"),
            (self.handshake_ms <= MAX_LATENCY_MS, "handshake_ms must be at most 60000"),
            (self.price.min <= self.price.max, "price.min must not be above price.max"),
            (0 < self.price.max.0, "price.max must be above 0"),
            (
                !self.durations.is_empty() && self.durations.len() <= 32,
                "durations must hold 1 to 32 lengths",
            ),
            (lengths(&self.durations), "durations must be 1 to 600 s"),
            (lengths(&self.wrong_durations.lengths), "wrong_durations.lengths must be 1 to 600 s"),
            (
                self.wrong_durations.share == Share::NEVER
                    || !self.wrong_durations.lengths.is_empty(),
                "wrong_durations.lengths must not be empty when its share is above 0",
            ),
            ((1..=MAX_BIDS).contains(&self.bids), "bids must be 1 to 64"),
            ((1..=MAX_CREATIVES).contains(&self.creatives), "creatives must be 1 to 1000"),
            (
                self.categories.iter().all(|id| is_category(id)),
                "categories must be 1 to 16 of A-Z, a-z, 0-9 and -",
            ),
            (self.own_seats().iter().all(|seat| is_id(seat)), "seats must be written as ids"),
            (
                self.own_advertisers().iter().all(|domain| is_host(domain)),
                "advertisers must be lower-case host names",
            ),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            None => Ok(()),
            Some((_, what)) => Err(CharacterError::Bounds { id: self.id.clone(), what }),
        }
    }
}

impl Character {
    fn plain_faults(&self) -> bool {
        let spells = self.schedule.iter().map(|spell| &spell.faults);
        let mut kinds = spells.chain([&self.faults]).flat_map(|faults| &faults.kinds);
        kinds.all(|kind| {
            matches!(kind, Fault::Hang | Fault::Reset | Fault::Http5xx | Fault::SlowDrip)
        })
    }
}

impl Spell {
    fn is_sound(&self) -> bool {
        let span = 0.0 <= self.from_s && self.to_s.is_none_or(|end| self.from_s < end);
        let faults = &self.faults;
        span && (faults.rate == Share::NEVER || !faults.kinds.is_empty())
    }
}

fn is_id(text: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-'
    };
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

fn is_category(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=16).contains(&text.len()) && text.bytes().all(plain)
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// The longest creative, in seconds.
const MAX_SECONDS: u32 = 600;

/// The longest latency before the multiplier, in milliseconds.
const MAX_LATENCY_MS: u32 = 60_000;

/// The most bids on one imp.
const MAX_BIDS: u32 = 64;

/// The most creatives of one length.
const MAX_CREATIVES: u32 = 1_000;
