//! Plans a break given as text, and prints what is planned and who is asked.
//!
//! `plan_case::read` says which lines there are.

mod read;

use breakwater::auction::plan::plan;
use breakwater::auction::select::select;
use breakwater::model::category::Category;
use breakwater::model::deal::{Deal, Pricing};
use breakwater::model::floor::Floor;
use breakwater::model::market::{Fit, Lengths};
use breakwater::model::plan::{Chosen, Offer, Part, Place, Plan, Pod, Terms};

/// Plans the break of a case and prints the plan.
pub(crate) fn run(text: &str) -> String {
    let (request, market, standing) = read::read(text);
    let plan = plan(&request, &market);
    let chosen = select(&plan, &standing);
    print(&plan, &chosen)
}

fn print(plan: &Plan, chosen: &Chosen) -> String {
    let mut lines = Vec::new();
    for (index, pod) in plan.pods.iter().enumerate() {
        let parts: Vec<&Part> = plan.parts.iter().filter(|part| part.pod == index).collect();
        lines.extend(print_pod(pod, &parts, &plan.terms));
    }
    lines.extend(print_terms(&plan.terms));
    for (index, offer) in plan.offers.iter().enumerate() {
        lines.push(print_offer(plan, chosen, index, offer));
    }
    let skipped = plan.skipped.iter();
    lines.extend(skipped.map(|(bidder, reason)| format!("{bidder} not offered {}", reason.name())));
    lines.join("\n") + "\n"
}

fn print_pod(pod: &Pod, parts: &[&Part], terms: &Terms) -> Vec<String> {
    let mut lines = Vec::new();
    let head = match parts {
        [part] => format!("{} at most {} ads", part.real, part.max_ads),
        _ => format!("in {} parts", parts.len()),
    };
    lines.push(format!("pod {} {} s {head}", pod.id, pod.seconds.0));
    let rules = &pod.separation;
    let on = [
        (rules.advertiser, "advertiser"),
        (rules.category, "category"),
        (rules.creative, "creative"),
        (rules.media, "media"),
    ];
    let on: Vec<&str> = on.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
    lines.extend((!on.is_empty()).then(|| format!("separation {}", on.join(" "))));
    if !rules.exclusive.is_empty() {
        lines.push(format!("exclusive {}", print_categories(&rules.exclusive)));
    }
    for part in parts {
        if 1 < parts.len() {
            lines.push(format!(
                "part {:?} {} s {} at most {} ads",
                part.shape, part.seconds.0, part.real, part.max_ads
            ));
        }
        lines.extend(print_part(part, terms));
    }
    lines
}

fn print_part(part: &Part, terms: &Terms) -> Vec<String> {
    let mut lines = vec![
        format!("lengths {}", print_lengths(&part.lengths)),
        format!("floor {} of at most {}", print_floor(&part.floor), terms.max_cpm),
        format!("protocols {:?} mimes {:?}", part.protocols, part.mimes),
    ];
    let flags = [
        (part.fit == Fit::Real, "fit real"),
        (part.private_auction, "private"),
        (part.deals_first, "deals first"),
        (part.unmapped_refused, "unmapped refused"),
        (part.secure, "secure"),
    ];
    lines.extend(flags.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()));
    if part.place != Place::Any {
        lines.push(format!("place {:?}", part.place));
    }
    lines.extend(part.deals.iter().map(|deal| print_deal(deal)));
    let lists = [
        ("blocked advertisers", format!("{:?}", part.blocked_advertisers)),
        ("blocked attributes", format!("{:?}", part.blocked_attributes)),
        ("apis", format!("{:?}", part.apis)),
    ];
    lines.extend(
        lists.iter().filter(|(_, list)| list != "[]").map(|(name, list)| format!("{name} {list}")),
    );
    if !part.blocked_categories.is_empty() {
        lines.push(format!("blocked categories {}", print_categories(&part.blocked_categories)));
    }
    lines.extend(part.size.map(|(width, height)| format!("size {width}x{height}")));
    lines.extend(part.expires_s.map(|seconds| format!("expires {seconds} s")));
    lines.extend(part.house.iter().map(|ad| format!("house {} {} s", ad.id, ad.seconds.0)));
    lines
}

fn print_terms(terms: &Terms) -> Vec<String> {
    let fees: Vec<_> = terms.fees.fees().iter().map(|fee| (&*fee.name, fee.ppm)).collect();
    let lists = [
        ("fees", format!("{fees:?}")),
        ("blocked apps", format!("{:?}", terms.blocked_apps)),
        ("blocked seats", format!("{:?}", terms.blocked_seats)),
        ("allowed seats", format!("{:?}", terms.allowed_seats)),
        ("languages", format!("{:?}", terms.languages)),
        ("currencies", format!("{:?}", terms.currencies)),
    ];
    let listed = lists.iter().filter(|(_, list)| list != "[]");
    let mut lines: Vec<String> = listed.map(|(name, list)| format!("{name} {list}")).collect();
    if !terms.allowed_categories.is_empty() {
        lines.push(format!("allowed categories {}", print_categories(&terms.allowed_categories)));
    }
    lines.extend(terms.rates.iter().map(|rate| format!("rate {} {}", rate.from, rate.e12)));
    if terms.pricing != Pricing::First {
        lines.push(format!("pricing {:?}", terms.pricing));
    }
    lines
}

fn print_offer(plan: &Plan, chosen: &Chosen, index: usize, offer: &Offer) -> String {
    let skipped = chosen.skipped.iter().find(|(skipped, _)| *skipped == index);
    let fate = match skipped {
        Some((_, reason)) => reason.name(),
        None if chosen.asked.contains(&index) => "asked",
        None => "forgotten",
    };
    let imps = match plan.parts.len() {
        1 => format!("{:?}", offer.imps.iter().map(|imp| &imp.id).collect::<Vec<_>>()),
        _ => {
            let imp = |imp: &breakwater::model::plan::OfferedImp| {
                format!("{} in part {}", imp.id, imp.part + 1)
            };
            offer.imps.iter().map(imp).collect::<Vec<_>>().join(", ")
        }
    };
    format!("{} {fate} {:?} {imps}", offer.bidder.id, offer.dialect)
}

fn print_deal(deal: &Deal) -> String {
    let floor = deal.floor.as_ref().map_or_else(|| "of the part".to_owned(), print_floor);
    let guaranteed = if deal.guaranteed { " guaranteed" } else { "" };
    format!("deal {} {:?} floor {floor}{guaranteed}", deal.id, deal.pricing)
}

fn print_floor(floor: &Floor) -> String {
    match floor {
        Floor::Fixed(floor) => floor.to_string(),
        Floor::PerSecond(floor) => format!("{floor}/s"),
        Floor::ByLength { steps, otherwise } => {
            let bound = |bound: Option<breakwater::model::time::Seconds>| {
                bound.map_or(String::new(), |seconds| seconds.0.to_string())
            };
            let step = |step: &breakwater::model::floor::FloorStep| {
                format!("{}..{}:{},", bound(step.min), bound(step.max), step.floor)
            };
            steps.iter().map(step).collect::<String>() + &format!("else:{otherwise}")
        }
    }
}

fn print_categories(categories: &[Category]) -> String {
    let texts: Vec<_> = categories.iter().map(|it| format!("{}:{}", it.taxonomy, it.id)).collect();
    texts.join(" ")
}

fn print_lengths(lengths: &Lengths) -> String {
    match lengths {
        Lengths::Exact(lengths) => {
            let texts: Vec<_> = lengths.iter().map(|length| length.0.to_string()).collect();
            texts.join(" ")
        }
        Lengths::Range { min, max } => format!("{}..{}", min.0, max.0),
    }
}
