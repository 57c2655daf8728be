//! One house ad as an `InLine` of VAST 4.2: the publisher's files and addresses, none of ours.

use std::sync::Arc;

use crate::model::house::{HouseAd, HouseMedia};
use crate::wire::macros::Values;
use crate::wire::vast::clock;
use crate::wire::vast::pen::{Attribute, Pen};
use crate::wire::vast::shown::Shown;
use crate::wire::vast::write::{Media, Tracker, Written};

/// What names a house ad in an answer.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// `AdServingId`: names this serving of the ad.
    pub serving_id: &'a str,
    /// `Creative@id`: names the ad, the same in every break.
    pub creative_key: &'a str,
    /// `UniversalAdId@idRegistry`: the publisher's own domain.
    pub registry: &'a str,
    /// `Expires`, in seconds.
    pub expires_s: u64,
}

/// Writes a house ad; its addresses stand as they are configured.
#[must_use]
pub fn inline(ad: &HouseAd, names: Names<'_>) -> Written {
    let values = Values::default();
    let mut pen = Pen::new(&values, 2 * 1024);
    pen.open("InLine", []);
    pen.text_element("AdSystem", [], "Breakwater");
    // The schema wants an impression; players never call this one.
    let none: [Arc<str>; 1] = [NO_IMPRESSION.into()];
    for url in if ad.impressions.is_empty() { &none[..] } else { &ad.impressions[..] } {
        pen.url_element("Impression", [], url);
    }
    pen.text_element("AdServingId", [], names.serving_id);
    pen.text_element("AdTitle", [], &ad.id);
    pen.open("Creatives", []);
    creative(&mut pen, ad, names);
    pen.close("Creatives");
    pen.text_element("Expires", [], &names.expires_s.to_string());
    pen.close("InLine");
    let (inline, emptied) = pen.finish();
    let tracker =
        |url: &Arc<str>| Tracker { event: "impression".into(), offset: None, url: apart(url) };
    Written {
        inline,
        media: ad.media.iter().map(media).collect(),
        trackers: ad.impressions.iter().map(tracker).collect(),
        click: ad.click.as_ref().map(apart),
        impression: apart(&none[0]),
        emptied,
    }
}

fn creative(pen: &mut Pen<'_>, ad: &HouseAd, names: Names<'_>) {
    let key = names.creative_key;
    pen.open("Creative", &[("id", key.into()), ("sequence", "1".into())]);
    pen.open("Linear", []);
    pen.text_element("Duration", [], &clock::write(ad.length));
    pen.open("MediaFiles", []);
    for file in &ad.media {
        pen.url_element("MediaFile", &attributes(file), &file.url);
    }
    pen.close("MediaFiles");
    if let Some(click) = &ad.click {
        pen.open("VideoClicks", []);
        pen.url_element("ClickThrough", [], click);
        pen.close("VideoClicks");
    }
    pen.close("Linear");
    pen.text_element("UniversalAdId", &[("idRegistry", names.registry.into())], key);
    pen.close("Creative");
}

/// Returns the attributes of a file; the schema requires a delivery and a size.
fn attributes(file: &HouseMedia) -> Vec<Attribute<'_>> {
    let streams = STREAMS.iter().any(|mime| mime.eq_ignore_ascii_case(&file.mime));
    let delivery = if streams { "streaming" } else { "progressive" };
    let side = |pixels: Option<u32>| pixels.unwrap_or(0).to_string().into();
    let mut attributes: Vec<Attribute<'_>> = vec![
        ("delivery", delivery.into()),
        ("type", (&*file.mime).into()),
        ("width", side(file.width)),
        ("height", side(file.height)),
    ];
    attributes.extend(file.bitrate.map(|bitrate| ("bitrate", bitrate.to_string().into())));
    attributes
}

fn media(file: &HouseMedia) -> Media {
    Media {
        url: apart(&file.url),
        mime: Some(file.mime.to_string().into()),
        width: file.width,
        height: file.height,
        bitrate: file.bitrate,
    }
}

/// Returns a configured address as a text of its own.
fn apart(url: &Arc<str>) -> Shown {
    Shown::Apart((&**url).into())
}

/// What VAST puts where there is no impression to report.
const NO_IMPRESSION: &str = "about:blank";

/// Types that are fetched piece by piece.
const STREAMS: [&str; 3] =
    ["application/x-mpegURL", "application/vnd.apple.mpegurl", "application/dash+xml"];
