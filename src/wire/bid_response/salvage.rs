//! The second reading of a response that the fast reader refused.
//!
//! Bids are cut out as raw slices, so that a fault of one costs no other (decision 26). Only a
//! fault of syntax refuses the whole, or a member that stands twice in the response itself.

use std::borrow::Cow;
use std::fmt;

use openrtb::response::{Bid, BidResponse, SeatBid};
use serde::de::value::MapDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::reason::LossReason;
use crate::wire::bid_response::document::{Document, MAX_DEPTH, MAX_RECORDED, Seat};

/// Reads a body; `None` when it is no response at all.
pub(super) fn read(body: &[u8]) -> Option<Document<'_>> {
    let text = std::str::from_utf8(body).ok()?;
    if text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
        return Some(Document::default());
    }
    let members: Members<'_> = serde_json::from_str(text).ok()?;
    if members.repeat(&["seatbid"]) || members.repeat(HEAD) {
        return None;
    }
    let flat = members.0.iter().filter(|(name, _)| name != "seatbid");
    if flat.into_iter().any(|(_, value)| MAX_DEPTH - 1 < depth(value.get())) {
        return None;
    }
    let mut document = head(&members);
    let Some(list) = members.get("seatbid") else { return Some(document) };
    let mut left = MAX_RECORDED;
    for element in elements(list).filter(|list| list.len() <= MAX_RECORDED)? {
        let seat = seat(element, left)?;
        left -= seat.bids.len();
        document.seats.push(seat);
    }
    Some(document)
}

/// An object as the slices of its members, in order.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Returns a member that is there and not `null`; the first of its name.
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.0.iter().find(|(other, _)| other == name)?;
        (value.get() != "null").then_some(*value)
    }

    /// Says whether one of `names` stands here twice.
    fn repeat(&self, names: &[&str]) -> bool {
        let mut seen = vec![false; names.len()];
        let places = self.0.iter().filter_map(|(name, _)| names.iter().position(|it| it == name));
        places.into_iter().any(|place| std::mem::replace(&mut seen[place], true))
    }

    /// Reads an object from those of its members that are named.
    fn read<T: Deserialize<'a>>(&self, names: &[&str]) -> Option<T> {
        self.read_with(names, None)
    }

    /// Reads an object from those of its members that are named, and one more.
    fn read_with<T: Deserialize<'a>>(
        &self,
        names: &[&str],
        more: Option<(&str, &'a RawValue)>,
    ) -> Option<T> {
        let named = self.0.iter().filter(|(name, _)| names.contains(&&**name));
        let named = named.map(|(name, value)| (&**name, *value)).chain(more);
        T::deserialize(MapDeserializer::<_, serde_json::Error>::new(named)).ok()
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_map(Cut)
    }
}

/// Cuts an object into its members.
struct Cut;

impl<'de> Visitor<'de> for Cut {
    type Value = Members<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(Members(members))
    }
}

/// The name of a member, borrowed when it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads what stands beside the bids; a member of a wrong type is taken by itself.
fn head<'a>(members: &Members<'a>) -> Document<'a> {
    let response = members.read::<BidResponse<'a>>(HEAD).unwrap_or_else(|| {
        let alone = |name| members.read::<BidResponse<'a>>(&[name]);
        BidResponse {
            id: alone("id").and_then(|it| it.id),
            bidid: alone("bidid").and_then(|it| it.bidid),
            // What is no text is no code either, and must not be taken for USD.
            cur: alone("cur").map_or(Some(Cow::Borrowed("")), |it| it.cur),
            nbr: alone("nbr").and_then(|it| it.nbr),
            ..BidResponse::default()
        }
    });
    Document {
        id: response.id,
        bidid: response.bidid,
        currency: response.cur,
        nbr: response.nbr,
        seats: Vec::new(),
    }
}

/// Reads one element of `seatbid`, `None` when it holds more than `most` bids.
///
/// What is no object counts as one bid that is none.
fn seat(element: &RawValue, most: usize) -> Option<Seat<'_>> {
    let Ok(members) = serde_json::from_str::<Members<'_>>(element.get()) else {
        return (0 < most).then(|| with(vec![broken()], Seat::default()));
    };
    let list = members.get("bid");
    let bids = match list.map(elements) {
        None => Vec::new(),
        // The limit comes first: what is made of a bid is larger than its bytes.
        Some(list) if most < list.as_ref().map_or(1, Vec::len) => return None,
        Some(Some(list)) => list.into_iter().map(item).collect(),
        Some(None) => vec![broken()],
    };
    let deep = |(name, value): &(Cow<'_, str>, &RawValue)| {
        name != "bid" && MAX_DEPTH - SEAT_DEPTH < depth(value.get())
    };
    let none = serde_json::from_str::<&RawValue>("[]").expect("an empty list is JSON");
    let head = members.read_with::<SeatBid<'_>>(&["seat", "group"], Some(("bid", none)));
    let repeats = members.repeat(&["bid", "seat", "group"]);
    let seat = match head {
        Some(head) if !repeats && !members.0.iter().any(deep) => {
            Seat { name: head.seat, group: head.group == Some(true), ..Seat::default() }
        }
        Some(_) | None => Seat { defect: Some(LossReason::InvalidBid), ..Seat::default() },
    };
    Some(with(bids, seat))
}

/// Puts bids into a seat.
fn with<'a>(items: Vec<Item<'a>>, seat: Seat<'a>) -> Seat<'a> {
    let (bids, defects) = items.into_iter().unzip();
    Seat { bids, defects, ..seat }
}

/// Reads one element of `bid`.
fn item(element: &RawValue) -> Item<'_> {
    let Ok(members) = serde_json::from_str::<Members<'_>>(element.get()) else {
        return broken();
    };
    let sound = depth(element.get()) <= MAX_DEPTH - BID_DEPTH + 1
        && !members.repeat(BID)
        && !members.repeat(&["price"]);
    match members.read::<Bid<'_>>(BID).filter(|_| sound) {
        Some(mut bid) => {
            bid.price = members.get("price").and_then(number);
            (bid, None)
        }
        None => {
            let text = |name| members.get(name).and_then(text);
            let bid = Bid {
                id: text("id").unwrap_or_default(),
                impid: text("impid").unwrap_or_default(),
                lurl: text("lurl"),
                ..Bid::default()
            };
            (bid, Some(LossReason::InvalidBid))
        }
    }
}

/// Returns what stands for a bid of which nothing can be read.
fn broken<'a>() -> Item<'a> {
    (Bid::default(), Some(LossReason::InvalidBid))
}

/// Returns the elements of an array without its `null`s, or `None` when it is no array.
fn elements(list: &RawValue) -> Option<Vec<&RawValue>> {
    let mut list: Vec<&RawValue> = serde_json::from_str(list.get()).ok()?;
    list.retain(|element| element.get() != "null");
    Some(list)
}

/// Reads a price; never a string. What no double holds is none.
fn number(value: &RawValue) -> Option<f64> {
    let text = value.get();
    if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    // The standard reader, since it always finds the nearest double, as the fast reader does.
    let number: f64 = text.parse().ok()?;
    // The fast reader makes 0 of a negative zero.
    number.is_finite().then_some(if number == 0.0 { 0.0 } else { number })
}

/// Reads a text, or an integer as its digits.
fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let text = value.get();
    if text.starts_with('"') {
        return serde_json::from_str(text).ok().map(Cow::Owned);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    integer.then_some(Cow::Borrowed(text))
}

/// Returns how deep a JSON text nests arrays and objects.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// What could be read of one element of `bid`, and why it is not a bid, if so.
type Item<'a> = (Bid<'a>, Option<LossReason>);

/// How deep a member of a seatbid stands: the response, its list and the seatbid hold it.
const SEAT_DEPTH: usize = 3;

/// How deep a bid stands, itself included.
const BID_DEPTH: usize = 5;

/// What is read of a response besides its bids.
const HEAD: &[&str] = &["id", "bidid", "cur", "nbr"];

/// What is read of a bid besides its price; other members are not looked at.
const BID: &[&str] = &[
    "id",
    "impid",
    "nurl",
    "burl",
    "lurl",
    "adm",
    "adid",
    "adomain",
    "bundle",
    "iurl",
    "cid",
    "crid",
    "cattax",
    "cat",
    "attr",
    "apis",
    "api",
    "protocol",
    "language",
    "langb",
    "dealid",
    "w",
    "h",
    "exp",
    "dur",
    "mtype",
    "slotinpod",
];
