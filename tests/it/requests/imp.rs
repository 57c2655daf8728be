//! Prints an imp that was asked for, leaving out what sets no bound.

use std::fmt::{Debug, Write};

use breakwater::model::break_request::AskedImp;
use breakwater::model::category::Separation;
use breakwater::model::deal::Deal;

/// Appends a line for the imp, and one for each of its deals.
pub(super) fn show(out: &mut String, imp: &AskedImp) {
    let id = imp.id.as_deref().unwrap_or("-");
    let pod = imp.pod.as_deref().unwrap_or("-");
    let (placement, shape, place) = (&imp.placement.id, imp.shape, imp.place);
    write!(out, "imp {id} of {placement} pod {pod} {shape:?} {place:?}").unwrap();
    bound(out, "seconds", imp.seconds.as_ref().map(|seconds| seconds.0));
    bound(out, "max_ads", imp.max_ads);
    bound(out, "lengths", imp.lengths.as_ref());
    bound(out, "floor", imp.floor.as_ref());
    bound(out, "private", imp.private_auction.then_some("yes"));
    bound(out, "apart", separation(&imp.separation));
    list(out, "mimes", &imp.mimes);
    list(out, "protocols", &imp.protocols);
    list(out, "apis", &imp.apis);
    list(out, "blocked_attributes", &imp.blocked_attributes);
    bound(out, "size", imp.size);
    bound(out, "secure", imp.secure);
    bound(out, "skip", imp.skip);
    bound(out, "start_delay", imp.start_delay);
    bound(out, "pod_sequence", imp.pod_sequence);
    bound(out, "expires_s", imp.expires_s);
    out.push('\n');
    imp.deals.iter().for_each(|it| deal(out, it));
}

fn deal(out: &mut String, deal: &Deal) {
    write!(out, "  deal {} {:?}", deal.id, deal.pricing).unwrap();
    bound(out, "floor", deal.floor.as_ref());
    list(out, "bidders", &deal.bidders);
    list(out, "seats", &deal.seats);
    list(out, "advertisers", &deal.advertisers);
    bound(out, "guaranteed", deal.guaranteed.then_some("yes"));
    bound(out, "discount_ppm", (0 < deal.discount_ppm).then_some(deal.discount_ppm));
    out.push('\n');
}

fn separation(rules: &Separation) -> Option<String> {
    let named = [
        ("advertiser", rules.advertiser),
        ("category", rules.category),
        ("creative", rules.creative),
        ("media", rules.media),
    ];
    let on: Vec<_> = named.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect();
    (!on.is_empty()).then(|| on.join(" "))
}

fn list<T: Debug>(out: &mut String, word: &str, items: &[T]) {
    bound(out, word, (!items.is_empty()).then_some(items));
}

fn bound<T: Debug>(out: &mut String, word: &str, value: Option<T>) {
    if let Some(value) = value {
        write!(out, ", {word} {value:?}").unwrap();
    }
}
