//! A response as it was found, whichever reader found it.

use std::borrow::Cow;
use std::cell::RefCell;

use openrtb::response::{Bid, BidResponse};
use serde::Deserialize;
use simd_json::tape::{Array, Value};
use simd_json::{Buffers, Tape};

use crate::model::reason::LossReason;
use crate::wire::bid_response::{plain, salvage};

/// A response.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Document<'a> {
    /// Id of the request it answers.
    pub(super) id: Option<Cow<'a, str>>,
    /// The bidder's name for it.
    pub(super) bidid: Option<Cow<'a, str>>,
    /// `cur` as it came.
    pub(super) currency: Option<Cow<'a, str>>,
    /// Why there is no bid.
    pub(super) nbr: Option<i32>,
    /// Bids by seat.
    pub(super) seats: Vec<Seat<'a>>,
}

/// The bids of one seat.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Seat<'a> {
    /// Who bids.
    pub(super) name: Option<Cow<'a, str>>,
    /// Whether they win or lose together.
    pub(super) group: bool,
    /// Why none of them is a bid.
    pub(super) defect: Option<LossReason>,
    /// The bids, with what could be read of each.
    pub(super) bids: Vec<Bid<'a>>,
    /// Why each of them is not a bid, as far as that is known; what has no place here has no
    /// defect.
    pub(super) defects: Vec<Option<LossReason>>,
}

/// What each thread keeps between responses, so that reading one allocates little.
///
/// Capacity only; nothing of one response is seen by the next.
pub(super) struct Scratch {
    buffers: Buffers,
    tape: Tape<'static>,
    copy: Vec<u8>,
    room: String,
}

thread_local! {
    static SCRATCH: RefCell<Option<Scratch>> = const { RefCell::new(None) };
}

/// Reads a body and gives `then` what was found; `None` when it is no response at all.
pub(super) fn read<R>(body: &mut [u8], then: impl FnOnce(Option<Document<'_>>) -> R) -> R {
    let mut scratch = SCRATCH.take().unwrap_or_default();
    let result = match plain::read(body, &mut scratch.room) {
        Some(found) => then(Some(found)),
        None => {
            // The fast reader writes into what it reads; a third reading needs what was there.
            scratch.copy.clear();
            scratch.copy.extend_from_slice(body);
            let found = fast(body, &mut scratch);
            then(found.or_else(|| salvage::read(&scratch.copy)))
        }
    };
    SCRATCH.set(Some(scratch));
    result
}

/// Reads any sound body; `None` says nothing but that `salvage` must look.
pub(super) fn fast<'a>(body: &'a mut [u8], scratch: &mut Scratch) -> Option<Document<'a>> {
    let mut tape = std::mem::replace(&mut scratch.tape, Tape(Vec::new())).reset();
    let filled = simd_json::fill_tape(body, &mut scratch.buffers, &mut tape).is_ok();
    let mut reader = simd_json::Deserializer::from_tape(tape);
    // Before any bid is made: a small one takes forty times its bytes.
    let sound = filled && !crowded(reader.as_value());
    let response = if sound { BidResponse::deserialize(&mut reader).ok() } else { None };
    scratch.tape = reader.into_tape().reset();
    let response = response?;
    let seats = response.seatbid.into_iter().flatten().map(|seat| Seat {
        name: seat.seat,
        group: seat.group == Some(true),
        defect: None,
        bids: seat.bid,
        defects: Vec::new(),
    });
    Some(Document {
        id: response.id,
        bidid: response.bidid,
        currency: response.cur,
        nbr: response.nbr,
        seats: seats.collect(),
    })
}

/// Says whether a response holds more bids or seatbids than are recorded.
fn crowded(response: Value<'_, '_>) -> bool {
    let Some(seats) = list(response, "seatbid") else { return false };
    let bids = seats.iter().filter_map(|seat| list(seat, "bid"));
    MAX_RECORDED < seats.len() || MAX_RECORDED < bids.map(|bids| bids.len()).sum()
}

fn list<'t, 'a>(value: Value<'t, 'a>, name: &str) -> Option<Array<'t, 'a>> {
    value.as_object()?.get(name)?.as_array()
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            buffers: Buffers::with_max_depth(USUAL, MAX_DEPTH),
            tape: Tape(Vec::new()),
            copy: Vec::new(),
            room: String::new(),
        }
    }
}

/// The deepest nesting of arrays and objects.
pub(super) const MAX_DEPTH: usize = 64;

/// The most bids of a response that are recorded, each with its fate, and the most seatbids; a
/// response with more is refused as a whole.
pub(super) const MAX_RECORDED: usize = 1000;

/// Bytes of a usual response.
const USUAL: usize = 8192;
