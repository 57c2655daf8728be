//! Sections `ops` and `user`: changing state as it was read, and the erasable facts of a viewer.

use std::borrow::Cow;

use crate::model::ids::BidderId;
use crate::model::passthrough::ViewerFacts;
use crate::model::plan::{AuctionInput, Chosen};
use crate::model::reason::CallReason;
use crate::model::standing::{BidderStanding, Brownout, Health, Quota, Standing};
use crate::wire::record::json::Json;
use crate::wire::record::scan::Scan;

/// What the record keeps of one auction besides its input and outcome.
#[derive(Clone, Copy, Debug)]
pub struct Ops<'a> {
    /// The standing of the bidders, as `select` read it.
    pub standing: &'a Standing,
    /// Names of stages and the microseconds each took, in order.
    pub stages: &'a [(&'a str, u64)],
}

/// What a replay reads of section `ops`.
#[derive(Debug)]
pub(super) struct OpsForm<'a> {
    /// Who was asked, as indexes into `offers`; none: all that were not skipped.
    asked: Option<Vec<usize>>,
    /// Who was offered the break, in the market's order.
    pub(super) offers: Vec<Cow<'a, str>>,
    /// Who the replies are of, in their order; none: the asked, the skipped, the unoffered.
    replies: Option<Vec<Cow<'a, str>>>,
    /// Indexes into `offers` and why each was not asked.
    skipped: Vec<(usize, CallReason)>,
    /// Who could not be offered the break, and why.
    unoffered: Vec<(Cow<'a, str>, CallReason)>,
}

/// Writes section `ops`.
pub(super) fn write(json: &mut Json<'_>, ops: &Ops<'_>, input: &AuctionInput) {
    let (plan, chosen, standing) = (&input.plan, &input.chosen, ops.standing);
    json.section(|json| {
        if !chosen.asked.iter().copied().eq(not_skipped(plan.offers.len(), &chosen.skipped)) {
            json.key(key!("asked")).list(&chosen.asked, |json, index| json.count(*index));
        }
        if standing.brownout != Brownout::All {
            json.key(key!("brownout")).text(standing.brownout.name());
        }
        // Bidders without quota when the auction read it; all others had some.
        those(json, key!("exhausted"), standing, |it| it.quota == Quota::Exhausted);
        those(json, key!("explored"), standing, |it| it.explored);
        json.some(key!("offers"), &plan.offers, |json, it| json.text(it.bidder.id.as_str()));
        those(json, key!("open"), standing, |it| it.health == Health::Open);
        if !input.replies.iter().map(|reply| &reply.bidder).eq(usual_order(input)) {
            json.key(key!("replies"))
                .list(&input.replies, |json, reply| json.text(reply.bidder.as_str()));
        }
        json.some(key!("skipped"), &chosen.skipped, |json, (index, why)| {
            json.pair(|json| {
                json.count(*index);
                json.text(why.name());
            });
        });
        json.some(key!("stages"), ops.stages, |json, (name, us)| {
            json.pair(|json| {
                json.text(name);
                json.decimal(*us);
            });
        });
        those(json, key!("throttled"), standing, |it| it.health == Health::Throttled);
        json.some(key!("unoffered"), &plan.skipped, |json, (bidder, why)| {
            json.pair(|json| {
                json.text(bidder.as_str());
                json.text(why.name());
            });
        });
        let worth = standing.bidders.iter().filter(|it| 0 < it.value && tells_values(standing));
        let mut worth = worth.peekable();
        if worth.peek().is_some() {
            json.key(key!("values")).list(worth, |json, it| {
                json.pair(|json| {
                    json.text(it.bidder.as_str());
                    json.decimal(it.value);
                });
            });
        }
    });
}

/// Writes the ids of bidders whose standing is not the usual, where there are any.
fn those(
    json: &mut Json<'_>,
    key: &'static str,
    standing: &Standing,
    is: impl Fn(&BidderStanding) -> bool,
) {
    let mut those = standing.bidders.iter().filter(|it| is(it)).peekable();
    if those.peek().is_some() {
        json.key(key).list(those, |json, it| json.text(it.bidder.as_str()));
    }
}

/// Says whether what calls are worth is told: where fewer were asked than could have answered.
fn tells_values(standing: &Standing) -> bool {
    let contended = |it: &BidderStanding| it.quota == Quota::Exhausted;
    standing.brownout != Brownout::All || standing.bidders.iter().any(contended)
}

/// Writes section `user`.
pub(super) fn write_user(json: &mut Json<'_>, viewer: &ViewerFacts) {
    json.section(|json| {
        json.maybe(key!("coppa"), viewer.coppa, Json::flag);
        json.maybe(key!("country"), viewer.country.as_deref(), Json::text);
        json.maybe(key!("device_type"), viewer.device_type, Json::number);
        json.maybe(key!("gdpr"), viewer.gdpr, Json::flag);
        json.maybe(key!("gpc"), viewer.gpc, Json::flag);
        json.maybe(key!("lmt"), viewer.lmt, Json::flag);
        json.maybe(key!("network"), viewer.network.as_deref(), Json::text);
        json.maybe(key!("us_opt_out"), viewer.us_opt_out, Json::flag);
    });
}

/// Reads section `ops`; none when it is not as it should be.
pub(super) fn read(bytes: &[u8]) -> Option<OpsForm<'_>> {
    Scan::section(bytes, |scan| {
        let index =
            |scan: &mut Scan<'_>| scan.number().and_then(|it: i64| usize::try_from(it).ok());
        let asked = scan.may(key!("asked"), |scan| scan.list(index))?;
        scan.may(key!("brownout"), |scan| Brownout::from_name(&scan.text()?))?;
        let id = |scan: &mut Scan<'_>| scan.text().map(drop);
        scan.some(key!("exhausted"), id)?;
        scan.some(key!("explored"), id)?;
        let offers = scan.some(key!("offers"), Scan::text)?;
        scan.some(key!("open"), id)?;
        let replies = scan.may(key!("replies"), |scan| scan.list(Scan::text))?;
        let skipped = scan.some(key!("skipped"), |scan| scan.pair(index, call_reason))?;
        scan.some(key!("stages"), |scan| scan.pair(Scan::text, Scan::decimal).map(drop))?;
        scan.some(key!("throttled"), id)?;
        let unoffered = scan.some(key!("unoffered"), |scan| scan.pair(Scan::text, call_reason))?;
        scan.some(key!("values"), |scan| scan.pair(Scan::text, Scan::decimal).map(drop))?;
        Some(OpsForm { asked, offers, replies, skipped, unoffered })
    })
}

impl<'a> OpsForm<'a> {
    /// Returns who was asked; none when an index names no offer.
    pub(super) fn chosen(&self) -> Option<Chosen> {
        let offers = self.offers.len();
        let asked = match &self.asked {
            Some(asked) => asked.clone(),
            None => not_skipped(offers, &self.skipped).collect(),
        };
        let mut indexes = asked.iter().chain(self.skipped.iter().map(|(index, _)| index));
        let known = indexes.all(|index| *index < offers);
        known.then(|| Chosen { asked, skipped: self.skipped.clone() })
    }

    /// Returns who the replies are of, in their order; `chosen` is its own.
    pub(super) fn replies(&self, chosen: &Chosen) -> Vec<&str> {
        if let Some(replies) = &self.replies {
            return replies.iter().map(|id| &**id).collect();
        }
        let offered = chosen.asked.iter().chain(chosen.skipped.iter().map(|(index, _)| index));
        let offered = offered.map(|index| &*self.offers[*index]);
        offered.chain(self.unoffered.iter().map(|(id, _)| &**id)).collect()
    }

    /// Returns who could not be offered the break, and why.
    pub(super) fn unoffered(&self) -> Vec<(BidderId, CallReason)> {
        self.unoffered.iter().map(|(id, why)| (BidderId::new(&**id), *why)).collect()
    }
}

/// Returns the offers that are not skipped, which as a rule are asked.
fn not_skipped(offers: usize, skipped: &[(usize, CallReason)]) -> impl Iterator<Item = usize> {
    // They are skipped in ascending order; one that is not counts as asked, here as at writing.
    let mut skipped = skipped.iter().map(|(index, _)| *index).peekable();
    (0..offers).filter(move |index| skipped.next_if_eq(index).is_none())
}

/// Returns whose replies come in which order as a rule.
fn usual_order(input: &AuctionInput) -> impl Iterator<Item = &BidderId> {
    let chosen = &input.chosen;
    let offered = chosen.asked.iter().chain(chosen.skipped.iter().map(|(index, _)| index));
    let offered = offered.map(|index| &input.plan.offers[*index].bidder.id);
    offered.chain(input.plan.skipped.iter().map(|(bidder, _)| bidder))
}

/// Reads the name of a reason.
fn call_reason(scan: &mut Scan<'_>) -> Option<CallReason> {
    scan.text().and_then(|name| CallReason::from_name(&name))
}
