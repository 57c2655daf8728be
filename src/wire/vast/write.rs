//! One sold ad as an `InLine` of VAST 4.2, children in the order of its schema.
//!
//! Kept of a bidder's document: what a player of linear video needs, measurement, icons, and small
//! extensions. Dropped: companions, non-linear ads, `Pricing`, `Survey`, further linear creatives,
//! HTML resources, and every address that is not http or https.

use std::borrow::Cow;

use crate::model::time::Millis;
use crate::wire::macros::{Place, Values};
use crate::wire::vast::address;
use crate::wire::vast::clock;
use crate::wire::vast::pen::{Attribute, Pen};
use crate::wire::vast::read::{self, Parts};
use crate::wire::vast::shown::Shown;
use crate::wire::vast::tree::Element;

pub mod extensions;
mod extras;
pub mod house;

/// What we put into an ad ourselves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ours<'a> {
    /// `AdServingId`: names this serving of the ad.
    pub serving_id: &'a str,
    /// `Creative@id`: names the creative, the same in every auction.
    pub creative_key: &'a str,
    /// `Duration`.
    pub length: Millis,
    /// `Expires`, in seconds.
    pub expires_s: u64,
    /// Our address for `Error`.
    pub error: &'a str,
    /// Our address for `Impression`.
    pub impression: &'a str,
    /// Our addresses for the events of `QUARTILES`, in its order.
    pub events: [&'a str; 5],
    /// Our address for `ClickTracking`.
    pub click: &'a str,
}

/// One ad, written, and what else of it other answers show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    /// The `InLine` element.
    pub inline: String,
    /// Its media files, in document order.
    pub media: Vec<Media>,
    /// All addresses to call, ours first.
    pub trackers: Vec<Tracker>,
    /// Where a click leads.
    pub click: Option<Shown>,
    /// Our address of `Impression`.
    pub impression: Shown,
    /// Whether macros grew past their budget and were emptied.
    pub emptied: bool,
}

/// A media file of an ad.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Media {
    /// Where it is.
    pub url: Shown,
    /// Its MIME type.
    pub mime: Option<Cow<'static, str>>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Kilobits a second.
    pub bitrate: Option<u32>,
}

/// An address to call when something happens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tracker {
    /// `impression`, `error`, `click`, or an event of VAST.
    pub event: Cow<'static, str>,
    /// When, for `progress`.
    pub offset: Option<String>,
    /// What to call.
    pub url: Shown,
}

/// The events that every ad of ours reports.
pub const QUARTILES: [&str; 5] =
    ["start", "firstQuartile", "midpoint", "thirdQuartile", "complete"];

/// Writes one ad.
#[must_use]
pub fn inline(
    parts: Parts<'_, '_>,
    root: Element<'_, '_>,
    ours: &Ours<'_>,
    values: &Values<'_>,
) -> Written {
    let all = ours.events.iter().chain([&ours.error, &ours.impression, &ours.click]);
    let ours_room: usize = all.map(|url| url.len() + OVERHEAD).sum();
    // What is kept of a bidder's document is seldom longer than the document.
    let room = ours_room + root.source().len() + 1024;
    let trackers = Vec::with_capacity(2 * (QUARTILES.len() + 3));
    let media = Vec::with_capacity(1);
    let mut ad = Ad { pen: Pen::new(values, room), ours, media, trackers, click: None };
    let impression = ad.inline(parts, root);
    let Ad { pen, media, trackers, click, .. } = ad;
    let (inline, emptied) = pen.finish();
    Written { inline, media, trackers, click, impression, emptied }
}

/// Bytes that an address takes besides itself.
const OVERHEAD: usize = "<Tracking event=\"thirdQuartile\"><![CDATA[]]></Tracking>".len();

struct Ad<'o> {
    pen: Pen<'o>,
    ours: &'o Ours<'o>,
    media: Vec<Media>,
    trackers: Vec<Tracker>,
    click: Option<Shown>,
}

impl Ad<'_> {
    /// Writes the element; returns where our address of its impression stands.
    fn inline(&mut self, parts: Parts<'_, '_>, root: Element<'_, '_>) -> Shown {
        let source = parts.inline;
        let ours = self.ours;
        self.pen.open("InLine", []);
        self.text_or(source, "AdSystem", &["version"], "Breakwater");
        self.tracker("Error", "error", [], ours.error);
        // `Error` has no attributes in the schema.
        self.trackers(source, "Error", "error", &[]);
        extensions::write(&mut self.pen, root, source);
        let impression = self.tracker("Impression", "impression", [], ours.impression);
        self.trackers(source, "Impression", "impression", &["id"]);
        extras::viewable(&mut self.pen, source);
        self.pen.text_element("AdServingId", [], ours.serving_id);
        self.text_or(source, "AdTitle", &[], "Ad");
        extras::verifications(&mut self.pen, source);
        self.text_if(source.child("Advertiser"), &[]);
        for category in source.named("Category") {
            // The schema requires the authority.
            if category.attribute("authority").is_some() {
                self.text_if(Some(category), &["authority"]);
            }
        }
        self.pen.open("Creatives", []);
        self.creative(parts);
        self.pen.close("Creatives");
        self.text_if(source.child("Description"), &[]);
        self.pen.number_element("Expires", ours.expires_s);
        self.pen.close("InLine");
        impression
    }

    fn creative(&mut self, parts: Parts<'_, '_>) {
        let ours: [Attribute<'_>; 2] =
            [("id", Cow::Borrowed(self.ours.creative_key)), ("sequence", "1".into())];
        let theirs = copied(&mut self.pen, parts.creative, &["adId"]);
        self.pen.open("Creative", ours.iter().chain(theirs.iter().flatten()));
        self.linear(parts.linear);
        let ids = read::universal_ids(parts);
        let unknown = [("unknown", Cow::Borrowed("unknown"))];
        for (registry, value) in if ids.is_empty() { &unknown[..] } else { &ids[..] } {
            let registry = self.pen.fill(registry, Place::Text);
            let value = self.pen.fill(value, Place::Text);
            self.pen.text_element("UniversalAdId", &[("idRegistry", registry)], &value);
        }
        self.pen.close("Creative");
    }

    fn linear(&mut self, linear: Element<'_, '_>) {
        let skip = linear.attribute("skipoffset").map(str::trim);
        let skip = skip.filter(|offset| clock::is_offset(offset));
        let skip: Option<Attribute<'_>> = skip.map(|offset| ("skipoffset", offset.into()));
        self.pen.open("Linear", &skip);
        extras::icons(&mut self.pen, linear);
        self.tracking_events(linear);
        if let Some(parameters) = linear.child("AdParameters") {
            let encoded = parameters.attribute("xmlEncoded").filter(|value| is_boolean(value));
            let encoded: Option<Attribute<'_>> = encoded.map(|value| ("xmlEncoded", value.into()));
            let text = parameters.text();
            let text = self.pen.fill(&text, Place::Text);
            self.pen.text_element("AdParameters", &encoded, &text);
        }
        self.pen.text_element("Duration", [], &clock::write(self.ours.length));
        self.media_files(linear);
        self.video_clicks(linear);
        self.pen.close("Linear");
    }

    fn tracking_events(&mut self, linear: Element<'_, '_>) {
        let ours = self.ours;
        self.pen.open("TrackingEvents", []);
        for (event, url) in QUARTILES.into_iter().zip(&ours.events) {
            self.tracker("Tracking", event, &[("event", event.into())], url);
        }
        let theirs = linear.named("TrackingEvents").flat_map(|events| events.named("Tracking"));
        for tracking in theirs {
            let Some(event) = event(tracking.attribute("event").unwrap_or_default().trim()) else {
                continue;
            };
            let offset = tracking.attribute("offset").map(str::trim);
            let offset = offset.filter(|offset| clock::is_offset(offset));
            if event == "progress" && offset.is_none() {
                continue;
            }
            let event_and_offset: [Option<Attribute<'_>>; 2] =
                [Some(("event", event.into())), offset.map(|offset| ("offset", offset.into()))];
            if let Some(url) = url(&mut self.pen, tracking) {
                self.tracker("Tracking", event, event_and_offset.iter().flatten(), &url);
            }
        }
        self.pen.close("TrackingEvents");
    }

    fn media_files(&mut self, linear: Element<'_, '_>) {
        self.pen.open("MediaFiles", []);
        extras::captions(&mut self.pen, linear);
        for (file, address) in read::media_files(linear) {
            let url = self.pen.fill(&address, Place::Url);
            let attributes = extras::media_attributes(&mut self.pen, file);
            let url = self.pen.url_element("MediaFile", attributes.iter().flatten(), &url);
            let number =
                |name: &str| file.attribute(name).and_then(|text| text.trim().parse().ok());
            self.media.push(Media {
                url,
                mime: file.attribute("type").map(|mime| of_known(mime.trim())),
                width: number("width"),
                height: number("height"),
                bitrate: number("bitrate"),
            });
        }
        extras::mezzanines(&mut self.pen, linear);
        extras::interactive(&mut self.pen, linear);
        self.pen.close("MediaFiles");
    }

    fn video_clicks(&mut self, linear: Element<'_, '_>) {
        let named = |name: &'static str| {
            linear.named("VideoClicks").flat_map(move |clicks| clicks.named(name))
        };
        self.pen.open("VideoClicks", []);
        self.tracker("ClickTracking", "click", [], self.ours.click);
        for click in named("ClickTracking") {
            let attributes = copied(&mut self.pen, click, &["id"]);
            if let Some(url) = url(&mut self.pen, click) {
                self.tracker("ClickTracking", "click", attributes.iter().flatten(), &url);
            }
        }
        for click in named("CustomClick") {
            let attributes = copied(&mut self.pen, click, &["id"]);
            if let Some(url) = url(&mut self.pen, click) {
                self.pen.url_element("CustomClick", attributes.iter().flatten(), &url);
            }
        }
        for click in named("ClickThrough") {
            let attributes = copied(&mut self.pen, click, &["id"]);
            if let Some(url) = url(&mut self.pen, click) {
                let attributes = attributes.iter().flatten();
                self.click = Some(self.pen.url_element("ClickThrough", attributes, &url));
                break;
            }
        }
        self.pen.close("VideoClicks");
    }

    /// Writes the bidder's trackers of one name.
    fn trackers<const COUNT: usize>(
        &mut self,
        source: Element<'_, '_>,
        name: &'static str,
        event: &'static str,
        known: &[&'static str; COUNT],
    ) {
        for tracker in source.named(name) {
            let attributes = copied(&mut self.pen, tracker, known);
            if let Some(url) = url(&mut self.pen, tracker) {
                self.tracker(name, event, attributes.iter().flatten(), &url);
            }
        }
    }

    /// Writes one tracker and notes it for the other answers; returns where its address stands.
    fn tracker<'t, 'a: 't>(
        &mut self,
        name: &str,
        event: &'static str,
        attributes: impl IntoIterator<Item = &'t Attribute<'a>> + Clone,
        url: &str,
    ) -> Shown {
        let url = self.pen.url_element(name, attributes.clone(), url);
        let offset = attributes.into_iter().find(|(name, _)| *name == "offset");
        let offset = offset.map(|(_, value)| value.clone().into_owned());
        self.trackers.push(Tracker { event: event.into(), offset, url: url.clone() });
        url
    }

    /// Writes a required text element, with a text of ours if the bidder has none.
    fn text_or<const COUNT: usize>(
        &mut self,
        source: Element<'_, '_>,
        name: &'static str,
        attributes: &[&'static str; COUNT],
        ours: &str,
    ) {
        match source.child(name).filter(|element| !element.text().is_empty()) {
            Some(element) => self.text_if(Some(element), attributes),
            None => self.pen.text_element(name, [], ours),
        }
    }

    /// Writes an optional text element, if it has text.
    fn text_if<const COUNT: usize>(
        &mut self,
        element: Option<Element<'_, '_>>,
        attributes: &[&'static str; COUNT],
    ) {
        let Some(element) = element.filter(|element| !element.text().is_empty()) else { return };
        let attributes = copied(&mut self.pen, element, attributes);
        let text = self.pen.fill_text(element.text(), Place::Text);
        self.pen.text_element(element.name(), attributes.iter().flatten(), &text);
    }
}

/// Returns the attributes of a bidder's element that we pass on, macros filled.
fn copied<'t, const COUNT: usize>(
    pen: &mut Pen<'_>,
    element: Element<'t, '_>,
    names: &[&'static str; COUNT],
) -> [Option<Attribute<'t>>; COUNT] {
    names.map(|name| element.attribute(name).map(|value| (name, pen.fill(value, Place::Text))))
}

/// Returns the address in a bidder's element, macros filled, if we pass it on.
fn url<'t>(pen: &mut Pen<'_>, element: Element<'t, '_>) -> Option<Cow<'t, str>> {
    let text = element.text();
    address::usable(&text).then(|| pen.fill_text(text, Place::Url))
}

/// Returns a MIME type, without a copy where nearly all are.
fn of_known(mime: &str) -> Cow<'static, str> {
    let known = MIMES.iter().find(|known| **known == mime);
    known.map_or_else(|| Cow::Owned(mime.to_owned()), |known| Cow::Borrowed(*known))
}

/// Returns the VAST 4.2 name of an event of any version.
fn event(name: &str) -> Option<&'static str> {
    let old = OLD_EVENTS.iter().find(|(old, _)| *old == name).map(|(_, event)| *event);
    old.or_else(|| EVENTS.iter().copied().find(|event| *event == name))
}

/// Says whether a text is a boolean of the schema.
fn is_boolean(text: &str) -> bool {
    matches!(text, "true" | "false" | "1" | "0")
}

/// The MIME types of nearly all media files.
const MIMES: &[&str] = &["video/mp4", "video/webm", "application/x-mpegURL"];

/// Events of a linear ad that the schema lists.
const EVENTS: &[&str] = &[
    "start",
    "firstQuartile",
    "midpoint",
    "thirdQuartile",
    "complete",
    "progress",
    "loaded",
    "mute",
    "unmute",
    "pause",
    "resume",
    "rewind",
    "skip",
    "playerExpand",
    "playerCollapse",
    "closeLinear",
    "creativeView",
    "acceptInvitation",
    "adExpand",
    "adCollapse",
    "minimize",
    "close",
    "overlayViewDuration",
    "otherAdInteraction",
];

/// Events of VAST 2 and 3 under the names they have since.
const OLD_EVENTS: &[(&str, &str)] = &[
    ("fullscreen", "playerExpand"),
    ("exitFullscreen", "playerCollapse"),
    ("expand", "adExpand"),
    ("collapse", "adCollapse"),
    ("acceptInvitationLinear", "acceptInvitation"),
];
