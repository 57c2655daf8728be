//! One auction as a person would tell it: who asked, who was asked, what was sold and why not more.
//!
//! The same account serves `audit explain`, as text and as JSON, and the trace of an OpenRTB
//! answer, so that they never disagree. It judges nothing: `auction` did. `text` lays it out.

use std::sync::Arc;

use serde::Serialize;

use crate::model::break_request::{BreakRequest, Door};
use crate::model::deal::Pricing;
use crate::model::insight::Insight;
use crate::model::outcome::{Outcome, Search, SecondCount};
use crate::model::plan::AuctionInput;
use crate::model::time::{Millis, UnixMillis};
use crate::wire::explain::bidders::Bidder;
use crate::wire::explain::pods::{Pod, Unfilled};
use crate::wire::json::timestamp;

pub mod bidders;
mod page;
pub mod pods;
pub mod text;

/// Who asked for what: as the request says, or its record.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// When its first byte arrived.
    pub at: UnixMillis,
    /// Which door it came through.
    pub door: Door,
    /// What the caller names it.
    pub request: Option<Arc<str>>,
    /// Who sells.
    pub publisher: Arc<str>,
    /// What is sold: the placement of the first imp.
    pub placement: Arc<str>,
    /// The break.
    pub ad_break: Arc<str>,
    /// The stream it interrupts.
    pub stream: Option<Arc<str>>,
    /// The whole break's real length.
    pub length: Millis,
    /// How much of it had passed.
    pub offset: Millis,
    /// Whether the auction is a test.
    pub test: bool,
    /// How long the placement lets bidders take.
    pub tmax: Millis,
    /// Id and placement of each imp, in the order of the plan's parts.
    pub imps: Vec<(Option<Arc<str>>, Arc<str>)>,
}

impl Asked {
    /// Returns what a request says.
    #[must_use]
    pub fn of(request: &BreakRequest) -> Self {
        let text = |text: &str| Arc::from(text);
        let ad_break = &request.ad_break;
        let imps = request.imps.iter();
        Self {
            at: request.arrived_at,
            door: request.door,
            request: request.request_id.clone(),
            publisher: text(request.publisher.id.as_str()),
            placement: text(request.placement.id.as_str()),
            ad_break: text(ad_break.id.as_str()),
            stream: ad_break.stream.as_ref().map(|stream| text(stream.as_str())),
            length: ad_break.length,
            offset: ad_break.offset,
            test: request.test,
            tmax: request.placement.tmax,
            imps: imps.map(|imp| (imp.id.clone(), text(imp.placement.id.as_str()))).collect(),
        }
    }

    /// Returns what the caller names the imp of a part; nothing when it named none.
    fn imp(&self, part: usize) -> Option<String> {
        self.imps.get(part).and_then(|(id, _)| id.as_deref()).map(str::to_owned)
    }

    fn placement(&self, part: usize) -> String {
        let own = self.imps.get(part).map(|(_, placement)| placement);
        own.unwrap_or(&self.placement).to_string()
    }
}

/// An auction, explained. Prices are decimal text, as people write them.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Its id.
    pub auction: String,
    /// When the request arrived, RFC 3339.
    pub time: String,
    /// `tag`, `native` or `openrtb`.
    pub door: &'static str,
    /// What the caller names its request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Who sells.
    pub publisher: String,
    /// What is sold.
    pub placement: String,
    /// The break.
    #[serde(rename = "break")]
    pub ad_break: String,
    /// The stream it interrupts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Real length of the whole break.
    pub length_ms: u64,
    /// How much of it had passed.
    pub offset_ms: u64,
    /// Whether it is never billed.
    pub test: bool,
    /// The currency of floors, clearing prices, earnings and fees.
    pub currency: String,
    /// How a winner pays that no deal says otherwise for.
    pub pricing: &'static str,
    /// The named fees.
    pub fees: Vec<Fee>,
    /// `exact` or `bounded`.
    pub search: &'static str,
    /// Why nothing was sold.
    pub no_fill: Option<&'static str>,
    /// The nominal seconds of all pods.
    pub seconds: Count,
    /// Unfilled seconds, pod by pod.
    pub unfilled: Vec<Unfilled>,
    /// The pods, in the order asked for.
    pub pods: Vec<Pod>,
    /// Every bidder, called or not, in the order of the replies.
    pub bidders: Vec<Bidder>,
}

/// A named share of each clearing price.
#[derive(Clone, Debug, Serialize)]
pub struct Fee {
    /// Its name on statements.
    pub name: String,
    /// Its share.
    pub percent: String,
}

/// Nominal seconds by what became of them.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Count {
    /// All of them.
    #[serde(rename = "break")]
    pub total: u32,
    /// Sold to bidders.
    pub sold: u32,
    /// Given to the publisher's own ads.
    pub house: u32,
    /// Neither.
    pub unfilled: u32,
}

/// Explains an auction.
///
/// # Panics
///
/// When the outcome is not one of this input.
#[must_use]
pub fn explain(
    asked: &Asked,
    input: &AuctionInput,
    outcome: &Outcome,
    insight: &Insight,
) -> Explanation {
    let case = Case { asked, input, outcome, insight };
    let (plan, terms) = (&input.plan, &input.plan.terms);
    let fees = terms.fees.fees().iter();
    Explanation {
        auction: input.draw.auction.to_string(),
        time: timestamp(asked.at),
        door: match asked.door {
            Door::Tag => "tag",
            Door::Native => "native",
            Door::OpenRtb => "openrtb",
        },
        request: asked.request.as_deref().map(str::to_owned),
        publisher: asked.publisher.to_string(),
        placement: asked.placement.to_string(),
        ad_break: asked.ad_break.to_string(),
        stream: asked.stream.as_deref().map(str::to_owned),
        length_ms: asked.length.0,
        offset_ms: asked.offset.0,
        test: asked.test,
        currency: terms.currency.to_string(),
        pricing: pricing_name(terms.pricing),
        fees: fees
            .map(|fee| Fee { name: fee.name.to_string(), percent: percent(fee.ppm) })
            .collect(),
        search: match outcome.search {
            Search::Exact => "exact",
            Search::Bounded => "bounded",
        },
        no_fill: outcome.no_fill.map(|reason| reason.name()),
        seconds: count(outcome.seconds),
        unfilled: outcome.unfilled.iter().map(|entry| case.unfilled(entry)).collect(),
        pods: (0..plan.pods.len()).map(|pod| case.pod(pod)).collect(),
        bidders: (0..input.replies.len()).map(|reply| case.bidder(reply)).collect(),
    }
}

/// All that is known of the auction that is explained.
#[derive(Clone, Copy)]
struct Case<'a> {
    asked: &'a Asked,
    input: &'a AuctionInput,
    outcome: &'a Outcome,
    insight: &'a Insight,
}

fn count(seconds: SecondCount) -> Count {
    Count {
        total: seconds.total.0,
        sold: seconds.sold.0,
        house: seconds.house.0,
        unfilled: seconds.unfilled.0,
    }
}

fn pricing_name(pricing: Pricing) -> &'static str {
    match pricing {
        Pricing::First => "first",
        Pricing::Second => "second",
        Pricing::Fixed => "fixed",
    }
}

/// Returns a share in millionths as a percentage: `15`, `12.5`.
fn percent(ppm: u32) -> String {
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
