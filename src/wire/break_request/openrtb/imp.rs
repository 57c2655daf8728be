//! One imp of a caller: what it sells, and the bounds on what may fill it.

use std::sync::Arc;

use openrtb::imp::Imp;
use openrtb::list::dedupe;
use openrtb::video::Video;

use crate::model::break_request::AskedImp;
use crate::model::category::Separation;
use crate::model::market::{Lengths, Market, Placement};
use crate::model::plan::{Place, Shape};
use crate::model::time::{MAX_BREAK, Seconds};
use crate::wire::break_request::bounds;
use crate::wire::break_request::openrtb::floor::{self, Rates};
use crate::wire::break_request::openrtb::unbuilt::{DEAL_CURRENCY, FLOOR_CURRENCY};
use crate::wire::break_request::openrtb::{deal, shared, unbuilt};

/// Returns what an imp asks for, and the members that keep it from being sold.
pub(super) fn asked(
    imp: &Imp<'_>,
    placement: &Arc<Placement>,
    market: &Market,
    rates: &Rates<'_>,
) -> (AskedImp, Vec<&'static str>) {
    let mut unbuilt = unbuilt::of_imp(imp);
    let floor = floor::of_imp(imp, rates).unwrap_or_else(|_| {
        unbuilt.push(FLOOR_CURRENCY);
        None
    });
    let deals = deal::of_imp(imp, market.pricing, rates).unwrap_or_else(|_| {
        unbuilt.push(DEAL_CURRENCY);
        Vec::new()
    });
    let mut asked = AskedImp {
        id: Some(Arc::from(&*imp.id)),
        floor,
        deals,
        private_auction: imp.pmp.as_ref().is_some_and(|pmp| pmp.private_auction == Some(true)),
        secure: imp.secure,
        expires_s: number(imp.exp).filter(|seconds| 0 < *seconds),
        ..AskedImp::whole(placement)
    };
    if let Some(video) = &imp.video {
        bound_by_video(&mut asked, video);
    }
    (asked, unbuilt)
}

fn bound_by_video(asked: &mut AskedImp, video: &Video<'_>) {
    let size = number(video.w).zip(number(video.h));
    asked.pod = video.podid.as_deref().map(Arc::from);
    asked.shape = if video.is_dynamic() { Shape::Stretch } else { Shape::Slot };
    asked.place = video.slotinpod.map_or(Place::Any, Place::of);
    let slots = if video.is_dynamic() { video.maxseq } else { Some(1) };
    asked.max_ads = slots.map(|most| u16::try_from(most).unwrap_or(u16::MAX));
    asked.lengths = match &video.rqddurs {
        Some(lengths) => Some(exact(lengths)),
        None => bounds::range(number(video.minduration), longest_ad(video)),
    };
    asked.seconds = Some(seconds(video, asked));
    asked.separation = separation(video.poddedupe.as_deref().unwrap_or_default());
    asked.mimes = shared(Some(&video.mimes));
    asked.protocols = bounds::inline_only(video.protocols.as_deref().unwrap_or_default());
    asked.apis = video.api.clone().unwrap_or_default();
    asked.blocked_attributes = video.battr.clone().unwrap_or_default();
    asked.size = size.filter(|(width, height)| 0 < *width && 0 < *height);
    asked.skip = video.skip;
    asked.start_delay = video.startdelay;
    asked.pod_sequence = video.podseq;
}

/// Returns the nominal seconds of an imp: those of its stretch, or of the longest ad of its slot.
fn seconds(video: &Video<'_>, asked: &AskedImp) -> Seconds {
    let longest_sold = match &asked.placement.lengths {
        Lengths::Exact(lengths) => lengths.last().copied().unwrap_or_default(),
        Lengths::Range { max, .. } => *max,
    };
    let told = match (number(video.poddur), &asked.lengths) {
        (Some(stretch), _) => Seconds(stretch),
        (None, Some(Lengths::Exact(lengths))) => lengths.last().copied().unwrap_or(longest_sold),
        (None, Some(Lengths::Range { max, .. })) => longest_sold.min(*max),
        (None, None) => longest_sold,
    };
    told.min(Seconds::nominal(MAX_BREAK))
}

/// Returns the lengths of a list, which `validate` found filled and positive.
fn exact(lengths: &[i32]) -> Lengths {
    let seconds = lengths.iter().filter_map(|it| u32::try_from(*it).ok()).map(Seconds);
    let mut seconds: Vec<_> = seconds.collect();
    seconds.sort_unstable();
    seconds.dedup();
    Lengths::Exact(seconds)
}

/// Returns the longest ad in seconds, with what it may run over; none is unlimited.
fn longest_ad(video: &Video<'_>) -> Option<u32> {
    let most = number(video.maxduration)?;
    match video.maxextended {
        Some(UNLIMITED) => None,
        beyond => Some(most.saturating_add(number(beyond).unwrap_or(0))),
    }
}

/// Reads `poddedupe`; a rule that the standard does not know keeps nothing apart (decision 57).
fn separation(rules: &[i32]) -> Separation {
    Separation {
        advertiser: rules.contains(&dedupe::ADVERTISER),
        category: rules.contains(&dedupe::CATEGORY),
        creative: rules.contains(&dedupe::CREATIVE),
        media: rules.contains(&dedupe::MEDIA_FILE),
        exclusive: Vec::new(),
    }
}

fn number(number: Option<i32>) -> Option<u32> {
    number.and_then(|it| u32::try_from(it).ok())
}

/// `maxextended` of an ad that may run as long as it likes.
const UNLIMITED: i32 = -1;
