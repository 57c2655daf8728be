//! `[[placement]]`.

use std::sync::Arc;

use crate::config::market::Common;
use crate::config::section::{At, Section};
use crate::config::{block, floor, house, separation, value};
use crate::model::ids::{PlacementId, PublisherId};
use crate::model::market::{Fit, Lengths, Placement};
use crate::model::time::{MAX_BREAK, Millis, Seconds};

/// The most ads in one break.
const MOST_ADS: u32 = 32;

/// Reads a placement with the place of its publisher's name.
pub(super) fn read(section: Section<'_>, common: &Common) -> Option<At<Placement>> {
    let help = "give the placement an id: id = \"arena-1-mid\"";
    let id = section.required("id", help, value::name);
    let help = "say whose it is: publisher = \"pub-1\"";
    let publisher = section.required("publisher", help, value::name);
    let floor = floor::read(&section, common).map(|floor| floor.value);
    let lengths = lengths(&section);
    let max_ads = section.integer("max_ads", 1..=MOST_ADS).map_or(8, |most| most.value);
    let longest = value::millis_within(1_000, MAX_BREAK.0);
    let default_break = section.parsed("default_break", longest);
    let tmax = section.parsed("tmax", tmax).map_or(common.tmax, |tmax| tmax.value);
    let fit = section.parsed("fit", fit).map_or(Fit::Nominal, |fit| fit.value);
    let price_in_markup = section.boolean("price_in_markup").unwrap_or(true);
    let unwrap = section.boolean("unwrap").unwrap_or(false);
    let mimes = mimes(&section);
    let house = house::read(&section, &mimes);
    let block = block::read(&section);
    let unmapped = section.parsed("unmapped_category", unmapped);
    let separation = separation::read(&section);
    let deals_first = section.boolean("deals_first").unwrap_or(false);
    let private_auction = section.boolean("private_auction").unwrap_or(false);
    section.finish();
    let publisher = publisher?;
    let placement = Placement {
        id: PlacementId::new(id?.value),
        publisher: PublisherId::new(publisher.value),
        floor: floor.unwrap_or_default(),
        lengths: lengths?,
        max_ads: u16::try_from(max_ads).expect("the range ends at 32"),
        default_break: default_break.map_or(Millis(60_000), |length| length.value),
        fit,
        mimes,
        tmax,
        price_in_markup,
        unwrap,
        blocked_advertisers: block.advertisers,
        blocked_categories: block.categories,
        unmapped_refused: unmapped.is_some_and(|refused| refused.value),
        separation,
        deals_first,
        private_auction,
        deals: Vec::new(),
        house,
    };
    Some(At { value: placement, span: publisher.span })
}

/// Reads a bidder's time: too short and nobody answers, too long and no stitcher waits.
pub(super) fn tmax(text: &str) -> Result<Millis, String> {
    value::millis_within(20, 2_000)(text)
}

fn lengths(section: &Section<'_>) -> Option<Lengths> {
    let most = u32::try_from(MAX_BREAK.0 / 1_000).expect("900 fits");
    let exact = section.integers("durations", 1..=most);
    let whole = |text: &str| {
        let length = value::millis_within(1_000, MAX_BREAK.0)(text)?;
        let seconds = Seconds(u32::try_from(length.0 / 1_000).expect("900 fits"));
        if seconds.millis() == length {
            Ok(seconds)
        } else {
            Err(format!("{text:?} is not whole seconds"))
        }
    };
    let min = section.parsed("min_duration", whole);
    let max = section.parsed("max_duration", whole);
    match (exact, min, max) {
        (Some(exact), None, None) => {
            let mut lengths: Vec<_> = exact.value.into_iter().map(Seconds).collect();
            lengths.sort_unstable();
            lengths.dedup();
            if lengths.is_empty() {
                section.bad_value("durations", &exact.span, "it is empty: nothing could be sold");
                return None;
            }
            Some(Lengths::Exact(lengths))
        }
        (Some(exact), _, _) => {
            let wrong = "exact durations and a range exclude each other";
            section.bad_value("durations", &exact.span, wrong);
            None
        }
        (None, None, None) => Some(Lengths::Exact(vec![Seconds(15), Seconds(30)])),
        (None, min, max) => {
            let (least, most) = (
                min.map_or(Seconds(1), |min| min.value),
                max.as_ref().map_or(Seconds(most), |max| max.value),
            );
            if most < least {
                let span = max.map_or_else(|| section.span(), |max| max.span);
                section.bad_value("max_duration", &span, "it is below min_duration");
                return None;
            }
            Some(Lengths::Range { min: least, max: most })
        }
    }
}

fn fit(text: &str) -> Result<Fit, String> {
    match text {
        "nominal" => Ok(Fit::Nominal),
        "real" => Ok(Fit::Real),
        _ => Err(format!("{text:?} is neither \"nominal\" nor \"real\"")),
    }
}

fn mimes(section: &Section<'_>) -> Vec<Arc<str>> {
    let Some(texts) = section.texts("mimes") else { return vec!["video/mp4".into()] };
    if texts.value.is_empty() {
        section.bad_value("mimes", &texts.span, "it is empty: no ad could be played");
    }
    let mut mimes: Vec<Arc<str>> = Vec::new();
    for text in texts.value {
        match value::mime(text.value) {
            Ok(mime) => mimes.push(mime),
            Err(wrong) => section.bad_value("mimes", &text.span, wrong),
        }
    }
    mimes
}

/// Says whether a bid is refused when a block cannot be told for its categories.
fn unmapped(text: &str) -> Result<bool, String> {
    match text {
        "pass" => Ok(false),
        "refuse" => Ok(true),
        _ => Err(format!("{text:?} is neither \"pass\" nor \"refuse\"")),
    }
}
