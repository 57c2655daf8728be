//! A response as it was found, whichever reader found it.

use std::borrow::Cow;
use std::cell::RefCell;

use openrtb::response::{Bid, BidResponse};
use simd_json::Buffers;

use crate::model::reason::LossReason;
use crate::wire::bid_response::salvage;

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
    /// The bids.
    pub(super) bids: Vec<Item<'a>>,
}

/// One element of `bid`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Item<'a> {
    /// What could be read of it.
    pub(super) bid: Bid<'a>,
    /// Why it is not a bid.
    pub(super) defect: Option<LossReason>,
}

/// What each thread keeps between responses, so that reading one allocates little.
///
/// Capacity only; nothing of one response is seen by the next.
struct Scratch {
    buffers: Buffers,
    copy: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<Option<Scratch>> = const { RefCell::new(None) };
}

/// Reads a body and gives `then` what was found; `None` when it is no response at all.
pub(super) fn read<R>(body: &mut [u8], then: impl FnOnce(Option<Document<'_>>) -> R) -> R {
    // The fast reader writes into what it reads; a second reading needs what was there.
    let mut scratch = SCRATCH.take().unwrap_or_default();
    scratch.copy.clear();
    scratch.copy.extend_from_slice(body);
    let found = fast(body, &mut scratch.buffers);
    let result = then(found.or_else(|| salvage::read(&scratch.copy)));
    SCRATCH.set(Some(scratch));
    result
}

/// Reads a body the fast way; `None` says nothing but that the other reader must look.
pub(super) fn fast<'a>(body: &'a mut [u8], buffers: &mut Buffers) -> Option<Document<'a>> {
    let response: BidResponse<'a> =
        simd_json::serde::from_slice_with_buffers(body, buffers).ok()?;
    if MAX_RECORDED < response.bids().count() {
        return None;
    }
    let item = |bid| Item { bid, defect: None };
    let seats = response.seatbid.into_iter().flatten().map(|seat| Seat {
        name: seat.seat,
        group: seat.group == Some(true),
        defect: None,
        bids: seat.bid.into_iter().map(item).collect(),
    });
    Some(Document {
        id: response.id,
        bidid: response.bidid,
        currency: response.cur,
        nbr: response.nbr,
        seats: seats.collect(),
    })
}

impl Default for Scratch {
    fn default() -> Self {
        Self { buffers: Buffers::with_max_depth(USUAL, MAX_DEPTH), copy: Vec::with_capacity(USUAL) }
    }
}

/// The deepest nesting of arrays and objects.
pub(super) const MAX_DEPTH: usize = 64;

/// The most bids of a response that are recorded, each with its fate; a response with more is
/// refused as a whole.
pub(super) const MAX_RECORDED: usize = 1000;

/// Bytes of a usual response.
const USUAL: usize = 8192;
