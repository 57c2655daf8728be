//! The bids of one answer: good ones, unless the character's habit is to get lengths wrong.

use bytes::Bytes;
use openrtb::{
    imp::Imp,
    request::BidRequest,
    response::{Bid, BidResponse, SeatBid},
    video::Video,
};

use crate::{
    bidder::{
        markup::Filling,
        reply::Profile,
        serve::{BILLING_PATH, LOSS_PATH, WIN_PATH},
    },
    character::{Curve, Markup},
    draw::Draw,
};

/// What an imp lets this bidder bid.
struct Terms<'a> {
    imp: &'a str,
    /// The bidder's lengths that are allowed, in seconds; never empty.
    lengths: Vec<u32>,
    /// The bidder's wrong lengths that really are not allowed, in seconds.
    wrong_lengths: Vec<u32>,
    /// OpenRTB's number of the VAST version, and the version.
    protocol: (i32, &'static str),
    size: (i32, i32),
    floor: f64,
    floor_per_second: f64,
    /// Bids wanted.
    count: usize,
}

/// The length a bid states and the length its markup has, in seconds.
#[derive(Clone, Copy)]
struct Length {
    stated: u32,
    played: u32,
}

/// One of the bidder's creatives, whatever its length.
struct Creative<'a> {
    number: usize,
    advertiser: &'a str,
    seat: &'a str,
}

impl Profile {
    /// Returns the number of bids and the answer that holds them; nothing when there are none.
    pub(super) fn response(
        &self,
        request: &BidRequest<'_>,
        number: u64,
        draw: &mut Draw,
    ) -> Option<(u64, Bytes)> {
        let foreign = |cur: &Vec<_>| !cur.is_empty() && !cur.iter().any(|cur| cur == CURRENCY);
        if request.cur.as_ref().is_some_and(foreign) {
            return None;
        }
        let creatives = self.creatives(request);
        if creatives.is_empty() {
            return None;
        }
        let start = draw.below(creatives.len());
        let mut turn = creatives.iter().cycle().skip(start);
        let mut count = 0;
        let mut seats: Vec<SeatBid<'_>> = Vec::new();
        for terms in request.imp.iter().take(MAX_IMPS).filter_map(|imp| self.terms(imp)) {
            let start = draw.below(terms.lengths.len());
            let lengths = terms.lengths.iter().cycle().skip(start).take(terms.count);
            for (&right, creative) in lengths.zip(turn.by_ref()) {
                let length = self.length(&terms, right, draw);
                let Some(cents) = self.cents(&terms, length.stated, draw) else { continue };
                count += 1;
                let id = format!("{number:016x}-{count}");
                let bid = self.bid(&terms, creative, length, (id, cents));
                match seats.iter_mut().find(|seat| seat.seat.as_deref() == Some(creative.seat)) {
                    Some(seat) => seat.bid.push(bid),
                    None => seats.push(SeatBid {
                        bid: vec![bid],
                        seat: Some(creative.seat.into()),
                        ..SeatBid::default()
                    }),
                }
            }
        }
        let response = BidResponse {
            id: Some(request.id.clone()),
            bidid: Some(format!("{number:016x}").into()),
            cur: Some(CURRENCY.into()),
            seatbid: Some(seats),
            ..BidResponse::default()
        };
        let json = serde_json::to_vec(&response).expect("strings and numbers become JSON");
        (0 < count).then(|| (count, Bytes::from(json)))
    }

    /// Returns the creatives this request does not block.
    fn creatives(&self, request: &BidRequest<'_>) -> Vec<Creative<'_>> {
        let count = usize::try_from(self.character.creatives).unwrap_or(usize::MAX);
        let all = (0..count).map(|number| Creative {
            number,
            advertiser: &self.advertisers[number % self.advertisers.len()],
            seat: &self.seats[number % self.seats.len()],
        });
        let blocked = |creative: &Creative<'_>| {
            request.badv.iter().flatten().any(|block| lies_below(creative.advertiser, block))
        };
        let seated = |creative: &Creative<'_>| {
            let listed = |seats: &Vec<_>| seats.iter().any(|seat| seat == creative.seat);
            request.wseat.as_ref().is_none_or(|seats| seats.is_empty() || listed(seats))
                && !request.bseat.as_ref().is_some_and(listed)
        };
        all.filter(|creative| !blocked(creative) && seated(creative)).collect()
    }

    /// Returns what it can bid on an imp; nothing where it has no creative that fits.
    fn terms<'a>(&self, imp: &'a Imp<'_>) -> Option<Terms<'a>> {
        let video = imp.video.as_deref()?;
        if !video.mimes.is_empty() && !video.mimes.iter().any(|mime| mime == "video/mp4") {
            return None;
        }
        let protocols = video.protocols.as_deref().unwrap_or_default();
        let protocol = PROTOCOLS
            .into_iter()
            .find(|(protocol, _)| protocols.is_empty() || protocols.contains(protocol))?;
        let character = &self.character;
        let right = character.durations.iter().copied();
        let lengths: Vec<u32> = right.filter(|&length| allows(video, length)).collect();
        let wrong = character.wrong_durations.lengths.iter().copied();
        if lengths.is_empty() {
            return None;
        }
        let bids = usize::try_from(character.bids).unwrap_or(usize::MAX);
        Some(Terms {
            imp: &imp.id,
            lengths,
            wrong_lengths: wrong.filter(|&length| !allows(video, length)).collect(),
            protocol,
            size: (video.w.unwrap_or(1_920), video.h.unwrap_or(1_080)),
            floor: imp.bidfloor.unwrap_or(0.0),
            floor_per_second: video.mincpmpersec.unwrap_or(0.0),
            count: if video.is_dynamic() { bids } else { 1 },
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
    fn cents(&self, terms: &Terms<'_>, seconds: u32, draw: &mut Draw) -> Option<u32> {
        let price = self.character.price;
        let scaled = |cents: u32| {
            let by_length = u64::from(cents) * u64::from(seconds) / 30;
            if price.by_length { u32::try_from(by_length).unwrap_or(u32::MAX) } else { cents }
        };
        let (mut least, most) = (scaled(price.min.0).max(1), scaled(price.max.0).max(1));
        if self.character.heeds_floor {
            let floor = terms.floor.max(terms.floor_per_second * f64::from(seconds));
            least = least.max(cents_up(floor)?);
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
        creative: &Creative<'a>,
        length: Length,
        (id, cents): (String, u32),
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
        let burl = self.character.burl.then(|| notice(BILLING_PATH, "&p=${AUCTION_PRICE}"));
        Bid {
            impid: terms.imp.into(),
            price: Some(f64::from(cents) / 100.0),
            nurl: Some(win.into()),
            lurl: loss.map(Into::into),
            burl: burl.map(Into::into),
            adm: Some(adm.into()),
            adomain: Some(vec![creative.advertiser.into()]),
            crid: Some(crid.into()),
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

/// Returns whether a video takes an ad of this many seconds.
fn allows(video: &Video<'_>, seconds: u32) -> bool {
    let Ok(seconds) = i32::try_from(seconds) else { return false };
    let fits = video.poddur.is_none_or(|most| seconds <= most);
    let allowed = match video.rqddurs.as_deref() {
        Some(lengths) if !lengths.is_empty() => lengths.contains(&seconds),
        _ => {
            video.minduration.unwrap_or(0) <= seconds
                && video.maxduration.is_none_or(|most| seconds <= most)
        }
    };
    fits && allowed
}

/// Returns whether a domain is the block or lies below it.
fn lies_below(domain: &str, block: &str) -> bool {
    let head = domain.strip_suffix(block);
    head.is_some_and(|head| head.is_empty() || head.ends_with('.'))
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

/// The VAST versions it can write, best first, by their OpenRTB numbers.
const PROTOCOLS: [(i32, &str); 3] = [(13, "4.2"), (15, "4.3"), (11, "4.1")];

/// The only currency it bids in.
const CURRENCY: &str = "USD";

/// OpenRTB's number for video markup.
const VIDEO: i32 = 2;

/// By how many seconds a hidden wrong length is too long.
const HIDDEN_SECONDS: u32 = 2;
