//! The live match: when its breaks come, how long they are, how they are signalled, who watches.
//!
//! Pure: a seed and the number of a break settle everything, so equal seeds play equal matches.

use crate::cli::demo::draws::Draws;
use crate::model::time::{Millis, Seconds};
use crate::wire::cue::encode;

/// One break of the match.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Break {
    /// Its number, from 1.
    pub number: u64,
    /// When it starts, on the stream's clock.
    pub at: Millis,
    /// Its real length.
    pub length: Millis,
    /// How it is signalled.
    pub kind: Kind,
    /// What the packager emits, in order.
    pub emissions: Vec<Emission>,
    /// Who asks.
    pub visits: Vec<Visit>,
}

/// How a break is signalled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A `splice_insert`.
    Insert,
    /// A `time_signal` with a segmentation of this start type.
    Signal(u8),
}

/// One message leaving the packager.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Emission {
    /// When, on the stream's clock.
    pub at: Millis,
    /// The section.
    pub message: Vec<u8>,
}

/// One viewer asking for one break.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Visit {
    /// Which viewer of the audience.
    pub viewer: usize,
    /// Real time between the message and the request.
    pub delay: Millis,
    /// Whether it asks again when the packager repeats the message.
    pub retries: bool,
}

/// Returns a break of the match.
#[must_use]
pub fn ad_break(seed: u64, number: u64) -> Break {
    let mut draws = Draws::new(seed, number);
    let at = Millis(FIRST.0 + (number - 1) * EVERY.0);
    let length = *draws.pick(&LENGTHS);
    let kind = if number % 2 == 1 { Kind::Insert } else { Kind::Signal(*draws.pick(&STARTS)) };
    let clock = Draws::new(seed, 0).below(1 << 32);
    let event = u32::try_from(4_000 + number).unwrap_or(u32::MAX);
    let emissions = emissions(kind, event, clock, (at, length));
    let visits = visits(&mut draws);
    Break { number, at, length, kind, emissions, visits }
}

impl Break {
    /// Returns the nominal seconds each viewer asks to fill.
    #[must_use]
    pub fn seconds(&self) -> Seconds {
        Seconds::nominal(self.length)
    }
}

impl Kind {
    /// Returns the words of the standard.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Insert => "splice_insert".to_owned(),
            Self::Signal(type_id) => format!("time_signal 0x{type_id:02X}"),
        }
    }
}

/// The message, twice more before the splice as packagers do, and the return.
fn emissions(kind: Kind, event: u32, clock: u64, when: (Millis, Millis)) -> Vec<Emission> {
    let (at, length) = when;
    let ticks = length.0 * TICKS_PER_MILLI;
    let pts = |at: u64| (clock + at * TICKS_PER_MILLI) % (1 << 33);
    let end = at.0 + length.0;
    let (start, stop) = match kind {
        Kind::Insert => (
            encode::splice_insert(event, true, pts(at.0), Some(ticks)),
            encode::splice_insert(event, false, pts(end), None),
        ),
        Kind::Signal(type_id) => (
            encode::time_signal(event, type_id, pts(at.0), Some(ticks)),
            // Each end type follows its start type.
            encode::time_signal(event, type_id + 1, pts(end), None),
        ),
    };
    let announced = ANNOUNCED.map(|before| at.minus(before));
    let mut emissions: Vec<_> =
        announced.into_iter().map(|at| Emission { at, message: start.clone() }).collect();
    emissions.push(Emission { at: Millis(end), message: stop });
    emissions
}

/// Draws who watches: most of the audience, each once.
fn visits(draws: &mut Draws) -> Vec<Visit> {
    let mut visits = Vec::new();
    for viewer in 0..AUDIENCE {
        let (watches, retries) = (draws.chance(75), draws.chance(20));
        let delay = Millis(draws.below(SPREAD.0));
        // Somebody always watches.
        if watches || viewer == 0 {
            visits.push(Visit { viewer, delay, retries });
        }
    }
    visits
}

/// How many people follow the match.
pub const AUDIENCE: usize = 16;

/// The lengths drawn, real milliseconds: whole seconds and their NTSC twins.
pub const LENGTHS: [Millis; 8] = [
    Millis(15_000),
    Millis(14_985),
    Millis(30_000),
    Millis(29_970),
    Millis(45_000),
    Millis(44_955),
    Millis(60_000),
    Millis(59_940),
];

/// Segmentation types that start a break: provider and distributor opportunity, break, ad.
const STARTS: [u8; 4] = [0x34, 0x36, 0x22, 0x30];

/// When the first break starts.
const FIRST: Millis = Millis(20_000);

/// From break to break.
const EVERY: Millis = Millis(120_000);

/// How long before the splice the message is sent.
const ANNOUNCED: [Millis; 3] = [Millis(8_000), Millis(4_000), Millis(0)];

/// Requests for one break arrive within this real time, as players of one stream run apart.
const SPREAD: Millis = Millis(1_000);

const TICKS_PER_MILLI: u64 = 90;
