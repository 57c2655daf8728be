//! What this exchange does not sell, by the member that asks for it.

use std::borrow::Cow;

use openrtb::imp::Imp;
use openrtb::request::BidRequest;
use openrtb::video::Video;

use crate::model::money::Currency;
use crate::wire::break_request::bounds;

/// A floor of an imp in a currency without a fresh rate.
pub(super) const FLOOR_CURRENCY: &str = "imp.bidfloorcur";

/// The same of one of its deals.
pub(super) const DEAL_CURRENCY: &str = "imp.pmp.deals.bidfloorcur";

/// Names what keeps a whole request from being sold.
///
/// The answer's prices are in the market's currency: a caller that takes others only could not
/// read them.
pub(super) fn of_request(request: &BidRequest<'_>, currency: Currency) -> Option<&'static str> {
    let offered = |codes: &[Cow<'_, str>]| codes.iter().any(|code| *code == currency.as_str());
    request.cur.as_deref().is_some_and(|codes| !offered(codes)).then_some("cur")
}

/// Names what keeps an imp from being sold, floors aside.
pub(super) fn of_imp(imp: &Imp<'_>) -> Vec<&'static str> {
    let mut unbuilt: Vec<_> = imp.qty.iter().map(|_| "imp.qty").collect();
    match &imp.video {
        Some(video) => unbuilt.extend(of_video(video)),
        None => unbuilt.push(kind(imp)),
    }
    unbuilt
}

fn of_video(video: &Video<'_>) -> impl Iterator<Item = &'static str> {
    let wrappers = video.protocols.as_deref().is_some_and(|it| bounds::inline_only(it).is_empty());
    let needs = [
        ("imp.video.linearity", video.linearity == Some(NON_LINEAR)),
        ("imp.video.protocols", wrappers),
    ];
    needs.into_iter().filter(|(_, it)| *it).map(|(path, _)| path)
}

/// Names the kind of an imp without video.
fn kind(imp: &Imp<'_>) -> &'static str {
    if imp.audio.is_some() {
        "imp.audio"
    } else if imp.banner.is_some() {
        "imp.banner"
    } else {
        "imp.native"
    }
}

/// `linearity` of an ad beside the content.
const NON_LINEAR: i32 = 2;
