//! The bids of one answer: good ones, unless the character's habit is to get lengths wrong.
//!
//! Every bid of an answer has a creative of its own, unless the character repeats some.

use bytes::Bytes;
use openrtb::{
    request::BidRequest,
    response::{Bid, BidResponse, SeatBid},
};

use crate::{
    bidder::{
        markup::Filling,
        reply::{
            Profile,
            terms::{DealTerms, Floor, Terms, lies_below},
        },
        serve::{BILLING_PATH, LOSS_PATH, WIN_PATH},
    },
    character::{Curve, Markup, Share},
    draw::Draw,
};

/// The length a bid states and the length its markup has, in seconds.
#[derive(Clone, Copy)]
struct Length {
    stated: u32,
    played: u32,
}

/// One of the bidder's creatives, whatever its length.
#[derive(Clone, Copy)]
struct Creative<'a> {
    number: usize,
    advertiser: &'a str,
    category: Option<&'a str>,
    seat: &'a str,
}

/// What a bid offers: so many hundredths, under a deal or not.
struct Offer<'a> {
    cents: u32,
    deal: Option<&'a str>,
}

impl Profile {
    /// Returns the number of bids and the answer that holds them; nothing when there are none.
    pub(super) fn response(
        &self,
        request: &BidRequest<'_>,
        number: u64,
        draw: &mut Draw,
    ) -> Option<(u64, Bytes)> {
        let currency = currency(request)?;
        let creatives = self.creatives(request);
        if creatives.is_empty() {
            return None;
        }
        let start = draw.below(creatives.len());
        let mut turn = self.turn(&creatives, start);
        let mut last = None;
        let mut count = 0;
        let mut seats: Vec<SeatBid<'_>> = Vec::new();
        let imps = request.imp.iter().take(MAX_IMPS);
        for terms in imps.filter_map(|imp| Terms::of(&self.character, imp, currency)) {
            let start = draw.below(terms.lengths.len());
            let lengths = terms.lengths.iter().cycle().skip(start).take(terms.count);
            let mut owed: Vec<_> = terms.deals.iter().filter(|deal| deal.owed).collect();
            for (&right, fresh) in lengths.zip(turn.by_ref()) {
                let creative = last.filter(|_| self.repeats(draw)).unwrap_or(fresh);
                last = Some(creative);
                let length = self.length(&terms, right, draw);
                let deal = self.deal(&terms, creative, &mut owed, draw);
                let offer = self.offer(&terms, deal, length.stated, draw);
                let Some(offer) = offer else { continue };
                count += 1;
                let id = format!("{number:016x}-{count}");
                let bid = self.bid(&terms, creative, length, (id, offer));
                push(&mut seats, creative.seat, bid);
            }
        }
        let response = BidResponse {
            id: Some(request.id.clone()),
            bidid: Some(format!("{number:016x}").into()),
            cur: Some(currency.into()),
            seatbid: Some(seats),
            ..BidResponse::default()
        };
        let json = serde_json::to_vec(&response).expect("strings and numbers become JSON");
        (0 < count).then(|| (count, Bytes::from(json)))
    }

    /// Returns the creatives this request does not block.
    fn creatives(&self, request: &BidRequest<'_>) -> Vec<Creative<'_>> {
        let count = usize::try_from(self.character.creatives).unwrap_or(usize::MAX);
        let all = (0..count).map(|number| {
            let advertiser = number % self.advertisers.len();
            let categories = &self.character.categories;
            Creative {
                number,
                advertiser: &self.advertisers[advertiser],
                category: categories.get(advertiser % categories.len().max(1)).map(|it| &**it),
                seat: &self.seats[number % self.seats.len()],
            }
        });
        let blocked = |creative: &Creative<'_>| {
            request.badv.iter().flatten().any(|block| lies_below(creative.advertiser, block))
        };
        let seated = |creative: &Creative<'_>| {
            let listed = |seats: &Vec<_>| seats.iter().any(|seat| seat == creative.seat);
            request.wseat.as_ref().is_none_or(|seats| seats.is_empty() || listed(seats))
                && !request.bseat.as_ref().is_some_and(listed)
        };
        // In the words of another taxonomy it cannot tell; the exchange will.
        let same_words = request.cattax.unwrap_or(1) == CATEGORIES;
        let welcome = |creative: &Creative<'_>| {
            let listed =
                |list: &Vec<_>| creative.category.is_some_and(|it| list.iter().any(|l| l == it));
            let allowed = request.acat.as_ref().is_none_or(|list| list.is_empty() || listed(list));
            !same_words || (allowed && !request.bcat.as_ref().is_some_and(listed))
        };
        all.filter(|it| !blocked(it) && seated(it) && welcome(it)).collect()
    }

    /// Returns creatives in turn for ever; from the second round on they are others of theirs.
    fn turn<'a>(
        &self,
        creatives: &'a [Creative<'a>],
        start: usize,
    ) -> impl Iterator<Item = Creative<'a>> {
        let all = usize::try_from(self.character.creatives).unwrap_or(usize::MAX);
        (start..).map(move |place| {
            let creative = creatives[place % creatives.len()];
            // Rounds are counted from the start, so that the first has every creative as it is.
            let round = (place - start) / creatives.len();
            Creative { number: creative.number + round * all, ..creative }
        })
    }

    /// Draws whether a bid repeats the creative before it; who never repeats draws nothing.
    fn repeats(&self, draw: &mut Draw) -> bool {
        let share = self.character.repeats;
        share != Share::NEVER && draw.unit() < share.get()
    }

    /// Draws the deal of a bid, of those this creative may use: first those that are owed a bid.
    fn deal<'t, 'a>(
        &self,
        terms: &'t Terms<'a>,
        creative: Creative<'_>,
        owed: &mut Vec<&'t DealTerms<'a>>,
        draw: &mut Draw,
    ) -> Option<&'t DealTerms<'a>> {
        let takes = |deal: &DealTerms<'_>| deal.takes(creative.seat, creative.advertiser);
        if let Some(place) = owed.iter().position(|deal| takes(deal)) {
            return Some(owed.remove(place));
        }
        let open: Vec<_> = terms.deals.iter().filter(|deal| takes(deal)).collect();
        // Who is offered no deals draws nothing.
        let wanted =
            !open.is_empty() && (terms.private || draw.unit() < self.character.deals.get());
        wanted.then(|| open[draw.below(open.len())])
    }

    /// Returns what it bids: under the deal, else openly where that is allowed.
    fn offer<'a>(
        &self,
        terms: &Terms<'a>,
        deal: Option<&DealTerms<'a>>,
        seconds: u32,
        draw: &mut Draw,
    ) -> Option<Offer<'a>> {
        let under = deal.and_then(|deal| {
            let cents = if deal.agreed {
                cents_up(deal.floor.at(seconds)).map(|cents| cents.max(1))
            } else {
                self.cents(&deal.floor, seconds, draw)
            };
            cents.map(|cents| Offer { cents, deal: Some(deal.id) })
        });
        under.or_else(|| {
            let cents = if terms.private { None } else { self.cents(&terms.floor, seconds, draw) };
            cents.map(|cents| Offer { cents, deal: None })
        })
    }

    /// Returns the right length, or a wrong one.
    fn length(&self, terms: &Terms<'_>, right: u32, draw: &mut Draw) -> Length {
        let wrong = &self.character.wrong_durations;
        if wrong.share.get() <= draw.unit() {
            return Length { stated: right, played: right };
        }
        // Half the wrong bids state a length nobody asked for, the others hide one.
        if !terms.wrong_lengths.is_empty() && draw.below(2) == 0 {
            let stated = terms.wrong_lengths[draw.below(terms.wrong_lengths.len())];
            return Length { stated, played: stated };
        }
        Length { stated: right, played: right + HIDDEN_SECONDS }
    }

    /// Returns a price in hundredths; nothing when the floor is above all it would pay.
    fn cents(&self, floor: &Floor<'_>, seconds: u32, draw: &mut Draw) -> Option<u32> {
        let price = self.character.price;
        let scaled = |cents: u32| {
            let by_length = u64::from(cents) * u64::from(seconds) / 30;
            if price.by_length { u32::try_from(by_length).unwrap_or(u32::MAX) } else { cents }
        };
        let (mut least, most) = (scaled(price.min.0).max(1), scaled(price.max.0).max(1));
        if self.character.heeds_floor {
            least = least.max(cents_up(floor.at(seconds))?);
        }
        if most < least {
            return None;
        }
        let (one, other) = (draw.between(least, most), draw.between(least, most));
        Some(match price.curve {
            Curve::Flat => one,
            Curve::Low => one.min(other),
            Curve::High => one.max(other),
        })
    }

    fn bid<'a>(
        &'a self,
        terms: &Terms<'a>,
        creative: Creative<'a>,
        length: Length,
        (id, offer): (String, Offer<'a>),
    ) -> Bid<'a> {
        let crid = format!("{}-c{}-{}s", self.character.id, creative.number, length.played);
        let adm = self.template.fill(&Filling {
            version: terms.protocol.1,
            bid: &id,
            creative: &crid,
            advertiser: creative.advertiser,
            seconds: length.played,
        });
        let notice = |path: &str, macros: &str| format!("{}{path}?b={id}{macros}", self.base);
        let full = self.character.markup == Markup::Full;
        let (win, loss) = if full {
            let loss = notice(LOSS_PATH, "&r=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}");
            (notice(WIN_PATH, "&p=${AUCTION_PRICE}&m=${AUCTION_MIN_TO_WIN}"), Some(loss))
        } else {
            (notice(WIN_PATH, "&p=${AUCTION_PRICE}"), None)
        };
        let notices = self.character.notices;
        let burl = self.character.burl.then(|| notice(BILLING_PATH, "&p=${AUCTION_PRICE}"));
        Bid {
            impid: terms.imp.into(),
            price: Some(f64::from(offer.cents) / 100.0),
            nurl: notices.then(|| win.into()),
            lurl: loss.filter(|_| notices).map(Into::into),
            burl: burl.filter(|_| notices).map(Into::into),
            adm: Some(adm.into()),
            adomain: Some(vec![creative.advertiser.into()]),
            crid: Some(crid.into()),
            cattax: creative.category.map(|_| CATEGORIES),
            cat: creative.category.map(|category| vec![category.into()]),
            dealid: offer.deal.map(Into::into),
            protocol: Some(terms.protocol.0),
            w: full.then_some(terms.size.0),
            h: full.then_some(terms.size.1),
            dur: i32::try_from(length.stated).ok(),
            mtype: Some(VIDEO),
            id: id.into(),
            ..Bid::default()
        }
    }
}

/// Puts a bid under its seat.
fn push<'a>(seats: &mut Vec<SeatBid<'a>>, name: &'a str, bid: Bid<'a>) {
    if let Some(seat) = seats.iter_mut().find(|seat| seat.seat.as_deref() == Some(name)) {
        seat.bid.push(bid);
    } else {
        seats.push(SeatBid { bid: vec![bid], seat: Some(name.into()), ..SeatBid::default() });
    }
}

/// Returns the currency it bids in: the first that the request takes, dollars where it names none.
fn currency<'a>(request: &'a BidRequest<'_>) -> Option<&'a str> {
    let first = request.cur.as_ref().and_then(|cur| cur.first());
    let currency = first.map_or("USD", |cur| cur);
    let plain = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    plain.then_some(currency)
}

/// Returns a price in hundredths, rounded up; nothing when it is not a price anyone pays.
fn cents_up(price: f64) -> Option<u32> {
    let cents = (price * 100.0 - 1e-6).ceil().max(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and between 0 and 100,000,000"
    )]
    (cents <= 100_000_000.0).then_some(cents as u32)
}

/// The most imps it looks at: an answer must not outgrow memory, whatever the request.
const MAX_IMPS: usize = 64;

/// OpenRTB's number for the taxonomy of its categories, Ad Product 2.0.
const CATEGORIES: i32 = 8;

/// OpenRTB's number for video markup.
const VIDEO: i32 = 2;

/// By how many seconds a hidden wrong length is too long.
const HIDDEN_SECONDS: u32 = 2;
