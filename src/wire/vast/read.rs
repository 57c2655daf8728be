//! What a bidder's VAST document says of itself.
//!
//! The facts are values the auction can judge and a record can hold; `write` uses the same finders,
//! so what was judged is what is served. `plain` gathers those of ordinary documents in one pass.

use std::borrow::Cow;
use std::collections::BTreeMap;

use memchr::memchr2;
use sha2::{Digest, Sha256};

use crate::model::bid::MarkupFacts;
use crate::model::reason::LossReason;
use crate::model::time::Millis;
use crate::wire::macros;
use crate::wire::vast::address::{self, Scheme};
use crate::wire::vast::clock;
use crate::wire::vast::tree::{self, Element, Tree};

mod plain;

/// The most different universal ids of a document.
pub const MAX_UNIVERSAL_IDS: usize = 16;

/// The most different media types of a document.
pub const MAX_MEDIA_TYPES: usize = 16;

/// The most media files of a document that can be fetched.
pub const MAX_MEDIA_FILES: usize = 64;

/// The most addresses that one event of a document calls.
pub const MAX_TRACKERS_OF_EVENT: usize = 64;

/// The most addresses that all events of a document call.
pub const MAX_TRACKERS: usize = 512;

/// Reads a bidder's markup; whatever is wrong with it stands in `defect`.
#[must_use]
pub fn facts(markup: &str) -> MarkupFacts {
    plain::facts(markup).unwrap_or_else(|| facts_of_tree(markup))
}

/// Reads any markup by way of its tree.
fn facts_of_tree(markup: &str) -> MarkupFacts {
    let mut facts = nothing();
    facts.defect = match tree::parse(markup) {
        Ok(tree) => gather(&tree, &mut facts).err(),
        Err(_) if markup.trim().is_empty() => Some(LossReason::MarkupMissing),
        Err(_) => Some(LossReason::MarkupBroken),
    };
    facts
}

/// Returns the facts of a document of which nothing is known.
fn nothing() -> MarkupFacts {
    MarkupFacts {
        defect: None,
        version: None,
        ads: 0,
        linear: false,
        duration: None,
        media: Vec::new(),
        media_types: Vec::new(),
        universal_ids: Vec::new(),
        insecure: false,
        apis: Vec::new(),
    }
}

/// The parts of a document that are sold.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'t, 'a> {
    /// The one `InLine`.
    pub inline: Element<'t, 'a>,
    /// The creative that holds the linear one.
    pub creative: Element<'t, 'a>,
    /// The first `Linear` with a media file that can be fetched.
    pub linear: Element<'t, 'a>,
}

/// Finds the one ad of a document.
///
/// # Errors
///
/// Why the document cannot be sold.
pub fn parts<'t, 'a>(tree: &'t Tree<'a>) -> Result<Parts<'t, 'a>, LossReason> {
    let root = tree.root();
    if !root.is("VAST") || version(root).is_none() {
        return Err(LossReason::MarkupBroken);
    }
    let mut ads = root.named("Ad");
    let ad = ads.next().ok_or(LossReason::MarkupMissing)?;
    if ads.next().is_some() {
        return Err(LossReason::SeveralAds);
    }
    if ad.child("Wrapper").is_some() {
        return Err(LossReason::WrapperRefused);
    }
    let mut inlines = ad.named("InLine");
    let inline = inlines.next().ok_or(LossReason::MarkupBroken)?;
    if inlines.next().is_some() {
        return Err(LossReason::MarkupBroken);
    }
    inline
        .named("Creatives")
        .flat_map(|creatives| creatives.named("Creative"))
        .flat_map(|creative| creative.named("Linear").map(move |linear| (creative, linear)))
        .find(|(_, linear)| media_files(*linear).next().is_some())
        .map(|(creative, linear)| Parts { inline, creative, linear })
        .ok_or(LossReason::MarkupBroken)
}

/// Returns the media files that can be fetched, each with its address.
pub fn media_files<'t, 'a>(
    linear: Element<'t, 'a>,
) -> impl Iterator<Item = (Element<'t, 'a>, Cow<'t, str>)> {
    linear
        .named("MediaFiles")
        .flat_map(|files| files.named("MediaFile"))
        .map(|file| (file, file.text()))
        .filter(|(_, url)| address::usable(url))
}

/// Returns the universal ids of a creative as (registry, value), `unknown` ones left out.
///
/// No more than one beyond `MAX_UNIVERSAL_IDS` are looked for: such a document is broken.
#[must_use]
pub fn universal_ids<'t>(parts: Parts<'t, '_>) -> Vec<(&'t str, Cow<'t, str>)> {
    // VAST 2 and 3 carry the id in an extension of the ad (CTV addendum 2024).
    let extensions = parts
        .inline
        .named("Extensions")
        .flat_map(|extensions| extensions.named("Extension"))
        .filter(|extension| extension.attribute("type") == Some("UniversalAdId"));
    let mut ids: Vec<(&str, Cow<'_, str>)> = Vec::new();
    for holder in std::iter::once(parts.creative).chain(extensions) {
        for id in holder.named("UniversalAdId") {
            let registry = id.attribute("idRegistry").unwrap_or_default().trim();
            let value = match id.text() {
                // VAST 4.0 wrote the value as an attribute, and the text may be empty there.
                text if text.is_empty() => id.attribute("idValue").unwrap_or_default().into(),
                text => text,
            };
            let value = match value {
                Cow::Borrowed(value) => Cow::Borrowed(value.trim()),
                Cow::Owned(value) => Cow::Owned(value.trim().to_owned()),
            };
            let pair = (registry, value);
            if known(registry) && known(&pair.1) && !ids.contains(&pair) {
                ids.push(pair);
            }
            if MAX_UNIVERSAL_IDS < ids.len() {
                return ids;
            }
        }
    }
    ids
}

/// Returns the `Duration` of a linear creative.
#[must_use]
pub fn duration(linear: Element<'_, '_>) -> Option<Millis> {
    clock::read(&linear.child("Duration")?.text())
}

fn gather(tree: &Tree<'_>, facts: &mut MarkupFacts) -> Result<(), LossReason> {
    let root = tree.root();
    facts.version = version(root);
    facts.ads = u16::try_from(root.named("Ad").count()).unwrap_or(u16::MAX);
    let parts = parts(tree)?;
    facts.linear = true;
    facts.duration = duration(parts.linear);
    let ids = universal_ids(parts).into_iter();
    facts.universal_ids = ids.map(|(registry, value)| (registry.into(), value.into())).collect();
    within(facts.universal_ids.len(), MAX_UNIVERSAL_IDS)?;
    for (file, url) in media_files(parts.linear) {
        let mime = lowercase(file.attribute("type").unwrap_or_default().trim());
        add_media(facts, &mime, &url);
        within(facts.media.len(), MAX_MEDIA_FILES)?;
        within(facts.media_types.len(), MAX_MEDIA_TYPES)?;
    }
    facts.apis = apis(parts.linear);
    few_trackers(tree)?;
    facts_of_texts(tree, facts)
}

/// Adds a media file that can be fetched.
fn add_media(facts: &mut MarkupFacts, mime: &str, url: &str) {
    let path = memchr2(b'?', b'#', url.as_bytes()).map_or(url, |end| &url[..end]);
    let hash: [u8; 32] = Sha256::digest(path).into();
    facts.media.push(*hash.first_chunk().expect("8 is below 32"));
    if !mime.is_empty() && !facts.media_types.iter().any(|other| **other == *mime) {
        facts.media_types.push(mime.into());
    }
}

/// Looks at every address and counts all macros.
fn facts_of_texts(tree: &Tree<'_>, facts: &mut MarkupFacts) -> Result<(), LossReason> {
    // Without these letters, or an entity that may be one, there is no macro.
    let may_have_macros = memchr2(b'$', b'&', tree.source().as_bytes()).is_some();
    let mut found = 0;
    for element in tree.elements() {
        let text = element.text();
        if may_have_macros {
            let values = element.attributes().map(|(_, value)| value);
            found += values.chain([&*text]).map(macros::count).sum::<usize>();
        }
        match address::scheme(&text) {
            Scheme::Https | Scheme::Other => {}
            Scheme::Forbidden | Scheme::Http if is_text(element.name()) => {}
            Scheme::Forbidden => return Err(LossReason::MarkupBroken),
            Scheme::Http => facts.insecure = true,
        }
    }
    within(found, macros::MAX_MACROS)
}

/// Counts the addresses that a document wants called, in all and by event.
fn few_trackers(tree: &Tree<'_>) -> Result<(), LossReason> {
    if tree.element_count() <= MAX_TRACKERS_OF_EVENT {
        return Ok(());
    }
    let mut events = BTreeMap::new();
    let mut all = 0;
    for tracker in tree.elements().filter(|element| is_tracker(element.name())) {
        let event = tracker.attribute("event").unwrap_or_default().trim();
        let of_event: &mut usize = events.entry((tracker.name(), event)).or_default();
        *of_event += 1;
        all += 1;
        within(*of_event, MAX_TRACKERS_OF_EVENT)?;
        within(all, MAX_TRACKERS)?;
    }
    Ok(())
}

fn within(count: usize, most: usize) -> Result<(), LossReason> {
    if most < count { Err(LossReason::MarkupBroken) } else { Ok(()) }
}

/// Returns the version of the root, when it is one that VAST has had.
fn version(root: Element<'_, '_>) -> Option<(u8, u8)> {
    version_of(root.attribute("version")?.trim())
}

fn version_of(text: &str) -> Option<(u8, u8)> {
    VERSIONS.iter().find(|(name, _)| *name == text).map(|(_, version)| *version)
}

/// Says whether a registry or value of a universal id names anything.
fn known(text: &str) -> bool {
    !text.is_empty() && !text.eq_ignore_ascii_case("unknown")
}

/// Returns the OpenRTB codes of the frameworks that the media of a linear creative need, ascending.
///
/// Measurement scripts in `AdVerifications` are not counted: the ad plays without them.
fn apis(linear: Element<'_, '_>) -> Vec<i32> {
    let files = linear.named("MediaFiles").flat_map(Element::children);
    let files = files.filter(|file| file.is("MediaFile") || file.is("InteractiveCreativeFile"));
    let code = |file: Element<'_, '_>| {
        let mime = lowercase(file.attribute("type").unwrap_or_default().trim());
        let framework = file.attribute("apiFramework").unwrap_or_default().trim();
        api(file.is("MediaFile"), &mime, framework)
    };
    let mut codes = files.filter_map(code).collect();
    sort(&mut codes);
    codes
}

/// Returns the code of the framework that a file needs, by its type in lowercase.
fn api(is_media: bool, mime: &str, framework: &str) -> Option<i32> {
    let flash = mime.contains("flash");
    match &*framework.to_uppercase() {
        "VPAID" if flash => Some(1),
        "VPAID" => Some(2),
        "OMID" => Some(7),
        "SIMID" => Some(8),
        // A script among the media runs, whatever it says it speaks.
        _ if is_media && mime.ends_with("javascript") => Some(2),
        _ => flash.then_some(1),
    }
}

/// Puts codes in order, each once.
fn sort(codes: &mut Vec<i32>) {
    codes.sort_unstable();
    codes.dedup();
}

/// Says whether the text of an element of this name is no address.
fn is_text(name: &str) -> bool {
    matches!(
        name.as_bytes(),
        b"AdParameters"
            | b"AdServingId"
            | b"AdSystem"
            | b"AdTitle"
            | b"Advertiser"
            | b"AltText"
            | b"Category"
            | b"Description"
            | b"Duration"
            | b"Expires"
            | b"HTMLResource"
            | b"Pricing"
            | b"UniversalAdId"
            | b"VerificationParameters"
    )
}

/// Says whether an element of this name holds an address to call.
fn is_tracker(name: &str) -> bool {
    matches!(
        name.as_bytes(),
        b"ClickTracking"
            | b"Error"
            | b"IconClickTracking"
            | b"IconViewTracking"
            | b"Impression"
            | b"NotViewable"
            | b"Tracking"
            | b"ViewUndetermined"
            | b"Viewable"
    )
}

/// Returns a text in lowercase, as it stands where it is so already.
fn lowercase(text: &str) -> Cow<'_, str> {
    let plain = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if plain { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

/// The values of `VAST@version` in the world, with the version each means.
const VERSIONS: &[(&str, (u8, u8))] = &[
    ("4.2", (4, 2)),
    ("4.1", (4, 1)),
    ("4.0", (4, 0)),
    ("4.3", (4, 3)),
    ("3.0", (3, 0)),
    ("2.0", (2, 0)),
    ("2.0.1", (2, 0)),
    ("3", (3, 0)),
    ("2", (2, 0)),
];

#[cfg(test)]
mod tests;
