//! Pods and parts of section `seller`: what was sold as one, and its own terms.

use std::sync::Arc;

use crate::model::category::{Category, Separation};
use crate::model::house::{HouseAd, MOST_HOUSE};
use crate::model::market::{Fit, Lengths};
use crate::model::plan::{Part, Place, Pod, Shape};
use crate::model::time::{MAX_BREAK, Millis, Seconds};
use crate::wire::record::json::Json;
use crate::wire::record::scan::Scan;
use crate::wire::record::seller::deal;
use crate::wire::record::texts::Texts;

/// Writes a pod.
pub(super) fn write_pod(json: &mut Json<'_>, pod: &Pod) {
    json.object(|json| {
        json.key(key!("id")).text(&pod.id);
        json.key(key!("seconds")).number(pod.seconds.0);
        let separation = Some(&pod.separation).filter(|rules| **rules != Separation::default());
        json.maybe(key!("separation"), separation, |json, rules| {
            json.object(|json| {
                json.set(key!("advertiser"), rules.advertiser);
                json.set(key!("category"), rules.category);
                json.set(key!("creative"), rules.creative);
                write_categories(json, key!("exclusive"), &rules.exclusive);
                json.set(key!("media"), rules.media);
            });
        });
    });
}

/// Reads a pod.
pub(super) fn read_pod(scan: &mut Scan<'_>, texts: &mut Texts) -> Option<Pod> {
    scan.object(|scan| {
        let id = scan.must(key!("id"), Scan::text)?;
        let id = texts.shared(&id);
        let seconds = scan.must(key!("seconds"), |scan| scan.number().map(Seconds))?;
        let separation = scan.may(key!("separation"), |scan| {
            scan.object(|scan| {
                Some(Separation {
                    advertiser: scan.set(key!("advertiser"))?,
                    category: scan.set(key!("category"))?,
                    creative: scan.set(key!("creative"))?,
                    exclusive: read_categories(scan, key!("exclusive"), texts)?,
                    media: scan.set(key!("media"))?,
                })
            })
        })?;
        Some(Pod { id, seconds, separation: separation.unwrap_or_default() })
    })
}

/// Writes a part.
pub(super) fn write(json: &mut Json<'_>, part: &Part) {
    json.object(|json| {
        json.codes(key!("apis"), &part.apis);
        json.texts(key!("blocked_advertisers"), &part.blocked_advertisers);
        json.codes(key!("blocked_attributes"), &part.blocked_attributes);
        write_categories(json, key!("blocked_categories"), &part.blocked_categories);
        json.some(key!("deals"), &part.deals, |json, deal| deal::write(json, deal));
        json.set(key!("deals_first"), part.deals_first);
        json.maybe(key!("exp"), part.expires_s, Json::number);
        json.key(key!("fit")).text(fit_name(part.fit));
        deal::write_floor(json.key(key!("floor")), &part.floor);
        json.some(key!("house"), &part.house, |json, ad| write_house(json, ad));
        write_lengths(json.key(key!("lengths")), &part.lengths);
        json.key(key!("max_ads")).number(part.max_ads);
        json.texts(key!("mimes"), &part.mimes);
        let place = Some(part.place).filter(|place| *place != Place::Any);
        json.maybe(key!("place"), place, |json, place| json.number(place.code()));
        json.key(key!("pod")).count(part.pod);
        json.set(key!("private"), part.private_auction);
        json.codes(key!("protocols"), &part.protocols);
        json.key(key!("real")).decimal(part.real.0);
        json.key(key!("seconds")).number(part.seconds.0);
        json.set(key!("secure"), part.secure);
        json.key(key!("shape")).text(shape_name(part.shape));
        json.maybe(key!("size"), part.size, |json, (width, height)| {
            json.pair(|json| {
                json.number(width);
                json.number(height);
            });
        });
        json.set(key!("unmapped_refused"), part.unmapped_refused);
    });
}

/// Reads a part and checks what the fill relies on: no longer than a break, sane lengths.
pub(super) fn read(scan: &mut Scan<'_>, texts: &mut Texts) -> Option<Part> {
    scan.object(|scan| {
        Some(Part {
            apis: scan.codes(key!("apis"))?,
            blocked_advertisers: shared(scan, key!("blocked_advertisers"), texts)?,
            blocked_attributes: scan.codes(key!("blocked_attributes"))?,
            blocked_categories: read_categories(scan, key!("blocked_categories"), texts)?,
            deals: scan.some(key!("deals"), |scan| deal::read(scan, texts).map(Arc::new))?,
            deals_first: scan.set(key!("deals_first"))?,
            expires_s: scan.may(key!("exp"), Scan::number)?,
            fit: scan.must(key!("fit"), |scan| {
                let name = scan.text()?;
                [Fit::Nominal, Fit::Real].into_iter().find(|fit| fit_name(*fit) == name)
            })?,
            floor: scan.must(key!("floor"), deal::read_floor)?,
            house: read_house(scan, texts)?,
            lengths: scan.must(key!("lengths"), read_lengths)?,
            max_ads: scan.must(key!("max_ads"), Scan::number)?,
            mimes: shared(scan, key!("mimes"), texts)?,
            place: scan
                .may(key!("place"), |scan| scan.number().map(Place::of))?
                .unwrap_or_default(),
            pod: scan.must(key!("pod"), Scan::index)?,
            private_auction: scan.set(key!("private"))?,
            protocols: scan.codes(key!("protocols"))?,
            real: scan.must(key!("real"), |scan| scan.decimal().map(Millis))?,
            seconds: scan.must(key!("seconds"), |scan| {
                scan.number().map(Seconds).filter(|it| *it <= Seconds::nominal(MAX_BREAK))
            })?,
            secure: scan.set(key!("secure"))?,
            shape: scan.must(key!("shape"), |scan| {
                let name = scan.text()?;
                [Shape::Slot, Shape::Stretch].into_iter().find(|it| shape_name(*it) == name)
            })?,
            size: scan.may(key!("size"), |scan| scan.pair(Scan::number, Scan::number))?,
            unmapped_refused: scan.set(key!("unmapped_refused"))?,
        })
    })
}

/// Writes what a decision reads of a house ad; the config in force has the rest.
fn write_house(json: &mut Json<'_>, ad: &HouseAd) {
    json.pair(|json| {
        json.text(&ad.id);
        json.number(ad.seconds.0);
        json.decimal(ad.length.0);
    });
}

/// Reads house ads and checks what the choice among them relies on.
fn read_house(scan: &mut Scan<'_>, texts: &mut Texts) -> Option<Vec<Arc<HouseAd>>> {
    let ads = scan.some(key!("house"), |scan| {
        scan.byte(b'[')?;
        let id = scan.text().map(|id| texts.shared(&id))?;
        scan.comma()?;
        let seconds = scan.number().map(Seconds)?;
        scan.comma()?;
        let length = scan.decimal().map(Millis)?;
        scan.byte(b']')?;
        Some(Arc::new(HouseAd { id, seconds, length, ..HouseAd::default() }))
    })?;
    let longest = Seconds::nominal(MAX_BREAK);
    let sound = |(at, ad): (usize, &Arc<HouseAd>)| {
        let new = ads[..at].iter().all(|other| other.id != ad.id);
        new && (Seconds(1)..=longest).contains(&ad.seconds) && ad.length <= longest.millis()
    };
    (ads.len() <= MOST_HOUSE && ads.iter().enumerate().all(sound)).then_some(ads)
}

/// Reads a list of texts that is left out when it is empty.
pub(super) fn shared(
    scan: &mut Scan<'_>,
    key: &'static str,
    texts: &mut Texts,
) -> Option<Vec<Arc<str>>> {
    scan.some(key, |scan| scan.text().map(|text| texts.shared(&text)))
}

/// Writes categories as taxonomy and id.
pub(super) fn write_categories(json: &mut Json<'_>, key: &'static str, categories: &[Category]) {
    json.some(key, categories, |json, category| {
        json.pair(|json| {
            json.number(category.taxonomy);
            json.text(&category.id);
        });
    });
}

/// Reads categories.
pub(super) fn read_categories(
    scan: &mut Scan<'_>,
    key: &'static str,
    texts: &mut Texts,
) -> Option<Vec<Category>> {
    scan.some(key, |scan| {
        let (taxonomy, id) = scan.pair(Scan::number, Scan::text)?;
        Some(Category { taxonomy, id: texts.shared(&id) })
    })
}

fn write_lengths(json: &mut Json<'_>, lengths: &Lengths) {
    json.object(|json| match lengths {
        Lengths::Exact(list) => {
            json.key(key!("exact")).list(list, |json, length| json.number(length.0));
        }
        Lengths::Range { min, max } => json.key(key!("range")).pair(|json| {
            json.number(min.0);
            json.number(max.0);
        }),
    });
}

fn read_lengths(scan: &mut Scan<'_>) -> Option<Lengths> {
    let seconds = |scan: &mut Scan<'_>| scan.number().map(Seconds).filter(|it| Seconds(0) < *it);
    scan.object(|scan| {
        if scan.key(key!("exact")) {
            let list = scan.list(seconds)?;
            let sound = !list.is_empty() && list.is_sorted_by(|a, b| a < b);
            return sound.then_some(Lengths::Exact(list));
        }
        let (min, max) = scan.must(key!("range"), |scan| scan.pair(seconds, seconds))?;
        (min <= max).then_some(Lengths::Range { min, max })
    })
}

fn fit_name(fit: Fit) -> &'static str {
    match fit {
        Fit::Nominal => "nominal",
        Fit::Real => "real",
    }
}

fn shape_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Slot => "slot",
        Shape::Stretch => "stretch",
    }
}
