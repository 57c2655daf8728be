//! The `${AUCTION_…}` macros of OpenRTB: one pass, escaped for where they stand.
//!
//! What is put in is never looked at again, so a value cannot smuggle in a macro. VAST macros
//! (`[ERRORCODE]`) are another layer and stay as they are.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::bid::{Bid, Reply};
use crate::model::ids::AuctionId;
use crate::model::money::{Cpm, Currency};
use crate::model::outcome::Win;
use crate::model::reason::LossReason;

/// The most macros one notice, or one markup, may hold.
pub const MAX_MACROS: usize = 64;

/// The most bytes that macros may add to one notice, or one markup.
pub const MAX_GROWTH: usize = 16 * 1024;

/// What the macros of one bid stand for; `None` is put in as nothing.
///
/// Lent from the bid, and written only where a macro asks: most texts hold none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Values<'a> {
    /// `AUCTION_ID`.
    pub auction: Option<AuctionId>,
    /// `AUCTION_BID_ID`: the response's own id, not the bid's.
    pub response: Option<Cow<'a, str>>,
    /// `AUCTION_IMP_ID`.
    pub imp: Option<Cow<'a, str>>,
    /// `AUCTION_SEAT_ID`.
    pub seat: Option<Cow<'a, str>>,
    /// `AUCTION_AD_ID`.
    pub ad: Option<Cow<'a, str>>,
    /// `AUCTION_PRICE`.
    pub price: Option<Cpm>,
    /// `AUCTION_CURRENCY`.
    pub currency: Option<Currency>,
    /// `AUCTION_MBR`: what is paid, as a share of what was bid.
    pub paid_share: Option<Cpm>,
    /// `AUCTION_DISCOUNT_PCT`: the negotiated discount, in millionths of the bid price.
    pub discount_ppm: Option<u32>,
    /// `AUCTION_DISCOUNT_CPM`: the same per mille.
    pub discount: Option<Cpm>,
    /// `AUCTION_LOSS`.
    pub loss: Option<i32>,
    /// `AUCTION_MIN_TO_WIN`.
    pub min_to_win: Option<Cpm>,
}

/// Where a value is put.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// Into a URL: percent-encoded outside `[A-Za-z0-9._~-]`.
    Url,
    /// Into other text: as it is; the XML writer escapes what it must.
    Text,
}

/// What may still be put into one notice, or one markup.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Budget {
    macros: usize,
    growth: usize,
}

/// A text holds more macros, or would grow by more, than is allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Excess;

impl<'a> Values<'a> {
    /// Returns what stands for a bid whatever became of it.
    #[must_use]
    pub fn of(auction: AuctionId, reply: &'a Reply, bid: &'a Bid) -> Self {
        Self {
            auction: Some(auction),
            response: reply.response_id.as_deref().map(Cow::Borrowed),
            imp: Some(bid.imp.as_str().into()),
            seat: bid.seat.as_ref().map(|seat| seat.as_str().into()),
            ad: bid.creative.ad_id.as_deref().map(Cow::Borrowed),
            currency: Some(bid.currency),
            ..Self::default()
        }
    }

    /// Adds what stands for a winner: all money in the currency of its bid.
    #[must_use]
    pub fn won(mut self, bid: &Bid, win: &Win) -> Self {
        self.price = Some(win.pay);
        self.loss = Some(0);
        self.paid_share = bid.price.as_ref().and_then(|price| share(win.pay, price.cpm));
        self.min_to_win = win.min_to_win;
        self.discount_ppm = win.discount.map(|discount| discount.ppm);
        self.discount = win.discount.map(|discount| discount.off);
        self
    }

    /// Adds what stands for a loser: why, and what would have tied where price was the reason.
    ///
    /// Its `AUCTION_PRICE` stays empty: nobody paid it anything to know.
    #[must_use]
    pub fn lost(mut self, reason: LossReason, min_to_win: Option<Cpm>) -> Self {
        self.loss = Some(reason.loss_code().into());
        self.min_to_win = min_to_win;
        self
    }

    /// Returns the same with texts of its own.
    #[must_use]
    pub fn into_owned(self) -> Values<'static> {
        let own = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Values {
            auction: self.auction,
            response: own(self.response),
            imp: own(self.imp),
            seat: own(self.seat),
            ad: own(self.ad),
            price: self.price,
            currency: self.currency,
            paid_share: self.paid_share,
            discount_ppm: self.discount_ppm,
            discount: self.discount,
            loss: self.loss,
            min_to_win: self.min_to_win,
        }
    }

    /// Empties all that tells a price (decision 36).
    pub fn hide_prices(&mut self) {
        self.price = None;
        self.paid_share = None;
        self.min_to_win = None;
        self.discount_ppm = None;
        self.discount = None;
    }

    /// Returns the value of a macro: `None` when there is no such macro.
    fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        fn money(amount: Option<Cpm>) -> Option<Cow<'static, str>> {
            amount.map(|amount| amount.to_string().into())
        }
        let value = match name {
            "AUCTION_ID" => self.auction.map(|auction| auction.to_string().into()),
            "AUCTION_BID_ID" => self.response.as_deref().map(Cow::Borrowed),
            "AUCTION_IMP_ID" => self.imp.as_deref().map(Cow::Borrowed),
            "AUCTION_SEAT_ID" => self.seat.as_deref().map(Cow::Borrowed),
            "AUCTION_AD_ID" => self.ad.as_deref().map(Cow::Borrowed),
            "AUCTION_PRICE" => money(self.price),
            "AUCTION_CURRENCY" => self.currency.map(|code| code.as_str().to_owned().into()),
            "AUCTION_MBR" => money(self.paid_share),
            "AUCTION_LOSS" => self.loss.map(|code| code.to_string().into()),
            MIN_TO_WIN => money(self.min_to_win),
            "AUCTION_DISCOUNT_PCT" => self.discount_ppm.map(|ppm| percent(ppm).into()),
            "AUCTION_DISCOUNT_CPM" => money(self.discount),
            "AUCTION_MULTIPLIER" | "AUCTION_IMP_TS" => None,
            _ => return None,
        };
        Some(value.unwrap_or_default())
    }
}

impl Budget {
    /// Returns the budget of one notice, or one markup.
    #[must_use]
    pub fn full() -> Self {
        Self { macros: MAX_MACROS, growth: MAX_GROWTH }
    }
}

/// Puts values in, left to right, never looking at what was put in.
///
/// A known name without a value, and a known name with a suffix (`${AUCTION_PRICE:B64}`: no suffix
/// is agreed with anyone), become nothing; an unknown or unterminated one stays as it is.
///
/// # Errors
///
/// `Excess` when the budget is used up.
pub fn substitute<'t>(
    text: &'t str,
    values: &Values<'_>,
    place: Place,
    budget: &mut Budget,
) -> Result<Cow<'t, str>, Excess> {
    // Most texts hold no dollar at all: a fold without an early end, since the compiler makes wide
    // instructions of it, and most texts are too short for a call of `memchr`.
    if !text.bytes().fold(false, |found, byte| found | (byte == b'$')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::new();
    let mut done = 0;
    for (from, to, name) in found(text) {
        let (name, suffix) = match name.split_once(':') {
            Some((name, _)) => (name, true),
            None => (name, false),
        };
        let Some(value) = values.value(name) else { continue };
        budget.macros = budget.macros.checked_sub(1).ok_or(Excess)?;
        let value = match place {
            _ if suffix => Cow::Borrowed(""),
            Place::Url => utf8_percent_encode(&value, RESERVED).to_string().into(),
            Place::Text => value,
        };
        let growth = value.len().saturating_sub(to - from);
        budget.growth = budget.growth.checked_sub(growth).ok_or(Excess)?;
        out.push_str(&text[done..from]);
        out.push_str(&value);
        done = to;
    }
    if done == 0 {
        return Ok(Cow::Borrowed(text));
    }
    out.push_str(&text[done..]);
    Ok(Cow::Owned(out))
}

/// Returns how many macros a text holds, known ones only.
#[must_use]
pub fn count(text: &str) -> usize {
    let nothing = Values::default();
    let known = |name: &str| name.split(':').next().and_then(|name| nothing.value(name)).is_some();
    found(text).filter(|(_, _, name)| known(name)).count()
}

/// Says whether a text asks what it would have taken to win.
#[must_use]
pub fn asks_min_to_win(text: &str) -> bool {
    found(text).any(|(_, _, name)| name == MIN_TO_WIN)
}

/// Finds what looks like a macro: start, end, and what stands between the braces.
fn found(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = loop {
            // Most texts hold no dollar at all, and this is asked of every text of a document.
            at += memchr::memchr(b'$', text.as_bytes().get(at..)?)? + 1;
            if text[at..].starts_with('{') {
                break at - 1;
            }
        };
        let inside = from + 2;
        // A name is short; one that opens anew before it closes was never one.
        let length = text[inside..].find(['}', '$']);
        match length {
            Some(length) if text[inside + length..].starts_with('}') => {
                at = inside + length + 1;
                Some((from, at, &text[inside..inside + length]))
            }
            Some(length) => {
                at = inside + length;
                Some((from, at, ""))
            }
            None => None,
        }
    })
}

/// Returns `part / whole` rounded down to six places.
fn share(part: Cpm, whole: Cpm) -> Option<Cpm> {
    let millionths = i128::from(part.micros()) * 1_000_000;
    let ratio = millionths.checked_div(i128::from(whole.micros()))?;
    Cpm::from_micros(i64::try_from(ratio).ok()?)
}

/// Returns a share in millionths as a percentage: `20`, `12.5`.
fn percent(ppm: u32) -> String {
    // A millionth is the ten-thousandth part of a percent: six places hold it.
    let micros = i64::from(ppm) * 100;
    Cpm::from_micros(micros).expect("a share is not negative").to_string()
}

/// The macro whose value costs a search of its own.
const MIN_TO_WIN: &str = "AUCTION_MIN_TO_WIN";

/// All that is not unreserved in a URL (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'~').remove(b'-');

#[cfg(test)]
mod tests;
