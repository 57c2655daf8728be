//! `placement.house`: the publisher's own ads for seconds that are not sold (decision 59).

use std::sync::Arc;

use url::{Host, Url};

use crate::config::problem::REPEATED;
use crate::config::section::{At, Section};
use crate::config::value;
use crate::model::house::{HouseAd, HouseMedia, MOST_HOUSE};
use crate::model::time::{MAX_BREAK, Millis, Seconds};

/// The most files of one ad.
const MOST_MEDIA: usize = 8;

/// The most impression addresses of one ad.
const MOST_IMPRESSIONS: usize = 8;

/// The longest address, in bytes.
const LONGEST_URL: usize = 2_048;

/// The most pixels of a side.
const MOST_PIXELS: u32 = 16_384;

/// The most kilobits a second.
const MOST_BITRATE: u32 = 1_000_000;

/// Reads the house ads of a placement that takes these types, in the order of the file.
pub(super) fn read(placement: &Section<'_>, mimes: &[Arc<str>]) -> Vec<Arc<HouseAd>> {
    let tables = placement.tables("house");
    if MOST_HOUSE < tables.len() {
        let wrong = format!("a placement has at most {MOST_HOUSE} house ads");
        placement.bad_value("house", &placement.place("house"), wrong);
    }
    let mut ads: Vec<At<HouseAd>> = Vec::new();
    for section in tables {
        let at = section.place("id");
        let Some(ad) = ad(&section, mimes) else {
            section.finish();
            continue;
        };
        if let Some(known) = ads.iter().find(|known| known.value.id == ad.id) {
            let id = &known.value.id;
            let first = (&known.span, "the first one");
            let message = format!("two house ads of one placement are named {id:?}");
            let help = "give each house ad an id of its own".to_owned();
            section.clash(REPEATED, &at, first, (message, "the second one", help));
        }
        section.finish();
        ads.push(At { value: ad, span: at });
    }
    ads.into_iter().map(|ad| Arc::new(ad.value)).collect()
}

fn ad(section: &Section<'_>, mimes: &[Arc<str>]) -> Option<HouseAd> {
    let id = section.required("id", "give the house ad an id: id = \"promo-15\"", value::name);
    if !section.has("duration") {
        section.missing("duration", "say how many whole seconds it takes: duration = 15");
    }
    let longest = u32::try_from(MAX_BREAK.0 / 1_000).expect("900 fits");
    let seconds = section.integer("duration", 1..=longest);
    let length = section.parsed("length", value::millis_within(1, MAX_BREAK.0));
    let media = media(section, mimes);
    let click = section.parsed("click", url).map(|click| click.value);
    let impressions = impressions(section);
    let seconds = seconds.map(|seconds| Seconds(seconds.value));
    if let (Some(seconds), Some(length)) = (seconds, &length)
        && Seconds::nominal(length.value) != seconds
    {
        let wrong = format!("{} is not {} s of nominal time", length.value, seconds.0);
        section.bad_value("length", &length.span, wrong);
    }
    let seconds = seconds?;
    Some(HouseAd {
        id: id?.value.into(),
        seconds,
        length: length.map_or_else(|| seconds.millis(), |length: At<Millis>| length.value),
        media,
        click,
        impressions,
    })
}

/// Reads the files, of which the placement must take one.
fn media(section: &Section<'_>, mimes: &[Arc<str>]) -> Vec<HouseMedia> {
    let place = section.place("media");
    if !section.has("media") {
        let help = "name its file: media = [{ url = \"https://…\", type = \"video/mp4\" }]";
        section.missing("media", help);
        return Vec::new();
    }
    let tables = section.tables("media");
    match tables.len() {
        0 => section.bad_value("media", &place, "it is empty: nothing could be played"),
        count if MOST_MEDIA < count => {
            let wrong = format!("a house ad has at most {MOST_MEDIA} files");
            section.bad_value("media", &place, wrong);
        }
        _ => {}
    }
    let whole = tables.len();
    let media: Vec<HouseMedia> = tables.into_iter().filter_map(file).collect();
    let taken = |file: &HouseMedia| mimes.iter().any(|mime| mime.eq_ignore_ascii_case(&file.mime));
    // Where a file is at fault, that is said already.
    if whole != 0 && whole == media.len() && !media.iter().any(taken) {
        let wrong = "no file is of a type in the placement's `mimes`, so it would never play";
        section.bad_value("media", &place, wrong);
    }
    media
}

fn file(section: Section<'_>) -> Option<HouseMedia> {
    let url = section.required("url", "say where the file is: url = \"https://…\"", url);
    let mime = section.required("type", "say what it is: type = \"video/mp4\"", value::mime);
    let number = |key, most| section.integer(key, 1..=most).map(|number| number.value);
    let (width, height) = (number("width", MOST_PIXELS), number("height", MOST_PIXELS));
    let bitrate = number("bitrate", MOST_BITRATE);
    section.finish();
    Some(HouseMedia { url: url?.value, mime: mime?.value, width, height, bitrate })
}

fn impressions(section: &Section<'_>) -> Vec<Arc<str>> {
    let Some(texts) = section.texts("impression") else { return Vec::new() };
    if MOST_IMPRESSIONS < texts.value.len() {
        let wrong = format!("a house ad has at most {MOST_IMPRESSIONS} of them");
        section.bad_value("impression", &texts.span, wrong);
    }
    let mut impressions = Vec::new();
    for text in texts.value {
        match url(text.value) {
            Ok(url) => impressions.push(url),
            Err(wrong) => section.bad_value("impression", &text.span, wrong),
        }
    }
    impressions
}

/// Reads an address that players are given as it is written: https, or http on this machine.
fn url(text: &str) -> Result<Arc<str>, String> {
    if LONGEST_URL < text.len() {
        return Err(format!("it is longer than {LONGEST_URL} bytes"));
    }
    if text.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
        return Err(format!("{text:?} has spaces or control characters"));
    }
    let url = Url::parse(text).map_err(|error| format!("{text:?} is not a URL: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL with a user part would be sent to anybody".to_owned());
    }
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(text.into()),
        "http" if here => Ok(text.into()),
        "http" => Err(format!("{text:?} is plain http: players need an https:// URL")),
        _ => Err(format!("{text:?} is not an https:// URL")),
    }
}
