//! The smaller parts of an ad: measurement, icons, captions, mezzanines, interactive files.
//!
//! Each is passed on only as far as the schema knows it; attributes of the wrong type are dropped.

use std::borrow::Cow;

use crate::wire::macros::Place;
use crate::wire::vast::address;
use crate::wire::vast::clock;
use crate::wire::vast::pen::{Attribute, Pen};
use crate::wire::vast::tree::Element;
use crate::wire::vast::write::{copied, is_boolean, url};

/// Writes `ViewableImpression`.
pub(super) fn viewable(pen: &mut Pen<'_>, inline: Element<'_, '_>) {
    let Some(viewable) = inline.child("ViewableImpression") else { return };
    let attributes = copied(pen, viewable, &["id"]);
    pen.open("ViewableImpression", attributes.iter().flatten());
    for name in ["Viewable", "NotViewable", "ViewUndetermined"] {
        urls(pen, viewable, name, &[]);
    }
    pen.close("ViewableImpression");
}

/// Writes `AdVerifications`: a verification without a script to load is dropped.
pub(super) fn verifications(pen: &mut Pen<'_>, inline: Element<'_, '_>) {
    let all: Vec<Element<'_, '_>> =
        inline.named("AdVerifications").flat_map(|all| all.named("Verification")).collect();
    if all.is_empty() {
        return;
    }
    pen.open("AdVerifications", []);
    for verification in all {
        let attributes = copied(pen, verification, &["vendor"]);
        pen.open("Verification", attributes.iter().flatten());
        urls(pen, verification, "ExecutableResource", &["apiFramework", "type"]);
        urls(pen, verification, "JavaScriptResource", &["apiFramework", "browserOptional"]);
        let events = verification.child("TrackingEvents").into_iter();
        let events: Vec<Element<'_, '_>> = events
            .flat_map(|events| events.named("Tracking"))
            .filter(|tracking| tracking.attribute("event").is_some())
            .collect();
        if !events.is_empty() {
            pen.open("TrackingEvents", []);
            for tracking in events {
                url_element(pen, tracking, &["event"]);
            }
            pen.close("TrackingEvents");
        }
        if let Some(parameters) = verification.child("VerificationParameters") {
            let text = pen.fill_text(parameters.text(), Place::Text);
            pen.url_element("VerificationParameters", [], &text);
        }
        pen.close("Verification");
    }
    pen.close("AdVerifications");
}

/// Writes `Icons`: those with an image or a frame that can be loaded.
pub(super) fn icons(pen: &mut Pen<'_>, linear: Element<'_, '_>) {
    let icons: Vec<Element<'_, '_>> = linear
        .named("Icons")
        .flat_map(|icons| icons.named("Icon"))
        .filter(|icon| {
            let mut resources = icon.named("StaticResource").chain(icon.named("IFrameResource"));
            resources.any(|resource| address::usable(&resource.text()))
        })
        .collect();
    if icons.is_empty() {
        return;
    }
    pen.open("Icons", []);
    for icon in icons {
        let attributes = typed(pen, icon, &ICON);
        pen.open("Icon", attributes.iter().flatten());
        urls(pen, icon, "IFrameResource", &[]);
        for resource in icon.named("StaticResource") {
            if resource.attribute("creativeType").is_some() {
                url_element(pen, resource, &["creativeType"]);
            }
        }
        if let Some(clicks) = icon.child("IconClicks") {
            pen.open("IconClicks", []);
            if let Some(through) = clicks.child("IconClickThrough") {
                url_element(pen, through, &[]);
            }
            urls(pen, clicks, "IconClickTracking", &["id"]);
            pen.close("IconClicks");
        }
        urls(pen, icon, "IconViewTracking", &[]);
        pen.close("Icon");
    }
    pen.close("Icons");
}

/// Writes `ClosedCaptionFiles`.
pub(super) fn captions(pen: &mut Pen<'_>, linear: Element<'_, '_>) {
    let files = media(linear).find_map(|files| files.child("ClosedCaptionFiles"));
    let Some(files) = files else { return };
    pen.open("ClosedCaptionFiles", []);
    urls(pen, files, "ClosedCaptionFile", &["type", "language"]);
    pen.close("ClosedCaptionFiles");
}

/// Writes the `Mezzanine` files.
pub(super) fn mezzanines(pen: &mut Pen<'_>, linear: Element<'_, '_>) {
    for file in media(linear).flat_map(|files| files.named("Mezzanine")) {
        let Some(url) = url(pen, file) else { continue };
        let attributes = media_attributes(pen, file);
        let attributes = attributes.iter().flatten().filter(|(name, _)| MEZZANINE.contains(name));
        pen.url_element("Mezzanine", attributes, &url);
    }
}

/// Writes the `InteractiveCreativeFile`s.
pub(super) fn interactive(pen: &mut Pen<'_>, linear: Element<'_, '_>) {
    for file in media(linear).flat_map(|files| files.named("InteractiveCreativeFile")) {
        let Some(url) = url(pen, file) else { continue };
        let attributes = typed(pen, file, &INTERACTIVE);
        pen.url_element("InteractiveCreativeFile", attributes.iter().flatten(), &url);
    }
}

/// Returns the attributes of a media file, those that the schema requires filled in.
pub(super) fn media_attributes<'t>(
    pen: &mut Pen<'_>,
    file: Element<'t, '_>,
) -> [Option<Attribute<'t>>; MEDIA.len() + REQUIRED.len()] {
    let own = typed(pen, file, &MEDIA);
    let missing = REQUIRED.map(|(name, default)| {
        let given = own.iter().flatten().any(|(other, _)| *other == name);
        (!given).then_some((name, Cow::Borrowed(default)))
    });
    let mut all = own.into_iter().chain(missing);
    std::array::from_fn(|_| all.next().flatten())
}

/// What an attribute's value must be.
#[derive(Clone, Copy)]
enum Type {
    Text,
    Integer,
    Decimal,
    Boolean,
    Delivery,
    Position,
    Time,
}

/// Returns the attributes of a bidder's element that have the type the schema gives them.
fn typed<'t, const COUNT: usize>(
    pen: &mut Pen<'_>,
    element: Element<'t, '_>,
    known: &[(&'static str, Type); COUNT],
) -> [Option<Attribute<'t>>; COUNT] {
    known.map(|(name, kind)| {
        let value = element.attribute(name)?.trim();
        let digits = !value.is_empty() && value.bytes().all(|digit| digit.is_ascii_digit());
        let fits = match kind {
            Type::Text => !value.is_empty(),
            // As many digits as any reader takes.
            Type::Integer => digits && value.len() <= 9,
            Type::Decimal => {
                let mut parts = value.splitn(2, '.');
                let part = |part: &str| part.bytes().all(|digit| digit.is_ascii_digit());
                parts.all(|text| !text.is_empty() && part(text))
            }
            Type::Boolean => is_boolean(value),
            Type::Delivery => matches!(value, "progressive" | "streaming"),
            Type::Position => digits || matches!(value, "left" | "right" | "top" | "bottom"),
            Type::Time => clock::is_offset(value) && !value.ends_with('%'),
        };
        fits.then(|| (name, pen.fill(value, Place::Text)))
    })
}

/// Writes the children of one name that hold an address.
fn urls<const COUNT: usize>(
    pen: &mut Pen<'_>,
    parent: Element<'_, '_>,
    name: &'static str,
    known: &[&'static str; COUNT],
) {
    for child in parent.named(name) {
        url_element(pen, child, known);
    }
}

fn url_element<const COUNT: usize>(
    pen: &mut Pen<'_>,
    element: Element<'_, '_>,
    known: &[&'static str; COUNT],
) {
    let attributes = copied(pen, element, known);
    if let Some(url) = url(pen, element) {
        pen.url_element(element.name(), attributes.iter().flatten(), &url);
    }
}

fn media<'t, 'a>(linear: Element<'t, 'a>) -> impl Iterator<Item = Element<'t, 'a>> {
    linear.named("MediaFiles")
}

const MEDIA: [(&str, Type); 14] = [
    ("id", Type::Text),
    ("delivery", Type::Delivery),
    ("type", Type::Text),
    ("width", Type::Integer),
    ("height", Type::Integer),
    ("codec", Type::Text),
    ("bitrate", Type::Integer),
    ("minBitrate", Type::Integer),
    ("maxBitrate", Type::Integer),
    ("scalable", Type::Boolean),
    ("maintainAspectRatio", Type::Boolean),
    ("fileSize", Type::Integer),
    ("mediaType", Type::Text),
    ("apiFramework", Type::Text),
];

/// What a media file must have, and what stands there when the bidder forgot it.
const REQUIRED: [(&str, &str); 4] =
    [("delivery", "progressive"), ("type", "video/mp4"), ("width", "0"), ("height", "0")];

const MEZZANINE: &[&str] =
    &["id", "delivery", "type", "width", "height", "codec", "fileSize", "mediaType"];

const INTERACTIVE: [(&str, Type); 3] =
    [("type", Type::Text), ("apiFramework", Type::Text), ("variableDuration", Type::Boolean)];

const ICON: [(&str, Type); 9] = [
    ("program", Type::Text),
    ("width", Type::Integer),
    ("height", Type::Integer),
    ("xPosition", Type::Position),
    ("yPosition", Type::Position),
    ("duration", Type::Time),
    ("offset", Type::Time),
    ("apiFramework", Type::Text),
    ("pxratio", Type::Decimal),
];
