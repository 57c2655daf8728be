//! House ads of a finished sale: the publisher's own, without bidder, price or beacon of ours.

use std::sync::Arc;

use crate::model::break_request::BreakRequest;
use crate::model::outcome::HousePlay;
use crate::model::plan::Plan;
use crate::model::time::{Millis, Seconds};
use crate::wire::vast::shown::Shown;
use crate::wire::vast::write::house::{Names, inline};
use crate::wire::vast::write::{Media, Tracker};

/// One house ad of a finished sale.
#[derive(Clone, Debug, PartialEq)]
pub struct SoldHouse {
    /// The pod it plays in, as an index of the plan's pods.
    pub pod: usize,
    /// Its place in its pod, from 1.
    pub sequence: u16,
    /// Real milliseconds from the start of what plays of its pod.
    pub start: Millis,
    /// Its own length.
    pub length: Millis,
    /// Nominal seconds it takes.
    pub seconds: Seconds,
    /// The publisher's name for it.
    pub id: Arc<str>,
    /// Names this serving of the ad: `Ad@id` and `AdServingId`.
    pub serving_id: String,
    /// Names the ad, the same in every break.
    pub creative_key: String,
    /// The `InLine` element, written.
    pub inline: String,
    /// Its media files.
    pub media: Vec<Media>,
    /// The publisher's addresses to call.
    pub trackers: Vec<Tracker>,
    /// Where a click leads.
    pub click: Option<Shown>,
}

/// Finishes the house ads of a break; `name` is the auction's id, or the break's where none was
/// held.
#[must_use]
pub fn finish(
    request: &BreakRequest,
    plan: &Plan,
    plays: &[HousePlay],
    name: &str,
    expires_s: u64,
) -> Vec<SoldHouse> {
    let one = |(number, play): (usize, &HousePlay)| {
        let part = plan.parts.get(play.part)?;
        let ad = part.house.get(play.ad)?;
        let placement = &request.imps.get(play.part)?.placement;
        let serving_id = format!("{name}-h{number}");
        let creative_key = format!("house:{}:{}", placement.id, ad.id);
        let registry = &request.publisher.domain;
        let (serving, key) = (&serving_id, &creative_key);
        let names = Names { serving_id: serving, creative_key: key, registry, expires_s };
        let written = inline(ad, names);
        Some(SoldHouse {
            pod: part.pod,
            sequence: play.sequence,
            start: play.start,
            length: ad.length,
            seconds: ad.seconds,
            id: Arc::clone(&ad.id),
            serving_id,
            creative_key,
            inline: written.inline,
            media: written.media,
            trackers: written.trackers,
            click: written.click,
        })
    };
    (1..).zip(plays).filter_map(one).collect()
}
