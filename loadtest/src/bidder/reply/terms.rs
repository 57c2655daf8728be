//! What an imp lets a bidder bid: lengths, formats, floors and deals, as the bidder reads them.

use openrtb::{
    deal::{Deal, DurFloors},
    imp::Imp,
    video::Video,
};

use crate::character::Character;

/// What an imp lets this bidder bid.
pub(super) struct Terms<'a> {
    pub(super) imp: &'a str,
    /// The bidder's lengths that are allowed, in seconds; never empty.
    pub(super) lengths: Vec<u32>,
    /// The bidder's wrong lengths that really are not allowed, in seconds.
    pub(super) wrong_lengths: Vec<u32>,
    /// OpenRTB's number of the VAST version, and the version.
    pub(super) protocol: (i32, &'static str),
    pub(super) size: (i32, i32),
    /// What a bid without a deal must reach.
    pub(super) floor: Floor<'a>,
    /// The deals it can compare its prices with.
    pub(super) deals: Vec<DealTerms<'a>>,
    /// Whether only bids under a deal are taken.
    pub(super) private: bool,
    /// Bids wanted.
    pub(super) count: usize,
}

/// A deal that the imp offers.
pub(super) struct DealTerms<'a> {
    pub(super) id: &'a str,
    /// Its own floor, or that of the imp.
    pub(super) floor: Floor<'a>,
    /// Whether its floor is the price, whatever is bid.
    pub(super) agreed: bool,
    /// Whether a bid is owed.
    pub(super) owed: bool,
    deal: &'a Deal<'a>,
}

/// The least price by length, CPM in the currency of the bids.
#[derive(Clone, Copy)]
pub(super) struct Floor<'a> {
    flat: f64,
    per_second: f64,
    by_length: &'a [DurFloors<'a>],
}

impl<'a> Terms<'a> {
    /// Reads an imp; nothing where the bidder has no creative that fits, or cannot tell the price.
    pub(super) fn of(character: &Character, imp: &'a Imp<'a>, currency: &str) -> Option<Self> {
        let video = imp.video.as_deref()?;
        if !video.mimes.is_empty() && !video.mimes.iter().any(|mime| mime == "video/mp4") {
            return None;
        }
        let protocols = video.protocols.as_deref().unwrap_or_default();
        let protocol = PROTOCOLS
            .into_iter()
            .find(|(protocol, _)| protocols.is_empty() || protocols.contains(protocol))?;
        let right = character.durations.iter().copied();
        let lengths: Vec<u32> = right.filter(|&length| allows(video, length)).collect();
        let wrong = character.wrong_durations.lengths.iter().copied();
        if lengths.is_empty() || imp.currency() != currency {
            return None;
        }
        let floor = Floor {
            flat: imp.bidfloor.unwrap_or(0.0),
            per_second: video.mincpmpersec.unwrap_or(0.0),
            by_length: video.durfloors.as_deref().unwrap_or_default(),
        };
        let listed = imp.pmp.iter().flat_map(|pmp| pmp.deals.iter().flatten()).take(MAX_DEALS);
        let deals = listed.filter_map(|deal| DealTerms::of(deal, floor, currency));
        let bids = usize::try_from(character.bids).unwrap_or(usize::MAX);
        Some(Self {
            imp: &imp.id,
            lengths,
            wrong_lengths: wrong.filter(|&length| !allows(video, length)).collect(),
            protocol,
            size: (video.w.unwrap_or(1_920), video.h.unwrap_or(1_080)),
            floor,
            deals: deals.collect(),
            private: imp.pmp.as_ref().is_some_and(|pmp| pmp.private_auction == Some(true)),
            count: if video.is_dynamic() { bids } else { 1 },
        })
    }
}

impl<'a> DealTerms<'a> {
    /// Reads a deal; nothing where its floor is in a currency that the bids are not in.
    fn of(deal: &'a Deal<'a>, imp: Floor<'a>, currency: &str) -> Option<Self> {
        let by_length = deal.durfloors.as_deref().unwrap_or_default();
        let own = deal.bidfloor.is_some() || deal.mincpmpersec.is_some() || !by_length.is_empty();
        let floor = if own {
            // Outside its ranges of lengths the floor of the imp holds.
            let flat = if by_length.is_empty() { 0.0 } else { imp.flat };
            let flat = deal.bidfloor.unwrap_or(flat);
            Floor { flat, per_second: deal.mincpmpersec.unwrap_or(0.0), by_length }
        } else {
            imp
        };
        (!own || deal.currency() == currency).then(|| Self {
            id: &deal.id,
            floor,
            agreed: deal.at == Some(AGREED),
            owed: deal.guar == Some(1),
            deal,
        })
    }

    /// Returns whether this seat may bid under it for this advertiser.
    pub(super) fn takes(&self, seat: &str, advertiser: &str) -> bool {
        let seats = self.deal.wseat.as_deref().unwrap_or_default();
        let domains = self.deal.wadomain.as_deref().unwrap_or_default();
        (seats.is_empty() || seats.iter().any(|it| it == seat))
            && (domains.is_empty() || domains.iter().any(|it| lies_below(advertiser, it)))
    }
}

impl Floor<'_> {
    /// Returns the least price of an ad of this length: by its range, else flat or by the second.
    pub(super) fn at(&self, seconds: u32) -> f64 {
        let length = i32::try_from(seconds).unwrap_or(i32::MAX);
        let holding = self.by_length.iter().filter(|range| {
            range.mindur.is_none_or(|least| least <= length)
                && range.maxdur.is_none_or(|most| length <= most)
        });
        // Where ranges overlap only the highest is safe.
        let highest = holding.map(|range| range.bidfloor.unwrap_or(0.0)).reduce(f64::max);
        highest.unwrap_or_else(|| self.flat.max(self.per_second * f64::from(seconds)))
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

/// Returns whether a domain is the entry or lies below it.
pub(super) fn lies_below(domain: &str, entry: &str) -> bool {
    let head = domain.strip_suffix(entry);
    head.is_some_and(|head| head.is_empty() || head.ends_with('.'))
}

/// The VAST versions it can write, best first, by their OpenRTB numbers.
const PROTOCOLS: [(i32, &str); 3] = [(13, "4.2"), (15, "4.3"), (11, "4.1")];

/// The most deals of an imp it looks at.
const MAX_DEALS: usize = 64;

/// OpenRTB's number for a deal whose floor is the price.
const AGREED: i32 = 3;
